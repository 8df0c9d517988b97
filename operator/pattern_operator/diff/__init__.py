"""What differs between two sets of objects: which were added and removed, and which fields changed. Pure.

``compare`` compares sets, ``fields`` two objects, ``masking`` hides the values of Secrets first. What is compared may
have any shape; what is told is bounded.
"""

from pattern_operator.diff.compare import Change, Difference, ObjectDifference, compare
from pattern_operator.diff.document import difference_document
from pattern_operator.diff.fields import FieldDifference

__all__ = ["Change", "Difference", "FieldDifference", "ObjectDifference", "compare", "difference_document"]

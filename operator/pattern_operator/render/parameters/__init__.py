"""Parameters of a pattern: where they come from, how they are merged, and what they may be. Pure.

``document`` reads one text of them, ``merge`` puts several together, ``target_path`` puts one value at its place,
``json_text`` is the form in which all of them are passed on.
"""

from pattern_operator.render.parameters.document import InvalidParameters, json_text, read_parameters, values_in
from pattern_operator.render.parameters.merge import merge, without_nulls
from pattern_operator.render.parameters.target_path import InvalidTargetPath, TargetPath, value_of

__all__ = [
    "InvalidParameters",
    "InvalidTargetPath",
    "TargetPath",
    "json_text",
    "merge",
    "read_parameters",
    "value_of",
    "values_in",
    "without_nulls",
]

"""Labels and annotations as fields of a spec: their syntax, for the rules of CRDs."""

from typing import Annotated, Final

from msgspec import Meta

_NAME: Final = "[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?"  # Kubernetes, "Labels and Selectors", "Syntax"
LABEL_KEY: Final = f"^([a-z0-9.-]+/)?{_NAME}$"
LABEL_VALUE: Final = f"^({_NAME})?$"
LABEL_SYNTAX: Final = "letters, digits and - _ . with a letter or digit at both ends"
ANNOTATION_KEY: Final = f"^([A-Za-z0-9.-]+/)?{_NAME}$"  # apimachinery, ValidateAnnotations: in any case

LabelKey = Annotated[str, Meta(min_length=1, max_length=317)]
LabelValue = Annotated[str, Meta(max_length=63)]

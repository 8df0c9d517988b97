"""Which objects of a rendering the operator never applies, because they are annotated so; for whoever looks before."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pattern_operator.api.object import Object, ObjectKey


def asked_for(objects: "Sequence[Object]") -> "dict[ObjectKey, str]":
    """The objects that ask never to be applied, as the operator says it of each."""
    from pattern_operator.api.fields import mapping_at

    annotated = [(made.key, mapping_at(made.body, "metadata", "annotations")) for made in objects]
    if not any(annotations for _, annotations in annotated):
        return {}
    from pattern_operator.apply.annotations import never_applied

    asked = {key: never_applied(annotations) for key, annotations in annotated}
    return {key: f"{key.display_name} {why}" for key, why in asked.items() if why}

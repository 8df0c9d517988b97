"""Which fields of an object come out differently each time it is rendered, such as a password that a chart makes up."""

from dataclasses import dataclass

from pattern_operator.api.object import ObjectKey

FieldKeys = tuple[str | int, ...]
"""The path of a value in an object: keys of mappings, and positions in lists."""


@dataclass(frozen=True, slots=True)
class GeneratedFields:
    """The fields of one object that were not the same in two renderings with the same inputs.

    Whoever applies the object keeps the live values of exactly these while artifact and parameters stay the same; all
    other fields are as they are rendered. ``paths`` are of values in its body; an empty path is the whole object.
    """

    key: ObjectKey
    paths: tuple[FieldKeys, ...]

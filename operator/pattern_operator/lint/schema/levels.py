"""Whether a field that stands where there is none of its name is one of the mapping above, or of one below."""

from collections.abc import Sequence
from typing import Any

from pattern_operator.api.fields import mapping
from pattern_operator.lint.schema.openapi import Schema

Path = tuple[str | int, ...]


def on_another_level(name: str, path: Path, schema: Schema) -> Path | None:
    """The path of the only field of this ``name`` one level above or below ``path``; None where there is none.

    ``schema`` is the one of the whole object, without references.
    """
    above = path[:-2] if path and isinstance(path[-1], int) else path[:-1]
    found = [(*above, name)] if path and name in _fields(schema, above) else []
    for field, inner in _fields(schema, path).items():
        if name in mapping(mapping(inner).get("properties")):
            found.append((*path, field, name))
    return found[0] if len(found) == 1 else None


def _fields(schema: Schema, path: Sequence[str | int]) -> dict[str, Any]:
    place: Any = schema
    for step in path:
        inner = mapping(place)
        place = inner.get("items") if isinstance(step, int) else mapping(inner.get("properties")).get(step)
    return mapping(mapping(place).get("properties"))

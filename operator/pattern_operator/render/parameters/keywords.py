"""Finds slips in a schema of parameters that JSON Schema itself takes: it leaves unknown keywords alone.

A keyword that is one slip away from a real one (``requird``) checks nothing, and nobody is told; so does a required
parameter that no property declares (``required: [hostt]``). What is not near a keyword stays allowed, such as ``x-ui``.

Source: JSON Schema 2020-12, core (sections 8, 10, 11) and validation (sections 6 to 9).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pattern_operator.quote import one_line, quoted
from pattern_operator.suggestion import nearest

_OF_SCHEMAS: Final = frozenset({"$defs", "definitions", "properties", "patternProperties", "dependentSchemas"})
_LISTS: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_SCHEMA: Final = frozenset(
    {
        *("additionalProperties", "contains", "else", "if", "items", "not", "propertyNames", "then"),
        *("unevaluatedItems", "unevaluatedProperties", "contentSchema"),
    }
)
# Of these a slip checks nothing, or fills nothing in. Annotations have kin in other dialects, such as ``example``.
_THAT_COUNT: Final = (
    _OF_SCHEMAS
    | _LISTS
    | _SCHEMA
    | {
        *("const", "default", "dependentRequired", "enum", "exclusiveMaximum", "exclusiveMinimum", "format"),
        *("maxContains", "maxItems", "maxLength", "maxProperties", "maximum", "minContains", "minItems", "minLength"),
        *("minProperties", "minimum", "multipleOf", "pattern", "required", "type", "uniqueItems"),
    }
)
_ORDERED: Final = sorted(_THAT_COUNT)
_TYPES: Final = ("array", "boolean", "integer", "null", "number", "object", "string")
_ELSEWHERE: Final = {  # what other languages call them
    "int": "integer",
    "str": "string",
    "text": "string",
    "bool": "boolean",
    "float": "number",
    "double": "number",
    "list": "array",
    "dict": "object",
    "map": "object",
}
_SHORTEST: Final = 4  # letters of a name that can be a slip: ``id`` is none of ``if``
_CHANGED: Final = 2  # letters: ``propertyOrder`` is none of ``propertyNames``
_MOST: Final = 10_000  # parts of a schema that are looked at
_MOST_NAMES: Final = 200  # unknown names that it is looked for what was meant: each takes half a millisecond
_LONGEST: Final = 200  # characters of a place in a message


def slip(schema: Mapping[str, Any]) -> str | None:
    """A clause on the first slip, with its place and what may have been meant; None where there is none."""
    names = _MOST_NAMES
    for _, (place, part) in zip(range(_MOST), _parts(schema), strict=False):
        for name in part:
            if name in _THAT_COUNT or names == 0 or len(name) < _SHORTEST:
                continue
            names -= 1
            if (meant := nearest(name, _ORDERED, changed=_CHANGED)) is not None:
                return f"has {quoted(name)} at {place}, which is no keyword of JSON Schema (did you mean {meant}?)"
        if (found := _undeclared(part)) is not None:
            return f"{found} at {place}"
    return None


def no_type(schema: Mapping[str, Any], path: Sequence[str | int]) -> str | None:
    """A clause on what stands at ``path`` in ``schema``, where that is the word of a ``type`` and none there is."""
    if "type" not in path[-2:] or list(path[-2:-1]) == ["properties"]:
        return None
    found: Any = schema
    for step in path:
        if isinstance(found, Mapping):
            found = found.get(str(step))
        else:
            has = isinstance(found, list) and isinstance(step, int) and step < len(found)
            found = found[step] if has else None
    if not isinstance(found, str) or found in _TYPES:
        return None
    meant = _ELSEWHERE.get(found.lower()) or nearest(found, _TYPES)
    hint = f" (did you mean {meant}?)" if meant else f": there are {', '.join(_TYPES)}"
    return f"{quoted(found, 32)} is no type{hint}"


def _undeclared(part: Mapping[str, Any]) -> str | None:
    """A required name that no property has, where one is near that is not required, or nothing else is allowed."""
    required, properties = part.get("required"), part.get("properties")
    if not isinstance(required, list) or not isinstance(properties, Mapping):
        return None
    closed = part.get("additionalProperties") is False and "patternProperties" not in part
    for name in required[:_MOST_NAMES]:
        if not isinstance(name, str) or name in properties:
            continue
        meant = nearest(name, [each for each in properties if isinstance(each, str)], changed=_CHANGED)
        if meant is not None and meant not in required:
            return f"requires {quoted(name)}, which is not among its properties (did you mean {one_line(meant)}?)"
        if closed:
            return f"requires {quoted(name)}, which additionalProperties: false does not allow"
    return None


def _parts(schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The schema and those inside it, with their places; what stands where there is no schema is data."""
    waiting: list[tuple[str, Any]] = [("", schema)]
    while waiting:
        place, part = waiting.pop()
        if not isinstance(part, Mapping):
            continue
        yield _shown(place), part
        for name, below in part.items():
            at = f"{place}.{name}"[-2 * _LONGEST :]
            if name in _OF_SCHEMAS and isinstance(below, Mapping):
                waiting += [(f"{at}.{key}", each) for key, each in below.items()]
            elif name in _LISTS and isinstance(below, list):
                waiting += [(f"{at}[{index}]", each) for index, each in enumerate(below)]
            elif name in _SCHEMA:
                waiting.append((at, below))


def _shown(place: str) -> str:
    return quoted(place.removeprefix("."), _LONGEST) if place else "its top"

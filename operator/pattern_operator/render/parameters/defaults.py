"""Fills the defaults of a schema of parameters into what is given.

JSON Schema says nothing of how defaults are used (2020-12, validation, section 9.2). Here each missing property gets
its own, and an object that nobody gives is made of the defaults in it, as Helm's ``values.yaml`` would hold it.
"""

import copy
from collections.abc import Mapping, Set
from typing import Any, Final

from pattern_operator.limits import MAX_PARAMETERS

_MAX_VISITS: Final = 100_000  # of parts of a schema while defaults are filled in: it may refer to itself
_MAX_DEPTH: Final = 64

Place = tuple[str | int, ...]
"""Where a value stands: names of members and positions in lists, from the top."""


class InvalidSchema(ValueError):
    """A schema of parameters cannot be used; the message is a clause that says why."""


class Defaults:
    """Fills in the defaults of one schema, within limits on what is visited and on what is made.

    ``left_out`` are the places of objects that are not made of the defaults in them.
    """

    def __init__(self, schema: Mapping[str, Any], *, left_out: Set[Place] = frozenset()) -> None:
        self._root = schema
        self._left_out = left_out
        self._visits = _MAX_VISITS
        self._size = MAX_PARAMETERS
        self.written: set[Place] = set()  # where a default that the schema writes was put
        self.made: set[Place] = set()  # where an object that nobody gave was made of the defaults in it

    def fill(self, given: dict[str, Any]) -> dict[str, Any]:
        """``given`` with the defaults for what is missing in it; it is not changed.

        Raises:
            InvalidSchema: the limits are reached.
        """
        filled: dict[str, Any] = self._fill(copy.deepcopy(given), self._root, (), depth=0)
        return filled

    def _fill(self, value: Any, schema: Any, place: Place, *, depth: int, missing: frozenset[str] = frozenset()) -> Any:
        """``value``, which may be changed, with the defaults of ``schema`` for what is missing in it.

        ``missing`` are the references that led to it since nothing was given: a schema of trees ends there.
        """
        self._visits -= 1
        if self._visits < 0 or depth > _MAX_DEPTH:
            raise InvalidSchema("refers to itself without an end, or has too many parts")
        if not isinstance(schema, Mapping):
            return value
        for each in (self._referred(schema), *_parts(schema)):
            value = self._fill(value, each, place, depth=depth + 1, missing=missing) if each is not None else value
        if isinstance(value, dict):
            self._fill_members(value, schema, place, depth=depth, missing=missing)
        elif isinstance(value, list) and isinstance(schema.get("items"), Mapping):
            for position, entry in enumerate(value):
                value[position] = self._fill(entry, schema["items"], (*place, position), depth=depth + 1)
        return value

    def _fill_members(
        self, value: dict[str, Any], schema: Mapping[str, Any], place: Place, *, depth: int, missing: frozenset[str]
    ) -> None:
        properties = schema.get("properties")
        for name, below in properties.items() if isinstance(properties, Mapping) else ():
            if name in value:
                value[name] = self._fill(value[name], below, (*place, name), depth=depth + 1)
                continue
            found = self._default(below, (*place, name), depth=depth + 1, missing=missing)
            if found is not _NONE:
                value[name] = found

    def _default(self, schema: Any, place: Place, *, depth: int, missing: frozenset[str]) -> Any:
        """The default of a missing value: its own, else an object of those of its members, if any has one."""
        if not isinstance(schema, Mapping):
            return _NONE
        if "default" in schema:
            self._size -= len(str(schema["default"]))
            if self._size < 0:
                raise InvalidSchema("has defaults that make more parameters than the operator takes")
            self.written.add(place)
            return self._fill(copy.deepcopy(schema["default"]), schema, place, depth=depth)
        reference = schema.get("$ref")
        if reference in missing or (reference is None and schema.get("type", "object") != "object"):
            return _NONE
        if place in self._left_out:
            return _NONE
        missing |= {reference} if isinstance(reference, str) else frozenset()
        self.made.add(place)
        return self._fill({}, schema, place, depth=depth, missing=missing) or _NONE

    def _referred(self, schema: Mapping[str, Any]) -> Any:
        """What ``$ref`` names inside the schema (RFC 6901), None where there is none."""
        reference = schema.get("$ref")
        if not isinstance(reference, str) or not reference.startswith("#"):
            return None
        found: Any = self._root
        for step in reference[1:].split("/")[1:]:
            if not isinstance(found, Mapping):
                return None
            found = found.get(step.replace("~1", "/").replace("~0", "~"))
        return found


def _parts(schema: Mapping[str, Any]) -> list[Any]:
    parts = schema.get("allOf")
    return parts if isinstance(parts, list) else []


_NONE: Final = object()  # there is no default, which null could be

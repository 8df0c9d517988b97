"""The schema of a pattern's parameters: JSON Schema 2020-12, with its defaults filled in.

Neither a schema nor parameters can reach a network (references lead to the schema itself), and regular expressions are
linear in what they read. What a check costs is bounded by the process that it runs in (``sandbox``). Messages name
the path of a parameter and never its value: it may be a Secret's.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NoReturn

import jsonschema_rs

from pattern_operator.limits import MAX_PARAMETERS
from pattern_operator.quote import listed, one_line
from pattern_operator.render.parameters.document import InvalidParameters
from pattern_operator.render.parameters.keywords import no_type, slip
from pattern_operator.render.parameters.merge import without_nulls
from pattern_operator.suggestion import nearest

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_MAX_VISITS: Final = 100_000  # of parts of a schema while defaults are filled in: it may refer to itself
_MAX_DEPTH: Final = 64
_MAX_ERRORS: Final = 5  # that are told
_MAX_WORDS: Final = 300  # characters of one
_REGEX_BYTES: Final = 1 << 20  # of a compiled regular expression
_VALUE: Final = "the value"  # in place of it, in the words of the library


class InvalidSchema(ValueError):
    """A schema of parameters cannot be used; the message is a clause that says why."""


def complete(parameters: Mapping[str, Any], *, schema: Mapping[str, Any]) -> dict[str, Any]:
    """``parameters`` with the defaults of ``schema``, checked; neither is changed.

    A null takes away its name, and the default that it would have had.

    Raises:
        InvalidSchema: the schema cannot be used.
        InvalidParameters: the parameters do not fit it.
    """
    validator = _validator(schema)
    if (found := slip(schema)) is not None:
        raise InvalidSchema(found)
    filled = without_nulls(_Defaults(schema).fill(copy.deepcopy(dict(parameters)), schema, depth=0))
    try:
        errors = [
            _words(each, schema) for _, each in zip(range(_MAX_ERRORS), validator.iter_errors(filled), strict=False)
        ]
    except (ValueError, TypeError, OverflowError):
        raise InvalidParameters("have a number or a text that cannot be checked") from None
    if errors:
        raise InvalidParameters(f"do not fit the schema: {listed(errors)}")
    return filled


def _validator(schema: Mapping[str, Any]) -> "jsonschema_rs.Draft202012Validator":
    dialect = schema.get("$schema", DIALECT)
    if not isinstance(dialect, str) or dialect.rstrip("#") != DIALECT:
        raise InvalidSchema(f"is not JSON Schema 2020-12: leave $schema out, or set it to {DIALECT}")
    try:
        return jsonschema_rs.Draft202012Validator(
            dict(schema),
            mask=_VALUE,
            validate_formats=True,
            retriever=_fetch_nothing,
            pattern_options=jsonschema_rs.RegexOptions(size_limit=_REGEX_BYTES, dfa_size_limit=_REGEX_BYTES),
        )
    except jsonschema_rs.ValidationError as error:
        why = no_type(schema, error.instance_path) or one_line(error.message, _MAX_WORDS)
        raise InvalidSchema(f"is no schema at {_path(error.instance_path)}: {why}") from None
    except (jsonschema_rs.ReferencingError, ValueError, TypeError, OverflowError):
        raise InvalidSchema("has a reference that leads out of it, or nowhere, or a number out of range") from None


def _fetch_nothing(_: str) -> NoReturn:
    raise ValueError("nothing is fetched")


def _words(error: "jsonschema_rs.ValidationError", schema: Mapping[str, Any]) -> str:
    kind: Any = error.kind
    if kind.name == "required":
        return f"{_path([*error.instance_path, kind.property])} is required, and is not given"
    if kind.name == "additionalProperties":
        return listed(_unknown(error, schema))
    return f"{_path(error.instance_path)}: {one_line(error.message, _MAX_WORDS)}"


def _unknown(error: "jsonschema_rs.ValidationError", schema: Mapping[str, Any]) -> Iterator[str]:
    """A clause on each parameter that there is not, with the one that may have been meant."""
    place: Any = schema
    for step in error.schema_path[:-1]:
        place = place.get(step) if isinstance(place, Mapping) else None
    known = place.get("properties") if isinstance(place, Mapping) else None
    kind: Any = error.kind
    for name in kind.unexpected[:_MAX_ERRORS]:
        meant = nearest(name, known) if isinstance(known, Mapping) else None
        hint = f" (did you mean {one_line(meant)}?)" if meant else ""
        yield f"{_path([*error.instance_path, name])} is no parameter of the pattern{hint}"


def _path(steps: Sequence[str | int]) -> str:
    path = "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in steps)
    return one_line(path.removeprefix("."), _MAX_WORDS) or "the whole"


class _Defaults:
    """Fills in the defaults of one schema, within limits on what is visited and on what is made."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._root = schema
        self._visits = _MAX_VISITS
        self._size = MAX_PARAMETERS

    def fill(self, value: Any, schema: Any, *, depth: int, missing: frozenset[str] = frozenset()) -> Any:
        """``value``, which may be changed, with the defaults of ``schema`` for what is missing in it.

        ``missing`` are the references that led to it since nothing was given: a schema of trees ends there.
        """
        self._visits -= 1
        if self._visits < 0 or depth > _MAX_DEPTH:
            raise InvalidSchema("refers to itself without an end, or has too many parts")
        if not isinstance(schema, Mapping):
            return value
        for each in (self._referred(schema), *_parts(schema)):
            value = self.fill(value, each, depth=depth + 1, missing=missing) if each is not None else value
        if isinstance(value, dict):
            self._fill_members(value, schema, depth=depth, missing=missing)
        elif isinstance(value, list) and isinstance(schema.get("items"), Mapping):
            for position, entry in enumerate(value):
                value[position] = self.fill(entry, schema["items"], depth=depth + 1)
        return value

    def _fill_members(
        self, value: dict[str, Any], schema: Mapping[str, Any], *, depth: int, missing: frozenset[str]
    ) -> None:
        properties = schema.get("properties")
        for name, below in properties.items() if isinstance(properties, Mapping) else ():
            if name in value:
                value[name] = self.fill(value[name], below, depth=depth + 1)
                continue
            found = self._default(below, depth=depth + 1, missing=missing)
            if found is not _NONE:
                value[name] = found

    def _default(self, schema: Any, *, depth: int, missing: frozenset[str]) -> Any:
        """The default of a missing value: its own, else an object of those of its members, if any has one."""
        if not isinstance(schema, Mapping):
            return _NONE
        if "default" in schema:
            self._size -= len(str(schema["default"]))
            if self._size < 0:
                raise InvalidSchema("has defaults that make more parameters than the operator takes")
            return self.fill(copy.deepcopy(schema["default"]), schema, depth=depth)
        reference = schema.get("$ref")
        if reference in missing or (reference is None and schema.get("type", "object") != "object"):
            return _NONE
        missing |= {reference} if isinstance(reference, str) else frozenset()
        return self.fill({}, schema, depth=depth, missing=missing) or _NONE

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

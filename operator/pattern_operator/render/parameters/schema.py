"""The schema of a pattern's parameters: JSON Schema 2020-12, with its defaults filled in.

Neither a schema nor parameters can reach a network (references lead to the schema itself), and regular expressions are
linear in what they read. What a check costs is bounded by the process that it runs in (``sandbox``). Messages name
the path of a parameter and never its value: it may be a Secret's.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, NoReturn

import jsonschema_rs

from pattern_operator.quote import listed, one_line
from pattern_operator.render.parameters.defaults import Defaults, InvalidSchema, Place
from pattern_operator.render.parameters.document import InvalidParameters
from pattern_operator.render.parameters.keywords import no_type, slip
from pattern_operator.render.parameters.merge import without_nulls
from pattern_operator.suggestion import nearest

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_MAX_FOUND: Final = 100  # errors that are looked at
_MAX_ERRORS: Final = 5  # that are told
_MAX_WORDS: Final = 300  # characters of one
_REGEX_BYTES: Final = 1 << 20  # of a compiled regular expression
_VALUE: Final = "the value"  # in place of it, in the words of the library
_MISSING: Final = frozenset({"required", "minProperties", "anyOf", "oneOfNotValid"})  # where more parameters may help


def complete(parameters: Mapping[str, Any], *, schema: Mapping[str, Any]) -> dict[str, Any]:
    """``parameters`` with the defaults of ``schema``, checked; neither is changed.

    A null takes away its name, and the default that it would have had. An object that nobody gives is made of the
    defaults in it, unless it would miss what the schema asks for in it: then it is left out, as by JSON Schema.

    Raises:
        InvalidSchema: the schema cannot be used.
        InvalidParameters: the parameters do not fit it.
    """
    found = _completed(parameters, schema)
    if faults := [each for each in found.errors if not found.is_of_made(each)]:
        raise _misfit(faults, schema)
    return found.parameters


def refuse_wrong_defaults(schema: Mapping[str, Any]) -> None:
    """Raise InvalidParameters for defaults that do not fit the schema, though nothing is given beside them.

    What is only missing is no fault of theirs, wherever it is required.
    """
    found = _completed({}, schema)
    if wrong := [each for each in found.errors if not found.is_only_missing(each)]:
        raise _misfit(wrong, schema)


@dataclass(frozen=True, slots=True)
class _Completed:
    """Parameters with the defaults that were put into them, and how they do not fit."""

    parameters: dict[str, Any]
    defaults: Defaults
    errors: Sequence["jsonschema_rs.ValidationError"]

    def is_only_missing(self, error: "jsonschema_rs.ValidationError") -> bool:
        """Whether more parameters may mend it: nothing is missing in a default that the schema writes."""
        place = tuple(error.instance_path)
        written = any(place[:length] in self.defaults.written for length in range(len(place) + 1))
        return error.kind.name in _MISSING and not written

    def is_of_made(self, error: "jsonschema_rs.ValidationError") -> bool:
        """Whether something is missing in an object that was made of the defaults in it."""
        return error.kind.name in _MISSING and tuple(error.instance_path) in self.defaults.made

    def incomplete(self) -> Set[Place]:
        """Those objects, but not where a default is wrong: that is to be told, and what is missing beside it is not."""
        places = {tuple(each.instance_path) for each in self.errors if self.is_of_made(each)}
        wrong = [tuple(each.instance_path) for each in self.errors if not self.is_only_missing(each)]
        return {place for place in places if not any(each[: len(place)] == place for each in wrong)}


def _completed(parameters: Mapping[str, Any], schema: Mapping[str, Any]) -> _Completed:
    """Once an object is left out, the one that it was in may miss it: each round leaves out more, or is the last."""
    validator = _validator(schema)
    if (found := slip(schema)) is not None:
        raise InvalidSchema(found)
    left_out: Set[Place] = frozenset()
    while True:
        defaults = Defaults(schema, left_out=left_out)
        filled = without_nulls(defaults.fill(dict(parameters)))
        completed = _Completed(filled, defaults, _errors(validator, filled))
        if not (incomplete := completed.incomplete()):
            return completed
        left_out |= incomplete


def _errors(
    validator: "jsonschema_rs.Draft202012Validator", filled: Mapping[str, Any]
) -> list["jsonschema_rs.ValidationError"]:
    try:
        return list(islice(validator.iter_errors(filled), _MAX_FOUND))
    except (ValueError, TypeError, OverflowError):
        raise InvalidParameters("have a number or a text that cannot be checked") from None


def _misfit(errors: Sequence["jsonschema_rs.ValidationError"], schema: Mapping[str, Any]) -> InvalidParameters:
    return InvalidParameters(f"do not fit the schema: {listed(_words(each, schema) for each in errors[:_MAX_ERRORS])}")


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

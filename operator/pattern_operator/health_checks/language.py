"""The language of health checks: CEL whose variables are the fields of an object at its top.

Language: CEL (google/cel-spec) with optional values, strings and encoders, as Flux has it (fluxcd/pkg,
``runtime/cel/expression.go``); cel-cpp has none of its sets. Which fields a kind has is not known, so each name is one
(``status_evaluator.go`` says the same). ``import`` of the library takes 60 ms and 15 MiB: only ``worker`` does.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import orjson

from pattern_operator.api.fields import generation, mapping
from pattern_operator.conditions.expression import first_line
from pattern_operator.health_checks.answer import SEEN_TOO_LITTLE, Answer, Field, Obstacle, stumbled

_FIELDS: Final = frozenset({"apiVersion", "kind", "metadata", "spec", "status"})  # more are found as they are named
_MAX_FIELDS: Final = 64  # names of an expression that are taken for fields
_UNDECLARED: Final = re.compile(r"undeclared reference to '([A-Za-z_][A-Za-z0-9_]*)")
_BOOL: Final = "BOOL"
_DYNAMIC: Final = "DYN"
# These macros write what they are called of twice (cel-cpp, ``parser/macro.cc``), so each more in a row doubles what is
# compiled and evaluated: 15 in 250 characters take seconds of the processor, and 4 in the longest expression 0.1 s.
_DOUBLING: Final = re.compile(r"\bopt(?:Flat)?Map\b")
_MAX_DOUBLING: Final = 4
_CODE: Final = re.compile(r"^[\"']?[A-Z_]+: ")
# What cel-cpp says of what has no value, without the values that it says, too.
_OBSTACLES: Final = (
    ("No value with name", Obstacle.NO_FIELD),
    ("Key not found", Obstacle.NO_KEY),
    ("Applying SELECT", Obstacle.NO_FIELDS),
    ("No matching overloads", Obstacle.TYPES),
    ("no_matching_overload", Obstacle.TYPES),
    ("Index error", Obstacle.INDEX),
    ("String to Timestamp", Obstacle.TIMESTAMP),
    ("String to Duration", Obstacle.DURATION),
    ("cannot convert", Obstacle.CONVERSION),
    ("divide by zero", Obstacle.ARITHMETIC),
    ("modulus by zero", Obstacle.ARITHMETIC),
    ("integer overflow", Obstacle.ARITHMETIC),
    ("Integer value", Obstacle.ARITHMETIC),
    ("invalid regular expression", Obstacle.REGEX),
    ("Iteration budget exceeded", Obstacle.STEPS),
)
_NAMED: Final = re.compile(r"No value with name \"([A-Za-z_][A-Za-z0-9_]{0,62})\"")  # not of a key: it may be a value
_KNOWN: Final = 128  # expressions that are kept compiled


class _Unusable(Exception):
    """An expression can be true of nothing; the text says why."""


def why_unusable(expression: str) -> str | None:
    """Why ``expression`` can be true of no object, a clause that follows its name; None if it can.

    Total, but for what ends the process.
    """
    try:
        _compiled(expression)
    except _Unusable as error:
        return str(error)
    return None


def judge(check: Mapping[Field, str], body: bytes) -> Answer:
    """The health of the object whose JSON is ``body`` by the expressions of ``check``, in their order.

    Total, but for what ends the process. The order, and that a generation which nobody has seen comes before it: RFC
    0009 of Flux, ``status_evaluator.go``.
    """
    try:
        loaded: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        loaded = None
    data: dict[str, Any] = loaded if isinstance(loaded, dict) else {}
    if _is_unseen(data):
        return SEEN_TOO_LITTLE
    field: Field
    for field in ("inProgress", "failed", "current"):
        expression = check.get(field)
        if expression is None:
            continue
        found = _value(field, expression, data)
        if isinstance(found, Answer):
            return found
        if found:
            return Answer(
                "InProgress" if field == "inProgress" else "Failed" if field == "failed" else "Current", field
            )
    return Answer("InProgress", "current")


def _is_unseen(data: dict[str, Any]) -> bool:
    newest = generation(mapping(data.get("metadata")).get("generation"))
    seen = generation(mapping(data.get("status")).get("observedGeneration"))
    return newest is not None and seen is not None and seen != newest


def _value(field: Field, expression: str, data: dict[str, Any]) -> bool | Answer:
    try:
        result = _compiled(expression).eval(data=data)
        given = result.type().name()
        value = result.value()
    except _Unusable:
        return stumbled(field, Obstacle.COMPILE)
    except MemoryError:
        return stumbled(field, Obstacle.MEMORY)
    except (RuntimeError, ValueError, TypeError, OverflowError) as error:
        return _obstacle(field, error)
    if given == "ERROR":
        return _obstacle(field, value)
    if given != _BOOL:
        return stumbled(field, Obstacle.NOT_A_CONDITION)
    return value is True


def _obstacle(field: Field, error: object) -> Answer:
    said = _CODE.sub("", str(error))
    kind = next((kind for words, kind in _OBSTACLES if said.startswith(words)), Obstacle.OTHER)
    named = _NAMED.match(said)
    return stumbled(field, kind, named[1] if named else "")


@lru_cache(maxsize=_KNOWN)
def _compiled(expression: str) -> Any:  # an expression of cel-cpp, which has no types for mypy
    """Compile it; each name that is not declared is declared as a field, until that does not help any more.

    Raises:
        _Unusable: it does not compile, or gives something else than true or false.
    """
    if len(_DOUBLING.findall(expression)) > _MAX_DOUBLING:
        raise _Unusable(f"has more than {_MAX_DOUBLING} optMap and optFlatMap, each of which may double its work")
    names, compiled = set(_FIELDS), None
    while compiled is None:
        try:
            compiled = _environment(frozenset(names)).compile(expression)
        except MemoryError as error:
            raise _Unusable("needs too much memory") from error
        except (RuntimeError, ValueError) as error:
            found = set(_UNDECLARED.findall(str(error))) - names
            if not found or len(names) + len(found) > _MAX_FIELDS:
                raise _Unusable(f"does not compile: {first_line(error)}") from error
            names |= found
    given = compiled.return_type().name()
    if given not in (_BOOL, _DYNAMIC):
        raise _Unusable(f"is not a condition: it gives {given.lower()} and not true or false")
    return compiled


@lru_cache(maxsize=8)
def _environment(names: frozenset[str]) -> Any:
    from cel_expr_python import cel
    from cel_expr_python.ext import ext_encoders, ext_optional, ext_strings

    extensions = [ext_optional.ExtOptional(), ext_strings.ExtStrings(), ext_encoders.ExtEncoders()]
    return cel.NewEnv(variables=dict.fromkeys(sorted(names), cel.Type.DYN), extensions=extensions)

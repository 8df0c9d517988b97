"""The language of conditions: an expression over ``predicate``, which must be true.

Language: CEL (google/cel-spec), as cel-cpp has it: statically checked as far as types are known, JSON numbers that have
no fraction are integers, regular expressions are RE2's. ``import`` takes 60 ms and 15 MiB: only ``worker`` does.

What an evaluation stumbles over is the statement's, which lacks what is asked for: then the condition does not hold. Of
the condition itself is what no statement could mend: the number of its steps, and a pattern that is none.
"""

import re
from typing import Any, Final

import orjson

from pattern_operator.conditions.answer import Answer, DoesNotHold, Holds, Unusable

_MAX_LINE: Final = 200  # characters of an error of the compiler
_BOOL: Final = "BOOL"
_DYNAMIC: Final = "DYN"
_MISSING: Final = re.compile(r"Key not found in map : \"([A-Za-z_][A-Za-z0-9_]*)\"")
_CODE: Final = re.compile(r"^[A-Z_]+: ")
_OF_THE_CONDITION: Final = ("Iteration budget exceeded", "invalid regular expression")  # what cel-cpp says of these


def why_unusable(expression: str) -> str | None:
    """Why ``expression`` can be true of no predicate: a clause that follows the name of the condition; None if it can.

    Total, but for what ends the process.
    """
    found = _compiled(expression)
    return found.why if isinstance(found, Unusable) else None


def judge(expression: str, predicate: bytes) -> Answer:
    """Whether ``expression`` is true of ``predicate``, the JSON of an attestation.

    Total, but for what ends the process.
    """
    try:
        value: Any = orjson.loads(predicate)
    except orjson.JSONDecodeError:
        return DoesNotHold("is not judged: the predicate is not JSON")
    compiled = _compiled(expression)
    if isinstance(compiled, Unusable):
        return compiled
    try:
        result = compiled.eval(data={"predicate": value})
        given = result.type().name()
    except MemoryError:
        return Unusable("needs too much memory")
    except (RuntimeError, ValueError, TypeError, OverflowError) as error:
        return _stumbled(error, expression)
    if given == "ERROR":
        return _stumbled(result.value(), expression)
    if given != _BOOL:
        return DoesNotHold(_no_condition(given))
    return Holds() if result.value() is True else DoesNotHold("does not hold")


def _compiled(expression: str) -> Any:  # an expression of cel-cpp, which has no types for mypy, or Unusable
    from cel_expr_python import cel

    try:
        compiled = cel.NewEnv(variables={"predicate": cel.Type.DYN}).compile(expression)
    except MemoryError:
        return Unusable("needs too much memory")
    except (RuntimeError, ValueError) as error:
        return Unusable(f"does not compile: {first_line(error)}")
    kind = compiled.return_type().name()
    return compiled if kind in (_BOOL, _DYNAMIC) else Unusable(_no_condition(kind))


def _no_condition(kind: str) -> str:
    return f"is not a condition: it gives {kind.lower()} and not true or false"


def _stumbled(error: object, expression: str) -> Answer:
    said = first_line(error)
    kind = Unusable if any(said.startswith(each) for each in _OF_THE_CONDITION) else DoesNotHold
    return kind(f"cannot be evaluated: {_without_values(said, expression)}")


def _without_values(said: str, expression: str) -> str:
    """What went wrong, with the field that is missing where the expression names it: a text of the predicate may be
    a secret, and a key that is computed may be one.
    """
    missing = _MISSING.match(said)
    if missing and "[" not in expression and f".{missing[1]}" in expression:
        return said
    return re.split(r"[\"'`]", said.partition(":")[0])[0].strip()


def first_line(error: object) -> str:
    """What the library says of an expression, without its codes, and the drawing below the place that it names."""
    said = _CODE.sub("", str(error)).removeprefix("ERROR: <input>:")
    return said.partition("\n")[0].partition(" [")[0][:_MAX_LINE]

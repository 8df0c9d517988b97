"""The language of conditions: an expression over ``predicate``, which must be true.

Language: CEL (google/cel-spec), as cel-cpp has it: statically checked as far as types are known, JSON numbers that have
no fraction are integers, regular expressions are RE2's. ``import`` takes 60 ms and 15 MiB: only ``worker`` does.
"""

import re
from typing import Any, Final

import orjson

_MAX_LINE: Final = 200  # characters of an error of the compiler
_BOOL: Final = "BOOL"
_DYNAMIC: Final = "DYN"
_CODE: Final = re.compile(r"^[A-Z_]+: ")


def why_not(expression: str, predicate: bytes) -> str | None:
    """Why ``expression`` is not true of ``predicate``, the JSON of an attestation; None where it is.

    The text is a clause that follows the name of the condition. Total, but for what ends the process.
    """
    from cel_expr_python import cel

    try:
        value: Any = orjson.loads(predicate)
    except orjson.JSONDecodeError:
        return "is not judged: the predicate is not JSON"
    try:
        compiled = cel.NewEnv(variables={"predicate": cel.Type.DYN}).compile(expression)
    except (RuntimeError, ValueError) as error:
        return f"does not compile: {_first_line(error)}"
    kind = compiled.return_type().name()
    if kind not in (_BOOL, _DYNAMIC):
        return f"is no condition: it gives {kind.lower()} and not true or false"
    try:
        result = compiled.eval(data={"predicate": value})
        given = result.type().name()
    except MemoryError:
        return "needs too much memory"
    except (RuntimeError, ValueError, TypeError, OverflowError) as error:
        return f"cannot be evaluated: {_first_line(error)}"
    if given == "ERROR":
        return f"cannot be evaluated: {_first_line(result.value())}"
    if given != _BOOL:
        return f"is no condition: it gives {given.lower()} and not true or false"
    return None if result.value() is True else "does not hold"


def _first_line(error: object) -> str:
    """What the library says, without its codes, and the drawing below the place that it names."""
    said = _CODE.sub("", str(error)).removeprefix("ERROR: <input>:")
    return said.partition("\n")[0].partition(" [")[0][:_MAX_LINE]

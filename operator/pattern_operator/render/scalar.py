"""What a plain YAML scalar means, so that a manifest reads here as kubectl reads it.

kubectl goes through sigs.k8s.io/yaml, which keeps the rules of go-yaml v2: YAML 1.1 booleans with ``y`` and ``n``,
octal ``022``, but no sexagesimal numbers and no timestamps (both stay strings), and ``1e3`` is a number. The rules
below were compared with kubectl 1.37, value by value; the table is in ``tests/render/test_scalar.py``.
"""

import math
import re
from typing import Final

Scalar = str | int | float | bool | None

_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
_NUMBER_STARTS: Final = frozenset("0123456789+-.")
_INTEGER: Final = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|0[0-7]*|[1-9][0-9]*)")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_BASES: Final = {"x": 16, "b": 2, "o": 8}
_MAX_DIGITS: Final = 400  # a double ends at 309 digits, and Python refuses to convert very long ones
_INT64_MIN, _UINT64_MAX = -(2**63), 2**64 - 1
_DOUBLE_BITS: Final = 1023  # of the whole part of a double; in base 16, 400 digits have 1,600
_INT64_LIMIT: Final = 2.0**63  # a whole number beyond it is no integer field of Kubernetes, and none orjson writes


def resolve(text: str) -> Scalar:
    """Read a plain scalar.

    Raises:
        ValueError: infinity or not-a-number, which JSON, and so Kubernetes, cannot hold.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_STARTS:
        return text
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(f"{text} is no number that JSON can hold")
    plain = text.replace("_", "")
    if len(plain) > _MAX_DIGITS:
        return text
    if _INTEGER.fullmatch(plain):
        number = _integer(plain)
        if _INT64_MIN <= number <= _UINT64_MAX:
            return number
        return float(number) if number.bit_length() <= _DOUBLE_BITS else text
    if _FLOAT.fullmatch(plain):
        value = float(plain)
        return whole(value) if math.isfinite(value) else text
    return text


def whole(value: float) -> float | int:
    """Give ``1000.0`` as ``1000``, as Go does when it writes JSON; an integer field refuses the former."""
    return int(value) if value.is_integer() and abs(value) < _INT64_LIMIT else value


def key(value: Scalar) -> str:
    """The JSON name of a mapping's key (sigs.k8s.io/yaml, convertToJSONableObject); raises ValueError for null."""
    if value is None:
        raise ValueError("a key is null")
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _integer(text: str) -> int:
    negative, digits = text.startswith("-"), text.lstrip("+-")
    if len(digits) > 1 and digits[0] == "0":
        base = _BASES.get(digits[1].lower())
        number = int(digits[2:], base) if base else int(digits, 8)
    else:
        number = int(digits)
    return -number if negative else number

"""What a plain YAML scalar means, so that a manifest reads here as kubectl reads it.

kubectl goes through sigs.k8s.io/yaml, which keeps the rules of go-yaml v2 (``resolve.go``): YAML 1.1 booleans with
``y`` and ``n``, octal ``022``, but no sexagesimal numbers and no timestamps (both stay strings), and ``1e3`` is a
number. A whole number has 64 bits: beyond them a decimal one is a float and one of another base is text, so that an
address such as ``0x52908400098527886E0F7030069857D2E4169EE7`` stays what was written. ``tests/data/kubectl-scalars``
has what kubectl reads, value by value.
"""

import math
import re
import struct
from typing import Final

Scalar = str | int | float | bool | None

_WORDS: Final[dict[str, bool | float | None]] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_NUMBER_STARTS: Final = frozenset("0123456789+-.")
# strconv.ParseInt in base 0; the fourth group is octal without a letter, where 0 alone has no more digits.
_INTEGER: Final = re.compile(r"[-+]?(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]([0-7]+)|0([0-7]*)|([1-9][0-9]*))")
_BASES: Final = {1: 16, 2: 2, 3: 8, 4: 8, 5: 10}
_SIGN_AFTER_BASE: Final = re.compile(r"0b[-+]([01]+)")  # go-yaml hands what follows 0b to strconv.ParseInt
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
# What begins with a dot goes to strconv.ParseFloat as it stands: an underscore has a digit on both sides.
_DOT_FLOAT: Final = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?")
_MOST_DIGITS: Final = 64  # of a whole number of 64 bits, in base 2; Python takes long to read very long ones
_INT64_MIN, _INT64_MAX, _UINT64_MAX = -(2**63), 2**63 - 1, 2**64 - 1
_INT64_LIMIT: Final = 2.0**63  # a whole number beyond it is not an integer field of Kubernetes, and none orjson writes
_SINGLE_DIGITS: Final = 9  # enough to tell any two numbers of single precision apart
_LEAST_EXPONENT, _EXPONENT_LIMIT = -4, 6  # strconv.FormatFloat, 'g': outside of these an exponent is written


def resolve(text: str) -> Scalar:
    """Read a plain scalar as go-yaml does: infinity and not-a-number too, which ``value`` refuses and ``key`` takes."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_STARTS:
        return text
    if text[0] == ".":
        read = float(text) if _DOT_FLOAT.fullmatch(text) else math.inf
        return read if math.isfinite(read) else text
    plain = text.replace("_", "")
    number = _integer(plain)
    if number is not None:
        return number
    if _FLOAT.fullmatch(plain):
        read = float(plain)
        return read if math.isfinite(read) else text
    return text


def value(scalar: Scalar) -> Scalar:
    """What a scalar is in JSON.

    Raises:
        ValueError: infinity or not-a-number, which JSON, and so Kubernetes, cannot hold.
    """
    if isinstance(scalar, float):
        if not math.isfinite(scalar):
            raise ValueError(f"{scalar} is not a number that JSON can hold")
        return whole(scalar)
    return scalar


def whole(value: float) -> float | int:
    """Give ``1000.0`` as ``1000``, as Go does when it writes JSON; an integer field refuses the former."""
    return int(value) if value.is_integer() and abs(value) < _INT64_LIMIT else value


def key(scalar: Scalar) -> str:
    """The JSON name of a mapping's key (sigs.k8s.io/yaml, convertToJSONableObject).

    Raises:
        ValueError: null, or a number between 2^63 and 2^64; the message says which.
    """
    if scalar is None:
        raise ValueError("a key is null, which JSON cannot hold")
    if isinstance(scalar, bool):
        return "true" if scalar else "false"
    if isinstance(scalar, float):
        return _single(scalar)
    if isinstance(scalar, int) and scalar > _INT64_MAX:
        raise ValueError("a key is a number of more than 63 bits, which kubectl refuses too: quote it")
    return str(scalar)


def _integer(plain: str) -> int | None:
    """A whole number of 64 bits, with a sign of 63; None for everything else."""
    match = _INTEGER.fullmatch(plain) or _SIGN_AFTER_BASE.fullmatch(plain)
    if match is None:
        return None
    base = _BASES[match.lastindex or 1] if match.re is _INTEGER else 2
    digits = match[match.lastindex or 1].lstrip("0")
    if len(digits) > _MOST_DIGITS:
        return None
    number = int(digits or "0", base)
    if "-" in plain:
        return -number if -number >= _INT64_MIN else None
    return number if number <= (_INT64_MAX if "+" in plain else _UINT64_MAX) else None


def _single(number: float) -> str:
    """As strconv.FormatFloat writes it in single precision, with the fewest digits that tell it from its neighbours."""
    number = _rounded(number)
    if not math.isfinite(number):
        return ".nan" if math.isnan(number) else ".inf" if number > 0 else "-.inf"
    texts = (f"{number:.{digits}e}" for digits in range(_SINGLE_DIGITS))
    shortest = next(text for text in texts if _rounded(float(text)) == number)
    mantissa, _, exponent = shortest.partition("e")
    if number and not _LEAST_EXPONENT <= int(exponent) < _EXPONENT_LIMIT:
        return shortest
    decimals = len(mantissa.partition(".")[2]) - int(exponent)
    return f"{float(shortest):.{max(0, decimals)}f}"


def _rounded(number: float) -> float:
    """The number of single precision that is nearest to ``number``; infinity where it is beyond them."""
    try:
        return float(struct.unpack("f", struct.pack("f", number))[0])
    except OverflowError:
        return math.copysign(math.inf, number)

"""Takes the parameters' values out of what helm says: a template may quote a password in the words of its failure."""

import base64
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote_plus

import orjson

from pattern_operator.quote import MASK

_LONGEST_TEXT: Final = 8_192  # characters of the text that are looked at; a message shows a quarter of it
_WORD: Final = 4  # characters from which on a value is taken out wherever it stands, and not as a word only
_EXPONENT: Final = re.compile(r"(?<=e[+-])(\d)$")
_OF_GO: Final = re.compile(r"(cannot unmarshal !!\w+) `[^`]*`")  # go-yaml: the first letters of a value
# What Go writes in JSON beyond what it must (encoding/json, "HTMLEscape"; strconv.Quote for the last two).
_GO: Final = {ord(each): f"\\u{ord(each):04x}" for each in "<>&\u2028\u2029"}


def redacted(text: str, parameters: bytes) -> str:
    """``text`` with a mask for each value of ``parameters`` (JSON), also quoted, in base64, in a URL, or in other case.

    A long text is cut, and so that no value is cut with it.
    """
    try:
        values = orjson.loads(parameters) if parameters else {}
    except orjson.JSONDecodeError:
        return ""  # what cannot be read cannot be taken out
    head = text[:_LONGEST_TEXT]
    needles = set(_needles(values))
    if len(text) > len(head):
        head = head[: -min(max(map(len, needles), default=0) + 1, _LONGEST_TEXT)]
    folded = head.casefold()
    found = sorted((each for each in needles if each.casefold() in folded), key=len, reverse=True)
    head = _OF_GO.sub(rf"\1 {MASK}", head)
    for each in found:
        inside = re.escape(each)
        pattern = inside if len(each) >= _WORD else rf"(?<!\w){inside}(?!\w)"
        head = re.sub(pattern, MASK, head, flags=re.IGNORECASE)
    return head


def _needles(values: Any) -> Iterator[str]:
    """Each form in which a value may be quoted."""
    waiting = [values]
    while waiting:
        match waiting.pop():
            case dict() as found:
                waiting += found.values()
            case list() as found:
                waiting += found
            case str() as found:
                yield from _forms(found)
            case bool() | None:
                pass
            case number:
                yield from (str(number), _as_go_writes(number))


def _forms(value: str) -> Iterator[str]:
    as_json = orjson.dumps(value).decode()[1:-1]
    as_yaml = value.replace("'", "''")
    whole = (value, as_json, as_json.translate(_GO), as_yaml, quote_plus(value), _base64(value), *_within_base64(value))
    lines = (line.strip() for line in value.splitlines()) if "\n" in value else ()
    yield from (each for each in (*whole, value.strip(), *lines) if each.strip())


def _base64(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


def _within_base64(value: str) -> Iterator[str]:
    """What each base64 of a text with the value in it has, wherever it begins: 6 bits a letter, of 8 a byte."""
    content = value.encode()
    for before in range(3):
        first, last = -(-before * 8 // 6), (before + len(content)) * 8 // 6
        inside = base64.b64encode(bytes(before) + content).decode()[first:last]
        if len(inside) >= 2 * _WORD:
            yield inside


def _as_go_writes(number: float) -> str:
    """``1.234567e+06``: values are numbers of 64 bits for helm, and Go writes large ones so."""
    return _EXPONENT.sub(r"0\1", f"{Decimal(repr(float(number))).normalize():e}")

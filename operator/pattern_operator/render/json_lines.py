"""The lines at which the components of a JSON design begin, for reports: the parser that reads it knows no lines.

What is passed over is read by the standard library's decoder, a value at a time: 10 ms for the largest published one.
"""

import json
import re
from collections.abc import Iterator
from typing import Final

_BLANK: Final = re.compile(r"[ \t\r\n]*")
_PARTS: Final = frozenset({"components", "services"})
_DECODER: Final = json.JSONDecoder()


def lines_of_parts(content: bytes) -> dict[str | int, int]:
    """The line of each component of a design, by its position, or by its key among ``services``.

    ``content`` is JSON that was read, and is nested no deeper than is safe; empty for what is no design.
    """
    text = content.decode("utf-8", "replace")
    try:
        at = next((start for name, start in _members(text, _after_blank(text, 0)) if name in _PARTS), None)
        if at is None:
            return {}
        return _with_lines(text, _items(text, at) if text[at] == "[" else _members(text, at))
    except (ValueError, IndexError):  # it is JSON that another parser reads otherwise
        return {}


def _with_lines(text: str, parts: Iterator[tuple[str | int, int]]) -> dict[str | int, int]:
    found: dict[str | int, int] = {}
    line, counted = 1, 0
    for place, start in parts:
        line += text.count("\n", counted, start)
        counted = start
        found[place] = line
    return found


def _members(text: str, at: int) -> Iterator[tuple[str | int, int]]:
    """The name of each member of the object at ``at``, and where its value begins; nothing where it is no object."""
    if text[at] != "{":
        return
    at = _after_blank(text, at + 1)
    while text[at] != "}":
        name, at = _DECODER.raw_decode(text, at)
        at = _after_blank(text, _after_blank(text, at) + 1)
        yield name, at
        at = _after_value(text, at)


def _items(text: str, at: int) -> Iterator[tuple[str | int, int]]:
    """The position of each item of the list at ``at``, and where it begins."""
    at, index = _after_blank(text, at + 1), 0
    while text[at] != "]":
        yield index, at
        at, index = _after_value(text, at), index + 1


def _after_value(text: str, at: int) -> int:
    """Where the next member or item begins, or the end of what holds them."""
    _, end = _DECODER.raw_decode(text, at)
    end = _after_blank(text, end)
    return _after_blank(text, end + 1) if text[end] == "," else end


def _after_blank(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match else at

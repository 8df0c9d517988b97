"""The functions that a template calls, by the words of its actions: no template is run, and none is understood.

Source: Go, ``text/template/parse/lex.go``: an action is between ``{{`` and ``}}``; in it strings, characters and
comments are no words, and what follows ``.`` or ``$`` is a field or a variable. Time is in proportion to the text.
"""

import re
from collections.abc import Callable, Collection, Iterator
from typing import Final, NamedTuple

_COMMENT: Final = re.compile(rb"-?\s*/\*")
# A string that does not end is one to the end of its line, or of the text: helm refuses the template.
_TOKEN: Final = re.compile(
    rb"\"(?:\\.|[^\"\\\n])*(?:\"|\n|\Z)|`[^`]*(?:`|\Z)|'(?:\\.|[^'\\\n])*(?:'|\n|\Z)"
    rb"|(?P<word>[.$]?[A-Za-z_][A-Za-z0-9_]*)|(?P<end>\}\})|.",
    re.DOTALL,
)


_OF_FIELD: Final = frozenset(
    bytes([each]) for each in b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.$"
)


class Call(NamedTuple):
    """A word of an action, and where it stands: ``line`` counts from 1, the others are offsets."""

    name: str
    line: int
    start: int
    end: int


def calls(content: bytes, names: Collection[str]) -> Iterator[Call]:
    """Each place where a template calls one of the functions ``names``."""
    if not any(name.encode() in content for name in names):
        return
    place, line, counted = content.find(b"{{"), 1, 0
    while place >= 0:
        place += 2
        if comment := _COMMENT.match(content, place):
            end = content.find(b"*/", comment.end())
            place = content.find(b"{{", end) if end >= 0 else -1
            continue
        for token in _TOKEN.finditer(content, place):
            place = token.end()
            if token["end"]:
                break
            if token["word"] and (name := token["word"].decode()) in names:
                line, counted = line + content.count(b"\n", counted, token.start()), token.start()
                yield Call(name, line, token.start(), token.end())
        place = content.find(b"{{", place)


def replaced_field(content: bytes, name: str, by: Callable[[bytes], bytes]) -> bytes:
    """The template with ``by(field)`` in place of each field ``name``, which begins with a dot; ``field`` is all of it.

    As in ``$.Capabilities.HelmVersion``. One of a pipeline in parentheses stays as it is. Time is in proportion to the
    text: what leads to a field is walked once, also where it is a chain of such fields.
    """
    pieces, begin = list[bytes](), 0
    start = end = 0  # of the field before, of which the next may be a part
    for call in calls(content, (name,)):
        walked = _start_of_field(content, max(begin, end), call.start)
        start, end = (start if walked == end > begin else walked), call.end
        if content[start - 1 : start] == b")":
            continue
        pieces += [content[begin:start], by(content[start : call.end])]
        begin = call.end
    return b"".join((*pieces, content[begin:]))


def _start_of_field(content: bytes, least: int, end: int) -> int:
    """Where the words begin that end in the one at ``end``, with no space between them."""
    start = end
    while start > least and content[start - 1 : start] in _OF_FIELD:
        start -= 1
    return start


def replaced(content: bytes, name: str, by: bytes) -> bytes:
    """The template with ``by`` in place of each call of ``name``."""
    pieces, begin = list[bytes](), 0
    for call in calls(content, (name,)):
        pieces += [content[begin : call.start], by]
        begin = call.end
    return b"".join((*pieces, content[begin:]))

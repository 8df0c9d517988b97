"""The functions that a template calls, by the words of its actions: no template is run, and none is understood.

Source: Go, ``text/template/parse/lex.go``: an action is between ``{{`` and ``}}``; in it strings, characters and
comments are no words, and what follows ``.`` or ``$`` is a field or a variable. Time is in proportion to the text.
"""

import re
from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

_COMMENT: Final = re.compile(rb"-?\s*/\*")
# A string that does not end is one to the end of its line, or of the text: helm refuses the template.
_TOKEN: Final = re.compile(
    rb"\"(?:\\.|[^\"\\\n])*(?:\"|\n|\Z)|`[^`]*(?:`|\Z)|'(?:\\.|[^'\\\n])*(?:'|\n|\Z)"
    rb"|(?P<word>[.$]?[A-Za-z_][A-Za-z0-9_]*)|(?P<end>\}\})|.",
    re.DOTALL,
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


def replaced(content: bytes, name: str, by: bytes) -> bytes:
    """The template with ``by`` in place of each call of ``name``."""
    pieces, begin = list[bytes](), 0
    for call in calls(content, (name,)):
        pieces += [content[begin : call.start], by]
        begin = call.end
    return b"".join((*pieces, content[begin:]))

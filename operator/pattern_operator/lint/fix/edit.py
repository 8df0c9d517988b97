"""Edits of a text: spans that are replaced."""

from collections.abc import Iterable
from dataclasses import dataclass, field


class CannotKeep(Exception):
    """An edit that would lose a comment, an anchor or a form; the message says what is in the way."""


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """The characters from ``start`` to ``end`` become ``text``."""

    start: int
    end: int
    text: str = field(default="", repr=False)


def applied(text: str, edits: Iterable[Edit]) -> str:
    """``text`` with all edits made.

    Raises:
        CannotKeep: two of them overlap.
    """
    parts: list[str] = []
    at = 0
    for edit in sorted(set(edits)):
        if edit.start < at:
            raise CannotKeep("two changes are to be made at one place")
        parts += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*parts, text[at:]])

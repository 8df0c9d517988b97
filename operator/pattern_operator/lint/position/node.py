"""A value in a text: where it begins and ends, and the values in it."""

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Literal

from pattern_operator.render.fields import unspaced

Style = Literal["block", "flow", "scalar", "literal"]
Step = str | int


@dataclass(slots=True)
class Node:
    """A value. Offsets count characters; ``shared`` is one that an alias or a merge leads to.

    ``members`` are those of a mapping by key as it is read, ``items`` those of a list.
    """

    start: int
    end: int
    style: Style
    members: "dict[str, Member] | None" = None
    items: "list[Node] | None" = None
    shared: bool = False

    def child(self, step: Step) -> "Node | None":
        """The value at a key or index; a key may be written with spaces."""
        if isinstance(step, int):
            return self.items[step] if self.items is not None and 0 <= step < len(self.items) else None
        member = self.member(step)
        return member.node if member else None

    def member(self, key: str) -> "Member | None":
        """The member of this key, also where it is written with spaces."""
        if self.members is None:
            return None
        if key in self.members:
            return self.members[key]
        return next((each for name, each in self.members.items() if " " in name and unspaced(name) == key), None)


@dataclass(slots=True)
class Member:
    """A key and its value."""

    key_start: int
    key_end: int
    node: Node


@dataclass(frozen=True, slots=True)
class Root:
    """A document of a text, with the text."""

    text: str = field(repr=False)
    node: Node
    lines: tuple[int, ...] = field(repr=False)  # the offset at which each line begins
    is_json: bool

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column, both counted from 1, of an offset."""
        line = bisect_right(self.lines, offset)
        return line, offset - self.lines[line - 1] + 1

    def line_start(self, offset: int) -> int:
        """The offset at which the line of ``offset`` begins."""
        return self.lines[bisect_right(self.lines, offset) - 1]

    def find(self, path: tuple[Step, ...]) -> tuple[Node, Member | None, int]:
        """The deepest value on the way along ``path``, the member it is the value of, and how many steps lead to it."""
        node, member = self.node, None
        for taken, step in enumerate(path):
            below = node.child(step)
            if below is None:
                return node, member, taken
            member = node.member(step) if isinstance(step, str) else None
            node = below
        return node, member, len(path)


def line_starts(text: str) -> tuple[int, ...]:
    """The offset at which each line of ``text`` begins."""
    starts, at = [0], text.find("\n")
    while at >= 0:
        starts.append(at + 1)
        at = text.find("\n", at + 1)
    return tuple(starts)

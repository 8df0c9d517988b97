"""An index of JSON documents (RFC 8259), one after another; linear in the text, and without recursion."""

import json
import re
from dataclasses import dataclass
from typing import Final

from pattern_operator.limits import MAX_NESTING
from pattern_operator.lint.position.node import Member, Node

_TOKEN: Final = re.compile(r'[ \t\r\n\ufeff]*("[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]|[-+.\w]+)', re.DOTALL)
_SCALAR: Final = re.compile(r"true|false|null|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


# What a design holds beside what it draws, and most of its size: nothing is said of a place in there.
_OPAQUE: Final = frozenset({"capabilities", "model", "modelReference", "relationships", "styles"})
_DECODER: Final = json.JSONDecoder()


class NotJson(ValueError):
    """The text is something else, such as YAML in flow style."""


@dataclass(slots=True)
class _Open:
    """A collection that is being read, the key that it stands under, and the key that waits for its value."""

    node: Node
    under: str | None = None
    key: str | None = None
    key_start: int = 0
    key_end: int = 0


def index(text: str) -> list[Node]:
    """The documents of ``text``; raises NotJson."""
    roots: list[Node] = []
    stack: list[_Open] = []
    at, end_of_text = 0, len(text.rstrip(" \t\r\n\ufeff"))
    while at < end_of_text:
        match = _TOKEN.match(text, at)
        if match is None or len(stack) > MAX_NESTING + 1:
            raise NotJson
        found, start, at = match[1], match.start(1), match.end()
        if found in "{[":
            at = _begin(text, start, roots, stack)
        elif found in "}]":
            _close(found, at, stack)
        elif found not in ":,":
            _scalar(found, start, at, roots, stack)
    if stack or not roots:
        raise NotJson
    return roots


def _begin(text: str, start: int, roots: list[Node], stack: list[_Open]) -> int:
    """Begin a collection, or pass over one; where to go on."""
    is_mapping = text[start] == "{"
    node = Node(start, start + 1, "flow", members={}) if is_mapping else Node(start, start + 1, "flow", items=[])
    opaque, under = _is_opaque(stack), stack[-1].key if stack else None
    _place(node, roots, stack)
    if opaque:
        node.end = _end_of(text, start)
        return node.end
    stack.append(_Open(node, under))
    return start + 1


def _close(bracket: str, end: int, stack: list[_Open]) -> None:
    if not stack or (stack[-1].node.members is None) == (bracket == "}") or stack[-1].key is not None:
        raise NotJson
    stack.pop().node.end = end


def _is_opaque(stack: list[_Open]) -> bool:
    """Whether the collection that begins is passed over: a part of a design, or of one of its components."""
    if not stack or stack[-1].key not in _OPAQUE:
        return False
    return len(stack) == 1 or (len(stack) == 3 and stack[1].under == "components")


def _end_of(text: str, start: int) -> int:
    """Where a collection ends, found by the standard library's decoder."""
    try:
        return _DECODER.raw_decode(text, start)[1]
    except (ValueError, RecursionError):
        raise NotJson from None


def _scalar(found: str, start: int, end: int, roots: list[Node], stack: list[_Open]) -> None:
    if stack and stack[-1].node.members is not None and stack[-1].key is None:
        if not found.startswith('"'):
            raise NotJson
        try:
            stack[-1].key = json.loads(found) if "\\" in found else found[1:-1]
        except ValueError:
            raise NotJson from None
        stack[-1].key_start, stack[-1].key_end = start, end
        return
    if not found.startswith('"') and _SCALAR.fullmatch(found) is None:
        raise NotJson
    _place(Node(start, end, "scalar"), roots, stack)


def _place(node: Node, roots: list[Node], stack: list[_Open]) -> None:
    if not stack:
        roots.append(node)
        return
    parent = stack[-1]
    if parent.node.items is not None:
        parent.node.items.append(node)
    elif parent.node.members is not None and parent.key is not None:
        parent.node.members[parent.key] = Member(parent.key_start, parent.key_end, node)
        parent.key = None
    else:
        raise NotJson

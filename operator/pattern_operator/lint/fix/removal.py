"""Edits that take members and entries out of a mapping or list, in JSON, and in YAML of either style."""

from collections.abc import Sequence
from typing import Final

from pattern_operator.lint.fix.edit import CannotKeep, Edit
from pattern_operator.lint.position.node import Node, Root

_BLANK: Final = " \t"


def remove_members(root: Root, node: Node, gone: set[str]) -> list[Edit]:
    """Take the members called as one of ``gone`` out of a mapping; one that is emptied becomes ``{}``."""
    members = node.members or {}
    spans = [(member.key_start, member.node) for member in members.values()]
    return _remove(root, node, spans, [key in gone for key in members], empty="{}", dash=False)


def remove_items(root: Root, node: Node, gone: set[int]) -> list[Edit]:
    """Take the entries at the positions ``gone`` out of a list."""
    spans = [(item.start, item) for item in node.items or ()]
    return _remove(root, node, spans, [index in gone for index in range(len(spans))], empty="[]", dash=True)


def _remove(
    root: Root, node: Node, spans: Sequence[tuple[int, Node]], gone: Sequence[bool], *, empty: str, dash: bool
) -> list[Edit]:
    if node.shared or any(child.shared for (_, child), out in zip(spans, gone, strict=True) if out):
        raise CannotKeep("an anchor or alias")
    if node.style == "flow":
        return _from_flow(spans, gone)
    if all(gone):
        if dash:
            raise CannotKeep("a list that would be empty")
        return [Edit(spans[0][0], true_end(root, spans[-1][1]), empty)]
    return [_lines(root, start, child, dash=dash) for (start, child), out in zip(spans, gone, strict=True) if out]


def _from_flow(spans: Sequence[tuple[int, Node]], gone: Sequence[bool]) -> list[Edit]:
    """Runs of what goes: up to what is kept behind, or from the end of what is kept before."""
    edits: list[Edit] = []
    index = 0
    while index < len(spans):
        if not gone[index]:
            index += 1
            continue
        last = index
        while last + 1 < len(spans) and gone[last + 1]:
            last += 1
        if last + 1 < len(spans):
            edits.append(Edit(spans[index][0], spans[last + 1][0]))
        elif index > 0:
            edits.append(Edit(spans[index - 1][1].end, spans[last][1].end))
        else:
            edits.append(Edit(spans[index][0], spans[last][1].end))
        index = last + 1
    return edits


def _lines(root: Root, start: int, child: Node, *, dash: bool) -> Edit:
    """The whole lines of a member or entry in block style, which nothing else may stand on."""
    begin = root.line_start(start)
    before = root.text[begin:start]
    if before.strip(_BLANK) != ("-" if dash else ""):
        raise CannotKeep("another value on its line")
    end = true_end(root, child)
    line_end = root.text.find("\n", end)
    line_end = len(root.text) if line_end < 0 else line_end + 1
    if end > begin and root.text[end - 1 : end] == "\n":
        line_end = end
    rest = root.text[end:line_end].strip()
    if rest and not rest.startswith("#"):
        raise CannotKeep("another value on its line")
    return Edit(begin, line_end)


def true_end(root: Root, node: Node) -> int:
    """Where the last character of a value stands: libyaml's mark of a block is where the next thing begins."""
    while node.style == "block":
        below = [member.node for member in (node.members or {}).values()] or list(node.items or ())
        if not below:
            break
        node = below[-1]
    end = node.end
    if node.style == "literal":
        kept = root.text[node.start : end].rstrip("\n \t")
        following = root.text[node.start + len(kept) : end].find("\n")
        return node.start + len(kept) + (following + 1 if following >= 0 else 0)
    return end

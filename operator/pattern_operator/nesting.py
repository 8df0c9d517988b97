"""How deep a document is nested: what others wrote must not decide how deep our own calls nest."""

from collections.abc import Iterator
from typing import Any

from pattern_operator.limits import MAX_NESTING


class NestedTooDeep(ValueError):
    """A document is nested deeper than ``MAX_NESTING`` levels."""


def levels(document: object) -> Iterator[list[dict[str, Any] | list[Any]]]:
    """The objects and lists of a parsed document, level by level: the outermost first. Without recursion.

    Raises:
        NestedTooDeep: after the last level that is read, where there is one more.
    """
    level = [document] if isinstance(document, dict | list) else []
    for _ in range(MAX_NESTING):
        if not level:
            return
        yield level
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, dict | list)
        ]
    if level:
        raise NestedTooDeep(f"is nested deeper than {MAX_NESTING}")


def least_size(document: object, *, most: int) -> int:
    """The least that a parsed document has as JSON: a letter for each value, and those of keys and texts.

    What comes after more than ``most`` is not counted.

    Raises:
        NestedTooDeep: as ``levels``.
    """
    size = 0
    for level in levels(document):
        for node in level:
            members = (*node, *node.values()) if isinstance(node, dict) else node
            size += sum(1 + len(each) if isinstance(each, str) else 1 for each in members)
            if size > most:
                return size
    return size

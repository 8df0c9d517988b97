"""The edits by which what was written becomes what rendering makes of it: a walk over both, side by side."""

from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from pattern_operator.lint.fix.edit import CannotKeep, Edit
from pattern_operator.lint.fix.removal import remove_items, remove_members
from pattern_operator.lint.position.node import Member, Node, Root
from pattern_operator.render.fields import unspaced
from pattern_operator.render.scalar import resolve

_COMPUTED: Final = ("$(#", "${")  # the author's way to say a value; what it came to is not written in its place
_NAMESPACE: Final = "namespace"  # which one it is, is for who applies the pattern to say
_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./")


@dataclass(slots=True)
class Difference:
    """Edits of one document. ``kept``: what could not be changed without losing something, a reason each.

    ``spaced``: keys with spaces are read without them, as in designs.
    """

    root: Root
    spaced: bool
    edits: list[Edit] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    def walk(self, node: Node, written: Any, wanted: Any) -> None:
        """Note the edits by which ``written``, which stands at ``node``, becomes ``wanted``."""
        if same(written, wanted):
            return
        try:
            if isinstance(written, dict) and isinstance(wanted, dict) and node.members is not None:
                self._mapping(node, written, wanted)
            elif isinstance(written, list) and isinstance(wanted, list) and node.items is not None:
                self._list(node, written, wanted)
            else:
                self.replace(node, written, wanted)
        except CannotKeep as error:
            self.kept.append(str(error))

    def replace(self, node: Node, written: Any, wanted: Any) -> None:
        """Put a scalar, or an empty collection, in the place of a value."""
        if isinstance(written, str) and any(mark in written for mark in _COMPUTED):
            return
        if node.shared or node.style not in ("scalar", "flow"):
            raise CannotKeep("a value of several lines, an anchor or an alias")
        if wanted is None or (isinstance(wanted, dict | list) and wanted):
            raise CannotKeep("a value that would have to be written anew")
        blank = " " if node.start == node.end else ""  # a value that is not written stands right behind its colon
        self.edits.append(Edit(node.start, node.end, blank + _scalar(wanted, quotes=self._quotes(node))))

    def rename(self, member: Member, key: str) -> None:
        """Write a key in another way."""
        if not set(key) <= _PLAIN:
            raise CannotKeep("a key that needs quotes")
        quote = self.root.text[member.key_start]
        text = f"{quote}{key}{quote}" if quote in "\"'" else key if isinstance(resolve(key), str) else f'"{key}"'
        self.edits.append(Edit(member.key_start, member.key_end, text))

    def insert(self, node: Node, key: str, value: str | dict[str, Any]) -> None:
        """Put a member, of text or an empty mapping, before the first one of a mapping."""
        if node.shared or not node.members:
            raise CannotKeep("an anchor, an alias or an empty mapping")
        first = next(iter(node.members.values())).key_start
        text = f"{orjson.dumps(key).decode() if self.root.is_json else key}: {_scalar(value, quotes=self.root.is_json)}"
        before = self.root.text[self.root.line_start(first) : first]
        if node.style == "block":
            text += "\n" + " " * len(before)
        else:
            text += "," + ("\n" + before if not before.strip() and "\n" in self.root.text else " ")
        self.edits.append(Edit(first, first, text))

    def _quotes(self, node: Node) -> bool:
        return self.root.is_json or self.root.text[node.start : node.start + 1] in ('"', "'")

    def _mapping(self, node: Node, written: dict[str, Any], wanted: dict[str, Any]) -> None:
        members = node.members or {}
        if node.shared or members.keys() != written.keys():
            raise CannotKeep("a key that is merged, repeated or read as another")
        gone = {key for key in written if self._goes(key, written, wanted)}
        if gone:
            self.edits += remove_members(self.root, node, gone)
        for key in written.keys() - gone:
            plain = self._plain(key)
            if key != plain:
                self.rename(members[key], plain)
            if plain != _NAMESPACE and plain in wanted:
                self.walk(members[key].node, written[key], wanted[plain])

    def _plain(self, key: str) -> str:
        return unspaced(key) if self.spaced else key

    def _goes(self, key: str, written: dict[str, Any], wanted: dict[str, Any]) -> bool:
        plain = self._plain(key)
        if written[key] is None and not self.spaced:
            return False  # in manifests a null says nothing, and is no repair
        return plain not in wanted or (key != plain and plain in written)

    def _list(self, node: Node, written: list[Any], wanted: list[Any]) -> None:
        items = node.items or []
        if len(items) != len(written):
            raise CannotKeep("a list that is read as another")
        pairs = _pairs(written, wanted)
        gone = {index for index in range(len(written)) if index not in pairs}
        if gone:
            self.edits += remove_items(self.root, node, gone)
        for index, value in pairs.items():
            self.walk(items[index], written[index], value)


def _pairs(written: list[Any], wanted: list[Any]) -> dict[int, Any]:
    """What each entry becomes, by its position; those that are not in it go.

    Raises:
        CannotKeep: which entry becomes which cannot be told.
    """
    if len(written) == len(wanted):
        return dict(enumerate(wanted))
    made: dict[int, Any] = {}
    at = 0
    for index, entry in enumerate(written):
        if at < len(wanted) and same(normal(entry), normal(wanted[at])):
            made[index] = wanted[at]
            at += 1
    if at < len(wanted):
        raise CannotKeep("a list of which entries were joined")
    return made


def same(left: Any, right: Any) -> bool:
    """Whether two values of JSON are one: 1 and 1.0 are, 1 and true are not."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def normal(value: Any) -> Any:
    """``value`` with spaces taken out of its keys and nulls left out, to tell the entries of a list by."""
    if isinstance(value, dict):
        return {unspaced(key): normal(child) for key, child in value.items() if child is not None}
    return [normal(child) for child in value] if isinstance(value, list) else value


def _scalar(value: Any, *, quotes: bool) -> str:
    """A value in JSON, which is YAML too; text without quotes where the other stood without, and it needs none."""
    if quotes or not isinstance(value, str) or not value or value[0] in "-.":
        return orjson.dumps(value).decode()
    plain = set(value) <= _PLAIN and isinstance(resolve(value), str)
    return value if plain else orjson.dumps(value).decode()

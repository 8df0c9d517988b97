"""An index of YAML documents, from libyaml's events: of documents that ``render.yamlstream`` has read before."""

from dataclasses import dataclass
from typing import Any, Final

import yaml

from pattern_operator.limits import MAX_NESTING
from pattern_operator.lint.position.node import Member, Node, Style

_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})  # YAML 1.2.2, section 10.3.2


@dataclass(slots=True)
class _Open:
    """A collection that is being read, its anchor, and the key that waits for its value."""

    node: Node
    anchor: str | None
    key: str | None = None
    key_start: int = 0
    key_end: int = 0


def index(text: str) -> list[Node]:
    """The documents of ``text`` that are not empty, in order; as far as it is YAML."""
    reader = _Reader()
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            reader.take(event)
    except (yaml.YAMLError, RecursionError):
        pass  # what stands before the fault is known
    return reader.roots


def _offset(mark: Any) -> int:
    """The offset of a mark, which libyaml counts in characters."""
    return int(mark.index) if mark is not None else 0


class _Reader:
    """Builds the nodes of one stream."""

    def __init__(self) -> None:
        self.roots: list[Node] = []
        self._stack: list[_Open] = []
        self._anchors: dict[str, Node] = {}

    def take(self, event: yaml.Event) -> None:
        """Read one event."""
        match event:
            case yaml.DocumentStartEvent():
                self._anchors.clear()
            case yaml.ScalarEvent():
                style: Style = "literal" if event.style in ("|", ">") else "scalar"
                self._value(self._node(event, style), event.anchor, event.value)
            case yaml.AliasEvent():
                self._alias(event)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._open(event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                closed = self._stack.pop()
                closed.node.end = _offset(event.end_mark)
                self._value(closed.node, closed.anchor, None)
            case _:
                pass

    def _open(self, event: yaml.CollectionStartEvent) -> None:
        node = self._node(event, "flow" if event.flow_style else "block")
        if isinstance(event, yaml.MappingStartEvent):
            node.members = {}
        else:
            node.items = []
        if len(self._stack) > MAX_NESTING:
            raise RecursionError
        self._stack.append(_Open(node, event.anchor))

    def _alias(self, event: yaml.AliasEvent) -> None:
        target = self._anchors.get(event.anchor or "")
        node = self._node(event, "scalar")
        if target is not None:
            node.members, node.items = target.members, target.items
        node.shared = True
        self._value(node, None, None)

    def _node(self, event: yaml.Event, style: Style) -> Node:
        return Node(_offset(event.start_mark), _offset(event.end_mark), style)

    def _value(self, node: Node, anchor: str | None, text: str | None) -> None:
        if anchor:
            self._anchors[anchor] = node
            node.shared = True
        if not self._stack:
            if text is None or text not in _NULLS:
                self.roots.append(node)
            return
        parent = self._stack[-1]
        if parent.node.items is not None:
            parent.node.items.append(node)
        elif parent.key is None:
            parent.key, parent.key_start, parent.key_end = text or "", node.start, node.end
        elif parent.node.members is not None:
            if parent.key == "<<":
                parent.node.shared = True
            parent.node.members[parent.key] = Member(parent.key_start, parent.key_end, node)
            parent.key = None

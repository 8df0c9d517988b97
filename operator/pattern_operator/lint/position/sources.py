"""The files that findings are about; each is indexed once, when the first place in it is asked for."""

import codecs
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from pattern_operator.api.artifact import File
from pattern_operator.lint.position import json_index, yaml_index
from pattern_operator.lint.position.node import Node, Root, line_starts

_MARKS: Final = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


@dataclass(slots=True)
class Sources:
    """The documents of files by path and position."""

    files: Sequence[File] = field(repr=False)
    _roots: dict[str, list[Root]] = field(default_factory=dict, repr=False)

    def roots(self, path: str) -> list[Root]:
        """The documents of the file at ``path``, empty where it cannot be read."""
        if path not in self._roots:
            content = next((file.content for file in self.files if file.path == path), b"")
            self._roots[path] = _roots(decoded(content))
        return self._roots[path]

    def root(self, path: str, position: int) -> Root | None:
        """The document at ``position``, counted from 1."""
        roots = self.roots(path)
        return roots[position - 1] if 0 < position <= len(roots) else None

    def design(self, path: str) -> tuple[int, Root | None]:
        """The document of a file that is a design, and its position from 0."""
        for position, root in enumerate(self.roots(path)):
            if root.node.members is not None and root.node.members.keys() & {"components", "services", "schemaVersion"}:
                return position, root
        return 0, None


def decoded(content: bytes) -> str:
    """The text of a file without its byte-order mark, as ``render.document`` reads it; empty where it is none."""
    for mark, encoding in _MARKS.items():
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, "replace")
    try:
        return content.decode()
    except UnicodeDecodeError:
        return ""


def _roots(text: str) -> list[Root]:
    nodes: list[Node]
    try:
        nodes, is_json = json_index.index(text), True
    except json_index.NotJson:
        nodes, is_json = yaml_index.index(text), False
    lines = line_starts(text)
    return [Root(text, node, lines, is_json) for node in nodes]

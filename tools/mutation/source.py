"""The text of a module, and where the nodes of its tree stand in it."""

import ast


class Source:
    """A text, and where the nodes of its tree stand in it."""

    def __init__(self, text: str) -> None:
        self._lines = [line.encode() for line in text.splitlines(keepends=True)]
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))
        self.bytes = text.encode()

    def span(self, node: ast.AST) -> tuple[int, int]:
        """First and last byte of a node."""
        begin = self._starts[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined] # of every node that is edited
        end = self._starts[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined] # as above
        return begin, end

    def between(self, left: ast.AST, right: ast.AST) -> str:
        """What stands between two nodes: an operator, and parentheses."""
        return self.bytes[self.span(left)[1] : self.span(right)[0]].decode()

    def text(self, node: ast.AST) -> str:
        """What a node is written as."""
        begin, end = self.span(node)
        return self.bytes[begin:end].decode()

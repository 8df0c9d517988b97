"""A graph in the language of Graphviz, whole: every node and edge, for who has a program for large ones.

Source: graphviz.org, "DOT Language" (quoted strings, in which only ``"`` needs a backslash, and labels, which read
backslashes as escapes).
"""

from collections.abc import Iterator

from pattern_operator.graph.model import Graph
from pattern_operator.graph.words import node_words
from pattern_operator.quote import one_line


def dot(graph: Graph) -> str:
    """The text of a digraph, with the line break at its end."""
    return "\n".join((*_lines(graph), "}", ""))


def _lines(graph: Graph) -> Iterator[str]:
    yield "digraph pattern {"
    yield "  rankdir=LR;"
    yield "  node [shape=box];"
    numbers = {node.id: f"n{number}" for number, node in enumerate(graph.nodes)}
    for node in graph.nodes:
        label = _quoted(f"{node.state.sign} {node.display_name}")
        yield f"  {numbers[node.id]} [label={label}, tooltip={_quoted(node_words(node))}];"
    for edge in graph.edges:
        yield f"  {numbers[edge.source]} -> {numbers[edge.target]} [label={_quoted(edge.relation)}];"


def _quoted(text: str) -> str:
    escaped = one_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

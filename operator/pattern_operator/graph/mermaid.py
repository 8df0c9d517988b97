"""A graph as Mermaid, for pages of Markdown: folded as a drawing is, because Mermaid draws no more than 500 edges.

Source: mermaid.js.org, "Flowcharts" (entity codes as in ``#35;``) and the option ``maxEdges``.
"""

from collections.abc import Iterator
from typing import Final

from pattern_operator.graph.fold import fold
from pattern_operator.graph.model import Graph
from pattern_operator.graph.words import fitted
from pattern_operator.quote import one_line

MAX_EDGES: Final = 500
_LETTERS: Final = 60  # of a label
_PLAIN: Final = frozenset(" abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-/")


def mermaid(graph: Graph) -> str:
    """The text of a flow chart, with the line break at its end."""
    return "\n".join((*_lines(fold(graph)), ""))


def _lines(graph: Graph) -> Iterator[str]:
    yield "flowchart LR"
    numbers = {node.id: f"n{number}" for number, node in enumerate(graph.nodes)}
    for node in graph.nodes:
        label = _text(f"{node.state.sign} {node.display_name}")
        yield f'  {numbers[node.id]}["{label}"]:::{node.state.css_class}'
    for edge in graph.edges[:MAX_EDGES]:
        yield f'  {numbers[edge.source]} -->|"{_text(edge.relation)}"| {numbers[edge.target]}'
    if len(graph.edges) > MAX_EDGES:
        yield f"  %% {len(graph.edges) - MAX_EDGES} more edges are left out"
    yield "  classDef failed stroke:#b3261e,stroke-width:3px"
    yield "  classDef not-found stroke:#b3261e,stroke-width:3px"
    yield "  classDef refused stroke:#b3261e,stroke-width:3px"
    yield "  classDef current stroke:#1b6e2d,stroke-width:2px"
    yield "  classDef outside stroke-dasharray:4 3"
    yield "  classDef skipped stroke-dasharray:4 3"


def _text(text: str) -> str:
    """A label between quotes: every letter that Mermaid, Markdown or HTML could read as its own by its number."""
    shown = fitted(one_line(text), _LETTERS)
    return "".join(letter if letter in _PLAIN else f"#{ord(letter)};" for letter in shown)

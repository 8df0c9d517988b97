"""A drawing as SVG that may stand in a page: no script, no style, no link, no id, and only text that is escaped.

A page colours it by classes (``graph``, ``node``, ``edge``, the state of a node, the origin of an edge); by itself it
has the colours below, each of which has a contrast of at least 4.5 to its ground (WCAG 2.2, 1.4.3). Roles are those of
WAI-ARIA Graphics 1.0, with the fallback that it names. ``outline`` is the same as a list.
"""

from collections.abc import Iterator
from html import escape
from typing import Final

from pattern_operator.graph.drawing import HEIGHT, WIDTH, Drawing, Placed
from pattern_operator.graph.model import Edge, NodeType
from pattern_operator.graph.state import NodeState
from pattern_operator.graph.words import edge_words, fitted, node_words, summary
from pattern_operator.quote import one_line

MAX_LABELLED: Final = 60  # edges of a drawing that are written on; in a larger one the words would cover it
_TITLE: Final = 512  # bytes
_RED, _AMBER, _GREEN, _BLUE, _GREY = "#b3261e", "#8a5300", "#1b6e2d", "#3b5bab", "#5f6368"
_COLOURS: Final = {
    NodeState.FAILED: _RED,
    NodeState.NOT_FOUND: _RED,
    NodeState.REFUSED: _RED,
    NodeState.UNKNOWN: _AMBER,
    NodeState.IN_PROGRESS: _AMBER,
    NodeState.TERMINATING: _GREY,
    NodeState.CURRENT: _GREEN,
    NodeState.RENDERED: _BLUE,
    NodeState.OUTSIDE: _GREY,
    NodeState.SKIPPED: _GREY,
}
_DASHED: Final = frozenset({NodeState.OUTSIDE, NodeState.SKIPPED})
_LETTERS: Final = 23  # of a name that fit in a box
_ARROW: Final = 7


def svg(drawing: Drawing, *, title: str) -> str:
    """The picture, with the line break at its end; ``title`` is what it is of."""
    return "\n".join((*_lines(drawing, title), "</svg>", ""))


def _lines(drawing: Drawing, title: str) -> Iterator[str]:
    width, height = f"{drawing.width:g}", f"{drawing.height:g}"
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="graph" role="graphics-document document"'
        f' width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        ' font-family="system-ui, sans-serif" font-size="12">'
    )
    yield f"<title>{_text(title)}</title>"
    yield f"<desc>{_text(summary(drawing.graph))}</desc>"
    yield f'<rect class="ground" width="{width}" height="{height}" fill="#ffffff"/>'
    boxes = {each.node.id: each for each in drawing.placed}
    labelled = len(drawing.graph.edges) <= MAX_LABELLED
    for edge in drawing.graph.edges:
        yield _edge(edge, boxes[edge.source], boxes[edge.target], label=edge.relation if labelled else "")
    yield from map(_node, drawing.placed)


def _edge(edge: Edge, source: Placed, target: Placed, *, label: str) -> str:
    (x1, y1, x2, y2), (a, b, c, d) = _ends(source, target)
    path = f"M{x1:g} {y1:g}C{a:g} {b:g} {c:g} {d:g} {x2:g} {y2:g}"
    words = _text(edge_words(edge, source.node, target.node))
    origin = edge.origin.lower()
    dashes = ' stroke-dasharray="5 3"' if origin == "design" else ""
    middle_x, middle_y = (x1 + x2) / 2, (y1 + y2) / 2 - 3
    written = (
        f'<text x="{middle_x:g}" y="{middle_y:g}" text-anchor="middle" font-size="10" fill="{_GREY}"'
        f' stroke="#ffffff" stroke-width="3" paint-order="stroke">{_text(fitted(label, _LETTERS))}</text>'
        if label
        else ""
    )
    return (
        f'<g class="edge {origin}" role="graphics-symbol img" aria-label="{words}"><title>{words}</title>'
        f'<path d="{path}" fill="none" stroke="{_GREY}"{dashes}/>'
        f'<path d="{_arrow(x2, y2, c, d)}" fill="{_GREY}"/>{written}</g>'
    )


def _ends(source: Placed, target: Placed) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """From where to where an edge goes (x, y, x, y), and its two control points, by the sides that face each other."""
    dx, dy = target.x - source.x, target.y - source.y
    if abs(dx) >= WIDTH:
        x1, x2 = (source.x + WIDTH, target.x) if dx > 0 else (source.x, target.x + WIDTH)
        y1, y2, middle = source.y + HEIGHT / 2, target.y + HEIGHT / 2, (x1 + x2) / 2
        return (x1, y1, x2, y2), (middle, y1, middle, y2)
    y1, y2 = (source.y + HEIGHT, target.y) if dy > 0 else (source.y, target.y + HEIGHT)
    x1, x2, middle = source.x + WIDTH / 2, target.x + WIDTH / 2, (y1 + y2) / 2
    return (x1, y1, x2, y2), (x1, middle, x2, middle)


def _arrow(x: float, y: float, from_x: float, from_y: float) -> str:
    """A triangle whose tip is at the end of an edge; edges end level or upright."""
    if from_y == y:
        back = x - _ARROW if from_x < x else x + _ARROW
        return f"M{x:g} {y:g}L{back:g} {y - 4:g}L{back:g} {y + 4:g}Z"
    back = y - _ARROW if from_y < y else y + _ARROW
    return f"M{x:g} {y:g}L{x - 4:g} {back:g}L{x + 4:g} {back:g}Z"


def _node(placed: Placed) -> str:
    node, x, y = placed.node, placed.x, placed.y
    colour = _COLOURS[node.state]
    words = _text(node_words(node))
    dashes = ' stroke-dasharray="4 3"' if node.state in _DASHED else ""
    heading, name = (node.kind or "component", node.name)
    if node.type is NodeType.FOLDED:
        heading, name = f"{node.count} more", node.kind
    return (
        f'<g class="node {node.type.lower()} {node.state.css_class}" role="graphics-symbol img" aria-label="{words}">'
        f"<title>{words}</title>"
        f'<rect x="{x:g}" y="{y:g}" width="{WIDTH}" height="{HEIGHT}" rx="6" fill="#ffffff" stroke="{colour}"'
        f' stroke-width="2"{dashes}/>'
        f'<text class="sign" x="{x + 12:g}" y="{y + 27:g}" font-size="14" font-weight="bold" fill="{colour}">'
        f"{_text(node.state.sign)}</text>"
        f'<text class="kind" x="{x + 30:g}" y="{y + 18:g}" font-size="10" fill="{_GREY}">'
        f"{_text(fitted(heading, _LETTERS + 4))}</text>"
        f'<text class="name" x="{x + 30:g}" y="{y + 34:g}" fill="#1f2328">{_text(fitted(name, _LETTERS))}</text></g>'
    )


def _text(text: str) -> str:
    """Text for a place between tags or in quotes: XML 1.0 has no control characters, also not as references."""
    return escape(one_line(text, _TITLE))

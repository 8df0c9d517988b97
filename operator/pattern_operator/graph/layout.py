"""Lays out a graph on the server: as its author has drawn it, or in layers; no browser computes anything."""

from pattern_operator.graph.author import as_drawn, has_places
from pattern_operator.graph.drawing import Cell, Drawing, drawing_of
from pattern_operator.graph.fold import fold
from pattern_operator.graph.layers import layered
from pattern_operator.graph.model import Graph


def lay_out(graph: Graph) -> Drawing:
    """The drawing of a graph, folded to ``fold.MAX_DRAWN`` nodes. Pods and what else has no place stand below."""
    shown = fold(graph)
    if not has_places(shown.nodes):
        return drawing_of(shown, layered(shown.nodes, shown.edges))
    cells = as_drawn(shown.nodes)
    rest = [node for node in shown.nodes if node.id not in cells]
    top = max(cell.row for cell in cells.values()) + 2
    below = {id_: Cell(cell.column, cell.row + top) for id_, cell in layered(rest, shown.edges).items()}
    return drawing_of(shown, {**cells, **below})

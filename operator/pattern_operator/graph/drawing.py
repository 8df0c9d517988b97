"""Where each node of a graph is drawn: the values between layout and what writes a picture. Units are CSS pixels."""

from dataclasses import dataclass
from typing import Final

from pattern_operator.graph.model import Graph, Node

WIDTH: Final = 190  # of a node; a name of 24 letters fits
HEIGHT: Final = 44
GAP_X: Final = 60  # between columns: room for what is written on an edge
GAP_Y: Final = 18
MARGIN: Final = 16


@dataclass(frozen=True, slots=True)
class Cell:
    """A place in a grid: no two nodes share one, so that none covers another."""

    column: float
    row: float


@dataclass(frozen=True, slots=True)
class Placed:
    """A node, and the left upper corner of its box."""

    node: Node
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """A graph whose nodes have places; ``width`` and ``height`` are those of the picture."""

    graph: Graph
    placed: tuple[Placed, ...]
    width: float
    height: float


def drawing_of(graph: Graph, cells: dict[str, Cell]) -> Drawing:
    """The drawing of nodes in these cells, one for each, none left of or above the cell (0, 0)."""
    placed = tuple(
        Placed(
            node,
            round(MARGIN + cells[node.id].column * (WIDTH + GAP_X), 1),
            round(MARGIN + cells[node.id].row * (HEIGHT + GAP_Y), 1),
        )
        for node in graph.nodes
    )
    width = max((each.x + WIDTH for each in placed), default=WIDTH) + MARGIN
    height = max((each.y + HEIGHT for each in placed), default=HEIGHT) + MARGIN
    return Drawing(graph, placed, width, height)

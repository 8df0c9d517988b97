"""The author's own places: the nodes where the design draws them, moved as little as it takes so that none is covered.

A design is drawn with small symbols, here each node has a box of its own size. So places are scaled until half of the
nodes are a box apart, and each takes the free cell that is nearest; what lies empty between them is closed.
"""

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Final

from pattern_operator.graph.drawing import GAP_X, GAP_Y, HEIGHT, WIDTH, Cell
from pattern_operator.graph.model import Node, Point
from pattern_operator.graph.state import NodeState

_LARGEST_SCALE: Final = 20.0  # what lies in one place is not drawn apart by any scale
_FARTHEST: Final = 1_000  # cells from the middle
_EMPTY: Final = 1  # columns or rows in a row that may stay empty


def has_places(nodes: Sequence[Node]) -> bool:
    """Whether the author has drawn the pattern: at least half of what is in it, and two of them in different places."""
    own = [node for node in nodes if node.state is not NodeState.OUTSIDE]
    points = {node.drawn_at for node in own if node.drawn_at is not None}
    return len(points) > 1 and 2 * sum(node.drawn_at is not None for node in own) >= len(own)


def as_drawn(nodes: Sequence[Node]) -> dict[str, Cell]:
    """A cell for each node that the author has placed, from the cell (0, 0) on."""
    points = {node.id: node.drawn_at for node in nodes if node.drawn_at is not None}
    scale = _scale([*points.values()])
    taken: dict[tuple[int, int], str] = {}
    for id_, point in sorted(points.items(), key=lambda each: (each[1].y, each[1].x, each[0])):
        column, row = (_rounded(each * scale) for each in _in_cells(point))
        taken[next(each for each in _around(column, row) if each not in taken)] = id_
    columns, rows = (_closed(each) for each in (sorted({x for x, _ in taken}), sorted({y for _, y in taken})))
    return {id_: Cell(columns[column], rows[row]) for (column, row), id_ in taken.items()}


def _in_cells(point: Point) -> tuple[float, float]:
    return point.x / (WIDTH + GAP_X), point.y / (HEIGHT + GAP_Y)


def _rounded(value: float) -> int:
    return max(-_FARTHEST, min(_FARTHEST, round(value)))


def _scale(points: Sequence[Point]) -> float:
    """What makes half of the points at least a cell apart from the nearest one."""
    places = [_in_cells(point) for point in points]
    nearest = [
        min((max(abs(x - u), abs(y - v)) for j, (u, v) in enumerate(places) if i != j), default=1.0)
        for i, (x, y) in enumerate(places)
    ]
    apart = median(nearest) if nearest else 1.0
    return _LARGEST_SCALE if apart * _LARGEST_SCALE < 1 else 1 / apart


def _around(column: int, row: int) -> Iterator[tuple[int, int]]:
    """The cells around one, the nearest first, without an end."""
    distance = 0
    while True:
        ring = [
            (column + x, row + y)
            for y in range(-distance, distance + 1)
            for x in range(-distance, distance + 1)
            if max(abs(x), abs(y)) == distance
        ]
        yield from sorted(ring, key=lambda cell: (abs(cell[0] - column) + abs(cell[1] - row), cell))
        distance += 1


def _closed(used: Sequence[int]) -> Mapping[int, int]:
    """New numbers for the columns (or rows) that are used, from 0 on, at most ``_EMPTY`` apart of empty ones."""
    numbers: dict[int, int] = {}
    for before, each in zip([None, *used], used, strict=False):
        numbers[each] = 0 if before is None else numbers[before] + min(each - before, _EMPTY + 1)
    return numbers

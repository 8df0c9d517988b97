"""A layout in layers: what leads to a node is left of it, and what is connected stands together.

After Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system structures" (1981): circles
are opened, each node comes one layer behind the last that leads to it, and each layer is ordered by the means of its
neighbours. Nothing is computed by recursion.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from pattern_operator.graph.drawing import Cell
from pattern_operator.graph.model import Edge, Node, by_severity

MAX_COLUMN: Final = 20  # nodes of a layer in one column; more go into further ones beside it
SWEEPS: Final = 4  # times that the layers are ordered; more change little
_WIDEST: Final = 6  # columns that what is not connected fills at least, before a new row begins

Neighbours = Mapping[str, Sequence[str]]


def layered(nodes: Sequence[Node], edges: Sequence[Edge]) -> dict[str, Cell]:
    """A cell for each node; ends of edges that are not among the nodes do not count."""
    rank = {node.id: number for number, node in enumerate(sorted(nodes, key=by_severity))}
    pairs = sorted({(each.source, each.target) for each in edges if each.source != each.target})
    pairs = [pair for pair in pairs if pair[0] in rank and pair[1] in rank]
    after: dict[str, list[str]] = {id_: [] for id_ in sorted(rank, key=rank.__getitem__)}
    for source, target in _without_circles(after, pairs):
        after[source].append(target)
    blocks = [_block(part, after, rank) for part in _connected(after)]
    return _packed(blocks)


def _without_circles(ids: Mapping[str, object], pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The pairs, those turned round that would close a circle in a search from the first node on."""
    after: dict[str, list[str]] = {id_: [] for id_ in ids}
    for source, target in pairs:
        after[source].append(target)
    open_, done, turned = set[str](), set[str](), set[tuple[str, str]]()
    for begin in ids:
        if begin in done:
            continue
        open_.add(begin)
        waiting = [(begin, iter(after[begin]))]
        while waiting:
            here, rest = waiting[-1]
            target = next(rest, "")
            if not target:
                waiting.pop()
                open_.discard(here)
                done.add(here)
            elif target in open_:
                turned.add((here, target))
            elif target not in done:
                open_.add(target)
                waiting.append((target, iter(after[target])))
    return [(target, source) if (source, target) in turned else (source, target) for source, target in pairs]


def _connected(after: Neighbours) -> list[list[str]]:
    """The parts of the graph that no edge connects, in the order of their first nodes."""
    beside: dict[str, list[str]] = {id_: [] for id_ in after}
    for source, targets in after.items():
        for target in targets:
            beside[source].append(target)
            beside[target].append(source)
    seen, parts = set[str](), list[list[str]]()
    for begin in after:
        if begin in seen:
            continue
        seen.add(begin)
        part = [begin]
        for id_ in part:  # which grows
            for other in beside[id_]:
                if other not in seen:
                    seen.add(other)
                    part.append(other)
        parts.append(part)
    return parts


def _block(part: Sequence[str], after: Neighbours, rank: Mapping[str, int]) -> dict[str, Cell]:
    """One connected part, in columns."""
    before: dict[str, list[str]] = {id_: [] for id_ in part}
    for source in part:
        for target in after[source]:
            before[target].append(source)
    layers = _ordered(_layers(part, before, after, rank), before, after)
    columns = [layer[at : at + MAX_COLUMN] for layer in layers for at in range(0, len(layer), MAX_COLUMN)]
    tallest = max(map(len, columns))
    return {
        id_: Cell(column, row + (tallest - len(ids)) / 2)
        for column, ids in enumerate(columns)
        for row, id_ in enumerate(ids)
    }


def _layers(part: Sequence[str], before: Neighbours, after: Neighbours, rank: Mapping[str, int]) -> list[list[str]]:
    """Each node behind all that lead to it; what nothing leads to stands right before the first that it leads to."""
    missing = {id_: len(before[id_]) for id_ in part}
    ready = [id_ for id_ in part if not missing[id_]]
    layer = dict.fromkeys(part, 0)
    for id_ in ready:  # which grows: no circle is left
        for target in after[id_]:
            layer[target] = max(layer[target], layer[id_] + 1)
            missing[target] -= 1
            if not missing[target]:
                ready.append(target)
    for id_ in part:
        if not before[id_] and after[id_]:
            layer[id_] = min(layer[target] for target in after[id_]) - 1
    found: list[list[str]] = [[] for _ in range(max(layer.values()) + 1)]
    for id_ in sorted(part, key=rank.__getitem__):
        found[layer[id_]].append(id_)
    return found


def _ordered(layers: list[list[str]], before: Neighbours, after: Neighbours) -> list[list[str]]:
    """Each layer in the order of the mean places of its neighbours, from the left and from the right in turn."""
    place = {id_: float(number) for layer in layers for number, id_ in enumerate(layer)}
    for sweep in range(SWEEPS):
        neighbours, order = (after, reversed(layers)) if sweep % 2 else (before, iter(layers))
        for layer in order:
            means = {
                id_: sum(place[each] for each in neighbours[id_]) / len(neighbours[id_])
                for id_ in layer
                if neighbours[id_]
            }
            layer.sort(key=lambda id_: (means.get(id_, place[id_]), place[id_]))
            place.update((id_, float(number)) for number, id_ in enumerate(layer))
    return layers


def _packed(blocks: Sequence[dict[str, Cell]]) -> dict[str, Cell]:
    """Blocks from left to right, in rows as wide as the widest of them."""
    widths = [max(cell.column for cell in block.values()) + 1 for block in blocks]
    widest = max([_WIDEST, *widths])
    cells: dict[str, Cell] = {}
    left = top = tallest = 0.0
    for block, width in zip(blocks, widths, strict=True):
        if left + width > widest:
            left, top, tallest = 0.0, top + tallest, 0.0
        cells.update((id_, Cell(left + cell.column, top + cell.row)) for id_, cell in block.items())
        left += width
        tallest = max(tallest, *(cell.row + 1 for cell in block.values()))
    return cells

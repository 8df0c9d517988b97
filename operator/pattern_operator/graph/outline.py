"""A graph as a nested list, for screen readers and terminals: each node once, below one that leads to it.

It holds every node, also where a drawing folds most of them. What else a node leads to is said beside it. Nothing is
built by recursion, nor deeper than ``MAX_DEPTH``: a chain of dependencies may be as long as a pattern has objects.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pattern_operator.graph.model import Edge, Graph, Node, by_severity
from pattern_operator.graph.relation import CONTAINS, OWNS

MAX_DEPTH: Final = 12  # levels; what is deeper stands beside what leads to it
_NAMESPACE: Final = "Namespace"
MAX_FURTHER: Final = 8  # further edges of an item that are said; the rest is counted


@dataclass(frozen=True, slots=True)
class Item:
    """A node, how the one above leads to it (empty at the top), what else it leads to, and what is below it.

    ``further`` are words such as ``reads ConfigMap web``; ``more_further`` counts those that are not among them.
    """

    node: Node
    relation: str
    further: tuple[str, ...]
    more_further: int
    items: tuple["Item", ...]

    def walk(self) -> Iterator["Item"]:
        """This item, and all below it, in the order in which they are read."""
        waiting = [self]
        while waiting:
            item = waiting.pop()
            yield item
            waiting.extend(reversed(item.items))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a node stands: below ``above`` (empty at the top), to which ``edge`` leads from there, if any does."""

    above: str
    depth: int
    edge: Edge | None


def outline(graph: Graph) -> tuple[Item, ...]:
    """The items at the top. The worst comes first, and what has something bad below it stands as far up as that."""
    nodes = {node.id: node for node in sorted(graph.nodes, key=by_severity)}
    edges: dict[str, list[Edge]] = {id_: [] for id_ in nodes}
    for edge in graph.edges:
        if edge.source != edge.target:
            edges[edge.source].append(edge)
    return _items(nodes, edges, _places(nodes, edges))


def _places(nodes: Mapping[str, Node], edges: Mapping[str, list[Edge]]) -> dict[str, _Place]:
    """Where each node stands, what is above before what is below it.

    A Namespace is at the top, and what nothing else leads to is in it.
    """
    namespaces = {id_: _Place("", 0, None) for id_, node in nodes.items() if node.kind == _NAMESPACE}
    inside = {
        edge.target: edge
        for id_ in namespaces
        for edge in edges[id_]
        if edge.relation == CONTAINS and edge.target not in namespaces
    }
    leading = {
        id_: [edge for edge in each if edge.relation != CONTAINS and edge.target not in namespaces]
        for id_, each in edges.items()
        if id_ not in namespaces
    }
    places = _forest(leading)
    moved = {
        id_: _Place(inside[id_].source, 1, inside[id_])
        for id_, place in places.items()
        if not place.above and id_ in inside
    }
    return {**namespaces, **places, **moved}


def _forest(edges: Mapping[str, list[Edge]]) -> dict[str, _Place]:
    every = [edge for leading in edges.values() for edge in leading]
    reached = {edge.target for edge in every}
    owned = {edge.target for edge in every if edge.relation == OWNS}
    places: dict[str, _Place] = {}
    # First what nothing leads to; then circles, which begin at what nobody owns, or else anywhere.
    for begins in ((id_ for id_ in edges if id_ not in reached), (id_ for id_ in edges if id_ not in owned), edges):
        for begin in begins:
            if begin not in places:
                places[begin] = _Place("", 0, None)
                _place_below(begin, edges, owned, places)
    return places


def _place_below(begin: str, edges: Mapping[str, list[Edge]], owned: set[str], places: dict[str, _Place]) -> None:
    """Place what ``begin`` leads to, in the fewest steps; what is owned only below its owner."""
    waiting = deque([begin])
    while waiting:
        here = waiting.popleft()
        place = places[here]
        for edge in edges[here]:
            if edge.target in places or (edge.target in owned and edge.relation != OWNS):
                continue
            if place.depth < MAX_DEPTH - 1:
                places[edge.target] = _Place(here, place.depth + 1, edge)
            else:
                places[edge.target] = _Place(place.above, place.depth, None)
            waiting.append(edge.target)


def _items(
    nodes: Mapping[str, Node], edges: Mapping[str, list[Edge]], places: Mapping[str, _Place]
) -> tuple[Item, ...]:
    below: dict[str, list[tuple[int, int, Item]]] = {}
    order = {id_: number for number, id_ in enumerate(nodes)}
    for id_, place in reversed([*places.items()]):  # what is below comes before what is above it
        inner = sorted(below.pop(id_, ()), key=lambda each: each[:2])
        rank = min([nodes[id_].state.rank, *(each[0] for each in inner)])
        item = _item(id_, nodes, edges, places, tuple(each[2] for each in inner))
        below.setdefault(place.above, []).append((rank, order[id_], item))
    return tuple(each[2] for each in sorted(below.get("", ()), key=lambda each: each[:2]))


def _item(
    id_: str,
    nodes: Mapping[str, Node],
    edges: Mapping[str, list[Edge]],
    places: Mapping[str, _Place],
    inner: tuple[Item, ...],
) -> Item:
    edge = places[id_].edge
    further = [each for each in edges[id_] if places[each.target].edge is not each]
    said = tuple(f"{each.relation} {nodes[each.target].display_name}" for each in further[:MAX_FURTHER])
    return Item(nodes[id_], edge.relation if edge else "", said, max(0, len(further) - MAX_FURTHER), inner)

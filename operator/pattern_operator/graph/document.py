"""A graph, and its nested list, as JSON values for programs. Names are in camelCase, as in Kubernetes."""

from collections.abc import Sequence
from typing import Any

from pattern_operator.graph.model import Edge, Graph, Node
from pattern_operator.graph.outline import Item

Value = dict[str, Any]  # JSON


def graph_document(graph: Graph) -> Value:
    """``nodes`` and ``edges``: every node, whatever a drawing folds."""
    return {
        "nodes": [node_document(node) for node in graph.nodes],
        "edges": [_edge(edge) for edge in graph.edges],
        "moreEdges": graph.more_edges,
    }


def node_document(node: Node) -> Value:
    """One node; what is empty is left out, but for its name and state."""
    value: Value = {"id": node.id, "type": str(node.type), "kind": node.kind, "name": node.name}
    value |= {name: text for name, text in (("group", node.group), ("namespace", node.namespace)) if text}
    value["state"] = str(node.state)
    if node.message:
        value["message"] = node.message
    if node.drawn_at is not None:
        value["drawnAt"] = {"x": node.drawn_at.x, "y": node.drawn_at.y}
    return value


def items_of(items: Sequence[Item]) -> list[Value]:
    """The nested list; an item has ``items`` where there is something below it."""
    made: dict[int, Value] = {}
    every = [each for item in items for each in item.walk()]
    for item in reversed(every):  # what is below comes before what is above it
        value = node_document(item.node)
        if item.relation:
            value["relation"] = item.relation
        if item.further:
            value["further"] = list(item.further)
        if item.items:
            value["items"] = [made.pop(id(each)) for each in item.items]
        made[id(item)] = value
    return [made[id(item)] for item in items]


def _edge(edge: Edge) -> Value:
    value: Value = {"source": edge.source, "target": edge.target, "relation": edge.relation}
    return value | {"origin": str(edge.origin)}

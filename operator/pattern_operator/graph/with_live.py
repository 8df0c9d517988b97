"""Joins the graph of a design with that of the cluster: what runs stands where its author has drawn it."""

from dataclasses import replace

from pattern_operator.graph.model import MAX_EDGES, MAX_NODES, Graph
from pattern_operator.graph.state import NodeState


def with_live(rendered: Graph, live: Graph) -> Graph:
    """The nodes and edges of both; an object that both have is as the cluster has it. Both name objects by their keys.

    What is only ``rendered`` keeps its state: it is refused, or not applied yet.
    """
    places = {node.id: node.drawn_at for node in rendered.nodes}
    known = [replace(node, drawn_at=places.get(node.id)) for node in live.nodes]
    ids = {node.id for node in known}
    rest = [node for node in rendered.nodes if node.id not in ids and node.state is not NodeState.OUTSIDE]
    outside = [node for node in rendered.nodes if node.id not in ids and node.state is NodeState.OUTSIDE]
    nodes = (*known, *rest, *outside)[:MAX_NODES]
    held = {node.id for node in nodes}
    edges = dict.fromkeys(
        each for each in (*live.edges, *rendered.edges) if each.source in held and each.target in held
    )
    more = rendered.more_edges or live.more_edges or len(edges) > MAX_EDGES
    return Graph(nodes, tuple(edges)[:MAX_EDGES], more)

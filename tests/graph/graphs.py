"""Small graphs for the tests: nodes by their names, edges as ``a -> b``."""

from typing import Any

from pattern_operator.graph import Edge, Graph, Node, NodeState, NodeType, Origin, Part, Point
from pattern_operator.graph.relation import READS


def node(name: str, state: NodeState = NodeState.CURRENT, kind: str = "ConfigMap", **fields: Any) -> Node:
    """A node whose id is its name."""
    return Node(id=name, type=NodeType.OBJECT, kind=kind, name=name, state=state, **fields)


def edge(between: str, relation: str = READS, origin: Origin = Origin.KUBERNETES) -> Edge:
    """``a -> b``."""
    source, target = between.split(" -> ")
    return Edge(source, target, relation, origin)


def graph(nodes: str, *edges: str | Edge, **states: NodeState) -> Graph:
    """Nodes by their names, with a state where one is given."""
    made = [node(name, states.get(name, NodeState.CURRENT)) for name in nodes.split()]
    return Graph(tuple(made), tuple(edge(each) if isinstance(each, str) else each for each in edges))


def body(kind: str, name: str, api_version: str = "v1", namespace: str = "shop", **fields: Any) -> dict[str, Any]:
    """A Kubernetes object; ``metadata`` in ``fields`` is laid over its own."""
    metadata = {"name": name, "namespace": namespace, **fields.pop("metadata", {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}


def part(kind: str, name: str, api_version: str = "v1", **fields: Any) -> Part:
    """A part whose id is ``Kind/name``."""
    return Part(f"{kind}/{name}", body(kind, name, api_version, **fields))


def workload(name: str, kind: str = "Deployment", pod: Any = None, **fields: Any) -> Part:
    """A workload of pods that are labelled ``app: name``, with this specification."""
    template = {"metadata": {"labels": {"app": name}}, "spec": pod or {"containers": []}}
    return part(kind, name, "apps/v1", spec={"template": template}, **fields)


def edges_of(found: Graph) -> set[tuple[str, str, str]]:
    """The edges as (source, relation, target)."""
    return {(each.source, each.relation, each.target) for each in found.edges}


def at(x: float, y: float) -> Point:
    """A point."""
    return Point(x, y)

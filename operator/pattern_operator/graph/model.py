"""What a pattern is made of and how the parts hang together: nodes, edges, and the graph of both."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pattern_operator.graph.state import NodeState

MAX_NODES: Final = 20_000  # of a graph: a design has as many components, and 14,000 objects are all listed
MAX_EDGES: Final = 50_000  # of a graph; what is beyond is counted


class NodeType(StrEnum):
    """What a node stands for."""

    OBJECT = "Object"  # of the pattern, or one that such an object names
    COMPONENT = "Component"  # of a design, with no object: it was skipped or refused
    FOLDED = "Folded"  # several nodes of one kind that are not drawn one by one


class Origin(StrEnum):
    """Who says that two nodes belong together."""

    KUBERNETES = "Kubernetes"  # a field of an object
    DESIGN = "Design"  # a relationship of the design, or dependsOn


@dataclass(frozen=True, slots=True)
class Point:
    """A place in a drawing; y grows downwards."""

    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A part of a pattern. ``id`` is unique in its graph; ``message`` says more of its state, in bounded words.

    ``count`` is how many parts it stands for, ``drawn_at`` where the author of the design has put its middle.
    """

    id: str
    type: NodeType
    kind: str
    name: str
    group: str = ""
    namespace: str = ""
    state: NodeState
    message: str = ""
    count: int = 1
    drawn_at: Point | None = None

    @property
    def display_name(self) -> str:
        """``Deployment web``, as people name it; of several ``12 ConfigMap``."""
        if self.type is NodeType.FOLDED:
            return f"{self.count} {self.kind}"
        return f"{self.kind or 'component'} {self.name}"


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """``source`` ``relation`` ``target``, as in "Service web selects Deployment web"; both ends are ids of nodes.

    ``count`` is how many such edges there are between what the ends stand for.
    """

    source: str
    target: str
    relation: str
    origin: Origin
    count: int = 1


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes and edges; each end of an edge is one of the nodes. ``more_edges``: there are more than are held.

    Raises:
        ValueError: an id is there twice, or an edge leads to no node.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...] = ()
    more_edges: bool = False

    def __post_init__(self) -> None:
        ids = {node.id for node in self.nodes}
        if len(ids) != len(self.nodes):
            raise ValueError("two nodes have the same id")
        if any(edge.source not in ids or edge.target not in ids for edge in self.edges):
            raise ValueError("an edge has an end that is not a node")

    @property
    def worst(self) -> NodeState:
        """The worst state of any node; of no node at all, that nothing is amiss."""
        return min((node.state for node in self.nodes), key=lambda state: state.rank, default=NodeState.CURRENT)


def by_severity(node: Node) -> tuple[int, str, str, str, str]:
    """Sorts nodes: the worst first, then as people look for them."""
    return node.state.rank, node.kind, node.namespace, node.name, node.id

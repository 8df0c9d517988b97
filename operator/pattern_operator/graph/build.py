"""Makes the graph of objects: each a node, and an edge for what it owns, names or selects. Pure.

What an object names and the pattern does not have is a node as well (``NodeState.OUTSIDE``): a Secret that somebody
must make is what people look for. What is owned says again what its owner says, so that only its owner's names count.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from pattern_operator.api.fields import ObjectMeta, mapping, shallow, text_at
from pattern_operator.api.object import Body
from pattern_operator.graph.labels import LabelIndex
from pattern_operator.graph.model import MAX_EDGES, MAX_NODES, Edge, Graph, Node, NodeType, Origin, Point
from pattern_operator.graph.references import (
    Reference,
    owners_of,
    pod_labels_of,
    references_of,
    selectors_of,
)
from pattern_operator.graph.relation import CONTAINS, OWNS, SELECTS
from pattern_operator.graph.state import NodeState
from pattern_operator.quote import one_line

MAX_OUTSIDE: Final = 1_000  # nodes for what is no part of the pattern
MAX_WORDS: Final = 512  # bytes of a message
MAX_NAME: Final = 320  # bytes of a name or kind
MAX_DEPTH: Final = 64  # levels of an object that are read, as of documents
_ALWAYS_THERE: Final = ("ServiceAccount", "default")  # every namespace has one
_OF_ITS_OWN: Final = "PersistentVolumeClaim"  # what a pod of a StatefulSet names beside what its owner says
_CLUSTER_SCOPED: Final = frozenset(
    {
        "ClusterRole",
        "Group",
        "IngressClass",
        "PersistentVolume",
        "PriorityClass",
        "RuntimeClass",
        "StorageClass",
        "User",
    }
)


@dataclass(frozen=True, slots=True)
class Part:
    """An object with its state. ``id`` is unique among the parts; ``drawn_at`` is where its author has put it."""

    id: str
    body: Body = field(repr=False)
    state: NodeState = NodeState.RENDERED
    message: str = ""
    drawn_at: Point | None = None

    @property
    def node(self) -> Node:
        """The node that stands for it."""
        meta, api_version = ObjectMeta.of(self.body), text_at(self.body, "apiVersion")
        group, slash, _ = api_version.rpartition("/")
        return Node(
            id=self.id,
            type=NodeType.OBJECT,
            group=one_line(group if slash else "", MAX_NAME),
            kind=one_line(text_at(self.body, "kind"), MAX_NAME),
            namespace=one_line(meta.namespace, MAX_NAME),
            name=one_line(meta.name, MAX_NAME),
            state=self.state,
            message=one_line(self.message, MAX_WORDS),
            drawn_at=self.drawn_at,
        )


@dataclass(slots=True)
class Edges:
    """The edges that were found, each once, and the nodes for what they lead to outside of the pattern."""

    found: dict[tuple[str, str, str], Edge] = field(default_factory=dict)
    outside: dict[str, Node] = field(default_factory=dict)
    more: bool = False

    def add(self, source: str, target: str, relation: str, origin: Origin = Origin.KUBERNETES) -> None:
        """Note an edge; beyond ``MAX_EDGES``, only that there are more."""
        if source == target or (source, target, relation) in self.found:
            return
        if len(self.found) >= MAX_EDGES:
            self.more = True
            return
        self.found[source, target, relation] = Edge(source, target, relation, origin)

    def add_outside(self, source: str, reference: Reference, namespace: str) -> None:
        """Note an edge to what is no part of the pattern."""
        if (reference.kind, reference.name) == _ALWAYS_THERE:
            return
        kind, name = one_line(reference.kind, MAX_NAME), one_line(reference.name, MAX_NAME)
        where = "" if kind in _CLUSTER_SCOPED else one_line(reference.namespace or namespace, MAX_NAME)
        id_ = f"outside/{kind}/{where}/{name}"
        if id_ not in self.outside:
            if len(self.outside) >= MAX_OUTSIDE:
                self.more = True
                return
            self.outside[id_] = Node(
                id=id_, type=NodeType.OBJECT, kind=kind, namespace=where, name=name, state=NodeState.OUTSIDE
            )
        self.add(source, id_, reference.relation)


def graph_of(parts: Iterable[Part], *, components: Sequence[Node] = (), drawn: Iterable[Edge] = ()) -> Graph:
    """The graph of ``parts``; ``components`` are nodes with no object, ``drawn`` edges between any of them.

    Bodies may have any shape. Of what is beyond ``MAX_NODES`` nothing is held, and of an id that comes twice the last.
    """
    held = list(islice(parts, MAX_NODES))
    ids = {node.id: node for node in (*(each.node for each in held), *components[: MAX_NODES - len(held)])}
    nodes, edges = [*ids.values()], Edges()
    _connect(held, edges)
    for edge in drawn:
        if edge.source in ids and edge.target in ids:
            edges.add(edge.source, edge.target, edge.relation, edge.origin)
    _connect_namespaces(nodes, edges)
    outside = (node for id_, node in edges.outside.items() if id_ not in ids)
    return Graph((*nodes, *outside), tuple(edges.found.values()), edges.more)


@dataclass(slots=True)
class _Index:
    """Where the parts are found: by UID, by kind, namespace and name, and by labels."""

    by_uid: dict[str, str] = field(default_factory=dict)
    by_name: dict[tuple[str, str, str], str] = field(default_factory=dict)
    pods: LabelIndex = field(default_factory=LabelIndex)
    services: LabelIndex = field(default_factory=LabelIndex)

    def find(self, kind: str, namespace: str, name: str) -> str | None:
        """The id of an object in the namespace, or of one without."""
        return self.by_name.get((kind, namespace, name)) or self.by_name.get((kind, "", name))


def _connect(parts: Sequence[Part], edges: Edges) -> None:
    index, owned = _Index(), set[str]()
    for part in parts:
        meta = ObjectMeta.of(part.body)
        if meta.uid:
            index.by_uid[meta.uid] = part.id
        index.by_name.setdefault((text_at(part.body, "kind"), meta.namespace, meta.name), part.id)
    for part in parts:
        for owner in owners_of(part.body):
            namespace = ObjectMeta.of(part.body).namespace
            found = index.by_uid.get(owner.uid) or index.find(owner.kind, namespace, owner.name)
            if found is not None and found != part.id:
                edges.add(found, part.id, OWNS)
                owned.add(part.id)
    for part in parts:
        if part.id not in owned:
            _index_labels(part, index)
    for part in parts:
        _connect_names(part, index, edges, is_owned=part.id in owned)
        _connect_selected(part, index, edges)
    edges.more = edges.more or index.pods.exhausted or index.services.exhausted


def _index_labels(part: Part, index: _Index) -> None:
    meta = ObjectMeta.of(part.body)
    if (labels := pod_labels_of(part.body)) is not None:
        index.pods.add(part.id, meta.namespace, labels)
    if text_at(part.body, "kind") == "Service":
        index.services.add(part.id, meta.namespace, meta.raw.get("labels"))


def _connect_names(part: Part, index: _Index, edges: Edges, *, is_owned: bool) -> None:
    namespace = ObjectMeta.of(part.body).namespace
    body = mapping(shallow(part.body, depth=MAX_DEPTH))
    for each in references_of(body):
        if is_owned and each.kind != _OF_ITS_OWN:
            continue
        found = index.find(each.kind, each.namespace or namespace, each.name)
        if found is not None:
            edges.add(part.id, found, each.relation)
        else:
            edges.add_outside(part.id, each, namespace)


def _connect_selected(part: Part, index: _Index, edges: Edges) -> None:
    namespace = ObjectMeta.of(part.body).namespace
    for each in selectors_of(part.body):
        labels = index.services if each.kind == "Service" else index.pods
        for found in labels.select(namespace, each.selector):
            edges.add(part.id, found, SELECTS)


def _connect_namespaces(nodes: Sequence[Node], edges: Edges) -> None:
    """A Namespace of the pattern contains what nothing else leads to."""
    namespaces = {node.name: node.id for node in nodes if node.kind == "Namespace" and not node.group}
    reached = {target for _, target, _ in edges.found}
    for node in nodes:
        if node.namespace in namespaces and node.id not in reached:
            edges.add(namespaces[node.namespace], node.id, CONTAINS)

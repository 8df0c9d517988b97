"""What of a graph is drawn: at most ``MAX_DRAWN`` nodes, the worst first; the rest is folded by kind, with counts.

Of two that are as bad, the one that more is connected to comes first. With what is bad comes what owns it, so that it
can be seen whose pod has failed.
"""

from collections import Counter
from dataclasses import replace
from typing import Final

from pattern_operator.graph.model import Edge, Graph, Node, NodeType, by_severity
from pattern_operator.graph.relation import OWNS

MAX_DRAWN: Final = 200  # nodes of a drawing, folded ones included: what people can look through, and browsers draw
MAX_KINDS: Final = 12  # folded nodes, one a kind; the last is of all the other kinds
_OWNERS: Final = 8  # levels of owners that come with a node
_OTHER: Final = "other kinds"


def fold(graph: Graph) -> Graph:
    """The graph as it is drawn: itself where it is small enough."""
    if len(graph.nodes) <= MAX_DRAWN:
        return graph
    drawn = _drawn(graph)
    folded = [node for node in graph.nodes if node.id not in drawn]
    fold_of, folds = _folds(folded)
    kept = [node for node in graph.nodes if node.id in drawn]
    return Graph((*kept, *folds), _edges(graph, fold_of), graph.more_edges)


def _drawn(graph: Graph) -> set[str]:
    degrees = Counter(end for edge in graph.edges for end in (edge.source, edge.target))
    owners = {edge.target: edge.source for edge in graph.edges if edge.relation == OWNS}
    order = sorted(graph.nodes, key=lambda node: (node.state.rank, -degrees[node.id], by_severity(node)))
    drawn = set[str]()
    for node in order:
        chain, above = [node.id], owners.get(node.id)
        while above is not None and above not in drawn and above not in chain and len(chain) <= _OWNERS:
            chain.append(above)
            above = owners.get(above)
        if len(drawn) + len(chain) > MAX_DRAWN - MAX_KINDS:
            if len(drawn) >= MAX_DRAWN - MAX_KINDS:
                break
            chain = chain[:1]
        drawn.update(chain)
    return drawn


def _folds(folded: list[Node]) -> tuple[dict[str, str], list[Node]]:
    """Which node each is folded into, and these nodes; the state of one is the worst that it holds."""
    counts = Counter((node.group, node.kind) for node in folded)
    named = {kind for kind, _ in counts.most_common(MAX_KINDS if len(counts) <= MAX_KINDS else MAX_KINDS - 1)}
    fold_of: dict[str, str] = {}
    held: dict[tuple[str, str], list[Node]] = {}
    for node in folded:
        group, kind = (node.group, node.kind) if (node.group, node.kind) in named else ("", _OTHER)
        fold_of[node.id] = f"folded/{group}/{kind}"
        held.setdefault((group, kind), []).append(node)
    return fold_of, [_fold(group, kind, nodes) for (group, kind), nodes in held.items()]


def _fold(group: str, kind: str, nodes: list[Node]) -> Node:
    worst = min((node.state for node in nodes), key=lambda state: state.rank)
    id_, count = f"folded/{group}/{kind}", sum(node.count for node in nodes)
    return Node(id=id_, type=NodeType.FOLDED, group=group, kind=kind, name="", state=worst, count=count)


def _edges(graph: Graph, fold_of: dict[str, str]) -> tuple[Edge, ...]:
    """The edges between what is drawn; those that become one are counted, those within a folded node left out."""
    found: dict[tuple[str, str, str], Edge] = {}
    counts = Counter[tuple[str, str, str]]()
    for edge in graph.edges:
        source, target = fold_of.get(edge.source, edge.source), fold_of.get(edge.target, edge.target)
        if source != target:
            key = (source, target, edge.relation)
            found.setdefault(key, edge)
            counts[key] += edge.count
    return tuple(
        replace(edge, source=source, target=target, count=counts[source, target, relation])
        for (source, target, relation), edge in found.items()
    )

"""What a picture of a graph says in words: its summary, and the text on nodes and edges."""

import unicodedata
from collections import Counter
from typing import Final

from pattern_operator.api.object import pluralize
from pattern_operator.graph.model import Edge, Graph, Node, NodeType
from pattern_operator.quote import ELLIPSIS

_WIDE: Final = frozenset("WF")  # UAX 11: letters that are two wide


def summary(graph: Graph) -> str:
    """``14 nodes: 1 Failed, 13 Current; 20 edges``, with how many are folded."""
    counts = Counter[str]()
    for node in sorted(graph.nodes, key=lambda node: node.state.rank):
        counts[node.state] += node.count
    states = ", ".join(f"{number} {state}" for state, number in counts.items())
    edges = pluralize(sum(edge.count for edge in graph.edges), "edge") + (" and more" if graph.more_edges else "")
    folded = sum(node.count for node in graph.nodes if node.type is NodeType.FOLDED)
    more = f"; {folded} of the nodes are folded by kind" if folded else ""
    return f"{pluralize(counts.total(), 'node')}{f': {states}' if states else ''}; {edges}{more}"


def node_words(node: Node) -> str:
    """All that is said of a node: ``Deployment web in shop: Failed, 0 of 3 ready``."""
    where = f" in {node.namespace}" if node.namespace else ""
    told = f", {node.message}" if node.message else ""
    worst = "at worst " if node.type is NodeType.FOLDED else ""
    return f"{node.display_name}{where}: {worst}{node.state}{told}"


def edge_words(edge: Edge, source: Node, target: Node) -> str:
    """``Service web selects Deployment web``."""
    times = f" ({edge.count} times)" if edge.count > 1 else ""
    return f"{source.display_name} {edge.relation} {target.display_name}{times}"


def fitted(text: str, width: int) -> str:
    """``text``, of at most ``width`` letters of ordinary width; what was cut ends in an ellipsis."""
    used = 0
    for at, letter in enumerate(text):
        used += 2 if unicodedata.east_asian_width(letter) in _WIDE else 1
        if used > width:
            return text[: max(at - 1, 0)] + ELLIPSIS
    return text

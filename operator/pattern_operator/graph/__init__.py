"""What a pattern is made of and how the parts hang together, as a graph: before it is deployed, and live. Pure.

``model`` has nodes and edges, ``of_rendering`` and ``build`` make them; ``outline`` is the nested list of all of them,
``fold`` and ``layout`` what a drawing shows and where, ``svg``, ``mermaid`` and ``dot`` write it.
"""

from pattern_operator.graph.build import Part, graph_of
from pattern_operator.graph.document import graph_document, items_of
from pattern_operator.graph.dot import dot
from pattern_operator.graph.layout import lay_out
from pattern_operator.graph.mermaid import mermaid
from pattern_operator.graph.model import Edge, Graph, Node, NodeType, Origin, Point
from pattern_operator.graph.of_rendering import graph_of_rendering
from pattern_operator.graph.outline import Item, outline
from pattern_operator.graph.state import NodeState
from pattern_operator.graph.svg import svg
from pattern_operator.graph.with_live import with_live

__all__ = [
    "Edge",
    "Graph",
    "Item",
    "Node",
    "NodeState",
    "NodeType",
    "Origin",
    "Part",
    "Point",
    "dot",
    "graph_document",
    "graph_of",
    "graph_of_rendering",
    "items_of",
    "lay_out",
    "mermaid",
    "outline",
    "svg",
    "with_live",
]

"""A graph cannot be written down with an edge to nowhere, or two nodes of one id."""

import pytest
from tests.graph.graphs import edge, graph, node

from pattern_operator.graph import Graph, NodeState


def test_an_edge_to_nowhere_is_refused():
    with pytest.raises(ValueError, match="an edge has an end that is not a node"):
        Graph((node("a"),), (edge("a -> b"),))


def test_two_nodes_with_one_id_are_refused():
    with pytest.raises(ValueError, match="two nodes have the same id"):
        Graph((node("a"), node("a")))


def test_the_worst_state_is_that_of_the_worst_node():
    assert graph("a b c", b=NodeState.FAILED).worst is NodeState.FAILED


def test_of_nothing_nothing_is_amiss():
    assert Graph(()).worst is NodeState.CURRENT

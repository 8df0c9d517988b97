"""Words on pictures: what is cut, and what is counted."""

from dataclasses import replace

import pytest
from tests.graph.graphs import edge, graph

from pattern_operator.graph import Graph
from pattern_operator.graph.words import edge_words, fitted, summary


@pytest.mark.parametrize(
    ("text", "shown"),
    [("abcd", "abcd"), ("abcde", "abc…"), ("", ""), ("漢字", "漢字"), ("漢字a", "漢…")],
)
def test_what_is_too_long_is_cut_by_its_width(text, shown):
    assert fitted(text, 4) == shown


def test_a_summary_counts_nodes_by_state():
    assert summary(graph("a b")) == "2 nodes: 2 Current; 0 edges"
    assert summary(Graph(())) == "0 nodes; 0 edges"


def test_a_summary_says_that_there_are_more_edges():
    assert summary(Graph((), (), more_edges=True)) == "0 nodes; 0 edges and more"


def test_edges_that_became_one_are_counted():
    a, b = graph("a b").nodes

    assert edge_words(replace(edge("a -> b"), count=3), a, b) == "ConfigMap a reads ConfigMap b (3 times)"

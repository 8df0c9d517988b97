"""DOT: the whole graph, and labels that stay labels."""

import re

from hypothesis import given
from hypothesis import strategies as st
from tests.graph.graphs import edge, graph, node

from pattern_operator.graph import Graph, dot
from pattern_operator.graph.fold import MAX_DRAWN

STRING = r'"(?:[^"\\]|\\\\|\\")*"'
LINE = re.compile(
    rf"digraph pattern \{{|  rankdir=LR;|  node \[shape=box\];|  n\d+ \[label={STRING}, tooltip={STRING}\];"
    rf"|  n\d+ -> n\d+ \[label={STRING}\];|\}}"
)


def test_every_node_and_edge_is_written():
    names = [f"n{number}" for number in range(MAX_DRAWN + 50)]

    text = dot(graph(" ".join(names), "n0 -> n1"))

    assert text.count("tooltip=") == len(names)
    assert '  n0 -> n1 [label="reads"];' in text.splitlines()


@given(st.text(), st.text())
def test_what_others_wrote_is_a_label(name, relation):
    made = Graph((node("x", kind=name), node("y")), (edge("x -> y", relation),))

    assert all(LINE.fullmatch(line) for line in dot(made).splitlines())

"""Mermaid: what it draws, and nothing that it reads as its own."""

import re

from hypothesis import given
from hypothesis import strategies as st
from tests.graph.graphs import edge, graph, node

from pattern_operator.graph import Graph, NodeState, mermaid
from pattern_operator.graph.fold import MAX_DRAWN
from pattern_operator.graph.mermaid import MAX_EDGES

LABEL = r'"[ A-Za-z0-9./#;-]*"'
LINE = re.compile(rf"flowchart LR|  n\d+\[{LABEL}\]:::[a-z-]+|  n\d+ -->\|{LABEL}\| n\d+|  classDef .*|  %% .*")


def test_nodes_and_edges_are_written():
    lines = mermaid(graph("a b", "a -> b", a=NodeState.FAILED)).splitlines()

    assert lines[:4] == [
        "flowchart LR",
        '  n0["#10007; ConfigMap a"]:::failed',
        '  n1["#10003; ConfigMap b"]:::current',
        '  n0 -->|"reads"| n1',
    ]


def test_many_nodes_are_folded_and_many_edges_are_counted():
    large = graph(" ".join(f"n{number}" for number in range(MAX_DRAWN + 50)))
    names = [f"n{number}" for number in range(30)]
    dense = graph(" ".join(names), *(f"{one} -> {other}" for one in names for other in names if one != other))

    assert mermaid(large).count("[") <= MAX_DRAWN
    assert mermaid(dense).count("-->") == MAX_EDGES
    assert f"%% {30 * 29 - MAX_EDGES} more edges are left out" in mermaid(dense)


@given(st.text(), st.text())
def test_what_others_wrote_is_a_label(name, relation):
    made = Graph((node("x", kind=name), node("y")), (edge("x -> y", relation),))

    assert all(LINE.fullmatch(line) for line in mermaid(made).splitlines())

"""The graph of a design and that of the cluster are one: live states at the author's places."""

from tests.graph.graphs import at, edge, node

from pattern_operator.graph import Graph, NodeState, Origin, with_live
from pattern_operator.graph.relation import OWNS

DRAWN = edge("web -> db", "network", Origin.DESIGN)
RENDERED = Graph(
    (node("web", NodeState.RENDERED, drawn_at=at(1, 2)), node("db", NodeState.REFUSED), node("key", NodeState.OUTSIDE)),
    (DRAWN, edge("web -> key")),
)
LIVE = Graph((node("web", NodeState.FAILED), node("pod")), (edge("web -> pod", OWNS),))


def test_what_runs_is_as_the_cluster_has_it_where_its_author_has_drawn_it():
    found = {each.id: each for each in with_live(RENDERED, LIVE).nodes}

    assert (found["web"].state, found["web"].drawn_at) == (NodeState.FAILED, at(1, 2))
    assert {name: each.state for name, each in found.items()} == {
        "web": NodeState.FAILED,
        "pod": NodeState.CURRENT,
        "db": NodeState.REFUSED,
        "key": NodeState.OUTSIDE,
    }


def test_the_edges_of_both_are_there_once():
    again = with_live(RENDERED, with_live(RENDERED, LIVE))

    assert set(again.edges) == {DRAWN, edge("web -> key"), edge("web -> pod", OWNS)}
    assert len(again.edges) == 3


def test_with_nothing_in_the_cluster_it_is_what_was_rendered():
    assert with_live(RENDERED, Graph(())) == RENDERED

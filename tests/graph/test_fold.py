"""At most 200 nodes are drawn: the worst among them, and every other one counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cputime import cpu_time
from tests.graph.graphs import edge, graph, node

from pattern_operator.graph import Graph, NodeState, NodeType
from pattern_operator.graph.fold import MAX_DRAWN, MAX_KINDS, fold
from pattern_operator.graph.relation import OWNS

MANY = MAX_DRAWN + 300


def many(*more, kinds=1, edges=()):
    """A graph of many healthy nodes, and these."""
    healthy = [node(f"n{number}", kind=f"Kind{number % kinds}") for number in range(MANY)]
    return Graph((*healthy, *more), tuple(edges))


def folded(found):
    return [each for each in found.nodes if each.type is NodeType.FOLDED]


def test_a_graph_that_is_small_enough_is_drawn_as_it_is():
    small = graph(" ".join(f"n{number}" for number in range(MAX_DRAWN)))

    assert fold(small) is small


def test_every_node_is_drawn_or_counted_by_its_kind():
    found = fold(many(kinds=3))

    assert len(found.nodes) <= MAX_DRAWN
    assert sum(each.count for each in found.nodes) == MANY
    assert {each.kind for each in folded(found)} == {"Kind1", "Kind2"}  # those of the first kind are drawn


def test_kinds_that_are_many_are_folded_into_one():
    found = fold(many(kinds=40))

    assert len(folded(found)) == MAX_KINDS
    assert sum(each.count for each in found.nodes) == MANY
    assert "other kinds" in {each.kind for each in folded(found)}


def test_what_failed_is_drawn_with_what_owns_it():
    bad, owner, top = node("zz-bad", NodeState.FAILED), node("zz-owner"), node("zz-top")
    edges = [edge("zz-top -> zz-owner", OWNS), edge("zz-owner -> zz-bad", OWNS)]

    drawn = {each.id for each in fold(many(bad, owner, top, edges=edges)).nodes}

    assert {"zz-bad", "zz-owner", "zz-top"} <= drawn


def test_owners_in_a_circle_are_drawn_once():
    bad, owner = node("zz-bad", NodeState.FAILED), node("zz-owner")
    edges = [edge("zz-owner -> zz-bad", OWNS), edge("zz-bad -> zz-owner", OWNS)]

    drawn = [each.id for each in fold(many(bad, owner, edges=edges)).nodes]

    assert (drawn.count("zz-bad"), drawn.count("zz-owner")) == (1, 1)


def test_where_more_failed_than_are_drawn_the_rest_says_so():
    failed = tuple(node(f"bad{number}", NodeState.FAILED) for number in range(MANY))

    found = fold(Graph(failed))

    (rest,) = folded(found)
    assert (rest.state, rest.count) == (NodeState.FAILED, MANY - len(found.nodes) + 1)


def test_edges_to_what_is_folded_are_counted_as_one():
    hub = node("hub", NodeState.FAILED)
    found = fold(many(hub, edges=[edge(f"hub -> n{number}") for number in range(MANY)]))

    (rest,) = folded(found)
    (one,) = (each for each in found.edges if each.target == rest.id)
    assert (one.source, one.count) == ("hub", rest.count)
    assert sum(each.count for each in found.edges) == MANY


def test_edges_within_what_is_folded_are_left_out():
    found = fold(many(edges=[edge(f"n{number} -> n{number + 1}") for number in range(MANY - 1)]))

    assert all(each.source != each.target for each in found.edges)


@given(st.lists(st.sampled_from(list(NodeState)), min_size=MAX_DRAWN + 1, max_size=MAX_DRAWN + 60))
def test_nothing_worse_is_folded_while_something_better_is_drawn(states):
    found = fold(Graph(tuple(node(f"n{number}", state) for number, state in enumerate(states))))

    worst_drawn = max(each.state.rank for each in found.nodes if each.type is not NodeType.FOLDED)
    assert all(each.state.rank >= worst_drawn for each in folded(found))


@pytest.mark.usefixtures("untraced")
def test_fourteen_thousand_objects_are_folded_in_time():
    nodes = tuple(node(f"n{number}", kind=f"K{number % 30}") for number in range(13_999))
    made = Graph(
        (*nodes, node("bad", NodeState.FAILED)),
        tuple(edge(f"n{number % 500} -> n{number}") for number in range(500, 13_999)),
    )

    assert cpu_time(lambda: fold(made), enough=0.5) < 0.5
    assert "bad" in {each.id for each in fold(made).nodes}

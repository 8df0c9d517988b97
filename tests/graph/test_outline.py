"""The nested list: every node once, the worst first, whatever the edges are."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cputime import cpu_time
from tests.graph.graphs import edge, graph, node

from pattern_operator.graph import Graph, Item, NodeState, outline
from pattern_operator.graph.outline import MAX_DEPTH, MAX_FURTHER
from pattern_operator.graph.relation import CONTAINS, OWNS


def shape(items):
    """The names of the items, nested."""
    return {item.node.name: shape(item.items) for item in items}


def test_what_a_node_leads_to_is_below_it():
    items = outline(graph("ingress service deployment", "ingress -> service", "service -> deployment"))

    assert shape(items) == {"ingress": {"service": {"deployment": {}}}}


def test_what_is_owned_is_below_its_owner_whoever_else_leads_to_it():
    owned = edge("owner -> pod", OWNS)

    assert shape(outline(graph("a owner pod", "a -> pod", owned))) == {"a": {}, "owner": {"pod": {}}}


def test_a_node_that_two_lead_to_stands_below_one_and_is_named_at_the_other():
    first, second = outline(graph("a b shared", "a -> shared", "b -> shared"))

    assert shape([first, second]) == {"a": {"shared": {}}, "b": {}}
    assert second.further == ("reads ConfigMap shared",)
    assert first.further == ()


def test_further_edges_are_counted_where_there_are_many():
    names = [f"n{number}" for number in range(MAX_FURTHER + 2)]
    edges = [f"{begin} -> {name}" for begin in ("a", "b") for name in names]

    _, second = outline(graph(" ".join(["a", "b", *names]), *edges))

    assert (len(second.further), second.more_further) == (MAX_FURTHER, 2)


def test_the_worst_comes_first_and_draws_what_is_above_it_up():
    items = outline(graph("a b c bad", "c -> bad", bad=NodeState.FAILED))

    assert [item.node.name for item in items] == ["c", "a", "b"]


def test_a_circle_begins_somewhere_and_ends():
    assert shape(outline(graph("a b c", "a -> b", "b -> c", "c -> a"))) == {"a": {"b": {"c": {}}}}


def test_two_that_own_each_other_are_shown_all_the_same():
    assert shape(outline(graph("a b", edge("a -> b", OWNS), edge("b -> a", OWNS)))) == {"a": {"b": {}}}


def test_an_edge_to_itself_is_not_shown():
    (item,) = outline(graph("a", "a -> a"))

    assert (item.further, item.items) == ((), ())


def namespaced(*edges):
    return Graph((node("shop", kind="Namespace"), node("web"), node("db")), tuple(edges))


def test_a_namespace_has_in_it_what_nothing_else_leads_to():
    found = outline(namespaced(edge("shop -> web", CONTAINS), edge("shop -> db", CONTAINS), edge("web -> db")))

    assert shape(found) == {"shop": {"web": {"db": {}}}}


def test_what_depends_on_its_namespace_is_in_it_and_not_above_it():
    found = outline(namespaced(edge("shop -> web", CONTAINS), edge("web -> shop"), edge("web -> db")))

    assert shape(found) == {"shop": {"web": {"db": {}}}}


def test_a_chain_without_an_end_is_not_nested_without_an_end():
    names = [f"n{number:05}" for number in range(5_000)]
    chain = [f"{one} -> {other}" for one, other in itertools.pairwise(names)]

    items = outline(graph(" ".join(names), *chain))

    assert deepest(items) == MAX_DEPTH
    assert sorted(each.node.name for item in items for each in item.walk()) == names


def deepest(items: tuple[Item, ...]) -> int:
    depth, level = 0, list(items)
    while level:
        depth, level = depth + 1, [below for item in level for below in item.items]
    return depth


@given(
    st.integers(1, 12).flatmap(
        lambda size: st.tuples(
            st.just(size),
            st.lists(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1), st.sampled_from([OWNS, "reads"]))),
        )
    )
)
def test_every_node_is_there_once_whatever_the_edges_are(given_graph):
    size, pairs = given_graph
    edges = {edge(f"{source} -> {target}", relation) for source, target, relation in pairs}
    nodes = tuple(node(str(number), list(NodeState)[number % 4]) for number in range(size))

    items = outline(Graph(nodes, tuple(sorted(edges))))

    names = [each.node.name for item in items for each in item.walk()]
    assert sorted(names) == sorted(each.name for each in nodes)


@pytest.mark.usefixtures("untraced")
def test_fourteen_thousand_objects_are_all_listed_in_time():
    names = [f"n{number}" for number in range(14_000)]
    made = graph(" ".join(names), *(f"n{number // 7} -> n{number}" for number in range(7, 14_000)))

    assert cpu_time(lambda: outline(made), enough=0.8) < 0.8
    assert sum(1 for item in outline(made) for _ in item.walk()) == 14_000

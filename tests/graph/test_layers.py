"""The layout in layers: from left to right, no node over another, whatever the edges are."""

import itertools

from hypothesis import given
from hypothesis import strategies as st
from tests.graph.graphs import edge, graph

from pattern_operator.graph.layers import MAX_COLUMN, layered


def cells(nodes, *edges):
    made = graph(nodes, *edges)
    return layered(made.nodes, made.edges)


def test_what_leads_to_a_node_is_left_of_it():
    found = cells("a b c", "a -> b", "b -> c", "a -> c")

    assert (found["a"].column, found["b"].column, found["c"].column) == (0, 1, 2)


def test_what_nothing_leads_to_stands_right_before_what_it_leads_to():
    found = cells("a b c late", "a -> b", "b -> c", "late -> c")

    assert found["late"].column == 1


def test_a_circle_is_opened():
    found = cells("a b c", "a -> b", "b -> c", "c -> a")

    assert sorted(cell.column for cell in found.values()) == [0, 1, 2]


def test_an_edge_to_itself_and_one_to_nowhere_move_nothing():
    made = graph("a b", "a -> a")

    assert set(layered(made.nodes, [*made.edges, edge("a -> gone")])) == {"a", "b"}


def test_neighbours_stand_beside_each_other():
    found = cells("a1 a2 b1 b2 root", "root -> a1", "root -> a2", "a1 -> b2", "a2 -> b1")

    assert (found["a1"].row < found["a2"].row) == (found["b2"].row < found["b1"].row)


def test_a_layer_that_is_long_goes_into_several_columns():
    names = [f"n{number}" for number in range(MAX_COLUMN + 5)]

    found = cells(" ".join(["root", *names]), *(f"root -> {name}" for name in names))

    assert {found[name].column for name in names} == {1, 2}


def test_what_is_not_connected_stands_in_rows():
    found = cells(" ".join(f"n{number:02}" for number in range(14)))

    assert [found[f"n{number:02}"].column for number in range(7)] == [0, 1, 2, 3, 4, 5, 0]
    assert {cell.row for cell in found.values()} == {0, 1, 2}


def test_nothing_is_laid_out_of_nothing():
    assert layered([], []) == {}


@given(
    st.integers(1, 40).flatmap(
        lambda size: st.tuples(
            st.just(size), st.lists(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)), max_size=80)
        )
    )
)
def test_no_node_covers_another_whatever_the_edges_are(given_graph):
    size, pairs = given_graph
    edges = sorted({f"n{source} -> n{target}" for source, target in pairs})

    found = cells(" ".join(f"n{number}" for number in range(size)), *edges)

    places = sorted((cell.column, cell.row) for cell in found.values())
    assert len(places) == size
    assert all(column >= 0 and row >= 0 for column, row in places)
    for (column, row), (next_column, next_row) in itertools.pairwise(places):
        assert column != next_column or next_row - row >= 1

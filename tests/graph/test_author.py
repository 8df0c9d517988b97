"""The author's places are kept: their order, their distance where it matters, and nothing covers another."""

from hypothesis import given
from hypothesis import strategies as st
from tests.graph.graphs import at, node

from pattern_operator.graph import NodeState
from pattern_operator.graph.author import as_drawn, has_places


def drawn(*points):
    return [node(f"n{number}", drawn_at=point) for number, point in enumerate(points)]


def test_places_count_where_half_of_the_nodes_have_one():
    assert has_places([*drawn(at(0, 0), at(5, 0)), node("a"), node("b")])
    assert not has_places([*drawn(at(0, 0), at(5, 0)), node("a"), node("b"), node("c")])


def test_what_is_outside_needs_no_place():
    outside = [node(f"o{number}", NodeState.OUTSIDE) for number in range(9)]

    assert has_places([*drawn(at(0, 0), at(5, 0)), *outside])


def test_nodes_that_all_lie_in_one_place_have_none():
    assert not has_places(drawn(at(3, 3), at(3, 3), at(3, 3)))


def test_what_is_drawn_left_and_above_stays_so():
    found = as_drawn(drawn(at(-200, 10), at(100, 10), at(-200, 300)))

    assert found["n0"].column < found["n1"].column
    assert found["n0"].row < found["n2"].row
    assert found["n0"].column == found["n2"].column
    assert found["n0"].row == found["n1"].row
    assert min(cell.column for cell in found.values()) == min(cell.row for cell in found.values()) == 0


def test_a_node_that_is_far_away_makes_no_large_picture():
    found = as_drawn(drawn(at(0, 0), at(10, 0), at(20, 0), at(10_000_000, -10_000_000)))

    assert max(cell.column for cell in found.values()) <= 4
    assert max(cell.row for cell in found.values()) <= 2


@given(st.lists(st.builds(at, *[st.floats(-1e7, 1e7) | st.integers(-3, 3).map(float)] * 2), max_size=40))
def test_no_node_covers_another_wherever_they_are_drawn(points):
    found = as_drawn(drawn(*points))

    assert len({(cell.column, cell.row) for cell in found.values()}) == len(points)
    assert all(0 <= cell.column <= 2 * len(points) and 0 <= cell.row <= 2 * len(points) for cell in found.values())

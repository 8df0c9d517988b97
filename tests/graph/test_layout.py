"""A drawing: the author's places where there are some, pods and what else has none below, in time."""

import pytest
from tests.cputime import cpu_time
from tests.graph.graphs import at, edge, graph, node

from pattern_operator.graph import Graph, NodeState, lay_out, svg
from pattern_operator.graph.drawing import HEIGHT, MARGIN, WIDTH
from pattern_operator.graph.fold import MAX_DRAWN


def places(drawing):
    return {each.node.id: each for each in drawing.placed}


def test_without_places_of_an_author_it_is_laid_out_in_layers():
    found = places(lay_out(graph("a b", "a -> b")))

    assert found["b"].x >= found["a"].x + WIDTH
    assert found["a"].y == found["b"].y


def test_what_the_author_has_not_placed_is_below_what_they_have():
    nodes = (node("a", drawn_at=at(0, 0)), node("b", drawn_at=at(0, 500)), node("pod"))

    found = places(lay_out(Graph(nodes, (edge("a -> pod"),))))

    assert found["a"].y < found["b"].y < found["pod"].y
    assert found["b"].y + HEIGHT <= found["pod"].y


def test_every_box_is_inside_of_the_picture():
    drawing = lay_out(graph("a b c", "a -> b", "b -> c"))

    for each in drawing.placed:
        assert MARGIN <= each.x <= drawing.width - WIDTH - MARGIN
        assert MARGIN <= each.y <= drawing.height - HEIGHT - MARGIN


def test_nothing_is_drawn_of_nothing():
    drawing = lay_out(Graph(()))

    assert drawing.placed == ()
    assert drawing.width > 0
    assert drawing.height > 0


@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("placed", [True, False], ids=["as drawn", "in layers"])
def test_two_hundred_nodes_are_drawn_within_200_ms(placed):
    nodes = tuple(
        node(f"n{number}", drawn_at=at(number % 20 * 7, number // 20 * 7) if placed else None)
        for number in range(MAX_DRAWN)
    )
    edges = tuple(edge(f"n{number % 40} -> n{number}") for number in range(40, MAX_DRAWN))
    edges += tuple(edge(f"n{number} -> n{number - 30}", "selects") for number in range(60, MAX_DRAWN))
    made = Graph(nodes, edges)

    assert cpu_time(lambda: svg(lay_out(made), title="web"), enough=0.2) < 0.2


@pytest.mark.usefixtures("untraced")
def test_fourteen_thousand_nodes_are_drawn_as_two_hundred_in_time():
    nodes = tuple(node(f"n{number}") for number in range(13_999))
    made = Graph((*nodes, node("bad", NodeState.FAILED)), tuple(edge(f"n0 -> n{number}") for number in range(1, 9_000)))

    assert cpu_time(lambda: lay_out(made), enough=0.7) < 0.7
    assert len(lay_out(made).placed) <= MAX_DRAWN
    assert "bad" in places(lay_out(made))

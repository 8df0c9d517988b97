"""Graphs for programs."""

from tests.graph.graphs import at, edge, node

from pattern_operator.graph import Graph, NodeState, graph_document, items_of, outline

MADE = Graph(
    (
        node("a", NodeState.FAILED, group="apps", namespace="shop", message="m", drawn_at=at(1, 2)),
        node("b"),
    ),
    (edge("a -> b"),),
)


def test_a_graph_has_its_nodes_and_edges():
    found = graph_document(MADE)

    assert found["nodes"] == [
        {
            "id": "a",
            "type": "Object",
            "kind": "ConfigMap",
            "name": "a",
            "group": "apps",
            "namespace": "shop",
            "state": "Failed",
            "message": "m",
            "drawnAt": {"x": 1, "y": 2},
        },
        {"id": "b", "type": "Object", "kind": "ConfigMap", "name": "b", "state": "Current"},
    ]
    assert found["edges"] == [{"source": "a", "target": "b", "relation": "reads", "origin": "Kubernetes"}]
    assert found["moreEdges"] is False


def test_a_list_is_nested():
    (item,) = items_of(outline(MADE))

    (below,) = item["items"]
    assert (item["id"], below["id"], below["relation"]) == ("a", "b", "reads")
    assert "items" not in below

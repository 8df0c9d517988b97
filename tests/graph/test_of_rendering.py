"""The graph of a pattern that is not deployed: objects, components with none, and places of the author."""

from tests.graph.graphs import edges_of
from tests.render.designs import component, deployment, design, names, published
from tests.render.rendered import render

from pattern_operator.graph import NodeState, NodeType, Point, graph_of_rendering, outline
from pattern_operator.render import Options, design_of

RELATED = {
    "kind": "edge",
    "type": "non-binding",
    "subType": "network",
    "selectors": [{"allow": {"from": [{"id": "id-of-settings"}], "to": [{"id": "id-of-web"}]}}],
}
SETTINGS = component("ConfigMap", "settings", {"data": {"a": "b"}}, styles={"position": {"x": 10, "y": 20.5}})
BROKEN = component("Deployment", "web", {"spec": {"replicas": 1}}, version="apps/v1")
DRAWING = component("Comment", "note", {}, metadata={"isAnnotation": True})


def graph_of_files(files):
    rendering = render(files, options=Options())
    return rendering, graph_of_rendering(rendering, design_of(files, options=Options()))


def test_an_object_stands_where_its_component_is_drawn():
    _, found = graph_of_files([design(SETTINGS)])

    (node,) = found.nodes
    assert (node.kind, node.name, node.state, node.drawn_at) == (
        *("ConfigMap", "settings", NodeState.RENDERED),
        Point(10, 20.5),
    )


def test_a_component_that_is_refused_is_a_node_with_its_reason_and_its_edges():
    _, found = graph_of_files([design(SETTINGS, BROKEN, relationships=[RELATED])])

    (refused,) = (node for node in found.nodes if node.state is NodeState.REFUSED)
    assert (refused.type, refused.kind, refused.name) == (NodeType.COMPONENT, "Deployment", "web")
    assert refused.message
    ((_, relation, target),) = edges_of(found)
    assert (relation, target) == ("network", refused.id)


def test_drawings_are_left_out():
    _, found = graph_of_files([design(SETTINGS, DRAWING)])

    assert [node.name for node in found.nodes] == ["settings"]


def test_repairs_are_counted():
    spaced = component("Deployment", "web", {"spec": {"match Labels": {}} | deployment()["spec"]}, version="apps/v1")

    rendering, found = graph_of_files([design(spaced)])

    (report,) = rendering.components
    assert len(report.repairs) == 1
    assert [node.message for node in found.nodes if node.kind == "Deployment"] == ["1 repair"]


def test_every_published_design_is_a_graph_with_all_of_its_objects():
    for name in names():
        rendering, found = graph_of_files(published(name))

        ids = {node.id for node in found.nodes}
        assert {str(each.key) for each in rendering.objects} <= ids, name
        assert sum(1 for item in outline(found) for _ in item.walk()) == len(found.nodes), name


def test_services_of_the_older_form_have_their_places_too():
    _, found = graph_of_files(published("guestbook-services"))

    assert any(node.drawn_at for node in found.nodes)

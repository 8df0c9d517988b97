"""A picture may stand in any page: well-formed, without script, style, link or id, and readable without eyes."""

import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.graph.graphs import edge, graph, node

from pattern_operator.graph import Graph, NodeState, NodeType, Origin, lay_out, svg
from pattern_operator.graph.model import Node
from pattern_operator.graph.svg import MAX_LABELLED

SVG = "{http://www.w3.org/2000/svg}"
ATTACKS = [
    "<script>alert(1)</script>",
    '"onload="alert(1)',
    "javascript:alert(1)",
    "'><image href=x onerror=alert(1)>",
    "]]><!ENTITY x>&x;",
    "\x00\x1b[2J\ud800\ufffe",
]
ALLOWED = {"svg", "title", "desc", "rect", "g", "path", "text"}


def picture(made, title="web"):
    return ET.fromstring(svg(lay_out(made), title=title))  # noqa: S314 - our own


def texts(element):
    return [each.text for each in element.iter() if each.text]


def test_a_picture_has_a_title_a_description_and_a_role():
    root = picture(graph("a b", "a -> b", a=NodeState.FAILED), title="my pattern")

    assert (root.tag, root.get("role")) == (f"{SVG}svg", "graphics-document document")
    assert [each.tag for each in root[:2]] == [f"{SVG}title", f"{SVG}desc"]
    assert root[0].text == "my pattern"
    assert root[1].text == "2 nodes: 1 Failed, 1 Current; 1 edge"


def test_each_node_is_said_in_words_and_told_by_sign_and_class():
    failed = node("web", NodeState.FAILED, kind="Deployment", namespace="shop", message="0 of 3 ready")

    (group,) = (each for each in picture(Graph((failed,))).iter(f"{SVG}g"))

    assert group.get("class") == "node object failed"
    assert group.get("role") == "graphics-symbol img"
    assert group.get("aria-label") == "Deployment web in shop: Failed, 0 of 3 ready"
    assert [each.text for each in group.iter(f"{SVG}text")] == ["✗", "Deployment", "web"]


def test_each_edge_is_said_in_words():
    design = edge("a -> b", "selects", Origin.DESIGN)

    root = picture(Graph((node("a"), node("b")), (design,)))

    (group,) = (each for each in root.iter(f"{SVG}g") if "edge" in each.get("class", ""))
    assert group.get("class") == "edge design"
    assert group.get("aria-label") == "ConfigMap a selects ConfigMap b"


def test_what_is_folded_says_how_many_and_what_is_the_worst():
    rest = Node(id="f", type=NodeType.FOLDED, kind="Pod", name="", state=NodeState.FAILED, count=12)

    (group,) = picture(Graph((rest,))).iter(f"{SVG}g")

    assert group.get("aria-label") == "12 Pod: at worst Failed"
    assert [each.text for each in group.iter(f"{SVG}text")][1:] == ["12 more", "Pod"]


def test_a_long_name_is_cut_in_its_box_and_whole_in_its_title():
    name = "a-very-long-name-of-an-object-that-fits-nowhere"

    found = texts(picture(Graph((node(name),))))

    assert "a-very-long-name-of-an…" in found
    assert f"ConfigMap {name}: Current" in found


def test_words_on_edges_are_left_out_where_there_are_many():
    names = [f"n{number}" for number in range(MAX_LABELLED + 2)]
    few = graph(" ".join(names), *(f"n0 -> {name}" for name in names[1 : MAX_LABELLED + 1]))
    many = graph(" ".join(names), *(f"n0 -> {name}" for name in names[1:]))

    assert texts(picture(few)).count("reads") == MAX_LABELLED
    assert texts(picture(many)).count("reads") == 0


def assert_harmless(text):
    root = ET.fromstring(text)  # noqa: S314 - our own
    for each in root.iter():
        assert each.tag.removeprefix(SVG) in ALLOWED
        assert not {name for name in each.attrib if name.startswith("on") or name in ("style", "id", "href")}
    assert not re.search(r"url\(|<!|<\?", text)


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_others_wrote_is_text_wherever_it_stands(attack):
    nodes = tuple(
        Node(
            id=f"{attack}{number}",
            type=NodeType.OBJECT,
            kind=attack,
            name=attack,
            group=attack,
            namespace=attack,
            state=NodeState.FAILED,
            message=attack,
        )
        for number in range(2)
    )
    made = Graph(nodes, (edge(f"{attack}0 -> {attack}1", attack),)) if " -> " not in attack else Graph(nodes)

    assert_harmless(svg(lay_out(made), title=attack))


@given(st.text(), st.text(), st.text())
def test_a_picture_is_well_formed_whatever_is_written_in_it(name, message, title):
    assert_harmless(svg(lay_out(Graph((node(name, message=message),))), title=title))

"""Relationships of a design, and what depends on what, as its author says it."""

import pytest
from tests.render.designs import component, design

from pattern_operator.graph.design_edges import edges_of
from pattern_operator.render import Options, design_of

A, B = component("Service", "a", {}), component("Deployment", "b", {}, version="apps/v1")
SHOP = component("Namespace", "shop", {})


def relationship(kind, type_, sub_type, *, begin="id-of-a", end="id-of-b", **fields):
    allow = {"from": [{"id": begin}], "to": [{"id": end}]}
    return {"kind": kind, "type": type_, "subType": sub_type, "selectors": [{"allow": allow}], **fields}


def found(*relationships, components=(A, B, SHOP)):
    made = design_of([design(*components, relationships=relationships)], options=Options())
    assert made is not None
    return [(each.source, each.relation, each.target) for each in edges_of(made)]


@pytest.mark.parametrize(
    ("given", "edges"),
    [
        (relationship("edge", "non-binding", "network"), [("id-of-a", "network", "id-of-b")]),
        (relationship("edge", "binding", ""), [("id-of-a", "binding", "id-of-b")]),
        (relationship("hierarchical", "parent", "alias"), [("id-of-b", "is drawn as", "id-of-a")]),
        (relationship("hierarchical", "parent", "inventory"), [("id-of-b", "includes", "id-of-a")]),
        (
            relationship("hierarchical", "parent", "inventory", end="id-of-shop"),
            [("id-of-shop", "contains", "id-of-a")],
        ),
        (relationship("hierarchical", "sibling", "matchlabels"), []),
        (relationship("edge", "non-binding", "network", status="deleted"), []),
        (relationship("edge", "non-binding", "network", status="pending"), [("id-of-a", "network", "id-of-b")]),
        (relationship("edge", "non-binding", "network", begin=None), []),
        ({"kind": "edge", "selectors": [{"allow": {"from": "x", "to": [5]}}, 7]}, []),
    ],
    ids=str,
)
def test_a_relationship_is_an_edge_between_components(given, edges):
    assert found(given) == edges


def test_what_depends_on_another_leads_to_it_by_its_name():
    depending = component("Deployment", "c", {}, metadata={"dependsOn": ["a", "nothing"]})

    assert found(components=(A, depending)) == [("id-of-c", "depends on", "id-of-a")]


def test_a_name_that_two_components_have_is_of_neither():
    depending = component("Deployment", "c", {}, metadata={"dependsOn": ["a"]})

    assert found(components=(A, component("Pod", "a", {}, id="other"), depending)) == []


def test_the_words_of_a_relationship_are_bounded():
    ((_, relation, _),) = found(relationship("edge", "x", "long\x1b " * 100))

    assert len(relation.encode()) <= 64
    assert relation.isprintable()

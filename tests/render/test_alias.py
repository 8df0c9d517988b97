"""Aliases: the Pods of a design that only show what a workload brings to life."""

from typing import Any

import orjson
import pytest
from tests.render.designs import component, deployment, design, rendered, report_on
from tests.render.rendered import render

from pattern_operator.api.report import Outcome
from pattern_operator.render import Options

POD = component("Pod", "view", {"spec": {"containers": [{"name": "a", "image": "a:1"}]}}, id="view")
WORKLOAD = component("Deployment", "web", deployment(), version="apps/v1", id="web")


def relationship(child: str = "view", parent: str = "web", **fields: Any) -> dict[str, Any]:
    """A relationship that draws ``child`` inside ``parent``."""
    made = {
        "kind": "hierarchical",
        "type": "parent",
        "subType": "alias",
        "status": "approved",
        "selectors": [{"allow": {"from": [{"id": child}], "to": [{"id": parent}]}}],
    }
    return made | fields


@pytest.mark.parametrize(
    "drawn",
    [
        pytest.param(relationship(), id="alias"),
        pytest.param(relationship(subType="inventory"), id="inventory"),
        pytest.param(relationship(status="pending"), id="a relationship not yet approved"),
        pytest.param(relationship(kind="Hierarchical", subType="Inventory", type="Parent"), id="capitals"),
    ],
)
def test_a_pod_drawn_inside_a_workload_is_not_applied(drawn: dict[str, Any]):
    rendering = rendered(POD, WORKLOAD, relationships=[drawn])

    report = report_on(rendering, "view")
    assert (report.outcome, report.reason) == (Outcome.SKIPPED, "Alias")
    assert "Deployment 'web'" in report.message
    assert [made.key.kind for made in rendering.objects] == ["Deployment"]


@pytest.mark.parametrize(
    ("child", "workload", "drawn"),
    [
        pytest.param(POD, WORKLOAD, relationship(status="deleted"), id="a deleted relationship"),
        pytest.param(POD, WORKLOAD, relationship(subType="matchlabels"), id="another relationship"),
        pytest.param(POD, WORKLOAD, relationship(type="sibling"), id="a sibling"),
        pytest.param(POD, WORKLOAD, relationship(kind="edge"), id="an edge"),
        pytest.param(POD, WORKLOAD, relationship(parent="gone"), id="an end that is gone"),
        pytest.param(POD, WORKLOAD, relationship(child="web", parent="view"), id="the other way round"),
        pytest.param(POD, component("Namespace", "team", {}, id="web"), relationship(), id="inside a Namespace"),
        pytest.param(
            POD, WORKLOAD | {"metadata": {"isAnnotation": True}}, relationship(), id="a workload that is a drawing"
        ),
        pytest.param(POD, WORKLOAD | {"status": "ignored"}, relationship(), id="a workload that is ignored"),
        pytest.param(
            component("ConfigMap", "view", {"data": {}}, id="view"),
            WORKLOAD,
            relationship(),
            id="something else than a Pod",
        ),
    ],
)
def test_a_pod_that_no_workload_brings_to_life_is_applied(child: Any, workload: Any, drawn: Any):
    rendering = rendered(child, workload, relationships=[drawn])

    assert report_on(rendering, "view").outcome is Outcome.RENDERED


def test_a_pod_drawn_inside_the_template_of_a_workload_is_not_applied():
    template = component("PodTemplate", "template", {"template": POD["configuration"]}, id="template")
    drawn = [relationship("view", "template"), relationship("template", "web", subType="inventory")]

    rendering = rendered(POD, template, WORKLOAD, relationships=drawn)

    assert [made.key.kind for made in rendering.objects] == ["Deployment"]


def test_a_pod_drawn_inside_a_template_of_nothing_is_applied():
    template = component("PodTemplate", "template", {"template": POD["configuration"]}, id="template")

    rendering = rendered(POD, template, relationships=[relationship("view", "template")])

    assert report_on(rendering, "view").outcome is Outcome.RENDERED


@pytest.mark.parametrize("field", ["resolved_parent_id", "resolvedParentId"])
def test_an_alias_that_meshery_resolved_is_one(field: str):
    resolved = {"resolvedAliases": {"view": {field: "web"}}}

    rendering = render([design(POD, WORKLOAD, metadata=resolved)], options=Options())

    assert report_on(rendering, "view").reason == "Alias"


def test_relationships_of_any_shape_are_read():
    shapes = [
        None,
        1,
        {},
        {"kind": 1},
        relationship(selectors=None),
        relationship(selectors=[{"allow": {"from": 1}}, 2]),
    ]
    value = orjson.loads(design(POD, relationships=shapes).content)

    rendering = rendered(POD, relationships=value["relationships"])

    assert len(rendering.objects) == 1

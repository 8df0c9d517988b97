"""Duplicates, limits, and the reasons of components."""

import orjson
import pytest
from tests.render.designs import component, deployment, rendered, report_on
from tests.render.rendered import render

from pattern_operator import limits
from pattern_operator.api.artifact import File
from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.render import Options


def _deployment(id_: str, image: str) -> dict[str, object]:
    configuration = deployment(containers=[{"name": "web", "image": image}])
    return component("Deployment", "web", configuration, version="apps/v1", id=id_)


def test_components_that_render_to_the_same_object_are_one():
    rendering = rendered(*(_deployment(str(number), "web:1") for number in range(44)))

    (made,) = rendering.objects
    assert made.component == "0"
    assert [report.reason for report in rendering.components] == ["", *["Duplicate"] * 43]
    assert rendering.components[1].message == "the same as component 0"


def test_components_that_render_to_one_key_and_differ_are_all_refused():
    rendering = rendered(_deployment("1", "web:1"), _deployment("2", "web:1"), _deployment("3", "web:2"))

    assert rendering.objects == ()
    assert {report.reason for report in rendering.components} == {"DifferingDuplicate"}
    assert "3 components render to Deployment.apps default/web" in rendering.components[0].message


def test_a_duplicate_that_is_refused_leaves_the_other():
    empty = component("Deployment", "web", {}, version="apps/v1", id="2")

    rendering = rendered(_deployment("1", "web:1"), empty)

    assert [report.reason for report in rendering.components] == ["", "MissingRequiredField"]
    assert len(rendering.objects) == 1


def test_names_that_become_one_name_are_duplicates():
    rendering = rendered(
        component("ConfigMap", "My App", {"data": {"a": "1"}}), component("ConfigMap", "my-app", {"data": {"a": "2"}})
    )

    assert report_on(rendering, "My App").reason == "DifferingDuplicate"


def test_more_objects_than_the_limit_are_refused():
    items = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"c{number}"}}
        for number in range(limits.MAX_OBJECTS + 1)
    ]
    file = File("a.json", orjson.dumps({"apiVersion": "v1", "kind": "List", "items": items}))

    with pytest.raises(Stalled) as refusal:
        render([file], options=Options())

    assert refusal.value.reason is Reason.TOO_MANY_OBJECTS

"""The forms of a design, read into one shape."""

from typing import Any

import orjson
import pytest
from tests.render.designs import component, design

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_COMPONENTS
from pattern_operator.render.design import Component, Design, is_design, parse
from pattern_operator.render.document import Document


def _parse(value: Any) -> Design:
    return parse(Document("design.yml", 1, 1, value))


def _only(value: Any) -> Component:
    (made,) = _parse(value).components
    return made


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        ({"schemaVersion": "designs.meshery.io/v1beta1"}, True),
        ({"schemaVersion": "designs.meshery.io/v1beta3", "components": []}, True),
        ({"schemaVersion": "components.meshery.io/v1beta1"}, False),
        ({"name": "a", "services": {"a": {"type": "Pod"}}}, True),
        ({"services": {"web": {"image": "web:1"}}}, False),
        ({"services": {}}, False),
        ({"apiVersion": "v1", "kind": "Foo", "services": {"a": {"type": "Pod"}}}, False),
        ({"apiVersion": "v1", "services": {"a": {"type": "Pod"}}}, False),
        ({"kind": "Foo", "services": {"a": {"type": "Pod"}}}, False),
        ({"components": [{"displayName": "a", "component": {}}, {"displayName": "b"}]}, False),
        ({"components": []}, False),
        ({"components": [{"displayName": "a", "component": {}}]}, True),
        ({"components": [{"name": "a"}]}, False),
        ("designs.meshery.io/v1beta1", False),
        (None, False),
    ],
)
def test_a_design_is_told_by_its_content(value: Any, *, is_one: bool):
    assert is_design(value) is is_one


def test_a_component_is_read():
    value = component(
        "Deployment",
        "web",
        {"spec": {}},
        version="apps/v1",
        id="1f",
        status="ignored",
        metadata={"isAnnotation": True, "isNamespaced": False},
        model={"name": "kubernetes", "registrant": {"kind": "GitHub", "metadata": {"token": "hunter2"}}},
    )

    made = _only(orjson.loads(design(value).content))

    assert (made.id, made.place, made.name, made.kind) == ("1f", "#1", "web", "Deployment")
    assert (made.api_version, made.configuration, made.namespaced) == ("apps/v1", {"spec": {}}, False)
    assert (made.annotation, made.ignored, made.model, made.registrant) == (True, True, "kubernetes", "github")


def test_what_a_registrant_carries_is_never_read():
    value = component(
        "Pod", "a", {}, model={"name": "m", "registrant": {"kind": "x", "metadata": {"token": "hunter2"}}}
    )

    assert "hunter2" not in repr(_parse({"schemaVersion": "designs.meshery.io/v1beta1", "components": [value]}))


def test_a_dehydrated_component_has_its_model_by_reference():
    value = component("Pod", "a", {}) | {"modelReference": {"name": "kubernetes", "registrant": {"kind": "github"}}}

    made = _only({"schemaVersion": "designs.meshery.io/v1beta3", "components": [value]})

    assert (made.model, made.registrant) == ("kubernetes", "github")


@pytest.mark.parametrize(
    ("type_", "api_version", "kind", "expected", "suffixed"),
    [
        ("Deployment.K8s", "core.oam.dev/v1alpha1", "Deployment", "", True),
        ("Ingress.K8s", "networking.k8s.io/v1", "Ingress", "networking.k8s.io/v1", True),
        ("Service", "v1", "Service", "v1", False),
    ],
)
def test_a_service_of_the_older_form_is_read(type_: str, api_version: str, kind: str, expected: str, *, suffixed: bool):
    service: dict[str, Any] = {
        "id": None,
        "name": "web",
        "type": type_,
        "apiVersion": api_version,
        "namespace": "team",
        "model": "kubernetes",
        "labels": {"app": "web"},
        "annotations": {"note": "x"},
        "settings": {"spec": {}},
        "traits": {"meshmap": {"id": "drawn", "meshmodel-metadata": {"isNamespaced": True}}},
    }

    made = _only({"name": "a", "services": {"web-abc": service}})

    assert (made.kind, made.api_version, made.suffixed) == (kind, expected, suffixed)
    assert (made.id, made.place, made.name, made.namespace) == ("drawn", "web-abc", "web", "team")
    assert (made.labels, made.annotations, made.namespaced) == ({"app": "web"}, {"note": "x"}, True)


@pytest.mark.parametrize(
    "service",
    [
        {"type": "Comment", "isAnnotation": True},
        {"type": "Comment", "traits": {"meshmap": {"meshmodel-metadata": {"isAnnotation": True}}}},
    ],
)
def test_an_annotation_of_the_older_form_is_told_in_two_places(service: dict[str, Any]):
    assert _only({"services": {"note": service}}).annotation


def test_a_service_without_a_name_is_called_by_its_key():
    assert _only({"services": {"web-abc": {"type": "Pod"}}}).name == "web-abc"


@pytest.mark.parametrize("part", [None, 1, "text", [], {}])
def test_a_component_of_the_wrong_shape_is_still_counted(part: Any):
    made = _only({"schemaVersion": "designs.meshery.io/v1beta1", "components": [part]})

    assert (made.name, made.kind, made.place) == ("", "", "#1")


@pytest.mark.parametrize("service", [{"type": "Pod"}, {"type": "Pod", "isAnnotation": "true"}])
def test_a_service_of_the_older_form_is_not_an_annotation_unless_it_says_so(service: dict[str, Any]):
    assert not _only({"services": {"web": service}}).annotation


@pytest.mark.parametrize("parts", [{"components": None}, {"services": None}, {}, {"components": None, "services": {}}])
def test_a_design_whose_components_are_null_or_absent_has_none(parts: dict[str, Any]):
    assert _parse({"schemaVersion": "designs.meshery.io/v1beta1", **parts}).components == ()


@pytest.mark.parametrize("components", [{"a": 1}, "text", 1])
def test_components_that_are_not_a_list_make_no_design(components: Any):
    with pytest.raises(Stalled) as refusal:
        _parse({"schemaVersion": "designs.meshery.io/v1beta1", "components": components})

    assert refusal.value.reason is Reason.DOCUMENT_INVALID


def test_more_components_than_the_limit_are_refused():
    with pytest.raises(Stalled) as refusal:
        _parse({"schemaVersion": "designs.meshery.io/v1beta1", "components": [None] * (MAX_COMPONENTS + 1)})

    assert refusal.value.reason is Reason.TOO_MANY_OBJECTS

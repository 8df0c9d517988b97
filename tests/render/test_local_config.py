"""What configures kpt or kustomize is left out, and said; what only looks like it is applied."""

from typing import Any

import pytest
import yaml
from tests.render.designs import component, design
from tests.render.rendered import render

from pattern_operator.api.artifact import File
from pattern_operator.api.report import Outcome, Rendering
from pattern_operator.render import Options

LOCAL = "config.kubernetes.io/local-config"
KPTFILE = {"apiVersion": "kpt.dev/v1", "kind": "Kptfile", "metadata": {"name": "shop"}}


def _object(version: str = "v1", kind: str = "ConfigMap", **annotations: Any) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "a", "annotations": annotations}}


def _render(*values: object) -> Rendering:
    return render([File("all.yaml", yaml.safe_dump_all(values).encode())], options=Options())


@pytest.mark.parametrize("value", ["true", "", "yes", "TRUE", True, None, 1])
@pytest.mark.parametrize(("version", "kind"), [("v1", "ConfigMap"), ("fn.kpt.dev/v1alpha1", "SetLabels")])
def test_what_is_for_a_tool_on_somebodys_machine_is_left_out_and_said(version: str, kind: str, value: object):
    rendering = _render(_object(version, kind, **{LOCAL: value}), _object(kind="Secret"))

    assert [made.key.kind for made in rendering.objects] == ["Secret"]
    assert (rendering.components[0].outcome, rendering.components[0].reason) == (Outcome.SKIPPED, "LocalConfig")
    assert rendering.components[0].message == (
        f"{kind} a is left out, because its annotation {LOCAL} says that it is for tools and not for a cluster; to have"
        " it applied, remove the annotation"
    )


@pytest.mark.parametrize("value", ["false", "False", " false "])
def test_what_says_that_it_is_not_is_applied(value: str):
    (made,) = _render(_object(**{LOCAL: value})).objects

    assert made.key.name == "a"


def test_an_annotation_of_another_name_says_nothing():
    assert len(_render(_object(**{"example.com/local-config": "true", "config.kubernetes.io/index": "0"})).objects) == 1


@pytest.mark.parametrize("annotations", [{}, {"annotations": {LOCAL: "true"}}])
def test_a_package_of_kpt_is_rendered_without_its_kptfile(annotations: dict[str, Any]):
    kptfile = {**KPTFILE, "metadata": {"name": "shop", **annotations}}

    rendering = _render(kptfile, _object())

    assert [made.key.kind for made in rendering.objects] == ["ConfigMap"]
    assert [each.reason for each in rendering.with_outcome(Outcome.SKIPPED)] == ["LocalConfig"]


def test_the_resource_group_of_kpt_is_an_object():
    (made,) = _render(_object("kpt.dev/v1alpha1", "ResourceGroup")).objects

    assert made.key.kind == "ResourceGroup"


def test_a_kustomization_that_is_for_tools_only_does_not_matter():
    kustomization = _object("kustomize.config.k8s.io/v1beta1", "Kustomization", **{LOCAL: "true"})

    assert [made.key.kind for made in _render(kustomization, _object()).objects] == ["ConfigMap"]


def test_what_is_wrong_with_a_file_of_a_tool_refuses_nothing():
    rendering = _render({**_object(**{LOCAL: "true"}), "data": {"a": 1}})

    assert not list(rendering.with_outcome(Outcome.REFUSED))


def test_a_component_of_a_design_is_left_out_likewise():
    drawn = component("ConfigMap", "a", {"metadata": {"annotations": {LOCAL: "true"}}})

    (report,) = render([design(drawn)], options=Options()).components

    assert report.reason == "LocalConfig"

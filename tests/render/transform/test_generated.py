"""A generated field that the spec sets or changes is the spec's: it is not kept as it is in the cluster."""

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.render.kustomizing import driven, driven_and_counted

from pattern_operator.api.generated import GeneratedFields
from pattern_operator.api.object import Object
from pattern_operator.api.report import ComponentReport, Outcome, Rendering
from pattern_operator.render import Options
from pattern_operator.render.options import CommonMetadata, Image, Patch, PatchTarget
from pattern_operator.render.regenerated import with_generated_told
from pattern_operator.render.transform import transform

AT = ("spec", "template", "spec", "containers", 0)
IMAGE, USER, ENV = (*AT, "image"), (*AT, "securityContext", "runAsUser"), (*AT, "env", 0, "value")
NON_ROOT = (*AT, "securityContext", "runAsNonRoot")
BUILT_BY = ("metadata", "labels", "built-by")
VOLUME = ("spec", "template", "spec", "volumes", 0, "secret", "secretName")
PATHS = (IMAGE, USER, NON_ROOT, ENV, VOLUME)
CONTAINER = {
    "name": "web",
    "image": "author.example/web:abc",
    "env": [{"name": "PASSWORD", "value": "made-up"}],
    "securityContext": {"runAsUser": 65532, "runAsNonRoot": True},
}
VOLUMES = [{"name": "v", "secret": {"secretName": "made"}}]
WEB = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "shop", "labels": {"built-by": "v1"}},
    "spec": {"template": {"spec": {"containers": [CONTAINER], "volumes": VOLUMES}}},
}
SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "made", "namespace": "shop"}}
DEPLOYMENTS = PatchTarget(kind="Deployment")


def merge(**container: Any) -> Patch:
    spec = {"containers": [{"name": "web", **container}]}
    return Patch(patch=json.dumps({"spec": {"template": {"spec": spec}}}), target=DEPLOYMENTS)


def operation(**fields: Any) -> Patch:
    return Patch(patch=json.dumps([fields]), target=DEPLOYMENTS)


def rendering(*bodies: dict[str, Any], paths: tuple[Any, ...] = PATHS) -> Rendering:
    objects = tuple(Object.of(each, component=f"a.yaml#{place}") for place, each in enumerate(bodies))
    rows = tuple(ComponentReport(each.component, each.key.name, each.key.kind, Outcome.RENDERED) for each in objects)
    generated = (GeneratedFields(objects[0].key, paths, (BUILT_BY,) if bodies[0] is WEB else ()),)
    return Rendering(objects=objects, components=rows, format="Helm", generated=generated)


def transformed(before: Rendering, **options: Any) -> Rendering:
    return driven(transform(before, options=Options(default_namespace="shop", **options)))


@pytest.mark.parametrize(
    ("options", "decided"),
    [
        pytest.param({"patches": (merge(securityContext={"runAsUser": 1000}),)}, {USER}, id="a patch"),
        pytest.param(
            {"patches": (merge(securityContext={"runAsUser": 65532, "runAsNonRoot": True}),)},
            {USER, NON_ROOT},
            id="a patch with the very values that came out",
        ),
        pytest.param(
            {"patches": (operation(op="replace", path="/spec/template/spec/containers/0/image", value="own/web:1"),)},
            {IMAGE},
            id="a JSON patch",
        ),
        pytest.param(
            {"images": (Image(name="author.example/web", digest=f"sha256:{'a' * 64}"),)}, {IMAGE}, id="a digest"
        ),
        pytest.param({"images": (Image(name="author.example/web", new_tag="abc"),)}, {IMAGE}, id="the very tag"),
        pytest.param(
            {"common_metadata": CommonMetadata(labels=(("built-by", "v1"),))}, {BUILT_BY}, id="the very label"
        ),
        pytest.param({"name_prefix": "dev-"}, {VOLUME}, id="a prefix that references follow"),
    ],
)
def test_what_the_spec_sets_or_changes_is_not_generated(options: dict[str, Any], decided: set[Any]) -> None:
    made = transformed(rendering(WEB, SECRET), **options)

    (fields,) = made.generated
    assert fields.key == made.objects[0].key
    assert {*fields.paths, *fields.build_metadata} == {*PATHS, BUILT_BY} - decided


def test_a_patch_whose_selector_a_generated_label_decides_leaves_nothing_generated() -> None:
    target = PatchTarget(kind="Deployment", label_selector="built-by=v1")
    patch = replace(merge(securityContext={"runAsUser": 65532}), target=target)

    assert transformed(rendering(WEB, SECRET), patches=(patch,)).generated == ()


def test_a_patch_that_only_fits_these_values_leaves_nothing_generated() -> None:
    path = "/spec/template/spec/containers/0/securityContext/runAsUser"
    assert transformed(rendering(WEB, SECRET), patches=(operation(op="test", path=path, value=65532),)).generated == ()


def test_a_value_that_the_spec_changes_in_part_is_told_as_one_that_is_not_kept() -> None:
    before = rendering(WEB, SECRET, paths=(IMAGE, USER))
    options = {
        "images": (Image(name="author.example/web", new_name="mirror.example/web"),),
        "patches": (merge(securityContext={"runAsUser": 1000}),),
    }
    row, other = with_generated_told(transformed(before, **options)).components

    assert (row.reason, other.reason) == ("NotDeterministic", "")
    assert "containers[0].image of Deployment.apps shop/web comes out differently each time, and is not" in row.message
    assert "runAsUser" not in row.message


def test_a_row_of_what_the_spec_decides_says_nothing_of_it() -> None:
    before = replace(rendering(WEB, SECRET), generated=(GeneratedFields(Object.of(WEB).key, (USER,)),))
    made = with_generated_told(transformed(before, patches=(merge(securityContext={"runAsUser": 1000}),)))

    assert [(each.reason, each.message) for each in made.components] == [("", "changed by spec.render"), ("", "")]


def test_what_is_deleted_is_not_generated() -> None:
    patch = Patch(
        patch='{"$patch": "delete", "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}'
    )

    assert transformed(rendering(WEB, SECRET), patches=(patch,)).generated == ()


@pytest.mark.parametrize("value", [None, {}, [], {"a": "b"}, ["a"], 1.5, ""])
def test_a_value_of_any_type_is_the_specs_where_a_patch_sets_it(value: Any) -> None:
    custom = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"a": value}}
    before = rendering(custom, paths=(("spec", "a"),))
    patch = Patch(
        patch=json.dumps([{"op": "replace", "path": "/spec/a", "value": value}]), target=PatchTarget(name="w")
    )

    assert transformed(before, patches=(patch,)).generated == ()


def test_one_run_more_is_made_only_where_something_is_generated() -> None:
    before, options = rendering(WEB, SECRET), Options(default_namespace="shop", name_suffix="-a")

    assert driven_and_counted(transform(before, options=options))[1] == 2
    assert driven_and_counted(transform(replace(before, generated=()), options=options))[1] == 1

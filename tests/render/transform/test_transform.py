"""What spec.render asks of the objects of any format."""

import json
from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.examples import examples
from tests.render.kustomize.kustomizations import ACCOUNT, CUSTOM, DEPLOYMENT, SERVICE, SETTINGS
from tests.render.kustomizing import driven, driven_and_counted

from pattern_operator.api.generated import GeneratedFields
from pattern_operator.api.hook import Hook
from pattern_operator.api.object import Object
from pattern_operator.api.report import ComponentReport, Outcome, Rendering
from pattern_operator.errors import Stalled
from pattern_operator.render import Options
from pattern_operator.render.options import CommonMetadata, Image, Patch, PatchTarget
from pattern_operator.render.transform import transform

NAMESPACE = "shop"
HOOK = """\
apiVersion: batch/v1
kind: Job
metadata: {name: migrate, namespace: shop, annotations: {helm.sh/hook: pre-install}}
spec:
  template:
    spec:
      containers: [{name: a, image: "registry.example/web:1.0", envFrom: [{configMapRef: {name: settings}}]}]
"""


def objects_of(*texts: str) -> tuple[Object, ...]:
    bodies = [each for text in texts for each in yaml.safe_load_all(text)]
    for body in bodies:
        if body["kind"] not in ("ClusterRoleBinding", "CustomResourceDefinition", "Widget"):
            body["metadata"].setdefault("namespace", NAMESPACE)
    return tuple(Object.of(body, component=f"a.yaml#{place}") for place, body in enumerate(bodies, start=1))


def rendering_of(*texts: str, hooks: str = "") -> Rendering:
    objects = objects_of(*texts)
    rows = tuple(ComponentReport(each.component, each.key.name, each.key.kind, Outcome.RENDERED) for each in objects)
    found = tuple(hook for each in (objects_of(hooks) if hooks else ()) if (hook := Hook.of(each)) is not None)
    return Rendering(objects=objects, components=rows, format="Manifests", hooks=found)


WEB = (DEPLOYMENT, SERVICE, ACCOUNT, SETTINGS, CUSTOM)
DEPLOYMENTS = PatchTarget(kind="Deployment")
REPLICAS = Patch(patch="spec: {replicas: 3}", target=DEPLOYMENTS)


def transformed(before: Rendering, **options: Any) -> Rendering:
    return driven(transform(before, options=Options(default_namespace=NAMESPACE, **options)))


def body_of(rendering: Rendering, kind: str) -> dict[str, Any]:
    return next(each.body for each in rendering.objects if each.key.kind == kind)


def refusal(before: Rendering, **options: Any) -> str:
    with pytest.raises(Stalled) as refused:
        transformed(before, **options)
    assert refused.value.reason == "PatchInvalid"
    return refused.value.message


def test_a_spec_that_asks_for_nothing_runs_no_program() -> None:
    before = rendering_of(*WEB)
    assert driven_and_counted(transform(before, options=Options())) == (before, 0)


def test_what_is_for_one_object_leaves_the_others_as_they_are_and_takes_one_run() -> None:
    before = rendering_of(*WEB)
    after, runs = driven_and_counted(transform(before, options=Options(patches=(REPLICAS,))))
    assert runs == 1
    assert body_of(after, "Deployment")["spec"]["replicas"] == 3
    assert [each.key for each in after.objects] == [each.key for each in before.objects]
    for old, new in zip(before.objects[1:], after.objects[1:], strict=True):
        assert new.body == old.body
        assert yaml.safe_dump(new.body, sort_keys=False) == yaml.safe_dump(old.body, sort_keys=False)
    assert after.components[0].message == "changed by spec.render"
    assert after.components[1:] == before.components[1:]


@pytest.mark.parametrize(
    "patch",
    [
        Patch(patch="{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 3}}"),
        Patch(
            patch="apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec: {replicas: 3}"
        ),
        Patch(patch='[{"op": "replace", "path": "/spec/replicas", "value": 3}]', target=DEPLOYMENTS),
        Patch(patch="- {op: replace, path: /spec/replicas, value: 3}", target=PatchTarget(name="we.", kind="Dep.*")),
        Patch(patch="spec: {replicas: 3}", target=PatchTarget(group="apps", version="v1", namespace="shop")),
        Patch(patch="{spec: {replicas: 3}, metadata: {name: ignored}}", target=DEPLOYMENTS),
    ],
)
def test_a_patch_changes_what_it_is_for(patch: Patch) -> None:
    after = transformed(rendering_of(*WEB), patches=(patch,))
    assert body_of(after, "Deployment")["spec"]["replicas"] == 3
    assert len([row for row in after.components if row.message]) == 1


def test_selectors_of_labels_and_annotations_choose() -> None:
    labelled = SETTINGS.replace("name: settings", "name: settings, labels: {tier: low}, annotations: {who: me}")
    for target in (PatchTarget(label_selector="tier=low"), PatchTarget(annotation_selector="who=me")):
        after = transformed(rendering_of(SERVICE, labelled), patches=(Patch(patch="data: {a: b}", target=target),))
        assert body_of(after, "ConfigMap")["data"]["a"] == "b"
        assert "data" not in body_of(after, "Service")


def test_patches_of_several_objects_in_one_text_and_one_after_another() -> None:
    both = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: '1'}\n---\n" + SERVICE.replace(
        "80", "81"
    )
    again = Patch(patch="data: {b: '2', size: null}", target=PatchTarget(kind="ConfigMap"))
    after = transformed(rendering_of(*WEB), patches=(Patch(patch=both), again))
    assert body_of(after, "ConfigMap")["data"] == {"level": "on", "at": "22:22", "a": "1", "b": "2"}


def test_images_are_replaced_also_in_hooks() -> None:
    image = Image(name="registry.example/web", new_name="mirror.example/web", new_tag="2")
    after = transformed(rendering_of(*WEB, hooks=HOOK), images=(image,))
    assert body_of(after, "Deployment")["spec"]["template"]["spec"]["containers"][0]["image"] == "mirror.example/web:2"
    assert after.hooks[0].object.body["spec"]["template"]["spec"]["containers"][0]["image"] == "mirror.example/web:2"
    assert "Job" not in [each.key.kind for each in after.objects]


def test_an_image_that_nothing_has_is_told_and_one_that_is_used_is_not() -> None:
    images = (Image(name="registry.example/web", new_tag="2"), Image(name="registry.example/we", new_tag="2"))
    told = [row for row in transformed(rendering_of(*WEB), images=images).components if row.reason]
    assert [(row.id, row.reason, row.outcome) for row in told] == [
        ("spec.render.images[1]", "MatchesNothing", Outcome.SKIPPED)
    ]
    assert "registry.example/we" in told[0].message


PINNED = Image(name="registry.example/web:1.0", new_tag="main")
DIGEST = f"sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("images", "image"),
    [
        ((PINNED,), "registry.example/web:main"),
        ((PINNED, Image(name="registry.example/web:main", digest=DIGEST)), f"registry.example/web@{DIGEST}"),
        (
            (
                Image(name="registry.example/web", new_name="a.example:5000/b"),
                Image(name="a.example:5000/b", new_tag="2"),
            ),
            "a.example:5000/b:2",
        ),
        (
            (
                Image(name="registry.example/web", digest=DIGEST),
                Image(name=f"registry.example/web@{DIGEST}", new_name="b"),
            ),
            f"b@{DIGEST}",
        ),
    ],
    ids=["with its tag", "by the tag that it gets", "by the name that it gets", "by the digest that it gets"],
)
def test_an_image_is_found_as_kustomize_finds_it(images: tuple[Image, ...], image: str) -> None:
    after = transformed(rendering_of(*WEB), images=images)
    assert body_of(after, "Deployment")["spec"]["template"]["spec"]["containers"][0]["image"] == image
    assert [row.message for row in after.components if row.reason] == []


@pytest.mark.parametrize(
    "name",
    ["registry.example/web:1.1", "registry-example/web", "registry.example/w.b", "registry.example/[", ".*", "web"],
)
def test_an_image_of_another_tag_or_name_is_left_and_told(name: str) -> None:
    after = transformed(rendering_of(*WEB), images=(Image(name=name, new_tag="2"),))
    container = body_of(after, "Deployment")["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == "registry.example/web:1.0"
    assert [row.reason for row in after.components if row.reason] == ["MatchesNothing"]


@pytest.mark.parametrize(
    "field",
    [
        "image: 'a.example/db:1'",
        "pod: {volumes: [{name: a, image: {reference: 'a.example/db:1'}}]}",
        "volumes: [{name: a, rbd: {image: 'a.example/db:1'}}]",
        "containers: {a: {image: 'a.example/db:1'}}",
    ],
)
def test_an_image_of_no_container_is_left_and_told_with_what_changes_it(field: str) -> None:
    custom = f"{{apiVersion: example.com/v1, kind: Db, metadata: {{name: a}}, spec: {{{field}}}}}"
    images = (Image(name="a.example/db", new_tag="2"), Image(name="a.example/d", new_tag="2"))
    after = transformed(rendering_of(*WEB, custom), images=images)
    assert "a.example/db:1" in str(body_of(after, "Db"))
    assert [row.message for row in after.components if row.reason] == [
        "no container of the pattern has the image a.example/db; where another field names it, as in a custom resource,"
        " it is changed by spec.render.patches",
        "no object of the pattern has the image a.example/d",
    ]


@pytest.mark.parametrize(
    "spec",
    [
        "{containers: [{name: a, image: 'a.example/db:1'}]}",
        "{template: {spec: {initContainers: [{name: a, image: 'a.example/db:1'}]}}}",
        "{pods: [{containers: [{name: a, image: 'a.example/db:1'}]}]}",
        "{volumes: [{name: a, image: {reference: 'a.example/db:1'}}]}",
    ],
)
def test_an_image_of_a_container_or_volume_is_changed_in_every_kind(spec: str) -> None:
    custom = f"{{apiVersion: example.com/v1, kind: Db, metadata: {{name: a}}, spec: {spec}}}"
    after = transformed(rendering_of(*WEB, custom), images=(Image(name="a.example/db", new_tag="2"),))
    assert "a.example/db:2" in str(body_of(after, "Db"))
    assert [row.message for row in after.components if row.reason] == []


@pytest.mark.parametrize(
    "patch",
    [
        "spec: {template: {spec: {containers: [{name: a, image: 'other.example/web:3'}]}}}",
        "[{op: replace, path: /spec/template/spec/containers/0/image, value: 'other.example/web:3'}]",
        "[{op: add, path: /spec/template/spec/containers/0, value: {name: b, image: 'other.example/web:3'}}]",
    ],
)
def test_an_image_that_a_patch_brings_is_found(patch: str) -> None:
    image = Image(name="other.example/web", new_name="mirror.example/web")
    after = transformed(rendering_of(*WEB), patches=(Patch(patch=patch, target=DEPLOYMENTS),), images=(image,))
    container = body_of(after, "Deployment")["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == "mirror.example/web:3"
    assert [row.message for row in after.components if row.reason] == []


def test_names_get_a_prefix_and_a_suffix_and_references_follow_in_objects_and_hooks() -> None:
    after = transformed(rendering_of(*WEB, hooks=HOOK), name_prefix="dev-", name_suffix="-v2")
    pod = body_of(after, "Deployment")["spec"]["template"]["spec"]
    assert pod["serviceAccountName"] == "dev-web-v2"
    assert pod["containers"][0]["env"][0]["valueFrom"]["configMapKeyRef"]["name"] == "dev-settings-v2"
    assert body_of(after, "ClusterRoleBinding")["metadata"]["name"] == "dev-web-v2"
    assert body_of(after, "CustomResourceDefinition")["metadata"]["name"] == "widgets.example.com"
    job = after.hooks[0].object
    assert job.key.name == "dev-migrate-v2"
    assert (
        job.body["spec"]["template"]["spec"]["containers"][0]["envFrom"][0]["configMapRef"]["name"] == "dev-settings-v2"
    )


def test_a_row_and_what_is_generated_follow_their_object_through_a_new_name() -> None:
    before = rendering_of(SETTINGS, SERVICE)
    generated = GeneratedFields(before.objects[0].key, (("data", "level"),))
    before = Rendering(objects=before.objects, components=before.components, generated=(generated,))
    after = transformed(before, name_prefix="dev-")
    assert [(row.id, row.name) for row in after.components] == [("a.yaml#1", "dev-settings"), ("a.yaml#2", "dev-web")]
    assert [each.component for each in after.objects] == ["a.yaml#1", "a.yaml#2"]
    assert after.components[0].message == "changed by spec.render, and was called settings"
    assert after.generated == (GeneratedFields(after.objects[0].key, (("data", "level"),)),)


def test_what_is_generated_follows_the_entries_that_a_patch_moves() -> None:
    env = [{"name": "USER", "value": "a"}, {"name": "PASSWORD", "value": "made up"}]
    container = {"name": "web", "image": "web:1", "env": env, "args": ["--token=made-up"]}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers": [container]}}
    before = rendering_of(json.dumps(body))
    at = ("spec", "containers", 0)
    paths = ((*at, "env", 0, "value"), (*at, "env", 1, "value"), (*at, "args", 0), ("metadata", "annotations"))
    before = replace(before, generated=(GeneratedFields(before.objects[0].key, paths),))
    patch = (
        '[{"op": "replace", "path": "/spec/containers/0/env/0", "value": {"name": "TZ", "value": "UTC"}},'
        ' {"op": "add", "path": "/spec/containers/0/env/0", "value": {"name": "A", "value": "b"}},'
        ' {"op": "add", "path": "/spec/containers/0/args/0", "value": "--first"},'
        ' {"op": "add", "path": "/spec/containers/0", "value": {"name": "proxy", "image": "proxy:1"}}]'
    )

    after = transformed(before, patches=(Patch(patch=patch, target=PatchTarget(kind="Pod")),))

    at = ("spec", "containers", 1)
    assert [each.paths for each in after.generated] == [
        ((*at, "env", 2, "value"), (*at, "args", 1), ("metadata", "annotations"))
    ]


def test_common_metadata_is_for_objects_and_not_for_their_pods_and_selectors() -> None:
    common = CommonMetadata(labels=(("team", "on"),), annotations=(("note", "1e3"),))
    after = transformed(rendering_of(*WEB), common_metadata=common)
    assert all(each.body["metadata"]["labels"]["team"] == "on" for each in after.objects)
    assert all(each.body["metadata"]["annotations"] == {"note": "1e3"} for each in after.objects)
    spec = body_of(after, "Deployment")["spec"]
    assert spec["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"] == {"app": "web"}
    assert "annotations" not in spec["template"]["metadata"]


def test_a_patch_may_delete_and_the_row_says_so() -> None:
    patch = Patch(patch="{apiVersion: v1, kind: Service, metadata: {name: web}, $patch: delete}")
    before = rendering_of(*WEB)
    after = transformed(before, patches=(patch,))
    assert [each.key for each in after.objects] == [each.key for each in before.objects if each.key.kind != "Service"]
    row = next(row for row in after.components if row.kind == "Service")
    assert (row.outcome, row.reason) == (Outcome.SKIPPED, "DeletedByPatch")


@pytest.mark.parametrize(
    "patch",
    [
        Patch(patch="{apiVersion: apps/v1, kind: Deployment, metadata: {name: other}, spec: {}}"),
        Patch(patch="{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: other}, spec: {}}"),
        Patch(patch="{apiVersion: v1, kind: Pod, metadata: {name: web}, $patch: delete}"),
        Patch(patch="spec: {replicas: 3}", target=PatchTarget(kind="Deploy")),
        Patch(patch='[{"op": "remove", "path": "/spec"}]', target=PatchTarget(name="we")),
        Patch(patch="spec: {}", target=PatchTarget(label_selector="no=where")),
    ],
)
def test_a_patch_that_is_for_no_object_is_refused_by_its_field(patch: Patch) -> None:
    message = refusal(rendering_of(*WEB), patches=(REPLICAS, patch))
    assert message.startswith("spec.render.patches[1]: it is for ")
    assert "no object of the pattern is that" in message


@pytest.mark.parametrize(
    ("patch", "why"),
    [
        (Patch(patch="a: [b"), "spec.render.patches[0]: line 2: "),
        (Patch(patch=""), "it is neither a strategic merge patch nor a list"),
        (Patch(patch="words"), "it is neither a strategic merge patch nor a list"),
        (Patch(patch="- {op: remove, path: /spec}"), "needs a target"),
        (Patch(patch="spec: {}"), "it has no target, and no apiVersion, kind and metadata.name"),
        (Patch(patch="a: b\n---\nc: d", target=DEPLOYMENTS), "it holds several patches"),
        (
            Patch(patch="- {op: test, path: /spec/replicas, value: planted-word}", target=DEPLOYMENTS),
            "kustomize says: ",
        ),
        (Patch(patch="- {op: planted-word}", target=DEPLOYMENTS), "patches[0]: the op of operation 0 is none of add,"),
        (Patch(patch="spec: {}", target=PatchTarget(name="(")), "kustomize says: "),
        (Patch(patch="spec: {}", target=PatchTarget(label_selector="a=b=c")), "kustomize says: "),
        (
            Patch(patch='- {op: add, path: "", value: {apiVersion: v1, kind: ConfigMap}}', target=DEPLOYMENTS),
            "spec.render",
        ),
        (Patch(patch="- {op: remove, path: /metadata/name}", target=DEPLOYMENTS), "spec.render"),
        (Patch(patch="- {op: replace, path: /metadata, value: 1}", target=DEPLOYMENTS), "spec.render"),
    ],
)
def test_a_patch_that_cannot_be_used_is_refused_without_what_it_holds(patch: Patch, why: str) -> None:
    message = refusal(rendering_of(*WEB), patches=(patch,))
    assert why in message
    assert "planted-word" not in message


def test_no_value_of_a_secret_is_in_a_message() -> None:
    secret = (
        SETTINGS.replace("ConfigMap", "Secret").replace("\ndata:", "\nstringData:").replace("'0777'", "planted-word")
    )
    for patch in (
        Patch(patch="- {op: test, path: /stringData/size, value: other}", target=PatchTarget(kind="Secret")),
        Patch(patch="- {op: add, path: /metadata/labels, value: text}", target=PatchTarget(kind="Secret")),
    ):
        message = refusal(
            rendering_of(secret),
            patches=(patch,),
            common_metadata=CommonMetadata(labels=(("a", "b"),)),
            name_prefix="a-",
        )
        assert "planted-word" not in message


def test_what_a_patch_makes_is_checked_as_all_objects_are() -> None:
    namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: extra}\n"
    before = Rendering(
        objects=(Object.of(yaml.safe_load(namespace), component="n"),),
        components=(ComponentReport("n", "extra", "Namespace", Outcome.RENDERED),),
    )
    patch = Patch(
        patch="- {op: replace, path: /metadata/name, value: kube-system}", target=PatchTarget(kind="Namespace")
    )
    after = transformed(before, patches=(patch,))
    assert after.objects == ()
    assert after.components[0].reason == "ProtectedNamespace"
    bad = Patch(patch="- {op: replace, path: /metadata/name, value: 'No Name'}", target=DEPLOYMENTS)
    after = transformed(rendering_of(*WEB), patches=(bad,))
    assert (after.components[0].outcome, after.components[0].reason) == (Outcome.REFUSED, "InvalidName")
    same = Patch(patch="- {op: replace, path: /metadata/name, value: one}", target=PatchTarget(kind="ConfigMap"))
    assert "already registered" in refusal(rendering_of(SETTINGS, SETTINGS.replace("settings", "two")), patches=(same,))


def test_a_patch_does_not_lead_out_of_the_target_namespace() -> None:
    patch = Patch(patch="- {op: replace, path: /metadata/namespace, value: other}", target=DEPLOYMENTS)
    after = transformed(rendering_of(*WEB), patches=(patch,), target_namespace=NAMESPACE)
    assert after.objects[0].key.namespace == NAMESPACE


def test_the_scope_of_a_kind_stays_known() -> None:
    after = transformed(rendering_of(CUSTOM.partition("---\n")[2]), name_prefix="a-")
    assert after.objects[0].key.namespace == ""


def test_rows_of_what_was_not_rendered_stay() -> None:
    before = rendering_of(SETTINGS)
    row = ComponentReport("b", "settings", "ConfigMap", Outcome.REFUSED, "MissingName", "why")
    before = Rendering(objects=before.objects, components=(row, *before.components))
    assert transformed(before, name_prefix="a-").components[0] == row


TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            "on",
            "1e3",
            "0777",
            "22:22",
            "~",
            "null",
            "",
            "=",
            "<<",
            "a: b",
            "x\n\n",
            "\nx",
            " ",
            "\t",
            "- a",
            "{}",
            "2001-01-01",
        ]
    ),
)
KEYS = st.one_of(TEXTS, st.sampled_from(["image", "name", "items", "config.kubernetes.io/index", "<<"]))
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**64 - 1),
        st.floats(allow_nan=False, allow_infinity=False).filter(lambda value: not value.is_integer()),
        TEXTS,
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=20,
)
MAPS = st.one_of(st.none(), st.dictionaries(KEYS, TEXTS, max_size=3))
CUSTOM_OBJECTS = st.builds(
    lambda place, spec, labels, annotations: {
        "apiVersion": "example.com/v1",
        "kind": "Widget",
        "metadata": {"name": place, "namespace": NAMESPACE, "labels": labels, "annotations": annotations},
        "spec": spec,
    },
    st.just("one"),
    VALUES,
    MAPS,
    MAPS,
)


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(CUSTOM_OBJECTS, min_size=1, max_size=8))
def test_what_is_for_another_object_changes_nothing_of_any_object(bodies: list[dict[str, Any]]) -> None:
    for place, body in enumerate(bodies):
        body["metadata"]["name"] = f"w{place}"
    objects = tuple(Object.of(body, component=str(place)) for place, body in enumerate(bodies))
    before = Rendering(objects=(*objects, *objects_of(DEPLOYMENT)))
    after = transformed(before, patches=(REPLICAS,))
    for old, new in zip(objects, after.objects[:-1], strict=True):
        assert repr(new.body) == repr(old.body)


@settings(max_examples=examples(80), deadline=None)
@given(CUSTOM_OBJECTS)
def test_what_is_renamed_stays_the_same_otherwise(body: dict[str, Any]) -> None:
    after = transformed(Rendering(objects=(Object.of(body, component="a"),)), name_prefix="a-").objects[0].body
    renamed = {**body, "metadata": {**body["metadata"], "name": "a-one"}}
    assert repr(after) == repr(renamed)


@pytest.mark.parametrize(
    ("spec", "options"),
    [
        ("containers: [{image: {name: x, pullPassword: planted-word}}]", {"images": (Image(name="a", new_tag="1"),)}),
        ("containers: [planted-word]", {"images": (Image(name="a", new_tag="1"),)}),
        ("one: [planted-word]", {"patches": (Patch(patch="- {op: add, path: /spec/one/0/x, value: 1}"),)}),
    ],
)
def test_no_content_of_an_object_is_in_a_message(spec: str, options: dict[str, Any]) -> None:
    odd = f"apiVersion: example.com/v1\nkind: Widget\nmetadata: {{name: odd}}\nspec: {{{spec}}}\n"
    target = PatchTarget(kind="Widget")
    if "patches" in options:
        options = {"patches": tuple(Patch(patch=each.patch, target=target) for each in options["patches"])}
    assert "planted-word" not in refusal(rendering_of(odd), **options)


def test_no_parameter_is_in_a_message() -> None:
    patch = Patch(patch="- {op: test, path: /spec/replicas, value: 7}", target=DEPLOYMENTS)
    message = refusal(rendering_of(*WEB), patches=(patch,), parameters=b'{"a": {"b": "test failed"}}')
    assert "/spec/replicas failed: ***" in message


FORGED = "pattern-operator.io~1matched-1"


@pytest.mark.parametrize("field", [FORGED, "matched-1", "position", "pattern-operator.io~1position"])
def test_no_patch_makes_another_pass_for_one_that_fits(field: str) -> None:
    forging = Patch(patch=f"- {{op: add, path: /{field}, value: true}}", target=PatchTarget(kind="Service"))
    for_none = Patch(patch="spec: {replicas: 3}", target=PatchTarget(name="absent"))
    message = refusal(rendering_of(*WEB), patches=(forging, for_none))
    assert message.startswith("spec.render.patches[1]: it is for name absent")


def test_a_text_in_the_form_of_a_carried_one_stays() -> None:
    common = CommonMetadata(annotations=(("a", "carried-text-9."), ("b", "carried-0-9.")))
    after = transformed(rendering_of(SETTINGS), common_metadata=common)
    assert after.objects[0].body["metadata"]["annotations"] == dict(common.annotations)


@pytest.mark.parametrize("target", [None, DEPLOYMENTS])
def test_null_in_a_merge_patch_removes_a_label_or_an_annotation(target: PatchTarget | None) -> None:
    web = yaml.safe_load(DEPLOYMENT)
    web["metadata"] |= {"labels": {"a": "b", "c": "d"}, "annotations": {"e": "f"}}
    patch = Patch(
        patch="{apiVersion: apps/v1, kind: Deployment,"
        " metadata: {name: web, labels: {a: null, none: null}, annotations: {e: null, none: null}}}",
        target=target,
    )
    metadata = body_of(transformed(rendering_of(yaml.safe_dump(web)), patches=(patch,)), "Deployment")["metadata"]
    assert metadata["labels"] == {"c": "d"}
    assert "annotations" not in metadata


@pytest.mark.parametrize(
    "patch",
    [
        Patch(patch="spec: {new: 9007199254740995, same: 9007199254740993}", target=PatchTarget(kind="Widget")),
        Patch(
            patch="[{op: test, path: /spec/same, value: 9007199254740993},"
            " {op: add, path: /spec/new, value: 9007199254740995}]",
            target=PatchTarget(kind="Widget"),
        ),
    ],
)
def test_a_patch_rounds_no_number(patch: Patch) -> None:
    numbers = "same: 9007199254740993, max: 18446744073709551615, least: -9223372036854775808, one: 1.0, half: 0.5"
    odd = f"apiVersion: example.com/v1\nkind: Widget\nmetadata: {{name: odd}}\nspec: {{{numbers}}}\n"
    before = rendering_of(odd)
    spec = body_of(transformed(before, patches=(patch,)), "Widget")["spec"]
    assert repr(spec) == repr({**before.objects[0].body["spec"], "new": 9007199254740995})


TASK = HOOK.replace("migrate", "task")
DELETING = TASK.replace("pre-install", "pre-delete")


def test_hooks_and_objects_of_one_name_are_all_changed() -> None:
    ordinary = TASK.replace("helm.sh/hook", "note")
    before = rendering_of(ordinary, SETTINGS, hooks=f"{TASK}---\n{DELETING}")
    after, runs = driven_and_counted(
        transform(
            before,
            options=Options(
                images=(Image(name="registry.example/web", new_tag="2"),),
                patches=(Patch(patch="spec: {suspend: true}", target=PatchTarget(kind="Job")),),
                name_prefix="p-",
            ),
        )
    )
    assert runs == 3
    jobs = [body_of(after, "Job"), *(each.object.body for each in after.hooks)]
    assert [each.events[0] for each in after.hooks] == ["pre-install", "pre-delete"]
    for job in jobs:
        container = job["spec"]["template"]["spec"]["containers"][0]
        assert container["image"] == "registry.example/web:2"
        assert container["envFrom"] == [{"configMapRef": {"name": "p-settings"}}]
        assert job["spec"]["suspend"] is True
        assert job["metadata"]["name"] == "p-task"


def test_more_hooks_of_one_name_than_helm_has_moments_are_refused() -> None:
    before = rendering_of(SETTINGS, hooks="---\n".join([TASK] * 10))
    assert "10 hooks are Job.batch shop/task" in refusal(before, name_prefix="p-")


def test_a_patch_does_not_lead_a_hook_out_of_the_target_namespace() -> None:
    patch = Patch(patch="- {op: replace, path: /metadata/namespace, value: other}", target=PatchTarget(kind="Job"))
    after = transformed(rendering_of(hooks=HOOK), patches=(patch,), target_namespace=NAMESPACE)
    assert [each.object.key.namespace for each in after.hooks] == [NAMESPACE]


@pytest.mark.parametrize(
    "operation",
    [
        "{op: remove, path: /metadata/annotations/helm.sh~1hook}",
        "{op: replace, path: /metadata/annotations/helm.sh~1hook, value: never}",
        "{op: replace, path: /metadata/annotations, value: [x]}",
        "{op: replace, path: /metadata/name, value: 5}",
        "{op: replace, path: /metadata/name, value: 'No Name'}",
    ],
)
def test_a_patch_that_leaves_no_hook_is_refused(operation: str) -> None:
    patch = Patch(patch=f"- {operation}", target=PatchTarget(kind="Job"))
    assert refusal(rendering_of(SETTINGS, hooks=HOOK), patches=(patch,)).startswith("spec.render")


def test_a_hook_that_a_patch_moves_to_another_moment_runs_then() -> None:
    patch = Patch(
        patch="{metadata: {annotations: {helm.sh/hook: post-install, helm.sh/hook-weight: '3'}}}",
        target=PatchTarget(kind="Job"),
    )
    after = transformed(rendering_of(hooks=HOOK), patches=(patch,))
    assert [(each.events, each.weight) for each in after.hooks] == [(("post-install",), 3)]


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ("initContainers: [{image: {repository: planted-word}}]", "spec.initContainers[0].image"),
        ("a: [{containers: [planted-word]}]", "spec.a[0].containers[0]"),
    ],
)
def test_an_object_whose_images_kustomize_cannot_read_is_named_with_its_field(spec: str, field: str) -> None:
    odd = f"apiVersion: example.com/v1\nkind: Widget\nmetadata: {{name: odd}}\nspec: {{{spec}}}\n"
    message = refusal(rendering_of(*WEB, odd), images=(Image(name="registry.example/web", new_tag="2"),))
    assert message.startswith("spec.render.images: Widget.example.com odd has no image as text in ")
    assert field in message
    assert "planted-word" not in message


def test_what_kustomize_says_is_told_of_the_fields_that_were_asked_for() -> None:
    patch = Patch(patch="- {op: remove, path: /spec/none}", target=DEPLOYMENTS)
    assert refusal(rendering_of(*WEB), patches=(patch,)).startswith("spec.render.patches[0]: kustomize says: ")
    message = refusal(rendering_of(*WEB), patches=(REPLICAS, patch), name_prefix="a-")
    assert message.startswith("spec.render.patches, spec.render.namePrefix: kustomize says: ")


def test_a_patch_of_pattern_yaml_is_named_as_such_and_those_of_the_spec_are_counted_without_it() -> None:
    of_author = replace(REPLICAS, where="pattern.yaml: patches[0]")
    for_none = Patch(patch="spec: {}", target=PatchTarget(name="absent"))
    assert refusal(rendering_of(*WEB), patches=(of_author, for_none)).startswith("spec.render.patches[0]: it is for")
    for_none = replace(for_none, where="pattern.yaml: patches[1]")
    assert refusal(rendering_of(*WEB), patches=(REPLICAS, for_none)).startswith("pattern.yaml: patches[1]: it is for")
    failing = Patch(patch="- {op: remove, path: /spec/none}", target=DEPLOYMENTS)
    message = refusal(rendering_of(*WEB), patches=(of_author, failing))
    assert message.startswith("pattern.yaml: patches, spec.render.patches: kustomize says: ")


def test_a_rendering_without_objects_needs_no_program() -> None:
    empty = Rendering(objects=(), components=(), format="Manifests")

    made, runs = driven_and_counted(transform(empty, options=Options(name_prefix="a-")))

    assert (made, runs) == (empty, 0)


def deleting(kind: str, name: str = ".*") -> Patch:
    return Patch(patch="$patch: delete", target=PatchTarget(kind=kind, name=name))


LABELLED = Patch(
    patch='[{"op": "add", "path": "/metadata/labels", "value": {"a": "b"}}]', target=PatchTarget(kind="Service")
)


@pytest.mark.parametrize(
    "patches",
    [
        (deleting("Service"), deleting("Service", "typo")),
        (deleting("Service"), deleting("Pod")),
        (deleting("Service"), LABELLED),
        (deleting("Service"), deleting("Service")),
        (deleting("ConfigMap"), replace(LABELLED, target=PatchTarget(kind="Deploy"))),
    ],
)
def test_beside_a_patch_that_deletes_one_that_is_for_no_object_is_refused(patches: tuple[Patch, ...]) -> None:
    message = refusal(rendering_of(*WEB), patches=patches)

    assert message.startswith("spec.render.patches[1]: it is for ")
    assert "no object of the pattern is that" in message


@pytest.mark.parametrize(
    ("patches", "left"),
    [
        ((LABELLED, deleting("Service")), {"Deployment", "ConfigMap"}),
        ((deleting("Service"), deleting("ConfigMap")), {"Deployment"}),
        ((LABELLED, deleting(".*")), set()),
        ((deleting("Service"), deleting("Service|ConfigMap")), {"Deployment"}),
    ],
)
def test_a_patch_for_what_a_later_one_deletes_is_for_an_object(patches: tuple[Patch, ...], left: set[str]) -> None:
    after = transformed(rendering_of(DEPLOYMENT, SERVICE, SETTINGS), patches=patches, name_prefix="p-")

    assert {each.key.kind for each in after.objects} == left
    if "ConfigMap" not in left and "Deployment" in left:
        (container,) = body_of(after, "Deployment")["spec"]["template"]["spec"]["containers"]
        assert container["env"][0]["valueFrom"]["configMapKeyRef"]["name"] == "settings", (
            "what is deleted has no new name"
        )


def test_what_patches_are_for_is_asked_again_only_where_a_deletion_leaves_it_open() -> None:
    def counted(*patches: Patch) -> int:
        return driven_and_counted(transform(rendering_of(*WEB), options=Options(patches=patches)))[1]

    assert counted(deleting("Service")) == 1
    assert counted(deleting("Service"), REPLICAS) == 1
    assert counted(deleting("Service"), deleting("ConfigMap")) == 2
    assert counted(LABELLED, deleting("Service")) == 2

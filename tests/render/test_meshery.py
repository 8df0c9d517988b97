"""Components of a design to objects: as Meshery deploys them, repaired where that is exact, else refused."""

from typing import Any

import orjson
import pytest
from tests.render.designs import component, deployment, design, only_object, only_report, rendered
from tests.render.rendered import render

from pattern_operator.api.artifact import File
from pattern_operator.api.report import Outcome
from pattern_operator.render import Options


def _service(**fields: Any) -> File:
    service = {"name": "config", "type": "ConfigMap", "apiVersion": "v1", "settings": {"data": {"a": "b"}}} | fields
    return File("design.yml", orjson.dumps({"name": "old", "services": {"config-key": service}}))


def test_a_component_becomes_an_object_as_meshery_makes_it():
    configuration = {
        "apiVersion": "ignored/v1",
        "kind": "Ignored",
        "namespace": "ignored",
        "metadata": {"labels": {"app": "a"}, "annotations": {"note": "x"}, "namespace": "team"},
        "data": {"a": "b"},
        "immutable": True,
    }

    rendering = rendered(component("ConfigMap", "config", configuration, id="0a1b"))

    (made,) = rendering.objects
    assert made.body == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "config",
            "namespace": "team",
            "labels": {"app": "a", "design.meshery.io/id": "8f1c9f4e-52a4-4b0c-9f36-1d9b8a1c3a10"},
            "annotations": {
                "note": "x",
                "design.meshery.io/version": "0.0.1",
                "component.meshery.io/id": "0a1b",
            },
        },
        "data": {"a": "b"},
        "immutable": True,
    }
    assert made.component == "0a1b"
    assert (rendering.format, rendering.name, rendering.version) == ("Meshery", "small", "0.0.1")
    assert only_report(rendering).repair_messages == ()


@pytest.mark.parametrize("id_", ["no label value", "", None])
def test_marks_are_left_out_where_the_design_has_no_ids(id_: str | None):
    file = design(component("ConfigMap", "config", {"data": {}}, id=""), id=id_, version=None)

    (made,) = render([file], options=Options()).objects

    assert made.body["metadata"] == {"name": "config", "namespace": "default"}
    assert made.component == "#1"


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        pytest.param(component("Pod", "a", metadata={"isAnnotation": True}), "Annotation", id="an annotation"),
        pytest.param(component("Pod", "a", status="ignored"), "Ignored", id="an ignored component"),
        pytest.param(
            component("Pod", "a", model={"name": "core", "registrant": {"kind": "meshery"}}),
            "ForeignModel",
            id="a model",
        ),
        pytest.param(component("Namespace", "default"), "ProtectedNamespace", id="the namespace default"),
        pytest.param(component("Namespace", "kube-system"), "ProtectedNamespace", id="a namespace of Kubernetes"),
    ],
)
def test_what_is_nothing_to_apply_is_skipped(made: dict[str, Any], reason: str):
    rendering = rendered(made)

    assert (only_report(rendering).outcome, only_report(rendering).reason) == (Outcome.SKIPPED, reason)
    assert only_report(rendering).message
    assert rendering.objects == ()


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        pytest.param(component("", "a", {}), "MissingKind", id="no kind"),
        pytest.param(component("VirtualService", "a", {}, version=""), "MissingApiVersion", id="no apiVersion"),
        pytest.param(
            component("Service", "a", {}, version="", model={"name": "knative"}),
            "MissingApiVersion",
            id="a built-in kind's name in a model of others",
        ),
        pytest.param(component("ConfigMap", "", {}), "MissingName", id="no name"),
        pytest.param(component("ConfigMap", "  ", {}), "MissingName", id="a blank name"),
        pytest.param(component("ConfigMap", "äöü", {}), "InvalidName", id="a name of which nothing is left"),
        pytest.param(component("Namespace", "a" * 64, {}), "InvalidName", id="a name too long"),
        pytest.param(
            component("ClusterRole", "a/b", {}, version="rbac.authorization.k8s.io/v1"),
            "InvalidName",
            id="an RBAC name that is not a path segment",
        ),
        pytest.param(
            component("Role", "äöü", {}, version="iam.example.com/v1"), "InvalidName", id="a Role of others is not RBAC"
        ),
        pytest.param(component("Binding", "a", {}), "NotAResource", id="a request of the API"),
        pytest.param(component("Eviction", "a", {}, version="policy/v1"), "NotAResource", id="another"),
        pytest.param(component("ConfigMap", "a", []), "InvalidDocument", id="a configuration that is a list"),
        pytest.param(component("Config Map", "a", {}), "InvalidDocument", id="a kind with a space"),
        pytest.param(
            component("ConfigMap", "a", {}, version="../v1"), "InvalidDocument", id="an apiVersion that climbs"
        ),
        pytest.param(component("ConfigMap", "a", {"metadata": "x"}), "InvalidDocument", id="metadata that is text"),
        pytest.param(
            component("ConfigMap", "a", {"metadata": {"labels": ["x"]}}), "InvalidDocument", id="labels that are a list"
        ),
        pytest.param(
            component("ConfigMap", "a", {"metadata": {"namespace": 7}}),
            "InvalidName",
            id="a namespace that is a number",
        ),
        pytest.param(
            component("ConfigMap", "a", {"metadata": {"namespace": "äöü"}}), "InvalidName", id="a namespace of nothing"
        ),
        pytest.param(
            component("ConfigMap", "a", {"bi nary": {"a": "x"}, "binary": {"a": "y"}}),
            "ConflictingFields",
            id="one field written in two ways",
        ),
        pytest.param(
            component("ConfigMap", "a", {"data": {"host": "$(#ref.db.host)"}}), "UnresolvedReference", id="a reference"
        ),
    ],
)
def test_what_would_have_to_be_invented_is_refused(made: dict[str, Any], reason: str):
    rendering = rendered(made)

    report = only_report(rendering)
    assert (report.outcome, report.reason) == (Outcome.REFUSED, reason)
    assert report.message
    assert report.repair_messages == ()
    assert rendering.objects == ()


@pytest.mark.parametrize(
    ("made", "expected", "repair"),
    [
        pytest.param(
            component("Namespace", "team", None),
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}},
            "configuration null read as empty",
            id="configuration: null",
        ),
        pytest.param(
            component("ConfigMap", "a", {}, version=""),
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "default"}},
            "apiVersion v1 taken from the built-in kind",
            id="no apiVersion",
        ),
        pytest.param(
            component("ConfigMap", "My Config", {}),
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "my-config", "namespace": "default"}},
            "metadata.name 'My Config' made 'my-config'",
            id="a name that is none",
        ),
        pytest.param(
            component("ConfigMap", "a", {"metadata": {"namespace": "My Team"}}),
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "my-team"}},
            "metadata.namespace 'My Team' made 'my-team'",
            id="a namespace that is none",
        ),
        pytest.param(
            component(
                "PriorityClass", "a", {"metadata": {"namespace": "team"}, "value": 1}, version="scheduling.k8s.io/v1"
            ),
            {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "a"}, "value": 1},
            "metadata.namespace left out: PriorityClass is cluster-scoped",
            id="a namespace on a cluster-scoped kind",
        ),
        pytest.param(
            component("ConfigMap", "a", {"status": {"x": 1}, "data": {"status": "y"}}),
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "a", "namespace": "default"},
                "data": {"status": "y"},
            },
            "status left out: a cluster writes it",
            id="the top-level status, and no other",
        ),
        pytest.param(
            component(
                "ConfigMap",
                "a",
                {"metadata": {"name": "a", "uid": "1", "resource Version": "2", "generate Name": "a-"}},
            ),
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "default"}},
            "metadata.uid, metadata.resourceVersion, metadata.generateName left out:"
            " of the cluster it was captured from",
            id="what another cluster wrote",
        ),
        pytest.param(
            component("ConfigMap", "a", {"metadata": {"name": "b"}}),
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "default"}},
            "metadata.name of the configuration, 'b', gives way to the displayName",
            id="another name in the configuration",
        ),
    ],
)
def test_a_repair_is_made_and_told(made: dict[str, Any], expected: dict[str, Any], repair: str):
    rendering = rendered(made)

    assert only_object(rendering) == expected
    assert repair in only_report(rendering).repair_messages


def test_labels_annotations_and_namespace_of_a_service_overwrite_its_settings():
    settings = {"metadata": {"labels": {"a": "1", "b": "1"}, "namespace": "inner"}, "data": {"x": "y"}}

    rendering = render(
        [_service(settings=settings, labels={"b": "2"}, annotations={"c": "3"}, namespace="outer")], options=Options()
    )

    metadata = only_object(rendering)["metadata"]
    assert metadata == {
        "name": "config",
        "namespace": "outer",
        "labels": {"a": "1", "b": "2"},
        "annotations": {"c": "3"},
    }


def test_a_kind_with_k8s_behind_it_is_the_built_in_kind():
    rendering = render([_service(type="ConfigMap.K8s", apiVersion="core.oam.dev/v1alpha1")], options=Options())

    assert only_object(rendering)["apiVersion"] == "v1"
    assert only_report(rendering).repair_messages == (
        "kind ConfigMap.K8s read as ConfigMap",
        "apiVersion v1 taken from the built-in kind",
    )


@pytest.mark.parametrize("version", ["core.oam.dev/v1alpha1", "", "v1"])
def test_a_kind_with_k8s_behind_it_is_read_in_every_form(version: str):
    rendering = rendered(component("ConfigMap.K8s", "a", {"data": {"a": "b"}}, version=version))

    assert (only_object(rendering)["apiVersion"], only_object(rendering)["kind"]) == ("v1", "ConfigMap")
    assert "kind ConfigMap.K8s read as ConfigMap" in only_report(rendering).repair_messages


def test_nulls_of_somebody_elses_kind_are_kept_and_those_of_kubernetes_are_not():
    spec = {"time out": None, "values": {"cpu": None}}

    theirs = rendered(component("Release", "a", {"spec": spec}, version="example.com/v1"))
    ours = rendered(component("ConfigMap", "a", {"immutable": None, "data": {"a": "b"}}))

    assert only_object(theirs)["spec"] == {"timeout": None, "values": {"cpu": None}}
    assert only_report(theirs).repair_messages == ("spec.time out read as timeout",)
    assert "immutable" not in only_object(ours)
    assert only_report(ours).repair_messages == ("immutable left out: null",)


def test_what_a_cluster_wrote_into_a_design_is_left_out_and_told():
    metadata = {"uid": "1", "annotations": {"deployment.kubernetes.io/revision": "7"}}
    spec = {"clusterIP": "10.0.0.1", "ports": [{"port": 80}]}

    rendering = rendered(component("Service", "a", {"metadata": metadata, "spec": spec}))

    assert only_object(rendering)["spec"] == {"ports": [{"port": 80}]}
    assert only_report(rendering).repair_messages == (
        "metadata.uid left out: of the cluster it was captured from",
        "metadata.annotations.deployment.kubernetes.io/revision, spec.clusterIP left out: a cluster writes that",
    )


@pytest.mark.parametrize("field", ["labels", "annotations"])
def test_labels_of_a_service_are_cleaned_like_its_settings(field: str):
    rendering = render([_service(**{field: {"a b": "1", "ab": "2"}})], options=Options())

    assert only_report(rendering).reason == "ConflictingFields"


def test_an_unknown_field_is_not_dropped_in_silence():
    rendering = rendered(component("Deployment", "web", deployment() | {"resources": ["x"]}, version="apps/v1"))

    assert only_object(rendering)["resources"] == ["x"]


def test_a_selector_that_differs_from_its_template_is_refused_with_the_repair_that_may_be_allowed():
    configuration = deployment()
    configuration["spec"]["selector"]["matchLabels"] = {"app": "other"}

    report = only_report(rendered(component("Deployment", "web", configuration, version="apps/v1")))

    assert (report.outcome, report.reason) == (Outcome.REFUSED, "SelectorMismatch")
    assert "SetSelectorFromTemplate" in report.message


@pytest.mark.parametrize("kind", ["PLANTED {{ x", "PLANTED:s3cret"])
def test_text_in_the_place_of_a_kind_is_shown_nowhere(kind: str):
    report = only_report(rendered(component(kind, "config", {})))

    assert report.outcome is Outcome.REFUSED
    assert "PLANTED" not in repr(report)


@pytest.mark.parametrize(("form", "named"), [("CUE", "CUE"), ("cue", "CUE"), ("Jsonnet", "jsonnet")])
def test_a_component_in_a_language_that_is_run_by_nobody_is_refused(form: str, named: str):
    report = only_report(rendered(component("ConfigMap", "config", {"data": {"a": "b"}}, format=form)))

    assert (report.outcome, report.reason) == (Outcome.REFUSED, "UnsupportedLanguage")
    assert named in report.message


@pytest.mark.parametrize("form", ["JSON", "", None, 1, "yaml"])
def test_a_component_of_values_is_rendered_whatever_its_format_is_called(form: object):
    assert only_report(rendered(component("ConfigMap", "config", {}, format=form))).outcome is Outcome.RENDERED

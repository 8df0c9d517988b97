"""Where objects go, and what follows them there."""

from dataclasses import replace
from typing import Any

import pytest
from tests.render.designs import body_of, component, only_report, rendered, report_on

from pattern_operator.render import Options

HERE = Options(format="Meshery", default_namespace="team")
TARGET = Options(format="Meshery", default_namespace="team", target_namespace="target")
RBAC = "rbac.authorization.k8s.io/v1"


def _config(namespace: str | None = None) -> dict[str, Any]:
    return component("ConfigMap", "config", {"metadata": {"namespace": namespace}})


@pytest.mark.parametrize(
    ("made", "options", "namespace"),
    [
        pytest.param(_config(), HERE, "team", id="none: the pattern's own"),
        pytest.param(_config(""), HERE, "team", id="an empty one is none"),
        pytest.param(_config("default"), HERE, "default", id="default, when it is named, is default"),
        pytest.param(_config("other"), HERE, "other", id="the one it names"),
        pytest.param(_config("other"), TARGET, "target", id="the target, whatever it names"),
        pytest.param(_config(), TARGET, "target", id="the target, when it names none"),
        pytest.param(
            component("ConfigMap", "config", {}, metadata={"isNamespaced": False}), HERE, "team", id="a known kind"
        ),
        pytest.param(component("Thing", "a", {}, version="x.io/v1"), HERE, "team", id="an unknown kind has one"),
        pytest.param(
            component("Thing", "a", {}, version="x.io/v1", metadata={"isNamespaced": False}),
            TARGET,
            None,
            id="or has none",
        ),
        pytest.param(
            component("StorageClass", "a", {"provisioner": "x"}, version="storage.k8s.io/v1"),
            TARGET,
            None,
            id="a cluster-scoped kind has none",
        ),
    ],
)
def test_an_object_goes_to_a_namespace(made: dict[str, Any], options: Options, namespace: str | None):
    (placed,) = rendered(made, options=options).objects

    assert placed.body["metadata"].get("namespace") == namespace
    assert placed.key.namespace == (namespace or "")


def test_a_crd_of_the_pattern_says_that_its_kind_is_of_the_cluster():
    crd = {
        "spec": {
            "group": "x.io",
            "scope": "Cluster",
            "names": {"kind": "Thing", "plural": "things"},
            "versions": [{"name": "v1", "schema": {"openAPIV3Schema": {"type": "object"}}}],
        }
    }

    rendering = rendered(
        component("CustomResourceDefinition", "things.x.io", crd, version="apiextensions.k8s.io/v1"),
        component(
            "Thing", "a", {"metadata": {"namespace": "team"}}, version="x.io/v1", metadata={"isNamespaced": True}
        ),
    )

    assert "namespace" not in body_of(rendering, "Thing")["metadata"]


@pytest.mark.parametrize(
    ("name", "options", "reason", "words"),
    [
        ("other", HERE, "", ""),
        ("default", HERE, "ProtectedNamespace", "namespace default is used as it is, and never owned: its labels"),
        ("kube-public", HERE, "ProtectedNamespace", "namespace kube-public is used as it is"),
        ("team", HERE, "ProtectedNamespace", "namespace team is the pattern's own: it is used as it is, its labels"),
        ("other", TARGET, "TargetNamespace", "namespace other is left out: spec.render.targetNamespace is"),
        ("target", TARGET, "", ""),
        ("default", TARGET, "ProtectedNamespace", "namespace default is used as it is"),
        ("default", Options(format="Meshery", target_namespace="default"), "ProtectedNamespace", "namespace default"),
        (
            "team",
            Options(format="Meshery", default_namespace="team", target_namespace="team"),
            "ProtectedNamespace",
            "",
        ),
    ],
)
def test_a_namespace_is_an_object_unless_it_is_not_to_be_owned(name: str, options: Options, reason: str, words: str):
    rendering = rendered(component("Namespace", name), options=options)

    assert only_report(rendering).reason == reason
    assert only_report(rendering).message.startswith(words)
    assert len(rendering.objects) == (0 if reason else 1)


@pytest.mark.parametrize(
    ("components", "options", "made"),
    [
        pytest.param([_config()], Options(target_namespace="target"), ["target"], id="the target"),
        pytest.param(
            [_config("a"), component("Secret", "s", {"metadata": {"namespace": "b"}})],
            Options(),
            ["a", "b"],
            id="those that objects name",
        ),
        pytest.param([_config("a"), component("Namespace", "a")], Options(), [], id="not one that the pattern brings"),
        pytest.param([_config()], Options(default_namespace="team"), [], id="not the pattern's own"),
        pytest.param([_config("default")], Options(default_namespace="team"), [], id="not default"),
        pytest.param([_config("kube-system")], Options(), [], id="not one of the cluster"),
        pytest.param(
            [component("ClusterRole", "r", {"rules": []}, version=RBAC)],
            Options(target_namespace="target"),
            [],
            id="not for what has no namespace",
        ),
        pytest.param([], Options(target_namespace="target"), [], id="not for nothing"),
    ],
)
def test_namespaces_that_objects_go_to_are_made_when_asked(
    components: list[dict[str, Any]], options: Options, made: list[str]
):
    plain = rendered(*components, options=replace(options, format="Meshery"))
    asked = rendered(*components, options=replace(options, format="Meshery", create_namespace=True))

    new = [each for each in asked.objects if each not in plain.objects]
    assert [each.key.display_name for each in new] == [f"Namespace {name}" for name in made]
    assert {each.component for each in new} <= {"spec.apply.createNamespace"}
    assert asked.components == plain.components


def _account(namespace: str | None = None) -> dict[str, Any]:
    return component("ServiceAccount", "account", {"metadata": {"namespace": namespace}})


def _binding(namespace: str) -> dict[str, Any]:
    subjects = [{"kind": "ServiceAccount", "name": "account", "namespace": namespace}]
    configuration = {"roleRef": {"kind": "ClusterRole", "name": "view"}, "subjects": subjects}
    return component("ClusterRoleBinding", "binding", configuration, version=RBAC)


@pytest.mark.parametrize(
    ("account", "subject", "options", "follows_to"),
    [
        pytest.param(_account("other"), "other", TARGET, "target", id="to the target"),
        pytest.param(_account(), "default", TARGET, "target", id="from where Meshery would have put it"),
        pytest.param(_account(), "default", HERE, "team", id="to the pattern's own"),
        pytest.param(_account("default"), "default", HERE, "default", id="not when it stays"),
        pytest.param(_account("other"), "elsewhere", TARGET, "elsewhere", id="not one of another namespace"),
        pytest.param(_account("other"), "default", TARGET, "default", id="not from default, when it names another one"),
        pytest.param(_account("other"), "team", TARGET, "team", id="nor from the pattern's own"),
        pytest.param(_account("My Team"), "My Team", HERE, "my-team", id="to the namespace as it is called now"),
    ],
)
def test_a_subject_follows_the_service_account_of_the_pattern(
    account: dict[str, Any], subject: str, options: Options, follows_to: str
):
    rendering = rendered(account, _binding(subject), options=options)

    assert body_of(rendering, "ClusterRoleBinding")["subjects"][0]["namespace"] == follows_to
    told = [repair for repair in report_on(rendering, "binding").repair_messages if "follows" in repair]
    assert told == (
        [f"subjects[0].namespace follows ServiceAccount account to {follows_to}"] if follows_to != subject else []
    )


def test_a_user_of_the_same_name_is_not_followed():
    binding = _binding("other")
    binding["configuration"]["subjects"][0]["kind"] = "User"

    rendering = rendered(_account("other"), binding, options=TARGET)

    assert body_of(rendering, "ClusterRoleBinding")["subjects"][0]["namespace"] == "other"


def _at(body: Any, *path: str | int) -> Any:
    for step in path:
        body = body[step]
    return body


WEBHOOK = {
    "webhooks": [
        {
            "name": "a.x.io",
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            "clientConfig": {"service": {"name": "hook", "namespace": "other"}},
        }
    ]
}
CRD = {
    "spec": {
        "group": "x.io",
        "scope": "Cluster",
        "names": {"kind": "Thing", "plural": "things"},
        "versions": [{"name": "v1", "schema": {"service": {"name": "hook", "namespace": "other"}}}],
        "conversion": {"webhook": {"clientConfig": {"service": {"name": "hook", "namespace": "other"}}}},
    }
}
API = {
    "spec": {
        "group": "x.io",
        "version": "v1",
        "groupPriorityMinimum": 1,
        "versionPriority": 1,
        "service": {"name": "hook", "namespace": "other"},
    }
}


@pytest.mark.parametrize(
    ("kind", "version", "configuration", "path"),
    [
        (
            "ValidatingWebhookConfiguration",
            "admissionregistration.k8s.io/v1",
            WEBHOOK,
            ("webhooks", 0, "clientConfig", "service"),
        ),
        ("APIService", "apiregistration.k8s.io/v1", API, ("spec", "service")),
        (
            "CustomResourceDefinition",
            "apiextensions.k8s.io/v1",
            CRD,
            ("spec", "conversion", "webhook", "clientConfig", "service"),
        ),
    ],
)
def test_what_calls_a_service_of_the_pattern_follows_it(kind: str, version: str, configuration: Any, path: Any):
    service = component("Service", "hook", {"metadata": {"namespace": "other"}, "spec": {"ports": [{"port": 443}]}})

    rendering = rendered(service, component(kind, "a.x.io", configuration, version=version), options=TARGET)

    assert _at(body_of(rendering, kind), *path)["namespace"] == "target"


def test_a_schema_that_looks_like_a_reference_is_left_alone():
    service = component("Service", "hook", {"metadata": {"namespace": "other"}, "spec": {"ports": [{"port": 443}]}})
    crd = component("CustomResourceDefinition", "things.x.io", CRD, version="apiextensions.k8s.io/v1")

    rendering = rendered(service, crd, options=TARGET)

    schema = body_of(rendering, "CustomResourceDefinition")["spec"]["versions"][0]["schema"]
    assert schema == {"service": {"name": "hook", "namespace": "other"}}


def test_objects_that_meet_in_the_target_namespace_and_differ_are_refused():
    rendering = rendered(
        component("ConfigMap", "a", {"metadata": {"namespace": "one"}, "data": {"x": "1"}}, id="1"),
        component("ConfigMap", "a", {"metadata": {"namespace": "two"}, "data": {"x": "2"}}, id="2"),
        options=TARGET,
    )

    assert [report.reason for report in rendering.components] == ["DifferingDuplicate"] * 2


def _drawn_inside(child: str, parent: str) -> dict[str, object]:
    ends = {"from": [{"id": f"id-of-{child}"}], "to": [{"id": f"id-of-{parent}"}]}
    return {"kind": "hierarchical", "type": "parent", "subType": "inventory", "selectors": [{"allow": ends}]}


def test_what_names_no_namespace_goes_to_the_one_it_is_drawn_inside_of():
    made = rendered(
        component("Namespace", "shop"), component("ConfigMap", "web"), relationships=[_drawn_inside("web", "shop")]
    )

    assert body_of(made, "ConfigMap")["metadata"]["namespace"] == "shop"
    assert [str(each.name) for each in report_on(made, "web").repairs][-1] == "SetNamespaceFromParent"


def test_what_names_a_namespace_stays_there_whatever_it_is_drawn_inside_of():
    made = rendered(
        component("Namespace", "shop"),
        component("ConfigMap", "web", {"metadata": {"namespace": "other"}}),
        relationships=[_drawn_inside("web", "shop")],
    )

    assert body_of(made, "ConfigMap")["metadata"]["namespace"] == "other"


def test_what_is_drawn_inside_of_two_namespaces_goes_to_neither():
    made = rendered(
        *(component("Namespace", name) for name in ("shop", "store")),
        component("ConfigMap", "web"),
        relationships=[_drawn_inside("web", "shop"), _drawn_inside("web", "store")],
    )

    assert body_of(made, "ConfigMap")["metadata"]["namespace"] == "default"

"""Required fields: each kind's smallest object is complete, and is refused without what it requires."""

import copy
from typing import Any

import orjson
import pytest
from tests.render.designs import MESHERY, component, design, only_report
from tests.render.minimal import MINIMAL
from tests.render.rendered import render

from pattern_operator.api.artifact import File
from pattern_operator.api.object import Body
from pattern_operator.api.report import Outcome, Rendering
from pattern_operator.render import Options

_OF_A_POD = {
    "containers": "containers",
    "containers.0.name": "containers[0].name",
    "containers.0.image": "containers[0].image",
}
_WORKLOAD = {"spec": "spec.selector", "spec.selector": "spec.selector", "spec.template": "spec.template"} | {
    f"spec.template.spec.{path}": f"spec.template.spec.{field}" for path, field in _OF_A_POD.items()
}
_WEBHOOK = {
    f"webhooks.0.{field}": f"webhooks[0].{field}"
    for field in ("name", "clientConfig", "sideEffects", "admissionReviewVersions")
}
_SAME: dict[str, tuple[str, ...]] = {
    "PersistentVolume": ("spec.capacity", "spec.accessModes"),
    "PersistentVolumeClaim": ("spec.accessModes", "spec.resources.requests.storage"),
    "CustomResourceDefinition": ("spec.group", "spec.names.kind", "spec.names.plural", "spec.scope", "spec.versions"),
    "APIService": ("spec.group", "spec.version", "spec.groupPriorityMinimum", "spec.versionPriority"),
    "HorizontalPodAutoscaler": ("spec.maxReplicas", "spec.scaleTargetRef.kind", "spec.scaleTargetRef.name"),
    "EndpointSlice": ("addressType",),
    "Ingress": ("spec.rules",),
    "IngressClass": ("spec.controller",),
    "RuntimeClass": ("handler",),
    "Service": ("spec.ports",),
    "StorageClass": ("provisioner",),
    "VolumeAttachment": ("spec.attacher", "spec.nodeName", "spec.source"),
    "ClusterRoleBinding": ("roleRef.kind", "roleRef.name"),
    "RoleBinding": ("roleRef.kind", "roleRef.name"),
}
REQUIRED: dict[str, dict[str, str]] = {
    **{kind: {path: path for path in paths} for kind, paths in _SAME.items()},
    **dict.fromkeys(("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"), _WORKLOAD),
    **dict.fromkeys(("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"), _WEBHOOK),
    "Pod": {"spec": "spec.containers"} | {f"spec.{path}": f"spec.{field}" for path, field in _OF_A_POD.items()},
    "PodTemplate": {"template": "template.spec.containers", "template.spec.containers": "template.spec.containers"},
    "ReplicationController": {"spec.template": "spec.template.spec.containers"},
    "Job": {"spec": "spec.template", "spec.template.spec.restartPolicy": "spec.template.spec.restartPolicy"},
    "CronJob": {
        "spec.schedule": "spec.schedule",
        "spec.jobTemplate": "spec.jobTemplate",
        "spec.jobTemplate.spec.template.spec.containers": "spec.jobTemplate.spec.template.spec.containers",
    },
    "ClusterRole": {"rules.0.verbs": "rules[0].verbs"},
    "Role": {"rules.0.verbs": "rules[0].verbs"},
}
REQUIRED["PersistentVolume"]["spec.hostPath"] = "a volume source in spec"
REQUIRED["CustomResourceDefinition"] |= {
    f"spec.versions.0.{field}": f"spec.versions[0].{field}" for field in ("name", "schema")
}
REQUIRED["Ingress"] |= {
    f"spec.rules.0.http.paths.0.{field}": f"spec.rules[0].http.paths[0].{field}" for field in ("pathType", "backend")
}
for _kind in ("ClusterRoleBinding", "RoleBinding"):
    REQUIRED[_kind] |= {f"subjects.0.{field}": f"subjects[0].{field}" for field in ("kind", "name")}
REQUIRED["ClusterRoleBinding"]["subjects.0.namespace"] = "subjects[0].namespace"

CASES = [(kind, path, field) for kind, paths in REQUIRED.items() for path, field in paths.items()]


def without(body: Body, path: str) -> Body:
    """``body`` without the field at ``path``."""
    made = copy.deepcopy(body)
    *parents, last = path.split(".")
    holder: Any = made
    for step in parents:
        holder = holder[int(step) if step.isdigit() else step]
    del holder[last]
    return made


def _render(body: Body) -> Rendering:
    return render([File("a.json", orjson.dumps(body))], options=Options())


def test_there_is_a_case_for_each_kind():
    assert set(REQUIRED) == set(MINIMAL)


@pytest.mark.parametrize("kind", MINIMAL)
def test_the_smallest_object_of_a_kind_is_complete(kind: str):
    assert only_report(_render(MINIMAL[kind])).outcome is Outcome.RENDERED


@pytest.mark.parametrize(("kind", "path", "field"), CASES, ids=[f"{kind} {path}" for kind, path, _ in CASES])
def test_an_object_without_a_required_field_is_refused(kind: str, path: str, field: str):
    report = only_report(_render(without(MINIMAL[kind], path)))

    assert report.reason == "MissingRequiredField"
    assert field in report.message


@pytest.mark.parametrize("empty", ["", {}, [], None])
def test_an_empty_field_is_an_absent_one(empty: Any):
    report = only_report(_render(MINIMAL["StorageClass"] | {"provisioner": empty}))

    assert report.reason == "MissingRequiredField"


@pytest.mark.parametrize(
    ("spec", "missing"),
    [
        pytest.param({"clusterIP": "None"}, "", id="a headless Service needs no ports"),
        pytest.param({"type": "ExternalName", "externalName": "a.example.com"}, "", id="nor does an external one"),
        pytest.param({"type": "ExternalName"}, "spec.externalName", id="which needs its name"),
        pytest.param({"ports": [{"name": "a"}]}, "spec.ports[0].port", id="a port has a number"),
        pytest.param({"ports": [{"port": 1, "name": "a"}, {"port": 2}]}, "spec.ports[1].name", id="two have names"),
        pytest.param(None, "spec.ports", id="no spec at all"),
    ],
)
def test_what_a_service_requires(spec: Any, missing: str):
    report = only_report(_render({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": spec}))

    assert report.reason == ("MissingRequiredField" if missing else "")
    assert missing in report.message


def test_parts_of_what_is_absent_are_not_told_one_by_one():
    report = only_report(_render({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}}))

    assert report.message.startswith("Deployment needs spec.selector, spec.template, absent or empty")


def test_of_many_missing_fields_the_first_are_named():
    containers = [{"name": f"c{number}"} for number in range(9)]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": containers}}

    report = only_report(_render(pod))

    assert "spec.containers[3].image, spec.containers[4].image and 4 more" in report.message


UNNAMED: Body = {"template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"image": "nginx"}]}}}


@pytest.mark.parametrize(
    ("kind", "version", "spec", "repairs"),
    [
        ("Deployment", "apps/v1", UNNAMED, "NameContainers, SetSelectorFromTemplate"),
        ("Deployment", "apps/v1", {"template": {"spec": {"containers": [{"name": "a", "image": "b"}]}}}, ""),
        ("Service", "v1", {"ports": [{"port": 1}, {"port": 2}]}, "NamePorts"),
        ("Service", "v1", {"ports": [{"port": "1"}, {"port": "2"}]}, ""),
    ],
    ids=["a selector and a name", "no labels to select by", "ports", "ports that are no numbers"],
)
def test_a_repair_that_would_do_it_is_named(kind: str, version: str, spec: Any, repairs: str):
    drawn = design(component(kind, "a", {"spec": spec}, version=version))

    report = only_report(render([drawn], options=MESHERY))

    assert report.reason == "MissingRequiredField"
    assert report.message.count("spec.render.repairs") == bool(repairs)
    assert f" allow {repairs} in spec.render.repairs, or" * bool(repairs) in report.message


def test_no_repair_is_named_for_manifests():
    report = only_report(
        _render({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "spec": UNNAMED})
    )

    assert "spec.render.repairs" not in report.message

"""What an object keeps for life, in the words of a real API server: always the same next step, each object told."""

from typing import Any
from uuid import uuid4

import pytest
from tests.apply.harness import Harness, owner

from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.apply.immutable import next_step, says_immutable, without_subject

POD = {"containers": [{"name": "main", "image": "registry.example/main:1"}]}
RBAC = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole"}
STAY = "--cascade=orphan; its pods run on, its claims and their data stay"


def template(app: str, image: str = "main:1", **spec: Any) -> dict[str, Any]:
    container = {"name": "main", "image": f"registry.example/{image}"}
    return {"metadata": {"labels": {"app": app}}, "spec": {"containers": [container], **spec}}


def workload(app: str = "w", **spec: Any) -> dict[str, Any]:
    return {"spec": {"selector": {"matchLabels": {"app": app}}, "template": template(app), **spec}}


def stateful(size: str) -> dict[str, Any]:
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
    return workload(replicas=0, serviceName="w", volumeClaimTemplates=[{"metadata": {"name": "data"}, "spec": claim}])


def claim(**spec: Any) -> dict[str, Any]:
    given = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "2Gi"}}, **spec}
    return {"spec": given}


def volume(path: str) -> dict[str, Any]:
    spec = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": path}}
    return {"spec": spec}


def service(**spec: Any) -> dict[str, Any]:
    return {"spec": {"selector": {"app": "w"}, "ports": [{"port": 80}], **spec}}


def things(group: str, rule: dict[str, str], *, scope: str = "Namespaced") -> Object:
    """The definition of the kind Thing, whose size is held by a rule."""
    size = {"type": "integer", "x-kubernetes-validations": [rule]}
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"size": size}}}}
    names = {"plural": "things", "singular": "thing", "kind": "Thing", "listKind": "ThingList"}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    spec = {"group": group, "scope": scope, "names": names, "versions": [version]}
    head = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
    return Object.of({**head, "metadata": {"name": f"things.{group}"}, "spec": spec})


def thing(group: str, namespace: str, *, size: int) -> Object:
    head = {"apiVersion": f"{group}/v1", "kind": "Thing", "metadata": {"name": "t", "namespace": namespace}}
    return Object.of({**head, "spec": {"size": size}})


# kind -> (apiVersion, the object, the object that is refused, words of the next step)
CASES: dict[str, tuple[str, dict[str, Any], dict[str, Any], str]] = {
    "StatefulSet": ("apps/v1", stateful("1Gi"), stateful("5Gi"), STAY),
    "Deployment": ("apps/v1", workload("a"), workload("b"), "delete the object"),
    "DaemonSet": ("apps/v1", workload("a"), workload("b"), "delete the object"),
    "ReplicaSet": ("apps/v1", workload("a", replicas=0), workload("b", replicas=0), "delete the object"),
    "Job": (
        "batch/v1",
        {"spec": {"template": template("j", restartPolicy="Never")}},
        {"spec": {"template": template("j", "main:2", restartPolicy="Never")}},
        "delete the object",
    ),
    "RoleBinding": (
        "rbac.authorization.k8s.io/v1",
        {"roleRef": {**RBAC, "name": "view"}, "subjects": []},
        {"roleRef": {**RBAC, "name": "edit"}, "subjects": []},
        "delete the object",
    ),
    "ClusterRoleBinding": (
        "rbac.authorization.k8s.io/v1",
        {"roleRef": {**RBAC, "name": "view"}, "subjects": []},
        {"roleRef": {**RBAC, "name": "edit"}, "subjects": []},
        "delete the object",
    ),
    "Service": ("v1", service(clusterIP="None"), service(clusterIP="10.0.0.200"), "delete the object"),
    "PersistentVolumeClaim": (
        "v1",
        claim(storageClassName="a"),
        claim(storageClassName="b"),
        "leave the field as it is there",
    ),
    "PersistentVolumeClaim smaller": (
        "v1",
        claim(),
        claim(resources={"requests": {"storage": "1Gi"}}),
        "leave the field as it is there",
    ),
    "PersistentVolume": ("v1", volume("/a"), volume("/b"), "leave the field as it is there"),
    "StorageClass": (
        "storage.k8s.io/v1",
        {"provisioner": "csi.example", "parameters": {"type": "ssd"}},
        {"provisioner": "csi.example", "parameters": {"type": "nvme"}},
        "delete the object",
    ),
    "StorageClass provisioner": (
        "storage.k8s.io/v1",
        {"provisioner": "csi.example"},
        {"provisioner": "other.example"},
        "delete the object",
    ),
    "StorageClass policy": (
        "storage.k8s.io/v1",
        {"provisioner": "csi.example", "reclaimPolicy": "Delete"},
        {"provisioner": "csi.example", "reclaimPolicy": "Retain"},
        "delete the object",
    ),
    "StorageClass binding": (
        "storage.k8s.io/v1",
        {"provisioner": "csi.example", "volumeBindingMode": "Immediate"},
        {"provisioner": "csi.example", "volumeBindingMode": "WaitForFirstConsumer"},
        "delete the object",
    ),
    "IngressClass": (
        "networking.k8s.io/v1",
        {"spec": {"controller": "a.example/c"}},
        {"spec": {"controller": "b.example/c"}},
        "delete the object",
    ),
    "PriorityClass": ("scheduling.k8s.io/v1", {"value": 5}, {"value": 6}, "delete the object"),
    "PriorityClass preemption": (
        "scheduling.k8s.io/v1",
        {"value": 5, "preemptionPolicy": "Never"},
        {"value": 5, "preemptionPolicy": "PreemptLowerPriority"},
        "delete the object",
    ),
    "CSIDriver": (
        "storage.k8s.io/v1",
        {"spec": {"attachRequired": True}},
        {"spec": {"attachRequired": False}},
        "delete the object",
    ),
    "RuntimeClass": ("node.k8s.io/v1", {"handler": "runc"}, {"handler": "runsc"}, "delete the object"),
    "ConfigMap": (
        "v1",
        {"data": {"a": "1"}, "immutable": True},
        {"data": {"a": "2"}, "immutable": True},
        "delete the object",
    ),
    "ConfigMap thawed": ("v1", {"data": {"a": "1"}, "immutable": True}, {"data": {"a": "1"}}, "delete the object"),
    "Secret": (
        "v1",
        {"stringData": {"a": "1"}, "immutable": True},
        {"stringData": {"a": "2"}, "immutable": True},
        "delete the object",
    ),
    "Secret type": ("v1", {"type": "Opaque"}, {"type": "example.com/other"}, "delete the object"),
    "Pod": ("v1", {"spec": POD}, {"spec": {**POD, "hostname": "h"}}, "delete the object"),
    "Lease-like EndpointSlice": (
        "discovery.k8s.io/v1",
        {"addressType": "IPv4", "endpoints": []},
        {"addressType": "IPv6", "endpoints": []},
        "delete the object",
    ),
    "CertificateSigningRequest-like VolumeAttributesClass": (
        "storage.k8s.io/v1",
        {"driverName": "csi.example", "parameters": {"a": "1"}},
        {"driverName": "csi.example", "parameters": {"a": "2"}},
        "delete the object",
    ),
}
SCOPED_TO_THE_CLUSTER = {
    *("ClusterRoleBinding", "PersistentVolume", "StorageClass", "IngressClass", "PriorityClass", "RuntimeClass"),
    *("VolumeAttributesClass", "CSIDriver", "CustomResourceDefinition"),
}


def kind_of(case: str) -> str:
    words = case.split()
    return words[-1] if "-like" in case else words[0]


def made(case: str, version: str, body: dict[str, Any], name: str, namespace: str) -> Object:
    kind = kind_of(case)
    where = {} if kind in SCOPED_TO_THE_CLUSTER else {"namespace": namespace}
    return Object.of({"apiVersion": version, "kind": kind, "metadata": {"name": name, **where}, **body})


@pytest.mark.parametrize("case", CASES)
async def test_what_an_object_keeps_for_life_is_refused_with_the_same_next_step(
    harness: Harness, namespace: str, case: str
) -> None:
    version, before, after, step = CASES[case]
    team, name = owner(), f"o-{uuid4().hex[:8]}"
    old, new = (made(case, version, body, name, namespace) for body in (before, after))
    first = await harness.apply(old, by=team)
    try:
        (failure,) = (await harness.apply(new, by=team)).failures
    finally:
        await harness.delete(old.key)

    assert first.applied == (old.key,)
    assert failure.reason is Reason.APPLY_FAILED
    assert "cannot be changed on an object that exists" in failure.message, failure.message
    assert step in failure.message


@pytest.mark.parametrize(
    "rule",
    [
        {"rule": "self == oldSelf"},
        {"rule": "self >= oldSelf + 5", "message": "spec.size is immutable."},
        {"rule": "self == oldSelf", "message": "size cannot be changed once it is set"},
    ],
    ids=["no words of its own", "immutable", "cannot be changed"],
)
async def test_a_rule_of_a_definition_that_looks_back_has_the_same_next_step(
    harness: Harness, namespace: str, rule: dict[str, str]
) -> None:
    team, group = owner(), f"g{uuid4().hex[:8]}.example.com"
    definition = things(group, rule)
    await harness.apply(definition, thing(group, namespace, size=1), by=team)
    try:
        (failure,) = (await harness.apply(definition, thing(group, namespace, size=2), by=team)).failures
        scoped = (await harness.apply(things(group, rule, scope="Cluster"), by=team)).failures
    finally:
        await harness.delete(definition.key)

    assert "cannot be changed on an object that exists: delete the object" in failure.message
    assert f"kubectl delete thing.{group} t -n {namespace}" in failure.message
    assert "data too, may be deleted with it" in failure.message
    assert "leave the field as it is there" in scoped[0].message


@pytest.mark.parametrize(
    "said",
    [
        'configmaps "immutable" is forbidden: User "system:serviceaccount:a:immutable" cannot patch resource'
        ' "configmaps" in API group "" in the namespace "a"',
        'ConfigMap "c" is invalid: data.immutable: Invalid value: must be text',
        'admission webhook "immutable.example.com" denied the request: a label is missing',
        "strict decoding error: unknown field spec.immutable",
        'pods "p" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1',
        "spec.replicas: Invalid value: must be greater than or equal to 0",
    ],
)
def test_what_only_sounds_like_it_is_not_taken_for_a_field_that_is_kept_for_life(said: str) -> None:
    assert not says_immutable(said)


@pytest.mark.parametrize(
    "said",
    [
        'admission webhook "guard" denied the request: spec.storage is immutable',
        "spec.engine: Invalid value: field is immutable when `immutable` is set",
        "spec.ports: Forbidden: changes are not allowed while it runs",
        "spec.size: Invalid value: must not be decreased",
        "spec.ipFamilies[0]: Invalid value: primary ipFamily can not be changed",
        "spec.mode: Invalid value: field is readonly",
    ],
)
def test_each_validator_may_say_it_in_words_of_its_own(said: str) -> None:
    assert says_immutable(said)


@pytest.mark.parametrize(
    ("group", "kind", "namespace", "said"),
    [
        ("apps", "StatefulSet", "team", "(kubectl delete statefulset x -n team --cascade=orphan; its pods run on, its"),
        ("apps", "Deployment", "team", "(kubectl delete deployment x -n team; its pods are stopped until then)"),
        ("", "Endpoints", "team", "(kubectl delete endpoints x -n team)"),
        ("example.com", "Thing", "", "(kubectl delete thing.example.com x; what its controller has made for it, data"),
        ("example.com", "StatefulSet", "t", "(kubectl delete statefulset.example.com x -n t; what its controller has"),
    ],
)
def test_what_it_costs_to_create_an_object_again_is_said(group: str, kind: str, namespace: str, said: str):
    assert f"delete the object, and it is created again {said}" in next_step(ObjectKey(group, kind, namespace, "x"))


def test_the_kind_and_name_at_the_beginning_of_a_refusal_are_left_out():
    assert without_subject('Service "s" is invalid: spec.clusterIP: field is immutable.') == (
        "spec.clusterIP: field is immutable"
    )
    assert without_subject("spec.clusterIP: field is immutable") == "spec.clusterIP: field is immutable"

"""Refusals in the words of a real API server: each can be read, and none repeats a value of the object."""

import base64
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from tests.apply.harness import Harness, custom, definition, owner
from tests.testbed.authority import Authority

from pattern_operator.api.object import Object
from pattern_operator.quote import MASK

PLANTED = "tulipwood-4711"
ENV = [{"name": "PASSWORD", "value": PLANTED}]
CONTAINER: dict[str, Any] = {"name": "main", "image": "registry.example/main:1", "env": ENV}
PORTS = [{"port": 80}]
BACKEND = {"service": {"name": "a", "port": {"number": 80}}}
NONE: dict[str, Any] = {}


def pod(**container: Any) -> dict[str, Any]:
    return {"spec": {"containers": [{**CONTAINER, **container}]}}


def podspec(**spec: Any) -> dict[str, Any]:
    return {"spec": {"containers": [CONTAINER], **spec}}


def workload(labels: dict[str, str], **spec: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": labels}, "spec": {"containers": [CONTAINER]}}
    return {"spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template, **spec}}


def ingress(path: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"rules": [{"http": {"paths": [path]}}]}}


def autoscaler(**spec: Any) -> dict[str, Any]:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "x"}
    return {"spec": {"scaleTargetRef": target, "maxReplicas": 3, **spec}}


def hooks(**hook: Any) -> dict[str, Any]:
    whole = {
        "name": "a.b.example",
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "clientConfig": {"url": "https://a.example"},
        **hook,
    }
    return {"webhooks": [whole]}


# (apiVersion, kind, what is there before, what is refused)
Case = tuple[str, str, dict[str, Any], dict[str, Any]]
SERVICE = {"spec": {"ports": PORTS}}
PVC = {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "2Gi"}}}}
CASES: dict[str, Case] = {
    "a port out of range": ("v1", "Pod", NONE, pod(ports=[{"containerPort": 99999}])),
    "a mount of nothing": ("v1", "Pod", NONE, pod(volumeMounts=[{"name": "x", "mountPath": "/x"}])),
    "a request above its limit": (
        "v1",
        "Pod",
        NONE,
        pod(resources={"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}),
    ),
    "an env of two sources": (
        "v1",
        "Pod",
        NONE,
        pod(env=[{"name": "A", "value": PLANTED, "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]),
    ),
    "a field that is none": (
        "v1",
        "Pod",
        NONE,
        pod(env=[{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "spec.tulip"}}}]),
    ),
    "a probe of two kinds": (
        "v1",
        "Pod",
        NONE,
        pod(readinessProbe={"httpGet": {"port": 80}, "tcpSocket": {"port": 80}}),
    ),
    "host ports twice": (
        "v1",
        "Pod",
        NONE,
        pod(ports=[{"containerPort": 1, "hostPort": 5}, {"containerPort": 2, "hostPort": 5}]),
    ),
    "a restart policy": ("v1", "Pod", NONE, podspec(restartPolicy="Sometimes")),
    "a dns policy": ("v1", "Pod", NONE, podspec(dnsPolicy="None")),
    "a toleration": ("v1", "Pod", NONE, podspec(tolerations=[{"key": "a", "operator": "Exists", "value": PLANTED}])),
    "a spread": ("v1", "Pod", NONE, podspec(topologySpreadConstraints=[{"maxSkew": 0, "topologyKey": "a"}])),
    "an account that is not there": ("v1", "Pod", NONE, podspec(serviceAccountName="not-there")),
    "a priority that is not there": ("v1", "Pod", NONE, podspec(priorityClassName="not-there")),
    "a label": ("v1", "ConfigMap", NONE, {"metadata": {"labels": {"a": "b c"}}}),
    "a label's name": ("v1", "ConfigMap", NONE, {"metadata": {"labels": {"a b": "c"}}}),
    "a key": ("v1", "ConfigMap", NONE, {"data": {"a b": PLANTED}}),
    "a key twice": ("v1", "ConfigMap", NONE, {"data": {"a": PLANTED}, "binaryData": {"a": "YQ=="}}),
    "an owner without uid": (
        "v1",
        "ConfigMap",
        NONE,
        {"metadata": {"ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "x", "uid": ""}]}},
    ),
    "a node port out of range": (
        "v1",
        "Service",
        NONE,
        {"spec": {"type": "NodePort", "ports": [{"port": 80, "nodePort": 80}]}},
    ),
    "an address out of range": ("v1", "Service", NONE, {"spec": {"clusterIP": "192.0.2.7", "ports": PORTS}}),
    "no ports": ("v1", "Service", NONE, {"spec": {"ports": []}}),
    "ports without names": ("v1", "Service", NONE, {"spec": {"ports": [{"port": 80}, {"port": 81}]}}),
    "an external name with an address": (
        "v1",
        "Service",
        SERVICE,
        {"spec": {"type": "ExternalName", "externalName": "a_b", "ports": PORTS}},
    ),
    "a policy of no load balancer": (
        "v1",
        "Service",
        NONE,
        {"spec": {"externalTrafficPolicy": "Local", "ports": PORTS}},
    ),
    "a claim without a size": ("v1", "PersistentVolumeClaim", NONE, {"spec": {"accessModes": ["ReadWriteOnce"]}}),
    "a claim of another mode": (
        "v1",
        "PersistentVolumeClaim",
        PVC,
        {"spec": {**PVC["spec"], "accessModes": ["ReadWriteMany"]}},
    ),
    "labels that do not match": ("apps/v1", "Deployment", NONE, workload({"a": "c"})),
    "no surge and none unavailable": (
        "apps/v1",
        "Deployment",
        NONE,
        workload({"a": "b"}, strategy={"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}),
    ),
    "Recreate with rollingUpdate": (
        "apps/v1",
        "Deployment",
        NONE,
        workload({"a": "b"}, strategy={"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}),
    ),
    "a deadline below readiness": (
        "apps/v1",
        "Deployment",
        NONE,
        workload({"a": "b"}, progressDeadlineSeconds=5, minReadySeconds=10),
    ),
    "fewer than no replicas": ("apps/v1", "StatefulSet", NONE, workload({"a": "b"}, replicas=-1)),
    "a stateful set's restarts": (
        "apps/v1",
        "StatefulSet",
        workload({"a": "b"}, replicas=0, serviceName="a"),
        workload({"a": "b"}, replicas=0, serviceName="b"),
    ),
    "a job that restarts always": (
        "batch/v1",
        "Job",
        NONE,
        {"spec": {"template": {"spec": {"containers": [CONTAINER], "restartPolicy": "Always"}}}},
    ),
    "a schedule": (
        "batch/v1",
        "CronJob",
        NONE,
        {"spec": {"schedule": "each day", "jobTemplate": {"spec": {"template": podspec(restartPolicy="Never")}}}},
    ),
    "a path that is not absolute": (
        "networking.k8s.io/v1",
        "Ingress",
        NONE,
        ingress({"path": "a", "pathType": "Prefix", "backend": BACKEND}),
    ),
    "a path without its type": ("networking.k8s.io/v1", "Ingress", NONE, ingress({"path": "/a", "backend": BACKEND})),
    "no rules": ("networking.k8s.io/v1", "Ingress", NONE, {"spec": {}}),
    "a block of addresses": (
        "networking.k8s.io/v1",
        "NetworkPolicy",
        NONE,
        {
            "spec": {
                "podSelector": {},
                "ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["192.0.2.0/24"]}}]}],
            }
        },
    ),
    "rules of a role": (
        "rbac.authorization.k8s.io/v1",
        "Role",
        NONE,
        {"rules": [{"verbs": ["get"], "nonResourceURLs": ["/a"]}]},
    ),
    "a role without verbs": (
        "rbac.authorization.k8s.io/v1",
        "Role",
        NONE,
        {"rules": [{"verbs": [], "apiGroups": [""], "resources": ["pods"]}]},
    ),
    "more at least than at most": ("autoscaling/v2", "HorizontalPodAutoscaler", NONE, autoscaler(minReplicas=5)),
    "a budget of both": (
        "policy/v1",
        "PodDisruptionBudget",
        NONE,
        {"spec": {"minAvailable": 1, "maxUnavailable": 1, "selector": {"matchLabels": {"a": "b"}}}},
    ),
    "a quota of nothing": ("v1", "ResourceQuota", NONE, {"spec": {"hard": {"tulips": "1"}}}),
    "limits out of order": (
        "v1",
        "LimitRange",
        NONE,
        {"spec": {"limits": [{"type": "Container", "min": {"cpu": "2"}, "max": {"cpu": "1"}}]}},
    ),
    "a hook without versions": (
        "admissionregistration.k8s.io/v1",
        "ValidatingWebhookConfiguration",
        NONE,
        hooks(admissionReviewVersions=["v9"]),
    ),
    "a hook with effects": (
        "admissionregistration.k8s.io/v1",
        "ValidatingWebhookConfiguration",
        NONE,
        hooks(sideEffects="Some"),
    ),
    "a hook by http": (
        "admissionregistration.k8s.io/v1",
        "ValidatingWebhookConfiguration",
        NONE,
        hooks(clientConfig={"url": "http://a.example"}),
    ),
    "a rule that is not CEL": (
        "admissionregistration.k8s.io/v1",
        "ValidatingAdmissionPolicy",
        NONE,
        {
            "spec": {
                "matchConstraints": {
                    "resourceRules": [
                        {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
                    ]
                },
                "validations": [{"expression": "object.spec.tulip ==="}],
            }
        },
    ),
}
WIDE = {"ValidatingWebhookConfiguration", "ValidatingAdmissionPolicy"}


def made(case: Case, body: dict[str, Any], name: str, namespace: str) -> Object:
    version, kind, *_ = case
    where = {"name": name} if kind in WIDE else {"name": name, "namespace": namespace}
    annotations = {"note": f"ask {PLANTED}"}
    metadata = {**where, "annotations": annotations, **body.get("metadata", {})}
    return Object.of({"apiVersion": version, "kind": kind, **body, "metadata": metadata})


async def refused(harness: Harness, namespace: str, case: Case, before: dict[str, Any]) -> str:
    """What the pattern is told of an object that is not applied; ``before`` it was another one, unless empty."""
    team, called = owner(), f"o-{uuid4().hex[:8]}"
    if before:
        assert not (await harness.apply(made(case, before, called, namespace), by=team)).failures
    (failure,) = (await harness.apply(made(case, case[3], called, namespace), by=team)).failures
    return failure.message


# What the server says of these has a part of the object, or of its own settings, in it.
REPEATS = {
    *("a field that is none", "a node port out of range", "an address out of range", "a schedule"),
    "a rule that is not CEL",
}


@pytest.mark.parametrize("name", CASES)
async def test_a_refusal_of_the_server_is_readable_and_repeats_no_value(
    harness: Harness, namespace: str, name: str
) -> None:
    message = await refused(harness, namespace, CASES[name], CASES[name][2])

    assert PLANTED not in message
    assert (MASK in message) is (name in REPEATS), message


BASES: dict[str, dict[str, Any]] = {
    "Deployment": workload({"a": "b"}),
    "ConfigMap": {"data": {"c": PLANTED}},
    "Service": SERVICE,
    "Ingress": ingress({"path": "/a", "pathType": "Prefix", "backend": BACKEND}),
    "NetworkPolicy": {"spec": {"podSelector": {}}},
    "Role": {"rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]},
    "HorizontalPodAutoscaler": autoscaler(),
    "LimitRange": {"spec": {"limits": [{"type": "Container", "max": {"cpu": "1"}}]}},
}


CHANGES = [name for name, (_, kind, *_) in CASES.items() if kind in BASES and name != "an address out of range"]


@pytest.mark.parametrize("name", CHANGES)
async def test_a_refused_change_is_as_readable_though_others_may_have_put_values_into_the_object(
    harness: Harness, namespace: str, name: str
) -> None:
    message = await refused(harness, namespace, CASES[name], BASES[CASES[name][1]])

    assert PLANTED not in message
    assert (MASK in message) is (name in REPEATS), message


def ups(group: str, *versions: str) -> Object:
    """A CRD of these versions; the last one is stored."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    served = [{"name": name, "served": True, "storage": name == versions[-1], "schema": schema} for name in versions]
    names = {"plural": "ups", "singular": "up", "kind": "Up", "listKind": "UpList"}
    spec = {"group": group, "scope": "Namespaced", "names": names, "versions": served}
    head = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
    return Object.of({**head, "metadata": {"name": f"ups.{group}", "annotations": {"note": PLANTED}}, "spec": spec})


async def test_a_definition_that_drops_a_stored_version_is_told_how_to_drop_it(harness: Harness) -> None:
    team, group = owner(), f"g{uuid4().hex[:8]}.example.com"
    ours = ups(group, "v1alpha1")
    await harness.apply(ours, by=team)
    await harness.apply(ups(group, "v1alpha1", "v1"), by=team)
    try:
        (failure,) = (await harness.apply(ups(group, "v1"), by=team)).failures
    finally:
        await harness.delete(ours.key)

    assert failure.message == (
        "status.storedVersions[0]: Invalid value: missing from spec.versions; v1alpha1 was previously a storage"
        " version, and must remain in spec.versions until a storage migration ensures no data remains persisted in"
        " v1alpha1 and removes v1alpha1 from status.storedVersions. Objects may still be stored in that version."
        " Keep it in spec.versions with served: false; write every object again"
        f" (kubectl get ups.{group} -A -o yaml | kubectl replace -f -);"
        f" take the version out of status.storedVersions (kubectl edit crd ups.{group} --subresource=status);"
        " only then drop it from the pattern."
    )


async def test_a_definition_whose_webhook_another_manager_keeps_is_told_how_to_remove_it(
    harness: Harness, tmp_path: Path
) -> None:
    team, group = owner(), f"g{uuid4().hex[:8]}.example.com"
    authority = Authority.create(tmp_path).ca
    client = {"service": {"namespace": "team", "name": "converts"}}
    webhook = {"conversionReviewVersions": ["v1"], "clientConfig": client}
    ours = ups(group, "v1")
    await harness.apply(converting(ours, {"strategy": "Webhook", "webhook": webhook}), by=team)
    try:
        bundle = {"webhook": {"clientConfig": {"caBundle": base64.b64encode(authority.read_bytes()).decode()}}}
        head = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
        injected = {**head, "metadata": {"name": ours.key.name}, "spec": {"conversion": bundle}}
        await harness.put(Object.of(injected), manager="cainjector")
        (failure,) = (await harness.apply(converting(ours, {"strategy": "None"}), by=team)).failures
    finally:
        await harness.delete(ours.key)

    assert failure.message == (
        "spec.conversion.webhookClientConfig: Forbidden: should not be set when strategy is not set to Webhook. Another"
        " manager has written a field of the webhook, as cainjector does with caBundle, and an apply leaves what is"
        f" another's. Remove it: kubectl patch crd ups.{group} --type=json"
        """ -p '[{"op": "replace", "path": "/spec/conversion", "value": {"strategy": "None"}}]'."""
    )


def converting(definition: Object, conversion: dict[str, Any]) -> Object:
    """The CRD with this conversion."""
    return Object.of({**definition.body, "spec": {**definition.body["spec"], "conversion": conversion}})


async def test_a_definition_whose_kind_another_one_has_is_pointed_to_by_its_objects(
    harness: Harness, namespace: str
) -> None:
    team, group = owner(), f"g{uuid4().hex[:8]}.example.com"
    first = definition("Widget", group)
    names = {"kind": "Widget", "plural": "others", "singular": "other", "listKind": "OtherList"}
    spec = {**first.body["spec"], "names": names}
    second = Object.of({**first.body, "metadata": {"name": f"others.{group}"}, "spec": spec})
    await harness.apply(first, by=team)
    try:
        (failure,) = (await harness.apply(second, custom("Widget", group, "w", namespace), by=team)).failures
    finally:
        await harness.delete(second.key)
        await harness.delete(first.key)

    assert failure.key.kind == "Widget"
    assert "where a CRD defines the kind, its status.conditions say why it is not served" in failure.message

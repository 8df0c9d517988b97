"""Bodies as nobody should send them: any JSON, and real objects in which something was made another."""

import copy
import math
import random
from dataclasses import dataclass
from typing import Any, Final

from hypothesis import strategies as st

HUGE: Final = 10**4400  # more digits than ``int`` writes (sys.set_int_max_str_digits)
LONG: Final = "x" * 70_000
TIME: Final = "2026-05-01T11:59:50Z"


def deep(levels: int) -> Any:
    """A list in a list in a list."""
    found: Any = []
    for _ in range(levels):
        found = [found]
    return found


JUNK: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, 1, -1, 2**63, -(2**63) - 1, HUGE, -HUGE, 0.5, math.inf, -math.inf, math.nan, 1e308),
    *(
        "",
        "1",
        "x",
        "-1",
        "9" * 5000,
        "a/b/c",
        "\ud800",
        "\x00",
        "\u2028",
        "é" * 3,
        LONG,
        "True",
        "../..",
        "\u0661\u0662",
    ),
    *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-05-01", TIME),
    *([], [None], [[]], [{}], ["a"], [1, "a", None], {}, {"": None}, {"a": 1}, {"type": "Ready"}, [{"type": 1}]),
    *(deep(300), [deep(300)], {"a": deep(300)}, [HUGE], {"name": HUGE}, [LONG]),
)

_META: Final = {
    "name": "it",
    "namespace": "team",
    "uid": "6f1d5a5e-0b0c-4a52-9a0e-3f5f5b0e9f11",
    "resourceVersion": "1234",
    "generation": 3,
    "creationTimestamp": TIME,
    "labels": {"pattern-operator.io/owner": "someowner", "app": "it"},
    "annotations": {"pattern-operator.io/pattern": "team/web", "pattern-operator.io/ssa": "IfAbsent"},
    "finalizers": ["example.com/hold"],
    "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "a", "uid": "b", "controller": True}],
    "managedFields": [
        {"manager": "pattern-operator", "operation": "Apply", "time": TIME, "fieldsV1": {"f:data": {"f:a": {}}}},
        {"manager": "kubectl", "operation": "Update", "time": TIME, "subresource": "scale", "fieldsV1": {}},
    ],
}
_CONDITIONS: Final = [
    {"type": name, "status": status, "reason": "Because", "message": "so it is", "lastTransitionTime": TIME}
    for name, status in (("Ready", "False"), ("Available", "True"), ("Progressing", "True"), ("PodScheduled", "False"))
]


def _object(api_version: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": _META, **more}


_COUNTS: Final = ("replicas", "updatedReplicas", "availableReplicas", "readyReplicas", "currentReplicas")
_WORKLOAD: Final = {**dict.fromkeys(_COUNTS, 2), "observedGeneration": 3, "conditions": _CONDITIONS}
_STATUS: Final = {
    "kind": "Status",
    "apiVersion": "v1",
    "metadata": {},
    "status": "Failure",
    "message": 'Deployment.apps "it" is invalid: spec.replicas: Invalid value: -1: must be non-negative',
    "reason": "Invalid",
    "details": {
        "name": "it",
        "kind": "Deployment",
        "causes": [
            {
                "reason": "FieldValueInvalid",
                "message": "Invalid value: -1: must be non-negative",
                "field": "spec.replicas",
            },
            {"reason": "FieldManagerConflict", "message": 'conflict with "kubectl"', "field": ".spec.replicas"},
        ],
        "retryAfterSeconds": 1,
    },
    "code": 422,
}
REAL: Final[dict[str, dict[str, Any]]] = {
    "ConfigMap": _object("v1", "ConfigMap", data={"a": "1"}),
    "Secret": _object("v1", "Secret", data={"a": "MQ=="}, stringData={"b": "2"}, type="Opaque"),
    "Namespace": _object("v1", "Namespace", spec={"finalizers": ["kubernetes"]}, status={"phase": "Active"}),
    "Deployment": _object(
        "apps/v1", "Deployment", spec={"replicas": 2, "progressDeadlineSeconds": 9}, status=_WORKLOAD
    ),
    "ReplicaSet": _object("apps/v1", "ReplicaSet", spec={"replicas": 2}, status=_WORKLOAD),
    "StatefulSet": _object(
        "apps/v1",
        "StatefulSet",
        spec={"replicas": 2, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}},
        status={**_WORKLOAD, "currentRevision": "a", "updateRevision": "b"},
    ),
    "DaemonSet": _object(
        "apps/v1",
        "DaemonSet",
        status={**_WORKLOAD, "desiredNumberScheduled": 1, "numberReady": 1, "numberAvailable": 1},
    ),
    "Job": _object("batch/v1", "Job", status={"startTime": TIME, "active": 1, "conditions": _CONDITIONS}),
    "Pod": _object(
        "v1",
        "Pod",
        status={
            "phase": "Pending",
            "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "full"}],
            "containerStatuses": [{"name": "main", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}],
        },
    ),
    "running Pod": _object(
        "v1",
        "Pod",
        status={
            "phase": "Running",
            "containerStatuses": [{"name": "main", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}],
        },
    ),
    "Claim": _object("v1", "PersistentVolumeClaim", status={"phase": "Pending"}),
    "Service": _object(
        "v1",
        "Service",
        spec={"type": "LoadBalancer", "clusterIP": "10.0.0.1"},
        status={"loadBalancer": {"ingress": [{}]}},
    ),
    "CRD": _object(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        spec={
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [{"name": "v1", "served": True, "storage": True}],
        },
        status={"conditions": [{"type": "Established", "status": "True"}, {"type": "NamesAccepted", "status": "True"}]},
    ),
    "Budget": _object("policy/v1", "PodDisruptionBudget", status={"conditions": _CONDITIONS}),
    "Widget": _object("example.com/v1", "Widget", spec={"size": 1}, status={"conditions": _CONDITIONS}),
    "Binding": _object(
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
        subjects=[{"kind": "ServiceAccount", "namespace": "team", "name": "it"}],
        userNames=["x"],
        groupNames=["y"],
    ),
    "Lease": _object(
        "coordination.k8s.io/v1",
        "Lease",
        spec={"holderIdentity": "a", "leaseDurationSeconds": 30, "acquireTime": TIME, "leaseTransitions": 1},
    ),
    "DesignPattern": _object(
        "pattern-operator.io/v1alpha1",
        "DesignPattern",
        spec={"source": {"url": "oci://registry.example/team/web", "ref": {"tag": "1"}}, "interval": "5m"},
        status={
            "observedGeneration": 3,
            "conditions": _CONDITIONS,
            "inventory": {
                "count": 1,
                "entries": [{"id": "team_it__ConfigMap", "v": "v1"}],
                "compressed": "eJyLjgUAARUAuQ==",
            },
            "revision": f"1@sha256:{'a' * 64}",
            "verifiedBy": [{"authority": "a", "format": "cosign", "where": "b"}],
        },
    ),
    "Status": _STATUS,
    "list": {
        "kind": "ConfigMapList",
        "metadata": {"resourceVersion": "77", "continue": ""},
        "items": [{"metadata": _META}, {"metadata": {**_META, "ownerReferences": None}, "spec": []}],
    },
    "watch event": {"type": "MODIFIED", "object": _object("v1", "ConfigMap", data={})},
    "watch error": {"type": "ERROR", "object": {**_STATUS, "code": 410, "reason": "Expired"}},
    "bookmark": {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "99"}}},
    "discovery": {
        "kind": "APIGroupDiscoveryList",
        "items": [
            {
                "metadata": {"name": "apps"},
                "versions": [
                    {
                        "version": "v1",
                        "freshness": "Current",
                        "resources": [
                            {"resource": "deployments", "responseKind": {"kind": "Deployment"}, "scope": "Namespaced"}
                        ],
                    }
                ],
            }
        ],
    },
    "review": {"status": {"userInfo": {"username": "system:serviceaccount:a:b", "groups": ["x"]}}},
}
NAMES: Final = sorted(
    {"metadata", "spec", "status", "items", "object", "type", "kind", "apiVersion", "conditions", "labels"}
    | {"annotations", "finalizers", "managedFields", "name", "uid", "resourceVersion", "data", "code", "details"}
)


@dataclass(frozen=True)
class Foreign:
    """A value that can be shown: Python writes no integer of more than 4,300 digits."""

    value: Any

    def __repr__(self) -> str:
        return _shown(self.value)


def _shown(value: Any) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{name!r}: {_shown(each)}" for name, each in value.items()) + "}"
        case [inner] if isinstance(inner, list):
            return "[...]"
        case list():
            return f"[{', '.join(map(_shown, value))}]"
        case int() if abs(value) >= 10**40:
            return "a huge number"
    return repr(value)[:200]


def junk() -> st.SearchStrategy[Any]:
    """A piece of ``JUNK``."""
    return st.integers(0, len(JUNK) - 1).map(JUNK.__getitem__)


def any_json() -> st.SearchStrategy[Any]:
    """JSON of any shape, with the names of Kubernetes in it, and what readers of JSON may give beside."""
    leaves = junk() | st.integers() | st.floats() | st.text(max_size=8)
    names = st.sampled_from(NAMES) | st.text(max_size=5)
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4), max_leaves=12
    )


def almost_right() -> st.SearchStrategy[Any]:
    """A real object in which up to five places are gone, or hold something else."""
    return st.builds(_mutated, st.sampled_from(sorted(REAL)), st.integers(0, 2**32), st.integers(1, 5), junk())


def bodies() -> st.SearchStrategy[Foreign]:
    """What a reader has to stand: mostly what is almost right, because that goes deep."""
    return st.builds(Foreign, st.one_of(almost_right(), almost_right(), almost_right(), any_json()))


def _mutated(name: str, seed: int, changes: int, first: Any) -> Any:
    chance, body = random.Random(seed), copy.deepcopy(REAL[name])  # noqa: S311 - no secret
    junk = first
    for _ in range(changes):
        places = list(_places(body))
        if not places:
            break
        holder, at = chance.choice(places)
        if chance.random() < 0.2:
            del holder[at]
        elif chance.random() < 0.15:
            holder[at] = [holder[at]]
        else:
            holder[at] = junk
        junk = chance.choice(JUNK)
    return body


def _places(value: Any, *, depth: int = 12) -> Any:
    """Each place in ``value`` that something can be put at: the holder, and the name or number in it."""
    if depth == 0 or not isinstance(value, dict | list):
        return
    for at, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, at
        yield from _places(inner, depth=depth - 1)

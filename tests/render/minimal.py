"""The smallest object of each kind that the API server takes, for which ``required`` knows what must be there."""

from typing import Any

from pattern_operator.api.object import Body

POD: Body = {"containers": [{"name": "a", "image": "a:1"}]}
TEMPLATE: Body = {"metadata": {"labels": {"app": "a"}}, "spec": {**POD, "restartPolicy": "Always"}}
ONCE: Body = {"spec": {**POD, "restartPolicy": "Never"}}
WORKLOAD: Body = {"selector": {"matchLabels": {"app": "a"}}, "template": TEMPLATE}
ACCOUNT: Body = {"kind": "ServiceAccount", "name": "a", "namespace": "default"}
WEBHOOK: Body = {
    "name": "a.example.com",
    "clientConfig": {"url": "https://example.com/a"},
    "sideEffects": "None",
    "admissionReviewVersions": ["v1"],
}
CRD: Body = {
    "group": "example.com",
    "names": {"kind": "Thing", "plural": "things"},
    "scope": "Namespaced",
    "versions": [
        {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}},
    ],
}
API_SERVICE: Body = {"group": "x.example.com", "version": "v1", "groupPriorityMinimum": 1, "versionPriority": 1}

_RBAC = "rbac.authorization.k8s.io/v1"
_ROLE: Body = {"kind": "ClusterRole", "name": "view", "apiGroup": "rbac.authorization.k8s.io"}


def _object(api_version: str, kind: str, name: str = "a", **fields: Any) -> Body:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **fields}


MINIMAL: dict[str, Body] = {
    body["kind"]: body
    for body in (
        _object("v1", "Pod", spec=POD),
        _object("v1", "PodTemplate", template=TEMPLATE),
        _object("v1", "ReplicationController", spec={"selector": {"app": "a"}, "template": TEMPLATE}),
        _object("apps/v1", "DaemonSet", spec=WORKLOAD),
        _object("apps/v1", "Deployment", spec=WORKLOAD),
        _object("apps/v1", "ReplicaSet", spec=WORKLOAD),
        _object("apps/v1", "StatefulSet", spec=WORKLOAD),
        _object("batch/v1", "Job", spec={"template": ONCE}),
        _object("batch/v1", "CronJob", spec={"schedule": "* * * * *", "jobTemplate": {"spec": {"template": ONCE}}}),
        _object("v1", "Service", spec={"ports": [{"port": 80}]}),
        _object(
            "v1",
            "PersistentVolume",
            spec={"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/a"}},
        ),
        _object(
            "v1",
            "PersistentVolumeClaim",
            spec={"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
        ),
        _object("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", webhooks=[WEBHOOK]),
        _object("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", webhooks=[WEBHOOK]),
        _object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "things.example.com", spec=CRD),
        _object("apiregistration.k8s.io/v1", "APIService", "v1.x.example.com", spec=API_SERVICE | {"service": {
            "name": "a", "namespace": "default"
        }}),
        _object(
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            spec={"maxReplicas": 2, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "a"}},
        ),
        _object("discovery.k8s.io/v1", "EndpointSlice", addressType="IPv4", endpoints=[]),
        _object("networking.k8s.io/v1", "Ingress", spec={
            "rules": [{"http": {"paths": [
                {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "a", "port": {"number": 80}}}}
            ]}}]
        }),
        _object("networking.k8s.io/v1", "IngressClass", spec={"controller": "example.com/a"}),
        _object("node.k8s.io/v1", "RuntimeClass", handler="runc"),
        _object(_RBAC, "ClusterRole", rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]),
        _object(_RBAC, "Role", rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]),
        _object(_RBAC, "ClusterRoleBinding", roleRef=_ROLE, subjects=[ACCOUNT]),
        _object(_RBAC, "RoleBinding", roleRef=_ROLE, subjects=[ACCOUNT]),
        _object("storage.k8s.io/v1", "StorageClass", provisioner="example.com/a"),
        _object(
            "storage.k8s.io/v1",
            "VolumeAttachment",
            spec={"attacher": "a.example.com", "nodeName": "a", "source": {"persistentVolumeName": "a"}},
        ),
    )
}  # fmt: skip

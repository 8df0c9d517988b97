"""Kinds that Kubernetes itself no longer serves, and what to write in their place.

Source: Kubernetes documentation, "Deprecated API Migration Guide" (docs/reference/using-api/deprecation-guide), and the
changelogs of Kubernetes for what it does not list: 1.21, 1.22, 1.34, and of alpha kinds that went altogether 1.9, 1.14,
1.19, 1.20 (kubernetes/kubernetes#94090), 1.27, 1.29 (#121229), 1.31 and 1.32 (#128003).
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Removed:
    """A kind in a version that was served until ``release``. ``instead`` is what to write, empty where nothing is."""

    api_version: str
    kind: str
    release: str
    instead: str
    hint: str = ""

    def __str__(self) -> str:
        """What happened and the next step, without a full stop."""
        gone = f"{self.kind} of {self.api_version} was removed from Kubernetes in {self.release}"
        if self.instead:
            return f"{gone}: write {self.instead}{f', {self.hint}' if self.hint else ''}"
        return f"{gone}: {self.hint}"


_ADMISSION: Final = "admissionregistration.k8s.io"
_RBAC: Final = "Role RoleBinding ClusterRole ClusterRoleBinding"
_STORAGE: Final = "StorageClass VolumeAttachment CSIDriver CSINode"
_CRD: Final = "CustomResourceDefinition"
_WEBHOOKS: Final = "MutatingWebhookConfiguration ValidatingWebhookConfiguration"
_FLOW: Final = "FlowSchema PriorityLevelConfiguration"
_SELECTOR: Final = "in which spec.selector is required"
_BACKENDS: Final = "in which backends are written service.name and service.port, and pathType is required"
_PSP: Final = "take it out, and label the Namespaces for Pod Security admission (pod-security.kubernetes.io/enforce)"
_PRESET: Final = "take it out; a MutatingAdmissionPolicy or a webhook can change Pods as they are created"
_AUDIT: Final = "take it out; the API server is started with --audit-webhook-config-file instead"
_CIDR: Final = (
    "take it out; ranges of addresses for Pods are set by the network plugin, or by an operator with a CRD of its own"
)
_INITIALIZER: Final = (
    "take it out; a MutatingWebhookConfiguration of admissionregistration.k8s.io/v1 does the same work"
)
_HOOKS: Final = "take it out; a ValidatingWebhookConfiguration of admissionregistration.k8s.io/v1 does the same work"
_CLASS: Final = "write a DeviceClass of resource.k8s.io/v1, which has other fields"
_SCHEDULING: Final = "take it out; the scheduler allocates claims without it"
_PARAMETERS: Final = "take it out; a ResourceClaim and a DeviceClass of resource.k8s.io/v1 have parameters themselves"

# api version, kinds, release, what to write, and what else changes.
_TABLE: Final = (
    ("extensions/v1beta1", "DaemonSet Deployment ReplicaSet", "1.16", "apps/v1", _SELECTOR),
    ("extensions/v1beta1", "NetworkPolicy", "1.16", "networking.k8s.io/v1", ""),
    ("extensions/v1beta1", "PodSecurityPolicy", "1.16", "", _PSP),
    ("extensions/v1beta1", "Ingress", "1.22", "networking.k8s.io/v1", _BACKENDS),
    ("apps/v1beta1", "Deployment StatefulSet ControllerRevision", "1.16", "apps/v1", _SELECTOR),
    ("apps/v1beta2", "DaemonSet Deployment ReplicaSet StatefulSet ControllerRevision", "1.16", "apps/v1", _SELECTOR),
    ("networking.k8s.io/v1beta1", "Ingress", "1.22", "networking.k8s.io/v1", _BACKENDS),
    ("networking.k8s.io/v1beta1", "IngressClass", "1.22", "networking.k8s.io/v1", ""),
    ("rbac.authorization.k8s.io/v1alpha1", _RBAC, "1.22", "rbac.authorization.k8s.io/v1", ""),
    ("rbac.authorization.k8s.io/v1beta1", _RBAC, "1.22", "rbac.authorization.k8s.io/v1", ""),
    (
        f"{_ADMISSION}/v1beta1",
        _WEBHOOKS,
        "1.22",
        f"{_ADMISSION}/v1",
        "in which sideEffects and admissionReviewVersions are required",
    ),
    (f"{_ADMISSION}/v1beta1", "ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding", "1.34",
     f"{_ADMISSION}/v1", ""),
    (
        "apiextensions.k8s.io/v1beta1",
        _CRD,
        "1.22",
        "apiextensions.k8s.io/v1",
        "in which each of spec.versions has a schema",
    ),
    ("apiregistration.k8s.io/v1beta1", "APIService", "1.22", "apiregistration.k8s.io/v1", ""),
    ("certificates.k8s.io/v1beta1", "CertificateSigningRequest", "1.22", "certificates.k8s.io/v1",
     "in which spec.signerName is required"),
    ("coordination.k8s.io/v1beta1", "Lease", "1.22", "coordination.k8s.io/v1", ""),
    ("scheduling.k8s.io/v1beta1", "PriorityClass", "1.22", "scheduling.k8s.io/v1", ""),
    ("storage.k8s.io/v1beta1", _STORAGE, "1.22", "storage.k8s.io/v1", ""),
    ("storage.k8s.io/v1beta1", "CSIStorageCapacity", "1.27", "storage.k8s.io/v1", ""),
    ("batch/v2alpha1", "CronJob", "1.21", "batch/v1", ""),
    ("batch/v1beta1", "CronJob", "1.25", "batch/v1", ""),
    ("discovery.k8s.io/v1beta1", "EndpointSlice", "1.25", "discovery.k8s.io/v1", ""),
    ("events.k8s.io/v1beta1", "Event", "1.25", "events.k8s.io/v1", ""),
    ("autoscaling/v2beta1", "HorizontalPodAutoscaler", "1.25", "autoscaling/v2",
     "in which metrics are written with target"),
    ("autoscaling/v2beta2", "HorizontalPodAutoscaler", "1.26", "autoscaling/v2", ""),
    ("policy/v1beta1", "PodDisruptionBudget", "1.25", "policy/v1", ""),
    ("policy/v1beta1", "PodSecurityPolicy", "1.25", "", _PSP),
    ("node.k8s.io/v1beta1", "RuntimeClass", "1.25", "node.k8s.io/v1", ""),
    ("flowcontrol.apiserver.k8s.io/v1beta1", _FLOW, "1.26", "flowcontrol.apiserver.k8s.io/v1", ""),
    ("flowcontrol.apiserver.k8s.io/v1beta2", _FLOW, "1.29", "flowcontrol.apiserver.k8s.io/v1", ""),
    ("flowcontrol.apiserver.k8s.io/v1beta3", _FLOW, "1.32", "flowcontrol.apiserver.k8s.io/v1", ""),
    (f"{_ADMISSION}/v1alpha1", "InitializerConfiguration", "1.14", "", _INITIALIZER),
    (f"{_ADMISSION}/v1alpha1", "ExternalAdmissionHookConfiguration", "1.9", "", _HOOKS),
    ("auditregistration.k8s.io/v1alpha1", "AuditSink", "1.19", "", _AUDIT),
    ("settings.k8s.io/v1alpha1", "PodPreset", "1.20", "", _PRESET),
    ("networking.k8s.io/v1alpha1", "ClusterCIDR", "1.29", "", _CIDR),
    ("resource.k8s.io/v1alpha1", "ResourceClass", "1.27", "", _CLASS),
    ("resource.k8s.io/v1alpha1", "PodScheduling", "1.27", "", _SCHEDULING),
    ("resource.k8s.io/v1alpha2", "ResourceClass", "1.31", "", _CLASS),
    ("resource.k8s.io/v1alpha2", "ResourceClaimParameters ResourceClassParameters", "1.31", "", _PARAMETERS),
    ("resource.k8s.io/v1alpha2", "PodSchedulingContext", "1.31", "", _SCHEDULING),
    ("resource.k8s.io/v1alpha3", "PodSchedulingContext", "1.32", "", _SCHEDULING),
)  # fmt: skip

REMOVED: Final = {
    (version, kind): Removed(version, kind, release, instead, hint)
    for version, kinds, release, instead, hint in _TABLE
    for kind in kinds.split()
}


def removed(api_version: str, kind: str) -> Removed | None:
    """What became of the kind in this version; None where Kubernetes never served it, or still may."""
    return REMOVED.get((api_version, kind))

"""The kinds that every Kubernetes has: group, version and scope, so that rendering need not ask a cluster.

Taken from the discovery of Kubernetes 1.37 (its stable versions). For every other kind the scope comes from a CRD in
the pattern, from the design, or is taken to be namespaced; ``apply`` corrects it from the discovery of the cluster.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pattern_operator.api.object import Body


def group_of(api_version: str) -> str:
    """The group of ``group/version``; empty for ``v1``."""
    group, slash, _ = api_version.rpartition("/")
    return group if slash else ""


@dataclass(frozen=True, slots=True)
class Kind:
    """A built-in kind. ``api_version`` is the one to write where a design names none."""

    api_version: str
    name: str
    namespaced: bool

    @property
    def group(self) -> str:
        """The API group, empty for the core's."""
        return group_of(self.api_version)


_NAMESPACED: Final = {
    "v1": "ConfigMap Endpoints Event LimitRange PersistentVolumeClaim Pod PodTemplate ReplicationController"
    " ResourceQuota Secret Service ServiceAccount",
    "apps/v1": "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet",
    "autoscaling/v2": "HorizontalPodAutoscaler",
    "batch/v1": "CronJob Job",
    "certificates.k8s.io/v1": "PodCertificateRequest",
    "coordination.k8s.io/v1": "Lease",
    "discovery.k8s.io/v1": "EndpointSlice",
    "events.k8s.io/v1": "Event",
    "networking.k8s.io/v1": "Ingress NetworkPolicy",
    "policy/v1": "PodDisruptionBudget",
    "rbac.authorization.k8s.io/v1": "Role RoleBinding",
    "resource.k8s.io/v1": "ResourceClaim ResourceClaimTemplate",
    "storage.k8s.io/v1": "CSIStorageCapacity",
}
_CLUSTER: Final = {
    "v1": "Namespace Node PersistentVolume",
    "admissionregistration.k8s.io/v1": "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding"
    " MutatingWebhookConfiguration ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding"
    " ValidatingWebhookConfiguration",
    "apiextensions.k8s.io/v1": "CustomResourceDefinition",
    "apiregistration.k8s.io/v1": "APIService",
    "certificates.k8s.io/v1": "CertificateSigningRequest ClusterTrustBundle",
    "flowcontrol.apiserver.k8s.io/v1": "FlowSchema PriorityLevelConfiguration",
    "networking.k8s.io/v1": "IPAddress IngressClass ServiceCIDR",
    "node.k8s.io/v1": "RuntimeClass",
    "rbac.authorization.k8s.io/v1": "ClusterRole ClusterRoleBinding",
    "resource.k8s.io/v1": "DeviceClass DeviceTaintRule ResourceSlice",
    "scheduling.k8s.io/v1": "PriorityClass",
    "storage.k8s.io/v1": "CSIDriver CSINode StorageClass VolumeAttachment VolumeAttributesClass",
    "storagemigration.k8s.io/v1": "StorageVersionMigration",
}
# Requests and answers of the API: they have a kind and are never stored, so there is nothing to apply.
_NOT_STORED: Final = frozenset(
    {
        "APIGroup",
        "APIGroupList",
        "APIResourceList",
        "APIVersions",
        "Binding",
        "ComponentStatus",
        "ConversionReview",
        "CreateOptions",
        "DeleteOptions",
        "Eviction",
        "GetOptions",
        "ListOptions",
        "LocalSubjectAccessReview",
        "NodeProxyOptions",
        "PatchOptions",
        "PodAttachOptions",
        "PodExecOptions",
        "PodPortForwardOptions",
        "PodProxyOptions",
        "Scale",
        "SelfSubjectAccessReview",
        "SelfSubjectReview",
        "SelfSubjectRulesReview",
        "ServiceProxyOptions",
        "Status",
        "SubjectAccessReview",
        "TokenRequest",
        "TokenReview",
        "UpdateOptions",
        "WatchEvent",
        "List",
    }
)

BUILT_IN: Final = tuple(
    Kind(api_version, name, namespaced)
    for table, namespaced in ((_NAMESPACED, True), (_CLUSTER, False))
    for api_version, names in table.items()
    for name in names.split()
)
_BY_NAME: Final = {kind.name: kind for kind in reversed(BUILT_IN)}  # Event is the core's: the first one wins
_BY_GROUP: Final = {(kind.group, kind.name): kind for kind in BUILT_IN}
_GROUPS: Final = frozenset(kind.group for kind in BUILT_IN) | {"authentication.k8s.io", "authorization.k8s.io", "meta"}

SUFFIX: Final = ".K8s"  # behind the kinds of the oldest Meshery designs
OLDEST_API_VERSION: Final = "core.oam.dev/"  # what those say instead of the kind's own apiVersion
RBAC_GROUP: Final = "rbac.authorization.k8s.io"


def built_in(name: str) -> Kind | None:
    """The built-in kind of this name, for a component that names no group."""
    return _BY_NAME.get(name)


def is_built_in(api_version: str, name: str) -> bool:
    """Whether Kubernetes itself serves this kind, in whichever version."""
    return (group_of(api_version), name) in _BY_GROUP


def naming(api_version: str, name: str) -> str:
    """The kind whose rules for names hold (see ``names``): none but the general one for kinds of others."""
    return name if is_built_in(api_version, name) else ""


def is_stored(api_version: str, name: str) -> bool:
    """Whether objects of the kind exist in a cluster: false for requests, answers and lists of Kubernetes' own."""
    if group_of(api_version) not in _GROUPS:
        return True
    return name not in _NOT_STORED and built_in(name.removesuffix("List")) in (None, built_in(name))


class Scopes:
    """Which kinds are namespaced: Kubernetes' own, and those of the CRDs in the pattern."""

    def __init__(self, bodies: Iterable[Body]) -> None:
        self._known = {key: kind.namespaced for key, kind in _BY_GROUP.items()}
        for body in bodies:
            if body.get("kind") == "CustomResourceDefinition" and isinstance(spec := body.get("spec"), dict):
                names = spec.get("names")
                kind = names.get("kind") if isinstance(names, dict) else None
                self._known.setdefault((str(spec.get("group")), str(kind)), spec.get("scope") != "Cluster")

    def is_namespaced(self, api_version: str, kind: str, *, hint: bool | None) -> bool:
        """Whether the kind has a namespace; ``hint``, what the design says, counts where nothing else is known."""
        known = self._known.get((group_of(api_version), kind))
        if known is not None:
            return known
        return hint is not False

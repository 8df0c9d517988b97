"""Names that only a cluster writes into objects: annotations, labels, finalizers, and fields that it allots.

Sources: Kubernetes documentation, "Well-Known Labels, Annotations and Taints"; API reference 1.37 (fields that are
populated by the system, or read-only).
"""

from typing import Final

LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
LAST_CHANGE_TRIGGER: Final = "endpoints.kubernetes.io/last-change-trigger-time"
ANNOTATIONS: Final = frozenset(
    {
        LAST_APPLIED,
        "autoscaling.alpha.kubernetes.io/conditions",
        "autoscaling.alpha.kubernetes.io/current-metrics",
        "batch.kubernetes.io/cronjob-scheduled-timestamp",
        "batch.kubernetes.io/job-tracking",
        "cni.projectcalico.org/containerID",
        "cni.projectcalico.org/podIP",
        "cni.projectcalico.org/podIPs",
        "control-plane.alpha.kubernetes.io/leader",
        "csi.volume.kubernetes.io/nodeid",
        "deployment.kubernetes.io/desired-replicas",
        "deployment.kubernetes.io/max-replicas",
        "deployment.kubernetes.io/revision",
        "deployment.kubernetes.io/revision-history",
        "deprecated.daemonset.template.generation",
        LAST_CHANGE_TRIGGER,
        "endpoints.kubernetes.io/over-capacity",
        "k8s.v1.cni.cncf.io/network-status",
        "k8s.v1.cni.cncf.io/networks-status",
        "kubernetes.io/config.hash",
        "kubernetes.io/config.mirror",
        "kubernetes.io/config.seen",
        "kubernetes.io/config.source",
        "kubernetes.io/limit-ranger",
        "kubernetes.io/psp",
        "kubernetes.io/service-account.uid",
        "node.alpha.kubernetes.io/ttl",
        "openshift.io/sa.scc.mcs",
        "openshift.io/sa.scc.supplemental-groups",
        "openshift.io/sa.scc.uid-range",
        "openshift.io/scc",
        "pv.kubernetes.io/bind-completed",
        "pv.kubernetes.io/bound-by-controller",
        "pv.kubernetes.io/migrated-to",
        "pv.kubernetes.io/provisioned-by",
        "volume.beta.kubernetes.io/storage-provisioner",
        "volume.kubernetes.io/provisioner-deletion-secret-name",
        "volume.kubernetes.io/provisioner-deletion-secret-namespace",
        "volume.kubernetes.io/selected-node",
        "volume.kubernetes.io/storage-provisioner",
        "volume.kubernetes.io/storage-resizer",
        "volumes.kubernetes.io/controller-managed-attach-detach",
    }
)
JOB_UID_LABELS: Final = ("batch.kubernetes.io/controller-uid", "controller-uid")
JOB_LABELS: Final = (*JOB_UID_LABELS, "batch.kubernetes.io/job-name", "job-name")
UNPREFIXED_LABELS: Final = frozenset({"controller-uid", "job-name"})  # words that an author may use for a label, too
LABELS: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("", "Namespace"): ("kubernetes.io/metadata.name",),
    ("", "Pod"): (
        *JOB_LABELS,
        "apps.kubernetes.io/pod-index",
        "batch.kubernetes.io/job-completion-index",
        "controller-revision-hash",
        "pod-template-generation",
        "pod-template-hash",
        "statefulset.kubernetes.io/pod-name",
    ),
    ("", "Secret"): ("kubernetes.io/legacy-token-invalid-since", "kubernetes.io/legacy-token-last-used"),
}
# Others, such as Argo CD's resources-finalizer, are written by authors.
FINALIZERS: Final = frozenset(
    {
        "batch.kubernetes.io/job-tracking",
        "customresourcecleanup.apiextensions.k8s.io",
        "external-provisioner.volume.kubernetes.io/finalizer",
        "foregroundDeletion",
        "kubernetes",
        "kubernetes.io/pv-protection",
        "kubernetes.io/pvc-protection",
        "orphan",
        "service.kubernetes.io/load-balancer-cleanup",
        "snapshot.storage.kubernetes.io/pvc-as-source-protection",
    }
)
ALLOTTED: Final[dict[tuple[str, str], tuple[str, ...]]] = {  # in spec
    ("", "Node"): ("podCIDR", "podCIDRs", "providerID"),
    ("", "Pod"): ("ephemeralContainers", "nodeName", "priority"),
    ("", "Service"): ("healthCheckNodePort",),
    ("certificates.k8s.io", "CertificateSigningRequest"): ("extra", "groups", "uid", "username"),
}

"""What to write in place of a kind that Kubernetes removed."""

import pytest

from pattern_operator.api.removed import REMOVED, removed


@pytest.mark.parametrize(
    ("version", "kind", "words"),
    [
        ("extensions/v1beta1", "Ingress", "removed from Kubernetes in 1.22: write networking.k8s.io/v1"),
        ("extensions/v1beta1", "Deployment", "removed from Kubernetes in 1.16: write apps/v1"),
        ("apps/v1beta2", "StatefulSet", "removed from Kubernetes in 1.16: write apps/v1"),
        ("batch/v1beta1", "CronJob", "removed from Kubernetes in 1.25: write batch/v1"),
        ("policy/v1beta1", "PodDisruptionBudget", "removed from Kubernetes in 1.25: write policy/v1"),
        ("policy/v1beta1", "PodSecurityPolicy", "removed from Kubernetes in 1.25: take it out"),
        ("autoscaling/v2beta2", "HorizontalPodAutoscaler", "removed from Kubernetes in 1.26: write autoscaling/v2"),
        ("rbac.authorization.k8s.io/v1beta1", "Role", "1.22: write rbac.authorization.k8s.io/v1"),
        ("storage.k8s.io/v1beta1", "CSIStorageCapacity", "1.27: write storage.k8s.io/v1"),
        ("flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema", "1.32: write flowcontrol.apiserver.k8s.io/v1"),
        ("settings.k8s.io/v1alpha1", "PodPreset", "removed from Kubernetes in 1.20: take it out"),
        ("auditregistration.k8s.io/v1alpha1", "AuditSink", "removed from Kubernetes in 1.19: take it out"),
        ("networking.k8s.io/v1alpha1", "ClusterCIDR", "removed from Kubernetes in 1.29: take it out"),
        ("resource.k8s.io/v1alpha2", "ResourceClass", "1.31: write a DeviceClass of resource.k8s.io/v1"),
        ("resource.k8s.io/v1alpha3", "PodSchedulingContext", "removed from Kubernetes in 1.32: take it out"),
    ],
)
def test_a_removed_kind_has_its_release_and_what_to_write(version: str, kind: str, words: str):
    assert words in str(removed(version, kind))


@pytest.mark.parametrize(
    ("version", "kind"),
    [
        ("networking.k8s.io/v1", "Ingress"),
        ("extensions/v1beta1", "Widget"),
        ("example.com/v1beta1", "Ingress"),
        ("v1", "Pod"),
    ],
)
def test_what_kubernetes_serves_or_never_served_was_not_removed(version: str, kind: str):
    assert removed(version, kind) is None


def test_nothing_is_written_in_place_of_a_kind_that_was_removed_itself():
    assert not [each for each in REMOVED.values() if (each.instead, each.kind) in REMOVED]

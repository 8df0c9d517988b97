"""Manifests captured from a cluster: what only that cluster wrote goes and is told, what an author may mean stays."""

import json
from typing import Any

import pytest
import yaml
from tests.render.fieldcases import case
from tests.render.rendered import render

from pattern_operator.api.artifact import File
from pattern_operator.api.report import Outcome, Rendering
from pattern_operator.render import Options

SEEN = {"uid": "00000000-0000-0000-0000-000000000001", "resourceVersion": "4711"}  # marks of a cluster


def _render(*values: object) -> Rendering:
    return render([File("all.yaml", yaml.safe_dump_all(values).encode())], options=Options())


def _object(kind: str, spec: Any = None, *, version: str = "v1", name: str = "a", **metadata: Any) -> dict[str, Any]:
    body = {"apiVersion": version, "kind": kind, "metadata": {"name": name, **metadata}}
    return body if spec is None else {**body, "spec": spec}


def _rendered(*values: object) -> tuple[dict[str, Any], str]:
    """The body of the first object, and all that is told of its component."""
    rendering = _render(*values)
    return rendering.objects[0].body, "\n".join(rendering.components[0].repair_messages)


def test_a_captured_deployment_is_rendered_as_its_author_wrote_it():
    rendering = render(case("28-captured-from-a-cluster/v1"), options=Options())

    (made,), (report,) = rendering.objects, rendering.components
    assert made.body["metadata"] == {"name": "web", "namespace": "default"}
    assert made.body["spec"]["template"]["metadata"] == {"labels": {"app": "web"}}
    assert "status" not in made.body
    revision = "metadata.annotations.deployment.kubernetes.io/revision"
    assert any(f"{revision} left out" in each for each in report.repair_messages)
    assert any("metadata.uid" in each for each in report.repair_messages)


@pytest.mark.parametrize(
    "name",
    [
        "kubectl.kubernetes.io/last-applied-configuration",
        "pv.kubernetes.io/bind-completed",
        "volume.kubernetes.io/storage-provisioner",
        "deprecated.daemonset.template.generation",
        "control-plane.alpha.kubernetes.io/leader",
    ],
)
def test_annotations_of_a_cluster_go_and_others_stay(name: str):
    body, told = _rendered(_object("ConfigMap", annotations={name: "{}", "example.com/mine": "yes"}))

    assert body["metadata"]["annotations"] == {"example.com/mine": "yes"}
    assert f"metadata.annotations.{name} left out" in told


@pytest.mark.parametrize(
    "name",
    ["kubectl.kubernetes.io/restartedAt", "rbac.authorization.kubernetes.io/autoupdate", "meta.helm.sh/release-name"],
)
def test_annotations_that_an_author_may_mean_stay(name: str):
    body, told = _rendered(_object("ConfigMap", annotations={name: "x"}, **SEEN))

    assert body["metadata"]["annotations"] == {name: "x"}
    assert name not in told


def test_the_labels_and_the_selector_of_a_captured_job_go():
    labels = {"batch.kubernetes.io/controller-uid": "u", "controller-uid": "u", "job-name": "a", "app": "x"}
    pod = {"restartPolicy": "Never", "containers": [{"name": "a", "image": "a:1"}]}
    spec = {
        "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "u"}},
        "template": {"metadata": {"labels": dict(labels)}, "spec": pod},
    }

    body, told = _rendered(_object("Job", spec, version="batch/v1", labels=dict(labels)))

    assert "selector" not in body["spec"]
    assert body["spec"]["template"]["metadata"]["labels"] == body["metadata"]["labels"] == {"app": "x"}
    assert "spec.selector" in told
    assert "spec.template.metadata.labels.controller-uid" in told


def test_the_selector_of_a_job_that_says_so_itself_stays():
    labels = {"controller-uid": "mine"}
    pod = {"restartPolicy": "Never", "containers": [{"name": "a", "image": "a:1"}]}
    template = {"metadata": {"labels": labels}, "spec": pod}
    spec = {"manualSelector": True, "selector": {"matchLabels": labels}, "template": template}

    body, told = _rendered(_object("Job", spec, version="batch/v1"))

    assert body["spec"]["selector"] == {"matchLabels": labels}
    assert told == ""


SERVICE = {
    "clusterIP": "10.96.4.7",
    "clusterIPs": ["10.96.4.7"],
    "type": "NodePort",
    "healthCheckNodePort": 32000,
    "ports": [{"port": 80, "nodePort": 31000, "protocol": "TCP"}],
}


def test_addresses_and_ports_that_a_cluster_allotted_go():
    body, told = _rendered(_object("Service", SERVICE, **SEEN))

    assert body["spec"] == {"type": "NodePort", "ports": [{"port": 80, "protocol": "TCP"}]}
    assert "spec.healthCheckNodePort, spec.clusterIP" in told or "spec.clusterIP" in told
    assert "spec.ports[0].nodePort" in told


def test_addresses_and_ports_that_an_author_wrote_stay():
    body, told = _rendered(_object("Service", SERVICE))

    assert body["spec"] == SERVICE
    assert told == ""


def test_addresses_and_ports_stay_where_kubectl_kept_that_the_author_wrote_them():
    spec = {"clusterIP": "10.96.4.7", "ports": [{"port": 80, "nodePort": 31000}]}
    applied = json.dumps(_object("Service", spec))
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": applied}

    body, told = _rendered(_object("Service", SERVICE, annotations=annotations, **SEEN))

    assert (body["spec"]["clusterIP"], body["spec"]["ports"][0]["nodePort"]) == ("10.96.4.7", 31000)
    assert "healthCheckNodePort" not in body["spec"]
    assert "spec.clusterIP" not in told


@pytest.mark.parametrize("applied", ["{", "[1]", "7", '{"spec": 3}', '{"spec": {"ports": {}}}', "[" * 5000])
def test_what_kubectl_kept_and_cannot_be_read_keeps_nothing(applied: str):
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": applied}

    body, _ = _rendered(_object("Service", SERVICE, annotations=annotations))

    assert "clusterIP" not in body["spec"]


def test_a_headless_service_stays_headless():
    spec = {"clusterIP": "None", "clusterIPs": ["None"], "ports": [{"port": 80}]}

    body, told = _rendered(_object("Service", spec, **SEEN))

    assert body["spec"] == spec
    assert "clusterIP" not in told


CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, "volumeName": "pvc-1"}


def test_the_volume_of_a_captured_claim_goes():
    annotations = {"pv.kubernetes.io/bind-completed": "yes", "pv.kubernetes.io/bound-by-controller": "yes"}

    body, told = _rendered(
        _object("PersistentVolumeClaim", CLAIM, annotations=annotations, finalizers=["kubernetes.io/pvc-protection"])
    )

    assert "volumeName" not in body["spec"]
    assert body["metadata"] == {"name": "a", "namespace": "default"}
    assert "spec.volumeName" in told
    assert "metadata.finalizers" in told


def test_the_volume_of_a_claim_stays_where_the_author_chose_it_or_brings_it():
    volume = _object(
        "PersistentVolume",
        {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "hostPath": {"path": "/a"},
            "claimRef": {"name": "a", "namespace": "team", "uid": "u", "resourceVersion": "7"},
        },
        name="pvc-1",
        **SEEN,
    )

    chosen, _ = _rendered(_object("PersistentVolumeClaim", CLAIM))
    brought, _ = _rendered(_object("PersistentVolumeClaim", CLAIM, **SEEN), volume)
    its_volume, told = _rendered(volume)

    assert chosen["spec"]["volumeName"] == brought["spec"]["volumeName"] == "pvc-1"
    assert its_volume["spec"]["claimRef"] == {"name": "a", "namespace": "team"}
    assert "spec.claimRef.uid" in told


def test_a_captured_pod_loses_its_node_and_the_token_of_its_account():
    token = {"name": "kube-api-access-x2x4z", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}
    mount = {"name": "kube-api-access-x2x4z", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}
    spec = {
        "nodeName": "node-7",
        "priority": 0,
        "containers": [{"name": "a", "image": "a:1", "volumeMounts": [mount]}],
        "volumes": [token, {"name": "data", "emptyDir": {}}],
    }

    body, told = _rendered(_object("Pod", spec, labels={"app": "x", "pod-template-hash": "5d"}, **SEEN))

    assert body["spec"] == {
        "containers": [{"name": "a", "image": "a:1"}],
        "volumes": [{"name": "data", "emptyDir": {}}],
    }
    assert body["metadata"]["labels"] == {"app": "x"}
    assert "spec.nodeName" in told
    assert "spec.volumes" in told


def test_the_node_and_a_volume_that_an_author_chose_stay():
    spec = {
        "nodeName": "node-7",
        "containers": [{"name": "a", "image": "a:1"}],
        "volumes": [{"name": "kube-api-access", "projected": {"sources": []}}],
    }

    body, told = _rendered(_object("Pod", spec, labels={"job-name": "mine"}))

    assert (body["spec"], body["metadata"]["labels"]) == (spec, {"job-name": "mine"})
    assert told == ""


def test_the_secrets_that_controllers_make_for_an_account_go():
    account = _object("ServiceAccount", name="robot") | {
        "secrets": [{"name": "robot-token-x2x4z"}, {"name": "mine"}],
        "imagePullSecrets": [{"name": "robot-dockercfg-abcde"}],
    }

    body, told = _rendered(account)

    assert body["secrets"] == [{"name": "mine"}]
    assert "imagePullSecrets" not in body
    assert "secrets" in told


def test_the_token_of_an_account_of_another_cluster_goes():
    annotations = {"kubernetes.io/service-account.name": "robot", "kubernetes.io/service-account.uid": "u"}
    token = _object("Secret", annotations=annotations) | {
        "type": "kubernetes.io/service-account-token",
        "data": {"token": "YQ==", "ca.crt": "YQ==", "namespace": "YQ=="},
    }

    body, _ = _rendered(token)

    assert body["metadata"]["annotations"] == {"kubernetes.io/service-account.name": "robot"}
    assert "data" not in body


@pytest.mark.parametrize("finalizers", [["kubernetes.io/pv-protection"], ["foregroundDeletion", "orphan"]])
def test_finalizers_of_a_cluster_go(finalizers: list[str]):
    body, told = _rendered(_object("ConfigMap", finalizers=finalizers))

    assert "finalizers" not in body["metadata"]
    assert "metadata.finalizers left out" in told


def test_finalizers_that_an_author_means_stay():
    finalizers = ["resources-finalizer.argocd.argoproj.io"]

    body, told = _rendered(
        _object("Application", {"x": 1}, version="argoproj.io/v1alpha1", finalizers=finalizers, **SEEN)
    )

    assert body["metadata"]["finalizers"] == finalizers
    assert "finalizers" not in told


def test_a_captured_namespace_keeps_what_its_author_wrote():
    labels = {"kubernetes.io/metadata.name": "team", "pod-security.kubernetes.io/enforce": "baseline"}

    body, told = _rendered(_object("Namespace", {"finalizers": ["kubernetes"]}, name="team", labels=labels))

    assert body["metadata"]["labels"] == {"pod-security.kubernetes.io/enforce": "baseline"}
    assert "spec" not in body
    assert "metadata.labels.kubernetes.io/metadata.name" in told


def _owned(kind: str, name: str) -> list[dict[str, Any]]:
    return [{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": "u", "controller": True}]


WORKLOAD = {
    "selector": {"matchLabels": {"app": "web"}},
    "template": {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "a", "image": "a:1"}]},
    },
}


@pytest.mark.parametrize("with_replica_set", [True, False])
def test_what_controllers_make_of_other_objects_of_the_artifact_is_not_applied(with_replica_set: bool):
    deployment = _object("Deployment", WORKLOAD, version="apps/v1", name="web", **SEEN)
    replica_set = _object(
        "ReplicaSet", WORKLOAD, version="apps/v1", name="web-5d", ownerReferences=_owned("Deployment", "web"), **SEEN
    )
    pod = _object(
        "Pod",
        {"containers": [{"name": "a", "image": "a:1"}]},
        name="web-5d-x",
        labels={"app": "web", "pod-template-hash": "5d"},
        ownerReferences=_owned("ReplicaSet", "web-5d"),
        **SEEN,
    )

    rendering = _render(deployment, *([replica_set] if with_replica_set else []), pod)

    assert [made.key.kind for made in rendering.objects] == ["Deployment"]
    assert {each.reason for each in rendering.with_outcome(Outcome.SKIPPED)} == {"Controlled"}


@pytest.mark.parametrize(
    "made",
    [
        _object("Endpoints", name="web", annotations={"endpoints.kubernetes.io/last-change-trigger-time": "x"}),
        _object("Endpoints", name="web", labels={"endpoints.kubernetes.io/managed-by": "endpoint-controller"}),
        _object("ConfigMap", name="kube-root-ca.crt") | {"data": {"ca.crt": "x"}},
        _object("ServiceAccount", name="default", **SEEN),
    ],
)
def test_what_every_cluster_makes_by_itself_is_not_applied(made: dict[str, Any]):
    rendering = _render(made, _object("ConfigMap"))

    assert [each.key.kind for each in rendering.objects] == ["ConfigMap"]
    assert rendering.components[0].reason == "Controlled"


@pytest.mark.parametrize(
    "meant",
    [
        _object("Endpoints", name="database") | {"subsets": [{"addresses": [{"ip": "10.0.0.1"}]}]},
        _object("ServiceAccount", name="default") | {"automountServiceAccountToken": False},
        _object("ServiceAccount", name="default"),
        _object("ServiceAccount", name="default", **SEEN) | {"imagePullSecrets": [{"name": "mine"}]},
        _object("ServiceAccount", name="default", annotations={"a": "b"}, **SEEN),
    ],
)
def test_what_looks_like_it_and_is_meant_is_applied(meant: dict[str, Any]):
    assert len(_render(meant).objects) == 1


def test_a_pod_whose_owner_is_not_in_the_artifact_is_applied():
    pod = _object("Pod", {"containers": [{"name": "a", "image": "a:1"}]}, ownerReferences=_owned("ReplicaSet", "b-5d"))
    deployment = _object("Deployment", WORKLOAD, version="apps/v1", name="web")

    assert [made.key.kind for made in _render(pod, deployment).objects] == ["Pod", "Deployment"]


def test_the_same_words_in_somebody_elses_kind_are_theirs():
    spec = {"clusterIP": "10.0.0.1", "nodeName": "a", "volumeName": "b"}

    body, _ = _rendered(_object("Service", spec, version="serving.example.com/v1", **SEEN))

    assert body["spec"] == spec

"""Whether what was applied does what it is for: in time, late, later no more, and never."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from tests.e2e.story import Story, condition, config_map, deployment, push
from tests.testbed.kubectl import Kubectl

FAILS = {"pod-container-running-failed.stage.kwok.x-k8s.io": "true"}


@pytest.fixture
def nowhere(kubectl: Kubectl) -> Iterator[str]:
    """A label that no node has until the test gives it to one."""
    label = f"test-{uuid4().hex[:8]}"
    yield label
    kubectl("label", "node", "node-1", f"{label}-")


def homeless(name: str, label: str) -> dict[str, Any]:
    """A Deployment whose pods find no node."""
    body = deployment(name)
    body["spec"]["template"]["spec"]["nodeSelector"] = {label: "here"}
    return body


def test_a_pattern_that_is_not_healthy_in_time_says_so_and_is_ready_when_it_is(story: Story, nowhere: str) -> None:
    digest = push(story.repository, "1.0.0", homeless("web", nowhere), config_map("settings"))

    story.want(timeout="2s")  # and the interval is an hour
    waiting = story.until(lambda status: condition(status, "Ready")["reason"] == "WaitingForHealth")
    late = story.until(lambda status: condition(status, "Ready")["reason"] == "HealthTimeout")
    story.kubectl("label", "node", "node-1", f"{nowhere}=here")
    healthy = story.until_runs(digest)

    assert condition(waiting, "Ready")["status"] == condition(waiting, "Healthy")["status"] == "Unknown"
    assert condition(waiting, "Reconciling")["reason"] == "WaitingForHealth"
    assert f"Deployment {story.namespace}/web: 0 of 1 replicas" in condition(waiting, "Ready")["message"]
    assert condition(late, "Ready")["status"] == condition(late, "Healthy")["status"] == "False"
    assert condition(late, "Stalled")["reason"] == "HealthTimeout"
    assert condition(late, "Reconciling") == {}
    assert f"Deployment {story.namespace}/web" in condition(late, "Ready")["message"]
    assert condition(healthy, "Stalled") == condition(healthy, "Reconciling") == {}


def test_a_pattern_that_does_not_wait_is_ready_when_it_is_applied(story: Story, nowhere: str) -> None:
    digest = push(story.repository, "1.0.0", homeless("web", nowhere))

    story.want(apply={"wait": False})
    status = story.until_runs(digest)
    story.kubectl("label", "node", "node-1", f"{nowhere}=here")
    story.until_says("Healthy", "Succeeded")

    assert condition(status, "Healthy")["reason"] == "WaitingForHealth"
    assert condition(status, "Reconciling") == {}


def test_a_workload_that_falls_ill_later_is_told_and_told_again_when_it_is_well(story: Story, nowhere: str) -> None:
    digest = push(story.repository, "1.0.0", homeless("web", nowhere))
    story.kubectl("label", "node", "node-1", f"{nowhere}=here")
    story.want()
    story.until_runs(digest)

    story.kubectl("label", "node", "node-1", f"{nowhere}-")
    story.kubectl("-n", story.namespace, "delete", "pods", "-l", "app=web", "--wait=false")
    ill = story.until(lambda status: condition(status, "Healthy")["status"] != "True")
    story.kubectl("label", "node", "node-1", f"{nowhere}=here")
    story.until_runs(digest)

    assert f"Deployment {story.namespace}/web" in condition(ill, "Healthy")["message"]
    assert condition(ill, "Ready")["status"] != "True"


def test_a_job_that_failed_makes_the_pattern_unhealthy(story: Story) -> None:
    template = {
        "metadata": {"labels": FAILS},
        "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "registry.example/main:1"}]},
    }
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "migrate"}}
    job["spec"] = {"backoffLimit": 0, "template": template}
    push(story.repository, "1.0.0", job, config_map("settings"))

    story.want()
    status = story.until(lambda status: condition(status, "Healthy").get("status") == "False")

    assert condition(status, "Ready")["reason"] == condition(status, "Stalled")["reason"] == "Unhealthy"
    assert f"Job {story.namespace}/migrate: failed: " in condition(status, "Ready")["message"]
    assert condition(status, "Applied")["status"] == "True"
    assert story.names() == ["settings"]


def test_health_names_the_cause_that_the_pods_show(story: Story) -> None:
    body = deployment("web")
    body["spec"]["template"]["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "1000000"}}
    push(story.repository, "1.0.0", body)

    story.want()
    found = story.until(lambda status: "Unschedulable" in condition(status, "Healthy").get("message", ""))

    message = condition(found, "Healthy")["message"]
    assert message.startswith(f"Deployment {story.namespace}/web: ")
    assert "pod web-" in message
    assert "Insufficient cpu" in message


def test_an_account_that_may_not_list_pods_is_told_which_right_would_show_more(story: Story) -> None:
    body = deployment("web")
    body["spec"]["template"]["spec"]["nodeSelector"] = {"nowhere": "at-all"}
    push(story.repository, "1.0.0", body)
    rules = ("--verb=get,create,patch,delete", "--resource=deployments.apps")
    story.kubectl("-n", story.namespace, "create", "serviceaccount", "deployer")
    story.kubectl("-n", story.namespace, "create", "role", "deployer", *rules)
    binding = ("create", "rolebinding", "deployer", "--role=deployer")
    story.kubectl("-n", story.namespace, *binding, f"--serviceaccount={story.namespace}:deployer")

    story.want(apply={"serviceAccountName": "deployer"})

    right = f"grant the pattern's ServiceAccount list on pods in {story.namespace}"
    story.until(lambda status: right in condition(status, "Healthy").get("message", ""))


def test_a_deployment_that_the_artifact_pauses_says_so_and_no_other_cause(story: Story) -> None:
    body = deployment("web")
    body["spec"]["paused"] = True
    push(story.repository, "1.0.0", body)

    story.want(timeout="2s")
    late = story.until(lambda status: condition(status, "Ready")["reason"] == "HealthTimeout")

    told = "is paused (spec.paused), 0 of 1 replicas updated, 0 available: the artifact says so; take spec.paused out"
    assert f"Deployment {story.namespace}/web: {told}" in condition(late, "Ready")["message"]
    assert "it has no pods" not in condition(late, "Ready")["message"]


@pytest.mark.parametrize(("mode", "ready"), [("WaitForFirstConsumer", True), ("Immediate", False)])
def test_a_claim_whose_class_waits_for_a_pod_is_healthy_without_one(story: Story, mode: str, ready: bool) -> None:
    name = f"{story.namespace}-{mode.lower()}"
    kind = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name}}
    story.kubectl.apply({**kind, "provisioner": "example.com/nobody", "volumeBindingMode": mode})
    spec = {"accessModes": ["ReadWriteOnce"], "storageClassName": name, "resources": {"requests": {"storage": "1Gi"}}}
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": spec}
    push(story.repository, "1.0.0", claim)

    story.want(timeout="8s")
    status = story.until(lambda status: condition(status, "Ready")["reason"] in ("Ready", "HealthTimeout"))
    story.kubectl("delete", "storageclass", name)

    said = condition(status, "Healthy")["message"]
    assert (condition(status, "Ready")["status"] == "True") is ready
    assert (f"its StorageClass {name} binds it once a pod that uses it gets a node" in said) is ready


def test_a_quota_that_refuses_the_pods_is_named(story: Story) -> None:
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "small"},
        "spec": {"hard": {"pods": "0"}},
    }
    story.make(quota)
    push(story.repository, "1.0.0", deployment("web"))

    story.want()

    story.until(lambda status: "exceeded quota: small" in condition(status, "Healthy").get("message", ""))

"""Whether what was applied does what it is for: in time, late, later no more, and never."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from tests.e2e.scenario import Scenario, condition, config_map, deployment, eventually, push
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


def test_a_pattern_that_is_not_healthy_in_time_says_so_and_is_ready_when_it_is(
    scenario: Scenario, nowhere: str
) -> None:
    digest = push(scenario.repository, "1.0.0", homeless("web", nowhere), config_map("settings"))

    scenario.want(timeout="2s")  # and the interval is an hour
    waiting = scenario.until(lambda status: condition(status, "Ready")["reason"] == "WaitingForHealth")
    late = scenario.until(lambda status: condition(status, "Ready")["reason"] == "HealthTimeout")
    scenario.kubectl("label", "node", "node-1", f"{nowhere}=here")
    healthy = scenario.until_runs(digest)

    assert condition(waiting, "Ready")["status"] == condition(waiting, "Healthy")["status"] == "Unknown"
    assert condition(waiting, "Reconciling")["reason"] == "WaitingForHealth"
    assert f"Deployment {scenario.namespace}/web: 0 of 1 replicas" in condition(waiting, "Ready")["message"]
    assert condition(late, "Ready")["status"] == condition(late, "Healthy")["status"] == "False"
    assert condition(late, "Stalled")["reason"] == "HealthTimeout"
    assert condition(late, "Reconciling") == {}
    assert f"Deployment {scenario.namespace}/web" in condition(late, "Ready")["message"]
    assert condition(healthy, "Stalled") == condition(healthy, "Reconciling") == {}


def test_a_pattern_that_does_not_wait_is_ready_when_it_is_applied(scenario: Scenario, nowhere: str) -> None:
    digest = push(scenario.repository, "1.0.0", homeless("web", nowhere))

    scenario.want(apply={"wait": False})
    status = scenario.until_runs(digest)
    scenario.kubectl("label", "node", "node-1", f"{nowhere}=here")
    scenario.until_says("Healthy", "Succeeded")

    assert condition(status, "Healthy")["reason"] == "WaitingForHealth"
    assert condition(status, "Reconciling") == {}


def test_a_workload_that_falls_ill_later_is_told_and_told_again_when_it_is_well(
    scenario: Scenario, nowhere: str
) -> None:
    digest = push(scenario.repository, "1.0.0", homeless("web", nowhere))
    scenario.kubectl("label", "node", "node-1", f"{nowhere}=here")
    scenario.want()
    scenario.until_runs(digest)

    scenario.kubectl("label", "node", "node-1", f"{nowhere}-")
    scenario.kubectl("-n", scenario.namespace, "delete", "pods", "-l", "app=web", "--wait=false")
    ill = scenario.until(lambda status: condition(status, "Healthy")["status"] != "True")
    scenario.kubectl("label", "node", "node-1", f"{nowhere}=here")
    scenario.until_runs(digest)

    assert f"Deployment {scenario.namespace}/web" in condition(ill, "Healthy")["message"]
    assert condition(ill, "Ready")["status"] != "True"


def test_a_job_that_failed_makes_the_pattern_unhealthy(scenario: Scenario) -> None:
    template = {
        "metadata": {"labels": FAILS},
        "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "registry.example/main:1"}]},
    }
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "migrate"}}
    job["spec"] = {"backoffLimit": 0, "template": template}
    push(scenario.repository, "1.0.0", job, config_map("settings"))

    scenario.want()
    status = scenario.until(lambda status: condition(status, "Healthy").get("status") == "False")

    assert condition(status, "Ready")["reason"] == condition(status, "Stalled")["reason"] == "Unhealthy"
    assert f"Job {scenario.namespace}/migrate: failed: " in condition(status, "Ready")["message"]
    assert condition(status, "Applied")["status"] == "True"
    assert scenario.names() == ["settings"]


def test_health_names_the_cause_that_the_pods_show(scenario: Scenario) -> None:
    body = deployment("web")
    body["spec"]["template"]["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "1000000"}}
    push(scenario.repository, "1.0.0", body)

    scenario.want()
    found = scenario.until(lambda status: "Unschedulable" in condition(status, "Healthy").get("message", ""))

    message = condition(found, "Healthy")["message"]
    assert message.startswith(f"Deployment {scenario.namespace}/web: ")
    assert "pod web-" in message
    assert "Insufficient cpu" in message
    eventually(lambda: any("Insufficient cpu" in each["message"] for each in scenario.events("Unhealthy")))


def test_an_account_that_may_not_list_pods_is_told_which_right_would_show_more(scenario: Scenario) -> None:
    body = deployment("web")
    body["spec"]["template"]["spec"]["nodeSelector"] = {"nowhere": "at-all"}
    push(scenario.repository, "1.0.0", body)
    rules = ("--verb=get,create,patch,delete", "--resource=deployments.apps")
    scenario.kubectl("-n", scenario.namespace, "create", "serviceaccount", "deployer")
    scenario.kubectl("-n", scenario.namespace, "create", "role", "deployer", *rules)
    binding = ("create", "rolebinding", "deployer", "--role=deployer")
    scenario.kubectl("-n", scenario.namespace, *binding, f"--serviceaccount={scenario.namespace}:deployer")

    scenario.want(apply={"serviceAccountName": "deployer"})

    right = f"grant the pattern's ServiceAccount list on pods in {scenario.namespace}"
    scenario.until(lambda status: right in condition(status, "Healthy").get("message", ""))


def test_a_deployment_that_the_artifact_pauses_says_so_and_no_other_cause(scenario: Scenario) -> None:
    body = deployment("web")
    body["spec"]["paused"] = True
    push(scenario.repository, "1.0.0", body)

    scenario.want(timeout="2s")
    late = scenario.until(lambda status: condition(status, "Ready")["reason"] == "HealthTimeout")

    told = "is paused (spec.paused), 0 of 1 replicas updated, 0 available: the artifact says so; take spec.paused out"
    assert f"Deployment {scenario.namespace}/web: {told}" in condition(late, "Ready")["message"]
    assert "it has no pods" not in condition(late, "Ready")["message"]


@pytest.mark.parametrize(("mode", "ready"), [("WaitForFirstConsumer", True), ("Immediate", False)])
def test_a_claim_whose_class_waits_for_a_pod_is_healthy_without_one(scenario: Scenario, mode: str, ready: bool) -> None:
    name = f"{scenario.namespace}-{mode.lower()}"
    kind = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name}}
    scenario.kubectl.apply({**kind, "provisioner": "example.com/nobody", "volumeBindingMode": mode})
    spec = {"accessModes": ["ReadWriteOnce"], "storageClassName": name, "resources": {"requests": {"storage": "1Gi"}}}
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": spec}
    push(scenario.repository, "1.0.0", claim)

    scenario.want(timeout="8s")
    status = scenario.until(lambda status: condition(status, "Ready")["reason"] in ("Ready", "HealthTimeout"))
    scenario.kubectl("delete", "storageclass", name)

    said = condition(status, "Healthy")["message"]
    assert (condition(status, "Ready")["status"] == "True") is ready
    assert (f"its StorageClass {name} binds it once a pod that uses it gets a node" in said) is ready


def test_a_quota_that_refuses_the_pods_is_named(scenario: Scenario) -> None:
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "small"},
        "spec": {"hard": {"pods": "0"}},
    }
    scenario.make(quota)
    push(scenario.repository, "1.0.0", deployment("web"))

    scenario.want()

    scenario.until(lambda status: "exceeded quota: small" in condition(status, "Healthy").get("message", ""))

"""What pods use outlives them: a workload is gone only when its pods are, and the rest of the pattern goes after it."""

import json
from typing import Any

import pytest
from tests.e2e.scenario import Scenario, condition, config_map, eventually, push
from tests.testbed.testbed import Testbed

CONTAINER = {"name": "main", "image": "registry.example/main:1"}
HELD = "example.com/held"


def account(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}}


def policy(name: str) -> dict[str, Any]:
    spec = {"podSelector": {}, "policyTypes": ["Ingress"]}
    head = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name}}
    return {**head, "spec": spec}


def workload(kind: str) -> dict[str, Any]:
    """A workload of this kind with pods labelled app=w."""
    pod = {"containers": [CONTAINER], "serviceAccountName": "w"}
    labels = {"metadata": {"labels": {"app": "w"}}}
    if kind in ("Job", "CronJob"):
        job = {"template": {**labels, "spec": {**pod, "restartPolicy": "Never"}}}
        spec: dict[str, Any] = job if kind == "Job" else {"schedule": "* * * * *", "jobTemplate": {"spec": job}}
        return {"apiVersion": "batch/v1", "kind": kind, "metadata": {"name": "w"}, "spec": spec}
    spec = {"selector": {"matchLabels": {"app": "w"}}, "template": {**labels, "spec": pod}}
    if kind == "StatefulSet":
        spec["serviceName"] = "w"
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "w"}, "spec": spec}


def hold(scenario: Scenario) -> list[str]:
    """Put a finalizer on the pods, as a node that does not answer would hold them; their names."""
    names: list[str] = []

    def seen() -> bool:
        found = scenario.kubectl.json("-n", scenario.namespace, "get", "pods", "-l", "app=w")["items"]
        names[:] = [each["metadata"]["name"] for each in found]
        return bool(names)

    eventually(seen, seconds=60.0)  # a watch of the ServiceAccount would not tell of pods that come after it
    patch = json.dumps({"metadata": {"finalizers": [HELD]}})
    for name in names:
        scenario.kubectl("-n", scenario.namespace, "patch", "pod", name, "--type=merge", "-p", patch)
    return names


def let_go(scenario: Scenario, pods: list[str]) -> None:
    for name in pods:
        patch = json.dumps({"metadata": {"finalizers": None}})
        scenario.kubectl("-n", scenario.namespace, "patch", "pod", name, "--type=merge", "-p", patch)


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet", "Job"])
def test_what_pods_use_is_there_until_they_are_gone(testbed: Testbed, scenario: Scenario, kind: str) -> None:
    push(scenario.repository, "1.0.0", config_map("settings"), account("w"), policy("w"), workload(kind))
    scenario.want(apply={"wait": False})
    scenario.until_says("Ready", "Ready")
    pods = hold(scenario)

    scenario.delete()
    status = scenario.until(lambda s: "foregroundDeletion" in condition(s, "Ready").get("message", ""))
    while_they_stop = [
        scenario.there(*each) for each in (("configmap", "settings"), ("serviceaccount", "w"), ("networkpolicy", "w"))
    ]
    let_go(scenario, pods)
    scenario.until_gone()

    said = condition(status, "Ready")["message"]
    assert while_they_stop == [True, True, True]
    assert f" {scenario.namespace}/w: is being deleted, and is waiting for the pods" in said
    assert f"kubectl get pods -n {scenario.namespace}" in said
    assert "more go after them" in said
    assert not scenario.there("configmap", "settings")


def test_a_prune_waits_for_the_pods_too_and_says_so(testbed: Testbed, scenario: Scenario) -> None:
    push(
        scenario.repository, "1.0.0", config_map("stays"), config_map("settings"), account("w"), workload("Deployment")
    )
    push(scenario.repository, "2.0.0", config_map("stays"))
    scenario.want()
    scenario.until_says("Ready", "Ready")
    pods = hold(scenario)

    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    status = scenario.until(lambda s: "foregroundDeletion" in condition(s, "Applied").get("message", ""))
    there = scenario.there("configmap", "settings"), scenario.there("serviceaccount", "w")
    let_go(scenario, pods)
    scenario.until(lambda s: s["inventory"]["count"] == 1)

    assert there == (True, True)
    assert "waiting for the pods" in condition(status, "Applied")["message"]
    assert not scenario.there("configmap", "settings")


def test_a_workload_that_comes_back_while_its_pods_end_is_made_anew(scenario: Scenario) -> None:
    first = push(scenario.repository, "1.0.0", config_map("stays"), account("w"), workload("Deployment"))
    push(scenario.repository, "2.0.0", config_map("stays"))
    scenario.want(apply={"wait": False})
    scenario.until_runs(first)
    pods, before = hold(scenario), scenario.get("deployment", "w")["metadata"]["uid"]
    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    scenario.until(lambda s: "foregroundDeletion" in condition(s, "Applied").get("message", ""))

    scenario.change({"source": {"ref": {"tag": "1.0.0"}}})
    scenario.until(lambda s: s.get("digest") == first)
    let_go(scenario, pods)
    anew = scenario.until_object("deployment", "w", lambda found: found and found["metadata"]["uid"] != before)

    assert "deletionTimestamp" not in anew["metadata"]
    scenario.until_runs(first)
    assert scenario.there("serviceaccount", "w")

"""Jobs and Pods that ended, and workloads that are updated by hand, in a real cluster with controllers."""

import json
from pathlib import Path
from typing import Any

from tests.e2e.scenario import YAML, Scenario, condition, config_map, push

CASES = Path(__file__).parents[1] / "data" / "field-cases"
NOWHERE = {"example.com/node": "none"}  # a selector that no node has: kwok would end the pods of a Job within a second


def push_case(scenario: Scenario, tag: str, name: str) -> str:
    files = sorted((CASES / name).glob("*.yaml"))
    return scenario.repository.push(tag, [(YAML, b"\n---\n".join(each.read_bytes() for each in files))])


def job(name: str, **spec: Any) -> dict[str, Any]:
    """A Job whose pods find no node, so that nobody but the test ends it."""
    container = {"name": "main", "image": "registry.example/m:1"}
    template = {"spec": {"restartPolicy": "Never", "nodeSelector": NOWHERE, "containers": [container]}}
    metadata = {"name": name}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"template": template, **spec}}


def end(scenario: Scenario, name: str, kind: str) -> None:
    """Let a Job end, as its controller would: the conditions that it needs before come with it."""
    first = {"Complete": "SuccessCriteriaMet", "Failed": "FailureTarget"}[kind]
    conditions = [
        {
            "type": each,
            "status": "True",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
            "reason": "Test",
            "message": "it ended",
        }
        for each in (first, kind)
    ]
    found = scenario.get("job", name)
    status = {**found["status"], "conditions": conditions, "active": 0, "ready": 0, "terminating": 0}
    status["uncountedTerminatedPods"] = {}
    status["startTime"] = found["status"].get("startTime", "2026-01-01T00:00:00Z")
    if kind == "Complete":
        status |= {"completionTime": status["startTime"], "succeeded": 1}
    patch = json.dumps({"status": status})
    scenario.kubectl(
        "-n", scenario.namespace, "patch", "job", name, "--subresource=status", "--type=merge", "-p", patch
    )


def test_a_daemonset_that_is_updated_by_hand_is_ready_and_says_so(scenario: Scenario) -> None:
    first = push_case(scenario, "1.0.0", "02-daemonset-ondelete/v1")
    second = push_case(scenario, "2.0.0", "02-daemonset-ondelete/v2")

    scenario.want()
    scenario.until_runs(first)
    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    status = scenario.until_runs(second)

    assert (
        f"DaemonSet {scenario.namespace}/rebooter: updated when its pods are deleted"
        in condition(status, "Healthy")["message"]
    )


def test_a_job_that_failed_and_was_removed_by_its_ttl_is_not_run_again(scenario: Scenario) -> None:
    push_case(scenario, "1.0.0", "08-failed-job-ttl/v1")
    push(scenario.repository, "2.0.0", {**job("seed"), "kind": "Job"}, config_map("more"))

    scenario.want()
    scenario.until(lambda s: condition(s, "Healthy").get("status") == "False")
    scenario.until_object("job", "seed", lambda found: found is None)
    scenario.request()
    after = scenario.until(lambda s: condition(s, "Healthy")["status"] == "False")

    assert not scenario.there("job", "seed")
    assert f"Job {scenario.namespace}/seed: failed" in condition(after, "Ready")["message"]

    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})  # another Job of the same name: it is run
    scenario.until_object("job", "seed", lambda found: found is not None)


def test_a_complete_job_that_was_removed_is_not_run_again_by_an_update_beside_it(scenario: Scenario) -> None:
    push(scenario.repository, "1.0.0", job("migrate"), config_map("a"))
    second = push(scenario.repository, "2.0.0", job("migrate"), config_map("b"))
    scenario.want()
    scenario.until_object("job", "migrate", lambda found: found and found.get("status", {}).get("startTime"))
    end(scenario, "migrate", "Complete")
    scenario.until(lambda s: condition(s, "Ready")["status"] == "True" and "endC" not in s["digest"])

    scenario.remove("job", "migrate")
    scenario.until_object("job", "migrate", lambda found: found is None)
    scenario.until(lambda status: "2 objects, 1 of which ended and is gone" in condition(status, "Ready")["message"])
    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    status = scenario.until_runs(second)

    assert not scenario.there("job", "migrate")
    assert "Job.batch" in condition(status, "Applied")["message"]
    assert "is not run again" in condition(status, "Applied")["message"]


def test_a_job_that_is_deleted_while_it_runs_is_made_again(scenario: Scenario) -> None:
    push(scenario.repository, "1.0.0", job("migrate"))
    scenario.want()
    found = scenario.until_object("job", "migrate", lambda job: job and job.get("status", {}).get("startTime"))

    scenario.remove("job", "migrate")

    scenario.until_object("job", "migrate", lambda job: job and job["metadata"]["uid"] != found["metadata"]["uid"])

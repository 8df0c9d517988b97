"""Jobs and Pods that ended, and workloads that are updated by hand, in a real cluster with controllers."""

import json
from pathlib import Path
from typing import Any

from tests.e2e.story import YAML, Story, condition, config_map, push

CASES = Path(__file__).parents[1] / "data" / "field-cases"
ENDS = {"pod-complete.stage.kwok.x-k8s.io/ends": "true"}


def push_case(story: Story, tag: str, name: str) -> str:
    files = sorted((CASES / name).glob("*.yaml"))
    return story.repository.push(tag, [(YAML, b"\n---\n".join(each.read_bytes() for each in files))])


def job(name: str, **spec: Any) -> dict[str, Any]:
    """A Job whose pods run for as long as nobody ends them."""
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "registry.example/m:1"}]}}
    metadata = {"name": name}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"template": template, **spec}}


def end(story: Story, name: str, kind: str) -> None:
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
    found = story.get("job", name)
    status = {**found["status"], "conditions": conditions, "active": 0, "ready": 0, "terminating": 0}
    status["uncountedTerminatedPods"] = {}
    status["startTime"] = found["status"].get("startTime", "2026-01-01T00:00:00Z")
    if kind == "Complete":
        status |= {"completionTime": status["startTime"], "succeeded": 1}
    patch = json.dumps({"status": status})
    story.kubectl("-n", story.namespace, "patch", "job", name, "--subresource=status", "--type=merge", "-p", patch)


def test_a_daemonset_that_is_updated_by_hand_is_ready_and_says_so(story: Story) -> None:
    first = push_case(story, "1.0.0", "02-daemonset-ondelete/v1")
    second = push_case(story, "2.0.0", "02-daemonset-ondelete/v2")

    story.want()
    story.until_runs(first)
    story.change({"source": {"ref": {"tag": "2.0.0"}}})
    status = story.until_runs(second)

    assert (
        f"DaemonSet {story.namespace}/rebooter: updated when its pods are deleted"
        in condition(status, "Healthy")["message"]
    )


def test_a_job_that_failed_and_was_removed_by_its_ttl_is_not_run_again(story: Story) -> None:
    push_case(story, "1.0.0", "08-failed-job-ttl/v1")
    push(story.repository, "2.0.0", {**job("seed"), "kind": "Job"}, config_map("more"))

    story.want()
    story.until(lambda s: condition(s, "Healthy").get("status") == "False")
    story.until_object("job", "seed", lambda found: found is None)
    story.request()
    after = story.until(lambda s: condition(s, "Healthy")["status"] == "False")

    assert not story.there("job", "seed")
    assert f"Job {story.namespace}/seed: failed" in condition(after, "Ready")["message"]

    story.change({"source": {"ref": {"tag": "2.0.0"}}})  # another Job of the same name: it is run
    story.until_object("job", "seed", lambda found: found is not None)


def test_a_complete_job_that_was_removed_is_not_run_again_by_an_update_beside_it(story: Story) -> None:
    push(story.repository, "1.0.0", job("migrate"), config_map("a"))
    second = push(story.repository, "2.0.0", job("migrate"), config_map("b"))
    story.want()
    story.until_object("job", "migrate", lambda found: found and found.get("status", {}).get("startTime"))
    end(story, "migrate", "Complete")
    story.until(lambda s: condition(s, "Ready")["status"] == "True" and "endC" not in s["digest"])

    story.remove("job", "migrate")
    story.until_object("job", "migrate", lambda found: found is None)
    story.change({"source": {"ref": {"tag": "2.0.0"}}})
    status = story.until_runs(second)

    assert not story.there("job", "migrate")
    assert "Job.batch" in condition(status, "Applied")["message"]
    assert "is not run again" in condition(status, "Applied")["message"]


def test_a_job_that_is_deleted_while_it_runs_is_made_again(story: Story) -> None:
    push(story.repository, "1.0.0", job("migrate"))
    story.want()
    found = story.until_object("job", "migrate", lambda job: job and job.get("status", {}).get("startTime"))

    story.remove("job", "migrate")

    story.until_object("job", "migrate", lambda job: job and job["metadata"]["uid"] != found["metadata"]["uid"])

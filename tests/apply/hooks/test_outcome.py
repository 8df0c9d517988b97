"""A Job and a Pod have to end well, all else only to be there."""

from typing import Any

import pytest

from pattern_operator.api.object import ObjectKey
from pattern_operator.apply.hooks import HookState, outcome_of

JOB, POD = ObjectKey("batch", "Job", "team", "seed"), ObjectKey("", "Pod", "team", "seed")
DELETING = {"deletionTimestamp": "2026-05-01T12:00:00Z"}


def condition(kind: str, status: str = "True", **more: str) -> dict[str, Any]:
    return {"status": {"conditions": [{"type": kind, "status": status, **more}]}}


@pytest.mark.parametrize(
    ("key", "body", "state"),
    [
        (JOB, condition("Complete"), HookState.SUCCEEDED),
        (JOB, condition("Failed"), HookState.FAILED),
        (JOB, condition("Complete", "False"), HookState.RUNNING),
        (JOB, condition("FailureTarget"), HookState.RUNNING),
        (JOB, condition("SuccessCriteriaMet"), HookState.RUNNING),
        (JOB, condition("Suspended"), HookState.RUNNING),
        (JOB, {}, HookState.RUNNING),
        (JOB, {"metadata": DELETING}, HookState.FAILED),
        (JOB, {"metadata": DELETING, **condition("Complete")}, HookState.SUCCEEDED),
        (POD, {"status": {"phase": "Succeeded"}}, HookState.SUCCEEDED),
        (POD, {"status": {"phase": "Failed"}}, HookState.FAILED),
        (POD, {"status": {"phase": "Running"}}, HookState.RUNNING),
        (POD, condition("Complete"), HookState.RUNNING),
        (ObjectKey("", "ConfigMap", "team", "a"), {}, HookState.SUCCEEDED),
        (ObjectKey("apps", "Deployment", "team", "a"), condition("Progressing", "False"), HookState.SUCCEEDED),
    ],
)
def test_how_a_hook_stands(key: ObjectKey, body: dict[str, Any], state: HookState):
    assert outcome_of(body, key=key).state is state


def test_why_a_job_failed_is_said_by_the_reason_and_not_by_a_message_that_may_hold_anything():
    found = outcome_of(condition("Failed", reason="BackoffLimitExceeded", message="s3cr3t"), key=JOB)

    assert found.message == "failed (BackoffLimitExceeded)"


def test_why_a_pod_failed_is_said_as_for_other_pods():
    ended = {"name": "seed", "state": {"terminated": {"exitCode": 3, "reason": "Error"}}}
    body = {"metadata": {"name": "seed"}, "status": {"phase": "Failed", "containerStatuses": [ended]}}

    found = outcome_of(body, key=POD)

    assert found.message.startswith("failed")
    assert "3" in found.message

"""What ends by itself is not run again, also after it is gone, and is told from what was deleted while it ran."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.apply.finished import (
    FinishState,
    RunRecord,
    content_hash,
    has_finished,
    is_ephemeral,
    is_run_record,
    read_record,
    running_record,
)
from pattern_operator.apply.health import HealthState
from pattern_operator.apply.managed.managed_object import ManagedObject
from pattern_operator.apply.managed.observation import Observation

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
JOB = ObjectKey("batch", "Job", "team", "seed")
POD = ObjectKey("", "Pod", "team", "once")
GONE_SOON = {"deletionTimestamp": "2026-11-26T12:00:00Z"}


def job(condition: str = "", *, image: str = "registry.example/seed:1", **metadata: Any) -> dict[str, Any]:
    conditions = [{"type": condition, "status": "True", "message": "the words of it"}] if condition else []
    template = {"spec": {"containers": [{"name": "main", "image": image}]}}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "seed", "namespace": "team", "uid": "u", **metadata},
        "spec": {"template": template},
        "status": {"conditions": conditions, "startTime": "2026-11-26T11:00:00Z"},
    }


def pod(phase: str, **metadata: Any) -> dict[str, Any]:
    metadata = {"name": "once", "namespace": "team", "uid": "u", **metadata}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": {"phase": phase}}


@pytest.mark.parametrize(
    ("key", "body", "ended"),
    [
        pytest.param(JOB, job("Complete"), True, id="a complete Job"),
        pytest.param(JOB, job("Failed"), True, id="a failed Job"),
        pytest.param(JOB, job("FailureTarget"), False, id="a Job that is about to fail"),
        pytest.param(JOB, job("Suspended"), False, id="a suspended Job"),
        pytest.param(JOB, job(), False, id="a running Job"),
        pytest.param(POD, pod("Succeeded"), True, id="a Pod that succeeded"),
        pytest.param(POD, pod("Failed"), True, id="a Pod that failed"),
        pytest.param(POD, pod("Running"), False, id="a running Pod"),
        pytest.param(POD, pod("Succeeded", **GONE_SOON), False, id="a Pod that ends because it is deleted"),
        pytest.param(ObjectKey("argoproj.io", "Job", "team", "seed"), job("Complete"), False, id="another kind"),
    ],
)
def test_what_has_ended_by_itself(key: ObjectKey, body: dict[str, Any], ended: bool):
    assert has_finished(body, key=key) is ended


@pytest.mark.parametrize("stood", list(FinishState))
@pytest.mark.parametrize("content", [b"abc", b""])
def test_a_mark_says_how_it_stood_and_of_what(stood: FinishState, content: bytes):
    read = read_record(bytes(RunRecord(stood, content)), key=JOB)

    assert read is not None
    assert (read.state, read.content) == (stood, content)


@pytest.mark.parametrize("fingerprint", [b"", b"endC", b"aaaaaaaa", b"endXabcd", b"running"])
def test_a_fingerprint_is_not_a_mark(fingerprint: bytes):
    assert read_record(fingerprint, key=JOB) is None


def test_only_what_ends_by_itself_has_marks():
    known = bytes(RunRecord(FinishState.RUNNING_EPHEMERAL, b"abc"))

    assert read_record(known, key=ObjectKey("", "ConfigMap", "team", "a")) is None
    assert is_run_record(known, entry=str(JOB))
    assert not is_run_record(known, entry="team_a__ConfigMap")
    assert not is_run_record(known, entry="by hand")


def test_a_mark_of_what_runs_tells_whether_it_was_changed():
    read = read_record(running_record(ephemeral=True, content=b"abc", fingerprint=b"12345678"), key=JOB)

    assert read is not None
    assert read.same(b"1234abcd") == b"1234abcd"
    assert read.same(b"abcd1234") not in (b"abcd1234", None)
    assert RunRecord(FinishState.RUNNING_EPHEMERAL, b"abc", bytes(4)).same(b"abcd1234") is None


@pytest.mark.parametrize(
    ("key", "spec", "ephemeral"),
    [
        pytest.param(JOB, {"ttlSecondsAfterFinished": 0}, True, id="a Job that its TTL removes at once"),
        pytest.param(JOB, {"ttlSecondsAfterFinished": 3600, "suspend": True}, True, id="a suspended one"),
        pytest.param(JOB, {}, False, id="a Job without a TTL"),
        pytest.param(POD, {"restartPolicy": "Never"}, True, id="a Pod that runs once"),
        pytest.param(POD, {"restartPolicy": "OnFailure"}, True, id="a Pod that runs until it succeeds"),
        pytest.param(POD, {"restartPolicy": "Always"}, False, id="a Pod that runs forever"),
        pytest.param(POD, {}, False, id="a Pod that says nothing"),
        pytest.param(ObjectKey("x.example", "Job", "t", "j"), {"ttlSecondsAfterFinished": 0}, False, id="another"),
    ],
)
def test_what_may_be_gone_once_it_ended(key: ObjectKey, spec: dict[str, Any], ephemeral: bool):
    assert is_ephemeral({"spec": spec}, key=key) is ephemeral


def test_content_is_of_what_is_run():
    same, other = Object.of(job()), Object.of(job(image="registry.example/seed:2"))

    assert content_hash(same) == content_hash(Object.of(job()))
    assert content_hash(same) != content_hash(other)
    assert content_hash(Object.of({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}})) == b""


@pytest.mark.parametrize(("condition", "state"), [("Complete", HealthState.CURRENT), ("Failed", HealthState.FAILED)])
def test_a_job_that_ended_is_not_missed_and_a_failed_one_is_still_told_as_failed(condition: str, state: HealthState):
    ended = ManagedObject(JOB, "o", Observation.of(job(condition), key=JOB, now=NOW), expected=True)
    going = replace(ended, observed=ended.after(Observation.of(job(condition, **GONE_SOON), key=JOB, now=NOW)))
    gone = replace(going, present=False)

    assert [each.drifted for each in (ended, going, gone)] == [False] * 3
    assert [each.health.state for each in (ended, going, gone)] == [state] * 3
    if state is HealthState.FAILED:
        assert gone.health.message == "Job team/seed: failed: the words of it"


@pytest.mark.parametrize(
    ("key", "running", "last"), [(JOB, job(), job(**GONE_SOON)), (POD, pod("Running"), pod("Failed", **GONE_SOON))]
)
def test_what_is_deleted_while_it_runs_is_missed(key: ObjectKey, running: dict[str, Any], last: dict[str, Any]):
    managed = ManagedObject(key, "o", Observation.of(running, key=key, now=NOW), expected=True)
    managed.observed = managed.after(Observation.of(last, key=key, now=NOW))
    managed.present = False

    assert managed.drifted
    assert managed.health.state is HealthState.NOT_FOUND


def test_another_of_the_same_name_begins_anew():
    managed = ManagedObject(JOB, "o", Observation.of(job("Complete"), key=JOB, now=NOW), expected=True)
    again = managed.after(Observation.of(job(uid="another"), key=JOB, now=NOW))

    assert not again.finished


def test_what_is_changed_in_the_pattern_is_run():
    managed = ManagedObject(JOB, "o", Observation.of(job("Complete"), key=JOB, now=NOW), expected=True, present=False)
    managed.content = content_hash(Object.of(job()))

    assert managed.has_finished(content_hash(Object.of(job())))
    assert not managed.has_finished(content_hash(Object.of(job(image="registry.example/seed:2"))))

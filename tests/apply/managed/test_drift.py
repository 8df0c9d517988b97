"""Whether an object is as it was applied, from what is known of it alone."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from pattern_operator.api.object import ObjectKey
from pattern_operator.apply.finished import FinishState, RunRecord
from pattern_operator.apply.managed import drift
from pattern_operator.apply.managed.drift import DriftState, drift_state
from pattern_operator.apply.managed.managed_object import PENDING, ManagedObject
from pattern_operator.apply.managed.observation import Observation

KEY = ObjectKey("", "ConfigMap", "team", "c")
JOB = ObjectKey("batch", "Job", "team", "j")
SAME, OTHER = b"same-one", b"otherone"


def seen(fingerprint: bytes = SAME, **more: Any) -> Observation:
    body = {"metadata": {"name": "c", "namespace": "team", "uid": "u", "generation": 1}}
    found = Observation.of(body, key=KEY, now=datetime(2026, 5, 1, tzinfo=UTC))
    return replace(found, fingerprint=fingerprint, **more)


def known(observed: Observation | None = None, key: ObjectKey = KEY, **more: Any) -> ManagedObject:
    return replace(ManagedObject(key, "web", observed or seen(), expected=True, desired=SAME), **more)


@pytest.mark.parametrize(
    ("managed", "state"),
    [
        pytest.param(known(), DriftState.IN_SYNC, id="as it was applied"),
        pytest.param(known(expected=False), DriftState.UNKNOWN, id="nobody applied it"),
        pytest.param(known(desired=None), DriftState.UNKNOWN, id="changes by others are welcome"),
        pytest.param(known(seen(OTHER)), DriftState.DRIFTED, id="a field of ours was taken"),
        pytest.param(known(present=False), DriftState.DRIFTED, id="it is gone"),
        pytest.param(known(seen(finished=True), present=False), DriftState.IN_SYNC, id="it has finished, and is gone"),
        pytest.param(known(seen(OTHER, paused=True)), DriftState.IN_SYNC_WITH_NOTE, id="changed while it is paused"),
        pytest.param(known(seen(paused=True), pending=True), DriftState.IN_SYNC_WITH_NOTE, id="not sent: it is paused"),
        pytest.param(known(pending=True), DriftState.DRIFTED, id="not sent, and paused no more"),
        pytest.param(known(seen(scaled_by="hpa")), DriftState.IN_SYNC_WITH_NOTE, id="an autoscaler has its replicas"),
    ],
)
def test_what_is_known_says_whether_an_object_is_as_it_was_applied(managed: ManagedObject, state: DriftState):
    assert drift_state(managed) is state


def test_drift_is_not_repaired_while_its_repairs_are_backed_off():
    contested, other = known(seen(OTHER)), known(seen(OTHER), ObjectKey("", "ConfigMap", "team", "b"))
    for second in range(10):
        contested.backoff.record_repair(float(second))
    contested.backoff.pause(10.0)

    assert drift.drifted([contested, other], now=10.5) == (other.key,)
    assert drift.drifted([contested, other], now=1000.0) == (other.key, KEY)


def test_a_conflict_names_who_it_is_with_and_the_fields_only_while_it_lasts():
    contested = known(seen(OTHER), reverted_fields=(".data.a", ".data.b"))
    (calm,) = (drift.conflicts([contested]),)
    for second in range(10):
        contested.backoff.record_repair(float(second))

    (said,) = drift.conflicts([contested])

    assert calm == ()
    assert said == (
        "ConfigMap team/c is changed again after each repair by somebody (.data.a, .data.b): leave that out of the"
        " artifact, or list it in spec.apply.ignoreDifferences"
    )
    assert drift.conflicts([replace(contested, observed=seen())]) == ()


@pytest.mark.parametrize(
    ("managed", "again"),
    [
        pytest.param(known(seen(OTHER)), False, id="not written since"),
        pytest.param(known(seen(OTHER, writers=b"anew")), True, id="written since"),
        pytest.param(known(seen(OTHER, generation=0)), True, id="its kind counts no generations"),
        pytest.param(known(seen(writers=b"anew")), False, id="as it was applied"),
    ],
)
def test_only_what_has_drifted_and_was_written_since_is_compared_again(managed: ManagedObject, again: bool):
    assert drift.is_changed_again(managed, seen(OTHER)) is again


def test_what_drifted_and_is_still_there_is_compared():
    wants = known(seen(OTHER), needs_comparison=True)
    gone = replace(wants, key=ObjectKey("", "ConfigMap", "team", "gone"), present=False)

    assert drift.to_compare([wants, gone, known(needs_comparison=True), known(seen(OTHER))]) == {KEY}


def test_of_what_is_expected_a_fingerprint_is_kept_by_inventory_id():
    other = known(key=ObjectKey("", "ConfigMap", "team", "other"), expected=False)
    unknown = known(key=ObjectKey("", "ConfigMap", "team", "unknown"), desired=None)

    assert drift.fingerprints([known(), other, unknown]) == {str(KEY): SAME}
    assert drift.fingerprints([known(pending=True)]) == {str(KEY): PENDING}


@pytest.mark.parametrize(
    ("managed", "fingerprint", "desired", "pending"),
    [
        pytest.param(known(desired=None), SAME, SAME, False, id="compared with it"),
        pytest.param(known(desired=None), PENDING, None, True, id="it was not sent"),
        pytest.param(known(desired=OTHER), SAME, OTHER, False, id="applied since the start"),
        pytest.param(known(desired=None, expected=False), SAME, None, False, id="not expected"),
    ],
)
def test_after_a_restart_an_object_is_compared_with_what_status_kept(managed, fingerprint, desired, pending):
    drift.compare(managed, fingerprint)

    assert (managed.desired, managed.pending) == (desired, pending)


@pytest.mark.parametrize(
    ("state", "present", "drifted"),
    [
        (FinishState.SUCCEEDED, False, False),
        (FinishState.FAILED, False, False),
        (FinishState.UNKNOWN, False, False),
        (FinishState.RUNNING_EPHEMERAL, False, False),
        (FinishState.RUNNING, False, True),
        (FinishState.RUNNING, True, False),
    ],
)
def test_what_had_ended_or_may_have_is_not_missed_after_a_restart(state: FinishState, present: bool, drifted: bool):
    managed = known(key=JOB, desired=None, present=present)

    drift.restore(managed, RunRecord(state, b"abc", SAME[:4]))

    assert managed.drifted is drifted
    assert managed.content == b"abc"


def test_what_an_older_operator_kept_no_record_of_may_have_ended():
    assert drift.record_to_restore(JOB, known=b"", is_indexed=False) == RunRecord(FinishState.UNKNOWN)
    assert drift.record_to_restore(JOB, known=b"", is_indexed=True) is None
    assert drift.record_to_restore(KEY, known=SAME, is_indexed=False) is None


def test_what_may_have_ended_unseen_counts_as_missing_for_who_asks_for_a_run():
    managed = known(seen().gone(FinishState.UNKNOWN, key=JOB), JOB, present=False)

    drift.rerun_finished(managed)

    assert managed.drifted

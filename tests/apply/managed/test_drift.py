"""Whether an object is as it was applied, from what is known of it alone."""

from dataclasses import replace
from typing import Any

import pytest
from tests.apply.managed.observations import observation

from pattern_operator.api.object import ObjectKey
from pattern_operator.apply.finished import FinishState, RunRecord
from pattern_operator.apply.managed import drift
from pattern_operator.apply.managed.drift import DriftState, drift_state
from pattern_operator.apply.managed.fingerprint import pack
from pattern_operator.apply.managed.managed_object import PENDING, ManagedObject
from pattern_operator.apply.managed.observation import Observation

KEY = ObjectKey("", "ConfigMap", "team", "c")
JOB = ObjectKey("batch", "Job", "team", "j")
SAME, OTHER = b"same!", b"other"
AT = 1_780_000_000  # seconds since 1970


def seen(fingerprint: bytes = SAME, **more: Any) -> Observation:
    return observation(fingerprint=fingerprint, **({"applied_at": AT} | more))


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


def test_a_conflict_of_which_nobody_knows_the_fields_names_none():
    contested = known(seen(OTHER))
    for second in range(10):
        contested.backoff.record_repair(float(second))

    assert drift.conflicts([contested]) == ("ConfigMap team/c is changed again after each repair by somebody",)


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

    assert drift.fingerprints([known(), other, unknown]) == {str(KEY): pack(SAME, applied_at=AT)}
    assert drift.fingerprints([known(pending=True)]) == {str(KEY): PENDING}


@pytest.mark.parametrize(
    ("managed", "kept", "desired", "pending"),
    [
        pytest.param(known(desired=None), pack(SAME, applied_at=AT), SAME, False, id="compared with it"),
        pytest.param(known(desired=None), PENDING, None, True, id="it was not sent"),
        pytest.param(known(desired=OTHER), pack(SAME, applied_at=AT), OTHER, False, id="applied since the start"),
        pytest.param(known(desired=OTHER), PENDING, OTHER, False, id="not sent before, and applied since the start"),
        pytest.param(known(desired=None, expected=False), pack(SAME, applied_at=AT), None, False, id="not expected"),
    ],
)
def test_after_a_restart_an_object_is_compared_with_what_status_kept(managed, kept, desired, pending):
    drift.restore_fingerprint(managed, kept)

    assert (managed.desired, managed.pending, managed.untracked) == (desired, pending, False)


@pytest.mark.parametrize(
    ("observed", "kept", "state"),
    [
        pytest.param(seen(), pack(SAME, applied_at=AT), DriftState.IN_SYNC, id="as status says"),
        pytest.param(seen(applied_at=AT + 1), pack(SAME, applied_at=AT), DriftState.UNKNOWN, id="in our name, later"),
        pytest.param(seen(applied_at=AT - 9), pack(SAME, applied_at=AT), DriftState.UNKNOWN, id="from a backup"),
        pytest.param(seen(), SAME + b"old", DriftState.UNKNOWN, id="written by an older operator"),
        pytest.param(seen(OTHER, applied_at=AT + 1), pack(SAME, applied_at=AT), DriftState.DRIFTED, id="taken"),
    ],
)
def test_an_apply_in_our_name_while_no_operator_ran_is_in_doubt(observed: Observation, kept: bytes, state: DriftState):
    managed = known(observed, desired=None)

    drift.restore_fingerprint(managed, kept)
    again = known(observed, desired=None)
    drift.restore_fingerprint(again, drift.fingerprints([managed]).get(str(KEY), b"") or kept)

    assert drift_state(managed) is drift_state(again) is state


def test_only_a_comparison_of_the_same_values_ends_the_doubt_about_who_applied_in_our_name():
    answered = AT - 60
    same = known(answered_at=answered, untracked=True)
    differs = known(answered_at=answered, untracked=True)

    drift.record_values(same, version=same.observed.version, same=True)
    drift.record_values(differs, version=differs.observed.version, same=False)

    assert (drift_state(same), same.changed_by) == (DriftState.IN_SYNC, "")
    assert drift_state(differs) is DriftState.DRIFTED
    assert differs.changed_by == "somebody else as the field manager pattern-operator"


@pytest.mark.parametrize("answered_at", [AT, 0], ids=["our last apply", "nobody knows when it was applied"])
def test_a_value_that_differs_without_an_apply_in_our_name_is_nobodys(answered_at: int):
    managed = known(answered_at=answered_at, untracked=True)

    drift.record_values(managed, version=managed.observed.version, same=False)

    assert managed.changed_by == ""


def test_an_apply_in_our_name_that_changed_nothing_is_not_blamed_for_what_changes_later():
    managed = known(answered_at=AT - 60, untracked=True)
    drift.record_values(managed, version=managed.observed.version, same=True)

    drift.record_values(managed, version=managed.observed.version, same=False)

    assert (drift_state(managed), managed.changed_by) == (DriftState.DRIFTED, "")


@pytest.mark.parametrize(
    ("writers", "state"), [(b"w", DriftState.IN_SYNC_WITH_NOTE), (None, DriftState.DRIFTED)], ids=["same", "others"]
)
def test_what_drifted_is_in_sync_once_it_has_the_desired_values_whoever_holds_them(
    writers: bytes | None, state: DriftState
):
    managed = known(seen(OTHER, writers=b"w"), untracked=True, differs=True, needs_comparison=True)

    drift.record_comparison(managed, writers)

    assert drift_state(managed) is state
    assert (managed.is_to_compare, managed.needs_comparison) == (False, False)


@pytest.mark.parametrize(
    ("managed", "compared"),
    [
        (known(untracked=True), True),
        (known(untracked=True, present=False), False),
        (known(seen(paused=True), untracked=True), False),
        (known(seen(deleting=True), untracked=True), False),
        (known(untracked=True, desired=None), False),
        (known(untracked=True, expected=False), False),
        (known(), False),
    ],
)
def test_only_values_of_what_is_there_and_may_be_written_are_compared(managed: ManagedObject, compared: bool):
    assert drift.untracked([managed]) == (frozenset({KEY}) if compared else frozenset())


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


@pytest.mark.parametrize(("expected", "desired"), [(False, None), (True, OTHER)], ids=["not expected", "applied since"])
def test_what_is_known_better_than_status_knew_it_stays(expected: bool, desired: bytes | None):
    managed = known(key=JOB, expected=expected, desired=desired)

    drift.restore(managed, RunRecord(FinishState.SUCCEEDED, b"abc", SAME[:4]))

    assert (managed.desired, managed.content) == (desired, b"")


def test_what_an_older_operator_kept_no_record_of_may_have_ended():
    assert drift.record_to_restore(JOB, known=b"", is_indexed=False) == RunRecord(FinishState.UNKNOWN)
    assert drift.record_to_restore(JOB, known=b"", is_indexed=True) is None
    assert drift.record_to_restore(KEY, known=SAME, is_indexed=False) is None


def test_what_may_have_ended_unseen_counts_as_missing_for_who_asks_for_a_run():
    managed = known(seen().gone(FinishState.UNKNOWN, key=JOB), JOB, present=False)

    drift.rerun_finished(managed)

    assert managed.drifted
    assert not managed.observed.end_unobserved

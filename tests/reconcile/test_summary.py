"""Tables of what a run made: what status says then, what is told, what is remembered, and when the pattern is due."""

import math
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from tests.reconcile.pattern import (
    BUSY,
    ENTRIES,
    KEYS,
    LATER,
    NEWER,
    NOW,
    REVISION,
    VERIFIED,
    WELL,
    conditions,
    moved_to,
    pattern,
    results,
)

from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Reference, Repository
from pattern_operator.api.stage import Stage
from pattern_operator.api.status import Inventory, Status
from pattern_operator.api.verification import VerificationPolicy
from pattern_operator.apply import FinalizeResult, inventory
from pattern_operator.errors import PatternError, Stalled, Transient, Waiting
from pattern_operator.reconcile import status as statuses
from pattern_operator.reconcile.changes import Changes
from pattern_operator.reconcile.checked import Checked, SignedArtifact
from pattern_operator.reconcile.desired import desired_state
from pattern_operator.reconcile.results import Results
from pattern_operator.reconcile.state import Applying, Caches, Failed, Lookup, Lookups, Running, State, Unrepaired
from pattern_operator.reconcile.summary import (
    Moment,
    Summary,
    summarize,
    summarize_defect,
    summarize_deletion,
    summarize_suspended,
    summarize_unwritable,
    summarize_upkeep,
    unreported,
    unwritten,
)
from pattern_operator.telemetry import Mask

AT = Moment(now=NOW, clock=1_000.0, jitter=0.5)  # a pause is as long as its number then
DESIRED = desired_state(pattern(), REVISION, VerificationPolicy())
LOOKUP = Lookup(Reference(Repository.parse("oci://registry.example/web"), tag="1.0.0"), REVISION, 940.0)
RUNS = State(objects=Running(desired=DESIRED), caches=Caches(lookups=Lookups(last=LOOKUP), policy=KEYS))

AWAY = Transient(reason=Reason.REGISTRY_UNAVAILABLE, message="the registry is away; it is retried.")
UNSIGNED = Stalled(reason=Reason.SIGNATURE_MISSING, message="nobody signed it: sign it.")
TOO_MANY = Stalled(reason=Reason.COMPONENTS_REFUSED, message="3 components cannot be rendered: correct them.")
NO_KIND = Waiting(reason=Reason.KIND_NOT_FOUND, message="1 object waits for its CRD.")
REFUSED = Transient(reason=Reason.APPLY_FAILED, message="1 object could not be applied.")


def first_status() -> Status:
    """The status of a pattern of which 1.0.0 was applied in full."""
    return statuses.after(pattern(), results(), now=NOW)


def failed(stage: Stage, error: PatternError, **more: Any) -> Results:
    """A run that failed at ``stage``, and had seen what runs."""
    return Results(**{"stage": stage, "revision": REVISION, "policy": KEYS, "failure": error, "health": WELL, **more})


def summary(state: State, made: Results, *, found: Status | None = None, **more: Any) -> Summary:
    found = found or first_status()
    return summarize(pattern(status=found, **more), state, made, reported=found, moment=AT)


def reasons(events: Iterable[Any]) -> list[str]:
    return [each.reason for each in events]


READY, NOT_READY = ("True", "Ready"), ("False",)


@pytest.mark.parametrize(
    ("state", "made", "more", "ready", "told", "due"),
    [
        pytest.param(RUNS, results(applied=False), {}, ("True", "Ready"), [], 240.0, id="settled: the next look-up"),
        pytest.param(
            replace(RUNS, changes=Changes(created=frozenset({ObjectKey("", "ConfigMap", "team", "a")}))),
            results(),
            {"found": Status()},
            ("True", "Ready"),
            ["Updated", "Ready"],
            240.0,
            id="installed",
        ),
        pytest.param(
            replace(RUNS, unhealthy_since=990.0),
            results(applied=False, health=BUSY),
            {},
            ("Unknown", "WaitingForHealth"),
            ["WaitingForHealth"],
            240.0,
            id="not healthy yet: the look-up comes before its time is over",
        ),
        pytest.param(
            replace(RUNS, unhealthy_since=710.0),
            results(applied=False, health=BUSY),
            {},
            ("Unknown", "WaitingForHealth"),
            ["WaitingForHealth"],
            10.0,
            id="not healthy for long: when its time is over",
        ),
        pytest.param(
            replace(RUNS, unhealthy_since=100.0),
            results(applied=False, health=BUSY, overdue=True),
            {},
            ("False", "HealthTimeout"),
            ["HealthTimeout"],
            240.0,
            id="not healthy for too long",
        ),
        pytest.param(
            RUNS,
            failed(Stage.SOURCE, AWAY),
            {},
            ("True", "Ready"),
            ["RegistryUnavailable"],
            1.0,
            id="the registry is away, and what is desired runs",
        ),
        pytest.param(
            RUNS,
            failed(Stage.SOURCE, AWAY, revision=None),
            {"generation": 2, "spec": moved_to("2.0.0")},
            ("False", "RegistryUnavailable"),
            ["RegistryUnavailable"],
            1.0,
            id="the registry is away, and something newer is asked for",
        ),
        pytest.param(
            RUNS,
            failed(Stage.VERIFY, UNSIGNED, revision=NEWER),
            {},
            ("False", "SignatureMissing"),
            ["SignatureMissing"],
            240.0,
            id="something newer is not signed: a signature comes without a word",
        ),
        pytest.param(
            RUNS,
            failed(Stage.RENDER, TOO_MANY, revision=NEWER),
            {},
            ("False", "ComponentsRefused"),
            ["ComponentsRefused"],
            240.0,
            id="something newer cannot be rendered: only the tag may lead elsewhere",
        ),
        pytest.param(
            replace(RUNS, caches=Caches()),
            failed(Stage.RENDER, TOO_MANY, revision=NEWER),
            {},
            ("False", "ComponentsRefused"),
            ["ComponentsRefused"],
            None,
            id="it cannot be rendered, and nothing else is asked for",
        ),
        pytest.param(
            State(objects=Applying(DESIRED), failures=3),
            failed(Stage.APPLY, REFUSED),
            {"found": Status()},
            ("False", "ApplyFailed"),
            ["ApplyFailed"],
            8.0,
            id="an object is refused for the fourth time",
        ),
        pytest.param(
            State(objects=Applying(DESIRED)),
            failed(Stage.APPLY, NO_KIND),
            {"found": Status()},
            ("False", "KindNotFound"),
            ["KindNotFound"],
            300.0,
            id="a kind is missing: its CRD wakes the pattern, and its interval",
        ),
        pytest.param(
            replace(RUNS, caches=Caches(lookups=Lookups(rest=7.0))),
            failed(Stage.SOURCE, AWAY),
            {},
            ("True", "Ready"),
            ["RegistryUnavailable"],
            7.0,
            id="a long list of tags rests",
        ),
        pytest.param(
            RUNS,
            results(applied=False, unwatched=True),
            {"spec": {"retryInterval": "9s"}},
            ("True", "Ready"),
            [],
            9.0,
            id="something goes, and no watch tells when it is gone",
        ),
    ],
)
def test_what_becomes_of_a_run(state: State, made: Results, more: Any, ready: Any, told: list[str], due: float | None):
    found = summary(state, made, **more)

    assert conditions(found.status)["Ready"] == ready
    assert reasons(found.events) == told
    assert found.due == (None if due is None else pytest.approx(due))
    assert (found.state.failed is None) == (made.failure is None)


def test_what_runs_stays_known_beside_something_newer_that_failed():
    found = summary(RUNS, failed(Stage.VERIFY, UNSIGNED, revision=NEWER))

    assert found.state.objects == RUNS.objects
    assert found.state.failed is not None
    assert found.state.failed.results is not None
    assert (found.state.failed.results.stage, found.state.failed.reported) == (Stage.VERIFY, True)
    assert (found.status.revision, found.status.last_attempted_revision) == (str(REVISION), str(NEWER))
    assert found.status.inventory == first_status().inventory


def test_a_back_off_grows_and_ends_with_the_first_success():
    state, dues = RUNS, []
    for _ in range(3):
        found = summary(state, failed(Stage.SOURCE, AWAY))
        state = found.state
        dues.append(found.due)
    after = summary(state, results(applied=False)).state

    assert dues == [1.0, 2.0, 4.0]
    assert (state.failures, after.failures, after.failed) == (3, 0, None)


def test_a_run_that_changes_nothing_changes_no_status():
    assert summary(RUNS, results(applied=False, verification=VERIFIED)).status == first_status()


def test_while_a_back_off_lasts_status_says_what_became_of_what_runs():
    made = failed(Stage.SOURCE, AWAY)
    state = replace(RUNS, failed=Failed(results=made, retry_at=1_030.0), unhealthy_since=990.0)
    found = summarize_upkeep(pattern(status=first_status()), state, replace(made, health=BUSY), moment=AT)

    assert conditions(found.status)["Ready"] == ("Unknown", "WaitingForHealth")
    assert found.due == pytest.approx(30.0)


def test_while_status_does_not_speak_of_the_failure_yet_nothing_is_written():
    made = failed(Stage.SOURCE, AWAY)
    state = replace(RUNS, failed=Failed(results=made, retry_at=1_030.0, reported=False))
    found = summarize_upkeep(pattern(status=first_status()), state, replace(made, health=BUSY), moment=AT)

    assert (found.status, found.events, found.state) == (first_status(), (), state)


def test_what_could_not_be_repaired_is_tried_again_at_its_own_time():
    made = failed(Stage.SOURCE, AWAY)
    state = replace(RUNS, failed=Failed(results=made, retry_at=1_030.0), unrepaired=Unrepaired(frozenset(), 1_004.0, 1))

    assert summarize_upkeep(pattern(status=first_status()), state, made, moment=AT).due == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("made", "ready"),
    [
        (Results(stage=Stage.HEALTH, health=WELL), ("True", "Ready")),
        (Results(stage=Stage.HEALTH, health=BUSY), ("Unknown", "WaitingForHealth")),
    ],
)
def test_a_suspended_pattern_says_how_what_runs_is(made: Results, ready: tuple[str, str]):
    asked = pattern(status=first_status(), spec={"suspend": True})
    found = summarize_suspended(asked, RUNS, made, moment=AT)

    assert conditions(found.status)["Ready"] == ready
    assert (found.status.status, found.state) == ("Suspended", RUNS)


def test_a_pattern_that_goes_waits_for_what_is_left_and_without_anything_it_may_go():
    going = pattern(status=first_status(), deletionTimestamp="2026-11-25T12:00:00Z")
    error = Waiting(reason=Reason.DELETING, message="1 object left.")

    left = summarize_deletion(going, RUNS, FinalizeResult(entries=ENTRIES[:1], error=error), moment=AT)
    gone = summarize_deletion(going, RUNS, FinalizeResult(), moment=AT)

    assert conditions(left.status)["Ready"] == ("False", "Deleting")
    assert left.status.inventory == Inventory(count=1, entries=ENTRIES[:1])
    assert left.state.failed is not None
    assert left.state.failed.results is not None
    assert left.state.failed.results.failed == inventory.keys(ENTRIES[:1])
    assert (left.due, reasons(left.events)) == (None, ["Deleting"])
    assert (gone.due, gone.events, gone.state.failed) == (None, (), None)


def test_a_deletion_that_is_refused_is_tried_again_with_pauses():
    going = pattern(status=first_status(), deletionTimestamp="2026-11-25T12:00:00Z")
    refused = FinalizeResult(entries=ENTRIES, error=Transient(reason=Reason.DELETION_FAILED, message="refused."))
    first = summarize_deletion(going, RUNS, refused, moment=AT)
    second = summarize_deletion(going, first.state, refused, moment=AT)

    assert (first.due, second.due) == (1.0, 2.0)


def test_a_defect_is_said_and_everything_is_found_out_again():
    found = summarize_defect(pattern(status=first_status()), RUNS, moment=AT)

    assert conditions(found.status)["Ready"] == ("False", "InternalError")
    assert (reasons(found.events), found.due) == (["InternalError"], 1.0)
    assert found.state.running == replace(Running(desired=DESIRED), settled=False)
    assert found.state.reapply


def test_a_status_that_does_not_fit_says_the_least_and_waits_for_a_change():
    large = Stalled(reason=Reason.STATUS_TOO_LARGE, message="too large: make it smaller.")
    found = summarize_unwritable(pattern(status=first_status()), RUNS, large, moment=AT)

    assert (conditions(found.status)["Ready"], found.due) == (("False", "StatusTooLarge"), None)
    assert found.status.inventory == first_status().inventory
    assert found.status.history == ()
    assert found.state.failed == Failed(results=None, retry_at=math.inf, reported=False)


def test_of_a_run_that_is_over_status_does_not_speak_before_it_is_written():
    made = results(failure=AWAY)

    assert unreported(RUNS, made) == replace(
        RUNS, failed=Failed(results=made.remembered(), retry_at=math.inf, reported=False)
    )


def test_a_status_that_could_not_be_written_is_not_taken_for_reported():
    state, due = unwritten(pattern(status=first_status()), RUNS, AWAY, moment=AT)

    assert state.failed is not None
    assert (state.failed.reported, state.failed.retry_at, due) == (False, 1_001.0, 1.0)


def test_a_later_moment_keeps_the_time_at_which_a_condition_changed():
    made = failed(Stage.SOURCE, AWAY)
    before = pattern(status=summary(RUNS, made).status)
    later = summarize(before, RUNS, made, reported=before.status, moment=replace(AT, now=LATER))

    assert msgspec.structs.replace(later.status) == before.status


@pytest.mark.parametrize(("ends", "due"), [(30.0, 30.0), (-5.0, 0.0), (None, 240.0)])
def test_what_was_verified_is_looked_at_again_when_a_signature_is_too_old(ends: float | None, due: float):
    result = replace(VERIFIED, until=None if ends is None else NOW + timedelta(seconds=ends))
    artifact = SignedArtifact(DESIRED.repository, REVISION.digest)

    found = summary(RUNS.with_checked(Checked(artifact, VerificationPolicy(), result)), results())

    assert found.due == due


@pytest.mark.parametrize(("ends", "due"), [(-5.0, 240.0), (30.0, 30.0)])
def test_what_is_over_and_cannot_be_judged_beside_a_failure_is_not_tried_without_a_pause(ends: float, due: float):
    result = replace(VERIFIED, until=NOW + timedelta(seconds=ends))
    artifact = SignedArtifact(DESIRED.repository, REVISION.digest)
    missing = Stalled(reason=Reason.ARTIFACT_NOT_FOUND, message="there is no such tag: push it.")

    found = summary(RUNS.with_checked(Checked(artifact, VerificationPolicy(), result)), failed(Stage.SOURCE, missing))

    assert found.due == due


def test_drift_in_an_object_that_is_called_by_a_secret_is_told_once():
    asked = pattern(status=first_status(), spec={"suspend": True})
    drifted = Results(stage=Stage.HEALTH, health=WELL, drifted=("ConfigMap team/zq7kvmw3 was changed",))
    first = summarize_suspended(asked, RUNS, drifted, moment=AT, mask=Mask(("zq7Kvmw3",)))
    again = pattern(status=first.status, spec={"suspend": True})

    second = summarize_suspended(again, RUNS, drifted, moment=AT, mask=Mask(("zq7Kvmw3",)))

    assert [each.note for each in first.events] == ["ConfigMap team/*** was changed"]
    assert "zq7" not in str(first.status)
    assert (second.events, second.status) == ((), first.status)

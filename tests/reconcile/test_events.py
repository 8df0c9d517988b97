"""Which events a run is worth: changes, once each."""

from dataclasses import replace

import pytest
from tests.reconcile.pattern import KEYS, NEWER, NOW, REVISION, VERIFIED, WELL, pattern, results

from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.stage import Stage
from pattern_operator.api.status import Status
from pattern_operator.api.verification import VerificationPolicy
from pattern_operator.apply import Health, HealthState
from pattern_operator.errors import Stalled, Transient, Waiting
from pattern_operator.reconcile import status
from pattern_operator.reconcile.changes import Changes
from pattern_operator.reconcile.desired import desired_state
from pattern_operator.reconcile.events import Event, change_events, failure_events, kept_events, run_events
from pattern_operator.reconcile.reported_failure import MAX_WORDS
from pattern_operator.reconcile.results import Results
from pattern_operator.reconcile.state import Running, State


class SecretVersion:
    """What one pattern is told, run after run."""

    def __init__(self) -> None:
        self.state = State()

    def __call__(self, before: Status, made: Results, *, generation: int = 1) -> list[Event]:
        after = status.after(pattern(status=before, generation=generation), made, now=NOW)
        events, self.state = run_events(before, after, made, state=self.state)
        return list(events)


def told(before: Status, made: Results) -> list[Event]:
    return SecretVersion()(before, made)


def test_a_first_version_is_told_with_who_signed():
    (event,) = told(Status(), results(verification=VERIFIED))

    assert (event.kind, event.reason) == ("Normal", "Ready")
    assert event.note == f"{REVISION.display_name} runs: 2 objects; verified by release-team"


def test_what_stays_as_it_is_is_not_told():
    before = status.after(pattern(), results(), now=NOW)

    assert told(before, results(applied=False)) == []


def test_an_update_is_told_although_ready_stays_true():
    before = status.after(pattern(), results(), now=NOW)

    (event,) = told(before, results(revision=NEWER))

    assert NEWER.display_name in event.note


HELD = "1.0.0 is held: registry.example/web does not list this tag any more"


def test_a_version_that_is_held_is_told_once_and_said_beside_what_runs():
    found, secret_version_of = status.after(pattern(), results(), now=NOW), []
    for held in (HELD, HELD, ""):
        made = results(applied=False, held=held)
        secret_version_of.append([(each.kind, each.reason, each.note) for each in told(found, made)])
        found = status.after(pattern(status=found), made, now=NOW)
        said = {each.type: (each.status, each.reason, each.message) for each in found.conditions}

        assert said["Fetched"][:2] == ("True", "VersionWithdrawn" if held else "Succeeded")
        assert said["Ready"][:2] == ("True", "Ready")
        assert (HELD in said["Fetched"][2], HELD in said["Ready"][2]) == (bool(held), bool(held))

    assert secret_version_of == [[("Warning", "VersionWithdrawn", HELD)], [], []]


MINE = "ConfigMap team/a was changed by kubectl-edit"
YOURS = "ConfigMap team/b was deleted, or lost its owner label"


def test_drift_that_is_left_is_told_once_and_so_is_its_end():
    found, reasons = status.after(pattern(), results(), now=NOW), []
    for drifted in ((MINE,), (MINE,), (MINE, YOURS), (), ()):
        made = results(applied=False, drifted=drifted)
        reasons.append([(each.kind, each.reason, each.note) for each in told(found, made)])
        found = status.after(pattern(status=found), made, now=NOW)

    assert reasons == [
        [("Warning", "Drifted", MINE)],
        [],
        [("Warning", "Drifted", YOURS)],
        [("Normal", "DriftResolved", "no object differs any more from what was applied")],
        [],
    ]


def test_drift_is_told_while_a_registry_is_away_too():
    runs = status.after(pattern(), results(), now=NOW)
    away = Results(stage=Stage.SOURCE, policy=KEYS, failure=AWAY, health=WELL, drifted=(MINE,))

    events = told(runs, away)

    assert [each.reason for each in events] == ["RegistryUnavailable", "Drifted"]


def test_drift_that_ends_by_an_apply_that_is_on_its_way_is_not_said_to_be_over():
    drifts = status.after(pattern(), results(drifted=(MINE,)), now=NOW)
    refused = Transient(reason=Reason.APPLY_FAILED, message="it is refused")

    events = told(drifts, results(stage=Stage.APPLY, applied=False, health=None, failure=refused))

    assert [each.reason for each in events] == ["ApplyFailed"]


def test_a_failure_is_told_once_until_it_is_another_one():
    tell, away = SecretVersion(), Transient(reason=Reason.REGISTRY_UNAVAILABLE, message="away")
    denied = Stalled(reason=Reason.ACCESS_DENIED, message="denied")

    before, reasons = Status(), []
    for failure in (away, away, denied, away):
        made = Results(stage=Stage.SOURCE, failure=failure)
        reasons.append([event.reason for event in tell(before, made)])
        before = status.after(pattern(status=before), made, now=NOW)

    assert reasons == [["RegistryUnavailable"], [], ["AccessDenied"], ["RegistryUnavailable"]]


def test_a_failure_is_a_warning_in_its_own_words():
    failure = Stalled(reason=Reason.KEY_INVALID, message="the key is none: correct it.")

    (event,) = told(Status(), Results(stage=Stage.VERIFY, failure=failure))

    assert event == Event(kind="Warning", reason="KeyInvalid", stage=Stage.VERIFY, note="the key is none: correct it.")


AWAY = Transient(reason=Reason.REGISTRY_UNAVAILABLE, message="registry.example did not answer within 20 s")
ILL = Health(HealthState.FAILED, "Job once: failed")


def test_ready_that_goes_by_a_failure_that_was_told_is_told_again():
    tell, runs = SecretVersion(), status.after(pattern(), results(), now=NOW)
    away = Results(stage=Stage.SOURCE, failure=AWAY, health=WELL)

    (first,) = tell(runs, away)  # what is wanted runs: Ready stays True
    away_on = status.after(pattern(status=runs), away, now=NOW)
    (changed,) = tell(away_on, away, generation=2)  # something else is wanted

    assert (first.reason, changed.reason) == ("RegistryUnavailable", "RegistryUnavailable")
    assert changed.kind == "Warning"


def test_ready_that_goes_by_a_failure_that_was_told_is_told_again_though_the_same_was_tried():
    tell, runs = SecretVersion(), status.after(pattern(), results(), now=NOW)
    away = Results(stage=Stage.SOURCE, failure=AWAY, health=WELL, policy=KEYS)

    first = tell(runs, away)
    away_on = status.after(pattern(status=runs), away, now=NOW)
    changed = tell(away_on, replace(away, policy="other keys"))  # what runs is not what is wanted any more

    assert [[each.reason for each in events] for events in (first, changed)] == [["RegistryUnavailable"]] * 2


def test_a_failure_that_comes_again_after_it_was_over_is_told_again():
    tell, before, reasons = SecretVersion(), status.after(pattern(), results(), now=NOW), list[list[str]]()
    away = Results(stage=Stage.SOURCE, failure=AWAY, health=WELL, policy=KEYS)
    for made in (away, results(applied=False), away):
        reasons.append([each.reason for each in tell(before, made)])
        before = status.after(pattern(status=before), made, now=NOW)

    assert reasons == [["RegistryUnavailable"], [], ["RegistryUnavailable"]]


def test_ready_that_goes_by_health_while_a_registry_is_away_is_told_in_its_own_words():
    tell, runs = SecretVersion(), status.after(pattern(), results(), now=NOW)
    well = Results(stage=Stage.SOURCE, failure=AWAY, health=WELL)
    ill = Results(stage=Stage.SOURCE, failure=AWAY, health=ILL)
    tell(runs, well)
    away_on = status.after(pattern(status=runs), well, now=NOW)

    (event,) = tell(away_on, ill)

    assert event == Event(kind="Warning", reason="Unhealthy", stage=Stage.HEALTH, note="Job once: failed")


@pytest.mark.parametrize("generation", [1, 2], ids=["the same spec", "another spec"])
def test_a_failure_in_other_words_is_another_one_and_so_is_one_of_another_spec(generation: int):
    tell = SecretVersion()
    failed = lambda name: Results(failure=Stalled(reason=Reason.FORBIDDEN, message=f"{name} may not"))  # noqa: E731 - it is one line

    tell(Status(), failed("typo1"))
    before = status.after(pattern(), failed("typo1"), now=NOW)
    second = tell(before, failed("typo2" if generation == 1 else "typo1"), generation=generation)

    assert len(second) == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("did not answer within 20 s", "did not answer within 19.5 s"),
        ("is retried in 1m30s", "is retried in 45s"),
        ("3 of 40 objects could not be applied", "12 of 40 objects could not be applied"),
        ("127.0.0.1:24999 broke the connection from port 50112", "127.0.0.1:24999 broke the connection from port 9"),
        ("limit of 12.5 requests a second", "limit of 3 requests a second"),
        ("since 2026-11-25T12:00:00Z", "since 2026-11-25T13:00:01.5+02:00"),
        ("(request id 1f0c2a52-7f0e-4d6c-9a57-0b1d8c4b52f1)", "(request id 7a0c2a52-7f0e-4d6c-9a57-0b1d8c4b52f1)"),
        ("(requestId: 7F3A9C1D2E4B)", "(requestId: A13A9C1D2E4B)"),
        ("answer ab12cd34ef56 is none", "answer 99d2cd34ef56 is none"),
        ("token eyJhbGciOiJFUzI1NiJ9 is refused", "token eyJhbGciOiJFUzI1NiK0 is refused"),
        ("5% of 2.5MiB in 300ms", "6% of 3MiB in 20ms"),
    ],
)
def test_a_failure_whose_numbers_alone_differ_is_the_same(first: str, second: str):
    tell, before = SecretVersion(), Status()
    counts = []
    for message in (first, second, first):
        made = Results(failure=Transient(reason=Reason.REGISTRY_UNAVAILABLE, message=message))
        counts.append(len(tell(before, made)))
        before = status.after(pattern(status=before), made, now=NOW)

    assert counts == [1, 0, 0]


def test_words_that_are_new_each_time_are_told_a_few_times_and_those_that_alternate_once_each():
    tell, before, counts = SecretVersion(), Status(), []
    for number in range(100):
        words = f"nonce {''.join(chr(ord('a') + int(digit)) for digit in str(number))}"
        made = Results(failure=Transient(reason=Reason.REGISTRY_UNAVAILABLE, message=words))
        counts.append(len(tell(before, made)))
        before = status.after(pattern(status=before), made, now=NOW)
    alternating = []
    for message in ("one", "other") * 10:
        made = Results(failure=Transient(reason=Reason.APPLY_FAILED, message=message))
        alternating.append(len(tell(before, made)))
        before = status.after(pattern(status=before), made, now=NOW)

    assert sum(counts) == MAX_WORDS
    assert alternating == [1, 1, *[0] * 18]


def test_how_far_a_deletion_is_makes_no_event_each_time():
    left = lambda name: Waiting(reason=Reason.DELETING, message=f"1 object left: ConfigMap {name}")  # noqa: E731 - it is one line

    state, events = State(), list[Event]()
    for name in ("one", "two", "three"):
        found, state = failure_events(left(name), stage=Stage.APPLY, status=Status(), state=state)
        events += found

    assert [(event.kind, event.reason) for event in events] == [("Normal", "Deleting")]


A, B = ObjectKey("", "ConfigMap", "team", "a"), ObjectKey("", "ConfigMap", "team", "b")


@pytest.mark.parametrize(("repaired", "told"), [(1, ["Updated"]), (2, [])], ids=["more", "all of it"])
def test_what_changed_beside_a_repair_is_told(repaired: int, told: list[str]):
    before = status.after(pattern(), results(), now=NOW)
    made = results(repaired=tuple(f"object {number}" for number in range(repaired)))
    changes = Changes(created=frozenset({A}), configured=frozenset({B}))

    events, state = change_events(before, before, made, state=State(changes=changes))

    assert [each.reason for each in events] == told
    assert not state.changes


def test_what_a_deletion_leaves_in_the_cluster_is_told_in_one_event_and_nothing_where_nothing_stays():
    kept = [(ObjectKey("", "ConfigMap", "team", name), "is annotated prune: disabled") for name in ("a", "b")]

    (event,) = kept_events(kept)

    assert (event.kind, event.reason, event.stage) == ("Normal", Reason.KEPT, Stage.APPLY)
    assert event.note.startswith("2 objects left in the cluster: ConfigMap team/a: is annotated prune: disabled")
    assert list(kept_events([])) == []


RUNNING = Running(desired=desired_state(pattern(), REVISION, VerificationPolicy()))


@pytest.mark.parametrize(
    ("state", "told"),
    [
        pytest.param(State(objects=RUNNING, changes=Changes(pruned=frozenset({A}))), ["Updated"], id="it went later"),
        pytest.param(State(changes=Changes(pruned=frozenset({A}))), [], id="all of it is not applied yet"),
        pytest.param(State(objects=RUNNING, changes=Changes(created=frozenset({A}))), [], id="nothing went"),
    ],
)
def test_what_goes_after_an_update_is_told_once_all_of_it_is_applied(state: State, told: list[str]):
    before = status.after(pattern(), results(), now=NOW)

    events, after = change_events(before, before, results(applied=False), state=state)

    assert [each.reason for each in events] == told
    assert bool(after.changes) is not bool(told)

"""Which events a run is worth: changes, once each."""

from tests.reconcile.pattern import NEWER, NOW, REVISION, VOUCHED, pattern, progress

from pattern_operator.api.reason import Reason
from pattern_operator.api.stage import Stage
from pattern_operator.api.status import Status
from pattern_operator.errors import Stalled, Transient
from pattern_operator.reconcile import status
from pattern_operator.reconcile.memory import Memory
from pattern_operator.reconcile.progress import Progress
from pattern_operator.reconcile.telling import Telling, tellings


def told(before: Status, made: Progress, *, memory: Memory | None = None) -> list[Telling]:
    after = status.after(pattern(status=before), made, now=NOW)
    return list(tellings(before, after, made, memory=memory or Memory()))


def test_a_first_version_is_told_with_who_vouches():
    (event,) = told(Status(), progress(verdict=VOUCHED))

    assert (event.kind, event.reason) == ("Normal", "Ready")
    assert event.note == f"{REVISION.title} runs: 2 objects; vouched for by release-team"


def test_what_stays_as_it_is_is_not_told():
    before = status.after(pattern(), progress(), now=NOW)

    assert told(before, progress(applied=False)) == []


def test_an_update_is_told_although_ready_stays_true():
    before = status.after(pattern(), progress(), now=NOW)

    (event,) = told(before, progress(revision=NEWER))

    assert NEWER.title in event.note


def test_a_failure_is_told_once_until_it_is_another_one():
    memory, away = Memory(), Transient(reason=Reason.REGISTRY_UNAVAILABLE, message="away")
    denied = Stalled(reason=Reason.ACCESS_DENIED, message="denied")

    reasons = [
        [event.reason for event in told(Status(), Progress(stage=Stage.SOURCE, failure=failure), memory=memory)]
        for failure in (away, away, denied, away)
    ]

    assert reasons == [["RegistryUnavailable"], [], ["AccessDenied"], ["RegistryUnavailable"]]


def test_a_failure_is_a_warning_in_its_own_words():
    failure = Stalled(reason=Reason.KEY_INVALID, message="the key is none: correct it.")

    (event,) = told(Status(), Progress(stage=Stage.VERIFY, failure=failure))

    assert event == Telling(
        kind="Warning", reason="KeyInvalid", stage=Stage.VERIFY, note="the key is none: correct it."
    )

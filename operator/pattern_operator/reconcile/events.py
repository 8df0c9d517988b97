"""What of a run is worth an event: a change of Ready, and a failure that is new. Pure.

An event is for the moment, a condition for the state: nothing is told twice while it stays as it is.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

from pattern_operator.api.condition import Condition, ConditionType
from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.stage import Stage
from pattern_operator.api.status import Status
from pattern_operator.apply.result import summarize
from pattern_operator.errors import PatternError
from pattern_operator.reconcile.changes import Changes
from pattern_operator.reconcile.conditions import condition_of
from pattern_operator.reconcile.kept_objects import kept_words
from pattern_operator.reconcile.reported_failure import ReportedFailure, join
from pattern_operator.reconcile.results import Results
from pattern_operator.reconcile.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event: its type, reason, the stage it happened in, and the words."""

    kind: Literal["Normal", "Warning"]
    reason: str
    stage: Stage
    note: str


_TAKES_ITS_TIME: Final = frozenset({Reason.DELETING, Reason.HOOK_RUNNING, Reason.DEPENDENCY_NOT_READY})

Reported = tuple[tuple[Event, ...], State]


def run_events(before: Status, after: Status, results: Results, *, state: State) -> Reported:
    """The events of one run, one of each sort at most, and what is remembered of having told them.

    Ready never changes in silence. Where it changes by the failure, that is told, be it for another time; where it
    changes by something else, as by the health of what runs while a registry is away, that has words of its own.
    """
    was, now = condition_of(before, ConditionType.READY), condition_of(after, ConditionType.READY)
    failure = results.failure
    changed = now is not None and (was is None or (was.status, was.reason) != (now.status, now.reason))
    by_failure = now is not None and failure is not None and now.reason == failure.reason
    if failure is None or (changed and by_failure):
        state = replace(state, reported=None)
    events = list[Event]()
    if failure is not None:
        failed, state = failure_events(failure, stage=results.stage, status=after, state=state)
        events += failed
    made, state = change_events(before, after, results, state=state)
    events += [
        *policy_events(before, after),
        *made,
        *held_events(before, after, results.held),
        *drift_events(before, after, results.drifted),
        *kept_events(results.kept),
    ]
    if not by_failure:
        events += ready_events(before, after, stage=results.stage if failure is None else Stage.HEALTH)
    return tuple(events), state


def change_events(before: Status, after: Status, results: Results, *, state: State) -> Reported:
    """The event of what an update did, once all of it is applied.

    What left the pattern may go later, and is told then. What drifted has an event of its own, and is none of this.
    """
    changes = state.changes
    pruned_later = state.running is not None and bool(changes.pruned)
    if not (results.applied or pruned_later) or not changes:
        return (), state
    state = replace(state, changes=Changes())
    repaired = len(results.repaired) >= len(changes.created) + len(changes.configured) and not changes.pruned
    if before.revision == after.revision and results.repaired and repaired:
        return (), state
    event = Event(kind="Normal", reason=Reason.UPDATED, stage=Stage.APPLY, note=changes.sentence(before, after))
    return (event,), state


def ready_events(before: Status, after: Status, *, stage: Stage) -> Iterator[Event]:
    """The event of Ready where it is another than it was, or speaks of another revision."""
    was, now = condition_of(before, ConditionType.READY), condition_of(after, ConditionType.READY)
    changed = now is not None and (was is None or (was.status, was.reason) != (now.status, now.reason))
    if now is not None and (changed or before.revision != after.revision):
        kind: Literal["Normal", "Warning"] = "Warning" if now.status == "False" else "Normal"
        yield Event(kind=kind, reason=now.reason, stage=stage, note=_words(now, after))


def policy_events(before: Status, after: Status) -> Iterator[Event]:
    """The event of a policy that only warns: once, when what it warns of is new."""
    was, now = condition_of(before, ConditionType.VERIFIED), condition_of(after, ConditionType.VERIFIED)
    warns = now is not None and now.reason == Reason.POLICY_WARNING
    if now is not None and warns and (was is None or (was.reason, was.message) != (now.reason, now.message)):
        yield Event(kind="Warning", reason=Reason.POLICY_WARNING, stage=Stage.VERIFY, note=now.message)


def held_events(before: Status, after: Status, held: str) -> Iterator[Event]:
    """The event of a version that is held: once, when it is found to have left the list."""
    was, now = condition_of(before, ConditionType.FETCHED), condition_of(after, ConditionType.FETCHED)
    is_new = was is None or was.reason != Reason.VERSION_WITHDRAWN
    if held and is_new and now is not None and now.reason == Reason.VERSION_WITHDRAWN:
        yield Event(kind="Warning", reason=Reason.VERSION_WITHDRAWN, stage=Stage.SOURCE, note=held)


def drift_events(before: Status, after: Status, drifted: Collection[str]) -> Iterator[Event]:
    """The event of drift that is left as it is: once when it is found, and once when there is none any more.

    ``drifted`` are the sentences that ``after`` tells.
    """
    was, now = condition_of(before, ConditionType.APPLIED), condition_of(after, ConditionType.APPLIED)
    reported_before = was.message if was is not None and was.reason == Reason.DRIFTED else ""
    if now is not None and now.reason == Reason.DRIFTED and now.message != reported_before:
        news = [each for each in drifted if each not in reported_before]
        if news:
            yield Event(kind="Warning", reason=Reason.DRIFTED, stage=Stage.APPLY, note=summarize(news))
    elif reported_before and now is not None and (now.status, now.reason) == ("True", Reason.SUCCEEDED):
        note = "no object differs any more from what was applied"
        yield Event(kind="Normal", reason=Reason.DRIFT_RESOLVED, stage=Stage.APPLY, note=note)


def failure_events(failure: PatternError, *, stage: Stage, status: Status, state: State) -> Reported:
    """The event of a failure, unless it was told before; what takes its time is no warning.

    ``status`` is the one that speaks of it.
    """
    tried = (status.observed_generation, status.last_attempted_revision)
    cause = join(state.reported, ReportedFailure.of(failure, stage=stage, tried=tried))
    if cause is state.reported:
        return (), state
    kind: Literal["Normal", "Warning"] = "Normal" if failure.reason in _TAKES_ITS_TIME else "Warning"
    event = Event(kind=kind, reason=failure.reason, stage=stage, note=failure.message)
    return (event,), replace(state, reported=cause)


def kept_events(kept: Collection[tuple[ObjectKey, str]]) -> Iterator[Event]:
    """The event of a deletion that leaves objects in the cluster: status goes with the pattern and cannot say it."""
    if kept:
        yield Event(kind="Normal", reason=Reason.KEPT, stage=Stage.APPLY, note=kept_words(kept))


def hook_events(left_out: Collection[str]) -> Iterator[Event]:
    """The event of hooks that a deletion went on without: status goes with the pattern and cannot say it."""
    if left_out:
        yield Event(kind="Warning", reason=Reason.HOOK_FAILED, stage=Stage.APPLY, note=summarize(left_out))


def _words(ready: Condition, status: Status) -> str:
    names = ", ".join(sorted({each.authority for each in status.verified_by}))
    return f"{ready.message}; verified by {names}" if names and ready.status == "True" else ready.message

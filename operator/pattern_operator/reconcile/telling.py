"""What of a run is worth an event: a change of Ready, and a failure that is new. Pure.

An event is for the moment, a condition for the state: nothing is told twice while it stays as it is.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from pattern_operator.api.condition import Condition, ConditionType
from pattern_operator.api.object import ObjectKey, pluralize
from pattern_operator.api.reason import Reason
from pattern_operator.api.stage import Stage
from pattern_operator.api.status import Status
from pattern_operator.apply.result import summarize
from pattern_operator.errors import PatternError
from pattern_operator.reconcile.changes import Changes
from pattern_operator.reconcile.conditions import condition_of
from pattern_operator.reconcile.memory import Memory
from pattern_operator.reconcile.progress import Progress
from pattern_operator.reconcile.reported_failure import ReportedFailure, join


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One event: its type, reason, the stage it happened in, and the words."""

    kind: Literal["Normal", "Warning"]
    reason: str
    stage: Stage
    note: str


def tellings(before: Status, after: Status, progress: Progress, *, memory: Memory) -> Iterator[Telling]:
    """The events of one run, one of each sort at most; ``memory`` is told what the last failure was.

    Ready never changes in silence. Where it changes by the failure, that is told, be it for another time; where it
    changes by something else, as by the health of what runs while a registry is away, that has words of its own.
    """
    was, now = condition_of(before, ConditionType.READY), condition_of(after, ConditionType.READY)
    failure = progress.failure
    changed = now is not None and (was is None or (was.status, was.reason) != (now.status, now.reason))
    by_failure = now is not None and failure is not None and now.reason == failure.reason
    if failure is None or (changed and by_failure):
        memory.told = None
    if failure is not None:
        yield from tell_failure(failure, stage=progress.stage, status=after, memory=memory)
    yield from tell_changes(before, after, progress, memory=memory)
    yield from tell_held(before, after, progress.held)
    yield from tell_drift(before, after, progress.drifted)
    if not by_failure:
        yield from tell_ready(before, after, stage=progress.stage if failure is None else Stage.HEALTH)


def tell_changes(before: Status, after: Status, progress: Progress, *, memory: Memory) -> Iterator[Telling]:
    """The event of what an update did, once all of it is applied; ``memory`` is told that it was told.

    What left the pattern may go later, and is told then. What drifted has an event of its own, and is none of this.
    """
    pruned_later = memory.applied is not None and bool(memory.changes.pruned)
    if not (progress.applied or pruned_later) or not memory.changes:
        return
    changes, memory.changes = memory.changes, Changes()
    repaired = len(progress.repaired) >= len(changes.created) + len(changes.configured) and not changes.pruned
    if before.revision == after.revision and progress.repaired and repaired:
        return
    yield Telling(kind="Normal", reason=Reason.UPDATED, stage=Stage.APPLY, note=changes.sentence(before, after))


def tell_ready(before: Status, after: Status, *, stage: Stage) -> Iterator[Telling]:
    """The event of Ready where it is another than it was, or speaks of another revision."""
    was, now = condition_of(before, ConditionType.READY), condition_of(after, ConditionType.READY)
    changed = now is not None and (was is None or (was.status, was.reason) != (now.status, now.reason))
    if now is not None and (changed or before.revision != after.revision):
        kind: Literal["Normal", "Warning"] = "Warning" if now.status == "False" else "Normal"
        yield Telling(kind=kind, reason=now.reason, stage=stage, note=_words(now, after))


def tell_held(before: Status, after: Status, held: str) -> Iterator[Telling]:
    """The event of a version that is held: once, when it is found to have left the list."""
    was, now = condition_of(before, ConditionType.FETCHED), condition_of(after, ConditionType.FETCHED)
    is_new = was is None or was.reason != Reason.VERSION_WITHDRAWN
    if held and is_new and now is not None and now.reason == Reason.VERSION_WITHDRAWN:
        yield Telling(kind="Warning", reason=Reason.VERSION_WITHDRAWN, stage=Stage.SOURCE, note=held)


def tell_drift(before: Status, after: Status, drifted: Collection[str]) -> Iterator[Telling]:
    """The event of drift that is left as it is: once when it is found, and once when there is none any more.

    ``drifted`` are the sentences that ``after`` tells.
    """
    was, now = condition_of(before, ConditionType.APPLIED), condition_of(after, ConditionType.APPLIED)
    told_before = was.message if was is not None and was.reason == Reason.DRIFTED else ""
    if now is not None and now.reason == Reason.DRIFTED and now.message != told_before:
        news = [each for each in drifted if each not in told_before]
        if news:
            yield Telling(kind="Warning", reason=Reason.DRIFTED, stage=Stage.APPLY, note=summarize(news))
    elif told_before and now is not None and (now.status, now.reason) == ("True", Reason.SUCCEEDED):
        note = "no object differs any more from what was applied"
        yield Telling(kind="Normal", reason=Reason.DRIFT_RESOLVED, stage=Stage.APPLY, note=note)


def tell_failure(failure: PatternError, *, stage: Stage, status: Status, memory: Memory) -> Iterator[Telling]:
    """The event of a failure, unless it was told before; that a deletion takes its time is not a warning.

    ``status`` is the one that speaks of it.
    """
    before = memory.told
    tried = (status.observed_generation, status.last_attempted_revision)
    memory.told = join(before, ReportedFailure.of(failure, stage=stage, tried=tried))
    if memory.told is not before:
        kind: Literal["Normal", "Warning"] = "Normal" if failure.reason is Reason.DELETING else "Warning"
        yield Telling(kind=kind, reason=failure.reason, stage=stage, note=failure.message)


def tell_kept(kept: Collection[tuple[ObjectKey, str]]) -> Iterator[Telling]:
    """The event of a deletion that leaves objects in the cluster: status goes with the pattern and cannot say it."""
    if kept:
        stay = summarize(f"{key.display_name}: {why}" for key, why in kept)
        note = f"{pluralize(len(kept))} left in the cluster: {stay}"
        yield Telling(kind="Normal", reason=Reason.KEPT, stage=Stage.APPLY, note=note)


def _words(ready: Condition, status: Status) -> str:
    names = ", ".join(sorted({each.authority for each in status.verified_by}))
    return f"{ready.message}; verified by {names}" if names and ready.status == "True" else ready.message

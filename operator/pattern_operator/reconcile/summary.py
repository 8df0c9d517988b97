"""From what a run made to what is written, told and remembered, and when the pattern is due again. Pure.

It is the one place that decides this, for every sort of run: one that went all the steps, one that only looked after
what runs, one that only looked, and the end of a pattern. Nothing here is written or recorded yet: that is for the
caller, which takes ``Summary.state`` for its own once the status is written.
"""

import math
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import msgspec

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.reason import Reason
from pattern_operator.api.stage import Stage
from pattern_operator.api.status import Status
from pattern_operator.apply import FinalizeResult, inventory
from pattern_operator.errors import PatternError, Stalled, Transient, Waiting
from pattern_operator.reconcile import status as statuses
from pattern_operator.reconcile.backoff import retry_pause, seconds_of
from pattern_operator.reconcile.deletion_advice import advice_in
from pattern_operator.reconcile.events import (
    Event,
    drift_events,
    failure_events,
    hook_events,
    kept_events,
    ready_events,
    run_events,
)
from pattern_operator.reconcile.health_timeout import restored
from pattern_operator.reconcile.hook_record import seconds_left
from pattern_operator.reconcile.masked_status import masked
from pattern_operator.reconcile.observed import observed, suspended
from pattern_operator.reconcile.results import Results
from pattern_operator.reconcile.state import Failed, State
from pattern_operator.telemetry.secret_values import NO_MASK, Mask

# A failure of these stages may end by something that happens in the registry, which tells nobody.
IN_THE_REGISTRY: Final = frozenset({Stage.SOURCE, Stage.VERIFY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """``due`` is in seconds from now; None: only an event can wake the pattern."""

    status: Status
    events: tuple[Event, ...]
    state: State
    due: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Now: by the calendar, in seconds of the monotonic clock, and a number in [0, 1) to spread retries by."""

    now: datetime
    clock: float
    jitter: float


def summarize(
    pattern: DesignPattern,
    state: State,
    results: Results,
    *,
    reported: Status,
    moment: Moment,
    mask: Mask = NO_MASK,
) -> Summary:
    """A run went all the steps, or as far as it could; ``reported`` is the status that events told of last.

    With ``mask`` status is as it will be written: what it says already is no news.
    """
    results, status = _masked(results, statuses.after(pattern, results, now=moment.now), mask)
    events, state = run_events(reported, status, results, state=state)
    state, due = _requeue_after(pattern, state, results, moment=moment)
    state = replace(state, failed=failed_run(results, due, moment=moment) if results.failure is not None else None)
    hooks = seconds_left(pattern, status.hooks, now=moment.now)
    due = earliest(due, hooks, health_due(pattern, state, results, moment=moment))
    return Summary(status=status, events=events, state=state, due=due)


def summarize_upkeep(
    pattern: DesignPattern, state: State, results: Results, *, moment: Moment, mask: Mask = NO_MASK
) -> Summary:
    """The back-off of a failed run lasts, and only what runs was looked after."""
    results, status = _masked(results, statuses.after(pattern, results, now=moment.now), mask)
    events, after = run_events(pattern.status, status, results, state=state)
    if state.failed is None or not state.failed.reported:  # status does not speak of the failure yet
        status, events, after = pattern.status, (), state
    due = earliest(left(state, clock=moment.clock), health_due(pattern, state, results, moment=moment))
    return Summary(status=status, events=events, state=after, due=due)


def summarize_observation(
    pattern: DesignPattern, state: State, results: Results, *, moment: Moment, mask: Mask = NO_MASK
) -> Summary:
    """The objects were looked at beside something else."""
    results, status = _masked(results, observed(pattern, results, now=moment.now), mask)
    return Summary(status=status, events=_seen(pattern, status, results), state=state, due=None)


def summarize_suspended(
    pattern: DesignPattern, state: State, results: Results, *, moment: Moment, mask: Mask = NO_MASK
) -> Summary:
    """The objects of a suspended pattern were looked at."""
    results, status = _masked(results, suspended(pattern, results, now=moment.now), mask)
    due = health_due(pattern, state, results, moment=moment)
    return Summary(status=status, events=_seen(pattern, status, results), state=state, due=due)


def summarize_deletion(
    pattern: DesignPattern,
    state: State,
    remaining: FinalizeResult,
    *,
    moment: Moment,
    left_out: Collection[str] = (),
) -> Summary:
    """The objects of a pattern that goes were deleted as far as they could be; without an error it may go.

    ``left_out`` says which hooks of the deletion were not run, or failed although it went on.
    """
    kept, error = (*kept_events(remaining.skipped), *hook_events(left_out)), remaining.error
    if error is None:
        return Summary(status=pattern.status, events=kept, state=state, due=None)
    status = statuses.deleting(pattern, remaining.entries, error=error, now=moment.now)
    events, state = failure_events(error, stage=Stage.APPLY, status=_spoken(pattern), state=state)
    hooks = seconds_left(pattern, pattern.status.hooks, now=moment.now)
    due = earliest(advice_in(pattern, remaining, now=moment.now), hooks)
    if isinstance(error, Transient):
        state, due = _retry(pattern, state, error, moment=moment)
    if not pattern.status.inventory.compressed:
        with suppress(ValueError):  # an inventory that cannot be read has no object to wait for
            failed = inventory.keys(remaining.entries)
            results = Results(stage=Stage.APPLY, failure=error, failed=failed, hooks=pattern.status.hooks)
            state = replace(state, failed=failed_run(results, due, moment=moment))
    return Summary(status=status, events=(*kept, *events), state=state, due=due)


def summarize_defect(pattern: DesignPattern, state: State, *, moment: Moment) -> Summary:
    """An internal error of the operator, reported in status, so that silence is not taken for success."""
    error = Transient(
        reason=Reason.INTERNAL_ERROR,
        message="internal error of the operator; it is retried. Please report it with the operator's log.",
    )
    status = statuses.after(pattern, Results(stage=Stage.APPLY, failure=error), now=moment.now)
    state, due = _retry(pattern, state.asked_again(), error, moment=moment)
    state = replace(state, failed=failed_run(None, due, moment=moment))
    events, state = failure_events(error, stage=Stage.APPLY, status=_spoken(pattern), state=state)
    return Summary(status=status, events=events, state=state, due=due)


def summarize_unwritable(pattern: DesignPattern, state: State, error: Stalled, *, moment: Moment) -> Summary:
    """The status does not fit: the least is said; a change of the pattern wakes it, and no timer."""
    results = state.failed.results if state.failed is not None else None
    events, state = failure_events(error, stage=Stage.APPLY, status=_spoken(pattern), state=state)
    state = replace(state, failed=Failed(results=results, retry_at=math.inf, reported=False))
    status = statuses.unwritable(pattern, error, now=moment.now)
    return Summary(status=status, events=events, state=state, due=None)


def unwritten(pattern: DesignPattern, state: State, error: PatternError, *, moment: Moment) -> tuple[State, float]:
    """The status could not be written: what is remembered then, and the seconds until that is retried."""
    results = state.failed.results if state.failed is not None else None
    state, due = _retry(pattern, state, error, moment=moment)
    return replace(state, failed=Failed(results=results, retry_at=moment.clock + due, reported=False)), due


def unreported(state: State, results: Results) -> State:
    """A run is over, and status does not speak of it yet."""
    return replace(state, failed=Failed(results=results.remembered(), retry_at=math.inf, reported=False))


def remembered(pattern: DesignPattern, kept: State | None, *, moment: Moment) -> State:
    """What is known of a pattern before its first run: since when status says that it is not healthy."""
    state = kept if kept is not None else State()
    timeout = seconds_of(pattern.spec.timeout)
    since = restored(pattern.status, timeout=timeout, now=moment.now, clock=moment.clock)
    asked, answered = pattern.metadata.annotations.requested_at, pattern.status.last_handled_reconcile_at
    handled = asked if asked == answered else state.handled_request
    return replace(state, unhealthy_since=since, handled_request=handled)


def left(state: State, *, clock: float) -> float | None:
    """Seconds until what failed, or could not be repaired, is retried."""
    moments = [state.failed.retry_at] if state.failed is not None else []
    moments += [state.unrepaired.retry_at] if state.unrepaired is not None else []
    seconds = min(moments, default=math.inf) - clock
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def health_due(pattern: DesignPattern, state: State, results: Results, *, moment: Moment) -> float | None:
    """Seconds until health has been awaited for as long as the pattern allows; None where it is not."""
    if state.unhealthy_since is None or results.health is None or results.overdue:
        return None
    return max(state.unhealthy_since + seconds_of(pattern.spec.timeout) - moment.clock, 0.0)


def failed_run(results: Results | None, due: float | None, *, moment: Moment) -> Failed:
    """What is remembered of a failed run that is retried in ``due`` seconds."""
    retry_at = moment.clock + due if due is not None else math.inf
    return Failed(results=results.remembered() if results is not None else None, retry_at=retry_at)


def earliest(*moments: float | None) -> float | None:
    """The earliest of some moments, of which each may be never."""
    return min((each for each in moments if each is not None), default=None)


def _requeue_after(
    pattern: DesignPattern, state: State, results: Results, *, moment: Moment
) -> tuple[State, float | None]:
    """Seconds until there is something to do that no event tells of; None: never."""
    lookups = state.caches.lookups
    if isinstance(results.failure, Transient):
        state, pause = _retry(pattern, state, results.failure, moment=moment)
        return state, max(pause, lookups.rest)
    times = list[float]()
    interval = max(seconds_of(pattern.spec.interval), lookups.rest)
    if lookups.last is not None and lookups.last.reference.mutable:
        times.append(lookups.last.at + interval - moment.clock)
    stalled_here = isinstance(results.failure, Stalled) and results.stage not in IN_THE_REGISTRY
    is_tried = results.failure is not None and not stalled_here
    if is_tried and not _waits_for_patterns(results):
        times.append(interval)
    verdict = state.caches.checked.result if state.caches.checked is not None else None
    until = verdict.until if verdict is not None else None
    # What is over was judged in this run, or could not be: then it is tried again at the interval, and not at once.
    if until is not None and (moment.now < until or not is_tried):  # a signature is too old then
        times.append(max((until - moment.now).total_seconds(), 0.0))
    if results.failure is not None and (left := seconds_left(pattern, results.hooks, now=moment.now)) is not None:
        times.append(left)
    if results.unwatched:
        times.append(seconds_of(pattern.spec.retry_interval))
    return replace(state, failures=0), max(min(times), 0.0) if times else None


def _waits_for_patterns(results: Results) -> bool:
    """Whether it waits for what the watch of DesignPatterns tells of, which is never missed."""
    return isinstance(results.failure, Waiting) and results.failure.reason is Reason.DEPENDENCY_NOT_READY


def _retry(pattern: DesignPattern, state: State, error: PatternError, *, moment: Moment) -> tuple[State, float]:
    failures = state.failures + 1
    return replace(state, failures=failures), retry_pause(pattern, failures, error, jitter=moment.jitter)


def _masked(results: Results, status: Status, mask: Mask) -> tuple[Results, Status]:
    """Status as it is written, and in its words what ``events`` looks for in it."""
    return replace(results, drifted=tuple(map(mask.text, results.drifted))), masked(status, mask)


def _seen(pattern: DesignPattern, after: Status, results: Results) -> tuple[Event, ...]:
    drifted = drift_events(pattern.status, after, results.drifted)
    return (*drifted, *ready_events(pattern.status, after, stage=Stage.HEALTH))


def _spoken(pattern: DesignPattern) -> Status:
    return msgspec.structs.replace(pattern.status, observed_generation=pattern.metadata.generation)

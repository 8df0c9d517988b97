"""One run for one pattern: take what is known, go the steps, write what came of it, say when to come again.

This is where values meet effects: runs begin and end here, status is written and events are recorded.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Revision
from pattern_operator.api.stage import Stage
from pattern_operator.api.status import InventoryEntry, Status
from pattern_operator.apply import owner_id
from pattern_operator.errors import PatternError, Stalled, Transient
from pattern_operator.fair_queue import Lanes
from pattern_operator.internal_errors import InternalErrors
from pattern_operator.reconcile import status as statuses
from pattern_operator.reconcile.backoff import CLOCK_SLACK
from pattern_operator.reconcile.deadline import Beside, Superseded
from pattern_operator.reconcile.drift import waiting_repairs
from pattern_operator.reconcile.events import Event
from pattern_operator.reconcile.finalize import finalize
from pattern_operator.reconcile.lanes import host_of, lanes_of
from pattern_operator.reconcile.maintain import follow_inventory, keep_up
from pattern_operator.reconcile.observed import observed
from pattern_operator.reconcile.pattern_store import PatternKey, PatternStore, key_of, lacks_finalizer
from pattern_operator.reconcile.pipeline import run_steps
from pattern_operator.reconcile.prerequisites import Prerequisites
from pattern_operator.reconcile.queue_report import asked_for, is_in_line
from pattern_operator.reconcile.reached import is_known_otherwise
from pattern_operator.reconcile.results import Results
from pattern_operator.reconcile.run import Ports, Run
from pattern_operator.reconcile.state import Nothing, State
from pattern_operator.reconcile.status_writer import PatternDeleted, StatusWriter
from pattern_operator.reconcile.steps.observe import is_whole
from pattern_operator.reconcile.steps.resolve import has_new_login, is_known
from pattern_operator.reconcile.summary import (
    IN_THE_REGISTRY,
    Moment,
    earliest,
    left,
    remembered,
    summarize,
    summarize_defect,
    summarize_deletion,
    summarize_observation,
    summarize_suspended,
    summarize_unwritable,
    summarize_upkeep,
    unreported,
    unwritten,
)
from pattern_operator.reconcile.waking import Plan, Waker, Woken, plan
from pattern_operator.telemetry import EventRecorder, Metrics, about

LASTS = 2.0  # seconds that a registry is waited for until status says so, where it says nothing of the spec yet
AFTER_DEFECT = 300.0  # seconds until a pattern is retried whose status cannot even say what failed

logger = logging.getLogger(__name__)


class Reconciler:
    """Runs patterns. All it keeps is state that can be lost, by UID: a recreated pattern begins with none."""

    def __init__(
        self,
        *,
        patterns: PatternStore,
        ports: Ports,
        prerequisites: Prerequisites,
        writer: StatusWriter,
        recorder: EventRecorder,
        metrics: Metrics,
        internal_errors: InternalErrors,
        now: Callable[[], datetime],
        waker: Waker,
        kept: Mapping[str, State] | None = None,
    ) -> None:
        """``kept`` is what an earlier Reconciler of this process gave (``what_is_kept``), by UID."""
        self._patterns = patterns
        self._ports = ports
        self._cluster, self._clock = ports.cluster, ports.clock
        self._prerequisites = prerequisites
        self._writer = writer
        self._recorder = recorder
        self._metrics = metrics
        self._errors = internal_errors
        self._now = now
        self._waker = waker
        self._kept = dict(kept or {})
        self._states: dict[str, State] = {}

    async def run(self, key: PatternKey) -> float | None:
        """Bring one pattern on; seconds until it is due again, or None when only an event can wake it. Never raises."""
        try:
            return await self._run_or_say_why(key)
        except Exception as error:  # a defect in what tells of a defect
            self._errors.record("run", error)
            return AFTER_DEFECT

    async def _run_or_say_why(self, key: PatternKey) -> float | None:
        pattern = self._patterns.get(key)
        if pattern is None:
            self._waker.forget(key)
            return None
        if pattern.metadata.uid not in self._states:
            kept = self._kept.pop(pattern.metadata.uid, None)
            self._states[pattern.metadata.uid] = remembered(pattern, kept, moment=self._moment())
        with self._metrics.run():
            try:
                return earliest(await self._run(pattern), self._waker.wait(key))
            except PatternDeleted:
                self.forget(key, uid=pattern.metadata.uid)
                return None
            except Superseded:  # what superseded it has woken the pattern: it is in the queue
                logger.debug("run given up, because its pattern was changed: pattern=%s", key, extra=about(pattern))
                return self._waker.wait(key)
            except PatternError as error:  # the status itself could not be written
                said = about(pattern, reason=error.reason)
                logger.warning("run failed: pattern=%s reason=%s: %s", key, error.reason, error.message, extra=said)
                return await self._report_unwritten(pattern, error)
            except Exception as error:  # one pattern's defect must not end the process: it is told, and retried
                self._errors.record("run", error)
                logger.error("run failed: pattern=%s type=%s", key, type(error).__name__, extra=about(pattern))  # noqa: TRY400 - no message: it may quote an object
                return await self._report_internal_error(pattern)

    def lanes(self, key: PatternKey) -> Lanes:
        """Whom the next run of a pattern counts for; one that asks no registry is not held up by those that do."""
        pattern = self._patterns.get(key)
        state = self._states.get(pattern.metadata.uid) if pattern is not None else None
        if pattern is None or pattern.metadata.deletion_timestamp or pattern.spec.suspend:
            return lanes_of(key, None)
        if state is None:
            return lanes_of(key, None if pattern.status.inventory.entries else pattern)
        asks = True
        with self._errors.contain("lanes"):  # the queue asks, and serves all patterns
            woken = self._waker.pending(key, ends_failure=state.is_ended_by)
            asks = self._plan(pattern, state, woken) is Plan.WHOLE and self._asks(pattern, state, woken)
        return lanes_of(key, pattern, asks=asks)

    async def tell_waiting_repair(self, key: PatternKey) -> None:
        """Say what is missing or differs of a pattern whose repair waits for a worker; nothing where nothing is.

        Raises:
            PatternDeleted: the resource does not exist any more.
        """
        pattern = self._patterns.get(key)
        if pattern is None or pattern.metadata.uid not in self._states or pattern.spec.suspend:
            return
        drifted = waiting_repairs(pattern, managed=self._cluster.managed)
        if not drifted or not pattern.status.revision or not is_whole(pattern):
            return
        run = self._looking(pattern)
        run.observe_if_known()
        after = observed(pattern, replace(run.results, drifted=drifted), now=self._now())
        if after == pattern.status:
            return
        try:
            await self._writer.first_status(pattern, after)
        except PatternError as error:  # mostly: its run has begun, and says more
            logger.debug("waiting repair not told: pattern=%s: %s", key, error, extra=about(pattern))

    def what_is_kept(self) -> dict[str, State]:
        """What stays true of patterns when the cluster may have changed unseen: what registries and keys said."""
        return {uid: state.of_registries() for uid, state in self._states.items()}

    def forget(self, key: PatternKey, *, uid: str) -> None:
        """A pattern is gone: so is all that was known of it. One of the same name that was made since stays."""
        self._states.pop(uid, None)
        self._cluster.forget(owner_id(uid))
        self._patterns.forget_owner(uid)
        known = self._patterns.get(key)
        if known is not None and known.metadata.uid == uid:
            self._patterns.forget(key)
            self._waker.forget(key)
            self._ports.repositories.forget(key)
            self._prerequisites.wait(key, ())
            self._prerequisites.released((each.id for each in known.status.inventory.entries), by=key)

    async def _run(self, pattern: DesignPattern) -> float | None:
        key, state = key_of(pattern), self._state(pattern)
        woken = self._waker.begin(key, ends_failure=state.is_ended_by)
        if pattern.metadata.deletion_timestamp:
            self._cluster.transfers.leave(owner_id(pattern.metadata.uid))
            return await self._delete(pattern, woken)
        if lacks_finalizer(pattern):
            pattern = await self._writer.add_finalizer(pattern)
        if pattern.spec.suspend:
            self._cluster.transfers.pattern_suspended(owner_id(pattern.metadata.uid))
            return await self._leave_alone(pattern)
        if self._follows_login(pattern, state, woken):
            state = state.with_lookups(replace(state.caches.lookups, login_changed=True))
            self._remember(pattern, state)
        if _is_new(pattern, state):
            await self._follow(pattern)
            await self._observe(pattern)
            if woken.whole:
                self._waker.keep_asking(key)
            return 0.0
        match self._plan(pattern, state, woken):
            case Plan.UPKEEP:
                return await self._upkeep(pattern, woken)
            case Plan.UPKEEP_FIRST:
                await self._keep_up(pattern, woken, Results())
                await self._observe(pattern)
                if woken.whole:
                    self._waker.keep_asking(key)
                return 0.0
        return await self._go_all(pattern)

    def _plan(self, pattern: DesignPattern, state: State, woken: Woken) -> Plan:
        return plan(
            woken,
            retried_at=state.failed.retry_at - CLOCK_SLACK if state.failed is not None else None,
            now=self._clock(),
            runs=not isinstance(state.objects, Nothing),
            asks=self._asks(pattern, state, woken),
        )

    def _asks(self, pattern: DesignPattern, state: State, woken: Woken) -> bool:
        """Whether to go all the steps may ask a registry."""
        running = state.running
        settled = running is not None and running.settled and state.failed is None
        login = state.caches.lookups.login_changed or self._follows_login(pattern, state, woken)
        return login or not (settled and is_known(pattern, state.caches.lookups, now=self._clock()))

    def _follows_login(self, pattern: DesignPattern, state: State, woken: Woken) -> bool:
        """A Secret that changes all the time is followed as often as others may wake a pattern, whatever else does."""
        return woken.whole and has_new_login(state.caches.lookups, self._ports.repositories.secret_version(pattern))

    # --- the sorts of runs ---

    async def _go_all(self, pattern: DesignPattern) -> float | None:
        requested, state = pattern.metadata.annotations.requested_at, self._state(pattern)
        if requested != state.handled_request:
            if state.running is not None:  # what may have ended unseen was told: whoever asks now knows of it
                self._cluster.managed.rerun_finished(owner_id(pattern.metadata.uid))
            self._remember(pattern, replace(state.asked_again(), handled_request=requested))
        before, owner, generation = pattern.status, owner_id(pattern.metadata.uid), pattern.metadata.generation
        with self._prerequisites.during(key_of(pattern)):
            pattern, results, told = await self._run_steps(pattern)
            if results.stage not in IN_THE_REGISTRY or not isinstance(results.failure, Transient):
                self._cluster.transfers.pattern_ran(owner, generation=generation)
            if isinstance(results.failure, Stalled):
                self._cluster.transfers.pattern_stalled(owner)
            if results.failure is None or results.rendering is not None:
                self._cluster.transfers.pattern_rendered(owner, generation=generation)
            state = self._state(pattern)
            summary = summarize(pattern, state, results, told=told, moment=self._moment())
            self._remember(pattern, unreported(state, results))
            await self._writer.status(pattern, summary.status)
            self._prerequisites.wait(key_of(pattern), results.needs)
        self._tell_released(pattern, before, summary.status)
        self._metrics.record_result(results.stage, results.failure.reason if results.failure else Reason.READY)
        self._record_repairs(pattern, results)
        self._record(pattern, summary.events)
        self._remember(pattern, summary.state)
        return summary.due

    async def _run_steps(self, pattern: DesignPattern) -> tuple[DesignPattern, Results, Status]:
        """Go the steps; the pattern as it is after what was written ahead, and the status that events told of last."""
        asked, told = pattern, pattern.status  # as it was when the run began

        async def ahead(entries: tuple[InventoryEntry, ...], revision: Revision) -> None:
            nonlocal pattern
            pattern = await self._writer.add_finalizer(pattern)
            if entries != pattern.status.inventory.entries or is_known_otherwise(
                pattern, run.results.policy, revision=revision
            ):
                planned = statuses.ahead(pattern, entries, revision=revision, now=self._now())
                pattern = await self._writer.status(pattern, planned)

        async def keep() -> None:
            nonlocal pattern, told
            lasts = clock() - begun >= LASTS - CLOCK_SLACK
            if lasts and (statuses.is_silent(pattern) or is_in_line(pattern)):
                pattern = await self._say_what_is_asked(pattern)
            await asyncio.sleep(self._waker.wait_for_events(key_of(asked)))  # they come in crowds
            woken = Woken(events=self._waker.take_events(key_of(asked)))
            self._remember(asked, run.state)
            if woken.events:
                await self._keep_up(asked, woken, Results())
            seen = await self._observe(pattern)
            run.state = self._state(asked)
            if seen is not pattern:
                pattern, told = seen, seen.status

        def superseded() -> bool:
            newest = self._patterns.get(key_of(asked))
            return newest is None or _wish(newest) != _wish(asked)

        clock = asyncio.get_running_loop().time
        begun = clock()
        with self._waker.during(key_of(pattern)) as happened:
            timer = asyncio.get_running_loop().call_later(LASTS, happened.set)
            beside = Beside(happened, keep, superseded)
            run = Run(pattern, self._state(pattern), ports=self._ports, write_ahead=ahead, beside=beside)
            try:
                await run_steps(run)
            finally:
                timer.cancel()
                self._remember(asked, run.state)
        return pattern, run.results, told

    async def _say_what_is_asked(self, pattern: DesignPattern) -> DesignPattern:
        words = f"asks {host_of(pattern) or 'the registry'} for {asked_for(pattern)}"
        try:
            return await self._writer.status(pattern, statuses.waiting(pattern, words, now=self._now()))
        except PatternError as error:  # the end of the run is written all the same, or tells why not
            logger.warning("status not written: pattern=%s: %s", key_of(pattern), error, extra=about(pattern))
            return pattern

    async def _upkeep(self, pattern: DesignPattern, woken: Woken) -> float | None:
        """The back-off lasts: look after what runs, say what became of it, and come again when it is over."""
        failed = self._state(pattern).failed
        if failed is None or failed.results is None:
            return left(self._state(pattern), clock=self._clock())
        results = await self._keep_up(pattern, woken, failed.results)
        summary = summarize_upkeep(pattern, self._state(pattern), results, moment=self._moment())
        await self._writer.status(pattern, summary.status)
        self._tell_released(pattern, pattern.status, summary.status)
        self._record(pattern, summary.events)
        self._remember(pattern, summary.state)
        return summary.due

    async def _keep_up(self, pattern: DesignPattern, woken: Woken, results: Results) -> Results:
        run = Run(pattern, self._state(pattern), ports=self._ports, results=results)
        try:
            await keep_up(run, touched=frozenset(each.key for each in woken.events))
        finally:
            self._remember(pattern, run.state)
        if run.results.needs:
            self._prerequisites.wait(key_of(pattern), run.results.needs)
        self._record_repairs(pattern, run.results)
        return run.results

    async def _follow(self, pattern: DesignPattern) -> None:
        run = Run(pattern, self._state(pattern), ports=self._ports)
        await follow_inventory(run)
        self._remember(pattern, run.state)

    async def _observe(self, pattern: DesignPattern) -> DesignPattern:
        """Say what the watches tell of what runs, whatever else goes on; the pattern as it is then.

        Raises:
            PatternDeleted: the resource does not exist any more.
        """
        run = self._looking(pattern)
        if pattern.status.revision and is_whole(pattern):
            run.observe_if_known()
            self._remember(pattern, run.state)
        summary = summarize_observation(pattern, run.state, run.results, moment=self._moment())
        try:
            after = await self._writer.status(pattern, summary.status)
        except PatternError as error:  # the end of the run is written all the same, or tells why not
            logger.warning("status not written: pattern=%s: %s", key_of(pattern), error, extra=about(pattern))
            return pattern
        self._record(after, summary.events)
        return after

    def _looking(self, pattern: DesignPattern) -> Run:
        state = self._state(pattern)
        results = Results(stage=Stage.HEALTH, held=state.caches.lookups.held)
        return Run(pattern, state, ports=self._ports, results=results)

    async def _leave_alone(self, pattern: DesignPattern) -> float | None:
        """Say what the watches tell of a suspended pattern; seconds until that may change without an event.

        Raises:
            PatternDeleted: the resource does not exist any more.
            Stalled, Transient: status could not be written.
        """
        if _is_new(pattern, self._state(pattern)):
            await self._follow(pattern)
        run = self._looking(pattern)
        run.observe_if_known()
        self._remember(pattern, run.state)
        summary = summarize_suspended(pattern, run.state, run.results, moment=self._moment())
        after = await self._writer.status(pattern, summary.status)
        self._record(after, summary.events)
        return summary.due

    async def _delete(self, pattern: DesignPattern, woken: Woken) -> float | None:
        state = self._state(pattern)
        waits = state.failed is not None and self._clock() < state.failed.retry_at - CLOCK_SLACK
        if waits and not woken.whole and not any(map(state.is_ended_by, woken.events)):
            return left(state, clock=self._clock())
        with self._prerequisites.during(key_of(pattern)):
            remaining = await finalize(pattern, port=self._cluster, now=self._now())
            summary = summarize_deletion(pattern, state, remaining, moment=self._moment())
            if remaining.error is None:
                await self._writer.remove_finalizer(pattern)
            else:
                await self._writer.status(pattern, summary.status)
            self._prerequisites.wait(key_of(pattern), remaining.needs)
        self._record(pattern, summary.events)
        self._remember(pattern, summary.state)
        if remaining.error is None:
            self.forget(key_of(pattern), uid=pattern.metadata.uid)
        return summary.due

    # --- what could not be said ---

    async def _report_unwritten(self, pattern: DesignPattern, error: PatternError) -> float | None:
        """The status could not be written: it is retried; one that does not fit says so in few words."""
        state, moment = self._state(pattern), self._moment()
        if not isinstance(error, Stalled):
            state, due = unwritten(pattern, state, error, moment=moment)
            self._remember(pattern, state)
            return due
        self._metrics.record_result(Stage.APPLY, error.reason)
        newest = self._patterns.get(key_of(pattern)) or pattern
        summary = summarize_unwritable(newest, state, error, moment=moment)
        self._record(newest, summary.events)
        self._remember(pattern, summary.state)
        await self._try_to_write(newest, summary.status)
        return None

    async def _report_internal_error(self, pattern: DesignPattern) -> float | None:
        summary = summarize_defect(pattern, self._state(pattern), moment=self._moment())
        self._remember(pattern, summary.state)
        self._metrics.record_result(Stage.APPLY, Reason.INTERNAL_ERROR)
        await self._try_to_write(pattern, summary.status)
        self._record(pattern, summary.events)
        return summary.due

    async def _try_to_write(self, pattern: DesignPattern, status: Status) -> None:
        try:
            await self._writer.status(pattern, status)
        except (PatternError, PatternDeleted) as failed:
            logger.warning("status not written: pattern=%s: %s", key_of(pattern), failed, extra=about(pattern))

    # --- helpers ---

    def _state(self, pattern: DesignPattern) -> State:
        return self._states.get(pattern.metadata.uid) or State()

    def _remember(self, pattern: DesignPattern, state: State) -> None:
        if pattern.metadata.uid in self._states:  # else it was forgotten while it ran
            self._states[pattern.metadata.uid] = state

    def _moment(self) -> Moment:
        return Moment(now=self._now(), clock=self._clock(), jitter=self._ports.jitter())

    def _tell_released(self, pattern: DesignPattern, before: Status, after: Status) -> None:
        """Wake who waits for what left the inventory. What a run writes ahead and takes back was never in it before."""
        if before.inventory.entries != after.inventory.entries:
            left_it = {each.id for each in before.inventory.entries} - {each.id for each in after.inventory.entries}
            self._prerequisites.released(left_it, by=key_of(pattern))

    def _record_repairs(self, pattern: DesignPattern, results: Results) -> None:
        notes = tuple(f"{each}; it was applied again" for each in results.repaired)
        self._recorder.aggregate(pattern, reason=Reason.DRIFT_REPAIRED, action=Stage.APPLY.value, notes=notes)

    def _record(self, pattern: DesignPattern, events: Iterable[Event]) -> None:
        for each in events:
            self._recorder.event(pattern, kind=each.kind, reason=each.reason, action=each.stage.value, note=each.note)


def _is_new(pattern: DesignPattern, state: State) -> bool:
    """Whether status names objects that nothing is known of yet."""
    return bool(pattern.status.inventory.entries) and isinstance(state.objects, Nothing)


def _wish(pattern: DesignPattern) -> tuple[object, ...]:
    """What a run is for: another one of these, and it is for nothing."""
    metadata = pattern.metadata
    return metadata.uid, metadata.generation, metadata.deletion_timestamp

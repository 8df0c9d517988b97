"""One run for one pattern: take what is known, go the steps, write what came of it, say when to come again."""

import asyncio
import logging
import math
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

import msgspec

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Revision
from pattern_operator.api.stage import Stage
from pattern_operator.api.status import InventoryEntry, Status
from pattern_operator.apply import owner_id
from pattern_operator.errors import PatternError, Stalled, Transient
from pattern_operator.fair_queue import Lanes
from pattern_operator.internal_errors import InternalErrors
from pattern_operator.reconcile import status
from pattern_operator.reconcile.backoff import retry_pause, seconds_of
from pattern_operator.reconcile.deadline import Beside, Superseded
from pattern_operator.reconcile.deleting import advice_in, delete
from pattern_operator.reconcile.following import is_new
from pattern_operator.reconcile.healthwait import restored
from pattern_operator.reconcile.keeping import keep_up
from pattern_operator.reconcile.lanes import host_of, lanes_of
from pattern_operator.reconcile.line import asked_for, is_in_line
from pattern_operator.reconcile.memory import Failed, Memory
from pattern_operator.reconcile.observer import Observer
from pattern_operator.reconcile.owning import owned_keys
from pattern_operator.reconcile.patterns import PatternKey, Patterns, key_of, lacks_finalizer
from pattern_operator.reconcile.progress import Progress
from pattern_operator.reconcile.reached import is_known_otherwise
from pattern_operator.reconcile.rim import Rim
from pattern_operator.reconcile.stages import LEEWAY, has_new_login, is_known
from pattern_operator.reconcile.steps import run_steps
from pattern_operator.reconcile.telling import Telling, tell_failure, tell_kept, tellings
from pattern_operator.reconcile.waking import Plan, Waker, Woken, plan
from pattern_operator.reconcile.writer import Gone, Writer
from pattern_operator.telemetry import EventRecorder, Metrics, about

# A failure of these stages may end by something that happens in the registry, which tells nobody.
IN_THE_REGISTRY = frozenset({Stage.SOURCE, Stage.VERIFY})

LASTS = 2.0  # seconds that a registry is waited for until status says so, where it says nothing of the spec yet
AFTER_DEFECT = 300.0  # seconds until a pattern is tried again whose status cannot even say what failed

logger = logging.getLogger(__name__)


class Reconciler:
    """Runs patterns. All it keeps is memory that can be lost."""

    def __init__(
        self,
        *,
        patterns: Patterns,
        rim: Rim,
        writer: Writer,
        recorder: EventRecorder,
        metrics: Metrics,
        internal_errors: InternalErrors,
        now: Callable[[], datetime],
        waker: Waker,
        kept: Mapping[str, Memory] | None = None,
    ) -> None:
        """``kept`` is what an earlier Reconciler of this process gave (``what_is_kept``), by UID."""
        self._patterns = patterns
        self._rim = rim
        self._writer = writer
        self._recorder = recorder
        self._metrics = metrics
        self._errors = internal_errors
        self._now = now
        self._waker = waker
        self._observer = Observer(rim, writer, now=now, tell=self._tell)
        self._kept = dict(kept or {})
        self._memories: dict[str, Memory] = {}  # by UID: a pattern that was made anew begins with nothing

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
        memory = self._memories.get(pattern.metadata.uid)
        if memory is None:
            memory = self._memories[pattern.metadata.uid] = self._remembered(pattern)
        with self._metrics.run():
            try:
                return _earliest(await self._run(pattern, memory), self._waker.wait(key))
            except Gone:
                self.forget(key, uid=pattern.metadata.uid)
                return None
            except Superseded:  # what superseded it has woken the pattern: it is in the queue
                logger.debug("run given up, because its pattern was changed: pattern=%s", key, extra=about(pattern))
                return self._waker.wait(key)
            except PatternError as error:  # the status itself could not be written
                said = about(pattern, reason=error.reason)
                logger.warning("run failed: pattern=%s reason=%s: %s", key, error.reason, error.message, extra=said)
                if isinstance(error, Stalled):
                    await self._say_unwritable(key, error, memory=memory)
                    progress = memory.failed.progress if memory.failed is not None else None
                    memory.failed = Failed(progress, math.inf, told=False)
                    return None
                return self._try_again(pattern, memory, error, memory.failed)
            except Exception as error:  # one pattern's defect must not end the process: it is told, and retried
                self._errors.record("run", error)
                logger.error("run failed: pattern=%s type=%s", key, type(error).__name__, extra=about(pattern))  # noqa: TRY400 - no message: it may quote an object
                return await self._say_defect(pattern, memory)

    def lanes(self, key: PatternKey) -> Lanes:
        """Whom the next run of a pattern counts for; one that asks no registry is not held up by those that do."""
        pattern = self._patterns.get(key)
        memory = self._memories.get(pattern.metadata.uid) if pattern is not None else None
        if pattern is None or pattern.metadata.deletion_timestamp or pattern.spec.suspend:
            return lanes_of(key, None)
        if memory is None:
            return lanes_of(key, None if pattern.status.inventory.entries else pattern)
        asks = True
        with self._errors.contain("lanes"):  # the queue asks, and serves all patterns
            woken = self._waker.pending(key, ends_failure=memory.is_ended_by)
            asks = self._plan(pattern, memory, woken) is Plan.WHOLE and self._asks(pattern, memory, woken)
        return lanes_of(key, pattern, asks=asks)

    def what_is_kept(self) -> dict[str, Memory]:
        """What stays true of patterns when the cluster may have changed unseen: what registries and keys said."""
        return {uid: memory.of_registries() for uid, memory in self._memories.items()}

    def forget(self, key: PatternKey, *, uid: str) -> None:
        """A pattern is gone: so is all that was known of it. One of the same name that was made since stays."""
        self._memories.pop(uid, None)
        self._rim.managed_objects.forget(owner_id(uid))
        self._rim.transfers.forget(owner_id(uid))
        self._patterns.forget_owner(uid)
        known = self._patterns.get(key)
        if known is not None and known.metadata.uid == uid:
            self._patterns.forget(key)
            self._waker.forget(key)
            self._rim.referents.forget(key)
            self._rim.awaited.wait(key, ())
            self._rim.awaited.released((each.id for each in known.status.inventory.entries), by=key)

    async def _run(self, pattern: DesignPattern, memory: Memory) -> float | None:
        key = key_of(pattern)
        woken = self._waker.begin(key, ends_failure=memory.is_ended_by)
        if pattern.metadata.deletion_timestamp:
            self._rim.transfers.leave(owner_id(pattern.metadata.uid))
            return await self._delete(pattern, memory, woken)
        if lacks_finalizer(pattern):
            pattern = await self._writer.hold(pattern)
        if pattern.spec.suspend:
            self._rim.transfers.leave(owner_id(pattern.metadata.uid))
            return await self._observer.leave_alone(pattern, memory)
        memory.login_changed = memory.login_changed or self._follows_login(pattern, memory, woken)
        if is_new(pattern, memory):
            await self._observer.follow(pattern, memory)
            await self._observer.observe(pattern, memory)
            if woken.whole:
                self._waker.keep_asking(key)
            return 0.0
        match self._plan(pattern, memory, woken):
            case Plan.UPKEEP:
                return await self._upkeep(pattern, memory, woken)
            case Plan.UPKEEP_FIRST:
                await self._keep_up(pattern, memory, woken, Progress())
                await self._observer.observe(pattern, memory)
                if woken.whole:
                    self._waker.keep_asking(key)
                return 0.0
        return await self._go_all(pattern, memory)

    def _plan(self, pattern: DesignPattern, memory: Memory, woken: Woken) -> Plan:
        return plan(
            woken,
            retried_at=memory.failed.retried_at - LEEWAY.total_seconds() if memory.failed is not None else None,
            now=self._rim.clock(),
            runs=memory.applied is not None or memory.partly is not None or memory.followed,
            asks=self._asks(pattern, memory, woken),
        )

    def _asks(self, pattern: DesignPattern, memory: Memory, woken: Woken) -> bool:
        """Whether to go all the steps may ask a registry."""
        settled = memory.settled and memory.failed is None
        login = memory.login_changed or self._follows_login(pattern, memory, woken)
        return login or not (settled and is_known(pattern, memory=memory, rim=self._rim))

    def _follows_login(self, pattern: DesignPattern, memory: Memory, woken: Woken) -> bool:
        """A Secret that changes all the time is followed as often as others may wake a pattern, whatever else does."""
        return woken.whole and has_new_login(pattern, memory=memory, rim=self._rim)

    async def _go_all(self, pattern: DesignPattern, memory: Memory) -> float | None:
        requested = pattern.metadata.annotations.requested_at
        if requested != memory.handled_request:
            if memory.applied is not None:  # what may have ended unseen was told: whoever asks now knows of it
                self._rim.managed_objects.rerun_finished(owner_id(pattern.metadata.uid))
            memory.forget()
            memory.handled_request = requested
        before, generation = pattern.status, pattern.metadata.generation
        with self._rim.awaited.during(key_of(pattern)):
            pattern, progress, told = await self._go(pattern, memory)
            if progress.stage not in IN_THE_REGISTRY or not isinstance(progress.failure, Transient):
                self._rim.transfers.pattern_ran(owner_id(pattern.metadata.uid), generation=generation)
            if isinstance(progress.failure, Stalled):
                self._rim.transfers.pattern_stalled(owner_id(pattern.metadata.uid))
            memory.failed = Failed(progress.remembered(), math.inf, told=False)  # until status says so
            after = await self._writer.status(pattern, status.after(pattern, progress, now=self._now()))
            self._rim.awaited.wait(key_of(pattern), progress.needs)
        self._tell_released(pattern, before, after.status)
        self._metrics.record_result(progress.stage, progress.failure.reason if progress.failure else Reason.READY)
        self._tell_repairs(pattern, progress)
        self._tell(pattern, tellings(told, after.status, progress, memory=memory))
        due = self._due(pattern, memory, progress)
        memory.failed = self._failed(progress, due) if progress.failure is not None else None
        return _earliest(due, self._observer.health_due(pattern, memory, progress))

    def _failed(self, progress: Progress | None, due: float | None) -> Failed:
        return Failed(
            progress.remembered() if progress is not None else None,
            self._rim.clock() + due if due is not None else math.inf,
        )

    async def _upkeep(self, pattern: DesignPattern, memory: Memory, woken: Woken) -> float | None:
        """The back-off lasts: look after what runs, say what became of it, and come again when it is over."""
        failed = memory.failed
        if failed is not None and failed.progress is not None:
            progress = replace(failed.progress)
            await self._keep_up(pattern, memory, woken, progress)
            if failed.told:
                after = await self._writer.status(pattern, status.after(pattern, progress, now=self._now()))
                self._tell_released(pattern, pattern.status, after.status)
                self._tell(pattern, tellings(pattern.status, after.status, progress, memory=memory))
            return _earliest(self._left(memory), self._observer.health_due(pattern, memory, progress))
        return self._left(memory)

    async def _keep_up(self, pattern: DesignPattern, memory: Memory, woken: Woken, progress: Progress) -> None:
        touched = frozenset(each.key for each in woken.events)
        await keep_up(pattern, memory=memory, rim=self._rim, progress=progress, touched=touched)
        if progress.needs:
            self._rim.awaited.wait(key_of(pattern), progress.needs)
        self._tell_repairs(pattern, progress)

    def _remembered(self, pattern: DesignPattern) -> Memory:
        """What is known of a pattern before its first run: since when status says that it is not healthy."""
        timeout, clock = seconds_of(pattern.spec.timeout), self._rim.clock()
        memory = self._kept.pop(pattern.metadata.uid, None) or Memory()
        memory.ill_since = restored(pattern.status, timeout=timeout, now=self._now(), clock=clock)
        asked, answered = pattern.metadata.annotations.requested_at, pattern.status.last_handled_reconcile_at
        memory.handled_request = asked if asked == answered else memory.handled_request
        return memory

    def _left(self, memory: Memory) -> float | None:
        """Seconds until what failed, or could not be kept, is tried again."""
        moments = [memory.failed.retried_at] if memory.failed is not None else []
        moments += [memory.unkept_until] if memory.unkept else []
        left = min(moments, default=math.inf) - self._rim.clock()
        return max(left, 0.0) if math.isfinite(left) else None

    def _try_again(
        self, pattern: DesignPattern, memory: Memory, error: PatternError, failed: Failed | None
    ) -> float | None:
        due = _retry(pattern, memory, error)
        progress = failed.progress if failed is not None else None
        memory.failed = Failed(progress, self._rim.clock() + due, told=False)
        return due

    async def _go(self, pattern: DesignPattern, memory: Memory) -> tuple[DesignPattern, Progress, Status]:
        """Go the steps; the pattern as it is after what was written ahead, and the status that events told of last."""

        async def ahead(entries: tuple[InventoryEntry, ...], revision: Revision) -> None:
            nonlocal pattern
            pattern = await self._writer.hold(pattern)
            if entries != pattern.status.inventory.entries or is_known_otherwise(
                pattern, memory.policy, revision=revision
            ):
                planned = status.ahead(pattern, entries, revision=revision, now=self._now())
                pattern = await self._writer.status(pattern, planned)

        asked, told = pattern, pattern.status  # as it was when the run began

        async def say() -> None:
            nonlocal pattern
            words = f"asks {host_of(pattern) or 'the registry'} for {asked_for(pattern)}"
            try:
                pattern = await self._writer.status(pattern, status.waiting(pattern, words, now=self._now()))
            except PatternError as error:  # the end of the run is written all the same, or tells why not
                logger.warning("status not written: pattern=%s: %s", key_of(pattern), error, extra=about(pattern))

        async def keep() -> None:
            nonlocal pattern, told
            lasts = clock() - begun >= LASTS - LEEWAY.total_seconds()
            if lasts and (status.is_silent(pattern) or is_in_line(pattern)):
                await say()
            await asyncio.sleep(self._waker.wait_for_events(key_of(asked)))  # they come in crowds
            woken = Woken(events=self._waker.take_events(key_of(asked)))
            if woken.events:
                await self._keep_up(asked, memory, woken, Progress())
            seen = await self._observer.observe(pattern, memory)
            if seen is not pattern:
                pattern, told = seen, seen.status

        def superseded() -> bool:
            newest = self._patterns.get(key_of(asked))
            return newest is None or _wish(newest) != _wish(asked)

        clock = asyncio.get_running_loop().time
        begun = clock()
        with self._waker.during(key_of(pattern)) as happened:
            timer = asyncio.get_running_loop().call_later(LASTS, happened.set)
            try:
                beside = Beside(happened, keep, superseded)
                progress = await run_steps(pattern, memory=memory, rim=self._rim, ahead=ahead, beside=beside)
            finally:
                timer.cancel()
        return pattern, progress, told

    async def _delete(self, pattern: DesignPattern, memory: Memory, woken: Woken) -> float | None:
        waits = memory.failed is not None and self._rim.clock() < memory.failed.retried_at - LEEWAY.total_seconds()
        if waits and not woken.whole and not any(map(memory.is_ended_by, woken.events)):
            return self._left(memory)
        with self._rim.awaited.during(key_of(pattern)):
            remaining = await delete(pattern, rim=self._rim, writer=self._writer, now=self._now)
            self._rim.awaited.wait(key_of(pattern), remaining.needs)
        self._tell(pattern, tell_kept(remaining.skipped))
        error = remaining.error
        if error is None:
            self.forget(key_of(pattern), uid=pattern.metadata.uid)
            return None
        self._tell_failure(pattern, error, memory=memory)
        now = self._now()
        due = _retry(pattern, memory, error) if isinstance(error, Transient) else advice_in(pattern, remaining, now=now)
        left = self._patterns.get(key_of(pattern)) or pattern
        with suppress(PatternError):  # an inventory that cannot be read has no object to wait for
            progress = Progress(stage=Stage.APPLY, failure=error, failed=owned_keys(left))
            memory.failed = self._failed(progress, due)
        return due

    def _tell_released(self, pattern: DesignPattern, before: Status, after: Status) -> None:
        """Wake who waits for what left the inventory. What a run writes ahead and takes back was never in it before."""
        if before.inventory.entries != after.inventory.entries:
            left = {each.id for each in before.inventory.entries} - {each.id for each in after.inventory.entries}
            self._rim.awaited.released(left, by=key_of(pattern))

    def _tell_repairs(self, pattern: DesignPattern, progress: Progress) -> None:
        notes = tuple(f"{each}; it was applied again" for each in progress.repaired)
        self._recorder.aggregate(pattern, reason=Reason.DRIFT_REPAIRED, action=Stage.APPLY.value, notes=notes)

    def _tell(self, pattern: DesignPattern, events: Iterable[Telling]) -> None:
        for each in events:
            self._recorder.event(pattern, kind=each.kind, reason=each.reason, action=each.stage.value, note=each.note)

    def _tell_failure(self, pattern: DesignPattern, error: PatternError, *, memory: Memory) -> None:
        spoken = msgspec.structs.replace(pattern.status, observed_generation=pattern.metadata.generation)
        self._tell(pattern, tell_failure(error, stage=Stage.APPLY, status=spoken, memory=memory))

    async def _say_unwritable(self, key: PatternKey, error: Stalled, *, memory: Memory) -> None:
        """Say in few words that the status does not fit; a change of the pattern wakes it, and no timer."""
        self._metrics.record_result(Stage.APPLY, error.reason)
        pattern = self._patterns.get(key)
        if pattern is None:
            return
        self._tell_failure(pattern, error, memory=memory)
        try:
            await self._writer.status(pattern, status.unwritable(pattern, error, now=self._now()))
        except (PatternError, Gone) as failed:
            logger.warning("status not written: pattern=%s: %s", key, failed, extra=about(pattern))

    async def _say_defect(self, pattern: DesignPattern, memory: Memory) -> float:
        """Tell of a defect in status, so that nobody takes silence for success."""
        error = Transient(
            reason=Reason.INTERNAL_ERROR,
            message="the operator failed on this pattern by a defect of its own; it is tried again. Please report it"
            " with what the operator's log says.",
        )
        memory.forget()
        due = _retry(pattern, memory, error)
        memory.failed = self._failed(None, due)
        self._metrics.record_result(Stage.APPLY, error.reason)
        try:
            defect = status.after(pattern, Progress(stage=Stage.APPLY, failure=error), now=self._now())
            await self._writer.status(pattern, defect)
        except (PatternError, Gone) as failed:
            logger.warning("defect not told: pattern=%s: %s", key_of(pattern), failed, extra=about(pattern))
        self._tell_failure(pattern, error, memory=memory)
        return due

    def _due(self, pattern: DesignPattern, memory: Memory, progress: Progress) -> float | None:
        """Seconds until there is something to do that no event tells of; None: never."""
        if isinstance(progress.failure, Transient):
            return max(_retry(pattern, memory, progress.failure), memory.rest)
        memory.failures = 0
        now, times = self._rim.clock(), list[float]()
        interval = max(seconds_of(pattern.spec.interval), memory.rest)
        if memory.lookup is not None and memory.lookup.reference.mutable:
            times.append(memory.lookup.at + interval - now)
        stalled_here = isinstance(progress.failure, Stalled) and progress.stage not in IN_THE_REGISTRY
        if progress.failure is not None and not stalled_here:
            times.append(interval)
        if progress.unwatched:
            times.append(seconds_of(pattern.spec.retry_interval))
        return max(min(times), 0.0) if times else None


def _wish(pattern: DesignPattern) -> tuple[object, ...]:
    """What a run is for: another one of these, and it is for nothing."""
    metadata = pattern.metadata
    return metadata.uid, metadata.generation, metadata.deletion_timestamp


def _retry(pattern: DesignPattern, memory: Memory, error: PatternError) -> float:
    memory.failures += 1
    return retry_pause(pattern, memory.failures, error)


def _earliest(*moments: float | None) -> float | None:
    return min((each for each in moments if each is not None), default=None)

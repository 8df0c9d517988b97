"""One run for one pattern: take what is known, go the steps, write what came of it, say when to come again."""

import logging
import random
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.duration import parse_duration
from pattern_operator.api.names import REQUESTED_AT_ANNOTATION
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Revision
from pattern_operator.api.stage import Stage
from pattern_operator.api.status import InventoryEntry
from pattern_operator.apply import HealthState, owner_id
from pattern_operator.errors import PatternError, Stalled, Transient
from pattern_operator.internal_errors import InternalErrors
from pattern_operator.reconcile import status
from pattern_operator.reconcile.backoff import pause
from pattern_operator.reconcile.deleting import delete
from pattern_operator.reconcile.memory import Memory
from pattern_operator.reconcile.patterns import PatternKey, Patterns, key_of
from pattern_operator.reconcile.progress import Progress
from pattern_operator.reconcile.rim import Rim
from pattern_operator.reconcile.steps import run_steps
from pattern_operator.reconcile.telling import Telling, tell_failure, tell_kept, tellings
from pattern_operator.reconcile.writer import Gone, Writer
from pattern_operator.telemetry import Metrics, Recorder

# A failure of these stages may end by something that happens in the registry, which tells nobody.
IN_THE_REGISTRY = frozenset({Stage.SOURCE, Stage.VERIFY})

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
        recorder: Recorder,
        metrics: Metrics,
        internal_errors: InternalErrors,
        now: Callable[[], datetime],
    ) -> None:
        self._patterns = patterns
        self._rim = rim
        self._writer = writer
        self._recorder = recorder
        self._metrics = metrics
        self._errors = internal_errors
        self._now = now
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
            return None
        memory = self._memories.setdefault(pattern.metadata.uid, Memory())
        with self._metrics.run():
            try:
                return await self._run(pattern, memory)
            except Gone:
                self.forget(key, uid=pattern.metadata.uid)
                return None
            except PatternError as error:  # the status itself could not be written
                logger.warning("run failed: pattern=%s reason=%s: %s", key, error.reason, error.message)
                if isinstance(error, Stalled):
                    await self._say_unwritable(key, error, memory=memory)
                    return None
                return _retry(pattern, memory, error)
            except Exception as error:  # one pattern's defect must not end the process: it is told, and retried
                self._errors.record("run", error)
                logger.error("run failed: pattern=%s type=%s", key, type(error).__name__)  # noqa: TRY400 - no message: it may quote an object
                return await self._say_defect(pattern, memory)

    def forget(self, key: PatternKey, *, uid: str) -> None:
        """A pattern is gone: so is all that was known of it. One of the same name that was made since stays."""
        self._memories.pop(uid, None)
        self._rim.children.forget(owner_id(uid))
        self._patterns.forget_owner(uid)
        known = self._patterns.get(key)
        if known is not None and known.metadata.uid == uid:
            self._patterns.forget(key)
            self._rim.referents.forget(key)
            self._rim.kinds.wait(key, ())

    async def _run(self, pattern: DesignPattern, memory: Memory) -> float | None:
        if pattern.metadata.deletion_timestamp:
            return await self._delete(pattern, memory)
        if pattern.spec.suspend:
            await self._writer.status(pattern, status.suspended(pattern, now=self._now()))
            return None
        requested = pattern.metadata.annotations.get(REQUESTED_AT_ANNOTATION)
        if requested != memory.handled_request:
            memory.forget()
            memory.handled_request = requested
        before = pattern.status
        pattern, progress = await self._go(pattern, memory)
        after = await self._writer.status(pattern, status.after(pattern, progress, now=self._now()))
        self._rim.kinds.wait(key_of(pattern), progress.missing)
        self._metrics.outcome(progress.stage, progress.failure.reason if progress.failure else Reason.READY)
        self._tell(pattern, tellings(before, after.status, progress, memory=memory))
        return self._due(pattern, memory, progress)

    async def _go(self, pattern: DesignPattern, memory: Memory) -> tuple[DesignPattern, Progress]:
        """Go the steps; the pattern as it is after what was written ahead."""

        async def ahead(entries: tuple[InventoryEntry, ...], revision: Revision) -> None:
            nonlocal pattern
            pattern = await self._writer.hold(pattern)
            if entries != pattern.status.inventory.entries:
                planned = status.ahead(pattern, entries, revision=revision, now=self._now())
                pattern = await self._writer.status(pattern, planned)

        progress = await run_steps(pattern, memory=memory, rim=self._rim, ahead=ahead)
        return pattern, progress

    async def _delete(self, pattern: DesignPattern, memory: Memory) -> float | None:
        remaining = await delete(pattern, rim=self._rim, writer=self._writer, now=self._now)
        self._tell(pattern, tell_kept(remaining.kept))
        error = remaining.error
        if error is None:
            self.forget(key_of(pattern), uid=pattern.metadata.uid)
            return None
        self._tell(pattern, tell_failure(error, stage=Stage.APPLY, memory=memory))
        return _retry(pattern, memory, error) if isinstance(error, Transient) else None

    def _tell(self, pattern: DesignPattern, events: Iterable[Telling]) -> None:
        for each in events:
            self._recorder.record(pattern, kind=each.kind, reason=each.reason, action=each.stage.value, note=each.note)

    async def _say_unwritable(self, key: PatternKey, error: Stalled, *, memory: Memory) -> None:
        """Say in few words that the status does not fit; a change of the pattern wakes it, and no timer."""
        self._metrics.outcome(Stage.APPLY, error.reason)
        pattern = self._patterns.get(key)
        if pattern is None:
            return
        self._tell(pattern, tell_failure(error, stage=Stage.APPLY, memory=memory))
        try:
            await self._writer.status(pattern, status.unwritable(pattern, error, now=self._now()))
        except (PatternError, Gone) as failed:
            logger.warning("status not written: pattern=%s: %s", key, failed)

    async def _say_defect(self, pattern: DesignPattern, memory: Memory) -> float:
        """Tell of a defect in status, so that nobody takes silence for success."""
        error = Transient(
            reason=Reason.INTERNAL_ERROR,
            message="the operator failed on this pattern by a defect of its own; it is tried again. Please report it"
            " with what the operator's log says.",
        )
        memory.forget()
        self._metrics.outcome(Stage.APPLY, error.reason)
        try:
            defect = status.after(pattern, Progress(stage=Stage.APPLY, failure=error), now=self._now())
            await self._writer.status(pattern, defect)
        except (PatternError, Gone) as failed:
            logger.warning("defect not told: pattern=%s: %s", key_of(pattern), failed)
        return _retry(pattern, memory, error)

    def _due(self, pattern: DesignPattern, memory: Memory, progress: Progress) -> float | None:
        """Seconds until there is something to do that no event tells of; None: never."""
        if isinstance(progress.failure, Transient):
            return _retry(pattern, memory, progress.failure)
        memory.failures = 0
        now, times = self._rim.clock(), list[float]()
        interval = _seconds(pattern.spec.interval)
        if memory.lookup is not None and memory.lookup.reference.mutable:
            times.append(memory.lookup.at + interval - now)
        stalled_here = isinstance(progress.failure, Stalled) and progress.stage not in IN_THE_REGISTRY
        if progress.failure is not None and not stalled_here:
            times.append(interval)
        waiting = progress.health is not None and progress.health.state is not HealthState.CURRENT
        if waiting and not progress.overdue:
            times.append(memory.applied_at + _seconds(pattern.spec.timeout) - now)
        return max(min(times), 0.0) if times else None


def _retry(pattern: DesignPattern, memory: Memory, error: PatternError) -> float:
    memory.failures += 1
    ceiling = timedelta(seconds=_seconds(pattern.spec.retry_interval))
    asked = error.retry_after if isinstance(error, Transient) else None
    return pause(memory.failures, ceiling=ceiling, retry_after=asked, random=random.random).total_seconds()


def _seconds(text: str) -> float:
    """Seconds of a duration that the CRD admitted; one that it should not have is an interval of five minutes."""
    try:
        return parse_duration(text).total_seconds()
    except ValueError:
        return 300.0

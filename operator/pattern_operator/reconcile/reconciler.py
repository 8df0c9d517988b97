"""One run for one pattern: take what is known, go the steps, write what came of it, say when to come again."""

import logging
import random
from collections.abc import Callable
from datetime import datetime, timedelta

from pattern_operator.api.designpattern import REQUESTED_AT_ANNOTATION, DesignPattern
from pattern_operator.api.duration import parse_duration
from pattern_operator.api.reason import Reason
from pattern_operator.api.stage import Stage
from pattern_operator.apply.health import HealthState
from pattern_operator.apply.ownership import owner_id
from pattern_operator.errors import PatternError, Stalled, Transient, Waiting
from pattern_operator.reconcile import status
from pattern_operator.reconcile.backoff import pause
from pattern_operator.reconcile.deleting import delete
from pattern_operator.reconcile.memory import Memory
from pattern_operator.reconcile.patterns import PatternKey, Patterns, key_of
from pattern_operator.reconcile.progress import Progress
from pattern_operator.reconcile.rim import Rim
from pattern_operator.reconcile.steps import Steps
from pattern_operator.reconcile.writer import Gone, Writer
from pattern_operator.telemetry import Metrics, Recorder

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
        now: Callable[[], datetime],
    ) -> None:
        self._patterns = patterns
        self._rim = rim
        self._writer = writer
        self._recorder = recorder
        self._metrics = metrics
        self._now = now
        self._memories: dict[PatternKey, Memory] = {}

    async def run(self, key: PatternKey) -> float | None:
        """Bring one pattern on; seconds until it is due again, or None when only an event can wake it."""
        pattern = self._patterns.get(key)
        if pattern is None:
            return None
        memory = self._memories.setdefault(key, Memory())
        with self._metrics.run():
            try:
                return await self._run(pattern, memory)
            except Gone:
                self.forget(key)
                return None
            except PatternError as error:  # the status itself could not be written
                return self._retry(pattern, memory, error)
            except Exception:  # one pattern's defect must not end the process: it is told, logged whole, and retried
                logger.exception("run failed: pattern=%s", key)
                return self._retry(pattern, memory, None)

    def forget(self, key: PatternKey) -> None:
        """A pattern is gone: so is all that was known of it."""
        pattern = self._patterns.forget(key)
        self._memories.pop(key, None)
        self._rim.referents.forget(key)
        if pattern is not None:
            self._rim.children.forget(owner_id(pattern.metadata.uid))
            self._rim.claims.release(owner_id(pattern.metadata.uid))

    async def _run(self, pattern: DesignPattern, memory: Memory) -> float | None:
        if pattern.metadata.deletion_timestamp:
            return await self._delete(pattern, memory)
        if pattern.spec.suspend:
            await self._writer.status(pattern, status.suspended(pattern, now=self._now()))
            return None
        requested = pattern.metadata.annotations.get(REQUESTED_AT_ANNOTATION)
        if requested != memory.handled_request:
            memory.lookup, memory.refused, memory.verdict, memory.applied = None, None, None, None
        pattern, progress = await self._steps(pattern, memory)
        memory.handled_request = requested
        before = pattern.status
        after = await self._writer.status(pattern, status.after(pattern, progress, now=self._now()))
        await self._recorder.tell(after, progress, before=before, memory=memory)
        self._metrics.outcome(progress)
        return self._due(after, memory, progress)

"""Looks at what runs, and says it: after a restart, while a registry is waited for, and of suspended patterns."""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime

from pattern_operator import limits
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.stage import Stage
from pattern_operator.api.status import Status
from pattern_operator.errors import PatternError
from pattern_operator.reconcile.backoff import seconds_of
from pattern_operator.reconcile.deadline import overrun, within
from pattern_operator.reconcile.following import follow_inventory, is_new, is_whole, see_what_runs
from pattern_operator.reconcile.memory import Memory
from pattern_operator.reconcile.observed import observed, suspended
from pattern_operator.reconcile.patterns import key_of
from pattern_operator.reconcile.progress import Progress
from pattern_operator.reconcile.rim import Rim
from pattern_operator.reconcile.telling import Telling, tell_drift, tell_ready
from pattern_operator.reconcile.writer import Writer
from pattern_operator.telemetry import about

logger = logging.getLogger(__name__)


class Observer:
    """Asks no registry and changes no object. ``tell`` is given the events of a pattern."""

    def __init__(
        self,
        rim: Rim,
        writer: Writer,
        *,
        now: Callable[[], datetime],
        tell: Callable[[DesignPattern, Iterable[Telling]], None],
    ) -> None:
        self._rim = rim
        self._writer = writer
        self._now = now
        self._tell = tell

    async def follow(self, pattern: DesignPattern, memory: Memory) -> None:
        """After a restart: let the objects of the inventory count, before anybody is asked what is to run."""
        memory.followed = True
        try:
            work = follow_inventory(pattern, rim=self._rim)
            await within(limits.MAX_RUN, work, late=lambda: overrun(Stage.HEALTH, seconds=limits.MAX_RUN))
        except PatternError as error:
            said = about(pattern, stage=Stage.HEALTH, reason=error.reason)
            logger.warning("what runs cannot be followed for now: pattern=%s: %s", key_of(pattern), error, extra=said)

    async def observe(self, pattern: DesignPattern, memory: Memory) -> DesignPattern:
        """Say what the watches tell of what runs, whatever else goes on; the pattern as it is then.

        Raises:
            Gone: the resource does not exist any more.
        """
        seen = Progress(stage=Stage.HEALTH, held=memory.held)
        if pattern.status.revision and is_whole(pattern):
            see_what_runs(pattern, memory=memory, rim=self._rim, progress=seen)
        try:
            after = await self._writer.status(pattern, observed(pattern, seen, now=self._now()))
        except PatternError as error:  # the end of the run is written all the same, or tells why not
            logger.warning("status not written: pattern=%s: %s", key_of(pattern), error, extra=about(pattern))
            return pattern
        self._tell_seen(pattern.status, after, seen)
        return after

    async def leave_alone(self, pattern: DesignPattern, memory: Memory) -> float | None:
        """Say what the watches tell of a suspended pattern; seconds until that may change without an event.

        Raises:
            Gone: the resource does not exist any more.
            Stalled, Transient: status could not be written.
        """
        if is_new(pattern, memory):
            await self.follow(pattern, memory)
        seen = Progress(stage=Stage.HEALTH, held=memory.held)
        see_what_runs(pattern, memory=memory, rim=self._rim, progress=seen)
        after = await self._writer.status(pattern, suspended(pattern, seen, now=self._now()))
        self._tell_seen(pattern.status, after, seen)
        return self.health_due(pattern, memory, seen)

    def health_due(self, pattern: DesignPattern, memory: Memory, progress: Progress) -> float | None:
        """Seconds until health has been awaited for as long as the pattern allows; None where it is not."""
        if memory.ill_since is None or progress.health is None or progress.overdue:
            return None
        return max(memory.ill_since + seconds_of(pattern.spec.timeout) - self._rim.clock(), 0.0)

    def _tell_seen(self, before: Status, after: DesignPattern, seen: Progress) -> None:
        self._tell(after, tell_drift(before, after.status, seen.drifted))
        self._tell(after, tell_ready(before, after.status, stage=Stage.HEALTH))

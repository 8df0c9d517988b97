"""Says what came of a run, in status, in events and in metrics, and says so too where status cannot be written."""

import logging
from collections.abc import Callable, Iterable
from typing import Final

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.reason import Reason
from pattern_operator.api.stage import Stage
from pattern_operator.api.status import Status
from pattern_operator.errors import PatternError, Stalled
from pattern_operator.reconcile.events import Event
from pattern_operator.reconcile.pattern_store import PatternStore, key_of
from pattern_operator.reconcile.prerequisites import Prerequisites
from pattern_operator.reconcile.results import Results
from pattern_operator.reconcile.states import StateStore
from pattern_operator.reconcile.status_writer import PatternDeleted, StatusWriter
from pattern_operator.reconcile.summary import Moment, summarize_defect, summarize_unwritable, unwritten
from pattern_operator.telemetry import EventRecorder, Metrics, about

# Seconds until a pattern is retried of which the API server did not keep what was written: what helps is another CRD or
# another webhook, and nobody watches these for it.
AFTER_NOT_KEPT: Final = 60.0

logger = logging.getLogger(__name__)


def record_event(recorder: EventRecorder, pattern: DesignPattern, event: Event) -> None:
    """Record one event of a pattern."""
    recorder.event(pattern, kind=event.kind, reason=event.reason, action=event.stage.value, note=event.note)


class Reporter:
    """Tells users and other patterns of what a run did. ``moment`` is now, for ``summary``."""

    def __init__(
        self,
        *,
        patterns: PatternStore,
        states: StateStore,
        prerequisites: Prerequisites,
        writer: StatusWriter,
        recorder: EventRecorder,
        metrics: Metrics,
        moment: Callable[[], Moment],
    ) -> None:
        self._patterns = patterns
        self._states = states
        self._prerequisites = prerequisites
        self._writer = writer
        self._recorder = recorder
        self._metrics = metrics
        self._moment = moment

    def record(self, pattern: DesignPattern, events: Iterable[Event]) -> None:
        """Record events."""
        for each in events:
            record_event(self._recorder, pattern, each)

    def record_repairs(self, pattern: DesignPattern, results: Results) -> None:
        """Record what drifted and was applied again, in one event."""
        notes = tuple(f"{each}; it was applied again" for each in results.repaired)
        self._recorder.aggregate(pattern, reason=Reason.DRIFT_REPAIRED, action=Stage.APPLY.value, notes=notes)

    def count(self, results: Results) -> None:
        """Count how the run ended."""
        error = results.failure or results.unmet
        self._metrics.record_result(results.stage, error.reason if error is not None else Reason.READY)

    def notify_released(self, pattern: DesignPattern, before: Status, after: Status) -> None:
        """Wake who waits for what left the inventory. What a run writes ahead and takes back was never in it before."""
        if before.inventory.entries != after.inventory.entries:
            left_it = {each.id for each in before.inventory.entries} - {each.id for each in after.inventory.entries}
            self._prerequisites.released(left_it, by=key_of(pattern))

    async def write_if_possible(self, pattern: DesignPattern, status: Status) -> DesignPattern | None:
        """The pattern with this status; None where it cannot be written, which is logged: a later write says it all.

        Raises:
            PatternDeleted: the resource does not exist any more.
        """
        try:
            return await self._writer.status(pattern, status)
        except PatternError as error:
            logger.warning("status not written: pattern=%s: %s", key_of(pattern), error, extra=about(pattern))
            return None

    async def report_unwritten(self, pattern: DesignPattern, error: PatternError) -> float | None:
        """The status could not be written: it is retried; one that does not fit says so in few words."""
        state, moment = self._states.of(pattern), self._moment()
        if not isinstance(error, Stalled):
            state, due = unwritten(pattern, state, error, moment=moment)
            self._states.remember(pattern, state)
            return due
        self._metrics.record_result(Stage.APPLY, error.reason)
        newest = self._patterns.get(key_of(pattern)) or pattern
        summary = summarize_unwritable(newest, state, error, moment=moment)
        self.record(newest, summary.events)
        self._states.remember(pattern, summary.state)
        await self._try_to_write(newest, summary.status)
        return AFTER_NOT_KEPT if error.reason is Reason.INVALID_STATUS else None

    async def report_internal_error(self, pattern: DesignPattern) -> float | None:
        """A run failed by a defect: say so in status, so that nobody takes silence for success."""
        summary = summarize_defect(pattern, self._states.of(pattern), moment=self._moment())
        self._states.remember(pattern, summary.state)
        self._metrics.record_result(Stage.APPLY, Reason.INTERNAL_ERROR)
        await self._try_to_write(pattern, summary.status)
        self.record(pattern, summary.events)
        return summary.due

    async def _try_to_write(self, pattern: DesignPattern, status: Status) -> None:
        try:
            await self.write_if_possible(pattern, status)
        except PatternDeleted as deleted:
            logger.warning("status not written: pattern=%s: %s", key_of(pattern), deleted, extra=about(pattern))

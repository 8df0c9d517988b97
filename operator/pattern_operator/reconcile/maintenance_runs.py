"""The sorts of runs of one pattern that go no steps: what runs is repaired, observed, or followed after a restart.

As in ``runs``, each takes the state, writes what ``summary`` makes of the results, and remembers the new state.
"""

import logging
from collections.abc import Callable
from dataclasses import replace

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.stage import Stage
from pattern_operator.errors import PatternError
from pattern_operator.reconcile.drift import waiting_repairs
from pattern_operator.reconcile.maintain import follow_inventory, keep_up
from pattern_operator.reconcile.masked_status import masked
from pattern_operator.reconcile.observed import observed
from pattern_operator.reconcile.pattern_store import PatternKey, PatternStore, key_of
from pattern_operator.reconcile.prerequisites import Prerequisites
from pattern_operator.reconcile.reporting import Reporter
from pattern_operator.reconcile.results import Results
from pattern_operator.reconcile.run import Ports, Run
from pattern_operator.reconcile.states import StateStore, is_new
from pattern_operator.reconcile.status_writer import StatusWriter
from pattern_operator.reconcile.steps.observe import is_whole
from pattern_operator.reconcile.summary import Moment, summarize_observation, summarize_suspended
from pattern_operator.reconcile.trust import look_at_suspended
from pattern_operator.reconcile.waking import Woken
from pattern_operator.telemetry import about

logger = logging.getLogger(__name__)


class MaintenanceRuns:
    """Looks after what runs of a pattern. ``moment`` is now, for ``summary``."""

    def __init__(
        self,
        *,
        patterns: PatternStore,
        states: StateStore,
        ports: Ports,
        prerequisites: Prerequisites,
        writer: StatusWriter,
        reporter: Reporter,
        moment: Callable[[], Moment],
    ) -> None:
        self._patterns = patterns
        self._states = states
        self._ports = ports
        self._cluster = ports.cluster
        self._prerequisites = prerequisites
        self._writer = writer
        self._reporter = reporter
        self._moment = moment

    async def report_waiting_repair(self, key: PatternKey) -> None:
        """Say what is missing or differs of a pattern whose repair waits for a worker; nothing where nothing is.

        Raises:
            PatternDeleted: the resource does not exist any more.
        """
        pattern = self._patterns.get(key)
        if pattern is None or self._states.get(pattern) is None or pattern.spec.suspend:
            return
        drifted = waiting_repairs(pattern, managed=self._cluster.managed)
        if not drifted or not pattern.status.revision or not is_whole(pattern):
            return
        run = self._looking(pattern)
        run.observe_if_known()
        after = observed(pattern, replace(run.results, drifted=drifted), now=self._moment().now)
        after = masked(after, self._ports.mask(pattern))
        if after == pattern.status:
            return
        try:
            await self._writer.first_status(pattern, after)
        except PatternError as error:  # mostly: its run has begun, and says more
            logger.debug("waiting repair not reported: pattern=%s: %s", key, error, extra=about(pattern))

    async def keep_up(self, pattern: DesignPattern, woken: Woken, results: Results) -> Results:
        """Repair what drifted, as far as that asks no registry; ``results`` with what came of it."""
        run = Run(pattern, self._states.of(pattern), ports=self._ports, results=results)
        try:
            await keep_up(run, touched=frozenset(each.key for each in woken.events))
        finally:
            self._states.remember(pattern, run.state)
        if run.results.needs:
            self._prerequisites.wait(key_of(pattern), run.results.needs)
        self._reporter.record_repairs(pattern, run.results)
        return run.results

    async def follow(self, pattern: DesignPattern) -> None:
        """After a restart: let the objects of the inventory count before anything else."""
        run = Run(pattern, self._states.of(pattern), ports=self._ports)
        await follow_inventory(run)
        self._states.remember(pattern, run.state)

    async def observe(self, pattern: DesignPattern) -> DesignPattern:
        """Say what the watches tell of what runs, whatever else goes on; the pattern as it is then.

        Raises:
            PatternDeleted: the resource does not exist any more.
        """
        run = self._looking(pattern)
        if pattern.status.revision and is_whole(pattern):
            run.observe_if_known()
            self._states.remember(pattern, run.state)
        mask = self._ports.mask(pattern)
        summary = summarize_observation(pattern, run.state, run.results, moment=self._moment(), mask=mask)
        after = await self._reporter.write_if_possible(pattern, summary.status)
        if after is None:
            return pattern
        self._reporter.record(after, summary.events)
        return after

    def _looking(self, pattern: DesignPattern) -> Run:
        state = self._states.of(pattern)
        results = Results(stage=Stage.HEALTH, held=state.caches.lookups.held)
        return Run(pattern, state, ports=self._ports, results=results)

    async def leave_alone(self, pattern: DesignPattern) -> float | None:
        """Say what the watches tell of a suspended pattern; seconds until that may change without an event.

        Raises:
            PatternDeleted: the resource does not exist any more.
            Stalled, Transient: status could not be written.
        """
        if is_new(pattern, self._states.of(pattern)):
            await self.follow(pattern)
        run = self._looking(pattern)
        run.observe_if_known()
        await look_at_suspended(run)
        self._states.remember(pattern, run.state)
        mask = self._ports.mask(pattern)
        summary = summarize_suspended(pattern, run.state, run.results, moment=self._moment(), mask=mask)
        after = await self._writer.status(pattern, summary.status)
        self._reporter.record(after, summary.events)
        return summary.due

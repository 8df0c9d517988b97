"""One run for one pattern: take what is known, go the steps, write what came of it, say when to come again.

This is where values meet effects: runs begin and end here, status is written and events are recorded.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.apply import owner_id
from pattern_operator.errors import PatternError
from pattern_operator.fair_queue import Lanes
from pattern_operator.internal_errors import InternalErrors
from pattern_operator.reconcile.backoff import CLOCK_SLACK
from pattern_operator.reconcile.deadline import Superseded
from pattern_operator.reconcile.lanes import lanes_of
from pattern_operator.reconcile.pattern_store import PatternKey, PatternStore, key_of, lacks_finalizer
from pattern_operator.reconcile.prerequisites import Prerequisites
from pattern_operator.reconcile.results import Results
from pattern_operator.reconcile.run import Ports
from pattern_operator.reconcile.runs import Runs
from pattern_operator.reconcile.state import Nothing, State
from pattern_operator.reconcile.states import StateStore, is_new
from pattern_operator.reconcile.status_writer import PatternDeleted, StatusWriter
from pattern_operator.reconcile.steps.resolve import has_new_login, is_known
from pattern_operator.reconcile.summary import earliest
from pattern_operator.reconcile.waking import Plan, Waker, Woken, plan
from pattern_operator.telemetry import EventRecorder, Metrics, about

AFTER_DEFECT = 300.0  # seconds until a pattern is retried whose status cannot even say what failed

logger = logging.getLogger(__name__)


class Reconciler:
    """Decides how to run a pattern. All it keeps is state that can be lost."""

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
        self._metrics = metrics
        self._errors = internal_errors
        self._waker = waker
        self._states = StateStore(kept)
        self._runs = Runs(
            patterns=patterns,
            states=self._states,
            ports=ports,
            prerequisites=prerequisites,
            writer=writer,
            recorder=recorder,
            metrics=metrics,
            now=now,
            waker=waker,
        )

    async def run(self, key: PatternKey) -> float | None:
        """Bring one pattern on; seconds until it is due again, or None when only an event can wake it. Never raises."""
        try:
            return await self._run_and_report(key)
        except Exception as error:  # a defect in what tells of a defect
            self._errors.record("run", error)
            return AFTER_DEFECT

    async def _run_and_report(self, key: PatternKey) -> float | None:
        pattern = self._patterns.get(key)
        if pattern is None:
            self._waker.forget(key)
            return None
        self._states.begin(pattern, moment=self._runs.moment())
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
                return await self._runs.reporter.report_unwritten(pattern, error)
            except Exception as error:  # one pattern's defect must not end the process: it is told, and retried
                self._errors.record("run", error)
                logger.error("run failed: pattern=%s type=%s", key, type(error).__name__, extra=about(pattern))  # noqa: TRY400 - no message: it may quote an object
                return await self._runs.reporter.report_internal_error(pattern)

    def lanes(self, key: PatternKey) -> Lanes:
        """What the next run of a pattern counts for; one that asks no registry is not held up by those that do."""
        pattern = self._patterns.get(key)
        state = self._states.get(pattern) if pattern is not None else None
        if pattern is None or pattern.metadata.deletion_timestamp or pattern.spec.suspend:
            return lanes_of(key, None)
        if state is None:
            return lanes_of(key, None if pattern.status.inventory.entries else pattern)
        asks = True
        with self._errors.contain("lanes"):  # the queue asks, and serves all patterns
            woken = self._waker.pending(key, ends_failure=state.is_ended_by)
            asks = self._plan(pattern, state, woken) is Plan.WHOLE and self._asks(pattern, state, woken)
        return lanes_of(key, pattern, asks=asks)

    async def report_waiting_repair(self, key: PatternKey) -> None:
        """As ``Runs.report_waiting_repair``."""
        await self._runs.maintenance.report_waiting_repair(key)

    def what_is_kept(self) -> dict[str, State]:
        """What stays true of patterns when the cluster may have changed unseen: what registries and keys said."""
        return self._states.of_registries()

    def forget(self, key: PatternKey, *, uid: str) -> None:
        """A pattern is gone: so is all that was known of it. One of the same name that was made since stays."""
        self._states.forget(uid)
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
        key, state = key_of(pattern), self._states.of(pattern)
        woken = self._waker.begin(key, ends_failure=state.is_ended_by)
        if pattern.metadata.deletion_timestamp:
            self._cluster.transfers.leave(owner_id(pattern.metadata.uid))
            return await self._runs.delete(pattern, woken)
        if lacks_finalizer(pattern):
            pattern = await self._writer.add_finalizer(pattern)
        if pattern.spec.suspend:
            self._cluster.transfers.pattern_suspended(owner_id(pattern.metadata.uid))
            return await self._runs.maintenance.leave_alone(pattern)
        return await self._bring_on(pattern, woken)

    async def _bring_on(self, pattern: DesignPattern, woken: Woken) -> float | None:
        """Follow what there is, and go on as planned."""
        state = self._states.of(pattern)
        if self._follows_login(pattern, state, woken):
            state = state.with_lookups(replace(state.caches.lookups, login_changed=True))
            self._states.remember(pattern, state)
        if is_new(pattern, state):
            await self._runs.maintenance.follow(pattern)
            return await self._observe_first(pattern, woken)
        match self._plan(pattern, state, woken):
            case Plan.UPKEEP:
                return await self._runs.upkeep(pattern, woken)
            case Plan.UPKEEP_FIRST:
                await self._runs.maintenance.keep_up(pattern, woken, Results())
                return await self._observe_first(pattern, woken)
        return await self._runs.all_steps(pattern)

    async def _observe_first(self, pattern: DesignPattern, woken: Woken) -> float:
        """Say what the watches know of what runs; the run that it was woken for follows at once."""
        await self._runs.maintenance.observe(pattern)
        if woken.whole:
            self._waker.keep_asking(key_of(pattern))
        return 0.0

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

"""The sorts of runs of one pattern: all the steps, upkeep while a back-off lasts, and its end.

Each takes the state, lets the steps run, writes what ``summary`` makes of their results, and remembers the new state.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial

import msgspec

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.reference import Revision
from pattern_operator.api.status import HooksStatus, InventoryEntry, Status
from pattern_operator.apply import FinalizeResult, owner_id
from pattern_operator.errors import PatternError
from pattern_operator.reconcile import deletion_hooks
from pattern_operator.reconcile import status as statuses
from pattern_operator.reconcile.ahead_writer import AheadWriter
from pattern_operator.reconcile.backoff import CLOCK_SLACK
from pattern_operator.reconcile.deadline import Beside, once_it_lasts, whenever
from pattern_operator.reconcile.finalize import finalize
from pattern_operator.reconcile.lanes import host_of
from pattern_operator.reconcile.maintenance_runs import MaintenanceRuns
from pattern_operator.reconcile.pattern_change import note_run
from pattern_operator.reconcile.pattern_store import PatternStore, key_of
from pattern_operator.reconcile.pipeline import run_steps
from pattern_operator.reconcile.prerequisites import Prerequisites
from pattern_operator.reconcile.queue_report import asked_for, is_in_line
from pattern_operator.reconcile.reached import is_known_otherwise
from pattern_operator.reconcile.reporting import Reporter
from pattern_operator.reconcile.results import Results
from pattern_operator.reconcile.run import Ports, Run
from pattern_operator.reconcile.states import StateStore
from pattern_operator.reconcile.status_writer import PatternDeleted, StatusWriter
from pattern_operator.reconcile.summary import (
    Moment,
    left,
    summarize,
    summarize_deletion,
    summarize_upkeep,
    unreported,
)
from pattern_operator.reconcile.waking import Waker, Woken
from pattern_operator.reconcile.write_ahead import is_needed
from pattern_operator.telemetry import EventRecorder, Metrics

LASTS = 2.0  # seconds that a registry is waited for until status says so, where it says nothing of the spec yet
APPLY_LASTS = 1.5  # seconds that objects are applied until status says so

logger = logging.getLogger(__name__)


class Runs:
    """Runs a pattern in one way or another. ``Reconciler`` decides in which."""

    def __init__(
        self,
        *,
        patterns: PatternStore,
        states: StateStore,
        ports: Ports,
        prerequisites: Prerequisites,
        writer: StatusWriter,
        recorder: EventRecorder,
        metrics: Metrics,
        now: Callable[[], datetime],
        waker: Waker,
    ) -> None:
        self._patterns = patterns
        self._states = states
        self._ports = ports
        self._cluster, self._clock = ports.cluster, ports.clock
        self._prerequisites = prerequisites
        self._writer = writer
        self._now = now
        self._waker = waker
        self._ahead = AheadWriter(patterns, writer, now=now)
        self.reporter = Reporter(
            patterns=patterns,
            states=states,
            prerequisites=prerequisites,
            writer=writer,
            recorder=recorder,
            metrics=metrics,
            moment=self.moment,
        )
        self.maintenance = MaintenanceRuns(
            patterns=patterns,
            states=states,
            ports=ports,
            prerequisites=prerequisites,
            writer=writer,
            reporter=self.reporter,
            moment=self.moment,
        )

    async def all_steps(self, pattern: DesignPattern) -> float | None:
        """Go all the steps, as far as possible; seconds until the pattern is due again, None for never."""
        requested, state = pattern.metadata.annotations.requested_at, self._states.of(pattern)
        if requested != state.handled_request:
            if state.running is not None:  # what may have ended unseen was reported: whoever asks now knows of it
                self._cluster.managed.rerun_finished(owner_id(pattern.metadata.uid))
            self._states.remember(pattern, replace(state.asked_again(), handled_request=requested))
        before, generation = pattern.status, pattern.metadata.generation
        with self._prerequisites.during(key_of(pattern)):
            pattern, results, reported = await self._run_steps(pattern)
            note_run(pattern, results, transfers=self._cluster.transfers, generation=generation)
            state = self._states.of(pattern)
            told = pattern if results.partly else statuses.not_begun(pattern, before)
            summary = summarize(
                told, state, results, reported=reported, moment=self.moment(), mask=self._ports.mask(pattern)
            )
            self._states.remember(pattern, unreported(state, results))
            await self._writer.status(pattern, summary.status)
            self._prerequisites.wait(key_of(pattern), results.needs)
        self.reporter.notify_released(pattern, before, summary.status)
        self.reporter.count(results)
        self.reporter.record_repairs(pattern, results)
        self.reporter.record(pattern, summary.events)
        self._states.remember(pattern, summary.state)
        return summary.due

    async def _run_steps(self, pattern: DesignPattern) -> tuple[DesignPattern, Results, Status]:
        """Go the steps; the pattern as it is after what was written ahead, and the status that events told of last."""
        asked, reported = pattern, pattern.status  # as it was when the run began

        @asynccontextmanager
        async def on_record(entries: tuple[InventoryEntry, ...], revision: Revision) -> AsyncIterator[None]:
            nonlocal pattern
            leaves = is_known_otherwise(pattern, run.results.policy, revision=revision)
            needed = is_needed(pattern, entries, leaves=leaves)
            to = revision if leaves else None
            verification = run.results.verification
            signatures = verification.signatures if verification is not None else ()
            pattern = await self._ahead.write(pattern, entries if needed else (), to=to, signatures=signatures)

            async def say_so() -> None:
                nonlocal pattern
                if needed and not pattern.status.last_applied_state:  # else nothing new is asked for
                    now = self._now()
                    applying = statuses.applying(pattern, revision=revision, now=now, signatures=signatures)
                    pattern = await self.reporter.write_if_possible(pattern, applying) or pattern

            async with (
                once_it_lasts(APPLY_LASTS, say_so),
                whenever(happened, partial(self._ahead.keep_finalizer, asked)),
            ):
                yield

        async def write_hooks(record: HooksStatus, entries: tuple[InventoryEntry, ...]) -> None:
            nonlocal pattern
            pattern = await self._ahead.write_hooks(pattern, record, entries)

        async def keep() -> None:
            nonlocal pattern, reported
            lasts = clock() - begun >= LASTS - CLOCK_SLACK
            if lasts and (statuses.is_silent(pattern) or is_in_line(pattern)):
                pattern = await self._say_what_is_asked(pattern)
            await asyncio.sleep(self._waker.wait_for_events(key_of(asked)))  # they come in crowds
            woken = Woken(events=self._waker.take_events(key_of(asked)))
            self._states.remember(asked, run.state)
            if woken.events:
                await self.maintenance.keep_up(asked, woken, Results())
            seen = await self.maintenance.observe(pattern)
            run.state = self._states.of(asked)
            if seen is not pattern:
                pattern, reported = seen, seen.status

        def superseded() -> bool:
            newest = self._patterns.get(key_of(asked))
            return newest is None or _wish(newest) != _wish(asked)

        clock = asyncio.get_running_loop().time
        begun = clock()
        with self._waker.during(key_of(pattern)) as happened:
            timer = asyncio.get_running_loop().call_later(LASTS, happened.set)
            beside = Beside(happened, keep, superseded)
            run = Run(
                pattern,
                self._states.of(pattern),
                ports=self._ports,
                on_record=on_record,
                beside=beside,
                write_hooks=write_hooks,
            )
            try:
                await run_steps(run)
            finally:
                timer.cancel()
                self._states.remember(asked, run.state)
        return pattern, run.results, reported

    async def _say_what_is_asked(self, pattern: DesignPattern) -> DesignPattern:
        words = f"asks {host_of(pattern) or 'the registry'} for {asked_for(pattern)}"
        waiting = statuses.waiting(pattern, words, now=self._now())
        return await self.reporter.write_if_possible(pattern, waiting) or pattern

    async def upkeep(self, pattern: DesignPattern, woken: Woken) -> float | None:
        """The back-off lasts: look after what runs, say what became of it, and come again when it is over."""
        failed = self._states.of(pattern).failed
        if failed is None or failed.results is None:
            return left(self._states.of(pattern), clock=self._clock())
        results = await self.maintenance.keep_up(pattern, woken, failed.results)
        summary = summarize_upkeep(
            pattern, self._states.of(pattern), results, moment=self.moment(), mask=self._ports.mask(pattern)
        )
        await self._writer.status(pattern, summary.status)
        self.reporter.notify_released(pattern, pattern.status, summary.status)
        self.reporter.record(pattern, summary.events)
        self._states.remember(pattern, summary.state)
        return summary.due

    async def delete(self, pattern: DesignPattern, woken: Woken) -> float | None:
        """Delete the objects as far as they can go now; seconds until the pattern is due again, None for an event.

        Raises:
            PatternDeleted: nothing is left, and the finalizer is removed.
        """
        state = self._states.of(pattern)
        waits = state.failed is not None and self._clock() < state.failed.retry_at - CLOCK_SLACK
        if waits and not woken.whole and not any(map(state.is_ended_by, woken.events)):
            return left(state, clock=self._clock())
        with self._prerequisites.during(key_of(pattern)):
            pattern, remaining, left_out = await self._take_down(pattern)
            state = self._states.of(pattern)
            summary = summarize_deletion(pattern, state, remaining, moment=self.moment(), left_out=left_out)
            if remaining.error is None:
                await self._writer.remove_finalizer(pattern)
            else:
                await self._writer.status(pattern, summary.status)
            self._prerequisites.wait(key_of(pattern), remaining.needs)
        self.reporter.record(pattern, summary.events)
        self._states.remember(pattern, summary.state)
        if remaining.error is None:
            raise PatternDeleted(key_of(pattern))
        return summary.due

    async def _take_down(self, pattern: DesignPattern) -> tuple[DesignPattern, FinalizeResult, tuple[str, ...]]:
        """Let the objects go, with the hooks around that; the pattern then, what is left, and which hooks were not run.

        Where a hook is under way, or failed before the deletion, all objects are left.
        """

        async def write_hooks(record: HooksStatus, entries: tuple[InventoryEntry, ...]) -> None:
            nonlocal pattern
            pattern = await self._ahead.write_hooks(pattern, record, entries)

        run = Run(pattern, self._states.of(pattern), ports=self._ports, write_hooks=write_hooks)
        left_out = list[str]()
        try:
            left_out.append(await deletion_hooks.before_deletion(run))
            remaining = await finalize(pattern, port=self._cluster, now=self._now())
            if remaining.error is None and deletion_hooks.has_hooks(run):
                run.results = replace(run.results, inventory=())
                left_out.append(await deletion_hooks.after_deletion(run))
        except PatternError as error:
            entries = pattern.status.inventory.entries if run.results.inventory is None else run.results.inventory
            remaining = FinalizeResult(entries=entries, error=error)
        self._states.remember(pattern, run.state)
        if run.results.hooks is not None and remaining.error is not None:
            status = msgspec.structs.replace(pattern.status, hooks=run.results.hooks)
            pattern = await self._writer.status(pattern, status)
        return pattern, remaining, tuple(filter(None, left_out))

    # --- helpers ---

    def moment(self) -> Moment:
        """Now, for ``summary``."""
        return Moment(now=self._now(), clock=self._clock(), jitter=self._ports.jitter())


def _wish(pattern: DesignPattern) -> tuple[object, ...]:
    """What a run is for: another one of these, and it is for nothing."""
    metadata = pattern.metadata
    return metadata.uid, metadata.generation, metadata.deletion_timestamp

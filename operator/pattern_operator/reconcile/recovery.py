"""What a run has made that was cut short: found by one list by owner label a kind, and put into the inventory.

A run is cut short when its process ends, or when its status could not be written. The inventory does not have then what
the run made, but the annotation ``writeAhead`` has the kinds (``write_ahead``). What is found is the pattern's as far
as its label and an entry of our apply say so; and before anything of it is deleted, that is looked at again.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import msgspec

from pattern_operator import limits
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.stage import Stage
from pattern_operator.api.status import Inventory, InventoryEntry
from pattern_operator.api.write_ahead import WriteAhead
from pattern_operator.apply import Wanted, inventory
from pattern_operator.errors import PatternError
from pattern_operator.reconcile import status as statuses
from pattern_operator.reconcile.backoff import CLOCK_SLACK
from pattern_operator.reconcile.deadline import overrun, within
from pattern_operator.reconcile.owner import owned_keys
from pattern_operator.reconcile.pattern_store import PatternStore
from pattern_operator.reconcile.reporting import Reporter
from pattern_operator.reconcile.results import Results
from pattern_operator.reconcile.states import StateStore
from pattern_operator.reconcile.status_writer import StatusWriter
from pattern_operator.reconcile.summary import Moment, left, summarize
from pattern_operator.reconcile.waking import Woken


class FindPort(Protocol):
    """Where objects are found by owner label; see cluster.Cluster."""

    async def find(self, pattern: DesignPattern, wanted: Wanted) -> tuple[InventoryEntry, ...]: ...  # noqa: D102


async def find_made(pattern: DesignPattern, ahead: WriteAhead, *, port: FindPort) -> tuple[InventoryEntry, ...]:
    """The inventory of ``pattern`` with all that came of ``ahead``.

    Kinds of the inventory are listed too: whoever changed the annotation may have taken one out of it.

    Raises:
        Stalled: the inventory in status cannot be read, no account may be used, or too much carries the label.
        Transient: a kind could not be listed, or it takes too long.
    """
    owned = owned_keys(pattern)
    kinds = frozenset(each.group_kind for each in owned) | frozenset(ahead.group_kinds)
    named = frozenset(ahead.namespaces)
    namespaces = named | {each.namespace for each in owned if each.namespace} if named else frozenset[str]()
    finding = port.find(pattern, Wanted(kinds=kinds, namespaces=namespaces, since=ahead.since))
    found = await within(limits.MAX_RUN, finding, late=lambda: overrun(Stage.APPLY, seconds=limits.MAX_RUN))
    return inventory.union(found, pattern.status.inventory.entries)


def with_inventory(pattern: DesignPattern, entries: tuple[InventoryEntry, ...]) -> DesignPattern:
    """``pattern`` with this inventory in its status, which is not written."""
    held = Inventory(count=len(entries), entries=entries)
    return msgspec.structs.replace(pattern, status=msgspec.structs.replace(pattern.status, inventory=held))


class Recovery:
    """Goes on after a run that was cut short. ``moment`` is now, for ``summary``."""

    def __init__(
        self,
        *,
        patterns: PatternStore,
        states: StateStore,
        cluster: FindPort,
        writer: StatusWriter,
        reporter: Reporter,
        moment: Callable[[], Moment],
    ) -> None:
        self._patterns = patterns
        self._states = states
        self._cluster = cluster
        self._writer = writer
        self._reporter = reporter
        self._moment = moment

    async def recover(
        self, pattern: DesignPattern, ahead: WriteAhead, woken: Woken
    ) -> tuple[DesignPattern | None, float | None]:
        """Take what such a run has made into the inventory; the pattern as it is then.

        None where that is not known; it is said, and beside it are the seconds until it is tried again. Nothing else is
        done before.

        Raises:
            PatternDeleted: the resource does not exist any more.
            Stalled, Transient: status could not be written.
        """
        state, moment = self._states.of(pattern), self._moment()
        if state.failed is not None and not woken.whole and moment.clock < state.failed.retry_at - CLOCK_SLACK:
            return None, left(state, clock=moment.clock)
        try:
            entries = await find_made(pattern, ahead, port=self._cluster)
        except PatternError as error:
            return None, await self._report(pattern, error)
        recovered = await self._writer.status(pattern, statuses.recovered(pattern, entries, now=moment.now))
        self._patterns.account(recovered)
        self._states.remember(pattern, replace(state, failed=None))
        return recovered, None

    async def _report(self, pattern: DesignPattern, error: PatternError) -> float | None:
        state = self._states.of(pattern)
        results = Results(stage=Stage.APPLY, failure=error, policy=state.caches.policy)
        summary = summarize(pattern, state, results, reported=pattern.status, moment=self._moment())
        await self._writer.status(pattern, summary.status)
        self._reporter.count(results)
        self._reporter.record(pattern, summary.events)
        self._states.remember(pattern, summary.state)
        return summary.due

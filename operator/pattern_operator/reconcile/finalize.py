"""The end of a pattern: its objects go first, then the finalizer, and nothing holds it without saying so.

The finalizer itself is put there and taken off by ``status_writer``; how objects are deleted is in ``apply.finalize``.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from pattern_operator import limits
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.reason import Reason
from pattern_operator.api.stage import Stage
from pattern_operator.api.status import InventoryEntry
from pattern_operator.apply import FinalizeResult, nothing_deleted
from pattern_operator.errors import Stalled, Transient, Waiting
from pattern_operator.reconcile.deadline import overrun, within
from pattern_operator.reconcile.deletion_advice import advice_in
from pattern_operator.reconcile.owner import owned_keys, owner_of


class DeletePort(Protocol):
    """What a deletion may do; see cluster.Cluster."""

    def account(self, pattern: DesignPattern) -> str | None: ...  # noqa: D102 - see the class
    async def delete(self, pattern: DesignPattern, entries: Collection[InventoryEntry]) -> FinalizeResult: ...  # noqa: D102 - see the class


async def finalize(pattern: DesignPattern, *, port: DeletePort, now: datetime) -> FinalizeResult:
    """Take the objects down as far as that is possible now.

    Returns:
        What was kept, and what is left and why; without an error the resource may go.
    """
    if pattern.metadata.finalizers.ours is None or pattern.spec.apply.deletion_policy == "Orphan":
        return FinalizeResult()
    remaining = await _step(pattern, port=port)
    if remaining.error is None or not remaining.advice or advice_in(pattern, remaining, now=now):
        return remaining
    error = Waiting(reason=Reason.DELETING, message=f"{remaining.message} {remaining.advice}")
    return FinalizeResult(remaining.entries, remaining.skipped, error)


async def _step(pattern: DesignPattern, *, port: DeletePort) -> FinalizeResult:
    """Delete what can go now; where the inventory cannot be read, or no account may be used, all is left."""
    entries = pattern.status.inventory.entries
    if not entries:
        return FinalizeResult()
    try:
        owned_keys(pattern)
        port.account(pattern)
    except Stalled as error:
        return nothing_deleted(entries, owner=owner_of(pattern), error=error)
    deleting, late = port.delete(pattern, entries), lambda: overrun(Stage.APPLY, seconds=limits.MAX_RUN)
    try:
        return await within(limits.MAX_RUN, deleting, late=late)
    except Transient as error:
        return FinalizeResult(entries=entries, error=error)

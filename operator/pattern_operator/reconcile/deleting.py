"""The end of a pattern: its objects go first, then the finalizer, and nothing holds it without saying so."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from pattern_operator import limits
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.reason import Reason
from pattern_operator.api.stage import Stage
from pattern_operator.apply import FinalizeResult, finalize, nothing_deleted
from pattern_operator.errors import Stalled, Transient, Waiting
from pattern_operator.reconcile import status
from pattern_operator.reconcile.deadline import overrun, within
from pattern_operator.reconcile.owning import owned_keys, owner_of
from pattern_operator.reconcile.rim import Rim
from pattern_operator.reconcile.tenancy import account_of
from pattern_operator.reconcile.writer import Writer

PATIENCE: Final = 120.0  # seconds of a deletion; pods have 30 to end, and a few waves follow each other


async def delete(pattern: DesignPattern, *, rim: Rim, writer: Writer, now: Callable[[], datetime]) -> FinalizeResult:
    """Take the objects down as far as that is possible now.

    Returns:
        What was kept, and what is left and why, as status says it too; without an error the resource may go.

    Raises:
        Gone: the resource does not exist any more.
        Transient: the API server could not be asked, or refused the write.
    """
    if pattern.metadata.finalizers.ours is None:
        return FinalizeResult()
    if pattern.spec.apply.deletion_policy == "Orphan":
        await writer.release(pattern)
        return FinalizeResult()
    remaining = await _step(pattern, rim=rim)
    if remaining.error is None:
        await writer.release(pattern)
        return remaining
    error = remaining.error
    if remaining.advice and not advice_in(pattern, remaining, now=now()):
        error = Waiting(reason=Reason.DELETING, message=f"{remaining.message} {remaining.advice}")
        remaining = FinalizeResult(remaining.entries, remaining.skipped, error)
    left = status.deleting(pattern, remaining.entries, error=error, now=now())
    await writer.status(pattern, left)
    return remaining


def advice_in(pattern: DesignPattern, remaining: FinalizeResult, *, now: datetime) -> float | None:
    """Seconds until it is said how to let go of what goes by itself, but takes long; None where that was said."""
    if not remaining.advice:
        return None
    try:
        began = datetime.fromisoformat(pattern.metadata.deletion_timestamp or "")
    except ValueError:
        return 0.0
    return max((began - now).total_seconds() + PATIENCE, 0.0)


async def _step(pattern: DesignPattern, *, rim: Rim) -> FinalizeResult:
    """Delete what can go now; where the inventory cannot be read, or no account may be used, all is left."""
    entries = pattern.status.inventory.entries
    if not entries:
        return FinalizeResult()
    try:
        owned_keys(pattern)
        account = account_of(pattern, tenancy=rim.tenancy)
    except Stalled as error:
        return nothing_deleted(entries, owner=owner_of(pattern), error=error)
    step = finalize(entries, owner=owner_of(pattern), deleter=rim.deleter, impersonate=account)
    try:
        return await within(limits.MAX_RUN, step, late=lambda: overrun(Stage.APPLY, seconds=limits.MAX_RUN))
    except Transient as error:
        return FinalizeResult(entries=entries, error=error)

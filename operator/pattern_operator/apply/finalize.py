"""The end of a pattern: its objects go wave by wave, and each wave is really gone before the next one goes.

One call is one step; the reconciler calls again when a notification says that something went.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from pattern_operator.api.object import ObjectKey, pluralize
from pattern_operator.api.reason import Reason
from pattern_operator.api.status import InventoryEntry
from pattern_operator.apply.delete import Deleter
from pattern_operator.apply.delete_result import Deletion, DeletionOutcome
from pattern_operator.apply.delete_waves import DeletedWaves, delete_in_waves
from pattern_operator.apply.need import Need
from pattern_operator.apply.ownership import Owner
from pattern_operator.apply.result import rest_after, summarize
from pattern_operator.errors import PatternError, Stalled, Transient, Waiting


@dataclass(frozen=True, slots=True)
class FinalizeResult:
    """What is left after a step. Without ``entries`` the pattern may go; ``skipped`` were not deleted, with the reason.

    ``error`` says what is left and why, and how to keep it in the cluster: Waiting when a notification will continue
    the deletion, Transient when it has to be retried; None when nothing is left. Where the deletion continues by
    itself, ``advice`` says how to keep the objects, for when it takes long.
    """

    entries: tuple[InventoryEntry, ...] = ()
    skipped: tuple[tuple[ObjectKey, str], ...] = ()
    error: PatternError | None = None
    advice: str = ""
    needs: frozenset[Need] = frozenset()  # what would end the failures in it

    @property
    def message(self) -> str:
        """What is left and why, for people; empty when nothing is."""
        return self.error.message if self.error else ""


async def finalize(
    entries: Iterable[InventoryEntry], *, owner: Owner, deleter: Deleter, impersonate: str | None = None
) -> FinalizeResult:
    """Delete the objects of ``entries``, as far as the order (``delete_waves``) allows without waiting."""
    done = await delete_in_waves(
        entries, owner=owner, deleter=deleter, impersonate=impersonate, otherwise=Reason.DELETION_FAILED
    )
    skipped = tuple((each.key, each.message) for each in done.skipped)
    return _remaining(done, skipped=skipped, owner=owner) if done.pending else FinalizeResult(skipped=skipped)


def nothing_deleted(entries: Iterable[InventoryEntry], *, owner: Owner, error: Stalled) -> FinalizeResult:
    """Nothing was deleted because of ``error``: all of ``entries`` are left, and it is said how to keep them."""
    entries = tuple(entries)
    message = f"{pluralize(len(entries))} left: {error.message} {let_go(owner)}"
    return FinalizeResult(entries=entries, error=Stalled(reason=error.reason, message=message))


def let_go(owner: Owner) -> str:
    """How to let a pattern go without its objects, a sentence."""
    return f"To keep them in the cluster instead: {orphan_command(owner)}"


def orphan_command(owner: Owner) -> str:
    """What lets a pattern go, keeps its objects, and runs none of its hooks."""
    return (
        f"kubectl patch designpattern {owner.name} -n {owner.namespace}"
        """ --type merge -p '{"spec":{"apply":{"deletionPolicy":"Orphan"}}}'"""
    )


def _remaining(done: DeletedWaves, *, skipped: tuple[tuple[ObjectKey, str], ...], owner: Owner) -> FinalizeResult:
    pending = sorted(done.pending, key=lambda each: (each.outcome is not DeletionOutcome.FAILED, each.key))
    after = f"; {len(done.untouched)} more go after them" if done.untouched else ""
    left, what = f"{pluralize(len(done.remaining))} left", f"{summarize(pending)}{after}"
    keeps = f"DesignPattern {owner.namespace}/{owner.name} is kept until they are deleted."
    if all(each.failure is None and each.watched and not each.holders for each in pending):
        error = Waiting(reason=Reason.DELETING, message=f"{left}: {what}. It continues by itself.")
        return FinalizeResult(done.remaining, skipped, error, advice=let_go(owner))
    match sum(each.failure is not None for each in pending):
        case 0:
            message = f"{left}: {what}. {let_go(owner)}"
        case 1:
            message = f"{left}: {what}. {keeps} {let_go(owner)}"
        case _:  # a list of refusals may be cut, and not the way out of it
            message = f"{left}, and {keeps} {let_go(owner)}. In the way: {what}"
    needs = (each.failure.need for each in pending if each.failure is not None)
    awaited = frozenset(each for each in needs if each is not None)
    return FinalizeResult(done.remaining, skipped, _error(pending, message), needs=awaited)


def _error(pending: list[Deletion], message: str) -> PatternError:
    failures = [each.failure for each in pending if each.failure is not None]
    if not failures and all(each.watched for each in pending):
        return Waiting(reason=Reason.DELETING, message=message)
    reason = failures[0].reason if failures else Reason.DELETION_FAILED
    return Transient(reason=reason, message=message, retry_after=rest_after(failures))

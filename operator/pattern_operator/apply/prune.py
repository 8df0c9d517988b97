"""What left the pattern leaves the cluster: in reverse order, and never what is not ours any more."""

from collections.abc import Iterable
from dataclasses import dataclass

from pattern_operator.api.names import DISABLED, PRUNE_ANNOTATION
from pattern_operator.api.object import ObjectKey, pluralize
from pattern_operator.api.reason import Reason
from pattern_operator.api.status import InventoryEntry
from pattern_operator.apply.delete import Deleter
from pattern_operator.apply.delete_result import Deletion, DeletionOutcome
from pattern_operator.apply.delete_waves import delete_in_waves
from pattern_operator.apply.ownership import Owner
from pattern_operator.apply.result import ApplyFailure, rest_after, summarize
from pattern_operator.errors import Transient


@dataclass(frozen=True, slots=True)
class PruneResult:
    """``deleted`` are gone, ``skipped`` were left in the cluster, with the reason: both leave the inventory.

    ``remaining`` are the entries that stay in it: of ``terminating``, whose deletion has begun, of ``failures``, and
    of objects that go after these.
    """

    deleted: tuple[ObjectKey, ...] = ()
    skipped: tuple[tuple[ObjectKey, str], ...] = ()
    terminating: tuple[Deletion, ...] = ()
    failures: tuple[ApplyFailure, ...] = ()
    remaining: tuple[InventoryEntry, ...] = ()

    @property
    def message(self) -> str:
        """What is not gone yet, and what holds it, for people; empty when all is."""
        if not self.remaining:
            return ""
        are = "is" if len(self.remaining) == 1 else "are"
        going = f"{summarize(self.terminating)}{self._after}"
        return f"{pluralize(len(self.remaining))} that left the pattern {are} not gone yet: {going}"

    @property
    def error(self) -> Transient | None:
        """The error of a prune in which something failed."""
        if not self.failures:
            return None
        failed = f"{pluralize(len(self.failures))} that left the pattern could not be deleted"
        what, way_out = f"{summarize((*self.failures, *self.terminating))}{self._after}", self._way_out
        if not way_out:
            message = f"{failed}: {what}"
        elif len(self.failures) == 1:
            message = f"{failed}: {what}. {way_out}"
        else:  # a list of refusals may be cut, and not the way out of it
            message = f"{failed}. {way_out}. In the way: {what}"
        return Transient(reason=self.failures[0].reason, message=message, retry_after=rest_after(self.failures))

    @property
    def _way_out(self) -> str:
        """How to leave in the cluster what nobody may delete; the mark is looked for before anything is deleted."""
        forbidden = next((each for each in self.failures if each.reason is Reason.FORBIDDEN), None)
        if forbidden is None:
            return ""
        key = forbidden.key
        kind = f"{key.kind}.{key.group}" if key.group else key.kind
        where = f" -n {key.namespace}" if key.namespace else ""
        return (
            "What cannot be deleted stays in status.inventory until then. To leave it in the cluster: `kubectl annotate"
            f" {kind.lower()} {key.name}{where} {PRUNE_ANNOTATION}={DISABLED}`"
        )

    @property
    def _after(self) -> str:
        rest = len(self.remaining) - len(self.terminating) - len(self.failures)
        return f"; {rest} more go after that" if rest else ""


async def prune(
    entries: Iterable[InventoryEntry], *, owner: Owner, deleter: Deleter, impersonate: str | None = None
) -> PruneResult:
    """Delete the objects of ``entries`` that are still ours, as far as the order allows without waiting."""
    done = await delete_in_waves(
        entries, owner=owner, deleter=deleter, impersonate=impersonate, otherwise=Reason.PRUNE_FAILED
    )
    return PruneResult(
        deleted=tuple(each.key for each in done.deleted),
        skipped=tuple((each.key, each.message) for each in done.skipped),
        terminating=tuple(each for each in done.pending if each.outcome is DeletionOutcome.TERMINATING),
        failures=tuple(each.failure for each in done.pending if each.failure is not None),
        remaining=done.remaining,
    )

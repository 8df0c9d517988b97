"""What left the pattern leaves the cluster: in reverse order, and never what is not ours any more."""

from collections.abc import Iterable
from dataclasses import dataclass

from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.status import InventoryEntry
from pattern_operator.apply.inventory import key_of
from pattern_operator.apply.outcome import ApplyFailure, told
from pattern_operator.apply.ownership import Owner
from pattern_operator.apply.removal import Ending, Removal, Remover
from pattern_operator.apply.wave import reverse_waves
from pattern_operator.errors import Transient


@dataclass(frozen=True, slots=True)
class Pruned:
    """``deleted`` are gone or going; ``kept`` were left, with the reason; both leave the inventory.

    ``failed`` are the entries that stay in the inventory, because their objects could not be deleted.
    """

    deleted: tuple[ObjectKey, ...] = ()
    kept: tuple[tuple[ObjectKey, str], ...] = ()
    failures: tuple[ApplyFailure, ...] = ()
    failed: tuple[InventoryEntry, ...] = ()

    @property
    def error(self) -> Transient | None:
        """The error of a prune in which something failed."""
        if not self.failures:
            return None
        pauses = [failure.retry_after for failure in self.failures if failure.retry_after is not None]
        return Transient(
            reason=self.failures[0].reason,
            message=f"{len(self.failures)} objects that left the pattern could not be deleted: {told(self.failures)}",
            retry_after=max(pauses, default=None),
        )


async def prune(
    entries: Iterable[InventoryEntry], *, owner: Owner, remover: Remover, impersonate: str | None = None
) -> Pruned:
    """Delete the objects of ``entries`` that are still ours, wave by wave, without waiting for their end.

    A failure ends nothing: the other objects go all the same.
    """
    done: list[Removal] = []
    for wave in in_reverse(entries):
        done += await remover.remove_all(wave, owner=owner, impersonate=impersonate, otherwise=Reason.PRUNE_FAILED)
    done.sort(key=lambda removal: removal.key)
    return Pruned(
        deleted=tuple(each.key for each in done if each.ending in (Ending.GONE, Ending.GOING)),
        kept=tuple((each.key, each.message) for each in done if each.ending is Ending.KEPT),
        failures=tuple(each.failure for each in done if each.failure is not None),
        failed=tuple(each.entry for each in done if each.ending is Ending.FAILED),
    )


def in_reverse(entries: Iterable[InventoryEntry]) -> list[list[InventoryEntry]]:
    """The entries in the order in which their objects go; raises ValueError for an id we did not write."""
    by_key = {key_of(entry): entry for entry in entries}
    return [[by_key[key] for key in wave] for wave in reverse_waves(by_key)]

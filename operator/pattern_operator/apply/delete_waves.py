"""Objects out of the cluster in reverse order, as far as that goes without waiting: for a prune and for a deletion.

One call is one step. Nothing of a wave is touched before the waves that need it are gone: custom objects before the
workloads that act on their finalizers, workloads before the configuration, the namespaces and the definitions they
need. What gives the pattern's account its rights goes after all else, because the account is to delete all else.
"""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.status import InventoryEntry
from pattern_operator.apply.delete import Deleter
from pattern_operator.apply.delete_result import Deletion, DeletionOutcome
from pattern_operator.apply.inventory import key_of
from pattern_operator.apply.ownership import Owner
from pattern_operator.apply.wave import DeletionWave, deletion_wave_of, reverse_waves

Entries = list[InventoryEntry]


@dataclass(frozen=True, slots=True)
class DeletedWaves:
    """What came of one step: ``deleted`` and ``skipped`` are done with, ``pending`` are going or failed.

    ``untouched`` go after what is pending.
    """

    deleted: tuple[Deletion, ...] = ()
    skipped: tuple[Deletion, ...] = ()
    pending: tuple[Deletion, ...] = ()
    untouched: tuple[InventoryEntry, ...] = ()

    @property
    def remaining(self) -> tuple[InventoryEntry, ...]:
        """The entries of what is still to go."""
        return tuple(sorted((*(each.entry for each in self.pending), *self.untouched), key=lambda entry: entry.id))


async def delete_in_waves(
    entries: Iterable[InventoryEntry], *, owner: Owner, deleter: Deleter, impersonate: str | None, otherwise: Reason
) -> DeletedWaves:
    """Delete the objects of ``entries`` that are still ours, wave by wave, up to the first that is not gone at once.

    Within a wave a failure ends nothing. ``otherwise`` is the reason of a failure that has no more special one.

    Raises:
        ValueError: an entry has an id that the operator did not write.
    """
    left = {key_of(entry): entry for entry in entries}
    done: list[Deletion] = []
    definitions = deleter.definitions()
    async for wave, unbound in _waves(left, owner=owner, deleter=deleter, impersonate=impersonate):
        now = [left.pop(key) for key in wave]
        deletions = await deleter.delete_all(
            now,
            owner=owner,
            impersonate=impersonate,
            otherwise=otherwise,
            later=frozenset(left),
            definitions=definitions,
        )
        if unbound:
            deletions = [_left_behind(each) for each in deletions]
        done += deletions
        if any(each.outcome in (DeletionOutcome.TERMINATING, DeletionOutcome.FAILED) for each in deletions):
            break
    done.sort(key=lambda deletion: deletion.key)
    return DeletedWaves(
        deleted=tuple(each for each in done if each.outcome is DeletionOutcome.DELETED),
        skipped=tuple(each for each in done if each.outcome is DeletionOutcome.SKIPPED),
        pending=tuple(each for each in done if each.outcome in (DeletionOutcome.TERMINATING, DeletionOutcome.FAILED)),
        untouched=tuple(sorted(left.values(), key=lambda entry: entry.id)),
    )


async def _waves(
    keys: Iterable[ObjectKey], *, owner: Owner, deleter: Deleter, impersonate: str | None
) -> AsyncIterator[tuple[tuple[ObjectKey, ...], bool]]:
    """The waves of ``reverse_waves``, and whether the account has just lost its own bindings.

    Whose the bindings are is asked once it is their turn, and not before. Of the account's own rights the bindings go
    first: a role without a binding gives nobody anything, a binding waits for whoever makes a role of that name. The
    ServiceAccount goes before them, because RBAC asks only for its name.
    """
    waves = reverse_waves(keys)
    for wave in waves:
        if deletion_wave_of(wave[0]) < DeletionWave.RIGHTS:
            yield wave, False
    last = tuple(key for wave in waves if deletion_wave_of(wave[0]) >= DeletionWave.RIGHTS for key in wave)
    own = frozenset[ObjectKey]()
    if impersonate is not None and len(last) > 1:
        own = await deleter.account_rbac(last, owner=owner, impersonate=impersonate)
    for wave in reverse_waves(key for key in last if key not in own):
        yield wave, False
    for wave in reversed(reverse_waves(key for key in last if key in own)):
        yield wave, deletion_wave_of(wave[0]) is DeletionWave.RIGHTS


def _left_behind(deletion: Deletion) -> Deletion:
    """A role that the account could delete by nothing but itself stays: nobody could end the wait for it."""
    if deletion.failure is None or deletion.failure.reason is not Reason.FORBIDDEN:
        return deletion
    key = deletion.key
    where = f" -n {key.namespace}" if key.namespace else ""
    why = (
        "is kept: the account's own binding is deleted, so the account may not delete it any more. To delete it:"
        f" kubectl delete {key.kind.lower()} {key.name}{where}"
    )
    return Deletion(deletion.entry, key, DeletionOutcome.SKIPPED, why)

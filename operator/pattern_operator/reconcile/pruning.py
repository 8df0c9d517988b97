"""What left the pattern goes, a step a run, beside what runs: a finalizer that takes hours holds up nothing else.

Until it has gone it stays in the inventory, so that neither a restart nor the deletion of the pattern forgets it.
"""

from collections.abc import Collection

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.object import ObjectKey
from pattern_operator.api.status import InventoryEntry
from pattern_operator.apply import ManagedObjects, Owner, inventory, prune
from pattern_operator.reconcile.memory import Memory
from pattern_operator.reconcile.owning import owner_of
from pattern_operator.reconcile.progress import Progress, PruneState
from pattern_operator.reconcile.rim import Rim
from pattern_operator.reconcile.tenancy import account_of

Entries = tuple[InventoryEntry, ...]


async def start(
    pattern: DesignPattern, planned: Entries, after: Entries, *, memory: Memory, rim: Rim, progress: Progress
) -> None:
    """All of ``after`` is applied: remove what else is ``planned``, or let it go where the spec says so.

    Raises:
        Transient: something could not be deleted.
    """
    owner = owner_of(pattern)
    left, wanted = inventory.difference(planned, after), inventory.keys(after)
    unresolved = {
        key for key in rim.managed_objects.drifted(owner.id) if key not in wanted
    }  # its kind has another scope now
    behind = (
        ()
        if pattern.spec.apply.prune
        else _left_behind(inventory.keys(left), owner=owner, managed_objects=rim.managed_objects)
    )
    rim.managed_objects.release(inventory.keys(left) | unresolved, owner=owner.id)
    memory.prune_state = PruneState(left)
    if not pattern.spec.apply.prune:
        memory.prune_state = PruneState(done=left)
        memory.notes += behind
        progress.inventory = after
        return
    progress.inventory = planned
    await advance(pattern, memory=memory, rim=rim, progress=progress)


async def clear_the_way(
    pattern: DesignPattern,
    planned: Entries,
    after: Entries,
    *,
    said: Collection[str],
    memory: Memory,
    rim: Rim,
    progress: Progress,
) -> tuple[ObjectKey, ...]:
    """Not all is applied: remove at once what leaves the pattern and refused it (``said``); those that are gone now."""
    if not pattern.spec.apply.prune:
        return ()
    owner, account = owner_of(pattern), account_of(pattern, tenancy=rim.tenancy)
    left = inventory.difference(planned, after)
    keys = await rim.deleter.blocking_admission(said, inventory.keys(left), owner=owner, impersonate=account)
    if not keys:
        return ()
    rim.managed_objects.release(keys, owner=owner.id)
    entries = [each for each in left if inventory.key_of(each) in keys]
    pruned = await prune(entries, owner=owner, deleter=rim.deleter, impersonate=account)
    memory.changes = memory.changes.plus(pruned=pruned.deleted)
    progress.inventory = inventory.without(planned, pruned.deleted)
    return pruned.deleted


async def advance(pattern: DesignPattern, *, memory: Memory, rim: Rim, progress: Progress) -> None:
    """Remove what can go now of what left the pattern. Asks nobody while a watch says that it is still going.

    Raises:
        Transient: something could not be deleted.
    """
    prune_state = memory.prune_state
    entries = pattern.status.inventory.entries if progress.inventory is None else progress.inventory
    if prune_state.pending and pattern.spec.apply.prune:
        account = account_of(pattern, tenancy=rim.tenancy)
        pruned = await prune(prune_state.pending, owner=owner_of(pattern), deleter=rim.deleter, impersonate=account)
        done = inventory.union(prune_state.done, inventory.difference(prune_state.pending, pruned.remaining))
        memory.prune_state = prune_state = PruneState(pruned.remaining, done, pruned.message)
        memory.changes = memory.changes.plus(pruned=pruned.deleted)
        memory.notes = tuple(
            dict.fromkeys((*memory.notes, *(f"{key.display_name} {why}" for key, why in pruned.skipped)))
        )
        progress.unwatched = not all(each.watched for each in pruned.terminating)
        progress.inventory = inventory.difference(entries, done)
        progress.failed |= frozenset(each.key for each in pruned.failures)
        progress.needs |= frozenset(each.need for each in pruned.failures if each.need is not None)
        if pruned.error:
            raise pruned.error
    elif prune_state.done:
        remaining = inventory.difference(entries, prune_state.done)
        if len(remaining) < len(entries):
            progress.inventory = remaining
        elif not prune_state.pending:  # status has it
            memory.prune_state = prune_state = PruneState()
    progress.prune_state = prune_state


def _left_behind(keys: Collection[ObjectKey], *, owner: Owner, managed_objects: ManagedObjects) -> tuple[str, ...]:
    """What ``prune: false`` leaves, a sentence each; what is known to be gone, or another's, is not named."""
    return tuple(
        f"{key.display_name} left the pattern and is not deleted, because spec.apply.prune is false"
        for key in sorted(keys)
        if _may_carry_our_label(key, owner=owner, managed_objects=managed_objects)
    )


def _may_carry_our_label(key: ObjectKey, *, owner: Owner, managed_objects: ManagedObjects) -> bool:
    managed = managed_objects.get(key)
    if managed is None:
        return not managed_objects.is_known_absent(key)
    return managed.present and managed.observed.label == owner.id

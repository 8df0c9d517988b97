"""What left the pattern goes, a step a run, beside what runs: a finalizer that takes hours holds up nothing else.

Until it has gone it stays in the inventory, so that neither a restart nor the deletion of the pattern forgets it.
"""

from collections.abc import Collection
from typing import Protocol

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.object import ObjectKey
from pattern_operator.api.status import InventoryEntry
from pattern_operator.apply import ManagedObjects, Owner, PruneResult, inventory
from pattern_operator.reconcile.changes import Changes
from pattern_operator.reconcile.owner import owner_of
from pattern_operator.reconcile.results import Entries, Leaving, PrunedObjects


class PrunePort(Protocol):
    """What pruning may do; see cluster.Cluster."""

    @property
    def managed(self) -> ManagedObjects: ...  # noqa: D102 - see the class
    async def prune(self, pattern: DesignPattern, entries: Collection[InventoryEntry]) -> PruneResult: ...  # noqa: D102 - see the class
    async def blocking_admission(  # noqa: D102 - see the class
        self, pattern: DesignPattern, said: Collection[str], leaving: Collection[ObjectKey]
    ) -> frozenset[ObjectKey]: ...


async def start(pattern: DesignPattern, planned: Entries, after: Entries, *, port: PrunePort) -> PrunedObjects:
    """All of ``after`` is applied: remove what else is ``planned``, or leave it where the spec says so."""
    owner, managed = owner_of(pattern), port.managed
    left, desired = inventory.difference(planned, after), inventory.keys(after)
    unresolved = {key for key in managed.drifted(owner.id) if key not in desired}  # its kind has another scope now
    behind = () if pattern.spec.apply.prune else _left_behind(inventory.keys(left), owner=owner, managed=managed)
    managed.release(inventory.keys(left) | unresolved, owner=owner.id)
    if not pattern.spec.apply.prune:
        return PrunedObjects(leaving=Leaving(done=left), inventory=after, notes=behind)
    return await advance(pattern, Leaving(left), planned, port=port)


async def clear_the_way(
    pattern: DesignPattern, planned: Entries, after: Entries, *, said: Collection[str], port: PrunePort
) -> tuple[ObjectKey, ...]:
    """Not all is applied: remove at once what leaves the pattern and refused it (``said``); those that are gone now."""
    if not pattern.spec.apply.prune:
        return ()
    left = inventory.difference(planned, after)
    keys = await port.blocking_admission(pattern, said, inventory.keys(left))
    if not keys:
        return ()
    port.managed.release(keys, owner=owner_of(pattern).id)
    pruned = await port.prune(pattern, [each for each in left if inventory.key_of(each) in keys])
    return pruned.deleted


async def advance(pattern: DesignPattern, leaving: Leaving, entries: Entries, *, port: PrunePort) -> PrunedObjects:
    """Remove what can go now of what is ``leaving``; ``entries`` are the inventory as it is.

    It asks nobody while a watch says that it is still going.
    """
    if leaving.pending and pattern.spec.apply.prune:
        pruned = await port.prune(pattern, leaving.pending)
        done = inventory.union(leaving.done, inventory.difference(leaving.pending, pruned.remaining))
        return PrunedObjects(
            leaving=Leaving(pruned.remaining, done, pruned.message),
            inventory=inventory.difference(entries, done),
            changes=Changes().plus(pruned=pruned.deleted),
            notes=tuple(f"{key.display_name} {why}" for key, why in pruned.skipped),
            unwatched=not all(each.watched for each in pruned.terminating),
            failed=frozenset(each.key for each in pruned.failures),
            needs=frozenset(each.need for each in pruned.failures if each.need is not None),
            error=pruned.error,
        )
    if leaving.done:
        remaining = inventory.difference(entries, leaving.done)
        if len(remaining) < len(entries):
            return PrunedObjects(leaving=leaving, inventory=remaining)
        if not leaving.pending:  # status has it
            return PrunedObjects(leaving=Leaving())
    return PrunedObjects(leaving=leaving)


def _left_behind(keys: Collection[ObjectKey], *, owner: Owner, managed: ManagedObjects) -> tuple[str, ...]:
    """What ``prune: false`` leaves, a sentence each; what is known to be gone, or another's, is not named."""
    return tuple(
        f"{key.display_name} left the pattern and is not deleted, because spec.apply.prune is false"
        for key in sorted(keys)
        if _may_carry_our_label(key, owner=owner, managed=managed)
    )


def _may_carry_our_label(key: ObjectKey, *, owner: Owner, managed: ManagedObjects) -> bool:
    known = managed.get(key)
    if known is None:
        return not managed.is_known_absent(key)
    return known.present and known.observed.label == owner.id

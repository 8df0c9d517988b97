"""The apply step: a rendering against the inventory. Written ahead, applied, pruned, in this order and no other.

Nothing is created before status says that it is about to exist; nothing is pruned before all that is wanted is there.
"""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Revision
from pattern_operator.api.report import Outcome, Rendering
from pattern_operator.api.status import InventoryEntry
from pattern_operator.apply import (
    Applied,
    ApplyFailure,
    Children,
    Localized,
    Owner,
    error_of,
    inventory,
    localize,
    ownable,
    owner_id,
    prune,
)
from pattern_operator.apply.applier import OnApplied
from pattern_operator.apply.outcome import told
from pattern_operator.errors import Stalled, Transient
from pattern_operator.kube import ApiError
from pattern_operator.reconcile.memory import Memory, Wanted
from pattern_operator.reconcile.progress import Progress
from pattern_operator.reconcile.rim import Rim
from pattern_operator.reconcile.tenancy import account_of, check_namespaces
from pattern_operator.render.cause import Cause

Entries = tuple[InventoryEntry, ...]
_USED = frozenset({Cause.PROTECTED_NAMESPACE, Cause.TARGET_NAMESPACE})
WriteAhead = Callable[[Entries, Revision], Awaitable[None]]


def owner_of(pattern: DesignPattern) -> Owner:
    """The pattern as the owner of objects."""
    metadata = pattern.metadata
    return Owner(id=owner_id(metadata.uid), namespace=metadata.namespace, name=metadata.name)


def owned_keys(pattern: DesignPattern) -> frozenset[ObjectKey]:
    """The keys of the inventory in status; raises Stalled where somebody else has written there."""
    if pattern.status.inventory.compressed:
        raise Stalled(
            reason=Reason.INVALID_STATUS,
            message="status.inventory.compressed was changed by hand: it cannot be read. Put back what was there, or"
            " write the objects into status.inventory.entries and remove it.",
        )
    try:
        return inventory.keys(pattern.status.inventory.entries)
    except ValueError as error:
        raise Stalled(
            reason=Reason.INVALID_STATUS,
            message=f"status.inventory was changed by hand: {error}. Correct the entry, or remove it and delete its"
            " object yourself.",
        ) from error


async def apply(
    pattern: DesignPattern,
    rendering: Rendering,
    *,
    goal: Wanted,
    memory: Memory,
    rim: Rim,
    progress: Progress,
    ahead: WriteAhead,
) -> None:
    """Bring the objects to the cluster, then remove what left the pattern.

    What could be applied stays applied, is remembered, and is not sent again by the next try.

    Raises:
        Waiting: all that is missing are kinds whose CRD is not there.
        Transient: at least one object was refused; the message has the API server's words.
        Stalled: the inventory in status cannot be read.
    """
    owner, owned = owner_of(pattern), owned_keys(pattern)
    before: Entries = pattern.status.inventory.entries
    placed = await _localize(pattern, rendering, rim=rim)
    objects = ownable(placed.objects, owned=owned)
    after = inventory.entries_of(objects)
    planned = inventory.union(before, after)
    await ahead(planned, goal.revision)
    progress.inventory = planned

    done = _already_done(owner, goal=goal, memory=memory, rim=rim)
    sent = set(done)
    try:
        left = [each for each in objects if each.key not in done]
        applied = await _send(pattern, left, rim=rim, owned=owned, on_applied=lambda each, _: sent.add(each.key))
    finally:  # also when the run is over before all is sent: the next one goes on from here
        memory.partly = (goal, frozenset(sent))
    applied = replace(applied, applied=(*applied.applied, *sorted(done)))
    # What was written ahead and is not there, or is another's, is named no longer.
    planned, after = (inventory.without(each, applied.disowned) for each in (planned, after))
    progress.inventory = planned
    memory.partly = (goal, frozenset(applied.applied))
    memory.notes = (*_notes(applied), *not_owned(rendering))
    progress.missing = _missing((*placed.unknown, *applied.failures))
    progress.failed = frozenset(each.key for each in (*placed.unknown, *applied.failures))
    if error := error_of(applied, unknown=placed.unknown):
        raise error
    await _prune(pattern, planned, after, memory=memory, rim=rim, progress=progress)
    progress.applied = True


async def repair(
    pattern: DesignPattern, rendering: Rendering, drifted: Collection[ObjectKey], *, rim: Rim, progress: Progress
) -> tuple[str, ...]:
    """Apply again the objects that are not as they were applied, and no others.

    What could not be applied stays in the inventory, and is tried again; what others have now leaves it.

    Returns:
        What was let alone, a sentence each.

    Raises:
        Waiting: all that is missing are kinds whose CRD went.
        Transient: one of them was refused, or the API server could not be asked.
    """
    placed = await _localize(pattern, rendering, rim=rim)
    objects = [each for each in placed.objects if each.key in drifted]
    unknown = tuple(each for each in placed.unknown if each.key in drifted)
    said = {key: _drift(key, rim=rim) for key in sorted(drifted)}
    applied = await _send(pattern, objects, rim=rim, owned=owned_keys(pattern))
    lost = {key for key, _ in applied.left if key in applied.disowned}
    if lost:
        progress.inventory = inventory.without(pattern.status.inventory.entries, lost)
    progress.missing = _missing((*unknown, *applied.failures))
    progress.failed = frozenset(each.key for each in (*unknown, *applied.failures))
    if error := error_of(applied, unknown=unknown):
        raise error
    progress.repaired = tuple(words for key, words in said.items() if key not in lost)
    return _notes(applied)


def drift_words(drifted: Collection[ObjectKey], *, rim: Rim) -> tuple[str, ...]:
    """What happened to each of these objects, and by whom, as far as the watches tell."""
    return tuple(_drift(key, rim=rim) for key in sorted(drifted))


def _drift(key: ObjectKey, *, rim: Rim) -> str:
    child = rim.children.get(key)
    if child is None or not child.present:
        return f"{key.title} was deleted, or lost its owner label"  # a watch by label cannot tell the two apart
    by = f" by {child.seen.changed_by}" if child.seen.changed_by else ""
    return f"{key.title} was changed{by}"


async def _localize(pattern: DesignPattern, rendering: Rendering, *, rim: Rim) -> Localized:
    try:
        placed = await localize(
            rendering.objects, discovery=rim.discovery, default_namespace=pattern.metadata.namespace
        )
    except ApiError as error:
        raise Transient(
            reason=Reason.API_SERVER_UNAVAILABLE,
            message=f"the API server could not be asked for its kinds: {error.message}; it is asked again.",
            retry_after=error.retry_after,
        ) from error
    rim.protected.check(placed.objects)
    check_namespaces(placed.objects, pattern=pattern, tenancy=rim.tenancy)
    return placed


async def _send(
    pattern: DesignPattern,
    objects: Collection[Object],
    *,
    rim: Rim,
    owned: Collection[ObjectKey],
    on_applied: OnApplied | None = None,
) -> Applied:
    return await rim.applier.apply_all(
        objects,
        owner=owner_of(pattern),
        conflicts=pattern.spec.apply.conflicts,
        owned=owned,
        adopt=pattern.spec.apply.adopt,
        impersonate=account_of(pattern, tenancy=rim.tenancy),
        on_applied=on_applied,
    )


def _already_done(owner: Owner, *, goal: Wanted, memory: Memory, rim: Rim) -> frozenset[ObjectKey]:
    """The objects that an earlier try of the same goal applied, and that a watch says are still so."""
    if memory.partly is None or memory.partly[0] != goal:
        return frozenset()
    drifted = set(rim.children.drifted(owner.id))
    return frozenset(key for key in memory.partly[1] if key not in drifted and rim.children.sees(key))


def not_owned(rendering: Rendering) -> tuple[str, ...]:
    """The Namespaces of the artifact that are used and never applied, a sentence; empty where there is none."""
    said = [each.message for each in rendering.with_outcome(Outcome.SKIPPED) if each.reason in _USED]
    return (told(said),) if said else ()


def _notes(applied: Applied) -> tuple[str, ...]:
    return tuple(f"{key.title} {why}" for key, why in applied.left)


def _left_behind(keys: Collection[ObjectKey], *, owner: Owner, children: Children) -> tuple[str, ...]:
    """What ``prune: false`` leaves, a sentence each; what is known to be gone, or another's, is not named."""
    return tuple(
        f"{key.title} left the pattern and is not deleted, because spec.apply.prune is false"
        for key in sorted(keys)
        if _may_carry_our_label(key, owner=owner, children=children)
    )


def _may_carry_our_label(key: ObjectKey, *, owner: Owner, children: Children) -> bool:
    child = children.get(key)
    if child is None:
        return not children.knows(key)
    return child.present and child.seen.label == owner.id


def _missing(failures: Collection[ApplyFailure]) -> frozenset[ObjectKey]:
    return frozenset(each.key for each in failures if each.reason is Reason.KIND_NOT_FOUND)


async def _prune(
    pattern: DesignPattern, planned: Entries, after: Entries, *, memory: Memory, rim: Rim, progress: Progress
) -> None:
    owner, gone = owner_of(pattern), inventory.minus(planned, after)
    if gone and pattern.spec.apply.prune:
        account = account_of(pattern, tenancy=rim.tenancy)
        pruned = await prune(gone, owner=owner, remover=rim.remover, impersonate=account)
        progress.inventory = inventory.union(after, pruned.failed)
        memory.notes += tuple(f"{key.title} {why}" for key, why in pruned.kept)
        progress.failed = frozenset(each.key for each in pruned.failures)
        if pruned.error:
            raise pruned.error
    else:  # not before what is to go is gone: a run that ends here must not lose it
        progress.inventory = after
        memory.notes += _left_behind(inventory.keys(gone), owner=owner, children=rim.children)
    rim.children.release(inventory.keys(gone), owner=owner.id)

"""The apply step: a rendering against the inventory. Written ahead, applied, pruned, in this order and no other.

Nothing is created before status says that it is about to exist; nothing is pruned before all that is wanted is there.
"""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.api.reference import Revision
from pattern_operator.api.report import Outcome, Rendering
from pattern_operator.api.status import InventoryEntry
from pattern_operator.apply import (
    ApplyFailure,
    ApplyResult,
    Owner,
    ScopedObjects,
    ignore_differences,
    inventory,
    inventory_objects,
    resolve_scope,
    to_error,
)
from pattern_operator.apply.adoption import PAUSED
from pattern_operator.apply.applier import OnApplied
from pattern_operator.apply.errors import reason_of
from pattern_operator.apply.need import Need
from pattern_operator.apply.result import summarize
from pattern_operator.errors import PatternError, Transient
from pattern_operator.executors import run_in
from pattern_operator.kube import ApiError
from pattern_operator.reconcile import pruning
from pattern_operator.reconcile.comparison import Comparison, sent_digest
from pattern_operator.reconcile.memory import Memory, Wanted
from pattern_operator.reconcile.owning import owned_keys, owner_of
from pattern_operator.reconcile.progress import Progress
from pattern_operator.reconcile.rim import Rim
from pattern_operator.reconcile.sparing import spared
from pattern_operator.reconcile.tenancy import account_of, check_namespaces
from pattern_operator.render.component_reason import ComponentReason

Entries = tuple[InventoryEntry, ...]
_SAID = frozenset({ComponentReason.PROTECTED_NAMESPACE, ComponentReason.TARGET_NAMESPACE, ComponentReason.HOOK})
WriteAhead = Callable[[Entries, Revision], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Repaired:
    """What a repair let alone, a sentence each, and the drifted keys that the pattern's objects have no more."""

    notes: tuple[str, ...] = ()
    unresolved: frozenset[ObjectKey] = frozenset()


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
    placed = await _resolve_scope(pattern, rendering, rim=rim)
    objects = inventory_objects(placed.objects, owned=owned)
    rim.transfers.keep_waiting_only_for(owner.id, {each.key for each in objects})
    after = inventory.entries_of(objects)
    planned = inventory.union(before, after)
    await ahead(planned, goal.revision)
    progress.inventory = planned

    cpu = rim.executors.of(pattern.metadata.namespace).cpu
    memory.sent = await run_in(cpu, sent_digest, objects, owner=owner)
    kept = await spared(pattern, objects, sent=memory.sent, owned=owned, revision=goal.revision, memory=memory, rim=rim)
    done = _already_done(owner, goal=goal, memory=memory, rim=rim) | kept.keys
    drifted = {
        key: _drift(key, rim=rim) for key in sorted(rim.managed_objects.all_drifted(owner.id) & inventory.keys(before))
    }
    sent = set(done)
    try:
        left = [each for each in objects if each.key not in done]
        applied = await _send(pattern, left, rim=rim, owned=owned, on_applied=lambda each, _: sent.add(each.key))
    finally:  # also when the run is over before all is sent: the next one goes on from here
        memory.partly = (goal, frozenset(sent))
        progress.comparison = Comparison(fingerprints=rim.managed_objects.fingerprints(owner.id))
    applied = replace(applied, applied=(*applied.applied, *sorted(done)))
    # What was written ahead and is not there, or is another's, is named no longer.
    planned, after = (inventory.without(each, applied.disowned) for each in (planned, after))
    progress.inventory = planned
    memory.partly = (goal, frozenset(applied.applied))
    memory.changes = memory.changes.plus(created=applied.created, configured=applied.configured)
    put_right = sent - done - {key for key, _ in applied.notes}  # what is left to others is not put right
    progress.repaired = tuple(words for key, words in drifted.items() if key in put_right)
    memory.let_be = frozenset(key for key, why in applied.skipped if why.startswith(PAUSED) and key in applied.disowned)
    rules = pattern.spec.apply.ignore_differences or ()
    idle = await run_in(rim.executors.cpu, ignore_differences.unmatched_rules, rules, placed.objects) if rules else ()
    memory.notes = (*_notes(applied, rim=rim), *kept.notes, *not_owned(rendering), *idle)
    progress.needs = _needs((*placed.unknown, *applied.failures))
    progress.failed = frozenset(each.key for each in (*placed.unknown, *applied.failures))
    if error := to_error(applied, unknown=placed.unknown):
        said = [each.message for each in applied.failures]
        cleared = await pruning.clear_the_way(
            pattern, planned, after, said=said, memory=memory, rim=rim, progress=progress
        )
        if cleared:
            raise _cleared(error, cleared) from error
        raise error
    await pruning.start(pattern, planned, after, memory=memory, rim=rim, progress=progress)
    progress.applied = True


def _cleared(error: PatternError, cleared: Collection[ObjectKey]) -> Transient:
    """What refused a version that does not have it any more is deleted; the version is applied again."""
    gone = summarize(key.display_name for key in cleared)
    message = (
        f"{error.message}. What refused it leaves with this version, and is deleted now: {gone}. It is tried again."
    )
    return Transient(reason=error.reason, message=message)


async def repair(
    pattern: DesignPattern, rendering: Rendering, drifted: Collection[ObjectKey], *, rim: Rim, progress: Progress
) -> Repaired:
    """Apply again the objects that are not as they were applied, and no others.

    What could not be applied stays in the inventory, and is tried again; what others have now leaves it.

    Returns:
        What was let alone, a sentence each, and what of ``drifted`` the pattern holds no more under this key: its kind
        has another scope now, and only a whole apply puts that right.

    Raises:
        Waiting: all that is missing are kinds whose CRD went.
        Transient: one of them was refused, or the API server could not be asked.
    """
    placed = await _resolve_scope(pattern, rendering, rim=rim)
    objects = [each for each in placed.objects if each.key in drifted]
    unknown = tuple(each for each in placed.unknown if each.key in drifted)
    said = {key: _drift(key, rim=rim) for key in sorted(drifted)}
    applied = await _send(pattern, objects, rim=rim, owned=owned_keys(pattern))
    lost = {key for key, _ in applied.skipped if key in applied.disowned}
    if lost:
        progress.inventory = inventory.without(pattern.status.inventory.entries, lost)
    progress.needs = _needs((*unknown, *applied.failures))
    progress.failed = frozenset(each.key for each in (*unknown, *applied.failures))
    sent = set(applied.applied) - {key for key, _ in applied.notes}  # what is left to others is not put right
    progress.repaired = tuple(words for key, words in said.items() if key in sent)
    others = len(placed.objects) + len(placed.unknown) - len(objects) - len(unknown)
    if error := to_error(applied, unknown=unknown, others=others):
        raise error
    known = {each.key for each in objects} | {each.key for each in unknown}
    return Repaired(_notes(applied, rim=rim), frozenset(key for key in drifted if key not in known))


async def compare(
    pattern: DesignPattern, rendering: Rendering, keys: Collection[ObjectKey], *, rim: Rim
) -> tuple[str, ...]:
    """Learn by dry runs whether these objects are as they would be applied; of which that failed, a sentence each.

    Raises:
        Transient: the API server could not be asked for its kinds.
    """
    placed = await _resolve_scope(pattern, rendering, rim=rim)
    failures = await rim.dry_run.compare_all(
        [each for each in placed.objects if each.key in keys],
        owner=owner_of(pattern),
        ignored=pattern.spec.apply.ignore_differences or (),
        impersonate=account_of(pattern, tenancy=rim.tenancy),
    )
    return tuple(f"{each.key.display_name} could not be compared: {each.message}" for each in failures)


def drift_words(drifted: Collection[ObjectKey], *, rim: Rim) -> tuple[str, ...]:
    """What happened to each of these objects, and by whom, as far as the watches tell."""
    return tuple(_drift(key, rim=rim) for key in sorted(drifted))


def _drift(key: ObjectKey, *, rim: Rim) -> str:
    managed = rim.managed_objects.get(key)
    if managed is None or not managed.present:
        return f"{key.display_name} was deleted, or lost its owner label"  # a watch by label cannot tell the two apart
    if managed.pending:
        return f"{key.display_name} was skipped while it was annotated reconcile: disabled"
    who = managed.changed_by
    by = f" by {who}" if who else ""
    return f"{key.display_name} was changed{by}"


async def _resolve_scope(pattern: DesignPattern, rendering: Rendering, *, rim: Rim) -> ScopedObjects:
    try:
        placed = await resolve_scope(
            rendering.objects, discovery=rim.discovery, default_namespace=pattern.metadata.namespace
        )
    except ApiError as error:
        raise Transient(
            reason=reason_of(error),
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
) -> ApplyResult:
    return await rim.applier.apply_all(
        objects,
        owner=owner_of(pattern),
        conflicts=pattern.spec.apply.conflicts,
        owned=owned,
        adopt=pattern.spec.apply.adopt,
        ignored=pattern.spec.apply.ignore_differences or (),
        impersonate=account_of(pattern, tenancy=rim.tenancy),
        on_applied=on_applied,
    )


def _already_done(owner: Owner, *, goal: Wanted, memory: Memory, rim: Rim) -> frozenset[ObjectKey]:
    """The objects that an earlier try of the same goal applied, and that a watch says are still so."""
    if memory.partly is None or memory.partly[0] != goal:
        return frozenset()
    drifted = set(rim.managed_objects.drifted(owner.id))
    return frozenset(key for key in memory.partly[1] if key not in drifted and rim.managed_objects.is_watched(key))


def not_owned(rendering: Rendering) -> tuple[str, ...]:
    """The Namespaces that are used and never applied, and the hooks left out, a sentence; empty where there is none."""
    said = [each.message for each in rendering.with_outcome(Outcome.SKIPPED) if each.reason in _SAID]
    return (summarize(said),) if said else ()


def skipped_words(owner: Owner, *, rim: Rim) -> tuple[str, ...]:
    """Which objects of a pattern are skipped now, as somebody annotated them so in the cluster, a sentence each."""
    return tuple(f"{key.display_name} {PAUSED}" for key in rim.managed_objects.paused(owner.id))


def _notes(applied: ApplyResult, *, rim: Rim) -> tuple[str, ...]:
    """What is to be known as long as it runs; what a watch tells of is told as it is then (``skipped_words``)."""
    left = [(key, why) for key, why in applied.skipped if why != PAUSED or not rim.managed_objects.is_watched(key)]
    return tuple(f"{key.display_name} {why}" for key, why in left) + tuple(
        f"{key.display_name}: {note}" for key, note in applied.notes
    )


def _needs(failures: Collection[ApplyFailure]) -> frozenset[Need]:
    return frozenset(each.need for each in failures if each.need is not None)

"""Apply: a rendering against the inventory. Written ahead by the caller, applied, pruned, in this order and no other.

Nothing is created before it is on record that it is about to exist; nothing is pruned before all that is desired is
there.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from typing import Protocol

import msgspec

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.fields import mapping_at
from pattern_operator.api.hook import Hook
from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.api.report import Rendering
from pattern_operator.apply import (
    ApplyFailure,
    inventory,
    inventory_objects,
    to_error,
)
from pattern_operator.apply.adoption import PAUSED
from pattern_operator.apply.annotations import never_applied
from pattern_operator.apply.result import summarize
from pattern_operator.errors import PatternError, Transient
from pattern_operator.reconcile import pruning
from pattern_operator.reconcile.apply_notes import (
    applied_notes,
    deprecation,
    kept_metadata,
    made_anew,
    needs_of,
    not_owned,
    regenerated,
)
from pattern_operator.reconcile.changes import Changes
from pattern_operator.reconcile.comparison import Comparison, Sent
from pattern_operator.reconcile.desired import DesiredState
from pattern_operator.reconcile.drift import drift_of
from pattern_operator.reconcile.owner import owned_keys, owner_of
from pattern_operator.reconcile.repair import RepairPort
from pattern_operator.reconcile.results import AppliedObjects, Entries
from pattern_operator.reconcile.state import Applying, Objects, Running
from pattern_operator.reconcile.unchanged import UnchangedPort, unchanged


class ApplyPort(RepairPort, UnchangedPort, pruning.PrunePort, Protocol):
    """What an apply may do; see cluster.Cluster."""

    def wait_only(self, pattern: DesignPattern, keys: Collection[ObjectKey]) -> None: ...  # noqa: D102 - said where it is implemented
    async def name_holders(  # noqa: D102 - said where it is implemented
        self,
        pattern: DesignPattern,
        failures: Collection[ApplyFailure],
        objects: Collection[Object],
        leaving: Collection[ObjectKey],
    ) -> tuple[ApplyFailure, ...]: ...
    async def digest(self, pattern: DesignPattern, objects: Collection[Object]) -> Sent: ...  # noqa: D102 - said where it is implemented
    async def idle_rules(self, pattern: DesignPattern, objects: Collection[Object]) -> tuple[str, ...]: ...  # noqa: D102 - said where it is implemented


@dataclass(frozen=True, slots=True)
class Placed:
    """What is about to exist: ``planned`` is the inventory with all of that, ``after`` what remains of it."""

    objects: tuple[Object, ...]  # those that the pattern may own
    all_objects: tuple[Object, ...]
    unknown: tuple[ApplyFailure, ...]  # their kinds are not known
    owned: frozenset[ObjectKey]
    planned: Entries
    after: Entries


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What was known before: ``policy`` as it is now, ``objects`` of the cluster, and whether all is asked for."""

    objects: Objects
    policy: str | None
    reapply: bool = False

    def what_is_certain(self, pattern: DesignPattern, desired: DesiredState) -> DesignPattern:
        """``pattern`` with what status says of the objects, unless this process has applied something else meanwhile.

        Somebody may have put an older status back.
        """
        if not isinstance(self.objects, Applying | Running) or self.objects.desired == desired:
            return pattern
        status = msgspec.structs.replace(pattern.status, revision="", fingerprints="")
        return msgspec.structs.replace(pattern, status=status)

    def done(self, desired: DesiredState) -> frozenset[ObjectKey]:
        """The objects that an earlier try of the same desired state applied."""
        earlier = self.objects
        return earlier.applied if isinstance(earlier, Applying) and earlier.desired == desired else frozenset()


async def place(pattern: DesignPattern, rendering: Rendering, *, port: ApplyPort) -> Placed:
    """Where the objects go, and which inventory that makes.

    Raises:
        Stalled: the inventory in status cannot be read, or an object may not be the pattern's.
        Transient: the API server could not be asked for its kinds.
    """
    owned, before = owned_keys(pattern), pattern.status.inventory.entries
    placed = await port.place(pattern, rendering.objects)
    objects = inventory_objects(placed.objects, owned=owned)
    port.wait_only(pattern, {each.key for each in objects})
    after = inventory.entries_of(objects)
    return Placed(objects, placed.objects, placed.unknown, owned, inventory.planned(before, after), after)


async def apply(
    pattern: DesignPattern,
    desired: DesiredState,
    rendering: Rendering,
    placed: Placed,
    *,
    known: Known,
    port: ApplyPort,
    on_applied: Callable[[ObjectKey], None],
) -> AppliedObjects:
    """Bring the objects to the cluster, then remove what left the pattern.

    What could be applied stays applied. ``on_applied`` is called with each object as soon as it is there, so that a
    run that is cut short is known to have come so far.

    Returns:
        What came of it. Its error is Waiting when all that is missing are kinds whose CRD is not there, and Transient
        when at least one object was refused; it has the API server's words.
    """
    owner, objects = owner_of(pattern), placed.objects
    sent = await port.digest(pattern, objects)
    kept = await unchanged(
        known.what_is_certain(pattern, desired),
        objects,
        sent=sent,
        owned=placed.owned,
        revision=desired.revision,
        policy=known.policy,
        asked=known.reapply,
        port=port,
    )
    done = _already_done(pattern, known.done(desired), port=port) | kept.keys
    before = inventory.keys(pattern.status.inventory.entries)
    drifted = {key: drift_of(key, managed=port.managed) for key in sorted(port.managed.all_drifted(owner.id) & before)}
    for key in done:
        on_applied(key)
    left = [each for each in objects if each.key not in done]
    applied = await port.send(pattern, left, owned=placed.owned, on_applied=lambda each, _: on_applied(each.key))
    if applied.failures:
        leaving = inventory.keys(inventory.difference(placed.planned, placed.after))
        applied = replace(applied, failures=await port.name_holders(pattern, applied.failures, objects, leaving))
    repaired = set(applied.applied) - {key for key, _ in applied.notes}  # what is left to others is not repaired
    # What has a note is sent again each time, because only an apply finds out what is to be told of it.
    port.managed.remember_sent(
        {key: sent.each[key] for key in repaired | kept.same if key in sent.each}, owner=owner.id
    )
    there = frozenset({*applied.applied, *done})
    made = AppliedObjects(
        applied=there,
        # What is not there, or is another's, is not named.
        inventory=inventory.made(inventory.without(placed.planned, applied.disowned), there | applied.unlabelled),
        sent=sent.whole,
        fingerprints=Comparison(fingerprints=port.managed.fingerprints(owner.id)),
        changes=Changes().plus(created=applied.created, configured=applied.configured),
        repaired=tuple(words for key, words in drifted.items() if key in repaired),
        notes=(
            *applied_notes(applied, managed=port.managed),
            *kept.notes,
            *deprecation(rendering),
            *not_owned(rendering),
            *made_anew(rendering),
            *kept_metadata(rendering),
            *ignored(placed, rendering.hooks),
            *await port.idle_rules(pattern, placed.all_objects),
        ),
        regenerated=regenerated(rendering, applied.applied),
        skipped=frozenset(key for key, why in applied.skipped if why.startswith(PAUSED) and key in applied.disowned),
        needs=needs_of((*placed.unknown, *applied.failures)),
        failed=frozenset(each.key for each in (*placed.unknown, *applied.failures)),
        error=to_error(replace(applied, applied=(*applied.applied, *sorted(done))), unknown=placed.unknown),
    )
    after = inventory.without(placed.after, applied.disowned)
    if made.error is None:
        return await _prune(pattern, made, after, port=port)
    return await _clear_the_way(pattern, made, after, [each.message for each in applied.failures], port=port)


async def _prune(pattern: DesignPattern, made: AppliedObjects, after: Entries, *, port: ApplyPort) -> AppliedObjects:
    """All is applied: remove what left the pattern."""
    pruned = await pruning.start(pattern, made.inventory, after, port=port)
    return replace(
        made,
        inventory=made.inventory if pruned.inventory is None else pruned.inventory,
        changes=made.changes.joined(pruned.changes),
        notes=tuple(dict.fromkeys((*made.notes, *pruned.notes))),
        needs=made.needs | pruned.needs,
        failed=made.failed | pruned.failed,
        leaving=pruned.leaving,
        unwatched=pruned.unwatched,
        error=pruned.error,
    )


async def _clear_the_way(
    pattern: DesignPattern, made: AppliedObjects, after: Entries, said: Collection[str], *, port: ApplyPort
) -> AppliedObjects:
    """Not all is applied: remove at once what leaves the pattern and refused it."""
    cleared = await pruning.clear_the_way(pattern, made.inventory, after, said=said, port=port)
    if not cleared or made.error is None:
        return made
    error = _cleared(made.error, cleared)
    error.__cause__ = made.error
    return replace(
        made,
        inventory=inventory.without(made.inventory, cleared),
        changes=made.changes.plus(pruned=cleared),
        error=error,
    )


def _cleared(error: PatternError, cleared: Collection[ObjectKey]) -> Transient:
    """What refused a version that does not have it any more is deleted; the version is applied again."""
    gone = summarize(key.display_name for key in cleared)
    message = f"{error.message}. What refused it is not in this version, and is deleted now: {gone}. It is retried."
    return Transient(reason=error.reason, message=message)


def _already_done(pattern: DesignPattern, done: frozenset[ObjectKey], *, port: ApplyPort) -> frozenset[ObjectKey]:
    """What of ``done`` a watch says is still so."""
    if not done:
        return frozenset()
    owner, managed = owner_of(pattern).id, port.managed
    unanswered = (key for key in done if managed.is_unanswered(key, owner=owner))
    doubtful = {*managed.drifted(owner), *managed.untracked(owner), *unanswered}
    return frozenset(key for key in done if key not in doubtful and managed.is_watched(key))


def ignored(placed: Placed, hooks: Iterable[Hook]) -> tuple[str, ...]:
    """The objects and hooks that ask never to be applied, and are none of the pattern's; empty where none does."""
    known = {each.key for each in placed.objects}  # what is the pattern's already is told as every skipped object
    asked = (
        (each.key, never_applied(mapping_at(each.body, "metadata", "annotations")))
        for each in (*placed.all_objects, *(hook.object for hook in hooks))
        if each.key not in known
    )
    said = [f"{key.display_name} {why}" for key, why in asked if why]
    return (summarize(said),) if said else ()

"""Objects that are not as they were applied: they are applied again, or compared by a dry run, and no others."""

from collections.abc import Collection, Iterable
from typing import Protocol

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.api.report import Rendering
from pattern_operator.apply import ApplyFailure, ApplyResult, ManagedObjects, ScopedObjects, inventory, to_error
from pattern_operator.apply.apply_run import OnApplied
from pattern_operator.reconcile.apply_notes import applied_notes, needs_of, regenerated
from pattern_operator.reconcile.drift import drift_of
from pattern_operator.reconcile.owner import owned_keys
from pattern_operator.reconcile.results import RepairedObjects


class PlacePort(Protocol):
    """Where it is known which namespace an object goes to."""

    async def place(self, pattern: DesignPattern, objects: Iterable[Object]) -> ScopedObjects: ...  # noqa: D102 - said where it is implemented


class RepairPort(PlacePort, Protocol):
    """What a repair may do; see cluster.Cluster."""

    @property
    def managed(self) -> ManagedObjects: ...  # noqa: D102 - said where it is implemented
    async def send(  # noqa: D102 - said where it is implemented
        self,
        pattern: DesignPattern,
        objects: Collection[Object],
        *,
        owned: Collection[ObjectKey],
        on_applied: OnApplied | None = None,
    ) -> ApplyResult: ...


class ComparePort(PlacePort, Protocol):
    """What a comparison may do; see cluster.Cluster."""

    async def compare(  # noqa: D102 - said where it is implemented
        self, pattern: DesignPattern, objects: Collection[Object]
    ) -> tuple[ApplyFailure, ...]: ...


async def repair(
    pattern: DesignPattern, rendering: Rendering, drifted: Collection[ObjectKey], *, port: RepairPort
) -> RepairedObjects:
    """Apply again the objects that are not as they were applied, and no others.

    What could not be applied stays in the inventory, and is retried; what others have now leaves it. Where the
    kind of an object has another scope now, only a whole apply puts it right: it is ``unresolved``.

    Raises:
        Stalled: the inventory in status cannot be read.
        Transient: the API server could not be asked for its kinds.
    """
    placed = await port.place(pattern, rendering.objects)
    objects = [each for each in placed.objects if each.key in drifted]
    unknown = tuple(each for each in placed.unknown if each.key in drifted)
    said = {key: drift_of(key, managed=port.managed) for key in sorted(drifted)}
    applied = await port.send(pattern, objects, owned=owned_keys(pattern))
    lost = {key for key, _ in applied.skipped if key in applied.disowned}
    repaired = set(applied.applied) - {key for key, _ in applied.notes}  # what is left to others is not repaired
    known = {each.key for each in objects} | {each.key for each in unknown}
    others = len(placed.objects) + len(placed.unknown) - len(objects) - len(unknown)
    return RepairedObjects(
        repaired=tuple(words for key, words in said.items() if key in repaired),
        notes=applied_notes(applied, managed=port.managed),
        regenerated=regenerated(rendering, applied.applied),
        unresolved=frozenset(key for key in drifted if key not in known),
        inventory=inventory.without(pattern.status.inventory.entries, lost) if lost else None,
        needs=needs_of((*unknown, *applied.failures)),
        failed=frozenset(each.key for each in (*unknown, *applied.failures)),
        error=to_error(applied, unknown=unknown, others=others),
    )


async def compare(
    pattern: DesignPattern, rendering: Rendering, keys: Collection[ObjectKey], *, port: ComparePort
) -> tuple[str, ...]:
    """Learn by dry runs whether these objects are as they would be applied; of which that failed, a sentence each.

    Raises:
        Transient: the API server could not be asked for its kinds.
    """
    placed = await port.place(pattern, rendering.objects)
    failures = await port.compare(pattern, [each for each in placed.objects if each.key in keys])
    return tuple(f"{each.key.display_name} could not be compared: {each.message}" for each in failures)

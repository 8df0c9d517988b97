"""Hooks: those of a Helm chart, before its objects are applied and after they are healthy, at the moments of Helm.

What hooks need, Namespaces and CRDs of the pattern itself, is there before the first one. A pattern without hooks costs
nothing here.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final, Protocol

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.api.report import Rendering
from pattern_operator.api.status import HooksStatus
from pattern_operator.apply import ApplyResult, ScopedObjects, inventory, to_error
from pattern_operator.apply.crd import is_crd
from pattern_operator.apply.hooks import holds_others
from pattern_operator.apply.ownership import is_namespace, is_protected
from pattern_operator.reconcile import hook_record
from pattern_operator.reconcile.desired import DesiredState
from pattern_operator.reconcile.hook_record import Phase
from pattern_operator.reconcile.hook_run import HookPort
from pattern_operator.reconcile.owner import owned_keys
from pattern_operator.reconcile.results import Entries

LOOKED_AT: Final = 20  # objects of an installation that are looked at: a release of Helm marks each of its own


class HooksPort(HookPort, Protocol):
    """What the step may do beside running a hook; see cluster.Cluster."""

    async def place(self, pattern: DesignPattern, objects: Iterable[Object]) -> ScopedObjects: ...  # noqa: D102 - see the class
    async def is_of_helm(self, pattern: DesignPattern, objects: Iterable[Object]) -> bool: ...  # noqa: D102 - see the class
    async def send(  # noqa: D102 - see the class
        self, pattern: DesignPattern, objects: Collection[Object], *, owned: Collection[ObjectKey]
    ) -> ApplyResult: ...


@dataclass(frozen=True, slots=True)
class Prepared:
    """``record`` says which hooks are next; ``needed`` are objects of the pattern that come before them.

    ``leaving`` are those of the version before that a hook may replace; ``ordinary`` are all others.
    """

    record: HooksStatus
    needed: tuple[Object, ...]
    ordinary: frozenset[ObjectKey]
    leaving: frozenset[ObjectKey]
    planned: Entries  # the inventory with ``needed``


async def prepare(
    pattern: DesignPattern,
    desired: DesiredState,
    rendering: Rendering,
    *,
    new_values: bool,
    port: HooksPort,
    now: datetime,
) -> Prepared:
    """Which hooks are next, and what they need.

    ``new_values``: what runs was rendered with other parameters, whatever Secrets they are from.

    Raises:
        Stalled: an object may not be the pattern's, or the inventory in status cannot be read.
        Transient: the API server could not be asked for its kinds.
    """
    state, known = hook_record.state_of(desired), pattern.status.hooks
    placed = await port.place(pattern, rendering.objects)
    owned = owned_keys(pattern)
    is_over = known is not None and known.phase == Phase.SUCCEEDED
    if known is not None and hook_record.is_under_way(known, state) and not (new_values and is_over):
        retried = known.phase == Phase.FAILED and hook_record.is_asked_again(pattern, known)
        record = hook_record.again(pattern, known, now=now) if retried else known
    else:
        record = hook_record.begun(pattern, rendering.hooks, state=state, now=now, new_values=new_values)
        if hook_record.is_installation(record) and await port.is_of_helm(pattern, _ordinary(placed.objects)):
            record = hook_record.begun(pattern, rendering.hooks, state=state, now=now, of_helm=True)
    needed = tuple(each for each in placed.objects if _is_needed(each.key) and each.key not in owned)
    planned = inventory.planned(pattern.status.inventory.entries, inventory.entries_of(needed))
    desired_keys = frozenset(each.key for each in placed.objects)
    leaving = leaving_of(pattern, owned, desired_keys)
    return Prepared(record, needed, desired_keys | owned - leaving, leaving, planned)


def leaving_of(
    pattern: DesignPattern, owned: frozenset[ObjectKey], desired: frozenset[ObjectKey]
) -> frozenset[ObjectKey]:
    """What is ``owned`` and not ``desired`` any more, and may be deleted: a hook of that name takes its place."""
    if not pattern.spec.apply.prune:
        return frozenset()
    return frozenset(key for key in owned - desired if not holds_others(key))


async def bring(pattern: DesignPattern, prepared: Prepared, *, port: HooksPort) -> Entries:
    """Apply what hooks need, which is on record; the inventory afterwards.

    Raises:
        Waiting, Transient: not all of it could be applied.
    """
    applied = await port.send(pattern, prepared.needed, owned=frozenset())
    error = to_error(applied)
    if error is not None:
        raise error
    return inventory.made(prepared.planned, applied.applied)


def _is_needed(key: ObjectKey) -> bool:
    return (is_crd(key) or is_namespace(key)) and not is_protected(key)


def _ordinary(objects: Iterable[Object]) -> Iterable[Object]:
    return islice((each for each in objects if not (is_crd(each.key) or is_namespace(each.key))), LOOKED_AT)

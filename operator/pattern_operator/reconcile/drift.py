"""What drifted, in words: what became of an object since it was applied, and who did it. Pure."""

from collections.abc import Collection, Iterable
from typing import Final

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.object import ObjectKey
from pattern_operator.apply import ManagedObjects
from pattern_operator.apply.adoption import PAUSED
from pattern_operator.apply.co_owners import RemainingField
from pattern_operator.quote import first_few
from pattern_operator.reconcile.owner import owner_of

_NAMED: Final = 3  # fields that are named of those that one manager holds of an object


def drift_of(key: ObjectKey, *, managed: ManagedObjects) -> str:
    """What happened to an object, and who did it, as far as the watches tell."""
    known = managed.get(key)
    if known is None or not known.present:
        return f"{key.display_name} was deleted, or lost its owner label"  # a watch by label cannot tell the two apart
    if known.pending:
        return f"{key.display_name} was skipped while it was annotated reconcile: disabled"
    who = known.changed_by
    by = f" by {who}" if who else ""
    return f"{key.display_name} was changed{by}"


def drift_left(pattern: DesignPattern, *, managed: ManagedObjects) -> tuple[str, ...]:
    """What drifted and is left so, a sentence each: as the spec asks, or because somebody undoes each repair."""
    owner = owner_of(pattern).id
    if pattern.spec.apply.drift_policy == "Report" or pattern.spec.suspend:
        return tuple(drift_of(key, managed=managed) for key in sorted(managed.all_drifted(owner)))
    return managed.conflicts(owner)


def waiting_repairs(pattern: DesignPattern, *, managed: ManagedObjects) -> tuple[str, ...]:
    """What drifted and will be repaired once there is a worker for it, a sentence each."""
    drifted = sorted(managed.all_drifted(owner_of(pattern).id))
    return tuple(f"{drift_of(key, managed=managed)}; its repair waits for a worker" for key in drifted)


def to_repair(pattern: DesignPattern, *, managed: ManagedObjects) -> tuple[ObjectKey, ...]:
    """What is to be applied again; where drift is only told, that is what was paused, and missed what is desired."""
    owner = owner_of(pattern).id
    drifted = managed.drifted(owner)
    if pattern.spec.apply.drift_policy == "Repair":
        return drifted
    return tuple(key for key in drifted if managed.is_pending(key, owner=owner))


def paused_words(pattern: DesignPattern, *, managed: ManagedObjects) -> tuple[str, ...]:
    """Which objects of a pattern are skipped now, as somebody annotated them so in the cluster, a sentence each."""
    paused: Collection[ObjectKey] = managed.paused(owner_of(pattern).id)
    return tuple(f"{key.display_name} {PAUSED}" for key in paused)


def remaining_words(pattern: DesignPattern, *, managed: ManagedObjects) -> tuple[str, ...]:
    """Which fields left the pattern and stay on its objects, and who has them, a sentence for each manager."""
    remaining = managed.remaining(owner_of(pattern).id)
    return tuple(words for key, fields in remaining.items() for words in _remaining(key, fields))


def _remaining(key: ObjectKey, fields: Iterable[RemainingField]) -> Iterable[str]:
    by_manager = dict[str, dict[str, None]]()
    for each in fields:
        by_manager.setdefault(each.manager, {})[each.field] = None
    where = f"{key.name} -n {key.namespace}" if key.namespace else key.name
    for manager, found in by_manager.items():
        stays, it = ("stays", "it") if len(found) == 1 else ("stay", "them")
        yield (
            f"{key.display_name}: {first_few(list(found), _NAMED)} left the pattern, and {stays} because field manager"
            f" {manager} has set the same, too: if nobody needs {it}, remove {it} (kubectl edit"
            f" {key.kind.lower()} {where})"
        )

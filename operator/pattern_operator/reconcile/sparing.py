"""Which objects a whole apply does not send: what is as it was applied, and in Report mode what drifted.

A restart, a Lease that was lost and a request ask for the same desired state again. Then nothing new is to be sent,
and what others changed is put right (Repair) or left and told (Report).
"""

from collections.abc import Collection
from dataclasses import dataclass

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.api.reference import Revision
from pattern_operator.apply import DriftState
from pattern_operator.reconcile.comparison import unpacked
from pattern_operator.reconcile.memory import Memory
from pattern_operator.reconcile.owning import owner_of
from pattern_operator.reconcile.reached import is_reached
from pattern_operator.reconcile.rim import Rim
from pattern_operator.reconcile.tenancy import account_of


@dataclass(frozen=True, slots=True)
class Spared:
    """``keys`` are not sent; ``notes`` say of which objects it is not known whether they drifted, a sentence each."""

    keys: frozenset[ObjectKey] = frozenset()
    notes: tuple[str, ...] = ()


async def spared(
    pattern: DesignPattern,
    objects: Collection[Object],
    *,
    sent: str,
    owned: Collection[ObjectKey],
    revision: Revision,
    memory: Memory,
    rim: Rim,
) -> Spared:
    """What of ``objects`` needs no apply; ``sent`` is their ``sent_digest``, ``owned`` what the inventory names.

    ``pattern`` is as its status was before anything of this apply was written.
    """
    reached = is_reached(pattern, memory.policy, revision=revision)
    before = unpacked(pattern.status).sent
    same = bool(sent) and before == sent
    if pattern.spec.apply.drift_policy == "Report" and (reached or same):
        nothing_new = reached and (same or not before)
        return await _left_to_others(
            pattern, objects, owned=owned, nothing_new=nothing_new, asked=memory.apply_again, rim=rim
        )
    if not (reached and same) or memory.apply_again:
        return Spared()
    standing = _standing(objects, pattern=pattern, rim=rim)
    return Spared(frozenset(key for key, state in standing.items() if state is DriftState.IN_SYNC))


async def _left_to_others(
    pattern: DesignPattern,
    objects: Collection[Object],
    *,
    owned: Collection[ObjectKey],
    nothing_new: bool,
    asked: bool,
    rim: Rim,
) -> Spared:
    """In Report mode: what drifted or may have drifted, and where there is ``nothing_new`` all that is owned.

    Where somebody ``asked`` for it, what drifted is compared by its values, too.
    """
    standing = _standing(objects, pattern=pattern, rim=rim)
    compared = {DriftState.UNKNOWN, DriftState.DRIFTED} if asked else {DriftState.UNKNOWN}
    unknown = [each for each in objects if each.key in owned and standing[each.key] in compared]
    notes: tuple[str, ...] = ()
    if unknown:
        failures = await rim.dry_run.compare_all(
            unknown,
            owner=owner_of(pattern),
            ignored=pattern.spec.apply.ignore_differences or (),
            impersonate=account_of(pattern, tenancy=rim.tenancy),
        )
        notes = tuple(f"{each.key.display_name} could not be compared: {each.message}" for each in failures)
        standing = _standing(objects, pattern=pattern, rim=rim)
    owner = owner_of(pattern).id
    of_others = {
        key: standing[key] for key in standing if key in owned and not rim.managed_objects.is_pending(key, owner=owner)
    }
    if nothing_new:
        return Spared(frozenset(of_others), notes)
    doubtful = {DriftState.DRIFTED, DriftState.UNKNOWN}
    return Spared(frozenset(key for key, state in of_others.items() if state in doubtful), notes)


def _standing(objects: Collection[Object], *, pattern: DesignPattern, rim: Rim) -> dict[ObjectKey, DriftState]:
    owner = owner_of(pattern).id
    return {each.key: rim.managed_objects.drift_state(each.key, owner=owner) for each in objects}

"""Which objects a whole apply does not send: what is as it was applied, and in Report mode what drifted.

A restart, a Lease that was lost and a request ask for the same desired state again. Then nothing new is to be sent,
and what others changed is repaired (Repair) or left and reported (Report). An update sends what it changes: an object
that is as it was applied, and would be sent as it was then, is not sent again.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Protocol

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.api.reference import Revision
from pattern_operator.apply import ApplyFailure, DriftState, ManagedObjects
from pattern_operator.reconcile.comparison import Sent, unpacked
from pattern_operator.reconcile.desired import takes_secrets
from pattern_operator.reconcile.owner import owner_of
from pattern_operator.reconcile.reached import is_reached


class UnchangedPort(Protocol):
    """Where it is known how objects stand; see cluster.Cluster."""

    @property
    def managed(self) -> ManagedObjects: ...  # noqa: D102 - see the class
    async def compare(  # noqa: D102 - see the class
        self, pattern: DesignPattern, objects: Collection[Object]
    ) -> tuple[ApplyFailure, ...]: ...


@dataclass(frozen=True, slots=True)
class Unchanged:
    """``keys`` are not sent; ``notes`` say of which objects it is not known whether they drifted, a sentence each.

    ``same``: those of ``keys`` that are in the cluster as they would be sent now.
    """

    keys: frozenset[ObjectKey] = frozenset()
    notes: tuple[str, ...] = ()
    same: frozenset[ObjectKey] = frozenset()


async def unchanged(
    pattern: DesignPattern,
    objects: Collection[Object],
    *,
    sent: Sent,
    owned: Collection[ObjectKey],
    revision: Revision,
    policy: str | None,
    asked: bool,
    port: UnchangedPort,
) -> Unchanged:
    """What of ``objects`` needs no apply; ``sent`` stands for what is sent of them, the inventory names ``owned``.

    ``pattern`` is as its status was before anything of this apply was written. Where somebody ``asked`` for an apply of
    all, only what is left to others is not sent.
    """
    owner = owner_of(pattern).id
    # A request without an answer may have changed these: whatever is known of them, they are sent.
    objects = [each for each in objects if not port.managed.is_unanswered(each.key, owner=owner)]
    reached = is_reached(pattern, policy, revision=revision)
    before = unpacked(pattern.status).sent
    same = bool(sent.whole) and before == sent.whole
    as_sent = frozenset[ObjectKey]() if asked else _as_sent(objects, sent=sent, pattern=pattern, managed=port.managed)
    if pattern.spec.apply.drift_policy == "Report" and (reached or same):
        # What was sent with the values of Secrets is not in status: that it is unknown says nothing then.
        nothing_new = reached and (same or (not before and not takes_secrets(pattern.spec.render)))
        left = await _left_to_others(pattern, objects, owned=owned, nothing_new=nothing_new, asked=asked, port=port)
        return replace(left, keys=left.keys | as_sent, same=as_sent)
    if reached and same and not asked:
        standing = _standing(objects, pattern=pattern, managed=port.managed)
        as_sent |= {key for key, state in standing.items() if state is DriftState.IN_SYNC}
    return Unchanged(as_sent, same=as_sent)


async def _left_to_others(
    pattern: DesignPattern,
    objects: Collection[Object],
    *,
    owned: Collection[ObjectKey],
    nothing_new: bool,
    asked: bool,
    port: UnchangedPort,
) -> Unchanged:
    """In Report mode: what drifted or may have drifted, and where there is ``nothing_new`` all that is owned.

    Where somebody ``asked`` for it, what drifted is compared by its values, too.
    """
    standing = _standing(objects, pattern=pattern, managed=port.managed)
    compared = {DriftState.UNKNOWN, DriftState.DRIFTED} if asked else {DriftState.UNKNOWN}
    unknown = [each for each in objects if each.key in owned and standing[each.key] in compared]
    notes: tuple[str, ...] = ()
    if unknown:
        failures = await port.compare(pattern, unknown)
        notes = tuple(f"{each.key.display_name} could not be compared: {each.message}" for each in failures)
        standing = _standing(objects, pattern=pattern, managed=port.managed)
    owner = owner_of(pattern).id
    of_others = {
        key: standing[key] for key in standing if key in owned and not port.managed.is_pending(key, owner=owner)
    }
    if nothing_new:
        return Unchanged(frozenset(of_others), notes)
    doubtful = {DriftState.DRIFTED, DriftState.UNKNOWN}
    return Unchanged(frozenset(key for key, state in of_others.items() if state in doubtful), notes)


def _as_sent(
    objects: Collection[Object], *, sent: Sent, pattern: DesignPattern, managed: ManagedObjects
) -> frozenset[ObjectKey]:
    """What is as it was applied, and would be sent as it was then."""
    owner = owner_of(pattern).id
    keys = (each.key for each in objects if each.key in sent.each)
    return frozenset(key for key in keys if managed.is_as_sent(key, owner=owner, sent=sent.each[key]))


def _standing(
    objects: Collection[Object], *, pattern: DesignPattern, managed: ManagedObjects
) -> dict[ObjectKey, DriftState]:
    owner = owner_of(pattern).id
    return {each.key: managed.drift_state(each.key, owner=owner) for each in objects}

"""What the watches tell of managed objects: who drifted, who is healthy, who is gone. Nothing here changes anything.

Each answer is made of what is known at the moment, and asks nobody.
"""

import asyncio
from collections.abc import Collection

from pattern_operator.api.object import ObjectKey
from pattern_operator.apply.co_owners import RemainingField
from pattern_operator.apply.health import Health
from pattern_operator.apply.managed import drift
from pattern_operator.apply.managed.drift import DriftState
from pattern_operator.apply.managed.health import unhealthy, worst_health
from pattern_operator.apply.managed.index import Index
from pattern_operator.apply.managed.managed_object import ManagedObject
from pattern_operator.apply.managed.unlisted import UnlistedObjects
from pattern_operator.apply.managed.watches import Watches
from pattern_operator.kube import Resource


class ManagedView:
    """The managed objects of all patterns, to be looked at. Patterns are named by their owner ids."""

    def __init__(self, index: Index, *, watches: Watches, unlisted: UnlistedObjects) -> None:
        self._index = index
        self._watches = watches
        self._unlisted = unlisted

    # --- one object -------------------------------------------------------------------------------------------------

    def get(self, key: ObjectKey) -> ManagedObject | None:
        """What is known of an object; None says that no watch has told of it."""
        return self._index.get(key)

    def is_watched(self, key: ObjectKey) -> bool:
        """Whether a watch would tell of a change to the object."""
        return self._watches.is_watched(key.group_kind)

    def resource_of(self, key: ObjectKey) -> Resource | None:
        """Where the kind of an object is served, as the watch that is in step knows it."""
        return self._watches.resource_of(key.group_kind)

    def is_terminating(self, key: ObjectKey) -> bool:
        """Whether a watch says that the object is being deleted."""
        managed = self._index.get(key)
        return managed is not None and managed.present and managed.observed.deleting

    def is_known_absent(self, key: ObjectKey) -> bool:
        """Whether the object is not there, or carries no owner label, when nothing is known of it."""
        return self.is_watched(key) and not self._unlisted.may_have(key)

    def may_be_unlisted(self, key: ObjectKey) -> bool:
        """Whether an object that no pattern has may be there with an owner label; False once a watch showed it go."""
        return self._unlisted.may_have(key)

    def is_pending(self, key: ObjectKey, *, owner: str) -> bool:
        """Whether what the pattern wants of an object was not sent because it was to be skipped."""
        managed = self._index.owned(key, owner)
        return managed is not None and managed.expected and managed.pending

    def is_unanswered(self, key: ObjectKey, *, owner: str) -> bool:
        """Whether a change was sent to an object of the pattern, and no apply was answered since."""
        managed = self._index.owned(key, owner)
        return managed is not None and managed.unanswered

    def drift_state(self, key: ObjectKey, *, owner: str) -> DriftState:
        """Whether an object of the pattern is as it was applied."""
        managed = self._index.owned(key, owner)
        return drift.drift_state(managed) if managed is not None and self.is_watched(key) else DriftState.UNKNOWN

    def is_as_sent(self, key: ObjectKey, *, owner: str, sent: bytes) -> bool:
        """Whether an object of the pattern is as it was applied, and that was with what ``sent`` stands for."""
        managed = self._index.owned(key, owner)
        same = managed is not None and managed.was_sent(sent)
        return same and self.drift_state(key, owner=owner) is DriftState.IN_SYNC

    # --- the objects of a pattern -----------------------------------------------------------------------------------

    def drifted(self, owner: str) -> tuple[ObjectKey, ...]:
        """The objects of a pattern that are not as they were applied, sorted; without those with backed-off repairs."""
        return drift.drifted(self._index.of(owner), now=asyncio.get_running_loop().time())

    def all_drifted(self, owner: str) -> frozenset[ObjectKey]:
        """The objects of a pattern that are not as they were applied, those with backed-off repairs too."""
        return frozenset(managed.key for managed in self._index.of(owner) if managed.drifted)

    def to_compare(self, owner: str) -> frozenset[ObjectKey]:
        """The objects of a pattern that drifted and were written again since: maybe they are as desired now."""
        return drift.to_compare(self._index.of(owner))

    def untracked(self, owner: str) -> frozenset[ObjectKey]:
        """The objects of a pattern that were changed while managedFields was not: their values are to be compared."""
        return drift.untracked(self._index.of(owner))

    def conflicts(self, owner: str) -> tuple[str, ...]:
        """Who changes which object again after each repair, a sentence each: repairs of these are backed off."""
        return drift.conflicts(self._index.of(owner))

    def fingerprints(self, owner: str) -> dict[str, bytes]:
        """What ``restore`` needs to know of the objects after a restart, by inventory id, as far as it is known."""
        return drift.fingerprints(self._index.of(owner))

    def health(self, owner: str, *, keys: Collection[ObjectKey] | None = None) -> Health:
        """The worst health among the objects that the pattern applied (or the ``keys`` of them), and who says what.

        ``recheck_at`` is when it may change without any event; a ``HEALTH`` notification is sent then.
        """
        objects = (each for each in self._index.of(owner) if keys is None or each.key in keys)
        return worst_health(objects, is_watched=self.is_watched)

    def unhealthy(self, owner: str) -> tuple[ObjectKey, ...]:
        """The objects of a pattern that are there and not healthy, the worst first."""
        return unhealthy(self._index.of(owner))

    def expects_any(self, owner: str) -> bool:
        """Whether any object of the pattern counts for its health."""
        return any(managed.expected for managed in self._index.of(owner))

    def remaining(self, owner: str) -> dict[ObjectKey, tuple[RemainingField, ...]]:
        """The fields that left the pattern since the operator started and stay, because others have them, by object."""
        found = {each.key: each.remaining for each in self._index.of(owner)}
        return {key: fields for key, fields in sorted(found.items()) if fields}

    def paused(self, owner: str) -> tuple[ObjectKey, ...]:
        """The objects of a pattern that a watch shows to be skipped, as somebody annotated them so, sorted."""
        found = (each for each in self._index.of(owner) if each.expected and each.present and each.observed.paused)
        return tuple(sorted(each.key for each in found if self.is_watched(each.key)))

"""Patterns that wait for objects that others own: who waits for which, and who cannot take one. Pure."""

from collections.abc import Collection

from pattern_operator.api.object import ObjectKey
from pattern_operator.apply.ownership import Owner


class WaitingPatterns:
    """Who waits for which object. A pattern that was excluded from one waits for it no more until it is readmitted."""

    def __init__(self) -> None:
        self._owners: dict[ObjectKey, dict[str, Owner]] = {}  # the longest first
        self._keys: dict[str, set[ObjectKey]] = {}  # the same by owner
        self._excluded: dict[str, set[ObjectKey]] = {}

    def is_waiting(self, key: ObjectKey, owner: str) -> bool:
        """Whether the pattern waits for the object."""
        return key in self._keys.get(owner, ())

    def is_excluded(self, key: ObjectKey, owner: str) -> bool:
        """Whether the pattern may not wait for the object."""
        return key in self._excluded.get(owner, ())

    def owners_of(self, key: ObjectKey) -> Collection[Owner]:
        """Those that wait for the object, the longest first."""
        return self._owners.get(key, {}).values()

    def keys_of(self, owner: str) -> frozenset[ObjectKey]:
        """The objects that the pattern waits for."""
        return frozenset(self._keys.get(owner, ()))

    def wait(self, key: ObjectKey, owner: Owner) -> None:
        """The pattern waits for the object, where it may."""
        if not self.is_excluded(key, owner.id):
            self._owners.setdefault(key, {}).setdefault(owner.id, owner)
            self._keys.setdefault(owner.id, set()).add(key)

    def stop(self, key: ObjectKey, owner: str) -> bool:
        """The pattern does not wait for the object any more; whether it did."""
        waiting = self._owners.get(key, {})
        if waiting.pop(owner, None) is None:
            return False
        if not waiting:
            del self._owners[key]
        self._keys[owner].discard(key)
        if not self._keys[owner]:
            del self._keys[owner]
        return True

    def exclude(self, key: ObjectKey, owner: str) -> None:
        """The pattern may not wait for the object from now on."""
        self._excluded.setdefault(owner, set()).add(key)

    def readmit(self, owner: str) -> None:
        """The pattern may wait for any object again."""
        self._excluded.pop(owner, None)

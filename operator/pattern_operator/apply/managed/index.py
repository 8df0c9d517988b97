"""The managed objects by key, by pattern and by kind. Pure: who changes an object does so by its own methods."""

from collections.abc import Iterator

from pattern_operator.api.object import GroupKind, ObjectKey
from pattern_operator.apply.managed.managed_object import ManagedObject
from pattern_operator.apply.managed.observation import Observation


class Index:
    """Every object is filed under one owner: the pattern that applied it, else the one that its label names."""

    def __init__(self) -> None:
        self._by_key: dict[ObjectKey, ManagedObject] = {}
        self._by_owner: dict[str, dict[ObjectKey, ManagedObject]] = {}
        self._kinds: dict[GroupKind, int] = {}  # how many objects there are of each

    def __contains__(self, key: ObjectKey) -> bool:
        return key in self._by_key

    def __iter__(self) -> Iterator[ManagedObject]:
        return iter(self._by_key.values())

    def get(self, key: ObjectKey) -> ManagedObject | None:
        """What is known of an object; None: nothing."""
        return self._by_key.get(key)

    def owned(self, key: ObjectKey, owner: str) -> ManagedObject | None:
        """The object where it is filed under ``owner``, else None."""
        managed = self._by_key.get(key)
        return managed if managed is not None and managed.owner == owner else None

    def of(self, owner: str) -> Iterator[ManagedObject]:
        """The objects that are filed under ``owner``."""
        return iter(self._by_owner.get(owner, {}).values())

    def file(self, key: ObjectKey, *, owner: str, observed: Observation) -> ManagedObject:
        """The object of this key, filed under ``owner`` from now on; made from ``observed`` when there is none."""
        managed = self._by_key.get(key)
        if managed is None:
            managed = self._by_key[key] = ManagedObject(key, owner, observed)
            kind = key.group_kind
            self._kinds[kind] = self._kinds.get(kind, 0) + 1
        elif managed.owner != owner:
            self._unfile(managed)
            managed.owner = owner
        self._by_owner.setdefault(owner, {})[key] = managed
        return managed

    def remove(self, managed: ManagedObject) -> None:
        """Forget an object."""
        del self._by_key[managed.key]
        self._unfile(managed)
        kind = managed.key.group_kind
        self._kinds[kind] -= 1
        if not self._kinds[kind]:
            del self._kinds[kind]

    def has_kind(self, kind: GroupKind) -> bool:
        """Whether there is any object of the kind."""
        return kind in self._kinds

    def _unfile(self, managed: ManagedObject) -> None:
        siblings = self._by_owner[managed.owner]
        del siblings[managed.key]
        if not siblings:
            del self._by_owner[managed.owner]

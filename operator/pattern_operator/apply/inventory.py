"""What a pattern owns, as status keeps it: one short entry an object, sorted, so that status changes only with it."""

from collections.abc import Collection, Iterable

from msgspec.structs import replace

from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.api.status import InventoryEntry

Entries = tuple[InventoryEntry, ...]


def entry_of(key: ObjectKey, *, version: str) -> InventoryEntry:
    """The entry of an object that was applied in this version of its group."""
    return InventoryEntry(id=str(key), v=version)


def key_of(entry: InventoryEntry) -> ObjectKey:
    """The key of an entry; raises ValueError for an id that the operator did not write."""
    return ObjectKey.parse(entry.id)


def entries_of(objects: Iterable[Object]) -> Entries:
    """The entries of the objects."""
    return _sorted(entry_of(each.key, version=each.api_version.rpartition("/")[2]) for each in objects)


def keys(entries: Iterable[InventoryEntry]) -> frozenset[ObjectKey]:
    """The keys of the entries; raises ValueError as ``key_of``."""
    return frozenset(key_of(entry) for entry in entries)


def union(before: Entries, after: Entries) -> Entries:
    """What is in either; an object in both has the version of ``after``."""
    return _sorted((*before, *after))


def planned(before: Entries, coming: Entries) -> Entries:
    """What is in either; what only ``coming`` has is pending: nobody can know yet whether it will come to exist."""
    pending = {entry.id: entry.pending for entry in before}
    return union(before, tuple(replace(entry, pending=pending.get(entry.id, True)) for entry in coming))


def made(entries: Entries, there: Collection[ObjectKey]) -> Entries:
    """The entries, of which those of ``there`` are known to exist now, and to be the pattern's."""
    ids = {str(key) for key in there}
    return tuple(replace(entry, pending=None) if entry.pending and entry.id in ids else entry for entry in entries)


def difference(entries: Entries, others: Entries) -> Entries:
    """The entries of objects that ``others`` do not have, in whatever version."""
    there = {entry.id for entry in others}
    return _sorted(entry for entry in entries if entry.id not in there)


def without(entries: Entries, gone: Collection[ObjectKey]) -> Entries:
    """The entries of objects that are not among ``gone``."""
    ids = {str(key) for key in gone}
    return tuple(entry for entry in entries if entry.id not in ids) if ids else entries


def _sorted(entries: Iterable[InventoryEntry]) -> Entries:
    unique = {entry.id: entry for entry in entries}
    return tuple(unique[name] for name in sorted(unique))

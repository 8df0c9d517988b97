"""Objects that carry an owner label and are in no inventory: they are reported, and next to nothing is kept of them.

Everybody who may label an object can make any number of them. An operator of ours writes an object into the inventory
before it creates it, so that none of these is one that was just made, but by a request that came late. They are kept
apart by name: one of them must not let an object of a pattern, anywhere else, count as one that may still be there.
"""

from collections.abc import Callable
from typing import Final

from pattern_operator.api.object import ObjectKey

MAX_NAMES: Final = 100  # objects of one kind and namespace that are told apart; beyond that any may be there
_Place = tuple[str, str, str]  # group, kind and namespace


class UnlistedObjects:
    """``on_found(owner label, key)`` is called once for each, as far as those of its kind and namespace are told apart.

    What is kept is bounded by the kinds and namespaces of the cluster, not by how many objects somebody labels.
    """

    def __init__(self, *, on_found: Callable[[str, ObjectKey], None]) -> None:
        self._on_found = on_found
        self._names: dict[_Place, set[int]] = {}  # hashes; more than MAX_NAMES: they are not told apart

    def note(self, key: ObjectKey, *, label: str) -> None:
        """Such an object was observed."""
        names = self._names.setdefault(_place(key), set())
        if len(names) <= MAX_NAMES and hash(key.name) not in names:
            names.add(hash(key.name))
            self._on_found(label, key)

    def discard(self, key: ObjectKey) -> None:
        """The object is gone, or is followed from now on."""
        names = self._names.get(_place(key))
        if names is not None and len(names) <= MAX_NAMES:
            names.discard(hash(key.name))
            if not names:
                del self._names[_place(key)]

    def may_have(self, key: ObjectKey) -> bool:
        """Whether the object may be there although it is not followed: then it has to be looked for."""
        names = self._names.get(_place(key))
        return names is not None and (len(names) > MAX_NAMES or hash(key.name) in names)


def _place(key: ObjectKey) -> _Place:
    return key.group, key.kind, key.namespace

"""Objects that carry an owner label and are in no inventory: they are told, and nothing of them is kept.

Everybody who may label an object can make any number of them. An operator of ours writes an object into the inventory
before it creates it, so that none of these is one that was just made.
"""

from collections.abc import Callable
from typing import Final

from pattern_operator.api.object import ObjectKey

MAX_OWNERS: Final = 100  # owner labels that are told apart; beyond that only counted
GroupKind = tuple[str, str]


class UnlistedObjects:
    """``on_first(owner label, key)`` is called with the first such object of each owner."""

    def __init__(self, *, on_first: Callable[[str, ObjectKey], None]) -> None:
        self._on_first = on_first
        self._owners: set[str] = set()
        self._kinds: set[GroupKind] = set()

    def note(self, key: ObjectKey, *, label: str) -> None:
        """Such an object was observed."""
        self._kinds.add((key.group, key.kind))
        if label not in self._owners and len(self._owners) < MAX_OWNERS:
            self._owners.add(label)
            self._on_first(label, key)

    def may_have(self, kind: GroupKind) -> bool:
        """Whether an object of the kind may be there that is not followed: then it has to be looked for."""
        return kind in self._kinds

"""Whose apply of an object is on its way: a watch may show its effect before the answer comes. Pure."""

from pattern_operator.api.object import ObjectKey


class InFlight:
    """The applies without an answer so far, by object and owner; others only name the object."""

    def __init__(self) -> None:
        self._owners: dict[ObjectKey, set[str]] = {}

    def __contains__(self, key: ObjectKey) -> bool:
        return key in self._owners

    def has(self, key: ObjectKey, owner: str) -> bool:
        """Whether an apply of ``owner`` is on its way."""
        return owner in self._owners.get(key, ())

    def add(self, key: ObjectKey, owner: str) -> None:
        """An apply of ``owner`` is sent."""
        self._owners.setdefault(key, set()).add(owner)

    def remove(self, key: ObjectKey, owner: str) -> None:
        """It was answered, or came to nothing."""
        owners = self._owners.get(key, set())
        owners.discard(owner)
        if not owners:
            self._owners.pop(key, None)

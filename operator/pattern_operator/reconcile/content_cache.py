"""The content of Secrets and ConfigMaps that is remembered, so that it is not read again for each run.

Each has 1 MiB, of which a pattern needs a key or the credentials of a registry, and a pattern may name 17. So together
they may take ``MAX_REFERENTS``; what was remembered first goes first, and is read again when it is needed.
"""

from collections.abc import Hashable, Mapping
from typing import Final, Generic, TypeVar

from pattern_operator.limits import MAX_REFERENTS

_ENTRY: Final = 200  # bytes of memory that an entry takes beside its text
K = TypeVar("K", bound=Hashable)


class ContentCache(Generic[K]):
    """Entries by name for each of many; at most ``most`` bytes."""

    def __init__(self, *, most: int = MAX_REFERENTS) -> None:
        self._most = most
        self._found: dict[K, Mapping[str, bytes]] = {}
        self._size = 0

    def get(self, key: K) -> Mapping[str, bytes] | None:
        """What is remembered, or None."""
        return self._found.get(key)

    def keep(self, key: K, content: Mapping[str, bytes]) -> None:
        """Remember ``content``, if there is room for it once the oldest are gone."""
        self.drop(key)
        size = _size(content)
        if size > self._most:
            return
        while self._size + size > self._most:
            self.drop(next(iter(self._found)))
        self._found[key] = content
        self._size += size

    def drop(self, key: K) -> None:
        """Forget it."""
        content = self._found.pop(key, None)
        if content is not None:
            self._size -= _size(content)


def _size(content: Mapping[str, bytes]) -> int:
    return sum(len(name) + len(each) + _ENTRY for name, each in content.items())

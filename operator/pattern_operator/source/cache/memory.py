"""Small content in memory: most patterns have a few KiB, and reading them from a disk takes a thread each time."""

from collections import OrderedDict
from typing import Final

from pattern_operator.source.cache.entry import Entry

_OVERHEAD: Final = 512  # bytes of one beside its content: its key, and its place in the order


class MemoryCache:
    """At most ``max_size`` bytes, of content of at most ``max_content`` each; the least recently used goes first.

    For one event loop.
    """

    def __init__(self, *, max_size: int, max_content: int) -> None:
        self._max_size = max_size
        self._max_content = max_content
        self._contents: OrderedDict[Entry, bytes] = OrderedDict()
        self._size = 0

    def takes(self, size: int) -> bool:
        """Whether content of ``size`` bytes is kept here."""
        return size <= self._max_content

    def get(self, entry: Entry) -> bytes | None:
        """The content of ``entry``, or None."""
        content = self._contents.get(entry)
        if content is not None:
            self._contents.move_to_end(entry)
        return content

    def put(self, entry: Entry, content: bytes) -> None:
        """Keep ``content`` where it is small enough."""
        if not self.takes(len(content)) or entry in self._contents:
            return
        self._contents[entry] = content
        self._size += len(content) + _OVERHEAD
        while self._size > self._max_size:
            _, evicted = self._contents.popitem(last=False)
            self._size -= len(evicted) + _OVERHEAD

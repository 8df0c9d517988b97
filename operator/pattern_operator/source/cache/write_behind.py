"""Writes small content to the disk behind the pattern that pulled it, which need not wait for a file.

What is not written when the process ends is pulled again by the next one. A disk that fails is told to the next who
brings something, because that is written while they wait.
"""

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Final

from pattern_operator.source.cache.entry import Entry

_AT_ONCE: Final = 32  # files that are written in one turn of a thread
MAX_WAITING: Final = 1 << 22  # bytes that wait to be written

Write = Callable[[Sequence[tuple[Entry, bytes]]], None]


class WriteBehind:
    """Calls ``write`` in a thread of ``disk``, with all that came in meanwhile. To be used in one event loop."""

    def __init__(self, write: Write, *, disk: Executor) -> None:
        self._write = write
        self._disk = disk
        self._lock = threading.Lock()
        self._waiting: OrderedDict[Entry, bytes] = OrderedDict()
        self._size = 0
        self._runs = False
        self._failed = False
        self._idle: list[asyncio.Future[None]] = []

    def add(self, entry: Entry, content: bytes) -> bool:
        """Write it soon. False where the caller has to: there is no room, or the disk failed the last time."""
        with self._lock:
            if self._failed or self._size + len(content) > MAX_WAITING:
                return False
            if entry not in self._waiting:
                self._waiting[entry] = content
                self._size += len(content)
            starts, self._runs = not self._runs, True
        if starts:
            self._disk.submit(self._run)
        return True

    def recovered(self) -> None:
        """Take more: the disk was written to."""
        with self._lock:
            self._failed = False

    async def flush(self) -> None:
        """Wait until nothing waits to be written."""
        done = asyncio.get_running_loop().create_future()
        with self._lock:
            if not self._runs:
                return
            self._idle.append(done)
        await done

    def _run(self) -> None:
        while batch := self._next():
            try:
                self._write(batch)
            except Exception:  # whatever it is, who brings something next writes it, and is told
                with self._lock:
                    self._failed = True
                    self._waiting.clear()
                    self._size = 0

    def _next(self) -> list[tuple[Entry, bytes]]:
        with self._lock:
            batch = [self._waiting.popitem(last=False) for _ in range(min(_AT_ONCE, len(self._waiting)))]
            self._size -= sum(len(content) for _, content in batch)
            if not batch:
                self._runs = False
                idle, self._idle = self._idle, []
                for done in idle:
                    done.get_loop().call_soon_threadsafe(_settle, done)
            return batch


def _settle(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)

"""The keyed queue: one entry a key, one run of a key at a time, the earliest due time wins, bounded concurrency.

It knows nothing of patterns: a key is anything hashable, a run is a coroutine function that answers when the key is due
again, if ever. Time is the clock of the event loop, handed in.
"""

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Run = Callable[[Key], Awaitable[float | None]]


class Queue(Generic[Key]):
    """Keys with due times, in seconds of ``clock``. Not thread-safe: it lives on one event loop."""

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._due: dict[Key, float] = {}
        self._heap: list[tuple[float, int, Key]] = []
        self._order = itertools.count()  # among equals, first come first served
        self._running: set[Key] = set()
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        """How many keys are waiting, due or not."""
        return len(self._due)

    @property
    def overdue(self) -> int:
        """How many keys could run now if there were a worker."""
        now = self._clock()
        return sum(due <= now for due in self._due.values())

    def add(self, key: Key, *, delay: float = 0.0) -> None:
        """Make ``key`` due ``delay`` seconds from now, unless it is due earlier already."""
        due = self._clock() + max(delay, 0.0)
        if self._due.get(key, float("inf")) <= due:
            return
        self._due[key] = due
        heapq.heappush(self._heap, (due, next(self._order), key))
        self._changed.set()

    def discard(self, key: Key) -> None:
        """Forget ``key``; a run of it that is under way goes on."""
        self._due.pop(key, None)

    async def work(self, run: Run[Key], *, concurrency: int) -> None:
        """Run due keys until cancelled; ``run`` must not raise: an exception ends the work."""
        async with asyncio.TaskGroup() as group:
            for number in range(concurrency):
                group.create_task(self._worker(run), name=f"worker-{number}")

    async def _worker(self, run: Run[Key]) -> None:
        while True:
            key = await self._take()
            try:
                delay = await run(key)
            finally:
                self._running.discard(key)
                self._changed.set()
            if delay is not None:
                self.add(key, delay=delay)

    async def _take(self) -> Key:
        while True:
            key, wait = self._next()
            if key is not None:
                self._running.add(key)
                return key
            self._changed.clear()
            try:
                async with asyncio.timeout(wait):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def _next(self) -> tuple[Key | None, float | None]:
        """The key to run now, or how long until one is due; keys that are running are looked at when their run ends."""
        held: list[tuple[float, int, Key]] = []
        found: Key | None = None
        wait: float | None = None
        while self._heap:
            due, order, key = self._heap[0]
            if self._due.get(key) != due:  # superseded by an earlier due time, or discarded
                heapq.heappop(self._heap)
                continue
            left = due - self._clock()
            if left > 0:
                wait = left
                break
            heapq.heappop(self._heap)
            if key in self._running:
                held.append((due, order, key))
                continue
            del self._due[key]
            found = key
            break
        for entry in held:
            heapq.heappush(self._heap, entry)
        return found, wait

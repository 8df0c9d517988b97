"""The keyed queue: one entry a key, one run of a key at a time, bounded concurrency, and fair shares of it.

It knows nothing of patterns: a key is anything hashable, a run is a coroutine function that answers when the key is due
again, if ever. ``lanes`` says whom a run of a key counts for (``fair_queue``): within a flow the earliest due time
wins, between flows the one with the fewest runs. Time is the clock of the event loop, handed in.
"""

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable, Hashable
from typing import Final, Generic, TypeVar

from pattern_operator.aio import background_tasks
from pattern_operator.fair_queue import FairQueue, Lanes

Key = TypeVar("Key", bound=Hashable)
Run = Callable[[Key], Awaitable[float | None]]

FEW: Final = 64  # entries of the heap that may be out of date before it is put in order


class Queue(Generic[Key]):
    """Keys with due times, in seconds of ``clock``. Not thread-safe: it lives on one event loop.

    ``lanes`` is retried whenever a key is added and before it runs, so its answer may change while a key waits.
    Without it, each key is a flow of its own.
    """

    def __init__(self, *, clock: Callable[[], float], lanes: Callable[[Key], Lanes] | None = None) -> None:
        self._clock = clock
        self._lanes = lanes if lanes is not None else lambda key: (key,)
        self._due: dict[Key, float] = {}
        self._later: list[tuple[float, int, Key]] = []  # keys that are not due yet, and entries that are out of date
        self._order = itertools.count()  # among equals, first come first served
        self._running: dict[Key, Lanes] = {}
        self._line = FairQueue[Key](1)  # keys that are due; created again when it is known how many workers there are
        self._changed = asyncio.Event()  # only the one that starts runs waits for it

    def __len__(self) -> int:
        """How many keys are waiting, due or not."""
        return len(self._due)

    @property
    def overdue(self) -> int:
        """How many keys could run now if there were a worker."""
        now = self._clock()
        return sum(due <= now for due in self._due.values())

    @property
    def oldest(self) -> float:
        """For how many seconds the key that is due longest has waited for a worker; 0 when none waits."""
        now = self._clock()
        return max((now - due for key, due in self._due.items() if key not in self._running), default=0.0)

    @property
    def running(self) -> int:
        """How many runs are under way."""
        return len(self._running)

    @property
    def running_lanes(self) -> tuple[Lanes, ...]:
        """Whom the runs under way count for."""
        return tuple(self._running.values())

    def waiting(self, seconds: float) -> list[Key]:
        """The keys that have waited for a worker for so long, and are not running; the longest first."""
        then = self._clock() - seconds
        late = [(due, key) for key, due in self._due.items() if due <= then and key not in self._running]
        return [key for _, key in sorted(late, key=lambda each: each[0])]

    @property
    def largest_share(self) -> float:
        """The part of the workers, 0 to 1, that runs of one lane hold."""
        return self._line.largest_share

    def add(self, key: Key, *, delay: float = 0.0) -> None:
        """Make ``key`` due ``delay`` seconds from now, unless it is due earlier already."""
        due = self._clock() + max(delay, 0.0)
        if self._due.get(key, float("inf")) <= due:
            if key in self._line:  # what it waits for may be another thing now
                self._line.push(key, rank=due, lanes=self._lanes(key))
                self._changed.set()
            return
        self._due[key] = due
        if key not in self._running:  # else it is put in when its run ends
            self._put(key, due)

    def discard(self, key: Key) -> None:
        """Forget ``key``; a run of it that is under way goes on."""
        self._due.pop(key, None)
        self._line.remove(key)

    async def work(self, run: Run[Key], *, concurrency: int) -> None:
        """Run due keys until cancelled; ``run`` must not raise: an exception ends the work."""
        self._line = FairQueue(concurrency)
        async with background_tasks() as runs:
            while True:
                runs.check()
                self._changed.clear()
                wait = self._take_due()
                while (taken := self._take()) is not None:
                    key, lanes = taken
                    task = runs.create_task(self._run(run, key, lanes), name=f"run-{key}")
                    task.add_done_callback(lambda _: self._changed.set())
                await self._wait(wait)

    async def _wait(self, seconds: float | None) -> None:
        """Wait until something was added or has ended, or for so long."""
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return

    async def _run(self, run: Run[Key], key: Key, lanes: Lanes) -> None:
        try:
            delay = await run(key)
        finally:
            self._running.pop(key, None)
            self._line.give_back(lanes)
            self._changed.set()
        if key in self._due:
            self._put(key, self._due[key])
        if delay is not None:
            self.add(key, delay=delay)

    def _put(self, key: Key, due: float) -> None:
        heapq.heappush(self._later, (due, next(self._order), key))
        if len(self._later) > 2 * len(self._due) + FEW:  # most of it is out of date
            self._later = [entry for entry in self._later if self._due.get(entry[2]) == entry[0]]
            heapq.heapify(self._later)
        self._changed.set()

    def _take_due(self) -> float | None:
        """Put the keys that are due in the line; seconds until the next one is, None when there is none."""
        now = self._clock()
        while self._later:
            due, _, key = self._later[0]
            if due > now:
                return due - now
            heapq.heappop(self._later)
            if self._due.get(key) == due and key not in self._running:  # neither superseded nor discarded
                self._line.push(key, rank=due, lanes=self._lanes(key))
        return None

    def _take(self) -> tuple[Key, Lanes] | None:
        """The key to run now, with a worker of its own from here on."""
        while (taken := self._line.pop()) is not None:
            key, lanes = taken
            now = self._lanes(key)
            if now == lanes:
                del self._due[key]
                self._running[key] = lanes
                return taken
            self._line.give_back(lanes)
            self._line.push(key, rank=self._due[key], lanes=now)
        return None

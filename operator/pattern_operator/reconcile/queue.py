"""The keyed queue: one entry a key, one run of a key at a time, bounded concurrency, and fair shares of it.

It knows nothing of patterns: a key is anything hashable, a run is a coroutine function that answers when the key is due
again, if ever. ``lanes`` says what a run of a key counts for (``fair_queue``): within a flow the earliest due time
wins, between flows the one with the fewest runs, then the one that has used the least time. A run that waits for
somebody outside for long gives its worker to another meanwhile (``aside``). Time is the clock of the event loop, handed
in.
"""

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from pattern_operator.aio import background_tasks
from pattern_operator.fair_queue import FairQueue, Lanes
from pattern_operator.fair_queue.lazy_heap import has_many_stale
from pattern_operator.reconcile.aside import Places

Key = TypeVar("Key", bound=Hashable)
Run = Callable[[Key], Awaitable[float | None]]

ASIDE: Final = 2  # runs beside each worker that wait for a registry; each may hold a body, or a list of tags, of 2 MiB


@dataclass(slots=True, eq=False)
class _Place(Generic[Key]):
    """Where a run is: with a worker since ``begun``, or aside.

    ``waits`` counts the blocks of ``aside`` that it is in, and ``overstays`` since when it should be aside and is not.
    """

    key: Key
    lanes: Lanes
    due: float
    begun: float
    waits: int = 0
    is_aside: bool = False
    overstays: float | None = None
    gives_way: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True, eq=False)
class _Return(Generic[Key]):
    """A run that was aside waits for a worker, which ``given`` tells it of."""

    place: _Place[Key]
    given: "asyncio.Future[None]"


class Queue(Generic[Key]):
    """Keys with due times, in seconds of ``clock``. Not thread-safe: it belongs to one event loop.

    ``lanes`` is retried whenever a key is added and before it runs, so its answer may change while a key waits.
    Without it, each key is a flow of its own.
    """

    def __init__(self, *, clock: Callable[[], float], lanes: Callable[[Key], Lanes] | None = None) -> None:
        self._clock = clock
        self._lanes = lanes if lanes is not None else lambda key: (key,)
        self._due: dict[Key, float] = {}
        self._later: list[tuple[float, int, Key]] = []  # keys that are not due yet, and entries that are out of date
        self._order = itertools.count()  # among equals, first come first served
        self._running: dict[Key, _Place[Key]] = {}
        # Keys that are due, and runs that come back; both created again when it is known how many workers there are.
        self._line = FairQueue[Key | _Return[Key]](1)
        self._aside = Places[Key](ASIDE, 1)
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
        """How many runs are under way, those that are aside included."""
        return len(self._running)

    @property
    def aside_count(self) -> int:
        """How many of them hold no worker, for they wait for somebody outside."""
        return sum(place.is_aside for place in self._running.values())

    @property
    def running_lanes(self) -> tuple[Lanes, ...]:
        """What the runs that hold a worker count for."""
        return tuple(place.lanes for place in self._running.values() if not place.is_aside)

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

    async def work(self, run: Run[Key], *, concurrency: int) -> None:
        """Run due keys until cancelled; ``run`` must not raise: an exception ends the work."""
        self._line = FairQueue(concurrency)
        self._aside = Places(ASIDE * concurrency, concurrency)
        async with background_tasks() as runs:
            while True:
                runs.check()
                self._changed.clear()
                wait = self._take_due()
                while (place := self._take()) is not None:
                    task = runs.create_task(self._run(run, place), name=f"run-{place.key}")
                    task.add_done_callback(lambda _: self._changed.set())
                self._end_overstays()
                await self._wait(wait)

    async def _wait(self, seconds: float | None) -> None:
        """Wait until something was added or has ended, or for so long."""
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return

    async def _run(self, run: Run[Key], place: _Place[Key]) -> None:
        key = place.key
        try:
            delay = await run(key)
        finally:
            self._running.pop(key, None)
            if place.is_aside:
                self._aside.leave(key)
            else:
                self._give_back(place)
        if key in self._due:
            self._put(key, self._due[key])
        if delay is not None:
            self.add(key, delay=delay)

    # --- runs that wait for somebody outside -------------------------------------------------------------------------

    @asynccontextmanager
    async def aside(self, key: Key, after: float) -> AsyncIterator[asyncio.Event]:
        """The run of ``key`` waits for somebody outside in the block: after so many seconds another has its worker.

        The event says that it gives way: others wait, and it should end the block. After the block it has a worker,
        whatever ended the block but a cancellation.
        """
        place = self._running.get(key)
        if place is None:  # nobody's run
            yield asyncio.Event()
            return
        place.waits += 1
        timer = asyncio.get_running_loop().call_later(after, self._let_go, place)
        try:
            yield place.gives_way
        except Exception:  # whatever it is, who tells of it needs a worker
            timer.cancel()
            await self._end_wait(place)
            raise
        except BaseException:  # a cancellation does not wait for a worker
            timer.cancel()
            place.waits -= 1
            raise
        timer.cancel()
        await self._end_wait(place)

    def _let_go(self, place: _Place[Key]) -> None:
        """Give the worker of a run to others, where there is a place for it; else as soon as there is one."""
        if not place.waits or place.is_aside or place.overstays is not None:
            return
        place.overstays = self._clock()
        if not self._step_aside(place):
            self._changed.set()

    def _step_aside(self, place: _Place[Key]) -> bool:
        entered = self._aside.enter(place.key, flow=place.lanes[0], now=self._clock())
        if entered is None:
            return False
        if entered.displaced is not None and (displaced := self._running.get(entered.displaced)) is not None:
            displaced.gives_way.set()
        self._give_back(place)
        place.is_aside, place.overstays, place.begun = True, None, self._clock()
        self._changed.set()
        return True

    async def _end_wait(self, place: _Place[Key]) -> None:
        """Take a worker again, in turn, if it was given to others."""
        place.waits -= 1
        if place.waits:
            return
        place.overstays = None
        if place.is_aside:
            self._aside.end(place.key)
            self._line.charge(place.lanes[0], self._clock() - place.begun)
            back = _Return(place, asyncio.get_running_loop().create_future())
            self._line.push(back, rank=place.due, lanes=place.lanes)
            self._changed.set()
            try:
                await back.given
            finally:
                self._line.remove(back)
        place.gives_way = asyncio.Event()

    def _end_overstays(self) -> None:
        """Of the runs that wait outside with a worker, some go aside, and some end while flows wait that have none."""
        late = [(place.overstays, place) for place in self._running.values() if place.overstays is not None]
        late.sort(key=lambda each: each[0])
        staying = [place for _, place in late if not place.gives_way.is_set() and not self._step_aside(place)]
        if not staying:
            return
        ending = sum(place.gives_way.is_set() and not place.is_aside for place in self._running.values())
        for _ in range(min(self._line.unserved - ending, len(staying))):
            place = max(
                staying, key=lambda each: self._line.held(each.lanes[0])
            )  # of equals the one that waits longest
            staying.remove(place)
            place.gives_way.set()

    def _give_back(self, place: _Place[Key]) -> None:
        self._line.give_back(place.lanes, used=self._clock() - place.begun)

    # --- what is due --------------------------------------------------------------------------------------------------

    def _put(self, key: Key, due: float) -> None:
        heapq.heappush(self._later, (due, next(self._order), key))
        if has_many_stale(self._later, current=len(self._due)):
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
            if self._due.get(key) == due and key not in self._running:  # not superseded
                self._line.push(key, rank=due, lanes=self._lanes(key))
        return None

    def _take(self) -> _Place[Key] | None:
        """The run to begin now, with a worker of its own from here on; who comes back is told of its worker."""
        while (taken := self._line.pop()) is not None:
            item, lanes = taken
            if isinstance(item, _Return):
                self._return(item)
                continue
            now = self._lanes(item)
            if now == lanes:
                place = _Place(item, lanes, due=self._due.pop(item), begun=self._clock())
                self._running[item] = place
                return place
            self._line.give_back(lanes)
            self._line.push(item, rank=self._due[item], lanes=now)
        return None

    def _return(self, back: _Return[Key]) -> None:
        place = back.place
        if back.given.done():  # it was cancelled in the same moment
            self._line.give_back(place.lanes)
            return
        self._aside.leave(place.key)
        place.is_aside, place.begun = False, self._clock()
        back.given.set_result(None)

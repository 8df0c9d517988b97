"""A semaphore with fair shares: a slow flow holds a part of the permits only (``fair_queue``)."""

import asyncio
from collections.abc import Hashable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from pattern_operator.fair_queue import FairQueue, Lanes
from pattern_operator.start_time_ranking import StartTimeRanking


@dataclass(slots=True)
class _Flow:
    """A flow that holds or awaits slots: how many, and the turns that its parts take."""

    users: int = 0
    turns: StartTimeRanking = field(default_factory=StartTimeRanking)


class FairSemaphore:
    """``capacity`` slots. Between flows, who holds the fewest gets one first; among equals who has used less time.

    A flow may have parts, its second lane: they take turns by the time that they used, so that however much one asks
    for, another waits for one turn of it.
    """

    def __init__(self, capacity: int) -> None:
        self._line = FairQueue[asyncio.Future[None]](capacity)
        self._flows: dict[Hashable, _Flow] = {}  # only those that hold or await a slot
        self._ranks: dict[asyncio.Future[None], float] = {}

    @property
    def free(self) -> int:
        """How many slots nobody holds."""
        return self._line.free

    def held(self, lane: Hashable) -> int:
        """How many slots the lane holds."""
        return self._line.held(lane)

    def acquire(self, flow: Hashable, *lanes: Hashable) -> AbstractAsyncContextManager[None]:
        """Hold a slot during the block; wait for one as long as it takes. It counts for ``lanes`` as well."""
        return _Slot(self, flow, lanes)

    async def wait_for_turn(self, flow: Hashable, lanes: Lanes, part: Hashable) -> None:
        """Wait until there is a slot; it is held then."""
        known = self._flows.setdefault(flow, _Flow())
        known.users += 1
        try:
            rank = known.turns.rank(part)
            if self._line.take(lanes):
                known.turns.begun(rank)
                return
            await self._wait(lanes, rank)
        except BaseException:
            self._leave(flow, known)
            raise

    def end_turn(self, flow: Hashable, lanes: Lanes, part: Hashable, *, used: float) -> None:
        """Give the slot back, which was held for ``used`` seconds."""
        known = self._flows[flow]
        known.turns.ended(part, used)
        self._give_back(lanes, used=used)
        self._leave(flow, known)

    async def _wait(self, lanes: Lanes, rank: float) -> None:
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ranks[place] = rank
        self._line.push(place, rank=rank, lanes=lanes)
        self._give_out()
        try:
            await place
        except asyncio.CancelledError:
            if place.cancelled():
                self._line.remove(place)
                self._ranks.pop(place, None)
            else:  # it was given in the same moment
                self._give_back(lanes, used=0.0)
            raise

    def _leave(self, flow: Hashable, known: _Flow) -> None:
        known.users -= 1
        if not known.users:
            del self._flows[flow]

    def _give_back(self, lanes: Lanes, *, used: float) -> None:
        self._line.give_back(lanes, used=used)
        if self._line:
            self._give_out()

    def _give_out(self) -> None:
        while (taken := self._line.pop()) is not None:
            place, lanes = taken
            rank = self._ranks.pop(place, 0.0)
            if place.cancelled():
                self._line.give_back(lanes)
            else:
                self._flows[lanes[0]].turns.begun(rank)
                place.set_result(None)


class _Slot(AbstractAsyncContextManager[None]):
    """One slot that is held during a block. There is one for each request, and a generator would take longer."""

    __slots__ = ("_begun", "_flow", "_lanes", "_part", "_slots")

    def __init__(self, slots: FairSemaphore, flow: Hashable, lanes: Lanes) -> None:
        self._slots = slots
        self._flow = flow
        self._lanes = (flow, *lanes)
        self._part = lanes[0] if lanes else None
        self._begun = 0.0

    async def __aenter__(self) -> None:
        await self._slots.wait_for_turn(self._flow, self._lanes, self._part)
        self._begun = asyncio.get_running_loop().time()

    async def __aexit__(self, *_: object) -> None:
        used = asyncio.get_running_loop().time() - self._begun
        self._slots.end_turn(self._flow, self._lanes, self._part, used=used)

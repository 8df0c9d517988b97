"""A semaphore with fair shares: a slow flow holds a part of the permits only (``fair_queue``)."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from pattern_operator.fair_queue import FairQueue
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

    @asynccontextmanager
    async def acquire(self, flow: Hashable, *lanes: Hashable) -> AsyncIterator[None]:
        """Hold a slot during the block; wait for one as long as it takes. ``lanes`` are whom it counts for beside."""
        loop = asyncio.get_running_loop()
        place: asyncio.Future[None] = loop.create_future()
        whole, part = (flow, *lanes), next(iter(lanes), None)
        known = self._flows.setdefault(flow, _Flow())
        known.users += 1
        try:
            self._ranks[place] = rank = known.turns.rank(part)
            self._line.push(place, rank=rank, lanes=whole)
            self._give_out()
            try:
                await place
            except asyncio.CancelledError:
                if place.cancelled():
                    self._line.remove(place)
                    self._ranks.pop(place, None)
                else:  # it was given in the same moment
                    self._give_back(whole, used=0.0)
                raise
            begun = loop.time()
            try:
                yield
            finally:
                used = loop.time() - begun
                known.turns.ended(part, used)
                self._give_back(whole, used=used)
        finally:
            known.users -= 1
            if not known.users:
                del self._flows[flow]

    def _give_back(self, lanes: tuple[Hashable, ...], *, used: float) -> None:
        self._line.give_back(lanes, used=used)
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

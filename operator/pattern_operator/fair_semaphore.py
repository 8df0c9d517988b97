"""A semaphore with shares: of so many requests at once, whoever is slow holds a part only (``fair_queue``)."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

from pattern_operator.fair_queue import FairQueue


class FairSemaphore:
    """``capacity`` slots. Who asks first gets one first within a flow; between flows, who holds the fewest."""

    def __init__(self, capacity: int) -> None:
        self._line = FairQueue[asyncio.Future[None]](capacity)

    @property
    def free(self) -> int:
        """How many slots nobody holds."""
        return self._line.free

    @asynccontextmanager
    async def acquire(self, flow: Hashable, *lanes: Hashable) -> AsyncIterator[None]:
        """Hold a slot during the block; wait for one as long as it takes. ``lanes`` are whom it counts for beside."""
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        whole = (flow, *lanes)
        self._line.push(place, rank=0.0, lanes=whole)
        self._give_out()
        try:
            await place
        except asyncio.CancelledError:
            if place.cancelled():
                self._line.remove(place)
            else:  # it was given in the same moment
                self._give_back(whole)
            raise
        try:
            yield
        finally:
            self._give_back(whole)

    def _give_back(self, lanes: tuple[Hashable, ...]) -> None:
        self._line.give_back(lanes)
        self._give_out()

    def _give_out(self) -> None:
        while (taken := self._line.pop()) is not None:
            place, lanes = taken
            if place.cancelled():
                self._line.give_back(lanes)
            else:
                place.set_result(None)

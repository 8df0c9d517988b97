"""An amount of something that many want, such as processes or memory, given out so that nobody gets all of it.

A tenant holds at most a share, however much is free, so something is left for whoever comes later. Of those who wait,
the tenant goes first who used least of late: who asks a thousand times, or holds it for long each time, waits behind
who asks once for a moment.
"""

import asyncio
import math
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

_HALF_LIFE: Final = 60.0  # seconds after which half of what a tenant used is forgotten
_NOTHING: Final = 0.01  # seconds of use that are forgotten altogether


class TooMuch(Exception):
    """More was asked for than a tenant may ever hold."""


@dataclass(slots=True, eq=False)
class _Wish:
    amount: int
    granted: asyncio.Future[None]


class Shares:
    """``total`` of it, at most ``share`` to one tenant. For use by one event loop."""

    def __init__(self, total: int, *, share: int) -> None:
        self.share = share
        self.free = total
        self._held: dict[str, int] = {}
        self._waiting: OrderedDict[str, deque[_Wish]] = OrderedDict()  # by tenant, in the order of their turns
        self._used: dict[str, tuple[float, float]] = {}  # by tenant: seconds times shares, and when that was counted

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(len(wishes) for wishes in self._waiting.values())

    def is_used_up(self, tenant: str, amount: int) -> bool:
        """Whether it is its own share that keeps the tenant from ``amount`` more, however much is free."""
        return self._held.get(tenant, 0) + amount > self.share

    @asynccontextmanager
    async def hold(self, tenant: str, amount: int, *, patience: float) -> AsyncIterator[None]:
        """Hold ``amount`` during the block; wait for it up to ``patience`` seconds.

        Raises:
            TooMuch: it is more than a share.
            TimeoutError: others did not give back enough in time.
        """
        if amount > self.share:
            raise TooMuch
        wish = _Wish(amount, asyncio.get_running_loop().create_future())
        self._waiting.setdefault(tenant, deque()).append(wish)
        self._give_out()
        try:
            async with asyncio.timeout(patience):
                await wish.granted
        except BaseException:  # a cancellation, too: who leaves wishes for nothing
            self._withdraw(tenant, wish)
            raise
        clock = asyncio.get_running_loop().time
        begun = clock()
        try:
            yield
        finally:
            self._count_use(tenant, (clock() - begun) * amount / self.share, now=clock())
            self._give_back(tenant, amount)

    def _withdraw(self, tenant: str, wish: _Wish) -> None:
        if wish.granted.done() and not wish.granted.cancelled():  # it was granted in the same moment
            self._give_back(tenant, wish.amount)
            return
        wishes = self._waiting.get(tenant)
        if wishes is not None and wish in wishes:
            wishes.remove(wish)
            if not wishes:
                del self._waiting[tenant]

    def _give_back(self, tenant: str, amount: int) -> None:
        self.free += amount
        self._held[tenant] -= amount
        if not self._held[tenant]:
            del self._held[tenant]
        self._give_out()

    def _give_out(self) -> None:
        """Grant what can be granted: a turn for each tenant, until a round gave nothing."""
        now = asyncio.get_running_loop().time()
        while sum(self._take_turn(tenant) for tenant in sorted(self._waiting, key=lambda each: self._use(each, now))):
            pass

    def _use(self, tenant: str, now: float) -> float:
        used, counted = self._used.get(tenant, (0.0, now))
        return used * math.exp2((counted - now) / _HALF_LIFE)

    def _count_use(self, tenant: str, seconds: float, *, now: float) -> None:
        self._used[tenant] = (self._use(tenant, now) + seconds, now)
        for other in [other for other in self._used if self._use(other, now) < _NOTHING]:
            del self._used[other]

    def _take_turn(self, tenant: str) -> bool:
        wishes = self._waiting[tenant]
        wish, held = wishes[0], self._held.get(tenant, 0)
        withdrawn = wish.granted.cancelled()  # who waited is cancelled, and has not run since
        if not withdrawn and (wish.amount > self.free or held + wish.amount > self.share):
            return False
        wishes.popleft()
        if wishes:
            self._waiting.move_to_end(tenant)
        else:
            del self._waiting[tenant]
        if not withdrawn:
            self.free -= wish.amount
            self._held[tenant] = held + wish.amount
            wish.granted.set_result(None)
        return True

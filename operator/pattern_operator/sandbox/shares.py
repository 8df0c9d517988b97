"""An amount of something that many want, such as processes or memory, given out so that nobody gets all of it.

A tenant holds at most a share, however much is free, so something is left for whoever comes later. Among those who
wait, tenants take turns: who asks a thousand times waits behind who asks once.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass


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

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(len(wishes) for wishes in self._waiting.values())

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
        except BaseException:
            self._withdraw(tenant, wish)
            raise
        try:
            yield
        finally:
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
        while sum(self._take_turn(tenant) for tenant in list(self._waiting)):
            pass

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

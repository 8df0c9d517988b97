"""How long something held the event loop: while one thing runs, nothing else is served, neither a watch nor a probe."""

import asyncio
from collections.abc import Callable
from typing import Final

TICK: Final = 0.02  # seconds; what holds the loop is seen as at most this much shorter than it was


async def observe_loop_lag(observe: Callable[[float], None]) -> None:
    """Give ``observe`` the seconds by which each tick comes too late, until cancelled.

    The machine's scheduler counts too: a loop that gets no CPU serves nobody either.
    """
    clock = asyncio.get_running_loop().time
    while True:
        due = clock() + TICK
        await asyncio.sleep(TICK)
        observe(max(0.0, clock() - due))

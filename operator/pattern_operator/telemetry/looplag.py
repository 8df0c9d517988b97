"""Measures how long the event loop is blocked: no watch or probe is served meanwhile."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

TICK: Final = 0.02  # seconds; a block of the loop is measured at most this much too short


async def observe_loop_lag(
    observe: Callable[[float], None],
    *,
    held: Callable[[float], None] = lambda _: None,
    worked: Callable[[], float] = time.process_time,
) -> None:
    """Give ``observe`` the seconds by which each tick comes too late, until cancelled.

    That includes the time in which the machine gave the process no CPU. So ``held`` gets the part in which this process
    ``worked`` (all its threads); the rest is the machine's, or was spent waiting in a call.
    """
    clock = asyncio.get_running_loop().time
    while True:
        due, before = clock() + TICK, worked()
        await asyncio.sleep(TICK)
        late = max(0.0, clock() - due)
        observe(late)
        held(min(late, worked() - before))

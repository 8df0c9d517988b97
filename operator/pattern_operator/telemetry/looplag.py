"""How long something held the event loop: while one thing runs, nothing else is served, neither a watch nor a probe."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

TICK: Final = 0.02  # seconds; what holds the loop is seen as at most this much shorter than it was


async def observe_loop_lag(
    observe: Callable[[float], None],
    *,
    held: Callable[[float], None] = lambda _: None,
    worked: Callable[[], float] = time.process_time,
) -> None:
    """Give ``observe`` the seconds by which each tick comes too late, until cancelled.

    The machine's scheduler counts too: a loop that gets no CPU serves nobody either. So ``held`` is given how much of
    that this process ``worked`` (all its threads): what is left is the machine's, or was spent waiting in a call.
    """
    clock = asyncio.get_running_loop().time
    while True:
        due, before = clock() + TICK, worked()
        await asyncio.sleep(TICK)
        late = max(0.0, clock() - due)
        observe(late)
        held(min(late, worked() - before))

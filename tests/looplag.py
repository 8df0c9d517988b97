"""Measures for how long an event loop is held: by its own callbacks, or by a thread that keeps the interpreter."""

import asyncio
import time
from collections.abc import Awaitable, Callable

MOST = 0.05  # seconds that nothing from outside may hold the loop; some 20 ms on a machine without other work
_TICK = 0.002


async def longest_hold(work: Callable[[], Awaitable[object]], *, tries: int = 3) -> float:
    """The longest time, in seconds, for which ``work`` holds the loop; the least of some tries.

    Other processes of a busy machine hold it too, now and then; what the work itself does, it does each time.
    """
    found = []
    for _ in range(tries):
        found.append(await _once(work))
        if found[-1] < MOST / 2:
            break
    return min(found)


async def _once(work: Callable[[], Awaitable[object]]) -> float:
    longest, ended = 0.0, False

    async def tick() -> None:
        nonlocal longest
        while not ended:
            before = time.perf_counter()
            await asyncio.sleep(_TICK)
            longest = max(longest, time.perf_counter() - before - _TICK)

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(5 * _TICK)
    longest = 0.0
    try:
        await work()
    finally:
        await asyncio.sleep(2 * _TICK)
        ended = True
        await ticking
    return longest

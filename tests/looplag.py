"""Measures for how long an event loop is held: by its own callbacks, or by a thread that keeps the interpreter."""

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable

from tests import machine, tracing

MOST = 0.05  # seconds that nothing from outside may hold the loop; some 20 ms on a machine without other work
_TICK = 0.002


async def longest_hold(work: Callable[[], Awaitable[object]], *, tries: int = 6) -> float:
    """The longest time, in seconds, for which ``work`` holds the loop; the least of some tries.

    What counts is the time that this process worked while the loop could not: on a busy machine it waits for others.
    A slower machine is allowed for (``machine.slowness``).
    """
    gc.collect()
    gc.freeze()  # as the operator does: else a full collection looks at all that the tests have made
    found = []
    with tracing.off():
        for _ in range(tries):
            held = await _once(work)
            found.append(held if held < MOST else held / machine.slowness())
            if found[-1] < MOST:
                break
    gc.unfreeze()
    return min(found)


async def _once(work: Callable[[], Awaitable[object]]) -> float:
    longest, ended = 0.0, False

    async def tick() -> None:
        nonlocal longest
        while not ended:
            begun, worked = time.perf_counter(), time.process_time()
            await asyncio.sleep(_TICK)
            late, busy = time.perf_counter() - begun - _TICK, time.process_time() - worked
            longest = max(longest, min(late, busy))

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

"""Measures for how long an event loop is held: by its own callbacks, or by a thread that keeps the interpreter."""

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from tests import machine, tracing

from pattern_operator.__main__ import YOUNG_OBJECTS

MOST = 0.05  # seconds that nothing from outside may hold the loop; some 20 ms on a machine without other work
_TICK = 0.002


async def longest_hold(work: Callable[[], Awaitable[object]], *, tries: int = 6) -> float:
    """The longest time, in seconds, for which ``work`` holds the loop; the least of some tries.

    What counts is the time that this process worked while the loop could not: on a busy machine it waits for others.
    A slower machine is allowed for (``machine.slowness``).
    """
    found = []
    with tracing.off(), _garbage_as_in_the_operator():
        for _ in range(tries):
            held = await _once(work)
            found.append(held if held < MOST else held / machine.slowness())
            if found[-1] < MOST:
                break
    return min(found)


@contextmanager
def _garbage_as_in_the_operator() -> Iterator[None]:
    """Collect garbage as ``pattern_operator.__main__`` does: else most of what is measured are collections.

    Without ``gc.freeze`` each full one looks at all that the tests have made.
    """
    threshold = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)
    try:
        yield
    finally:
        gc.set_threshold(*threshold)
        gc.unfreeze()


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

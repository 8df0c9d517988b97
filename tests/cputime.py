"""Measures how much CPU time work takes: other work of a machine makes it slower, and never faster."""

import time
from collections.abc import Callable

from tests import tracing

TRIES = 5


def cpu_time(work: Callable[[], object], *, enough: float) -> float:
    """The least CPU time, in seconds, of some tries of ``work``; one that took less than ``enough`` is the last."""
    found = []
    with tracing.off():
        for _ in range(TRIES):
            begun = time.process_time()
            work()
            found.append(time.process_time() - begun)
            if found[-1] < enough:
                break
    return min(found)

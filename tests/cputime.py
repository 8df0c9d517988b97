"""Measures how much CPU time work takes, as of the machine where the limits were measured."""

import time
from collections.abc import Callable

from tests import machine, tracing

TRIES = 5


def cpu_time(work: Callable[[], object], *, enough: float) -> float:
    """The least CPU time, in seconds, of some tries of ``work``; one that took less than ``enough`` is the last.

    Other work of a machine makes it slower, and never faster. A slower machine is allowed for (``machine.slowness``).
    """
    found = []
    with tracing.off():
        for _ in range(TRIES):
            begun = time.process_time()
            work()
            took = time.process_time() - begun
            found.append(took if took < enough else took / machine.slowness())
            if found[-1] < enough:
                break
    return min(found)

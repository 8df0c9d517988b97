"""How fast the machine is at this moment: limits of CPU time are those of the machine where they were measured."""

import time
from typing import Final

NOMINAL: Final = 0.0016  # CPU seconds of ``_work`` where the limits were measured: the median of 60
_TRIES: Final = 30


def _work() -> int:
    """What the code under test does most: builds containers and texts, and looks at them."""
    built = [{f"key-{number}": [number, number + 1]} for number in range(5000)]
    return sum(len(name) for each in built for name, value in each.items() if value[0] >= 0)


def slowness() -> float:
    """How many times longer than there the same work takes now; at least 1."""
    took = []
    for _ in range(_TRIES):
        begun = time.thread_time()
        _work()
        took.append(time.thread_time() - begun)
    return max(1.0, sorted(took)[_TRIES // 2] / NOMINAL)

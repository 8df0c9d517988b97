"""How long to wait after a failure that may pass: exponential, with jitter, never longer than the pattern allows."""

from collections.abc import Callable
from datetime import timedelta

FIRST_PAUSE = timedelta(seconds=1)
JITTER = 0.2  # a fifth either way, so that what failed together is not retried together


def pause(
    failures: int, *, ceiling: timedelta, retry_after: timedelta | None, random: Callable[[], float]
) -> timedelta:
    """The pause after the ``failures``-th failure in a row (1 is the first).

    ``retry_after``, what the other side asked for, is a lower bound and may exceed the ceiling. ``random`` gives
    numbers in [0, 1).
    """
    doubled = FIRST_PAUSE * (1 << min(failures - 1, 30))  # beyond 2**30 every ceiling is reached
    jittered = min(doubled, ceiling) * (1 - JITTER + 2 * JITTER * random())
    return max(jittered, retry_after) if retry_after is not None else jittered

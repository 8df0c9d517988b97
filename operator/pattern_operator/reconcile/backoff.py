"""How long to wait after a failure that may pass: exponential, with jitter, not longer than the pattern allows."""

from datetime import timedelta

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.duration import parse_duration
from pattern_operator.api.reason import Reason
from pattern_operator.errors import PatternError, Transient

FIRST_PAUSE = timedelta(seconds=1)
# What only a right, or a change of another pattern or of admission, ends, and nothing tells of it: asked for each
# second it never comes.
OF_OTHERS = timedelta(seconds=30)  # at least the longest pause then, also where spec.retryInterval is shorter
_ENDED_BY_OTHERS = frozenset({Reason.FORBIDDEN, Reason.OWNED_BY_ANOTHER_PATTERN, Reason.OWNER_LABEL_REMOVED})
CLOCK_SLACK = 0.05  # seconds that a timer may fire early: what was to be due then must be due
JITTER = 0.2  # a fifth either way, so that what failed together is not retried together


def pause(failures: int, *, ceiling: timedelta, retry_after: timedelta | None, jitter: float) -> timedelta:
    """The pause after the ``failures``-th failure in a row (1 is the first).

    ``retry_after``, what the other side asked for, is a lower bound and may exceed the ceiling. ``jitter`` is a
    random number in [0, 1).
    """
    doubled = FIRST_PAUSE * (1 << min(failures - 1, 30))  # beyond 2**30 every ceiling is reached
    jittered = min(doubled, ceiling) * (1 - JITTER + 2 * JITTER * jitter)
    return max(jittered, retry_after) if retry_after is not None else jittered


def retry_pause(pattern: DesignPattern, failures: int, error: PatternError, *, jitter: float) -> float:
    """Seconds until a pattern is retried after its ``failures``-th failure in a row; ``jitter`` is in [0, 1)."""
    ceiling = timedelta(seconds=seconds_of(pattern.spec.retry_interval))
    if error.reason in _ENDED_BY_OTHERS:
        ceiling = max(ceiling, OF_OTHERS)
    asked = error.retry_after if isinstance(error, Transient) else None
    return pause(failures, ceiling=ceiling, retry_after=asked, jitter=jitter).total_seconds()


def seconds_of(text: str) -> float:
    """Seconds of a duration that the CRD admitted; one that it should not have is an interval of five minutes."""
    try:
        return parse_duration(text).total_seconds()
    except ValueError:
        return 300.0

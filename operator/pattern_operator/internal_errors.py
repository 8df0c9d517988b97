"""Contains the operator's own defects: an unexpected error costs the one object or kind it happened at.

It is counted each time and logged once for each kind of it, with the traceback: a watch repeats it for every object.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final

logger = logging.getLogger(__name__)

MAX_KINDS: Final = 256  # kinds of errors that are logged; there are fewer places that can fail
# Where errors are contained: the label values of the metric, all of them, so that each counts from zero.
PLACES: Final = (
    "apply",  # of one object
    "delete",  # of one object
    "dry_run",  # of one object
    "event",
    "explain",  # why a workload is not healthy
    "gauge",
    "handler",  # kopf's
    "health_check",  # of one object
    "lanes",  # what a run counts for
    "line",  # of what waits for a worker
    "look_for_kind",
    "loop",  # where nobody waits for it
    "managed_object",  # at a watch event of one object
    "managed_object_notification",
    "manager",  # the whole work was restarted
    "policy_status",
    "request_hook",
    "run",  # of one pattern
    "timer",
    "watch",  # at what was sent by the API server
    "watch_callback",
)


@dataclass(slots=True)
class InternalErrors:
    """Counts and logs. ``count`` is called with the place, one of ``PLACES``."""

    count: Callable[[str], None] = lambda _: None
    _logged: set[tuple[str, str, str, int]] = field(default_factory=set)

    def record(self, where: str, error: Exception) -> None:
        """Take down that ``error`` happened at ``where``. Never raises."""
        self.count(where)
        kind = (where, type(error).__name__, *_place(error.__traceback__))
        if kind in self._logged or len(self._logged) >= MAX_KINDS:
            return
        self._logged.add(kind)
        # Not the error's message: it may quote the body of an object.
        frames = "".join(_frames(error.__traceback__))
        logger.error("internal error, logged once: where=%s type=%s at:%s", where, type(error).__name__, frames)

    @contextmanager
    def contain(self, where: str) -> Iterator[None]:
        """End the block at an unexpected error, and record it. Cancellation passes."""
        try:
            yield
        except Exception as error:  # the place that calls back into code that may be wrong
            self.record(where, error)


def _place(trace: TracebackType | None) -> tuple[str, int]:
    """The file and line that raised."""
    found = ("", 0)
    while trace is not None:
        found = (trace.tb_frame.f_code.co_filename, trace.tb_lineno)
        trace = trace.tb_next
    return found


def _frames(trace: TracebackType | None) -> Iterator[str]:
    """Where the error came through: file, line and function, and no values."""
    while trace is not None:
        code = trace.tb_frame.f_code
        yield f"\n  {code.co_filename}:{trace.tb_lineno} in {code.co_name}"
        trace = trace.tb_next

"""Notices work that stalled: a watch that is silent, patterns that are due and not run, a run without an end.

Everything here has an end of its own elsewhere (timeouts of requests, deadlines of runs); what is still not over long
after that is a defect, and the work is restarted. An API server or a registry that is away is none: requests fail, and
that is progress.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeVar

SAMPLE: Final = 5.0  # seconds between two looks
UNSERVED: Final = 60.0  # seconds that a key may be due while nothing runs at all
LONGEST_RUN: Final = 1800.0  # seconds: the requests of a run end long before, and it is given up
LONGEST_SILENCE: Final = 900.0  # seconds: a watch is ended by the server after 540, and waits 330 to try again

Key = TypeVar("Key", bound=Hashable)


class RunningWatch(Protocol):
    """A watch: its ``name``, and when it last received anything or retried (seconds of the clock)."""

    @property
    def name(self) -> str: ...  # noqa: D102 - see the class
    @property
    def last_activity(self) -> float: ...  # noqa: D102 - see the class


class WorkStalled(Exception):
    """The work does not go on: it is ended and restarted."""


@dataclass(slots=True)
class Watchdog:
    """Looks after one run of the operator. ``overdue`` is how many keys could run now, ``watches`` are the watches."""

    clock: Callable[[], float]
    overdue: Callable[[], int]
    watches: Callable[[], Iterable[RunningWatch]]
    _running: dict[Any, float] = field(default_factory=dict)  # since when
    _idle_since: float | None = None  # since when keys are due and nothing runs

    def tracking(self, run: Callable[[Key], Awaitable[float | None]]) -> Callable[[Key], Awaitable[float | None]]:
        """``run``, with its beginning and its end tracked here."""

        async def tracked(key: Key) -> float | None:
            self._running[key] = self.clock()
            self._idle_since = None
            try:
                return await run(key)
            finally:
                self._running.pop(key, None)

        return tracked

    async def watch_over(self) -> None:
        """Look until cancelled.

        Raises:
            WorkStalled: something does not go on.
        """
        while True:
            await asyncio.sleep(SAMPLE)
            if problem := self.check():
                raise WorkStalled(problem)

    def check(self) -> str:
        """What does not go on now; empty while all does."""
        now = self.clock()
        if self._running or not self.overdue():
            self._idle_since = None
        elif self._idle_since is None:
            self._idle_since = now
        return self._stalled(now)

    def _stalled(self, now: float) -> str:
        if self._idle_since is not None and now - self._idle_since > UNSERVED:
            return f"patterns are due for {UNSERVED:.0f} s, and no worker takes one"
        long = [key for key, since in self._running.items() if now - since > LONGEST_RUN]
        if long:
            return f"the run of {long[0]} has taken more than {LONGEST_RUN:.0f} s"
        silent = [each.name for each in self.watches() if now - each.last_activity > LONGEST_SILENCE]
        if silent:
            return f"the watch of {silent[0]} has not moved for {LONGEST_SILENCE:.0f} s"
        return ""

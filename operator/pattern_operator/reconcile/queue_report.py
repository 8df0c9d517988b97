"""Patterns that wait for a worker: they say so, and so do the log and /readyz, with who holds the workers.

Status is written by a sweep, a few patterns at a time, and once for a pattern: of a spec that status speaks of already
nothing is written, nor of a pattern that somebody wrote since it was looked at.
"""

import asyncio
import itertools
import logging
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from typing import Final, Protocol

from pattern_operator.api.condition import ConditionType
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.reason import Reason
from pattern_operator.api.status import Status
from pattern_operator.errors import PatternError
from pattern_operator.fair_queue import Lanes
from pattern_operator.internal_errors import InternalErrors
from pattern_operator.quote import cut
from pattern_operator.reconcile import status
from pattern_operator.reconcile.lanes import host_of, whose
from pattern_operator.reconcile.pattern_store import PatternKey, PatternStore, key_of
from pattern_operator.reconcile.status_writer import PatternDeleted
from pattern_operator.telemetry import about

EVERY: Final = 1.0  # seconds between two sweeps
LONG: Final = 5.0  # seconds that a pattern may wait with nothing said
LONG_DRIFTED: Final = 1.0  # seconds that it may say nothing of an object that is missing or drifted
WRITES: Final = 2  # of a sweep: two a second, however many wait
MOST_REPAIRS: Final = 20  # patterns of a sweep that are looked at for drift
LOGGED: Final = 60.0  # seconds between two lines of the log
MAX_HOST: Final = 128  # bytes of a registry's name in these words
IN_LINE: Final = "waits for a worker"

logger = logging.getLogger(__name__)


class Waiting(Protocol):
    """The queue: who waits for so many seconds, the longest first, and what runs count for."""

    def waiting(self, seconds: float) -> list[PatternKey]: ...  # noqa: D102 - see the class
    @property
    def running_lanes(self) -> Collection[Lanes]: ...  # noqa: D102 - see the class

    def add(self, key: PatternKey, *, delay: float = 0.0) -> None: ...  # noqa: D102 - see the class


class FirstWriter(Protocol):
    """Writes a status, unless somebody wrote the pattern since."""

    async def first_status(self, pattern: DesignPattern, status: Status) -> None: ...  # noqa: D102 - see the class


class QueueReport:
    """Sweeps the queue. ``words`` are who holds the workers while patterns wait; empty while none does."""

    def __init__(
        self,
        queue: Waiting,
        patterns: PatternStore,
        writer: FirstWriter,
        *,
        workers: int,
        now: Callable[[], datetime],
        clock: Callable[[], float],
        report_repair: Callable[[PatternKey], Awaitable[None]],
    ) -> None:
        """``report_repair`` says what drifted of a pattern that waits, if anything did and status does not say so."""
        self._queue = queue
        self._patterns = patterns
        self._writer = writer
        self._workers = workers
        self._now = now
        self._clock = clock
        self._report_repair = report_repair
        self._repairs: frozenset[PatternKey] = frozenset()  # that wait, and were told
        self._logged_at = -math.inf
        self.words = ""

    async def watch(self, errors: InternalErrors) -> None:
        """Sweep until cancelled; a defect here is recorded, and no end of the work."""
        while True:
            await asyncio.sleep(EVERY)
            with errors.contain("line"):
                await self.sweep()

    async def sweep(self) -> None:
        """Look once, and write what is to be said."""
        await self._report_repairs()
        waiting, lanes = self._queue.waiting(LONG), self._queue.running_lanes
        self.words = holders(lanes, waiting, workers=self._workers)
        if self.words and self._clock() - self._logged_at >= LOGGED:
            self._logged_at = self._clock()
            logger.warning("patterns wait for a worker: %s", self.words)
        found = (self._patterns.get(key) for key in waiting)
        unsaid = (each for each in found if each is not None and _is_to_say(each))
        for pattern in list(itertools.islice(unsaid, WRITES)):
            words = why(pattern, lanes, workers=self._workers)
            try:
                await self._writer.first_status(pattern, status.waiting(pattern, words, now=self._now()))
            except (PatternError, PatternDeleted) as error:  # mostly: its run has begun, and says more
                logger.debug(
                    "not said that a pattern waits: pattern=%s: %s", key_of(pattern), error, extra=about(pattern)
                )

    async def _report_repairs(self) -> None:
        """What is missing is said once of each pattern that waits, and looked at again by a run that comes after."""
        waiting = self._queue.waiting(LONG_DRIFTED)
        self._repairs &= frozenset(waiting)
        for key in list(itertools.islice((each for each in waiting if each not in self._repairs), MOST_REPAIRS)):
            self._repairs |= {key}
            try:
                await self._report_repair(key)
            except PatternDeleted:
                continue
            self._queue.add(key)  # a run that began meanwhile does not know what was written


def _is_to_say(pattern: DesignPattern) -> bool:
    quiet = pattern.spec.suspend or pattern.metadata.deletion_timestamp
    return not quiet and status.is_silent(pattern)


def holders(running: Collection[Lanes], waiting: Collection[PatternKey], *, workers: int) -> str:
    """Who holds the workers, by namespaces and registries alone; empty while nobody waits."""
    held = Counter(whose(lanes) for lanes in running)
    namespaces, hosts = Counter[str](), Counter[str]()
    for (namespace, host), count in held.items():
        namespaces[namespace] += count
        hosts[host or ""] += count
    if not waiting or not namespaces:
        return ""
    (name, count), *_ = namespaces.most_common(1)
    of_hosts = Counter({host: number for (namespace, host), number in held.items() if namespace == name and host})
    words = f"namespace {name} holds {count} of {workers} workers"
    if of_hosts:
        (host, number), *_ = of_hosts.most_common(1)
        words += f", {number} of them for registry {cut(str(host), MAX_HOST)}"
        if hosts[str(host)] > number:
            words += f" ({hosts[str(host)]} with other namespaces)"
    own = sum(key.namespace == name for key in waiting)
    return f"{words}; {own} of its patterns wait, of others {len(waiting) - own}"


def why(pattern: DesignPattern, running: Collection[Lanes], *, workers: int) -> str:
    """Why a pattern waits: the runs of its namespace, and those that ask its registry."""
    namespace, host = pattern.metadata.namespace, host_of(pattern)
    of = [whose(lanes) for lanes in running]
    own, asking = sum(each[0] == namespace for each in of), sum(each[1] == host for each in of)
    words = f"{IN_LINE}: of {workers}, namespace {namespace} has {own}"
    return words if host is None else f"{words}, and patterns that ask {cut(host, MAX_HOST)} have {asking}"


def is_in_line(pattern: DesignPattern) -> bool:
    """Whether status says that the pattern waits for a worker."""
    ready = next((each for each in pattern.status.conditions if each.type == ConditionType.READY), None)
    return ready is not None and ready.reason == Reason.PROGRESSING and ready.message.startswith(IN_LINE)


def asked_for(pattern: DesignPattern) -> str:
    """What a registry is asked for, in the words of the spec."""
    ref = pattern.spec.source.ref
    if ref.digest:
        return f"digest {ref.digest}"
    return f"tag {ref.tag}" if ref.tag else f"a version of {ref.semver}"

"""Why a pattern is woken, and how often it may be: a back-off holds against all but a change of what failed.

What its user changes runs the whole way, at once. What others change, a Secret that it names or an object that could
not be applied, does so too, a few times at once and then now and then. What happens to its other objects only lets it
look after what runs, which asks no registry.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Protocol

from pattern_operator.apply import Notification
from pattern_operator.reconcile.pattern_store import PatternKey
from pattern_operator.token_bucket import TokenBucket

USER: Final = (20, 1.0)  # runs at once, and seconds between further ones: nobody writes a spec faster by hand
OTHERS: Final = (5, 10.0)  # a Secret that is changed ten times a second costs six runs a minute
OBJECTS: Final = (20, 0.5)  # what drifts is repaired within a second, however much happens
MAX_EVENTS: Final = 1_000  # of objects that are remembered between two runs; what is beyond waits for the next try


class Adder(Protocol):
    """The queue's way in."""

    def add(self, key: PatternKey, *, delay: float = 0.0) -> None: ...  # noqa: D102 - see the class


@dataclass(frozen=True, slots=True)
class Woken:
    """What a run is to do: go the ``whole`` way, and look at the objects that something happened to."""

    whole: bool = False
    events: frozenset[Notification] = frozenset()


class Plan(Enum):
    """What a run does."""

    WHOLE = "go all the steps"
    UPKEEP = "look after what runs, and ask no registry"
    UPKEEP_FIRST = "look after what runs, then go all the steps in a run of its own"


def plan(woken: Woken, *, retried_at: float | None, now: float, runs: bool, asks: bool) -> Plan:
    """What a run does that was ``woken`` so.

    ``retried_at``: when what failed last is retried; None when nothing failed. ``runs``: something of the pattern
    is in the cluster; ``asks``: all the steps would ask a registry, which may take its time.
    """
    if retried_at is not None and now < retried_at and not woken.whole:
        return Plan.UPKEEP
    return Plan.UPKEEP_FIRST if woken.events and runs and asks else Plan.WHOLE


@dataclass(slots=True)
class _State:
    asked: bool = False  # by a change of the pattern itself
    found: bool = False  # something that it needs is another now
    events: set[Notification] = field(default_factory=set)
    user: TokenBucket = field(default_factory=lambda: TokenBucket(*USER))
    others: TokenBucket = field(default_factory=lambda: TokenBucket(*OTHERS))
    objects: TokenBucket = field(default_factory=lambda: TokenBucket(*OBJECTS))


class Waker:
    """Takes in what happens and puts patterns in the queue, each no more often than it may be."""

    def __init__(self, queue: Adder, *, clock: Callable[[], float]) -> None:
        self._queue = queue
        self._clock = clock
        self._states: dict[PatternKey, _State] = {}
        self._running: dict[PatternKey, asyncio.Event] = {}

    def asked(self, key: PatternKey) -> None:
        """The pattern itself was changed, or is seen for the first time."""
        state = self._state(key)
        state.asked = True
        self._queue.add(key, delay=state.user.wait(self._clock()))
        self._interrupt(key)

    def found(self, key: PatternKey) -> None:
        """Something that the pattern needs was changed by others: a Secret, a ConfigMap, a kind."""
        state = self._state(key)
        state.found = True
        self._queue.add(key, delay=state.others.wait(self._clock()))

    def noticed(self, key: PatternKey, event: Notification) -> None:
        """Something happened to an object of the pattern."""
        state = self._state(key)
        if len(state.events) < MAX_EVENTS:
            state.events.add(event)
        self._queue.add(key, delay=state.objects.wait(self._clock()))
        self._interrupt(key)

    def pending(self, key: PatternKey, *, ends_failure: Callable[[Notification], bool]) -> Woken:
        """What the next run would be told by ``begin``; takes nothing."""
        state = self._states.get(key)
        if state is None:
            return Woken()
        now = self._clock()
        events = frozenset(state.events if not state.objects.wait(now) else ())
        urgent = state.found or any(map(ends_failure, events))
        return Woken(whole=state.asked or (urgent and not state.others.wait(now)), events=events)

    def begin(self, key: PatternKey, *, ends_failure: Callable[[Notification], bool]) -> Woken:
        """Take what woke the pattern since its last run; what it may not follow yet is kept (``wait``)."""
        state, now = self._state(key), self._clock()
        whole = state.asked
        if state.asked:
            state.user.take(now)
        events = self.take_events(key)
        if state.found or any(map(ends_failure, events)):
            state.found = not state.others.take(now)
            whole = whole or not state.found
        state.asked = False
        return Woken(whole=whole, events=events)

    def take_events(self, key: PatternKey) -> frozenset[Notification]:
        """What happened to objects since it was taken last; nothing yet when that was a moment ago (``wait``)."""
        state = self._state(key)
        if not state.events or not state.objects.take(self._clock()):
            return frozenset()
        events = frozenset(state.events)
        state.events.clear()
        return events

    def keep_asking(self, key: PatternKey) -> None:
        """The whole way is still to be gone, by the next run."""
        self._state(key).asked = True

    def wait_for_events(self, key: PatternKey) -> float:
        """Seconds until ``take_events`` gives what happened."""
        return self._state(key).objects.wait(self._clock())

    def wait(self, key: PatternKey) -> float | None:
        """Seconds until the next run may follow what ``begin`` kept; None when it kept nothing."""
        state, now = self._states.get(key), self._clock()
        if state is None:
            return None
        waits = [state.others.wait(now)] if state.found else []
        waits += [state.objects.wait(now)] if state.events else []
        return min(waits, default=None)

    def forget(self, key: PatternKey) -> None:
        """The pattern is gone."""
        self._states.pop(key, None)
        self._interrupt(key)

    @contextmanager
    def during(self, key: PatternKey) -> Iterator[asyncio.Event]:
        """An event that is set when the pattern, or an object of it, is changed in the middle of its run."""
        happened = self._running[key] = asyncio.Event()
        try:
            yield happened
        finally:
            del self._running[key]

    def _interrupt(self, key: PatternKey) -> None:
        if key in self._running:
            self._running[key].set()

    def _state(self, key: PatternKey) -> _State:
        return self._states.setdefault(key, _State())

"""Who waits for what to happen in the cluster. Nothing is lost between a look and the wait that follows from it. Pure.

What happens while a pattern's run is under way is kept until the run says what it waits for: had it happened before
that, the pattern is woken at once.
"""

from collections.abc import Callable, Collection, Hashable, Iterator
from contextlib import contextmanager
from typing import Final

from pattern_operator.reconcile.pattern_store import PatternKey

MAX_HEARD: Final = 1_000  # things that are kept during one run; where more happens, it counts as everything

Topic = Hashable


class Subscriptions:
    """``wake`` is called with each pattern that waits for something that happened."""

    def __init__(self, *, wake: Callable[[PatternKey], None]) -> None:
        self._wake = wake
        self._waits: dict[PatternKey, frozenset[Topic]] = {}
        self._waiting: dict[Topic, set[PatternKey]] = {}
        self._heard: dict[PatternKey, set[Topic]] = {}

    @contextmanager
    def during(self, key: PatternKey) -> Iterator[None]:
        """While a pattern looks at the cluster: ``wait`` knows then what happened since."""
        self._heard[key] = set()
        try:
            yield
        finally:
            self._heard.pop(key, None)

    def wait(self, key: PatternKey, topics: Collection[Topic]) -> None:
        """Let a pattern wait for ``topics``, and for nothing else any more."""
        for each in self._waits.pop(key, frozenset()):
            patterns = self._waiting[each]
            patterns.discard(key)
            if not patterns:
                del self._waiting[each]
        if not topics:
            return
        self._waits[key] = frozenset(topics)
        for each in topics:
            self._waiting.setdefault(each, set()).add(key)
        heard = self._heard.get(key, set())
        if len(heard) >= MAX_HEARD or not heard.isdisjoint(topics):
            self._wake(key)

    def happened(self, topic: Topic, *, by: PatternKey | None = None) -> None:
        """Wake who waits for ``topic``, but for the pattern that did it."""
        for key, heard in self._heard.items():
            if key != by and len(heard) < MAX_HEARD:
                heard.add(topic)
        for key in tuple(self._waiting.get(topic, ())):
            if key != by:
                self._wake(key)

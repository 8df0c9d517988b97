"""How many requests one host may have at once, and how that number is shared out among tenants.

Somebody whose repositories are slow holds a part of a host's connections only, and whoever asks it seldom finds one at
once (``fair_queue``).

A request never waits for a connection while it holds one, whatever host that is to: the answer that redirects, or that
sends to a token service, is left before the next request begins (``AuthClient.send``). So the requests of one
pattern cannot wait for each other, and a limit of one is enough for all of them.
"""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from yarl import URL

from pattern_operator.fair_queue import Lane
from pattern_operator.fair_semaphore import FairSemaphore
from pattern_operator.limits import MAX_CONNECTIONS_PER_HOST
from pattern_operator.quote import one_line
from pattern_operator.source.origin import Origin

# Times the free connections that a tenant may hold: 16 of 32 alone, a second one 8, and so on, so that a few who send
# slowly together leave one to whoever comes next.
_SHARE: Final = 1
_WORTH_TELLING: Final = 1.0  # seconds of waiting; less explains nothing
_LONGEST: Final = 260  # characters of a host and port; a name has 253

Host = tuple[str, int]  # host and port: what a connection is to, whatever is spoken on it


class ConnectionWaits:
    """For how long a run waited for connections of its own side, so that no registry is called slow for it.

    Requests that wait side by side count once. ``clock`` gives seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._waiting = 0
        self._begun = 0.0
        self._ended = 0.0  # seconds of all the waiting that is over
        self._place = ""

    @property
    def seconds(self) -> float:
        """All of it so far, that which goes on included."""
        return self._ended + (self._clock() - self._begun if self._waiting else 0.0)

    @property
    def summary(self) -> str:
        """A clause that says for what, and how long; empty where nothing worth a word was waited for."""
        seconds = self.seconds
        if seconds < _WORTH_TELLING:
            return ""
        return (
            f"it waited {seconds:.0f} s for a free connection to {self._place}, of which there are at most"
            f" {MAX_CONNECTIONS_PER_HOST} at once, shared out among namespaces"
        )

    def begin(self, host: str) -> None:
        """Begin to wait for a connection to ``host``, a host and port as messages show it."""
        if not self._waiting:
            self._begun = self._clock()
        self._waiting += 1
        self._place = host

    def end(self) -> None:
        """End one waiting that was begun."""
        self._waiting -= 1
        if not self._waiting:
            self._ended += self._clock() - self._begun


class ConnectionLimiter:
    """The requests under way, by host and port; ``most`` to each at once. For one event loop."""

    def __init__(self, most: int = MAX_CONNECTIONS_PER_HOST) -> None:
        self._most = most
        self._slots: dict[
            Host, tuple[FairSemaphore, int]
        ] = {}  # with how many hold or await one; only hosts that are asked

    @property
    def hosts(self) -> int:
        """How many hosts are asked at the moment."""
        return len(self._slots)

    @asynccontextmanager
    async def acquire(self, url: URL, *, tenant: str, waits: ConnectionWaits) -> AsyncIterator[None]:
        """Hold one of the connections to the host of ``url`` during the block, after waiting for it in turn.

        ``tenant`` is whom it counts for: a namespace. ``waits`` is told of the waiting. Whoever is cancelled leaves.
        """
        host = _host_of(url)
        slots, users = self._slots.get(host, (FairSemaphore(self._most), 0))
        self._slots[host] = (slots, users + 1)
        waiting = True
        waits.begin(one_line(url.host_port_subcomponent or "", _LONGEST))
        try:
            async with slots.acquire(tenant, Lane(("tenant", tenant), _SHARE)):
                waits.end()
                waiting = False
                yield
        finally:
            if waiting:
                waits.end()
            self._leave(host)

    def _leave(self, host: Host) -> None:
        slots, users = self._slots[host]
        if users == 1:
            del self._slots[host]
        else:
            self._slots[host] = (slots, users - 1)


def _host_of(url: URL) -> Host:
    origin = Origin.of(url)
    return origin.host, origin.port or 0

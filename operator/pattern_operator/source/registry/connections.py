"""How many requests one host may have at once, and how that number is shared out among tenants.

Somebody whose repositories are slow holds a part of a host's connections only, and whoever asks it seldom finds one at
once (``fair_queue``). Where all are held although a tenant that has none waits, a request that gets next to nothing
gives way: that of the tenant with the most connections, then the one that goes on for longest.

A request never waits for a connection while it holds one, whatever host that is to: the answer that redirects, or that
sends to a token service, is left before the next request begins (``AuthClient.send``). So the requests of one
pattern cannot wait for each other, and a limit of one is enough for all of them.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from yarl import URL

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Transient
from pattern_operator.fair_queue import Lane
from pattern_operator.fair_semaphore import FairSemaphore
from pattern_operator.limits import MAX_CONNECTIONS_PER_HOST, MEAN_RATE
from pattern_operator.quote import one_line
from pattern_operator.source.origin import Origin

# Times the free connections that a tenant may hold: half of them alone, two a third each, and so on, so that a few who
# send slowly together leave one to whoever comes next.
_SHARE: Final = 1
_WORTH_TELLING: Final = 1.0  # seconds of waiting; less explains nothing
_PRESSED: Final = 1.0  # seconds that a tenant without a connection waits until somebody gives way, and once more
_TRIED: Final = 2.0  # seconds that a request has before it may have to give way
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


@dataclass(slots=True, eq=False)
class HeldConnection:
    """A request under way: whose, since when, and ``received``, how many bytes of its answer there are."""

    tenant: str
    begun: float
    until: asyncio.Timeout
    received: Callable[[], int] = lambda: 0
    gives_way: bool = False

    def may_give_way(self, now: float) -> bool:
        """Whether it has had some time, and got next to nothing in it."""
        seconds = now - self.begun
        return not self.gives_way and seconds >= _TRIED and self.received() < MEAN_RATE * seconds

    def give_way(self, now: float) -> None:
        """End the request."""
        self.gives_way = True
        self.until.reschedule(now)


@dataclass(slots=True)
class _Host:
    """The slots of a host, how many hold or await one, and the requests under way."""

    slots: FairSemaphore
    users: int = 0
    held: dict[HeldConnection, None] = field(default_factory=dict)  # in the order of their beginnings


class ConnectionLimiter:
    """The requests under way, by host and port; ``most`` to each at once. For one event loop."""

    def __init__(self, most: int = MAX_CONNECTIONS_PER_HOST) -> None:
        self._most = most
        self._hosts: dict[Host, _Host] = {}  # only those that are asked

    @property
    def hosts(self) -> int:
        """How many hosts are asked at the moment."""
        return len(self._hosts)

    @asynccontextmanager
    async def acquire(self, url: URL, *, tenant: str, waits: ConnectionWaits) -> AsyncIterator[HeldConnection]:
        """Hold one of the connections to the host of ``url`` during the block, after waiting for it in turn.

        It counts for ``tenant``, a namespace. ``waits`` is told of the waiting. Whoever is cancelled leaves.

        Raises:
            Transient: others waited, and the request got too little to go on.
        """
        key, place = _host_of(url), one_line(url.host_port_subcomponent or "", _LONGEST)
        host = self._hosts.setdefault(key, _Host(FairSemaphore(self._most)))
        host.users += 1
        waiting = True
        waits.begin(place)

        pressing = asyncio.create_task(_press_on(host, tenant), name="presses")
        try:
            async with host.slots.acquire(tenant, _lane(tenant)):
                pressing.cancel()
                waits.end()
                waiting = False
                async with _held(host, tenant=tenant, place=place) as held:
                    yield held
        finally:
            pressing.cancel()
            if waiting:
                waits.end()
            host.users -= 1
            if not host.users:
                del self._hosts[key]


def _lane(tenant: str) -> Lane:
    return Lane(("tenant", tenant), _SHARE)


async def _press_on(host: _Host, tenant: str) -> None:
    """Now and then let a request give way to ``tenant``, which waits, until cancelled."""
    while True:
        await asyncio.sleep(_PRESSED)
        _press(host, tenant, now=asyncio.get_running_loop().time())


def _press(host: _Host, tenant: str, *, now: float) -> None:
    """Let a request give way to ``tenant``, unless it has a connection already, or one is about to be free."""
    if host.slots.held(_lane(tenant)) or any(each.gives_way for each in host.held):
        return
    slow = [each for each in host.held if each.may_give_way(now)]
    if slow:  # the first of those with the most: it goes on for longest
        max(slow, key=lambda each: host.slots.held(_lane(each.tenant))).give_way(now)


@asynccontextmanager
async def _held(host: _Host, *, tenant: str, place: str) -> AsyncIterator[HeldConnection]:
    now = asyncio.get_running_loop().time()
    until = asyncio.timeout(None)
    held = HeldConnection(tenant, now, until)
    try:
        async with until:
            host.held[held] = None
            try:
                yield held
            finally:
                del host.held[held]
    except TimeoutError as error:
        if not until.expired():
            raise
        seconds, received = asyncio.get_running_loop().time() - now, held.received()
        raise Transient(
            reason=Reason.REGISTRY_UNAVAILABLE,
            message=f"{place} sent only {received} bytes in {seconds:.0f} s while patterns of other namespaces waited"
            " for a connection to it, so the request was cancelled; it is retried later. See whether the registry,"
            " or the network between, is slow.",
        ) from error


def _host_of(url: URL) -> Host:
    origin = Origin.of(url)
    return origin.host, origin.port or 0

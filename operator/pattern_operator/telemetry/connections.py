"""The connections to the probes' port: few at once, each for a moment, so that nobody takes the process's files.

A cap alone would let whoever holds all of them keep the kubelet out, which then restarts the operator. So the oldest
makes room for the newest: who comes to ask has asked within milliseconds.
"""

import asyncio
from collections.abc import Callable
from typing import Final, cast

from aiohttp import web

MAX_CONNECTIONS: Final = 64  # the kubelet and two Prometheus have three
REQUEST_SECONDS: Final = 5.0  # until the whole head of a request is there, and between one request and the next
LONGEST_SECONDS: Final = 15.0  # of a connection; Prometheus waits 10 s for an answer, and connects again


class Connections:
    """Those that are open, the oldest first: ``most`` at once, each for ``seconds`` at most."""

    def __init__(self, *, most: int = MAX_CONNECTIONS, seconds: float = LONGEST_SECONDS) -> None:
        self._most = most
        self._seconds = seconds
        self._open: dict[asyncio.BaseProtocol, tuple[asyncio.Transport, asyncio.TimerHandle]] = {}

    def add(self, connection: asyncio.BaseProtocol, transport: asyncio.Transport) -> None:
        """Count one more, and drop the oldest where there are too many."""
        if len(self._open) >= self._most:
            oldest = next(iter(self._open))
            dropped = self._open[oldest][0]
            self.remove(oldest)
            dropped.abort()  # to close it would be to wait for a reader who may never read
        timer = asyncio.get_running_loop().call_later(self._seconds, transport.abort)
        self._open[connection] = transport, timer

    def remove(self, connection: asyncio.BaseProtocol) -> None:
        """One is closed; of one that is not counted any more this says nothing new."""
        found = self._open.pop(connection, None)
        if found is not None:
            found[1].cancel()


def counted(
    server: web.Server, connections: Connections, *, seconds: float = REQUEST_SECONDS
) -> Callable[[], "Counted"]:
    """What makes the protocol of each connection to ``server``, for ``loop.create_server``."""
    loop = asyncio.get_running_loop()
    return lambda: Counted(server, connections, loop=loop, seconds=seconds)


class Counted(web.RequestHandler):
    """A connection that ends when no whole request came within ``seconds``."""

    __slots__ = ("_connections",)

    def __init__(
        self, server: web.Server, connections: Connections, *, loop: asyncio.AbstractEventLoop, seconds: float
    ) -> None:
        super().__init__(server, loop=loop, keepalive_timeout=seconds, lingering_time=0.0, access_log=None)  # type: ignore[arg-type]  # None is "no log"
        self._connections = connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the place of the oldest, if there is no other."""
        super().connection_made(transport)
        self._connections.add(self, cast(asyncio.Transport, transport))

    def connection_lost(self, exc: BaseException | None) -> None:
        """Give the place back."""
        self._connections.remove(self)
        super().connection_lost(exc)

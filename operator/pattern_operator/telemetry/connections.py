"""Limits the connections to the health server, so that no client takes all file descriptors of the process.

A cap alone would let a client that holds all connections keep the kubelet out, which would then restart the operator.
So the oldest connection is closed for the newest one: a probe takes only milliseconds.
"""

import asyncio
from collections.abc import Callable
from typing import Final, cast

from aiohttp import web

MAX_CONNECTIONS: Final = 64  # the kubelet and two Prometheus have three
REQUEST_SECONDS: Final = 5.0  # until the whole head of a request is there, and between one request and the next
LONGEST_SECONDS: Final = 15.0  # of a connection; Prometheus waits 10 s for an answer, and connects again


class ConnectionLimiter:
    """The open connections, the oldest first: ``most`` at once, each for ``seconds`` at most."""

    def __init__(self, *, most: int = MAX_CONNECTIONS, seconds: float = LONGEST_SECONDS) -> None:
        self._most = most
        self._seconds = seconds
        self._open: dict[asyncio.BaseProtocol, tuple[asyncio.Transport, asyncio.TimerHandle]] = {}

    def add(self, connection: asyncio.BaseProtocol, transport: asyncio.Transport) -> None:
        """Add a connection, and abort the oldest where there are too many."""
        if len(self._open) >= self._most:
            oldest = next(iter(self._open))
            dropped = self._open[oldest][0]
            self.remove(oldest)
            dropped.abort()  # close() would wait for a client that may never read
        timer = asyncio.get_running_loop().call_later(self._seconds, transport.abort)
        self._open[connection] = transport, timer

    def remove(self, connection: asyncio.BaseProtocol) -> None:
        """One is closed; of one that is not limited_connections any more this says nothing new."""
        found = self._open.pop(connection, None)
        if found is not None:
            found[1].cancel()


def limited_connections(
    server: web.Server, connections: ConnectionLimiter, *, seconds: float = REQUEST_SECONDS
) -> Callable[[], "LimitedConnection"]:
    """The protocol factory of ``server`` for ``loop.create_server``, which limits its connections."""
    loop = asyncio.get_running_loop()
    return lambda: LimitedConnection(server, connections, loop=loop, seconds=seconds)


class LimitedConnection(web.RequestHandler):
    """A connection that is closed when no whole request came within ``seconds``."""

    __slots__ = ("_connections",)

    def __init__(
        self, server: web.Server, connections: ConnectionLimiter, *, loop: asyncio.AbstractEventLoop, seconds: float
    ) -> None:
        super().__init__(server, loop=loop, keepalive_timeout=seconds, lingering_time=0.0, access_log=None)  # type: ignore[arg-type]  # None is "no log"
        self._connections = connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Add it to the limiter, which may abort the oldest."""
        super().connection_made(transport)
        self._connections.add(self, cast(asyncio.Transport, transport))

    def connection_lost(self, exc: BaseException | None) -> None:
        """Remove it from the limiter."""
        self._connections.remove(self)
        super().connection_lost(exc)

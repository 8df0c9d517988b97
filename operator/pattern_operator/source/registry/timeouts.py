"""How long an answer may take: a slow sender holds a connection and a worker, and must not choose for how long.

A timeout between two reads does not help against one byte every half second, so what counts is how many bytes came.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Self

import aiohttp

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Transient
from pattern_operator.limits import (
    CONNECT_SECONDS,
    ERROR_BODY_SECONDS,
    HEADERS_SECONDS,
    LONGEST_BODY_SECONDS,
    LOOKUP_SECONDS,
    MEAN_RATE,
    MIN_RATE,
    RATE_WINDOW_SECONDS,
)
from pattern_operator.source.registry.connections import ConnectionWaits


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """The deadlines of a request in seconds, and rates in bytes a second; the defaults are explained in ``limits``."""

    connect: float = CONNECT_SECONDS
    headers: float = HEADERS_SECONDS
    error_body: float = ERROR_BODY_SECONDS
    window: float = RATE_WINDOW_SECONDS
    min_rate: float = MIN_RATE
    mean_rate: float = MEAN_RATE
    longest_body: float = LONGEST_BODY_SECONDS
    lookup: float = LOOKUP_SECONDS

    @property
    def timeout(self) -> aiohttp.ClientTimeout:
        """For aiohttp, which is asked only for what cannot be told apart from outside."""
        return aiohttp.ClientTimeout(total=None, sock_connect=self.connect)

    def to_headers(self, sending: int) -> float:
        """Seconds from a request whose body has ``sending`` bytes to the headers of its answer."""
        return self.headers + min(sending / self.mean_rate, self.longest_body)

    def for_body(self, size: int) -> float:
        """Seconds that a body of ``size`` bytes may take in all."""
        return min(self.window + size / self.mean_rate, self.longest_body)

    def for_bodies(self, size: int) -> float:
        """Seconds that several bodies of ``size`` bytes together may take, with all that is asked around them."""
        return self.lookup + self.for_body(size)


DEFAULT_TIMEOUTS = Timeouts()


async def read_at_min_rate(
    content: aiohttp.StreamReader, *, size: int, timeouts: Timeouts, context: str, host: str
) -> AsyncIterator[bytes]:
    """The chunks of a body of at most ``size`` bytes, as long as they come fast enough.

    Raises:
        Transient: REGISTRY_UNAVAILABLE: a window brought less than the minimum rate, or the whole takes too long. The
            message names ``host``, ``context`` was asked, and the rate.
    """
    clock = asyncio.get_running_loop().time
    begun = window_begun = clock()
    end = begun + timeouts.for_body(size)
    total = of_window = 0
    while True:
        try:
            async with asyncio.timeout_at(min(end, window_begun + timeouts.window)):
                chunk = await content.readany()
        except TimeoutError:
            chunk = None
        if chunk == b"":
            return
        now = clock()
        if chunk:
            total, of_window = total + len(chunk), of_window + len(chunk)
            yield chunk
            paused = clock() - now  # by who takes the chunks, as by a disk: that is not the sender's
            begun, window_begun, end = begun + paused, window_begun + paused, end + paused
        now = clock()
        if now >= end:
            raise _slow(total, now - begun, context=context, host=host)
        if now >= window_begun + timeouts.window:
            if of_window < timeouts.min_rate * timeouts.window:
                raise _slow(of_window, now - window_begun, context=context, host=host)
            window_begun, of_window = now, 0


async def read_prefix(content: aiohttp.StreamReader, *, limit: int, seconds: float) -> bytes:
    """The first ``limit`` bytes of a body, or as many of them as come in time."""
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            while len(body) < limit and (chunk := await content.readany()):
                body += chunk
    except TimeoutError:
        pass
    return bytes(body[:limit])


@dataclass(frozen=True, slots=True)
class Deadline:
    """Bounds several requests together: many answers, each of them in time, are slow as well.

    ``context`` names in messages what they are for; ``ends`` is by the clock of the event loop, and ``waits`` knows how
    much of the time was spent before anything was asked.
    """

    context: str
    seconds: float
    ends: float
    waits: ConnectionWaits

    @classmethod
    def after(cls, seconds: float, *, context: str, waits: ConnectionWaits) -> Self:
        """Begin to count now."""
        return cls(context, seconds, asyncio.get_running_loop().time() + seconds, waits)

    @asynccontextmanager
    async def enforced(self) -> AsyncIterator[None]:
        """Let the block go on until the deadline.

        Raises:
            Transient: REGISTRY_UNAVAILABLE: it has passed.
        """
        deadline = asyncio.timeout_at(self.ends)
        try:
            async with deadline:
                yield
        except TimeoutError as error:
            if not deadline.expired():
                raise
            raise Transient(
                reason=Reason.REGISTRY_UNAVAILABLE,
                message=f"{self.context} took longer than {self.seconds:.0f} s, all answers of the registry together"
                f"{_told(self.waits)}; it is retried later.",
            ) from error


def _told(waits: ConnectionWaits) -> str:
    return f"; {waits.summary}" if waits.summary else ""


def _slow(received: int, seconds: float, *, context: str, host: str) -> Transient:
    return Transient(
        reason=Reason.REGISTRY_UNAVAILABLE,
        message=f"{context}: {host} sent only {received} bytes in {seconds:.0f} s"
        f" ({received / max(seconds, 0.001):.0f} "
        "bytes a second), which is too slow: the request was cancelled; it is retried later.",
    )

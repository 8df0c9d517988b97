"""The way to registries: whom connections may go to, and how many of them one host may have.

An address is checked where the socket for it is made: after every look-up, for addresses that stand in a URL, and for
each try, so that what was checked is what is connected to, whatever a name server says the next time (DNS rebinding).
Each least reach has a pool of connections of its own, for a pooled one is not checked again.
"""

import errno
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Self

import aiohttp
from aiohttp.abc import AbstractResolver

from pattern_operator.limits import MAX_CONNECTIONS_PER_HOST
from pattern_operator.source.reach import Reach, reach_of

_IDLE: Final = 15.0  # seconds that an idle connection is kept
_REMEMBERED: Final = 10  # seconds that the addresses of a name are kept


class RegistryNetwork(StrEnum):
    """Where registries, and all that they send the operator to, may be (``--registry-network``)."""

    ANY = "Any"
    PUBLIC = "Public"


class AddressRefused(OSError):
    """An address has less reach than is allowed here; nothing was sent to it."""


class _Response(aiohttp.ClientResponse):
    """An answer that knows the address that gave it, also after its connection went back to the pool."""

    peer = ""

    async def start(self, connection: Any) -> aiohttp.ClientResponse:
        """Note who is on the other end before anything of the answer is read."""
        name = connection.transport.get_extra_info("peername") if connection.transport is not None else None
        self.peer = str(name[0]) if isinstance(name, tuple) else ""
        return await super().start(connection)


class _NoCookies(aiohttp.DummyCookieJar):
    """Neither keeps nor reads cookies: the one of aiohttp keeps none either, but parses what a server sends."""

    def update_cookies_from_headers(self, headers: Any, response_url: Any) -> None:
        """Leave ``Set-Cookie`` unread."""


@dataclass(frozen=True, slots=True)
class Network:
    """HTTP sessions by the least reach that an address must have."""

    sessions: Mapping[Reach, aiohttp.ClientSession]
    least: Reach
    reach: Callable[[str], Reach]

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        allowed: RegistryNetwork = RegistryNetwork.ANY,
        *,
        names: AbstractResolver,
        trust: ssl.SSLContext | None = None,
        reach: Callable[[str], Reach] = reach_of,
    ) -> AsyncIterator[Self]:
        """Open the sessions; nothing is sent yet.

        ``names`` looks names up, and is closed with the sessions. ``trust`` replaces the system's authorities.
        """
        least = Reach.PUBLIC if allowed is RegistryNetwork.PUBLIC else Reach.HOST
        async with AsyncExitStack() as stack:
            stack.push_async_callback(names.close)
            sessions = {
                each: await stack.enter_async_context(_session(each, names=names, trust=trust, reach=reach))
                for each in Reach
                if each >= least
            }
            yield cls(sessions, least, reach)

    def session(self, least: Reach) -> aiohttp.ClientSession:
        """The session that connects only to addresses of at least this reach, and of what is allowed at all."""
        return self.sessions[max(least, self.least)]

    def reach_of(self, response: aiohttp.ClientResponse) -> Reach:
        """The reach of the address that gave ``response``; the least where it is not known."""
        return self.reach(response.peer) if isinstance(response, _Response) else Reach.HOST


def _session(
    least: Reach, *, names: AbstractResolver, trust: ssl.SSLContext | None, reach: Callable[[str], Reach]
) -> aiohttp.ClientSession:
    # No limit in all: each run has its own, and one host can have no more than its share of any.
    connector = aiohttp.TCPConnector(
        limit=0,
        limit_per_host=MAX_CONNECTIONS_PER_HOST,
        keepalive_timeout=_IDLE,
        resolver=names,
        ttl_dns_cache=_REMEMBERED,
        ssl=trust or True,
        socket_factory=lambda info: _socket(info, least=least, reach=reach),
    )
    # trust_env is off: a proxy of the environment would connect in the operator's place, to addresses nobody checked.
    return aiohttp.ClientSession(
        connector=connector, cookie_jar=_NoCookies(), response_class=_Response, trust_env=False
    )


def _socket(info: Any, *, least: Reach, reach: Callable[[str], Reach]) -> socket.socket:
    family, kind, proto, _, address = info
    if reach(str(address[0])) < least:
        raise AddressRefused(errno.EACCES, "its address is not one that may be connected to here")
    made = socket.socket(family, kind, proto)
    made.setblocking(False)  # noqa: FBT003 - the standard library's signature
    return made

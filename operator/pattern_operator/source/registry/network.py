"""Connections to registries: which addresses they may go to. How many a host may have is in ``connections``.

An address is checked where the socket for it is made: after every look-up, for addresses that stand in a URL, and for
each try, so that what was checked is what is connected to, whatever a name server says the next time (DNS rebinding).
Each minimum address space has a pool of connections of its own, because a pooled one is not checked again.
"""

import asyncio
import errno
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, Final, Self

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.client_proto import ResponseHandler

from pattern_operator.limits import KIB
from pattern_operator.source.registry.address_space import AddressSpace, address_space_of
from pattern_operator.source.registry.connections import ConnectionLimiter

_PIECE: Final = 8 * KIB  # what is parsed before it is counted; headers may be as long
_MAX_ANSWERS: Final = 16  # to one request, provisional ones included; servers send one or two
_IDLE: Final = 15.0  # seconds that an idle connection is kept
_REMEMBERED: Final = 10  # seconds that the addresses of a name are kept


class RegistryNetwork(StrEnum):
    """Where registries, and all that they send the operator to, may be (``--registry-network``)."""

    ANY = "Any"
    PUBLIC = "Public"


class AddressRefused(OSError):
    """An address is in a less public address space than is allowed here; nothing was sent to it."""


class _Response(aiohttp.ClientResponse):
    """An answer that knows the address that gave it, also after its connection went back to the pool."""

    peer = ""

    async def start(self, connection: Any) -> aiohttp.ClientResponse:
        """Note who is on the other end before anything of the answer is read."""
        name = connection.transport.get_extra_info("peername") if connection.transport is not None else None
        self.peer = str(name[0]) if isinstance(name, tuple) else ""
        return await super().start(connection)


class _Protocol(ResponseHandler):
    """A connection that ends with a peer that answers without end before, or after, it was asked for an answer.

    aiohttp parses all that one read brings in one go: 256 KiB of answers without content would hold the event loop for
    100 ms, and provisional ones (RFC 9110 section 15.2) may be sent again and again.
    """

    _answers = 0

    def set_response_params(self, **params: Any) -> None:
        """Begin to wait for the answer to one request."""
        self._answers = 0
        super().set_response_params(**params)

    def feed_data(self, data: Any, size: int = 0) -> None:
        """Count an answer, of which only the headers are read yet."""
        self._answers += 1
        super().feed_data(data, size)

    def data_received(self, data: bytes) -> None:
        """Read ``data`` in pieces, as long as it is a sensible number of answers."""
        if not data:  # aiohttp's own way to go on with what it has
            super().data_received(data)
        for start in range(0, len(data), _PIECE):
            super().data_received(data[start : start + _PIECE])
            if self._answers > _MAX_ANSWERS:
                if self.transport is not None:
                    self.transport.abort()
                return


class _NoCookies(aiohttp.DummyCookieJar):
    """Neither keeps nor reads cookies: the one of aiohttp keeps none either, but parses what a server sends."""

    def update_cookies_from_headers(self, headers: Any, response_url: Any) -> None:
        """Leave ``Set-Cookie`` unread."""


@dataclass(frozen=True, slots=True)
class Network:
    """HTTP sessions by the minimum address space that an address must have, and the ``connections`` that all of them
    share."""

    sessions: Mapping[AddressSpace, aiohttp.ClientSession]
    minimum: AddressSpace
    space_of: Callable[[str], AddressSpace]
    connections: ConnectionLimiter

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        allowed: RegistryNetwork = RegistryNetwork.ANY,
        *,
        resolver: AbstractResolver,
        trust: ssl.SSLContext | None = None,
        space_of: Callable[[str], AddressSpace] = address_space_of,
        connections: ConnectionLimiter | None = None,
    ) -> AsyncIterator[Self]:
        """Open the sessions; nothing is sent yet.

        ``resolver`` looks names up, and is closed with the sessions. ``trust`` replaces the system's authorities, and
        ``connections`` the usual number of them.
        """
        minimum = AddressSpace.PUBLIC if allowed is RegistryNetwork.PUBLIC else AddressSpace.LINK
        async with AsyncExitStack() as stack:
            stack.push_async_callback(resolver.close)
            sessions = {
                each: await stack.enter_async_context(_session(each, resolver=resolver, trust=trust, space_of=space_of))
                for each in AddressSpace
                if each >= minimum
            }
            yield cls(sessions, minimum, space_of, connections or ConnectionLimiter())

    def session(self, minimum: AddressSpace) -> aiohttp.ClientSession:
        """The session that connects only to addresses of at minimum this reach, and of what is allowed at all."""
        return self.sessions[max(minimum, self.minimum)]

    def address_space_of(self, response: aiohttp.ClientResponse) -> AddressSpace:
        """The reach of the address that gave ``response``; the minimum where it is not known."""
        return self.space_of(response.peer) if isinstance(response, _Response) else AddressSpace.LINK


def _session(
    minimum: AddressSpace,
    *,
    resolver: AbstractResolver,
    trust: ssl.SSLContext | None,
    space_of: Callable[[str], AddressSpace],
) -> aiohttp.ClientSession:
    # No limits: requests are counted before they come here, by all sessions together (``ConnectionLimiter``). aiohttp
    # would give them out in the order of coming, whoever asks.
    connector = aiohttp.TCPConnector(
        limit=0,
        limit_per_host=0,
        keepalive_timeout=_IDLE,
        resolver=resolver,
        ttl_dns_cache=_REMEMBERED,
        ssl=trust or True,
        socket_factory=lambda info: _socket(info, minimum=minimum, space_of=space_of),
    )
    # aiohttp has no other way to name it; the type of a partial is invariant.
    connector._factory = partial(_Protocol, loop=asyncio.get_running_loop())  # type: ignore[assignment] # see above
    # trust_env is off: a proxy of the environment would connect in the operator's place, to addresses nobody checked.
    # Nothing is inflated either: a digest is of the bytes as they come, and what is not inflated can be no bomb.
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=_NoCookies(),
        response_class=_Response,
        trust_env=False,
        auto_decompress=False,
    )


def _socket(info: Any, *, minimum: AddressSpace, space_of: Callable[[str], AddressSpace]) -> socket.socket:
    family, kind, proto, _, address = info
    if space_of(str(address[0])) < minimum:
        raise AddressRefused(errno.EACCES, "its address is not one that may be connected to here")
    return socket.socket(family, kind, proto)

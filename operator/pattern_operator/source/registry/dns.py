"""Looks up the addresses of hosts without a thread, so that one that hangs delays nobody else.

``getaddrinfo`` of the C library blocks, cannot be interrupted, and takes half a minute for a name server that does not
answer: six such names held every thread of the event loop's pool. c-ares does the same with sockets: /etc/hosts,
/etc/resolv.conf with its search domains and ndots, and retries.
"""

import asyncio
import socket
from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Final

import aiodns
from aiohttp.abc import AbstractResolver, ResolveResult

from pattern_operator.executors import run_in
from pattern_operator.limits import NAME_LOOKUP_SECONDS

_TRY: Final = 2.0  # seconds for the first try of a name server; c-ares doubles it
_TRIES: Final = 3
_NUMERIC: Final = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
_MAX_ADDRESSES: Final = 32  # of one name that are tried; a real registry has some eight


class DnsResolver(AbstractResolver):
    """A resolver for aiohttp's connector, for one event loop.

    ``servers`` (``address:port``), ``domains`` to search and ``ndots`` stand in for those of the system's resolv.conf.
    """

    # Not pycares' resolvconf_path: 5.2 frees the path before c-ares has read it, and port 53 of this host is asked.
    def __init__(
        self,
        *,
        servers: Sequence[str] = (),
        domains: Sequence[str] | None = None,
        ndots: int | None = None,
        seconds: float = NAME_LOOKUP_SECONDS,
    ) -> None:
        self._seconds = seconds
        self._resolver = aiodns.DNSResolver(servers, domains=domains, ndots=ndots, timeout=_TRY, tries=_TRIES)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of ``host``; raises OSError when there are none, also when nobody says so in time."""
        try:
            async with asyncio.timeout(self._seconds):
                found = await self._resolver.getaddrinfo(
                    host, port=port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
                )
        except aiodns.error.DNSError as error:
            raise OSError(None, "its name cannot be looked up") from error
        except TimeoutError as error:
            raise OSError(None, f"no name server answered within {self._seconds:.0f} s") from error
        return [
            ResolveResult(
                hostname=host,
                host=_text(node.addr[0]),
                port=port,
                family=node.family,
                proto=0,
                flags=_NUMERIC,
            )
            for node in found.nodes[:_MAX_ADDRESSES]
        ]

    async def close(self) -> None:
        """Give up what is still looked up."""
        await self._resolver.close()


class SystemResolver(AbstractResolver):
    """As the system looks names up, each in a thread of ``names``, which it holds for as long as it takes.

    For commands of one person: machines of people know names that only their system's library finds (mDNS, VPNs).
    """

    def __init__(self, names: Executor, *, seconds: float = NAME_LOOKUP_SECONDS) -> None:
        self._names = names
        self._seconds = seconds

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of ``host``; raises OSError when there are none, also when nobody says so in time."""
        try:
            async with asyncio.timeout(self._seconds):
                found = await run_in(
                    self._names, socket.getaddrinfo, host, port, family, socket.SOCK_STREAM, 0, socket.AI_ADDRCONFIG
                )
        except TimeoutError as error:
            raise OSError(None, f"no name server answered within {self._seconds:.0f} s") from error
        return [
            ResolveResult(hostname=host, host=str(address[0]), port=port, family=kin, proto=proto, flags=_NUMERIC)
            for kin, _, proto, _, address in found[:_MAX_ADDRESSES]
        ]

    async def close(self) -> None:
        """Nothing is kept."""


def _text(address: bytes | str) -> str:
    return address.decode("ascii") if isinstance(address, bytes) else address

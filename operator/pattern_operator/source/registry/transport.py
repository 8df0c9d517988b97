"""One HTTP request at a time, with limits: what comes back is an answer, or one of the errors of the product.

Nothing here knows credentials or follows redirects; ``auth`` does both. (Redirects that the HTTP library follows
carry headers along: CVE-2018-18074.)
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import aiohttp
from multidict import MultiMapping
from yarl import URL

from pattern_operator.api.reason import Reason
from pattern_operator.errors import PatternError, Stalled, Transient
from pattern_operator.limits import MAX_ERROR_BODY
from pattern_operator.quote import one_line
from pattern_operator.source.known_words import known_word
from pattern_operator.source.origin import same_host
from pattern_operator.source.registry import errors
from pattern_operator.source.registry.address_space import AddressSpace
from pattern_operator.source.registry.connection_errors import from_connection_error
from pattern_operator.source.registry.connections import ConnectionWaits
from pattern_operator.source.registry.network import Network
from pattern_operator.source.registry.timeouts import DEFAULT_TIMEOUTS, Timeouts, read_at_min_rate, read_prefix

_CODINGS: Final = frozenset({"gzip", "x-gzip", "deflate", "br", "zstd", "compress", "x-compress"})


@dataclass(frozen=True, slots=True)
class Hop:
    """How a request came to be: to the registry that the user named, or to where a registry sent the operator.

    ``minimum`` is the minimum address space that the address may have. ``foreign``: the host is not the registry's own,
    so nothing that it says may be quoted.
    """

    minimum: AddressSpace = AddressSpace.LINK
    foreign: bool = False

    def to(self, target: URL, *, source: URL) -> "Hop":
        """The hop to ``target`` because ``source`` said so: to no link-local address but of the very same host.

        There a cloud keeps the credentials of its machines; no registry and no token service of another host is there.
        """
        return self if same_host(target, source) else Hop(max(self.minimum, AddressSpace.HOST), self.foreign)


DIRECT: Final = Hop()


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer: its status, headers (names in any case) and body, and who gave it."""

    status: int
    headers: MultiMapping[str]
    body: bytes = field(repr=False)
    url: URL
    foreign: bool = False
    address_space: AddressSpace = AddressSpace.LINK

    @property
    def host(self) -> str:
        """The host that gave it, for messages."""
        return host_of(self.url)


def utc_now() -> datetime:
    """The time, for dates that servers send."""
    return datetime.now(UTC)


def host_of(url: URL) -> str:
    """The host of ``url`` for messages: as it is sent, hence ASCII."""
    return one_line(url.raw_host or "", 253)


def place_of(url: URL) -> str:
    """``host:port`` of ``url`` for messages, the port where it is not that of the scheme."""
    return one_line(url.host_port_subcomponent or "", 260)


def is_encoded(response: aiohttp.ClientResponse) -> bool:
    """Whether the answer says that its body was encoded on the way (RFC 9110 section 8.4.1), which nobody asked for.

    Some say so and send the content all the same: a store of blobs calls a layer ``gzip`` because it is one. So the
    header only explains what is not what it should be. A coding that HTTP does not know, as the ``aws-chunked`` that a
    store remembers from the upload, explains nothing.
    """
    codings = response.headers.get("Content-Encoding", "").lower().split(",")
    return any(coding.strip() in _CODINGS for coding in codings)


def encoded(response: aiohttp.ClientResponse, *, context: str, foreign: bool) -> Transient:
    """The error for an answer that is not the content, and says that it is encoded."""
    coding = known_word(response.headers.get("Content-Encoding", "").strip(), otherwise="as nobody knows")
    return Transient(
        reason=Reason.REGISTRY_UNAVAILABLE,
        message=f"{context}: the answer is encoded{'' if foreign else f' ({coding})'} although it was asked for as it"
        " is: a proxy in between changes it; it is retried later.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """Sends requests over ``network``; ``now`` is only asked to understand dates in ``Retry-After``.

    Its connections count for ``tenant``, and ``waits`` is told how long it waited for them.
    """

    network: Network
    tenant: str = ""
    waits: ConnectionWaits = field(default_factory=ConnectionWaits)
    user_agent: str
    timeouts: Timeouts = DEFAULT_TIMEOUTS
    now: Callable[[], datetime] = utc_now

    def to_error(
        self, answer: Response, *, context: str, identified: bool, said: str = "", lacking: str = ""
    ) -> PatternError:
        """The error for an answer that is not a success; ``said`` is quoted, if it is the registry's own.

        ``lacking`` says why there are no credentials, where it is known.
        """
        if answer.foreign:
            return errors.from_redirect_status(
                answer.status, context=context, host=answer.host, headers=answer.headers, now=self.now()
            )
        return errors.from_status(
            answer.status,
            context=context,
            said=said,
            headers=answer.headers,
            identified=identified,
            lacking=lacking,
            now=self.now(),
        )

    @asynccontextmanager
    async def send(
        self,
        method: str,
        url: URL,
        *,
        context: str,
        hop: Hop = DIRECT,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        form: Mapping[str, str] | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send one request; the answer is open inside the ``async with`` block, whatever its status.

        The request waits for a connection first, for as long as its caller lets it, and holds it until the block ends:
        no other request may be sent inside the block.

        Raises:
            Stalled: TLS_FAILED.
            Transient: REGISTRY_UNAVAILABLE: nobody answers in time, or the connection breaks, also while reading in
                the block. ADDRESS_REFUSED: the host has no address that may be connected to.
        """
        try:
            async with (
                self.network.connections.acquire(url, tenant=self.tenant, waits=self.waits) as held,
                await self._begin(
                    method, url, context=context, hop=hop, headers=headers, body=body, form=form
                ) as response,
            ):
                held.received = lambda: response.content.total_bytes
                yield response
        except (aiohttp.ClientResponseError, aiohttp.InvalidURL) as error:
            raise self._unreachable(
                error, url, context=context, hop=hop
            ) from None  # the text holds the URL, may be signed
        except (aiohttp.ClientError, TimeoutError, OSError, UnicodeError) as error:  # the last for odd names of hosts
            told = None if hop.foreign else error  # the text holds addresses
            raise self._unreachable(error, url, context=context, hop=hop) from told

    async def _begin(
        self,
        method: str,
        url: URL,
        *,
        context: str,
        hop: Hop,
        headers: Mapping[str, str] | None,
        body: bytes | None,
        form: Mapping[str, str] | None,
    ) -> aiohttp.ClientResponse:
        """Send the request, and wait for the headers of its answer."""
        # identity: a digest is of the bytes as they are stored, and what is not compressed can be no bomb.
        sent = {"User-Agent": self.user_agent, "Accept-Encoding": "identity", **(headers or {})}
        seconds = self.timeouts.to_headers(len(body or b""))
        try:
            async with asyncio.timeout(seconds):
                return await self.network.session(hop.minimum).request(
                    method,
                    url,
                    headers=sent,
                    data=body if form is None else form,
                    allow_redirects=False,
                    timeout=self.timeouts.timeout,
                )
        except aiohttp.ConnectionTimeoutError:
            raise
        except TimeoutError as error:
            raise errors.no_response(context, host=place_of(url), seconds=seconds) from error

    def _unreachable(self, error: Exception, url: URL, *, context: str, hop: Hop) -> PatternError:
        return from_connection_error(error, context=context, host=host_of(url) if hop.foreign else "")

    def next_hop(self, response: aiohttp.ClientResponse, hop: Hop, *, foreign: bool) -> Hop:
        """The hop to where ``response`` sends us: nowhere less public than it, or any before it, came from.

        Else whoever runs a registry on the internet could have the operator ask what only the cluster can reach.
        """
        return Hop(max(hop.minimum, self.network.address_space_of(response)), foreign)

    async def request(
        self,
        method: str,
        url: URL,
        *,
        context: str,
        limit: int,
        hop: Hop = DIRECT,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Response:
        """Send one request and read the whole answer, of at most ``limit`` bytes; raises as ``send`` and ``read``."""
        async with self.send(method, url, context=context, hop=hop, headers=headers, form=form) as response:
            return await self.read(response, context=context, limit=limit, foreign=hop.foreign)

    async def read(
        self, response: aiohttp.ClientResponse, *, context: str, limit: int, foreign: bool = False
    ) -> Response:
        """Read a whole answer; of one that is not a success only what an error message needs, and comes soon.

        Raises:
            Stalled: ARTIFACT_TOO_LARGE: a success of more than ``limit`` bytes.
            Transient: REGISTRY_UNAVAILABLE: it comes too slowly, or something in between encoded it.
        """
        if response.status >= 300:
            most = 0 if foreign else min(limit, MAX_ERROR_BODY)
            body = await read_prefix(response.content, limit=most, seconds=self.timeouts.error_body)
            return self._answer(response, body, foreign=foreign)
        read = bytearray()
        async for chunk in self.chunks(response, size=limit, context=context):
            read += chunk
            if len(read) > limit:
                raise Stalled(
                    reason=Reason.ARTIFACT_TOO_LARGE,
                    message=f"{context}: the answer is larger than {limit} bytes, which is more than the operator"
                    " reads.",
                )
        if is_encoded(response) and not read.lstrip().startswith((b"{", b"[")):  # what is read whole is JSON
            raise encoded(response, context=context, foreign=foreign)
        return self._answer(response, bytes(read), foreign=foreign)

    def _answer(self, response: aiohttp.ClientResponse, body: bytes, *, foreign: bool) -> Response:
        address_space = self.network.address_space_of(response)
        return Response(response.status, response.headers, body, response.url, foreign, address_space)

    def chunks(self, response: aiohttp.ClientResponse, *, size: int, context: str) -> AsyncIterator[bytes]:
        """The body of an answer that is to have at most ``size`` bytes, as it comes; raises as ``read_at_min_rate``."""
        declared = response.content_length
        expected = size if declared is None else min(declared, size)
        return read_at_min_rate(
            response.content, size=expected, timeouts=self.timeouts, context=context, host=place_of(response.url)
        )

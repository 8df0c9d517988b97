"""One HTTP request at a time, with limits: what comes back is an answer, or one of the errors of the house.

Nothing here knows credentials or follows redirects; ``registry`` does both. (Redirects that the HTTP library follows
carry headers along: CVE-2018-18074.)
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import aiohttp
from multidict import MultiMapping
from yarl import URL

from pattern_operator.api.reason import Reason
from pattern_operator.errors import PatternError, Stalled, Transient
from pattern_operator.limits import MAX_ERROR_BODY
from pattern_operator.source import failure
from pattern_operator.source.document import shown

# A blob of 64 MiB at 256 KiB/s takes four minutes; a registry that is silent for 30 s is down.
TIMEOUT: Final = aiohttp.ClientTimeout(total=300, sock_connect=10, sock_read=30)


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: its status, headers (names in any case) and body, and the URL that gave it."""

    status: int
    headers: MultiMapping[str]
    body: bytes
    url: URL


def utc_now() -> datetime:
    """The time, for dates that servers send."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """Sends requests over ``http``; ``now`` is only asked to understand dates in ``Retry-After``."""

    http: aiohttp.ClientSession
    user_agent: str
    timeout: aiohttp.ClientTimeout = TIMEOUT
    now: Callable[[], datetime] = utc_now

    @asynccontextmanager
    async def send(
        self,
        method: str,
        url: URL,
        *,
        what: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        form: Mapping[str, str] | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send one request; the answer is open inside the ``async with`` block, whatever its status.

        Raises:
            Stalled: TLS_FAILED.
            Transient: REGISTRY_UNAVAILABLE: nobody answers, or the connection breaks, also while reading in the block.
        """
        # identity: a digest is of the bytes as they are stored, and what is not compressed can be no bomb.
        sent = {"User-Agent": self.user_agent, "Accept-Encoding": "identity", **(headers or {})}
        try:
            async with self.http.request(
                method,
                url,
                headers=sent,
                data=body if form is None else form,
                allow_redirects=False,
                timeout=self.timeout,
            ) as response:
                encoding = response.headers.get("Content-Encoding", "identity")
                if encoding.lower() != "identity" and response.status < 300 and method != "HEAD":
                    raise Transient(
                        reason=Reason.REGISTRY_UNAVAILABLE,
                        message=f"{what}: the answer is encoded ({shown(encoding)}) although it was asked for as it "
                        "is: a proxy in between changes it.",
                    )
                yield response
        except (aiohttp.ClientResponseError, aiohttp.InvalidURL) as error:
            raise failure.unreachable(error, what=what) from None  # their text holds the URL, which may be signed
        except (aiohttp.ClientError, TimeoutError, OSError, UnicodeError) as error:  # the last for odd names of hosts
            raise failure.unreachable(error, what=what) from error

    async def ask(
        self,
        method: str,
        url: URL,
        *,
        what: str,
        limit: int,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request and read the whole answer, of at most ``limit`` bytes; raises as ``send`` and ``read``."""
        async with self.send(method, url, what=what, headers=headers, form=form) as response:
            return await read(response, what=what, limit=limit)

    def refused(self, answer: Answer, *, what: str, identified: bool, secrets: tuple[str, ...] = ()) -> PatternError:
        """The error for an answer that is no success."""
        return failure.refused(
            answer.status,
            what=what,
            said=failure.message_of(answer.body, secrets=secrets),
            headers=answer.headers,
            identified=identified,
            now=self.now(),
        )


async def read(response: aiohttp.ClientResponse, *, what: str, limit: int) -> Answer:
    """Read a whole answer; one that is no success is cut to what an error message needs.

    Raises:
        Stalled: ARTIFACT_TOO_LARGE: a success of more than ``limit`` bytes.
    """
    failed = response.status >= 300
    limit = min(limit, MAX_ERROR_BODY) if failed else limit
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > limit and failed:
            del body[limit:]
            break
        if len(body) > limit:
            raise Stalled(
                reason=Reason.ARTIFACT_TOO_LARGE,
                message=f"{what}: the answer is larger than {limit} bytes, which is more than the operator reads.",
            )
    return Answer(response.status, response.headers, bytes(body), response.url)

"""Reads answers of the API server as streams: a refusal whole, a body up to a limit, a watch by line."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Final, Self

import aiohttp
from aiohttp.connector import Connection

from pattern_operator.kube.errors import AnswerTooLarge, from_response
from pattern_operator.kube.request_content import RequestContent
from pattern_operator.limits import MAX_REFUSAL

REFUSAL_TIMEOUT: Final = 10.0  # seconds for the body of a refusal, whose status is known already


class Answer(aiohttp.ClientResponse):
    """An answer of the API server; after a 401 its connection is used no more.

    It may be what was refused: a client certificate is shown once for all requests of a connection. ``close`` alone is
    too late: a short body comes with the headers, and with its end the connection is back in the pool.
    """

    async def start(self, connection: Connection) -> Self:
        """Read the headers."""
        protocol = connection.protocol
        await super().start(connection)
        if self.status == HTTPStatus.UNAUTHORIZED and protocol is not None:
            protocol.force_close()
            if self.closed:  # it is in the pool, and nobody had the time to take it
                protocol.close()
        return self


async def check(response: aiohttp.ClientResponse, *, request: RequestContent) -> None:
    """Raise the ApiError of an answer that is not a success."""
    if response.status < 300:
        return
    raise from_response(
        code=response.status,
        retry_after=response.headers.get("Retry-After"),
        body=await _refusal(response),
        content_type=response.headers.get("Content-Type", ""),
        request=request,
    )


async def _refusal(response: aiohttp.ClientResponse) -> bytes | None:
    """The whole body of an answer that is not a success; None where it is too long, too slow or broken off.

    A single ``read(n)`` gives what has arrived, which of a long body is its beginning.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(REFUSAL_TIMEOUT):
            async for data in response.content.iter_any():
                body += data
                if len(body) > MAX_REFUSAL:
                    return None
    except (aiohttp.ClientError, TimeoutError, OSError):  # the status was read: that is the answer
        return None
    return bytes(body)


async def lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """Split at line feeds. Reading by line is not for this: aiohttp and asyncio refuse lines over 128 and 64 KiB."""
    buffer = bytearray()
    async for data in content.iter_any():
        looked = len(buffer)
        buffer += data
        start = 0
        while (end := buffer.find(b"\n", max(start, looked))) >= 0:
            yield bytes(buffer[start:end])
            start = end + 1
        del buffer[:start]


async def read_at_most(response: aiohttp.ClientResponse, most: int | None) -> bytes:
    """The body of an answer; raises AnswerTooLarge where it has more than ``most`` bytes, and reads no further."""
    if most is None:
        return await response.read()
    body = bytearray()
    async for data in response.content.iter_any():
        body += data
        if len(body) > most:
            response.close()
            raise AnswerTooLarge(most)
    return bytes(body)

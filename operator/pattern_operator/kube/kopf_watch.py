"""The watch that kopf reads, made thinner and safer than it comes: kopf only wakes patterns.

kopf spends a quarter of a millisecond on each event, and most events of a pattern that is worked on are the operator's
own writes, whose answers it has read already. Of these kopf gets a bookmark, which it skips.

kopf also takes every ERROR event but 410 for fatal, and every line that is not JSON. After either a new list is all
that is needed (client-go's reflector does no more), so kopf gets 410 in place of both, and its next list waits
longer with each one in a row.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable
from http import HTTPStatus
from typing import Any, Final, cast

import aiohttp
import msgspec
import orjson
from aiohttp.client_middlewares import ClientHandlerType

from pattern_operator.kube.errors import ApiError
from pattern_operator.kube.response import lines

logger = logging.getLogger(__name__)

FIRST_BACK_OFF: Final = 0.2
LAST_BACK_OFF: Final = 30.0
_GONE: Final = orjson.dumps(
    {"type": "ERROR", "object": {"kind": "Status", "code": HTTPStatus.GONE, "reason": "Expired", "metadata": {}}}
)


class _Metadata(msgspec.Struct):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    resourceVersion: str = ""  # noqa: N815 - its name in JSON


class _Object(msgspec.Struct):
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)
    code: int = 0


class _Event(msgspec.Struct):
    """What is read of a watch event here; the rest is passed over, and not built."""

    type: str
    object: _Object


_DECODER: Final = msgspec.json.Decoder(_Event)


class KopfWatch:
    """A middleware of kopf's session, for the one collection that kopf watches."""

    def __init__(self) -> None:
        self._is_known: Callable[[str, str, str, str], bool] = lambda *_: False
        self._failures = 0  # in a row

    def skip_known(self, is_known: Callable[[str, str, str, str], bool]) -> None:
        """Send kopf no changes that are known: ``is_known(namespace, name, uid, resource_version)``."""
        self._is_known = is_known

    async def filter(self, request: aiohttp.ClientRequest, handler: ClientHandlerType) -> aiohttp.ClientResponse:
        """Send a request; of a watch, filter what comes."""
        if request.method == "GET" and "limit" in request.url.query and self._failures:
            await asyncio.sleep(self._back_off())
        response = await handler(request)
        if response.status == HTTPStatus.OK and "watch" in request.url.query:
            response.content = cast(aiohttp.StreamReader, _Filtered(response.content, self.take))
        return response

    def take(self, line: bytes) -> bytes:
        """What kopf is to read in place of ``line``."""
        try:
            event = _DECODER.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return self._failed("what was sent is not a watch event")
        meta = event.object.metadata
        match event.type:
            case "ERROR" if event.object.code != HTTPStatus.GONE:
                return self._failed(str(ApiError.from_status(_status(line))))
            case "MODIFIED" if self._is_known(meta.namespace, meta.name, meta.uid, meta.resourceVersion):
                return orjson.dumps(
                    {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": meta.resourceVersion}}}
                )
            case "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK":
                self._failures = 0
        return line

    def _failed(self, why: str) -> bytes:
        self._failures += 1
        if self._failures == 1:
            logger.warning("the watch of DesignPatterns failed, listing again: %s", why)
        return _GONE

    def _back_off(self) -> float:
        """Seconds to wait before the next list: doubled with each failure in a row, spread by half."""
        longest = min(LAST_BACK_OFF, FIRST_BACK_OFF * (1 << min(self._failures - 1, 10)))
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, no secret


class _Filtered:
    """The body of a watch, as far as kopf reads it; all else of the stream is as it was."""

    def __init__(self, stream: aiohttp.StreamReader, take: Callable[[bytes], bytes]) -> None:
        self._stream = stream
        self._take = take

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    async def iter_chunked(self, _: int) -> AsyncIterator[bytes]:
        """A line at a time."""
        async for line in lines(self._stream):
            yield self._take(line) + b"\n"


def _status(line: bytes) -> Any:
    """The Status in an ERROR event."""
    return msgspec.json.decode(line, type=dict[str, Any]).get("object")

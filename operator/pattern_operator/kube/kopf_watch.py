"""The watch that kopf reads, made thinner and safer than it comes: kopf only wakes patterns.

kopf spends a quarter of a millisecond on each event, and most events of a pattern that is worked on are the operator's
own writes, whose answers it has read already. Of these kopf gets a bookmark, which it skips.

kopf also takes every ERROR event but 410 for fatal, and every line that is not JSON. After either a new list is all
that is needed (client-go's reflector does no more), so kopf gets 410 in place of both.

kopf asks again without a pause when a watch ends. So what it asks next waits here, longer with each failure in a row:
a watch that ended at once and brought nothing is one, and so is a 410, which every watch may get once.
"""

import asyncio
import logging
import random
import time
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
AT_ONCE: Final = 1.0  # seconds; the API server keeps a watch open for minutes, unless it is leaving
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
    """A middleware of kopf's session, for the one collection that kopf watches, by one request at a time.

    ``clock`` gives seconds that never go back.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._is_known: Callable[[str, str, str, str], bool] = lambda *_: False
        self._clock = clock
        self._failures = 0  # in a row
        self._told = False  # that there are failures
        self._not_before = clock()  # when kopf may ask again
        self._opened = clock()  # the last watch
        self._is_empty = True  # it brought no event and no bookmark

    def skip_known(self, is_known: Callable[[str, str, str, str], bool]) -> None:
        """Send kopf no changes that are known: ``is_known(namespace, name, uid, resource_version)``."""
        self._is_known = is_known

    async def filter(self, request: aiohttp.ClientRequest, handler: ClientHandlerType) -> aiohttp.ClientResponse:
        """Send a request, after the pause that failures before it cost; of a watch, filter what comes."""
        is_watch = "watch" in request.url.query
        if request.method == "GET" and (is_watch or "limit" in request.url.query):
            await asyncio.sleep(max(0.0, self._not_before - self._clock()))
        response = await handler(request)
        if response.status == HTTPStatus.OK and is_watch:
            self._opened, self._is_empty = self._clock(), True
            response.content = cast(aiohttp.StreamReader, _Filtered(response.content, self.take, self.ended))
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
            case "ERROR":
                self._count("listing again: the API server says that the version is too old (410)", free=1)
            case "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK":
                self._is_empty = False
                self._recovered()
        if event.type == "MODIFIED" and self._is_known(meta.namespace, meta.name, meta.uid, meta.resourceVersion):
            return orjson.dumps({"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": meta.resourceVersion}}})
        return line

    def ended(self) -> None:
        """The server, or what is between, ended the last watch; not kopf."""
        if self._clock() - self._opened >= AT_ONCE:
            self._recovered()
        elif self._is_empty:
            self._count("watching again: the API server ended the watch at once", free=1)

    def _failed(self, why: str) -> bytes:
        self._count(f"listing again: {why}", free=0)
        return _GONE

    def _count(self, what: str, *, free: int) -> None:
        """Let kopf's next request wait, unless this is one of the first ``free`` failures in a row."""
        self._failures += 1
        if self._failures <= free:
            return
        self._not_before = self._clock() + self._back_off()
        if not self._told:
            self._told = True
            logger.warning("the watch of DesignPatterns failed, %s", what)

    def _recovered(self) -> None:
        self._failures, self._told = 0, False

    def _back_off(self) -> float:
        """Seconds to wait before the next request: doubled with each failure in a row, spread by half."""
        longest = min(LAST_BACK_OFF, FIRST_BACK_OFF * (1 << min(self._failures - 1, 10)))
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, no secret


class _Filtered:
    """The body of a watch, as far as kopf reads it; all else of the stream is as it was."""

    def __init__(self, stream: aiohttp.StreamReader, take: Callable[[bytes], bytes], ended: Callable[[], None]) -> None:
        self._stream = stream
        self._take = take
        self._ended = ended

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    async def iter_chunked(self, _: int) -> AsyncIterator[bytes]:
        """A line at a time."""
        try:
            async for line in lines(self._stream):
                yield self._take(line) + b"\n"
        except (aiohttp.ClientError, TimeoutError, OSError):  # and not where kopf reads no further
            self._ended()
            raise
        self._ended()


def _status(line: bytes) -> Any:
    """The Status in an ERROR event."""
    return msgspec.json.decode(line, type=dict[str, Any]).get("object")

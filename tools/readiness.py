"""Waits until every one of some patterns is Ready, whatever becomes of the watch: no figure is of others."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

PAUSE = 0.2  # seconds before a server is asked again that could not be asked
SHOWN = 5  # patterns that a message names

_FAILED = (aiohttp.ClientError, TimeoutError, orjson.JSONDecodeError)


class Unready(RuntimeError):
    """Some patterns are not Ready; the message names them with what they say."""


class WatchLost(Exception):
    """A list or a watch ended, or the server refused to go on: the collection has to be listed anew."""


@dataclass(frozen=True, slots=True)
class ObjectCollection:
    """The objects at a URL of the API server."""

    http: aiohttp.ClientSession
    url: str
    headers: Mapping[str, str]

    async def list(self) -> tuple[list[dict[str, Any]], str]:
        """What is there, and the version of the list. Raises WatchLost."""
        try:
            async with self.http.get(self.url, headers=self.headers) as response:
                if response.status != 200:
                    raise WatchLost(f"GET {self.url}: {response.status}")
                listed = orjson.loads(await response.read())
        except _FAILED as error:
            raise WatchLost(f"GET {self.url}: {type(error).__name__}") from error
        return listed["items"], listed["metadata"]["resourceVersion"]

    async def watch(self, version: str) -> AsyncGenerator[dict[str, Any], None]:
        """The events after ``version`` until the server ends the watch. Raises WatchLost where it ends otherwise."""
        where = f"{self.url}?watch=true&resourceVersion={version}"
        timeout = aiohttp.ClientTimeout(total=None)
        try:
            async with self.http.get(where, headers=self.headers, timeout=timeout) as response:
                if response.status != 200:
                    raise WatchLost(f"GET {where}: {response.status}")
                buffer = b""
                async for chunk in response.content.iter_any():
                    *lines, buffer = (buffer + chunk).split(b"\n")
                    for line in lines:
                        event = orjson.loads(line)
                        if event["type"] == "ERROR":
                            raise WatchLost(f"GET {where}: {event['object'].get('code')}")
                        yield event
        except _FAILED as error:
            raise WatchLost(f"GET {where}: {type(error).__name__}") from error

    async def follow(self) -> AsyncGenerator[dict[str, Any] | None, None]:
        """The objects as they are, then as they become, forever; None says that all are told anew."""
        while True:
            try:
                items, version = await self.list()
                yield None
                for item in items:
                    yield {"type": "ADDED", "object": item}
                async with aclosing(self.watch(version)) as events:
                    async for event in events:
                        yield event
            except WatchLost:
                await asyncio.sleep(PAUSE)


class Readiness:
    """What the patterns that are waited for say, as far as it was seen."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = tuple(names)
        self._said: dict[str, str] = {}

    def see(self, event: dict[str, Any] | None) -> None:
        """Take in an event of ``follow``."""
        if event is None:
            self._said.clear()
        elif event["type"] == "DELETED":
            self._said.pop(event["object"]["metadata"]["name"], None)
        elif event["type"] in ("ADDED", "MODIFIED"):
            self._said[event["object"]["metadata"]["name"]] = _state(event["object"])

    @property
    def missing(self) -> dict[str, str]:
        """Those that are not Ready, and why."""
        said = {name: self._said.get(name, "is not there") for name in self._names}
        return {name: why for name, why in said.items() if why}


async def until_ready(names: Collection[str], *, collection: ObjectCollection, seconds: float) -> None:
    """Return when every one is Ready at once, for the generation that its spec has.

    Raises:
        Unready: they are not, after ``seconds``.
    """
    readiness = Readiness(names)
    try:
        async with asyncio.timeout(seconds), aclosing(collection.follow()) as events:
            async for event in events:
                readiness.see(event)
                if not readiness.missing:
                    return
    except TimeoutError as error:
        raise _unready(readiness, f"after {seconds:.0f} s", number=len(names)) from error


async def ensure_ready(names: Collection[str], *, collection: ObjectCollection) -> None:
    """Look once more, at what is there now.

    Raises:
        Unready: not every one is Ready.
        WatchLost: the server cannot be asked.
    """
    readiness = Readiness(names)
    for item in (await collection.list())[0]:
        readiness.see({"type": "ADDED", "object": item})
    if readiness.missing:
        raise _unready(readiness, "any more", number=len(names))


def _state(pattern: dict[str, Any]) -> str:
    """ "" where it is Ready, else what it says."""
    status = pattern.get("status", {})
    ready = next((each for each in status.get("conditions", ()) if each["type"] == "Ready"), None)
    if ready is None:
        return "has no condition Ready"
    if status.get("observedGeneration") != pattern["metadata"]["generation"]:
        return "has a status of an earlier generation"
    return "" if ready["status"] == "True" else f"{ready['status']}, {ready['reason']}: {ready['message'][:200]}"


def _unready(readiness: Readiness, when: str, *, number: int) -> Unready:
    missing = readiness.missing
    named = "; ".join(f"{name} {why}" for name, why in list(missing.items())[:SHOWN])
    more = f"; and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
    return Unready(f"{len(missing)} of {number} patterns are not Ready {when}: {named}{more}")

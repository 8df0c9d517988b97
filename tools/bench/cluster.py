"""The API server as the admin sees it: what the bench creates, changes and waits for."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp
import orjson
from tools.readiness import ObjectCollection, Unready

CONNECTIONS = 32
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"


@dataclass(frozen=True, slots=True)
class Cluster:
    """Requests as admin; ``server`` is a URL."""

    http: aiohttp.ClientSession
    server: str
    headers: Mapping[str, str]

    async def send(self, method: str, url: str, body: Any = None, *, content_type: str = "application/json") -> None:
        """One request; raises RuntimeError for anything but success."""
        headers = {"Content-Type": content_type, **self.headers}
        data = orjson.dumps(body) if body is not None else None
        async with self.http.request(method, self.server + url, data=data, headers=headers) as response:
            if response.status >= 300:
                raise RuntimeError(f"{method} {url}: {response.status} {await response.text()}")
            await response.read()

    async def version(self) -> str:
        """The version of the API server, as in ``v1.37.2``."""
        async with self.http.get(f"{self.server}/version", headers=self.headers) as response:
            found: str = (await response.json())["gitVersion"]
            return found

    async def apply(self, url: str, body: Mapping[str, Any]) -> None:
        """One server-side apply."""
        await self.send("PATCH", f"{url}?fieldManager=bench&force=true", body, content_type=APPLY)

    def at(self, url: str) -> ObjectCollection:
        """The objects at a path."""
        return ObjectCollection(self.http, self.server + url, self.headers)

    async def until(self, url: str, done: Callable[[dict[str, Any] | None], bool], *, seconds: float) -> None:
        """Show every event of a collection to ``done``, which is given None when all are told anew, until it is true.

        Raises:
            Unready: it is not, after ``seconds``.
        """
        try:
            async with asyncio.timeout(seconds), aclosing(self.at(url).follow()) as events:
                async for event in events:
                    if done(event):
                        return
        except TimeoutError as error:
            raise Unready(f"{url} is not as it should be after {seconds:.0f} s") from error


Item = TypeVar("Item")


async def gather(work: Callable[[Item], Awaitable[None]], items: Iterable[Item]) -> None:
    """``work`` on each item, ``CONNECTIONS`` at once."""
    waiting = iter(items)

    async def worker() -> None:
        for item in waiting:
            await work(item)

    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(worker())

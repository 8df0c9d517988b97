"""The API server as the admin sees it: what the bench creates, changes and waits for."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp
import orjson
from tools.readiness import ObjectCollection

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

    async def get(self, url: str) -> dict[str, Any]:
        """One object; raises aiohttp.ClientResponseError for anything but success."""
        async with self.http.get(self.server + url, headers=self.headers, raise_for_status=True) as response:
            found: dict[str, Any] = orjson.loads(await response.read())
            return found

    async def version(self) -> str:
        """The version of the API server, as in ``v1.37.2``."""
        found: str = (await self.get("/version"))["gitVersion"]
        return found

    async def apply(self, url: str, body: Mapping[str, Any]) -> None:
        """One server-side apply."""
        await self.send("PATCH", f"{url}?fieldManager=bench&force=true", body, content_type=APPLY)

    def at(self, url: str) -> ObjectCollection:
        """The objects at a path."""
        return ObjectCollection(self.http, self.server + url, self.headers)


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

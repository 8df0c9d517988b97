"""The bench waits for patterns that are really Ready, over every end that a watch can have."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from tools.readiness import ObjectCollection, Unready, ensure_ready, until_ready

NAMES = ["item-0", "item-1"]
Watch = Callable[["Server", web.StreamResponse], Awaitable[None]]


def pattern(name: str, *, ready: str = "True", generation: int = 1, observed: int = 1) -> dict[str, Any]:
    condition = {"type": "Ready", "status": ready, "reason": "Any", "message": f"{name} says so"}
    status = {"observedGeneration": observed, "conditions": [condition]}
    return {"metadata": {"name": name, "generation": generation}, "status": status}


class Server:
    """An API server with one collection, whose watches end as they are told, one after another; the last stays open."""

    def __init__(self) -> None:
        self.there = {name: pattern(name, ready="Unknown") for name in NAMES}
        self.watches: list[Watch] = []
        self.lists = 0
        self.busy = 0  # lists that are refused first

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if "watch" not in request.query:
            self.lists += 1
            if self.busy:
                self.busy -= 1
                return web.Response(status=503)
            return web.json_response({"metadata": {"resourceVersion": "7"}, "items": list(self.there.values())})
        assert request.query["resourceVersion"] == "7"
        if not self.watches:
            return web.Response(status=410)
        response = web.StreamResponse()
        await response.prepare(request)
        await self.watches.pop(0)(self, response)
        return response

    async def tell(self, response: web.StreamResponse, changed: dict[str, Any], kind: str = "MODIFIED") -> None:
        name = changed["metadata"]["name"]
        if kind == "DELETED":
            self.there.pop(name)
        else:
            self.there[name] = changed
        await response.write(json.dumps({"type": kind, "object": changed}).encode() + b"\n")


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
async def collection(server: Server) -> AsyncIterator[ObjectCollection]:
    app = web.Application()
    app.router.add_get("/patterns", server.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    async with aiohttp.ClientSession() as http:
        yield ObjectCollection(http, f"http://127.0.0.1:{port}/patterns", {})
    await runner.cleanup()


def becomes(*patterns: dict[str, Any]) -> Watch:
    """A watch that tells these and ends, as the server ends one after some minutes."""

    async def told(server: Server, response: web.StreamResponse) -> None:
        for each in patterns:
            await server.tell(response, each)

    return told


async def expires(server: Server, response: web.StreamResponse) -> None:
    """A watch that says that its version is too old."""
    error = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired"}}
    await response.write(json.dumps(error).encode() + b"\n")


async def breaks(server: Server, response: web.StreamResponse) -> None:
    """A watch whose connection is lost within an event."""
    await response.write(b'{"type": "MODI')
    transport = response._req.transport  # type: ignore[union-attr] # it is connected
    assert transport is not None
    transport.abort()


async def garbles(server: Server, response: web.StreamResponse) -> None:
    """A watch through a proxy that has something to say."""
    await response.write(b"<html>\n")


@pytest.mark.parametrize("end", [becomes(), expires, breaks, garbles], ids=["ends", "expires", "breaks", "garbles"])
async def test_a_watch_that_ends_is_not_the_end_of_waiting(
    server: Server, collection: ObjectCollection, end: Watch
) -> None:
    server.watches = [becomes(pattern("item-0")), end, becomes(pattern("item-1"))]

    await until_ready(NAMES, collection=collection, seconds=20)

    assert server.watches == []
    assert server.lists == 3


async def test_what_becomes_ready_between_two_watches_is_seen(server: Server, collection: ObjectCollection) -> None:
    async def unseen(server: Server, response: web.StreamResponse) -> None:
        server.there["item-1"] = pattern("item-1")

    server.watches = [becomes(pattern("item-0")), unseen]
    server.busy = 2

    await until_ready(NAMES, collection=collection, seconds=20)


@pytest.mark.parametrize(
    ("last", "why"),
    [
        pytest.param(pattern("item-1", ready="False"), "item-1 False, Any: item-1 says so", id="not ready"),
        pytest.param(pattern("item-1", generation=2), "item-1 has a status of an earlier generation", id="stale"),
        pytest.param(
            {"metadata": {"name": "item-1", "generation": 1}}, "item-1 has no condition Ready", id="no status"
        ),
        pytest.param(None, "item-1 is not there", id="gone"),
    ],
)
async def test_what_is_not_ready_is_named_when_the_time_is_up(
    server: Server, collection: ObjectCollection, last: dict[str, Any] | None, why: str
) -> None:
    server.there = {name: pattern(name) for name in NAMES}
    del server.there["item-1"]
    if last is not None:
        server.there["item-1"] = last

    with pytest.raises(Unready) as refusal:
        await until_ready(NAMES, collection=collection, seconds=0.5)
    with pytest.raises(Unready) as looked:
        await ensure_ready(NAMES, collection=collection)

    assert str(refusal.value) == f"1 of 2 patterns are not Ready after 0 s: {why}"
    assert str(looked.value) == f"1 of 2 patterns are not Ready any more: {why}"


async def test_all_have_to_be_ready_at_once(server: Server, collection: ObjectCollection) -> None:
    async def deleted(server: Server, response: web.StreamResponse) -> None:
        await server.tell(response, pattern("item-0"), "DELETED")

    server.watches = [
        becomes(pattern("item-0"), pattern("item-0", ready="False"), pattern("item-1")),
        becomes(pattern("item-0", ready="False")),
    ]

    with pytest.raises(Unready, match="1 of 2 patterns are not Ready after 1 s: item-0 False"):
        await until_ready(NAMES, collection=collection, seconds=1)
    server.there = {name: pattern(name) for name in NAMES}
    await ensure_ready(NAMES, collection=collection)
    server.there["item-1"] = pattern("item-1", ready="Unknown")
    server.watches = [deleted]
    with pytest.raises(Unready, match="item-0 is not there"):
        await until_ready(NAMES, collection=collection, seconds=1)


async def test_many_that_are_not_ready_are_counted(server: Server, collection: ObjectCollection) -> None:
    names = [f"item-{number}" for number in range(9)]

    with pytest.raises(Unready) as refusal:
        await ensure_ready(names, collection=collection)

    assert str(refusal.value).startswith("9 of 9 patterns are not Ready any more: item-0 Unknown")
    assert str(refusal.value).endswith("item-4 is not there; and 4 more")

"""Which groups the API server serves itself is asked for once, and again where something is not among them."""

from collections.abc import Callable

import orjson
import pytest
from aiohttp import web
from tests.kube.fake_apiserver import serving

from pattern_operator.kube import LocalApis, Resource
from pattern_operator.kube.local_apis import KEPT, MISS_INTERVAL

WIDGET = Resource("shop.example", "v1", "Widget", "widgets", namespaced=True)
OLDER = Resource("shop.example", "v1beta1", "Widget", "widgets", namespaced=True)


class Server:
    """APIServices by name; the selector has selected them already."""

    def __init__(self, *names: str) -> None:
        self.names = list(names)
        self.asked: list[dict[str, str]] = []
        self.refuses = False
        self.refuses_more = False  # than the first page

    def answer(self, request: web.Request) -> web.Response:
        self.asked.append(dict(request.query))
        if self.refuses or (self.refuses_more and "continue" in request.query):
            return web.Response(status=403, body=orjson.dumps({"kind": "Status", "code": 403}))
        start = int(request.query.get("continue") or 0)
        items = [{"metadata": {"name": each}} for each in self.names[start : start + 1]]
        more = str(start + 1) if start + 1 < len(self.names) else ""
        return web.Response(body=orjson.dumps({"metadata": {"continue": more}, "items": items}))


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_what_the_server_made_for_itself_or_a_crd_is_served_by_it_in_that_version():
    server = Server("v1.apps", "v1.shop.example")
    async with serving(server.answer) as session:
        local = LocalApis(session)

        assert await local.serve(WIDGET)
        assert not await local.serve(OLDER)

    assert {each["labelSelector"] for each in server.asked} == {
        "kube-aggregator.kubernetes.io/automanaged in (onstart, true)"
    }


@pytest.mark.parametrize(
    ("after", "lists"),
    [(KEPT - 1, 1), (KEPT, 2)],
    ids=["what is known is believed", "and asked for again after a while"],
)
async def test_a_list_is_asked_for_again_when_it_is_old(after: float, lists: int):
    server, clock = Server("v1.shop.example"), Clock()
    async with serving(server.answer) as session:
        local = LocalApis(session, clock=clock)
        await local.serve(WIDGET)
        clock.now += after

        assert await local.serve(WIDGET)

    assert len(server.asked) == lists


def comes(server: Server) -> None:
    server.names.append("v1.shop.example")


def may_be_asked(server: Server) -> None:
    server.refuses = False
    comes(server)


@pytest.mark.parametrize("change", [comes, may_be_asked])
async def test_what_is_not_in_the_list_is_looked_for_again_soon_and_not_each_time(change: Callable[[Server], None]):
    server, clock = Server(), Clock()
    server.refuses = change is may_be_asked
    async with serving(server.answer) as session:
        local = LocalApis(session, clock=clock)

        assert not await local.serve(WIDGET)
        change(server)
        assert not await local.serve(WIDGET)
        clock.now += MISS_INTERVAL - 1
        assert not await local.serve(WIDGET)
        clock.now += 1
        assert await local.serve(WIDGET)

    assert len(server.asked) == 2


async def test_of_a_list_that_cannot_be_read_to_its_end_nothing_is_believed():
    server = Server("v1.shop.example", "v1.apps")
    server.refuses_more = True
    async with serving(server.answer) as session:
        assert not await LocalApis(session).serve(WIDGET)

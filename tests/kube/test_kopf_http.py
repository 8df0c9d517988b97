"""What kopf lists: few requests for small objects, small pages of fat ones, and a loop that is never held."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web
from tests.kube.fake_apiserver import serving
from tests.looplag import MOST, longest_hold

from pattern_operator.kube import ApiUnavailable, Session
from pattern_operator.kube.kopf_http import PAGE
from pattern_operator.limits import KIB, MAX_PAGE_OF_KOPF, MIB

PATH = "/apis/pattern-operator.io/v1alpha1/designpatterns"
SMALL = {"spec": {"source": {"url": "oci://registry.example/web"}}, "status": {"revision": "x" * 3 * KIB}}
# As many small parts as fit into etcd's 1.5 MiB: parsed in one go, two of these hold the loop for 20 ms and more.
LARGEST = {"status": {"inventory": {"entries": [{"id": "", "v": ""}] * 85_000}}}


class Collection:
    """A server with objects, in pages as the API server gives them: the limit may change from page to page."""

    def __init__(self, *objects: dict[str, Any]) -> None:
        self.texts = [orjson.dumps({"metadata": {"name": f"n{number}"}, **each}) for number, each in enumerate(objects)]
        self.limits: list[int] = []
        self.sizes: list[int] = []  # bytes of the pages that were read to their end, or not

    def answer(self, request: web.Request) -> web.Response:
        limit, begin = int(request.query.get("limit", "0")), int(request.query.get("continue") or 0)
        self.limits.append(limit)
        end = min(begin + limit, len(self.texts))
        more = b'"continue":"%d",' % end if end < len(self.texts) else b""
        kind = b'"kind":"DesignPatternList","apiVersion":"pattern-operator.io/v1alpha1"'
        body = b'{%b,"metadata":{%b"resourceVersion":"7"},"items":[%b]}'
        body %= (kind, more, b",".join(self.texts[begin:end]))
        self.sizes.append(len(body))
        return web.Response(body=body, content_type="application/json")


@asynccontextmanager
async def kopf_of(collection: Collection) -> AsyncIterator[Session]:
    async with serving(collection.answer) as session:
        yield session


async def listed(session: Session) -> list[str]:
    """The names, page by page, asked for as kopf does."""
    names: list[str] = []
    params = {"limit": str(PAGE)}
    while True:
        async with session.kopf_http.get(session.server + PATH, params=params) as response:
            page = await response.json()
        names += [each["metadata"]["name"] for each in page["items"]]
        assert page["metadata"]["resourceVersion"] == "7"
        if not page["metadata"].get("continue"):
            return names
        params["continue"] = page["metadata"]["continue"]


def names(count: int) -> list[str]:
    return [f"n{number}" for number in range(count)]


async def test_two_thousand_patterns_are_a_few_requests():
    collection = Collection(*[SMALL] * 2_000)

    async with kopf_of(collection) as session:
        assert await listed(session) == names(2_000)

    assert len(collection.limits) < 10


async def test_fat_patterns_come_in_pages_that_are_bounded_by_bytes():
    collection = Collection(*[LARGEST] * 20)

    async with kopf_of(collection) as session:
        assert await listed(session) == names(20)

    assert collection.limits[:3] == [500, 62, 7]
    assert max(collection.sizes[3:]) <= MAX_PAGE_OF_KOPF


async def test_after_fat_patterns_of_somebody_pages_are_large_again():
    collection = Collection(*[SMALL] * 600, *[LARGEST] * 5, *[SMALL] * 2_000)

    async with kopf_of(collection) as session:
        assert await listed(session) == names(2_605)

    assert len(collection.limits) < 40


async def test_every_listing_begins_with_a_large_page():
    collection = Collection(LARGEST, LARGEST, LARGEST)

    async with kopf_of(collection) as session:
        await listed(session)
        asked = len(collection.limits)
        await listed(session)

    assert collection.limits[asked] == PAGE


async def test_no_page_holds_the_event_loop():
    collection = Collection(*[LARGEST] * 4, *[SMALL] * 600)

    async with kopf_of(collection) as session:
        assert await longest_hold(lambda: listed(session)) < MOST


async def test_a_pattern_that_is_larger_than_a_page_is_listed_all_the_same():
    collection = Collection(SMALL, {"status": {"revision": "x" * (MAX_PAGE_OF_KOPF + MIB)}}, SMALL)

    async with kopf_of(collection) as session:
        assert await listed(session) == names(3)


async def test_what_is_not_a_list_is_answered_as_it_is():
    kinds = {"kind": "APIResourceList", "resources": [1, 2]}
    async with (
        serving(lambda _: web.json_response(kinds)) as session,
        session.kopf_http.get(session.server + "/apis/pattern-operator.io/v1alpha1") as response,
    ):
        assert await response.json() == kinds


@pytest.mark.parametrize("status", [403, 410, 429, 500])
async def test_a_refused_page_is_kopfs_to_understand(status: int):
    body = {"kind": "Status", "code": status, "message": "no"}
    asked: list[str] = []

    def answer(request: web.Request) -> web.Response:
        asked.append(request.path_qs)
        return web.json_response(body, status=status)

    async with (
        serving(answer) as session,
        session.kopf_http.get(session.server + PATH, params={"limit": "500"}) as response,
    ):
        assert (response.status, await response.json()) == (status, body)

    assert asked == [f"{PATH}?limit=500"]


async def test_what_is_refused_is_left_for_kopf_to_read():
    async with (
        serving(lambda _: web.Response(status=403, text="no words of JSON")) as session,
        session.kopf_http.get(session.server + PATH, params={"limit": "500"}) as response,
    ):
        assert await response.text() == "no words of JSON"


async def test_a_list_that_cannot_be_read_is_never_taken_for_an_empty_one():
    body = b'{"metadata":{},"items":[{"metadata":{"name":"\\ud800"}}]}'
    async with (
        serving(lambda _: web.Response(body=body, content_type="application/json")) as session,
        session.kopf_http.get(session.server + PATH, params={"limit": "500"}) as response,
    ):
        with pytest.raises(ApiUnavailable):
            await response.json()


async def test_a_page_that_breaks_off_is_an_error_of_the_connection():
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b'{"metadata":{},"items":[')
        assert request.transport is not None
        request.transport.close()
        return response

    async with serving(answer) as session:
        with pytest.raises(aiohttp.ClientError):
            await session.kopf_http.get(session.server + PATH, params={"limit": "500"})


async def test_a_page_that_goes_on_from_another_is_read_by_who_did_not_read_that():
    collection = Collection(SMALL, SMALL, SMALL)

    async with (
        kopf_of(collection) as session,
        session.kopf_http.get(session.server + PATH, params={"limit": "500", "continue": "1"}) as response,
    ):
        page = await response.json()

    assert [each["metadata"]["name"] for each in page["items"]] == ["n1", "n2"]

"""Whatever objects the API server holds, to read them holds the event loop for a moment only."""

import time

import orjson
import pytest
from aiohttp import web
from tests.kube.conftest import CONFIG_MAP
from tests.kube.fake_apiserver import serving
from tests.kube.test_reflector import Diary, following
from tests.looplag import MOST, longest_hold

from pattern_operator.kube import ApiUnavailable, Projection, decode, objects
from pattern_operator.kube.decode import in_turns, read_list, read_object
from pattern_operator.kube.errors import from_response
from pattern_operator.kube.json_size import is_too_large
from pattern_operator.kube.pagination import Page
from pattern_operator.limits import MAX_PAGE, MAX_READ_CONTAINERS

LARGEST = 1536 * 1024  # bytes of an object in etcd
DEEP = b"[" * 2_000 + b"]" * 2_000
UNITS = {
    "lists": b"[]",
    "objects": b"{}",
    "objects with a member": b'{"a":1}',
    "numbers": b"1",
    "fractions": b"1.5",
    "texts": b'""',
    "nested lists": b"[" * 700 + b"]" * 700,
    "too deep": DEEP,
}


def many(unit: bytes, size: int = LARGEST) -> bytes:
    return b"[" + b",".join([unit] * (size // (len(unit) + 1))) + b"]"


def members(size: int = LARGEST) -> bytes:
    return b"{" + b",".join(b'"%06d":1' % number for number in range(size // 11)) + b"}"


def item(spec: bytes, *, name: str = "a", version: int = 1) -> bytes:
    metadata = {"name": name, "namespace": "shop", "uid": name, "resourceVersion": str(version)}
    return b'{"metadata":%b,"spec":%b,"status":{"phase":"Running"}}' % (orjson.dumps(metadata), spec)


SPECS = {**{name: many(unit) for name, unit in UNITS.items()}, "members": members()}


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS.keys())
async def test_an_object_of_whatever_holds_the_loop_for_a_moment_and_is_known(spec):
    found = []

    async def work() -> None:
        found.append(await read_object(b'{"type":"MODIFIED","object":%b}' % item(spec)))

    assert await longest_hold(work) < MOST
    assert found[0]["type"] == "MODIFIED"
    assert found[0]["object"]["metadata"]["name"] == "a"
    assert found[0]["object"]["status"] == {"phase": "Running"}


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS.keys())
async def test_a_page_of_whatever_objects_is_read_one_by_one(spec):
    content = b'{"metadata":{"resourceVersion":"7"},"items":[%b]}' % b",".join([item(spec)] * 2)
    found = []

    async def work() -> None:
        found.append(Page.of(await read_list(content)))

    assert await longest_hold(work) < MOST
    assert [each["metadata"]["name"] for each in found[0].items] == ["a"] * 2
    assert found[0].version == "7"


async def test_of_metadata_that_is_too_much_all_else_is_read():
    metadata = b'{"name":"a","uid":"u","resourceVersion":"3","finalizers":["f"],"managedFields":%b}' % many(b"{}")

    found = await read_object(b'{"metadata":%b,"data":{"a":"b"}}' % metadata)

    assert found["metadata"] == {"name": "a", "uid": "u", "resourceVersion": "3", "finalizers": ["f"]}
    assert found["data"] == {"a": "b"}


async def test_an_object_of_much_text_is_read_whole():
    body = {"metadata": {"name": "a"}, "data": {"csv": "1,2,3\n" * 200_000}, "whatever": [1]}

    assert await read_object(orjson.dumps(body)) == body


def test_what_a_pattern_may_apply_is_never_too_much():
    fields: dict[str, dict[str, str]] = {f"f:field{number}": {} for number in range(25_000)}
    body = {"metadata": {"managedFields": [{"fieldsV1": fields}]}, "spec": {name: [] for name in fields}}

    assert not is_too_large(orjson.dumps(body))
    assert is_too_large(orjson.dumps([{}] * (MAX_READ_CONTAINERS + 1)))


@pytest.mark.parametrize("name", [b'"\\ud800"', b'"\xff"', b"1e999"])
async def test_an_object_in_a_list_that_cannot_be_read_is_not_left_out(name: bytes):
    with pytest.raises(ApiUnavailable):
        await read_list(b'{"metadata":{},"items":[{"metadata":{"name":"a"}},{"metadata":{"name":%b}}]}' % name)


async def test_of_an_object_that_cannot_be_read_it_is_said_that_it_is_one_of_a_list():
    with pytest.raises(ApiUnavailable, match="an object in the list") as error:
        await read_list(b'{"metadata":{},"items":[{"metadata":{"name":1e999}}]}')

    assert error.value.code == 0


async def test_nothing_in_a_list_is_nothing_and_not_unreadable():
    assert (await read_list(b'{"metadata":{},"items":[null,{}]}'))["items"] == [None, {}]


async def test_of_an_object_that_is_too_much_and_too_deep_beside_that_the_rest_is_read():
    content = b'{"metadata":{"name":"a"},"spec":%b,"whatever":%b}' % (many(b"{}"), b"[" * 5_000 + b"]" * 5_000)

    assert (await read_object(content))["metadata"] == {"name": "a"}


@pytest.mark.parametrize(("longest", "breaks"), [(60.0, 0), (-1.0, 5)])
async def test_the_loop_is_free_between_objects_whenever_they_took_their_time(
    monkeypatch: pytest.MonkeyPatch, longest: float, breaks: int
):
    slept = list[float]()

    async def note(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(decode, "MAX_TURN", longest)
    monkeypatch.setattr(decode, "sleep", note)

    assert [each async for each in in_turns(range(5))] == list(range(5))
    assert len(slept) == breaks


def test_a_refusal_that_is_too_much_is_not_read():
    error = from_response(code=403, retry_after=None, body=b'{"kind":"Status","details":%b}' % many(b"[]"))

    assert (error.code, error.reason) == (403, "Forbidden")


def pages(request: web.Request, *, asked: list[str]) -> web.Response:
    """Three objects of 3 MiB, in pages of as many as are asked for."""
    if "watch" in request.query:
        return web.Response(body=b"")
    limit, begin = int(request.query["limit"]), int(request.query.get("continue") or 0)
    asked.append(request.query["limit"])
    end = min(begin + limit, 3)
    items = [item(b'"%b"' % (b"x" * 3 * 1024 * 1024), name=f"n{number}") for number in range(begin, end)]
    more = b'"continue":"%d",' % end if end < 3 else b""
    return web.Response(body=b'{"metadata":{%b"resourceVersion":"7"},"items":[%b]}' % (more, b",".join(items)))


async def test_of_large_objects_smaller_pages_are_asked_for():
    asked: list[str] = []

    async with serving(lambda request: pages(request, asked=asked)) as session:
        found = await objects.list_(session, CONFIG_MAP)

    assert [each["metadata"]["name"] for each in found] == ["n0", "n1", "n2"]
    assert asked == ["500", "62", "7", "1", "1", "1"]


async def test_a_watch_lists_large_objects_in_smaller_pages():
    asked: list[str] = []
    diary = Diary()

    async with (
        serving(lambda request: pages(request, asked=asked)) as session,
        following(session, diary, projection=Projection.FULL),
    ):
        await diary.has("ADDED n0", "ADDED n1", "ADDED n2")

    assert asked[:6] == ["500", "62", "7", "1", "1", "1"]


async def test_a_single_object_that_is_too_large_is_an_error_and_no_end():
    asked: list[str] = []

    def answer(request: web.Request) -> web.Response:
        asked.append(request.query["limit"])
        return web.Response(body=b" " * (MAX_PAGE + 1))

    async with serving(answer) as session:
        with pytest.raises(ApiUnavailable, match="longer than the 8 MiB"):
            await objects.list_(session, CONFIG_MAP)

    assert asked == ["500", "62", "7", "1"]


async def test_many_things_are_done_with_the_loop_free_in_between():
    done: list[int] = []

    async def work() -> None:
        done.clear()
        async for number in in_turns(range(100)):
            begun = time.perf_counter()
            while time.perf_counter() - begun < 0.003:
                pass
            done.append(number)

    assert await longest_hold(work) < MOST
    assert done == list(range(100))

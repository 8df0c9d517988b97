"""What kopf is told of a watch: not what is known, and no error that would end the operator."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace
from typing import Any, TypeVar, cast

import aiohttp
import orjson
import pytest
from tests.faketime import run
from tests.kube.fake_collection import Collection
from yarl import URL

from pattern_operator.kube import Session, kopf_watch
from pattern_operator.kube.kopf_watch import LAST_BACK_OFF, KopfWatch
from pattern_operator.kube.wellknown import DESIGN_PATTERN


def line(type_: str, *, version: str = "7", name: str = "web", uid: str = "u", **more: Any) -> bytes:
    metadata = {"name": name, "namespace": "team", "uid": uid, "resourceVersion": version}
    return orjson.dumps({"type": type_, "object": {"metadata": metadata, "spec": {"a": 1}, **more}})


def error(code: int, reason: str = "InternalError") -> bytes:
    status = {
        "kind": "Status",
        "code": code,
        "reason": reason,
        "message": "etcd event has no old value",
        "metadata": {},
    }
    return orjson.dumps({"type": "ERROR", "object": status})


@pytest.fixture
def watch() -> KopfWatch:
    """One that knows version 7 of ``team/web``."""
    watch = KopfWatch()
    watch.skip_known(lambda *seen: seen == ("team", "web", "u", "7"))
    return watch


def test_of_a_change_that_is_known_kopf_gets_the_version_alone_to_go_on_from(watch):
    assert orjson.loads(watch.take(line("MODIFIED"))) == {
        "type": "BOOKMARK",
        "object": {"metadata": {"resourceVersion": "7"}},
    }


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(line("MODIFIED", version="8"), id="of another version"),
        pytest.param(line("MODIFIED", uid="v"), id="of one that was created again"),
        pytest.param(line("MODIFIED", name="other"), id="of another pattern"),
        pytest.param(line("ADDED"), id="that it exists"),
        pytest.param(line("DELETED"), id="that it is gone"),
        pytest.param(b'{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}}', id="a bookmark"),
        pytest.param(b'{"type":"PARTY","object":{}}', id="a type of a newer server"),
        pytest.param(error(410, "Expired"), id="410, which kopf knows"),
    ],
)
def test_everything_else_is_told_as_it_was_sent(watch, told):
    assert watch.take(told) == told


def test_without_anybody_who_knows_everything_is_told():
    assert KopfWatch().take(line("MODIFIED")) == line("MODIFIED")


@pytest.mark.parametrize(
    "sent",
    [
        error(500),
        error(403, "Forbidden"),
        b"<html>",
        b"[]",
        b"5",
        b'{"type":"ADDED"}',
        b'{"type":7,"object":{}}',
        b"\xff",
    ],
)
def test_whatever_kopf_would_die_of_becomes_a_410_and_is_logged_once(watch, sent, caplog):
    told = [orjson.loads(watch.take(sent)) for _ in range(3)]

    assert [(each["type"], each["object"]["code"]) for each in told] == [("ERROR", 410)] * 3
    assert caplog.text.count("the watch of DesignPatterns failed, listing again") == 1


def test_lists_wait_longer_with_each_failure_in_a_row_and_no_longer_after_a_good_event(watch):
    waits = []
    for _ in range(12):
        watch.take(error(500))
        waits.append(watch._back_off())
    watch.take(line("ADDED"))

    assert 0.1 <= waits[0] <= 0.2
    assert LAST_BACK_OFF / 2 <= waits[-1] <= LAST_BACK_OFF
    assert watch._failures == 0


async def test_the_list_after_a_failure_is_sent_only_after_its_pause(monkeypatch):
    monkeypatch.setattr(kopf_watch, "FIRST_BACK_OFF", 0.4)
    loop = asyncio.get_running_loop()

    async def seconds(session: Session) -> float:
        begun = loop.time()
        async with session.kopf_http.get(f"{session.server}{DESIGN_PATTERN.path()}", params={"limit": "500"}):
            return loop.time() - begun

    async with Collection(DESIGN_PATTERN).serve() as session:
        await seconds(session)  # the first connection takes its time
        healthy = await seconds(session)
        session.kopf_watch.take(error(500))
        after_a_failure = await seconds(session)

    assert healthy < 0.2 <= after_a_failure


def test_the_words_of_the_server_are_logged(watch, caplog):
    watch.take(error(500))

    assert "listing again: etcd event has no old value" in caplog.text


async def test_what_kopf_reads_of_a_watch_is_what_is_told_here():
    patterns = Collection(DESIGN_PATTERN)
    known = patterns.put("web")["metadata"]
    async with patterns.serve() as session:
        session.kopf_watch.skip_known(lambda *seen: seen[1:] == ("web", known["uid"], known["resourceVersion"]))
        params = {"watch": "true", "resourceVersion": "1"}
        async with session.kopf_http.get(f"{session.server}{DESIGN_PATTERN.path()}", params=params) as response:
            assert not response.content.at_eof()
            changed = patterns.put("web", spec={"a": 2})["metadata"]
            session.kopf_watch.skip_known(lambda *seen: seen[3] == changed["resourceVersion"])
            told = []
            async for each in response.content.iter_chunked(1024):
                told.append(orjson.loads(each)["type"])
                if told[-1] == "BOOKMARK":
                    break

    assert told == ["ADDED", "BOOKMARK"]


GONE = error(410, "Expired")
T = TypeVar("T")
Chunk = bytes | float | Exception  # what is sent, seconds of silence, or how the connection breaks


class Kopf:
    """What kopf asks, through the middleware, of a server that answers with what a test gives it."""

    def __init__(self) -> None:
        self._clock = asyncio.get_running_loop().time
        self.filter = KopfWatch(clock=self._clock)
        self.filter.skip_known(lambda *seen: seen == ("team", "web", "u", "7"))

    async def ask(self, query: str, *chunks: Chunk, method: str = "GET") -> float:
        """Send a request, and read the answer as kopf does; the seconds that passed before it was sent."""
        begun, sent = self._clock(), []

        async def handler(_: aiohttp.ClientRequest) -> aiohttp.ClientResponse:
            sent.append(self._clock())
            content = SimpleNamespace(iter_any=lambda: _sent(*chunks))
            return cast(aiohttp.ClientResponse, SimpleNamespace(status=200, content=content))

        request = SimpleNamespace(method=method, url=URL(f"https://api.example/designpatterns?{query}"))
        response = await self.filter.filter(cast(aiohttp.ClientRequest, request), handler)
        if "watch" in query:
            await _read(response.content)
        return sent[0] - begun

    async def watch(self, *chunks: Chunk) -> float:
        return await self.ask("watch=true", *chunks)

    async def list(self) -> float:
        return await self.ask("limit=500")


async def _sent(*chunks: Chunk) -> AsyncIterator[bytes]:
    for each in chunks:
        if isinstance(each, Exception):
            raise each
        if isinstance(each, float):
            await asyncio.sleep(each)
        else:
            yield each + b"\n"


async def _read(content: aiohttp.StreamReader) -> None:
    """Read until the end, a break, or an ERROR event."""
    try:
        async for each in content.iter_chunked(1024):
            if orjson.loads(each)["type"] == "ERROR":
                return
    except aiohttp.ClientError:
        pass


def waits(times: int, ask: Callable[[Kopf], Awaitable[T]], *, first: Callable[[Kopf], Any] | None = None) -> list[T]:
    """What ``ask`` gives, the pauses before requests, one after another and in fake time."""

    async def work() -> list[T]:
        kopf = Kopf()
        if first is not None:
            await first(kopf)
        return [await ask(kopf) for _ in range(times)]

    return run(work())


def is_growing(pauses: list[float]) -> bool:
    """Whether they double, spread by half, from the first one to the longest."""
    longest = [min(LAST_BACK_OFF, 2 * kopf_watch.FIRST_BACK_OFF * (1 << each)) for each in range(len(pauses))]
    return all(most / 2 - 0.001 <= each <= most + 0.001 for each, most in zip(pauses, longest, strict=True))


@pytest.mark.parametrize(
    "ending",
    [
        pytest.param((), id="empty"),
        pytest.param((aiohttp.ClientPayloadError("cut"),), id="cut"),
        pytest.param((aiohttp.ServerDisconnectedError(),), id="disconnected"),
        pytest.param((0.9,), id="after less than a second"),
        pytest.param((b'{"type":"PARTY","object":{}}',), id="with nothing that kopf takes"),
    ],
)
def test_a_watch_that_ends_at_once_is_asked_for_again_at_once_and_then_ever_less_often(ending):
    pauses = waits(14, lambda kopf: kopf.watch(*ending))

    assert pauses[:2] == [0.0, 0.0]
    assert is_growing(pauses[2:])
    assert pauses[-1] >= LAST_BACK_OFF / 2


def test_410_to_each_list_makes_the_lists_ever_less_often_and_each_pause_is_made_once():
    async def list_and_watch(kopf: Kopf) -> tuple[float, float]:
        return await kopf.list(), await kopf.watch(GONE)

    pauses = waits(14, list_and_watch)

    assert [before_list for before_list, _ in pauses[:2]] == [0.0, 0.0]
    assert is_growing([before_list for before_list, _ in pauses[2:]])
    assert {before_watch for _, before_watch in pauses} == {0.0}


@pytest.mark.parametrize(
    "ending",
    [
        pytest.param((1.0,), id="in its time, without an event"),
        pytest.param((300.0,), id="in its time, after minutes"),
        pytest.param((300.0, aiohttp.ClientPayloadError("cut")), id="cut after minutes"),
        pytest.param((line("ADDED"),), id="after an event"),
        pytest.param((line("MODIFIED"),), id="after an event that is known"),
        pytest.param((line("BOOKMARK"),), id="after a bookmark"),
    ],
)
def test_a_watch_that_lasted_or_brought_something_is_asked_for_again_at_once(ending):
    async def fail(kopf: Kopf) -> None:
        for _ in range(5):
            await kopf.watch()
        await kopf.watch(*ending)

    assert waits(5, lambda kopf: kopf.watch(*ending)) == [0.0] * 5
    assert waits(2, lambda kopf: kopf.watch(), first=fail) == [0.0, 0.0]


def test_a_410_after_an_event_is_the_first_again():
    assert waits(5, lambda kopf: kopf.watch(line("ADDED"), GONE)) == [0.0] * 5


def test_a_410_is_counted_also_where_the_watch_lasted():
    pauses = waits(4, lambda kopf: kopf.watch(5.0, GONE))

    assert pauses[:2] == [0.0, 0.0]
    assert is_growing(pauses[2:])


def test_only_the_first_page_of_a_list_waits():
    async def fail(kopf: Kopf) -> None:
        await kopf.watch(error(500))

    first, *more = waits(3, lambda kopf: kopf.list(), first=fail)

    assert first > 0.0
    assert more == [0.0, 0.0]


@pytest.mark.parametrize(("query", "method"), [("", "GET"), ("limit=1", "DELETE"), ("", "PATCH")])
def test_what_is_no_list_and_no_watch_does_not_wait(query, method):
    async def fail(kopf: Kopf) -> None:
        for _ in range(5):
            await kopf.watch()

    assert waits(1, lambda kopf: kopf.ask(query, method=method), first=fail) == [0.0]


@pytest.mark.parametrize(("query", "status"), [("limit=500", 200), ("watch=true", 403)])
async def test_what_is_no_watch_that_was_begun_is_read_as_it_is(query: str, status: int):
    answer = SimpleNamespace(status=status, content=object())
    content = answer.content

    async def handler(_: aiohttp.ClientRequest) -> aiohttp.ClientResponse:
        return cast(aiohttp.ClientResponse, answer)

    request = SimpleNamespace(method="GET", url=URL(f"https://api.example/designpatterns?{query}"))
    await KopfWatch().filter(cast(aiohttp.ClientRequest, request), handler)

    assert answer.content is content


def test_a_watch_that_kopf_itself_ends_is_no_failure():
    async def leave(kopf: Kopf) -> float:
        reading = asyncio.create_task(kopf.watch(60.0))
        await asyncio.sleep(0.5)
        reading.cancel()
        await asyncio.wait({reading})
        return await kopf.watch()

    assert waits(1, leave, first=leave) == [0.0]


def test_failures_in_a_row_are_logged_once_and_a_single_one_is_not(caplog):
    async def fail(kopf: Kopf) -> list[int]:
        logged = []
        for chunks in ((), (), (), (GONE,), (line("ADDED"),), (), ()):
            await kopf.watch(*chunks)
            logged.append(caplog.text.count("the watch of DesignPatterns failed"))
        return logged

    assert waits(1, fail) == [[0, 1, 1, 1, 1, 1, 2]]
    assert "watching again: the API server ended the watch at once" in caplog.text


def test_410_again_and_again_is_logged_as_such(caplog):
    waits(2, lambda kopf: kopf.watch(GONE))

    assert "listing again: the API server says that the version is too old (410)" in caplog.text

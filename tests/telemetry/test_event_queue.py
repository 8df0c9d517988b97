"""The queue of events: in order for each pattern, bounded, and drained when the operator stops."""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from tests.kube.fake_apiserver import serving

from pattern_operator.aio import background_task
from pattern_operator.kube import Session
from pattern_operator.telemetry.event_queue import EventQueue

PATIENCE = 10.0  # seconds for what is to happen
LONG, SHORT = 10.0, 0.05  # seconds of a drain that is to end by itself, and of one that is not


class Server:
    """Takes events by name, each once; those that are named in ``slow`` wait for ``opened``."""

    def __init__(self, *, slow: tuple[str, ...] = ()) -> None:
        self.names: list[str] = []
        self.slow = slow
        self.opened = asyncio.Event()
        self.came = asyncio.Event()  # something was asked
        self.written = asyncio.Event()
        self.at_once = Counter[str]()
        self.most_at_once = 0
        self.count = 0  # of those that are written

    async def answer(self, request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        name, uid = body["name"], body["uid"]
        self.at_once[uid] += 1
        self.most_at_once = max(self.most_at_once, self.at_once[uid])
        self.came.set()
        if name in self.names:
            status = {"kind": "Status", "code": 409, "reason": "AlreadyExists", "message": "it exists"}
            return web.json_response(status, status=409)
        self.names.append(name)
        if name in self.slow:
            await self.opened.wait()
        await asyncio.sleep(0)
        self.at_once[uid] -= 1
        self.count += 1
        self.written.set()
        return web.json_response({}, status=201)

    async def until(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while self.count < count:
                self.written.clear()
                await self.written.wait()


class Recorded:
    """A queue, and why it dropped what it dropped."""

    def __init__(self, session: Session) -> None:
        self.dropped: Counter[str] = Counter()
        self.queue = EventQueue(session, on_dropped=lambda why: self.dropped.update([why]))

    def put(self, name: str, *, uid: str = "web", namespace: str = "team") -> bool:
        body: dict[str, Any] = {"name": name, "uid": uid}
        return self.queue.put(json.dumps(body).encode(), uid=uid, namespace=namespace)


@asynccontextmanager
async def recording(server: Server) -> AsyncIterator[Recorded]:
    async with serving(server.answer) as session:
        yield Recorded(session)
        server.opened.set()


async def test_events_of_a_pattern_are_written_in_their_order_and_one_at_a_time():
    server, names = Server(), [f"event-{number:02}" for number in range(30)]
    async with recording(server) as recorded:
        for name in names:
            recorded.put(name)
        await recorded.queue.drain(seconds=LONG)

    assert server.names == names
    assert server.most_at_once == 1


@pytest.mark.parametrize("turns", range(8))
async def test_an_event_that_comes_while_the_one_before_it_is_taken_is_written_after_it(turns: int):
    """At whatever step of the queue it comes: one step after the first was put, its writer has not begun."""
    server = Server()
    async with recording(server) as recorded, background_task(recorded.queue.run(), name="events"):
        recorded.put("first")
        for _ in range(turns):
            await asyncio.sleep(0)
        recorded.put("second")
        await server.until(2)
        recorded.put("third")
        await server.until(3)

    assert server.names == ["first", "second", "third"]
    assert server.most_at_once == 1


async def test_an_event_that_hangs_holds_up_those_of_its_pattern_only():
    server = Server(slow=("hangs",))
    async with recording(server) as recorded, background_task(recorded.queue.run(), name="events"):
        recorded.put("hangs", uid="web")
        recorded.put("behind", uid="web")
        recorded.put("beside", uid="other")
        async with asyncio.timeout(PATIENCE):
            await server.written.wait()
        seen = list(server.names)
        server.opened.set()

    assert sorted(seen) == ["beside", "hangs"]


async def test_what_was_on_its_way_when_the_run_ended_is_written_by_the_drain_and_counts_as_written():
    server = Server(slow=("first",))
    async with recording(server) as recorded:
        async with background_task(recorded.queue.run(), name="events"):
            recorded.put("first")
            recorded.put("second")
            async with asyncio.timeout(PATIENCE):
                await server.came.wait()
        before = list(server.names)
        await recorded.queue.drain(seconds=LONG)

    assert before == ["first"]
    assert server.names == ["first", "second"]
    assert recorded.dropped == {}


async def test_what_was_about_to_be_sent_when_the_run_ended_is_written_by_the_drain():
    server = Server()
    async with recording(server) as recorded:
        recorded.put("first")
        async with background_task(recorded.queue.run(), name="events"):
            await asyncio.sleep(0)  # now a writer is started, and has not begun
        await recorded.queue.drain(seconds=LONG)

    assert server.names == ["first"]
    assert recorded.dropped == {}


async def test_a_drain_ends_at_its_deadline_and_counts_what_is_lost(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.WARNING)
    server = Server(slow=("a", "b"))
    async with recording(server) as recorded:
        recorded.put("a", uid="a")
        recorded.put("b", uid="b")
        recorded.put("never sent", uid="b")
        await recorded.queue.drain(seconds=SHORT)

    assert recorded.dropped == {"shutdown": 3}
    assert "events are not written, the operator stops: count=3" in caplog.text


async def test_an_event_that_a_webhook_calls_written_is_counted_as_lost():
    words = 'admission webhook "g.example.com" denied the request: no'
    status = {"kind": "Status", "code": 409, "reason": "AlreadyExists", "message": words}
    async with serving(lambda _: web.json_response(status, status=409)) as session:
        recorded = Recorded(session)
        recorded.put("first")
        await recorded.queue.drain(seconds=LONG)

    assert recorded.dropped == {"refused": 1}


def refusal(code: int, reason: str, message: str, **details: object) -> dict[str, Any]:
    return {"kind": "Status", "code": code, "reason": reason, "message": message, "details": details}


TERMINATING = {"reason": "NamespaceTerminating", "message": "namespace team is being terminated", "field": "a"}
WEBHOOK = 'admission webhook "g.example.com" denied the request: no'


@pytest.mark.parametrize(
    ("status", "is_warning"),
    [
        (refusal(403, "Forbidden", "events is forbidden: it is being terminated", causes=[TERMINATING]), False),
        (refusal(404, "NotFound", 'namespaces "team" not found', name="team", kind="namespaces"), False),
        (refusal(404, "NotFound", 'namespaces "other" not found', name="other", kind="namespaces"), True),
        (refusal(403, "Forbidden", "events is forbidden: exceeded quota: q"), True),
        (refusal(403, "Forbidden", WEBHOOK, causes=[TERMINATING]), True),
    ],
)
async def test_an_event_that_is_refused_is_a_warning_unless_its_namespace_goes_or_has_gone(
    status: dict[str, Any], is_warning: bool, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG, logger="pattern_operator.telemetry")
    async with serving(lambda _: web.json_response(status, status=status["code"])) as session:
        recorded = Recorded(session)
        recorded.put("first")
        await recorded.queue.drain(seconds=LONG)

    said = [each for each in caplog.records if "event not written: namespace=team" in each.getMessage()]
    assert [each.levelno >= logging.WARNING for each in said] == [is_warning]
    assert recorded.dropped == {"refused": 1}


async def test_a_drain_with_nothing_to_write_sends_nothing():
    server = Server()
    async with recording(server) as recorded:
        await recorded.queue.drain(seconds=LONG)

    assert not server.came.is_set()
    assert recorded.dropped == {}


async def test_a_defect_at_one_event_is_counted_and_the_next_is_written(monkeypatch: pytest.MonkeyPatch):
    server, counted = Server(), list[str]()
    async with serving(server.answer) as session:
        session.internal_errors.count = counted.append
        recorded, request = Recorded(session), session.request

        async def fail_once(*_: object, **__: object) -> bytes:
            monkeypatch.setattr(session, "request", request)
            raise TypeError("swordfish-4711")

        monkeypatch.setattr(session, "request", fail_once)
        recorded.put("lost")
        recorded.put("written")
        await recorded.queue.drain(seconds=LONG)

    assert server.names == ["written"]
    assert counted == ["event"]

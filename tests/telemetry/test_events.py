"""Events: written behind the run, bounded, and never more of one pattern than people can read."""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from tests.kube.fake_apiserver import serving
from tests.reconcile.pattern import pattern

from pattern_operator.kube import Session
from pattern_operator.telemetry import EventRecorder, SecretValues
from pattern_operator.telemetry.event_queue import MAX_WAITING, MAX_WAITING_OF_NAMESPACE, WRITERS
from pattern_operator.telemetry.events import BURST, MAX_AGGREGATED, MAX_INSTANCE, MAX_NOTE, MAX_SOURCES, PACE

PATIENCE = 10.0
WINDOW = 0.05  # seconds in which notes are aggregated


class Server:
    """Takes events; those of the namespace ``held`` hang until ``opened``, those of ``refusing`` are refused."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.asked = 0
        self.opened = asyncio.Event()
        self._came = asyncio.Condition()

    async def answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        event = json.loads(await request.read())
        if "/held/" in request.path:
            await self.opened.wait()
        if "/refusing/" in request.path:
            status = {"kind": "Status", "code": 403, "reason": "Forbidden", "message": "exceeded quota"}
            return web.json_response(status, status=403)
        async with self._came:
            self.events.append(event)
            self._came.notify_all()
        return web.json_response(event, status=201)

    async def until(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE), self._came:
            await self._came.wait_for(lambda: len(self.events) >= count)


class Told:
    """A recorder with a clock that stands still, and what it dropped."""

    def __init__(self, session: Session) -> None:
        self.now = 0.0
        self.secrets = SecretValues()
        self.dropped: Counter[str] = Counter()
        self.lost = asyncio.Event()
        self.recorder = EventRecorder(
            session,
            instance="operator-0",
            now=lambda: datetime.now(UTC),
            clock=lambda: self.now,
            on_dropped=self._drop,
            secrets=self.secrets,
            window=WINDOW,
        )

    def _drop(self, reason: str) -> None:
        self.dropped[reason] += 1
        self.lost.set()

    def say(self, note: str, *, name: str = "web", namespace: str = "team", kind: str = "Normal") -> None:
        about = pattern(name=name, namespace=namespace, uid=f"{namespace}/{name}")
        self.recorder.event(about, kind=kind, reason="Ready", action="health", note=note)  # type: ignore[arg-type] # a word that the type has


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
async def told(server: Server) -> AsyncIterator[Told]:
    """A recorder that writes to the server."""
    async with serving(server.answer) as session:
        told = Told(session)
        running = asyncio.create_task(told.recorder.run())
        yield told
        server.opened.set()
        running.cancel()
        await asyncio.wait({running})


async def test_an_event_is_written_with_what_it_is_about(server: Server, told: Told):
    told.say("1.0.0 runs: 2 objects")

    await server.until(1)
    (event,) = server.events
    assert (event["type"], event["reason"], event["note"]) == ("Normal", "Ready", "1.0.0 runs: 2 objects")
    assert (event["regarding"]["name"], event["regarding"]["namespace"]) == ("web", "team")


async def test_neither_an_event_nor_its_line_has_a_value_of_a_secret(server: Server, told: Told, caplog):
    caplog.set_level(logging.INFO)
    told.secrets.remember("team/web", ["zq7Kvmw3"])

    told.say("created: ConfigMap team/zq7kvmw3")
    told.recorder.aggregate(pattern(), reason="DriftRepaired", action="apply", notes=("team/zq7kvmw3 was deleted",))

    await server.until(2)
    assert [each["note"] for each in server.events] == ["created: ConfigMap team/***", "team/*** was deleted"]
    assert "zq7" not in caplog.text


async def test_the_log_says_it_too_although_it_is_not_written(told: Told, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)

    told.say("it runs")

    assert "pattern=team/web stage=health reason=Ready: it runs" in caplog.text


async def test_a_pattern_that_floods_writes_a_burst_and_says_later_how_many_were_left_out(server: Server, told: Told):
    for number in range(300):
        told.say(f"event {number}")
    told.say("of another pattern", name="other")
    await server.until(BURST + 1)
    told.now += PACE
    told.say("after a while")
    await server.until(BURST + 2)

    assert told.dropped == {"rate": 300 - BURST}
    assert server.events[-1]["note"] == f"after a while (and {300 - BURST} events before this one were not written)"


async def test_events_that_are_no_news_do_not_keep_a_warning_back(server: Server, told: Told):
    for number in range(100):
        told.say(f"event {number}")

    told.say("it failed", kind="Warning")

    await server.until(BURST + 1)
    assert "it failed" in [event["note"] for event in server.events]


async def test_a_namespace_whose_events_hang_holds_up_its_own_events_only(server: Server, told: Told):
    for number in range(MAX_WAITING_OF_NAMESPACE + 20):
        told.say("hangs", name=f"p{number}", namespace="held")
    async with asyncio.timeout(PATIENCE):
        while server.asked < WRITERS - 1:  # noqa: ASYNC110 - a request that hangs is no event
            await asyncio.sleep(0.001)

    told.say("goes through")
    await server.until(1)

    assert server.events[0]["note"] == "goes through"
    assert server.asked == WRITERS  # all that hang, but the last
    assert told.dropped["full"] > 0


async def test_a_namespace_has_its_bound_of_what_waits_and_not_of_what_was_written(server: Server, told: Told):
    for number in range(MAX_WAITING_OF_NAMESPACE):
        told.say("written", name=f"p{number}")
    await server.until(MAX_WAITING_OF_NAMESPACE)
    for number in range(MAX_WAITING_OF_NAMESPACE):
        told.say("written too", name=f"q{number}")
    at_the_bound = dict(told.dropped)
    told.say("one too many", name="r")

    assert at_the_bound == {}
    assert told.dropped == {"full": 1}


async def test_no_more_wait_than_the_bound(told: Told):
    for number in range(2 * MAX_WAITING):
        told.say("waits", name=f"p{number}", namespace=f"n{number % 50}")  # nothing is written before the loop turns

    assert told.dropped == {"full": MAX_WAITING}


async def test_an_event_that_is_refused_is_counted_and_ends_nothing(server: Server, told: Told):
    told.say("refused", namespace="refusing")
    told.say("taken")

    await server.until(1)
    async with asyncio.timeout(PATIENCE):
        await told.lost.wait()
    assert told.dropped == {"refused": 1}


async def test_what_happens_again_and_again_is_one_event_that_names_the_first_and_counts_the_rest(server, told: Told):
    about = pattern(name="web", namespace="team", uid="team/web")
    for batch in range(3):
        notes = [f"ConfigMap team/c{batch}{number} was deleted; it was applied again" for number in range(100)]
        told.recorder.aggregate(about, reason="DriftRepaired", action="apply", notes=notes)
    await server.until(1)

    assert len(server.events) == 1
    note = server.events[0]["note"]
    assert note.startswith("300 times: ConfigMap team/c00 was deleted; it was applied again; ConfigMap team/c01")
    assert note.endswith("; and 295 more")


async def test_what_happens_to_the_same_object_again_is_named_once(server: Server, told: Told, caplog):
    caplog.set_level(logging.INFO)
    same, other = "ConfigMap team/c was changed; it was applied again", "ConfigMap team/d was deleted"
    for _ in range(3):
        told.recorder.aggregate(pattern(), reason="DriftRepaired", action="apply", notes=[same, other, same])
    await server.until(1)

    assert server.events[0]["note"] == f"9 times: {same}; {other}"
    assert f"3 times: {same}; {other}" in caplog.text


async def test_one_thing_that_happened_is_told_in_its_own_words(server: Server, told: Told):
    told.recorder.aggregate(pattern(), reason="DriftRepaired", action="apply", notes=["ConfigMap team/a was changed"])
    told.recorder.aggregate(pattern(), reason="DriftRepaired", action="apply", notes=[])

    await server.until(1)
    assert server.events[0]["note"] == "ConfigMap team/a was changed"


async def test_an_event_has_the_time_at_which_it_happened_and_stands_in_that_order(server: Server, told: Told):
    """Before, a repair was stamped when it was written, 5 s later, and names had no order: kubectl sorts by them."""
    moments = [datetime(2026, 5, 1, 12, 0, second, tzinfo=UTC) for second in range(3)]
    told.recorder._now = lambda: moments[0]
    told.recorder.aggregate(pattern(), reason="DriftRepaired", action="apply", notes=["ConfigMap team/a was changed"])
    told.recorder._now = lambda: moments[1]
    told.recorder.aggregate(pattern(), reason="DriftRepaired", action="apply", notes=["ConfigMap team/b was changed"])
    told.recorder.event(pattern(), kind="Normal", reason="Ready", action="health", note="runs")
    told.recorder._now = lambda: moments[2]

    await server.until(2)
    by_name = sorted(server.events, key=lambda each: each["metadata"]["name"])
    assert [(each["reason"], each["eventTime"]) for each in by_name] == [
        ("DriftRepaired", "2026-05-01T12:00:00.000000Z"),
        ("Ready", "2026-05-01T12:00:01.000000Z"),
    ]


async def test_an_event_is_one_of_events_k8s_io_about_the_very_pattern(server: Server, told: Told):
    told.recorder._now = lambda: datetime(2026, 5, 1, 12, 0, 0, 250, tzinfo=UTC)
    about = pattern(name="w" * 253, uid="uid-1")

    told.recorder.event(about, kind="Warning", reason="ApplyFailed", action="apply", note="refused")

    await server.until(1)
    (event,) = server.events
    name, _, unique = event.pop("metadata")["name"].rpartition(".")
    assert name == "w" * 200  # with what makes it unique, a name has 253 characters at most
    assert unique.startswith(f"{int(datetime(2026, 5, 1, 12, tzinfo=UTC).timestamp()) * 1_000_000 + 250:014x}")
    assert event == {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "eventTime": "2026-05-01T12:00:00.000250Z",
        "type": "Warning",
        "reason": "ApplyFailed",
        "action": "apply",
        "note": "refused",
        "reportingController": "pattern-operator.io/operator",
        "reportingInstance": "operator-0",
        "regarding": {
            "apiVersion": "pattern-operator.io/v1alpha1",
            "kind": "DesignPattern",
            "name": "w" * 253,
            "namespace": "team",
            "uid": "uid-1",
        },
    }


async def test_two_events_of_one_moment_have_two_names(server: Server, told: Told):
    told.recorder._now = lambda: datetime(2026, 5, 1, tzinfo=UTC)

    told.say("one")
    told.say("two")

    await server.until(2)
    assert len({event["metadata"]["name"] for event in server.events}) == 2


@pytest.mark.parametrize(("kind", "level"), [("Normal", logging.INFO), ("Warning", logging.WARNING)])
async def test_a_warning_is_a_warning_in_the_log(told: Told, caplog: pytest.LogCaptureFixture, kind: str, level: int):
    caplog.set_level(logging.INFO)

    told.say("it is so", kind=kind)

    assert [each.levelno for each in caplog.records] == [level]


async def test_what_was_left_out_is_said_once(server: Server, told: Told):
    for number in range(BURST + 2):
        told.say(f"event {number}")
    told.now += PACE
    told.say("after a while")
    told.now += PACE
    told.say("later")

    await server.until(BURST + 2)
    notes = [event["note"] for event in server.events]
    assert "after a while (and 2 events before this one were not written)" in notes
    assert "later" in notes


async def test_an_instance_is_as_long_as_the_api_server_takes(server: Server):
    async with serving(server.answer) as session:
        recorder = EventRecorder(
            session,
            instance="o" * 300,
            now=lambda: datetime.now(UTC),
            clock=lambda: 0.0,
            on_dropped=lambda _: None,
        )
        running = asyncio.create_task(recorder.run())
        recorder.event(pattern(), kind="Normal", reason="Ready", action="health", note="runs")
        await server.until(1)
        running.cancel()
        await asyncio.wait({running})

    assert server.events[0]["reportingInstance"] == "o" * MAX_INSTANCE


async def test_patterns_are_counted_in_bounded_memory_and_the_least_recently_heard_is_forgotten(told: Told):
    for number in range(BURST):
        told.say(f"event {number}", name="first")
    for number in range(MAX_SOURCES):
        told.recorder._source(f"uid-{number}", "Normal")

    assert len(told.recorder._sources) == MAX_SOURCES
    assert ("team/first", "Normal") not in told.recorder._sources


async def test_a_note_that_has_no_room_for_what_was_left_out_is_cut_and_not_that(server: Server, told: Told):
    for number in range(BURST + 1):
        told.say(f"event {number}")
    told.now += PACE
    told.say("x" * 2_000)

    await server.until(BURST + 1)
    note = server.events[-1]["note"]
    assert len(note.encode()) == MAX_NOTE
    assert note.endswith("xx\u2026 (and 1 events before this one were not written)")


async def test_a_note_as_long_as_the_limit_is_whole(server: Server, told: Told):
    told.say("x" * MAX_NOTE)

    await server.until(1)
    assert server.events[0]["note"] == "x" * MAX_NOTE


async def test_nothing_that_happened_is_neither_an_event_nor_a_line(told: Told, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)

    told.recorder.aggregate(pattern(), reason="DriftRepaired", action="apply", notes=[])

    assert caplog.records == []


async def test_what_waits_to_be_aggregated_is_bounded(told: Told):
    for number in range(MAX_AGGREGATED + 1):
        about = pattern(uid=f"uid-{number}")
        told.recorder.aggregate(about, reason="DriftRepaired", action="apply", notes=["it was changed"])

    assert told.dropped["full"] == 1


async def test_a_note_is_as_long_as_the_api_server_takes_whatever_is_in_it(server: Server, told: Told):
    told.say("\u00e4" * 2_000)

    await server.until(1)
    assert len(server.events[0]["note"].encode()) <= 1_024


async def test_what_was_recorded_before_the_end_is_written_before_it(server: Server):
    async with serving(server.answer) as session:
        told = Told(session)
        told.recorder.aggregate(pattern(), reason="DriftRepaired", action="apply", notes=["a was changed"])
        told.say("1.0.0 runs: 2 objects")

        await told.recorder.aclose()

    assert sorted(event["note"] for event in server.events) == ["1.0.0 runs: 2 objects", "a was changed"]
    assert told.dropped == {}


async def test_notes_that_were_written_at_the_end_are_not_written_again_when_their_window_ends(server: Server, caplog):
    async with serving(server.answer) as session:
        told = Told(session)
        told.recorder.aggregate(pattern(), reason="DriftRepaired", action="apply", notes=["a was changed"])
        await told.recorder.aclose()
        await asyncio.sleep(2 * WINDOW)

    assert len(server.events) == 1
    assert "internal error" not in caplog.text

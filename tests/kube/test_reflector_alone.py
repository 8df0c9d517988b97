"""The reflector against an API server in memory: what is told once, and when a problem is over."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from tests.kube.fake_collection import Collection, until

from pattern_operator.internal_errors import InternalErrors
from pattern_operator.kube import ApiError, Projection, Reflector, Session, WatchEvent
from pattern_operator.kube import reflector as module
from pattern_operator.kube.wellknown import CONFIG_MAP

PATIENCE = 10.0


class Told:
    """What the reflector told, in order."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.problems: list[ApiError] = []
        self._changed = asyncio.Event()

    def event(self, event: WatchEvent) -> None:
        self.lines.append(f"{event.type} {event.object['metadata']['name']}")
        self._changed.set()

    def problem(self, error: ApiError) -> None:
        self.problems.append(error)
        self._changed.set()

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not done():
                self._changed.clear()
                await self._changed.wait()


@pytest.fixture
def maps() -> Collection:
    return Collection(CONFIG_MAP)


@pytest.fixture
async def session(maps: Collection) -> AsyncIterator[Session]:
    async with maps.serve() as session:
        yield session


@asynccontextmanager
async def running(session: Session, told: Told, maps: Collection) -> AsyncIterator[Reflector]:
    """A reflector that has listed, and watches."""
    reflector = Reflector(
        session, CONFIG_MAP, projection=Projection.FULL, on_change=told.event, on_problem=told.problem
    )
    task = asyncio.create_task(reflector.run())
    async with asyncio.timeout(PATIENCE):
        await reflector.synced.wait()
    await until(lambda: "watch configmaps" in maps.asked)
    try:
        yield reflector
    finally:
        task.cancel()
        await asyncio.wait({task})


async def test_an_object_that_is_deleted_and_made_anew_is_told_as_deleted_once(maps, session):
    told = Told()
    maps.put("a")
    async with running(session, told, maps):
        maps.drop("a")
        maps.put("a")
        await told.until(lambda: len(told.lines) >= 3)
        maps.put("end")
        await told.until(lambda: "ADDED end" in told.lines)

    assert told.lines == ["ADDED a", "DELETED a", "ADDED a", "ADDED end"]


async def test_an_object_that_vanished_while_the_past_was_forgotten_is_told_as_deleted(maps, session):
    told = Told()
    maps.put("stays")
    maps.put("goes")
    async with running(session, told, maps):
        await told.until(lambda: len(told.lines) == 2)
        del maps.objects["team", "goes"]
        maps.forget_the_past()
        await told.until(lambda: len(told.lines) >= 3)

    assert told.lines == ["ADDED stays", "ADDED goes", "DELETED goes"]
    assert told.problems == []


async def test_a_problem_of_the_watch_is_over_with_its_first_event(maps, session):
    told = Told()
    async with running(session, told, maps) as reflector:
        maps.refuse["watch"] = (403, "Forbidden")
        maps.end_watches()
        await told.until(lambda: reflector.problem is not None and reflector.problem.reason == "Forbidden")
        del maps.refuse["watch"]
        before = reflector._failures
        refused = maps.asked.count("watch configmaps")
        await until(lambda: maps.asked.count("watch configmaps") > refused)
        while_it_is_silent = reflector.problem
        maps.put("a")
        await told.until(lambda: "ADDED a" in told.lines)
        await asyncio.sleep(0)
        after = (reflector.problem, reflector._failures)

    assert before >= 1
    assert while_it_is_silent is not None
    assert after == (None, 0)


async def test_a_problem_is_over_when_a_watch_without_events_lasted_its_second(maps, session):
    told = Told()
    async with running(session, told, maps) as reflector:
        maps.refuse["watch"] = (403, "Forbidden")
        maps.end_watches()
        await told.until(lambda: any(each.reason == "Forbidden" for each in told.problems))
        del maps.refuse["watch"]
        refused = maps.asked.count("watch configmaps")
        await until(lambda: maps.asked.count("watch configmaps") > refused)
        await asyncio.sleep(1.1)
        maps.end_watches()
        await until(lambda: reflector.problem is None)

    assert [each.reason for each in told.problems][-1] == "Forbidden"


async def test_a_watch_that_the_server_ends_at_once_is_a_problem_and_tried_again_more_slowly(maps, session):
    told = Told()
    async with running(session, told, maps) as reflector:
        maps.end_watches()
        await told.until(lambda: bool(told.problems))

    assert told.problems[0].message == "the API server ended the watch at once"
    assert reflector.problem is told.problems[0]


async def test_a_connection_that_falls_silent_is_dropped_and_the_watch_goes_on_on_another(maps, session, monkeypatch):
    monkeypatch.setattr(module, "LONGEST_QUIET", 0.3)
    told = Told()
    maps.put("a")
    async with running(session, told, maps):
        await until(lambda: maps.asked.count("watch configmaps") == 2)
        maps.put("b")
        await told.until(lambda: "ADDED b" in told.lines)

    assert maps.asked[:4] == ["list configmaps", "watch configmaps"] * 2  # the second list is of one, for its version
    assert told.lines == ["ADDED a", "ADDED b"]
    assert told.problems == []


async def test_a_defect_of_a_watch_is_recorded_and_costs_a_pause_and_a_list(maps, session, monkeypatch):
    told, defects, pauses = Told(), list[str](), list[float]()
    monkeypatch.setattr(session, "internal_errors", InternalErrors(defects.append))
    maps.put("a")
    async with running(session, told, maps) as reflector:
        back_off, check = reflector._back_off, reflector._known.observe

        def noted(error: ApiError) -> float:
            pauses.append(back_off(error))
            return 0.0

        def fail(*_: object) -> None:
            monkeypatch.setattr(reflector._known, "observe", check)
            raise TypeError("a defect")

        monkeypatch.setattr(reflector, "_back_off", noted)
        monkeypatch.setattr(reflector._known, "observe", fail)
        maps.put("b")
        await told.until(lambda: "ADDED b" in told.lines)

    assert defects == ["watch"]
    assert maps.asked.count("list configmaps") == 2
    assert len(pauses) == 1
    assert pauses[0] > 0

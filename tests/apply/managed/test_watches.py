"""The watches of owned objects, at a server that says what no real one can be made to say in time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import NoReturn

import orjson
import pytest
from aiohttp import web
from tests.apply.harness import CONFIG_MAP, DEPLOYMENT, PATIENCE
from tests.kube.fake_apiserver import Handler, serving, undefined

from pattern_operator.api.names import OWNER_LABEL
from pattern_operator.api.object import GroupKind, ObjectKey
from pattern_operator.apply.managed import watches
from pattern_operator.apply.managed.watches import Watches
from pattern_operator.kube import ApiError, Reflector, Resource, WatchEvent

KIND = GroupKind("", "ConfigMap")


@dataclass
class Notes:
    """What was told, and a way to wait for it."""

    changes: list[WatchEvent] = field(default_factory=list)
    problems: list[ApiError] = field(default_factory=list)
    moved: asyncio.Event = field(default_factory=asyncio.Event)

    def change(self, _: Resource, change: WatchEvent) -> None:
        self.changes.append(change)
        self.moved.set()

    def problem(self, _: Resource, error: ApiError) -> None:
        self.problems.append(error)
        self.moved.set()

    async def told(self) -> None:
        async with asyncio.timeout(PATIENCE):
            await self.moved.wait()
        self.moved.clear()


class Server:
    """Answers lists with ``code``, and watches never; writes down who asked."""

    def __init__(self, *names: str, code: int = 200) -> None:
        self.code = code
        self.asked: list[web.Request] = []
        items = [{"metadata": {"name": n, "namespace": "t", "uid": n, "resourceVersion": "3"}} for n in names]
        self._list = orjson.dumps({"metadata": {"resourceVersion": "5"}, "items": items})

    def answer(self, request: web.Request) -> web.StreamResponse:
        if (said := undefined(request)) is not None:
            return said
        self.asked.append(request)
        if self.code != 200:
            status = {"kind": "Status", "code": self.code, "message": f"refused with {self.code}"}
            return web.Response(status=self.code, body=orjson.dumps(status))
        if "watch" in request.query:
            return web.Response(status=500)
        return web.Response(body=self._list)


@asynccontextmanager
async def following(answer: Handler, notes: Notes) -> AsyncIterator[Watches]:
    async with serving(answer) as session:
        tasks = asyncio.TaskGroup()
        async with tasks:
            yield Watches(session, tasks=tasks, on_change=notes.change, on_problem=notes.problem)
            for task in asyncio.all_tasks():
                if task.get_name().startswith(("watch-", "first-list-")):
                    task.cancel()


async def test_a_kind_is_followed_once_and_only_where_it_has_an_owner():
    server, notes = Server("a", "b"), Notes()

    async with following(server.answer, notes) as kinds:
        kinds.start(CONFIG_MAP)
        kinds.start(CONFIG_MAP)
        await kinds.ready(CONFIG_MAP)
        lists = [request for request in server.asked if "watch" not in request.query]
        observed = kinds.is_watched(KIND)

    assert observed
    assert [request.query["labelSelector"] for request in lists] == [OWNER_LABEL]
    assert [change.object["metadata"]["name"] for change in notes.changes] == ["a", "b"]


@pytest.mark.parametrize(("resource", "whole"), [(CONFIG_MAP, False), (DEPLOYMENT, True)])
async def test_only_kinds_whose_health_is_in_their_status_are_watched_whole(resource: Resource, whole: bool):
    server = Server()

    async with following(server.answer, Notes()) as kinds:
        await kinds.ready(resource)

    assert ("PartialObjectMetadata" not in server.asked[0].headers["Accept"]) is whole


async def test_a_kind_that_may_not_be_watched_is_told_and_waited_for_by_nobody():
    server, notes = Server(code=403), Notes()

    async with following(server.answer, notes) as kinds, asyncio.timeout(watches.FIRST_LIST_TIMEOUT / 2):
        await kinds.ready(CONFIG_MAP)
        observed = kinds.is_watched(KIND)

    assert not observed
    assert [problem.message for problem in notes.problems] == ["refused with 403"]


async def test_a_right_that_is_granted_later_is_noticed_although_nothing_changes():
    server, notes = Server(code=403), Notes()

    async with following(server.answer, notes) as kinds:
        await kinds.ready(CONFIG_MAP)
        before = kinds.is_watched(KIND)
        server.code = 200
        await notes.told()  # of the first problem
        await notes.told()  # of the watch, which this server always ends: so the list was good
        after = kinds.is_watched(KIND)

    assert (before, after) == (False, True)


async def test_a_kind_that_is_not_served_is_followed_no_longer():
    server, notes = Server(code=404), Notes()

    async with following(server.answer, notes) as kinds, asyncio.timeout(watches.FIRST_LIST_TIMEOUT / 2):
        await kinds.ready(CONFIG_MAP)
        observed, asked = kinds.is_watched(KIND), len(server.asked)
        await asyncio.sleep(0.5)

    assert (observed, asked, len(server.asked)) == (False, 1, 1)
    assert notes.problems == []


async def test_of_a_kind_that_is_served_no_more_every_object_is_told_as_gone():
    server, notes = Server("a"), Notes()

    async with following(server.answer, notes) as kinds:
        await kinds.ready(CONFIG_MAP)
        server.code = 404
        while kinds.is_watched(KIND):
            await notes.told()

    assert [str(change.type) for change in notes.changes] == ["ADDED", "DELETED"]


async def test_nobody_is_waited_for_longer_than_a_first_look(monkeypatch):
    monkeypatch.setattr(watches, "FIRST_LIST_TIMEOUT", 0.2)
    notes = Notes()

    async with following(Server(code=503).answer, notes) as kinds, asyncio.timeout(PATIENCE):
        await kinds.ready(CONFIG_MAP)
        observed = kinds.is_watched(KIND)

    assert not observed


async def test_who_waits_for_a_kind_that_is_stopped_goes_on():
    async with following(Server(code=503).answer, Notes()) as kinds, asyncio.timeout(watches.FIRST_LIST_TIMEOUT / 2):
        waiting = asyncio.create_task(kinds.ready(CONFIG_MAP))
        await asyncio.sleep(0)
        kinds.stop(KIND)
        await waiting
        kinds.stop(KIND)  # once more is no matter

    assert not kinds.is_watched(KIND)


async def test_a_kind_that_was_stopped_can_be_followed_again():
    server, notes = Server("a"), Notes()

    async with following(server.answer, notes) as kinds:
        await kinds.ready(CONFIG_MAP)
        kinds.stop(KIND)
        await kinds.ready(CONFIG_MAP)
        observed = kinds.is_watched(KIND)

    assert observed
    assert [change.object["metadata"]["name"] for change in notes.changes] == ["a", "a"]


async def test_where_a_kind_is_served_is_known_of_a_watch_that_is_in_step_alone():
    server = Server("a")

    async with following(server.answer, Notes()) as kinds:
        before = kinds.resource_of(KIND)
        await kinds.ready(CONFIG_MAP)
        found, other = kinds.resource_of(KIND), kinds.resource_of(GroupKind("apps", "Deployment"))

    async with following(Server(code=403).answer, Notes()) as kinds:
        await kinds.ready(CONFIG_MAP)
        refused = kinds.resource_of(KIND)

    assert (before, found, other, refused) == (None, CONFIG_MAP, None, None)


@pytest.mark.parametrize("ends", ["is known", "is stopped", "takes too long"])
async def test_nothing_is_left_running_of_a_first_look(monkeypatch: pytest.MonkeyPatch, ends: str):
    monkeypatch.setattr(watches, "FIRST_LIST_TIMEOUT", 0.05 if ends == "takes too long" else 5.0)
    answer = Server("a") if ends == "is known" else Server(code=503)

    async with following(answer.answer, Notes()) as kinds:
        kinds.start(CONFIG_MAP)
        (look,) = (task for task in asyncio.all_tasks() if task.get_name().startswith("first-list-"))
        if ends == "is stopped":
            await asyncio.sleep(0)
            look.cancel()
        await asyncio.wait({look})
        await asyncio.sleep(0)
        waiting = [task for task in asyncio.all_tasks() if "Event.wait" in repr(task.get_coro())]

    assert waiting == []


async def test_a_backup_that_was_restored_is_told_by_kind(monkeypatch: pytest.MonkeyPatch):
    restored: list[Resource] = []

    class Restored(Mute):
        async def run(self) -> NoReturn:
            self._on_restored()
            await super().run()
            raise AssertionError

    monkeypatch.setattr(watches, "Reflector", Restored)
    async with serving(Server().answer) as session, asyncio.TaskGroup() as tasks:
        notes = Notes()
        kinds = Watches(
            session, tasks=tasks, on_change=notes.change, on_problem=notes.problem, on_restored=restored.append
        )
        kinds.start(CONFIG_MAP)
        await asyncio.sleep(0)
        kinds.stop(KIND)

    assert restored == [CONFIG_MAP]


async def test_the_end_of_an_object_that_matters_only_now_is_told():
    server, notes = Server("a"), Notes()
    body = {"metadata": {"name": "a", "namespace": "t", "uid": "a", "resourceVersion": "3"}}

    async with serving(server.answer) as session, asyncio.TaskGroup() as tasks:
        kinds = Watches(
            session, tasks=tasks, on_change=notes.change, on_problem=notes.problem, remembers=lambda _: False
        )
        await kinds.ready(CONFIG_MAP)
        kinds.remember(ObjectKey("", "ConfigMap", "t", "a"), body)
        kinds.remember(ObjectKey("apps", "Deployment", "t", "a"), body)  # that nobody follows
        server.code = 404
        while kinds.is_watched(KIND):
            await notes.told()
        for task in asyncio.all_tasks():
            if task.get_name().startswith(("watch-", "first-list-")):
                task.cancel()

    assert [str(change.type) for change in notes.changes][1:] == ["DELETED"]


async def test_a_kind_whose_list_hangs_is_waited_for_once_and_not_by_every_apply(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(watches, "FIRST_LIST_TIMEOUT", 0.3)
    monkeypatch.setattr(watches, "Reflector", Mute)
    clock = asyncio.get_running_loop().time

    async with following(Server().answer, Notes()) as kinds:
        begun = clock()
        for _ in range(20):
            await kinds.ready(CONFIG_MAP)

        assert 0.2 < clock() - begun < 3.0
        assert not kinds.is_watched(KIND)


class Mute(Reflector):
    """A watch of a kind whose list never comes."""

    async def run(self) -> NoReturn:
        await asyncio.Event().wait()
        raise AssertionError

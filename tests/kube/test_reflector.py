import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import orjson
import pytest
from aiohttp import web
from tests.kube.apiserver import ApiServer
from tests.kube.conftest import CONFIG_MAP, Door
from tests.kube.fake_apiserver import script, serving, undefined

from pattern_operator.kube import (
    ApiError,
    Projection,
    Reflector,
    Resource,
    Session,
    WatchEvent,
    WatchEventType,
    objects,
    pagination,
    reflector,
)

PATIENCE = 20.0  # seconds; what is waited for takes milliseconds, the machine may be busy
REFUSED = ApiError(code=403, reason="Forbidden", message="no")


class Diary:
    """What a watch told, and a way to wait for it."""

    def __init__(self) -> None:
        self.changes: list[WatchEvent] = []
        self.problems: list[ApiError] = []
        self._told = asyncio.Event()

    def change(self, change: WatchEvent) -> None:
        self.changes.append(change)
        self._told.set()

    def problem(self, error: ApiError) -> None:
        self.problems.append(error)
        self._told.set()

    def lines(self) -> list[str]:
        return [f"{change.type} {change.object['metadata']['name']}" for change in self.changes]

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not done():
                self._told.clear()
                await self._told.wait()

    async def has(self, *lines: str) -> None:
        """Wait for as many changes, which must be these, in order."""
        await self.until(lambda: len(self.changes) >= len(lines))
        assert self.lines() == list(lines)


@asynccontextmanager
async def following(
    session: Session,
    diary: Diary,
    *,
    resource: Resource = CONFIG_MAP,
    projection: Projection = Projection.METADATA,
    namespace: str = "",
    label_selector: str = "",
) -> AsyncIterator[Reflector]:
    """A watch that runs; told apart from the test, it is synced when the block starts unless a problem came first."""
    follower = Reflector(
        session,
        resource,
        projection=projection,
        on_change=diary.change,
        on_problem=diary.problem,
        namespace=namespace,
        label_selector=label_selector,
    )
    task = asyncio.create_task(follower.run())
    synced = asyncio.create_task(follower.synced.wait())
    problem = asyncio.create_task(diary.until(lambda: bool(diary.problems)))
    await asyncio.wait({task, synced, problem}, return_when=asyncio.FIRST_COMPLETED, timeout=PATIENCE)
    try:
        yield follower
    finally:
        for each in (task, synced, problem):
            each.cancel()
            with suppress(asyncio.CancelledError):
                await each


async def put(
    session: Session, namespace: str, name: str, *, labels: dict[str, str] | None = None, **data: str
) -> None:
    metadata = {"name": name, "labels": labels or {}}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
    await objects.apply(
        session, CONFIG_MAP, body=orjson.dumps(body), namespace=namespace, name=name, field_manager="test"
    )


async def drop(session: Session, namespace: str, name: str) -> None:
    await objects.delete(session, CONFIG_MAP, namespace=namespace, name=name)


@pytest.mark.parametrize("projection", list(Projection))
async def test_every_change_is_told_once_and_in_order(session, namespace, projection):
    diary = Diary()
    await put(session, namespace, "before", n="1")

    async with following(session, diary, namespace=namespace, projection=projection):
        await put(session, namespace, "after", n="1")
        await put(session, namespace, "after", n="2")
        await drop(session, namespace, "before")
        await diary.has("ADDED before", "ADDED after", "MODIFIED after", "DELETED before")

    assert {(c.object["apiVersion"], c.object["kind"]) for c in diary.changes} == {("v1", "ConfigMap")}
    assert ["data" in change.object for change in diary.changes] == [projection is Projection.FULL] * 4


async def test_only_what_the_label_selects_is_told_and_leaving_it_is_a_deletion(session, namespace):
    diary = Diary()

    async with following(session, diary, namespace=namespace, label_selector="mine=yes"):
        await put(session, namespace, "other")
        await put(session, namespace, "ours", labels={"mine": "yes"})
        await put(session, namespace, "ours", labels={"mine": "no"})
        await diary.has("ADDED ours", "DELETED ours")


async def test_a_large_object_passes(session, namespace):
    diary = Diary()

    async with following(session, diary, namespace=namespace, projection=Projection.FULL):
        # ConfigMaps end at 1 MiB of data; managedFields and escapes make the line longer: control characters take 6.
        await put(session, namespace, "large", text="\u0001" * 235_000)
        await diary.has("ADDED large")

    assert len(orjson.dumps(diary.changes[0].object)) > 1_400_000


async def test_a_list_of_many_pages_is_told_once(session, namespace, monkeypatch):
    monkeypatch.setattr(pagination, "PAGE", 2)
    names = [f"n{number}" for number in range(5)]
    for name in names:
        await put(session, namespace, name)
    diary = Diary()

    async with following(session, diary, namespace=namespace):
        await diary.has(*(f"ADDED {name}" for name in names))


async def test_a_settled_watch_sends_nothing(session, namespace, requests):
    diary = Diary()

    async with following(session, diary, namespace=namespace):
        await put(session, namespace, "one")
        await diary.has("ADDED one")
        before = list(requests)
        await asyncio.sleep(1.0)

    assert requests == before
    assert [(verb, resource) for verb, resource, _ in requests if verb in ("list", "watch")] == [
        ("list", "configmaps"),
        ("watch", "configmaps"),
    ]


async def test_a_watch_that_the_server_ends_goes_on_without_a_list(session, namespace, requests, monkeypatch):
    monkeypatch.setattr(reflector, "WATCH_SECONDS", (2.0, 2.0))
    diary = Diary()

    async with following(session, diary, namespace=namespace):
        await asyncio.sleep(2.5)
        await put(session, namespace, "later")
        await diary.has("ADDED later")

    verbs = [verb for verb, resource, _ in requests if resource == "configmaps"]
    assert verbs.count("watch") >= 2
    assert verbs.count("list") == 1


async def test_what_happened_while_the_connection_was_cut_is_told(server, door, session, namespace, requests):
    diary = Diary()
    await put(session, namespace, "stays")
    await put(session, namespace, "goes")
    seen: list[str] = []

    async with (
        Session.open(server.endpoint(port=door.port), on_request=lambda verb, *_: seen.append(verb)) as cut,
        following(cut, diary, namespace=namespace),
    ):
        await door.close()
        await drop(session, namespace, "goes")
        await put(session, namespace, "comes")
        await door.open()
        await diary.has("ADDED goes", "ADDED stays", "DELETED goes", "ADDED comes")

    assert seen.count("list") == 2  # the second one reads a single object, for its version


async def test_after_410_what_vanished_or_was_replaced_unseen_is_told(
    server: ApiServer, door: Door, session: Session, namespace: str
):
    diary = Diary()
    for name in ("stays", "goes", "replaced"):
        await put(session, namespace, name)
    seen: list[tuple[str, int]] = []

    async with (
        Session.open(
            server.endpoint(port=door.port), on_request=lambda verb, _, code, __: seen.append((verb, code))
        ) as cut,
        following(cut, diary, namespace=namespace),
    ):
        await diary.has("ADDED goes", "ADDED replaced", "ADDED stays")
        first = {change.object["metadata"]["name"]: change.object["metadata"] for change in diary.changes}
        await door.close()
        await drop(session, namespace, "goes")
        await drop(session, namespace, "replaced")
        await put(session, namespace, "replaced")
        server.kill()
        server.start_again()  # with an empty cache: the version that the watch knows is too old for it
        await door.open()
        await diary.until(lambda: len(diary.changes) >= 6)

    assert sorted(diary.lines()[3:]) == ["ADDED replaced", "DELETED goes", "DELETED replaced"]
    # The list that it began with, a look at the version when the connection broke, and the list anew.
    assert [verb for verb, code in seen if code].count("list") == 3
    gone = next(change.object for change in diary.changes[3:] if change.object["metadata"]["name"] == "goes")
    assert gone == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {name: first["goes"][name] for name in ("name", "namespace", "uid", "resourceVersion")},
    }
    replaced = [c for c in diary.changes[3:] if c.object["metadata"]["name"] == "replaced"]
    assert [c.type for c in replaced] == [WatchEventType.DELETED, WatchEventType.ADDED]


async def test_a_watch_outlives_the_api_server(server, session, namespace):
    diary = Diary()

    async with following(session, diary, namespace=namespace):
        await put(session, namespace, "before")
        await diary.has("ADDED before")
        await asyncio.to_thread(server.kill)
        await diary.until(lambda: bool(diary.problems))
        await asyncio.to_thread(server.start_again)
        await put(session, namespace, "after")
        await diary.has("ADDED before", "ADDED after")

    assert {problem.reason for problem in diary.problems} == {"Unreachable"}


async def test_a_kind_that_is_not_there_is_a_problem_once_until_it_is(session, requests):
    ghost = Resource(group="ghosts.example", version="v1", kind="Ghost", plural="ghosts", namespaced=True)
    diary = Diary()

    async with following(session, diary, resource=ghost) as follower:
        await asyncio.sleep(1.5)
        tries = [code for verb, what, code in requests if verb == "list" and what.startswith("ghosts")]

    assert [problem.reason for problem in diary.problems] == ["NotFound"]
    assert 2 <= len(tries) <= 6
    assert set(tries) == {404}
    assert not follower.synced.is_set()


def listed(*names: str) -> web.Response:
    """What the server says when it is asked for the whole collection."""
    items = [{"metadata": {"name": name, "uid": name, "resourceVersion": "5", "namespace": "n"}} for name in names]
    return web.Response(body=orjson.dumps({"metadata": {"resourceVersion": "7"}, "items": items}))


def event(type_: str, **fields: object) -> web.Response:
    """A watch that tells one event, and ends."""
    return web.Response(body=orjson.dumps({"type": type_, "object": fields}) + b"\n")


def refused(code: int, reason: str) -> web.Response:
    return web.Response(status=code, body=orjson.dumps({"kind": "Status", "code": code, "reason": reason}))


async def test_of_a_kind_that_is_served_no_more_everything_is_told_as_deleted():
    answer, _ = script(listed("a", "b"), refused(404, "NotFound"))
    diary = Diary()

    async with serving(lambda request: undefined(request) or answer(request)) as session, following(session, diary):
        await diary.until(lambda: bool(diary.problems))

    assert sorted(diary.lines()) == ["ADDED a", "ADDED b", "DELETED a", "DELETED b"]
    assert [problem.reason for problem in diary.problems] == ["NotFound"]


async def test_a_watch_that_ends_by_an_error_of_the_server_begins_with_a_list():
    broken = event("ERROR", kind="Status", code=500, reason="InternalError", message="etcd event has no old value")
    answer, asked = script(listed("a"), broken, listed("b"), refused(403, "Forbidden"))
    diary = Diary()

    async with serving(answer) as session, following(session, diary):
        await diary.until(lambda: len(diary.problems) >= 2)

    assert diary.lines() == ["ADDED a", "ADDED b", "DELETED a"]
    assert ["watch" in request.query for request in asked[:4]] == [False, True, False, True]
    assert diary.problems[0].message == "etcd event has no old value"


async def test_a_problem_is_over_with_the_next_good_list_although_nothing_changed():
    answer, _ = script(refused(403, "Forbidden"), listed(), web.Response(body=b""))
    diary = Diary()

    async with serving(answer) as session, following(session, diary) as follower:
        before = follower.problem
        async with asyncio.timeout(PATIENCE):
            await follower.synced.wait()
        after = follower.problem

    assert before is not None
    assert before.reason == "Forbidden"
    assert after is None


@pytest.mark.parametrize("line", [b"<html>", b"[]"])
async def test_what_is_not_an_event_is_a_problem_and_no_end(line: bytes):
    answer, _ = script(listed(), web.Response(body=line + b"\n"))
    diary = Diary()

    async with serving(answer) as session, following(session, diary):
        await diary.until(lambda: bool(diary.problems))

    assert diary.problems[0].reason == "Unreadable"


@pytest.mark.parametrize(
    ("asked", "least", "most"),
    [
        pytest.param(timedelta(seconds=7), 7.0, 7.2, id="as long as it is asked to"),
        pytest.param(timedelta(days=1), 300.0, 300.2, id="but no day"),
        pytest.param(None, 0.1, 0.2, id="or a moment"),
    ],
)
async def test_a_watch_rests_when_the_server_wants_it(session, asked, least, most):
    follower = Reflector(session, CONFIG_MAP, projection=Projection.METADATA, on_change=lambda _: None)
    throttled = ApiError(code=429, reason="TooManyRequests", message="slow down", retry_after=asked)
    follower._failed(throttled)

    assert least <= follower._back_off(throttled) <= most


async def test_waits_grow_with_failures_and_end_at_half_a_minute(session):
    follower = Reflector(session, CONFIG_MAP, projection=Projection.METADATA, on_change=lambda _: None)
    waits = []

    for _ in range(20):
        follower._failed(REFUSED)
        waits.append(follower._back_off(REFUSED))

    assert 0.1 <= waits[0] <= 0.2
    assert min(waits[-10:]) >= 15.0
    assert max(waits) <= 30.0


def events(*lines: dict[str, object]) -> web.Response:
    return web.Response(body=b"".join(orjson.dumps(line) + b"\n" for line in lines))


def config_map(name: object, version: object, **more: object) -> dict[str, object]:
    return {"metadata": {"name": name, "namespace": "team", "uid": f"uid-{name}", "resourceVersion": version}, **more}


async def test_objects_of_any_shape_are_told_and_what_is_not_an_object_is_left_out():
    answer, _ = script(
        listed(),
        events(
            {"type": "ADDED", "object": config_map("list", "11", spec=["cpu"])},
            {"type": "ADDED", "object": config_map(5, "12")},
            {"type": "ADDED", "object": {"metadata": [], "spec": 5}},
            {"type": "DELETED", "object": {}},
            {"type": "MODIFIED", "object": config_map("numbers", 13)},
            {"type": "BOOKMARK", "object": {"metadata": None}},
            {"type": "ADDED", "object": config_map("last", "14")},
        ),
    )
    diary = Diary()

    async with serving(answer) as session, following(session, diary):
        await diary.until(lambda: "ADDED last" in diary.lines())

    assert diary.lines()[:3] == ["ADDED list", "ADDED numbers", "ADDED last"]


@pytest.mark.parametrize("object_", [{}, {"items": []}, {"metadata": {}, "items": {}}, {"metadata": {}, "items": []}])
async def test_what_is_not_a_list_is_a_problem_and_takes_nothing_for_gone(object_: object):
    forgotten = event("ERROR", kind="Status", code=410, reason="Expired")
    answer, _ = script(listed("a"), forgotten, web.Response(body=orjson.dumps(object_)))
    diary = Diary()

    async with serving(answer) as session, following(session, diary):
        await diary.until(lambda: bool(diary.problems))

    assert diary.lines() == ["ADDED a"]
    assert diary.problems[-1].reason == "Unreadable"


async def test_a_list_that_leads_to_itself_is_a_problem_and_no_list_without_end():
    page = {"metadata": {"resourceVersion": "1", "continue": "same"}, "items": []}
    answer, asked = script(web.Response(body=orjson.dumps(page)))
    diary = Diary()

    async with serving(answer) as session, following(session, diary):
        await diary.until(lambda: bool(diary.problems))

    assert diary.problems[0].message == "what was sent is a list without an end"
    assert len(asked) <= 4


async def test_an_object_that_is_nested_too_deep_hides_no_other():
    deep = b'{"type":"ADDED","object":{"metadata":{"name":"deep","uid":"d","resourceVersion":"11"},"spec":'
    line = deep + b"[" * 5000 + b"]" * 5000 + b"}}\n"
    after = orjson.dumps({"type": "ADDED", "object": config_map("after", "12")}) + b"\n"
    answer, _ = script(listed(), web.Response(body=line + after))
    diary = Diary()

    async with serving(answer) as session, following(session, diary):
        await diary.until(lambda: len(diary.changes) >= 2)

    assert diary.lines()[:2] == ["ADDED deep", "ADDED after"]


async def test_a_callback_that_fails_costs_one_change_and_is_counted():
    answer, _ = script(listed("bad", "good"), refused(403, "Forbidden"))
    diary, counted = Diary(), list[str]()

    def change(told: WatchEvent) -> None:
        if told.object["metadata"]["name"] == "bad":
            raise TypeError("a defect")
        diary.change(told)

    async with serving(answer) as session:
        session.internal_errors.count = counted.append
        follower = Reflector(
            session, CONFIG_MAP, projection=Projection.METADATA, on_change=change, on_problem=diary.problem
        )
        task = asyncio.create_task(follower.run())
        await diary.until(lambda: bool(diary.problems))
        alive = not task.done()
        task.cancel()
        await asyncio.wait({task})

    assert alive
    assert diary.lines() == ["ADDED good"]
    assert counted == ["watch_callback"]


async def test_a_defect_of_the_watch_itself_costs_a_pause_and_begins_with_a_list(monkeypatch):
    answer, _ = script(listed("a"), event("ADDED", metadata={"name": "b", "uid": "b", "resourceVersion": "5"}))
    diary, counted = Diary(), list[str]()
    taken = Reflector._take

    def break_once(self: Reflector, given: dict[str, object]) -> None:
        monkeypatch.setattr(Reflector, "_take", taken)
        raise KeyError("a defect")

    monkeypatch.setattr(Reflector, "_take", break_once)
    async with serving(answer) as session:
        session.internal_errors.count = counted.append
        async with following(session, diary) as follower:
            assert session.watches == {follower}
            await diary.until(lambda: bool(diary.problems))  # it lists again, and what answers is not a list
        assert session.watches == set()

    assert counted == ["watch"]


async def test_of_objects_that_do_not_matter_nothing_is_remembered(session: Session):
    diary = Diary()
    one = Reflector(
        session,
        CONFIG_MAP,
        projection=Projection.METADATA,
        on_change=diary.change,
        remembers=lambda namespace, name: name.startswith("ours"),
    )
    for number in range(100):
        one._take({"type": "ADDED", "object": config_map(f"alien-{number}", str(number + 1))})
    one._take({"type": "ADDED", "object": config_map("ours", "200")})

    assert list(one._known.names) == [("team", "ours")]
    one.remember("team", "alien-5", uid="uid-alien-5", version="6")
    assert set(one._known.names) == {("team", "ours"), ("team", "alien-5")}


async def test_a_kind_that_is_defined_and_not_served_for_a_moment_is_not_gone():
    defined = {"spec": {"versions": [{"name": "v1", "served": True}]}, "metadata": {"name": "configmaps."}}
    served = False

    def answer(request: web.Request) -> web.StreamResponse:
        if "customresourcedefinitions" in request.path:
            return web.Response(body=orjson.dumps(defined))
        if "watch" in request.query:
            return web.Response(body=b"")
        return listed("a", "b") if served else web.Response(status=404, text="404 page not found")

    diary = Diary()
    async with serving(answer) as session:
        served = True
        async with following(session, diary):
            await diary.has("ADDED a", "ADDED b")
            served = False
            await diary.until(lambda: any(each.reason == "ServiceUnavailable" for each in diary.problems))
            served = True
            await diary.until(lambda: diary.problems[-1].reason == "Unreachable")  # of the watch, which ends at once

    assert diary.lines() == ["ADDED a", "ADDED b"]
    assert "NotFound" not in {problem.reason for problem in diary.problems}


@pytest.mark.parametrize(
    "versions",
    [
        pytest.param(
            {"spec": {"versions": [{"name": "v1", "served": False}, {"name": "v2", "served": True}]}}, id="v2"
        ),
        pytest.param({"spec": {"versions": [{"name": "v2", "served": True}]}}, id="without the version"),
    ],
)
async def test_a_version_that_is_served_no_more_is_gone(versions: list[dict[str, object]]):
    def answer(request: web.Request) -> web.StreamResponse:
        if "customresourcedefinitions" in request.path:
            return web.Response(body=orjson.dumps({"spec": {"versions": versions}}))
        return web.Response(status=404, text="404 page not found")

    diary = Diary()
    async with serving(answer) as session, following(session, diary):
        await diary.until(lambda: bool(diary.problems))

    assert [problem.code for problem in diary.problems] == [404]


def of_version(list_version: str, **objects: str) -> bytes:
    """A whole collection at a version: each object with its own."""
    items = [{"metadata": {"name": n, "uid": n, "resourceVersion": v, "namespace": "n"}} for n, v in objects.items()]
    return orjson.dumps({"metadata": {"resourceVersion": list_version}, "items": items})


@pytest.mark.parametrize(
    ("after", "code", "told"),
    [
        pytest.param(of_version("40", a="30", b="20"), 500, ["MODIFIED a"], id="versions went back"),
        pytest.param(of_version("9000", a="30", b="20"), 410, ["MODIFIED a"], id="to a revision that was raised"),
        pytest.param(of_version("40"), 500, ["DELETED a", "DELETED b"], id="nothing is left"),
    ],
)
async def test_after_a_restore_of_etcd_what_is_there_is_told_although_its_versions_are_older(
    after: bytes, code: int, told: list[str]
):
    now, restored, diary = of_version("60", a="50", b="20"), list[str](), Diary()

    def answer(request: web.Request) -> web.StreamResponse:
        if "watch" in request.query:
            return refused(code, "Expired")
        return web.Response(body=now)

    async with serving(answer) as session:
        follower = Reflector(
            session,
            CONFIG_MAP,
            projection=Projection.METADATA,
            on_change=diary.change,
            on_restored=lambda: restored.append("yes"),
        )
        task = asyncio.create_task(follower.run())
        await diary.has("ADDED a", "ADDED b")
        now = after
        await diary.until(lambda: len(diary.changes) >= 2 + len(told))
        task.cancel()

    assert sorted(diary.lines()[2:]) == told
    assert restored == ["yes"]


async def test_pages_that_are_too_old_before_the_last_are_given_up_for_one_answer():
    first = web.Response(body=b'{"metadata": {"resourceVersion": "5", "continue": "old"}, "items": []}')
    answer, asked = script(first, refused(410, "Expired"), listed("a"), web.Response(status=403))
    diary = Diary()

    async with serving(answer) as session, following(session, diary):
        await diary.has("ADDED a")

    assert [("limit" in each.query, "continue" in each.query) for each in asked[:3]] == [
        (True, False),
        (True, True),
        (False, False),
    ]

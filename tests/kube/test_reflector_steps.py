"""What the reflector asks, and tells, step by step, against answers that are given in order."""

import asyncio
import itertools
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, cast

import orjson
import pytest
from tests.faketime import run
from tests.kube.fake_session import FakeSession

from pattern_operator.kube import ApiError, Projection, Reflector, StatusCause
from pattern_operator.kube import reflector as module
from pattern_operator.kube.reflector import LONGEST_QUIET
from pattern_operator.kube.wellknown import CONFIG_MAP

Answer = bytes | Exception | float  # seconds in which nothing comes
FOR_EVER = 1e6


class Scripted(FakeSession):
    """Lists and watches are answered by what is given, in order; ``idle`` is set when something is asked beyond it."""

    def __init__(self, lists: list[Answer], watches: list[list[Answer]]) -> None:
        super().__init__()
        self.lists, self.streams = lists, watches
        self.asked: list[dict[str, str]] = []
        self.times: list[float] = []  # when something was asked, also what is beyond the script
        self.accepted: list[str] = []
        self.timeouts: list[float] = []  # of watches
        self.idle = asyncio.Event()

    async def request(self, *_: object, **more: Any) -> bytes:
        self.accepted.append(more["accept"])
        match self.lists:
            case [float(seconds), *_]:
                del self.lists[0]
                await asyncio.sleep(seconds)
        return cast(bytes, await self._next(self.lists, more["params"]))

    async def stream(self, *_: object, **more: Any) -> AsyncGenerator[bytes, None]:
        self.accepted.append(more["accept"])
        self.timeouts.append(more["timeout"])
        found = await self._next(self.streams, more["params"])
        more["opened"]()
        for line in found:
            if isinstance(line, Exception):
                raise line
            if isinstance(line, float):
                await asyncio.sleep(line)
            else:
                yield line

    async def _next(self, answers: list[Any], params: dict[str, str]) -> Any:
        self.times.append(asyncio.get_running_loop().time())
        if not answers:
            self.idle.set()
            await asyncio.Event().wait()
        self.asked.append(params)
        answer = answers.pop(0)
        if isinstance(answer, ApiError):
            raise answer
        return answer

    @property
    def verbs(self) -> list[str]:
        """``look`` asks for the version alone, and ``watch 5`` goes on from there."""
        return [
            f"watch {each['resourceVersion']}" if "watch" in each else "look" if each.get("limit") == "1" else "list"
            for each in self.asked
        ]


class Told:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.problems: list[ApiError] = []
        self.restored = 0

    def restore(self) -> None:
        self.restored += 1


def page(version: str, *objects: dict[str, Any], more: str = "") -> bytes:
    return orjson.dumps({"metadata": {"resourceVersion": version, "continue": more}, "items": list(objects)})


def thing(name: str, version: str, *, uid: str = "", namespace: str = "team") -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": namespace, "uid": uid or f"u-{name}", "resourceVersion": version}}


def event(kind: str, name: str = "a", version: str = "11", **more: Any) -> bytes:
    return orjson.dumps({"type": kind, "object": thing(name, version, **more)})


def error(code: int, reason: str, *causes: str, retry_after: float = 0.0) -> ApiError:
    found = tuple(StatusCause("", each, "") for each in causes)
    return ApiError(
        code=code, reason=reason, message="x", causes=found, retry_after=timedelta(seconds=retry_after) or None
    )


GONE = error(410, "Expired")
DEFECT = ZeroDivisionError()


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits after a failure."""
    monkeypatch.setattr(module, "FIRST_BACK_OFF", 0.0)


@asynccontextmanager
async def following(
    session: Scripted,
    told: Told,
    *,
    before: Callable[[Reflector], None] = lambda _: None,
    patience: float = 60.0,
    projection: Projection = Projection.FULL,
    **more: Any,
) -> AsyncIterator[Reflector]:
    """A reflector that has got all that the script has."""
    reflector = Reflector(
        session,
        CONFIG_MAP,
        projection=projection,
        on_change=lambda event: told.lines.append(f"{event.type} {event.object['metadata']['name']}"),
        on_problem=told.problems.append,
        on_restored=told.restore,
        **more,
    )
    before(reflector)
    task = asyncio.create_task(reflector.run())
    waiting = asyncio.create_task(session.idle.wait())
    await asyncio.wait({task, waiting}, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
    assert not task.done()
    assert waiting.done()
    try:
        yield reflector
    finally:
        task.cancel()
        await asyncio.wait({task})


async def test_a_watch_goes_on_from_the_last_version_that_was_seen():
    told = Told()
    session = Scripted(
        [page("10"), page("14")],
        [[event("ADDED", "a", "11"), event("BOOKMARK", "", "13")]],
    )

    async with following(session, told):
        pass

    assert session.verbs == ["list", "watch 10", "look"]
    assert told.lines == ["ADDED a"]


async def test_after_a_watch_that_broke_the_server_is_asked_whether_it_still_knows_the_version():
    told = Told()
    session = Scripted([page("10"), page("14")], [[event("BOOKMARK", "", "13")], []])

    async with following(session, told):
        pass

    assert session.verbs[:4] == ["list", "watch 10", "look", "watch 13"]
    assert told.restored == 0


@pytest.mark.parametrize(("version", "restored"), [("12", True), ("13", False), ("nonsense", False), ("0", False)])
async def test_a_server_that_knows_less_than_was_seen_was_restored_and_is_listed_again(version, restored):
    told = Told()
    session = Scripted(
        [page("10", thing("a", "9")), page(version), page("12", thing("a", "9"))],
        [[event("BOOKMARK", "", "13")], []],
    )

    async with following(session, told):
        pass

    assert (session.verbs[3] == "list") is restored
    assert told.restored == int(restored)
    assert told.lines == ["ADDED a"]


@pytest.mark.parametrize("line", [b'{"type": "NEW", "object": {}}', b'{"type": "ADDED", "object": 5}'])
async def test_after_what_is_not_an_event_everything_is_listed_again(line):
    told = Told()
    session = Scripted([page("10"), page("11", thing("b", "11"))], [[event("ADDED", "a", "11"), line], []])

    async with following(session, told):
        pass

    assert session.verbs[:4] == ["list", "watch 10", "list", "watch 11"]
    assert told.lines == ["ADDED a", "ADDED b", "DELETED a"]
    assert [(each.code, each.reason) for each in told.problems][:1] == [(0, "Unreadable")]


@pytest.mark.parametrize("refusal", [GONE, error(500, "Timeout", "ResourceVersionTooLarge")])
async def test_a_version_that_the_server_does_not_have_is_no_problem_and_is_listed_again(refusal):
    told = Told()
    session = Scripted([page("10"), page("20")], [[refusal]])

    async with following(session, told) as reflector:
        problem = reflector.problem

    assert session.verbs == ["list", "watch 10", "list"]
    assert (told.problems, problem) == ([], None)


async def test_a_problem_is_told_once_until_it_is_another_one():
    told = Told()
    again = [(403, "Forbidden")] * 3 + [(403, "Invalid")] * 2 + [(500, "Invalid")]
    refusals: list[Answer] = [*(error(code, reason) for code, reason in again), page("1")]

    async with following(Scripted(refusals, []), told):
        pass

    assert [(each.code, each.reason) for each in told.problems] == [
        (403, "Forbidden"),
        (403, "Invalid"),
        (500, "Invalid"),
    ]


async def test_a_problem_ends_with_a_list_and_is_told_again_when_it_comes_again():
    told = Told()
    refused = error(403, "Forbidden")

    async with following(Scripted([refused, page("10"), page("11")], [[refused], []]), told):
        pass

    assert [each.reason for each in told.problems][:2] == ["Forbidden", "Forbidden"]


@pytest.mark.parametrize(
    ("lists", "watches", "times", "now"),
    [
        ([page("10")], [], 1, True),  # the list is all there is, and the watch is opened from there
        ([error(403, "Forbidden"), page("10")], [], 1, True),
        ([page("10"), error(403, "Forbidden")], [[error(500, "x")]], 1, False),
        ([page("10"), page("11")], [[error(403, "Forbidden")]], 1, False),  # it can be listed, and not watched
        ([page("10"), page("11")], [[error(403, "Forbidden")], [event("BOOKMARK", "", "12"), 5.0]], 2, True),
        ([page("10"), page("20")], [[GONE]], 2, True),
        ([page("10"), page("20")], [[b'{"type": "X"}']], 2, True),
        ([page("10"), error(403, "Forbidden")], [[DEFECT]], 1, False),
    ],
)
async def test_it_is_current_while_nothing_is_missed(lists, watches, times, now):
    said: list[str] = []
    session = Scripted(lists, watches)

    async with following(session, Told(), on_current=lambda: said.append("current")) as reflector:
        is_current = reflector.current.is_set()

    assert (len(said), is_current) == (times, now)


async def test_an_object_that_is_told_unchanged_is_left_out_and_one_without_a_version_is_not():
    told = Told()
    session = Scripted(
        [page("10", thing("a", "9"), thing("b", ""), thing("", "9"))],
        [[event("MODIFIED", "a", "9"), event("MODIFIED", "b", ""), event("MODIFIED", "a", "11")]],
    )

    async with following(session, told):
        pass

    assert told.lines == ["ADDED a", "ADDED b", "MODIFIED b", "MODIFIED a"]


async def test_an_object_of_another_uid_is_another_object():
    told = Told()

    async with following(Scripted([page("10", thing("a", "9"))], [[event("MODIFIED", "a", "11", uid="other")]]), told):
        pass

    assert told.lines == ["ADDED a", "DELETED a", "ADDED a"]


async def test_what_is_not_remembered_is_told_each_time_and_not_missed_when_it_is_gone():
    told, matters = Told(), {"a"}
    lines: list[Answer] = [event("MODIFIED", "a", "11"), event("MODIFIED", "a", "12"), GONE]

    def forget(namespace: str, name: str) -> bool:
        return name in matters and not told.lines

    async with following(Scripted([page("10", thing("a", "9")), page("20")], [lines]), told, remembers=forget):
        pass

    assert told.lines == ["ADDED a", "MODIFIED a", "MODIFIED a"]


async def test_an_object_that_is_remembered_later_is_told_as_deleted_when_it_vanished_unseen():
    told = Told()
    session = Scripted([page("10"), page("20")], [[GONE]])

    def remember(reflector: Reflector) -> None:
        reflector.remember("team", "a", uid="u-a", version="9")
        reflector.remember("team", "a", uid="other", version="1")

    async with following(session, told, before=remember):
        pass

    assert told.lines == ["DELETED a"]


async def test_only_selectors_that_are_given_are_asked_for():
    told = Told()
    session = Scripted([page("10")], [[]])

    async with following(session, told, label_selector="a=b"):
        pass

    assert session.asked[0]["labelSelector"] == session.asked[1]["labelSelector"] == "a=b"
    assert "fieldSelector" not in session.asked[0] | session.asked[1]
    assert session.asked[1]["watch"] == "1"
    assert session.asked[1]["allowWatchBookmarks"] == "true"


async def test_the_time_of_what_came_last_is_known():
    told, clock = Told(), asyncio.get_running_loop().time
    begun = clock()
    session = Scripted([page("10"), error(500, "Timeout")], [[event("ADDED")]])

    async with following(session, told) as reflector:
        assert begun < reflector.last_activity <= clock()
        assert session.watches == {reflector}

    assert session.watches == set()


async def test_a_callback_for_a_restore_that_fails_costs_nothing_else():
    told = Told()

    def fail() -> None:
        raise ZeroDivisionError

    session = Scripted([page("10"), page("5"), page("5", thing("a", "4"))], [[]])
    told.restore = fail  # type: ignore[method-assign] # a defect of who is told

    async with following(session, told):
        pass

    assert told.lines == ["ADDED a"]


def followed(session: Scripted, told: Told) -> list[float]:
    """Follow to the end of the script in fake time; the seconds between one request and the next."""
    active_after(session, told)
    return [later - sooner for sooner, later in itertools.pairwise(session.times)]


def active_after(session: Scripted, told: Told | None = None) -> float:
    """Follow to the end of the script in fake time; the seconds from the beginning to the last activity."""

    async def follow() -> float:
        begun = asyncio.get_running_loop().time()
        async with following(session, told or Told(), patience=FOR_EVER) as reflector:
            return reflector.last_activity - begun

    return run(follow())


def test_a_watch_that_falls_silent_goes_on_from_its_last_version_and_is_no_problem():
    told = Told()
    session = Scripted(
        [page("10"), page("14")], [[event("ADDED", "a", "11"), FOR_EVER], [event("ADDED", "b", "12"), FOR_EVER]]
    )

    waits = followed(session, told)

    assert session.verbs == ["list", "watch 10", "look", "watch 11"]
    assert waits[:3] == [0.0, LONGEST_QUIET, 0.0]
    assert told.lines == ["ADDED a", "ADDED b"]
    assert told.problems == []


def test_a_watch_that_has_a_bookmark_each_minute_is_left_alone_until_its_time(monkeypatch):
    monkeypatch.setattr(module, "WATCH_SECONDS", (400.0, 400.0))
    told = Told()
    session = Scripted([page("10")], [[*(62.0, event("BOOKMARK", "", "11")) * 6, 28.0]])

    waits = followed(session, told)

    assert session.verbs == ["list", "watch 10"]
    assert waits == [0.0, 400.0]


def test_a_server_that_sends_no_bookmarks_is_given_longer_each_time_and_then_all_the_time(monkeypatch):
    monkeypatch.setattr(module, "WATCH_SECONDS", (540.0, 540.0))
    told = Told()
    silent: list[list[Answer]] = [[FOR_EVER], [FOR_EVER], [FOR_EVER], [540.0], [540.0]]
    session = Scripted([page("10"), page("10"), page("10"), page("10")], silent)

    waits = followed(session, told)

    assert session.verbs == ["list", *("watch 10", "look") * 3, "watch 10", "watch 10"]
    assert [each for each in waits if each] == [LONGEST_QUIET, 2 * LONGEST_QUIET, 4 * LONGEST_QUIET, 540.0, 540.0]
    assert told.problems == []


def test_after_a_bookmark_silence_is_noticed_as_soon_as_at_first():
    session = Scripted([page("10"), page("10")], [[FOR_EVER], [100.0, event("BOOKMARK", "", "11"), FOR_EVER]])

    waits = followed(session, Told())

    assert [each for each in waits if each] == [LONGEST_QUIET, 100.0 + LONGEST_QUIET]


def test_an_event_does_not_show_that_a_server_sends_bookmarks():
    session = Scripted([page("10"), page("10")], [[FOR_EVER], [event("ADDED", "a", "11"), FOR_EVER]])

    waits = followed(session, Told())

    assert [each for each in waits if each] == [LONGEST_QUIET, 2 * LONGEST_QUIET]


def test_a_watch_that_is_silent_since_a_restore_of_etcd_is_listed_again():
    told = Told()
    session = Scripted([page("10", thing("a", "9")), page("5"), page("5")], [[FOR_EVER]])

    followed(session, told)

    assert session.verbs == ["list", "watch 10", "look", "list"]
    assert told.lines == ["ADDED a", "DELETED a"]
    assert told.restored == 1


def test_silence_counts_as_activity_for_the_watchdog_once_it_is_noticed():
    assert active_after(Scripted([page("10")], [[FOR_EVER]])) == LONGEST_QUIET


def test_a_watch_counts_as_active_when_it_begins():
    assert active_after(Scripted([], [])) == 0.0


def test_each_page_of_a_list_counts_as_activity():
    assert active_after(Scripted([100.0, page("10", more="next")], [])) == 100.0


def test_each_event_counts_as_activity():
    assert active_after(Scripted([page("10")], [[50.0, event("ADDED"), 9.0]])) == 50.0


def test_a_refusal_and_the_next_try_after_it_count_as_activity():
    told, refused = Told(), error(503, "ServiceUnavailable", retry_after=200.0)
    session = Scripted([page("10")], [[50.0, refused]])

    async def follow() -> tuple[float, float]:
        begun = asyncio.get_running_loop().time()
        reflector = Reflector(
            session, CONFIG_MAP, projection=Projection.FULL, on_change=print, on_problem=told.problems.append
        )
        task = asyncio.create_task(reflector.run())
        await asyncio.sleep(100.0)
        meanwhile = reflector.last_activity
        await session.idle.wait()
        again = reflector.last_activity
        task.cancel()
        await asyncio.wait({task})
        return meanwhile - begun, again - begun

    assert run(follow()) == (50.0, 250.0)


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_each_failure_in_a_row_doubles_the_wait_up_to_half_a_minute_spread_by_half(share, monkeypatch):
    monkeypatch.setattr(module, "FIRST_BACK_OFF", 0.25)
    monkeypatch.setattr(random, "uniform", lambda low, high: {0.5: low, 1.0: high}[share])
    refused: list[Answer] = [error(403, "Forbidden")] * 9

    waits = followed(Scripted(refused, []), Told())

    assert waits == [each * share for each in (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0)]


def test_each_defect_in_a_row_doubles_the_wait_and_everything_is_listed_again(monkeypatch):
    monkeypatch.setattr(module, "FIRST_BACK_OFF", 0.25)
    monkeypatch.setattr(random, "uniform", lambda _, high: high)
    session = Scripted([page("10"), page("11")], [[DEFECT], [DEFECT]])

    waits = followed(session, Told())

    assert session.verbs == ["list", "watch 10", "list", "watch 11"]
    assert [each for each in waits if each] == [0.25, 0.5]


def test_what_a_server_asks_to_wait_is_waited_beside_the_own_wait_and_at_most_five_minutes(monkeypatch):
    monkeypatch.setattr(module, "FIRST_BACK_OFF", 0.25)
    monkeypatch.setattr(random, "uniform", lambda _, high: high)
    asked: list[Answer] = [error(429, "TooManyRequests", retry_after=each) for each in (20.0, 900.0)]

    waits = followed(Scripted(asked, []), Told())

    assert waits == [20.25, 300.5]


def test_a_watch_that_ends_a_second_before_its_time_did_not_break(monkeypatch):
    monkeypatch.setattr(module, "WATCH_SECONDS", (60.0, 60.0))
    session = Scripted([page("10")], [[59.0], [58.5]])

    followed(session, Told())

    assert session.verbs == ["list", "watch 10", "watch 10"]
    assert len(session.times) == 4  # the last look is beyond the script


@pytest.mark.parametrize(("lasts", "problems"), [(1.0, []), (0.5, [(0, "the API server ended the watch at once")])])
def test_a_watch_that_does_not_last_a_second_was_ended_at_once(lasts: float, problems: list[tuple[int, str]]):
    told = Told()

    followed(Scripted([page("10")], [[lasts]]), told)

    assert [(each.code, each.message) for each in told.problems] == problems


def test_a_watch_is_given_half_a_minute_longer_than_the_server_is_told(monkeypatch):
    monkeypatch.setattr(module, "WATCH_SECONDS", (400.0, 400.0))
    session = Scripted([page("10")], [])

    followed(session, Told())

    assert session.timeouts == [430.0]


@pytest.mark.parametrize("gone", [True, False])
async def test_a_kind_that_is_not_served_is_listed_again_and_only_one_that_is_gone_has_no_objects(
    gone: bool, monkeypatch: pytest.MonkeyPatch
):
    async def is_gone(*_: object) -> bool:
        return gone

    monkeypatch.setattr(module, "is_gone", is_gone)
    told, listed = Told(), thing("a", "9")
    session = Scripted([page("10", listed), page("20", listed)], [[error(404, "NotFound")]])

    async with following(session, told):
        pass

    assert session.verbs == ["list", "watch 10", "list"]
    assert told.lines == (["ADDED a", "DELETED a", "ADDED a"] if gone else ["ADDED a"])


async def test_what_only_the_pages_showed_that_became_too_old_is_told_as_deleted():
    told = Told()
    session = Scripted([page("10", thing("a", "9"), more="next"), GONE, page("12", thing("b", "11"))], [])

    async with following(session, told):
        pass

    assert told.lines == ["ADDED a", "ADDED b", "DELETED a"]


async def test_a_list_without_a_version_is_a_problem_and_nothing_is_gone_for_it():
    told = Told()
    session = Scripted([page("10", thing("a", "9")), page("")], [[GONE]])

    async with following(session, told):
        pass

    assert told.lines == ["ADDED a"]
    assert [(each.code, each.reason) for each in told.problems] == [(0, "Unreadable")]


@pytest.mark.parametrize(
    ("projection", "listed", "watched"),
    [
        (Projection.FULL, "application/json", "application/json"),
        (
            Projection.METADATA,
            "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
            "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
        ),
    ],
)
async def test_as_much_of_each_object_is_asked_for_as_is_wanted(projection, listed, watched):
    session = Scripted([page("10")], [])

    async with following(session, Told(), projection=projection):
        pass

    assert session.accepted == [listed, watched]

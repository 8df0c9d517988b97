"""Objects with a health check: when they are judged, what holds until then, and what of them waits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from tests.apply.managed.test_watch_events import KEY, OWNER, WIDGET, Scene
from tests.faketime import run

from pattern_operator.api.health_check import HealthCheck
from pattern_operator.api.object import ObjectKey
from pattern_operator.apply import Health, HealthState, NotificationKind
from pattern_operator.apply.managed.checks import (
    ANSWERS_AWAITED,
    DEFECT,
    FIRST_RETRY,
    READ_AGAIN,
    CheckAnswer,
    Checks,
    ManagedChecks,
)
from pattern_operator.apply.managed.managed_object import IS_CHECKED
from pattern_operator.kube import Resource, WatchEventType
from pattern_operator.limits import MAX_WAITING_OBJECTS

CHECK = HealthCheck(api_version="example.com/v1", kind="Widget", current="status.phase == 'Running'")
OTHER = HealthCheck(api_version="example.com/v1", kind="Widget", current="true")
CONFIG_MAP = Resource(group="", version="v1", kind="ConfigMap", plural="configmaps", namespaced=True)
SETTINGS = ObjectKey("", "ConfigMap", "team", "it")
OF_CONFIG_MAPS = HealthCheck(api_version="v1", kind="ConfigMap", current="data.ready == 'yes'")
WELL, ILL = CheckAnswer(HealthState.CURRENT, "is well"), CheckAnswer(HealthState.FAILED, "is ill")
NOT_NOW = CheckAnswer(HealthState.IN_PROGRESS, "is not known", settled=False)


class Tasks:
    """Runs what the checks do, and no watch."""

    def __init__(self) -> None:
        self.running: set[asyncio.Task[Any]] = set()

    def create_task(self, coro: Any, *, name: str | None = None) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.ensure_future(coro)
        self.running.add(task)
        task.add_done_callback(self.running.discard)
        return task


@dataclass
class Judging:
    """Judges as it is told, once it is let: ``asked`` are the checks and bodies, None where it had to read."""

    known: dict[str, Checks] = field(default_factory=dict)
    answers: list[CheckAnswer] = field(default_factory=list)
    asked: list[tuple[HealthCheck, Any]] = field(default_factory=list)
    fails: bool = False

    def __post_init__(self) -> None:
        self.open, self.turns = asyncio.Event(), asyncio.Event()
        self.open.set()
        self.turns.set()

    def recall(self, owner: str) -> Checks | None:
        return self.known.get(owner)

    @asynccontextmanager
    async def turn(self, _owner: str) -> AsyncIterator[None]:
        await self.turns.wait()
        yield

    async def judge(self, check: HealthCheck, _key: ObjectKey, body: bytes | None, *, owner: str) -> CheckAnswer:
        self.asked.append((check, None if body is None else orjson.loads(body).get("status")))
        await self.open.wait()
        if self.fails:
            raise TypeError("a defect")
        return self.answers.pop(0) if self.answers else WELL


@dataclass
class Judged(Scene):
    """A scene whose objects are judged."""

    judge: Judging = field(default_factory=lambda: Judging({OWNER: [CHECK]}))

    def __post_init__(self) -> None:
        super().__post_init__()
        one = self.managed_objects
        checks = ManagedChecks(
            one._index, judge=self.judge, notifier=one._notifier, tasks=Tasks(), errors=one._notifier._errors
        )
        one._checks = one._events._checks = checks

    def phase(self, said: str, *, generation: int = 1, version: int = 0, **more: Any) -> dict[str, Any]:
        body = self.body(**more)
        body["metadata"]["generation"] = generation
        if version:
            body["metadata"]["resourceVersion"] = str(version)
        return {**body, "status": {"phase": said}}

    @property
    def health(self) -> Health:
        return self.managed().health

    async def settle(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)

    def use(self, *checks: HealthCheck) -> None:
        self.managed_objects.use_checks(OWNER, checks)


def bodies(scene: Judged) -> list[Any]:
    return [status and status["phase"] for _, status in scene.judge.asked]


async def test_until_there_is_an_answer_an_object_is_on_its_way_and_then_as_its_check_says():
    scene = Judged()
    scene.judge.open.clear()

    scene.see(scene.phase("Running"))
    await scene.settle()
    before = scene.health
    scene.judge.open.set()
    await scene.settle()

    assert before == Health(HealthState.IN_PROGRESS, f"Widget team/it: {IS_CHECKED}")
    assert scene.health == Health(HealthState.CURRENT, "Widget team/it: is well")
    assert [event.kind for _, _, event in scene.told] == [NotificationKind.HEALTH]


async def test_an_object_without_a_check_is_judged_as_built_in():
    scene = Judged(judge=Judging({OWNER: [OF_CONFIG_MAPS]}))

    scene.see(scene.body(ready="False", message="no"))
    await scene.settle()

    assert scene.judge.asked == []
    assert scene.health.message == "Widget team/it: not ready: no"


async def test_what_is_being_deleted_is_told_so_whatever_its_check_says():
    scene = Judged()
    body = scene.phase("Running")
    body["metadata"]["deletionTimestamp"] = "2026-05-01T00:00:00Z"

    scene.see(body)
    await scene.settle()

    assert scene.health.state is HealthState.TERMINATING


async def test_the_last_answer_holds_while_a_newer_status_is_judged_and_only_the_newest_is():
    scene = Judged()
    scene.see(scene.phase("Running"))
    await scene.settle()
    scene.judge.open.clear()

    scene.see(scene.phase("1"))
    await scene.settle()
    for each in ("2", "3", "4"):
        scene.see(scene.phase(each))
    meanwhile = scene.health.state
    scene.judge.answers = [WELL, ILL]
    scene.judge.open.set()
    await scene.settle()

    assert meanwhile is HealthState.CURRENT
    assert bodies(scene) == ["Running", "1", "4"]
    assert scene.health.state is HealthState.FAILED


@pytest.mark.parametrize("changed", [{"generation": 2}, {"name": "it", "uid": "another"}], ids=["generation", "uid"])
async def test_of_another_generation_or_object_nothing_is_known_and_a_late_answer_is_not_taken(changed: dict[str, Any]):
    scene = Judged()
    scene.see(scene.phase("Running"))
    await scene.settle()
    scene.judge.open.clear()
    scene.see(scene.phase("late"))
    await scene.settle()

    uid = changed.pop("uid", "")
    body = scene.phase("new", **changed)
    body["metadata"]["uid"] = uid or body["metadata"]["uid"]
    scene.see(body)
    unknown = scene.health.message
    scene.judge.answers = [ILL, WELL]
    scene.judge.open.set()
    await scene.settle()

    assert unknown.endswith(IS_CHECKED)
    assert bodies(scene) == ["Running", "late", "new"]
    assert scene.health.state is HealthState.CURRENT
    assert ILL.fact not in scene.health.message


async def test_what_an_apply_of_ours_changes_is_not_known_until_it_is_judged():
    scene = Judged()
    scene.see(scene.phase("Running"))
    await scene.settle()
    scene.judge.open.clear()

    scene.managed_objects.record(scene.phase("Running"), key=KEY, owner=OWNER, resource=WIDGET)
    await scene.settle()
    unknown = scene.health.message
    scene.judge.open.set()
    await scene.settle()

    assert unknown.endswith(IS_CHECKED)
    assert scene.health.state is HealthState.CURRENT


async def test_an_apply_that_changes_nothing_is_not_judged_again():
    scene = Judged()
    body = scene.phase("Running")
    scene.see(body)
    await scene.settle()

    scene.managed_objects.record(body, key=KEY, owner=OWNER, resource=WIDGET)
    await scene.settle()

    assert len(scene.judge.asked) == 1
    assert scene.health.state is HealthState.CURRENT


async def test_another_check_judges_what_is_there_anew_and_none_leaves_it_to_the_built_in_way():
    scene = Judged()
    scene.see(scene.phase("Running"))
    await scene.settle()
    scene.judge.answers = [ILL]

    scene.use(OTHER)
    await scene.settle()
    other = scene.health.state
    scene.use()
    none = scene.health.message
    scene.use()

    assert scene.judge.asked[1:] == [(OTHER, None)]  # nobody has kept its body: it is read
    assert other is HealthState.FAILED
    assert none == "Widget team/it: exists"


async def test_the_same_checks_again_change_nothing():
    scene = Judged()
    scene.see(scene.phase("Running"))
    await scene.settle()

    scene.use(CHECK)
    await scene.settle()

    assert len(scene.judge.asked) == 1


async def test_an_answer_to_a_check_that_is_not_used_any_more_is_not_taken():
    scene = Judged()
    scene.judge.open.clear()
    scene.see(scene.phase("Running"))
    await scene.settle()
    scene.judge.answers = [ILL, WELL]

    scene.use(OTHER)
    scene.judge.open.set()
    await scene.settle()

    assert scene.health.state is HealthState.CURRENT


async def test_what_is_shown_in_another_version_or_with_its_metadata_alone_is_read():
    scene = Judged(judge=Judging({OWNER: [CHECK, OF_CONFIG_MAPS]}))
    older = Resource(group="example.com", version="v1beta1", kind="Widget", plural="widgets", namespaced=True)

    scene.see(scene.phase("Running"), resource=older)
    scene.see(scene.body(), resource=CONFIG_MAP)
    await scene.settle()

    assert [body for _, body in scene.judge.asked] == [None, None]
    assert scene.managed(SETTINGS).health.state is HealthState.CURRENT


def test_what_is_read_is_read_again_some_seconds_after_a_change_and_not_for_each():
    async def scenario() -> list[int]:
        scene, counts = Judged(judge=Judging({OWNER: [OF_CONFIG_MAPS]})), list[int]()
        scene.see(scene.body(), resource=CONFIG_MAP)
        await asyncio.sleep(READ_AGAIN / 2)
        counts.append(len(scene.judge.asked))
        for _ in range(10):
            scene.see(scene.body(), resource=CONFIG_MAP)
        await asyncio.sleep(READ_AGAIN / 2)
        counts.append(len(scene.judge.asked))
        await asyncio.sleep(READ_AGAIN)
        counts.append(len(scene.judge.asked))
        return counts

    assert run(scenario()) == [1, 1, 2]


def test_what_cannot_be_found_out_is_tried_again_ever_later():
    async def scenario() -> tuple[Health, list[float], HealthState]:
        scene = Judged()
        scene.judge.answers = [NOT_NOW, NOT_NOW]
        scene.see(scene.phase("Running"))
        await scene.settle()
        first, counts = scene.health, list[float]()
        for pause in (FIRST_RETRY - 1, 2, 2 * FIRST_RETRY - 3, 3):
            await asyncio.sleep(pause)
            counts.append(len(scene.judge.asked))
        return first, counts, scene.health.state

    first, counts, last = run(scenario())

    assert first == Health(HealthState.IN_PROGRESS, "Widget team/it: is not known")
    assert counts == [1, 2, 2, 3]
    assert last is HealthState.CURRENT


async def test_what_is_known_holds_where_a_newer_state_cannot_be_judged():
    scene = Judged()
    scene.judge.answers = [ILL, NOT_NOW]
    scene.see(scene.phase("1"))
    await scene.settle()

    scene.see(scene.phase("2"))
    await scene.settle()

    assert scene.health.message == "Widget team/it: is ill"


async def test_a_defect_costs_this_object_and_is_told():
    scene = Judged()
    scene.judge.fails = True

    scene.see(scene.phase("Running"))
    await scene.settle()

    assert scene.errors == ["health_check"]
    assert scene.health == Health(HealthState.FAILED, f"Widget team/it: {DEFECT}")


async def test_what_is_gone_meanwhile_is_not_judged():
    scene = Judged()
    scene.judge.open.clear()
    scene.see(scene.phase("1"))
    scene.see(scene.phase("1", name="other"))
    await scene.settle()

    scene.see(scene.phase("1"), kind=WatchEventType.DELETED)
    scene.see(scene.phase("1", name="other"), kind=WatchEventType.DELETED)
    scene.judge.open.set()
    await scene.settle()

    assert len(scene.judge.asked) == 1
    assert scene.managed_objects.get(KEY) is None


async def test_the_checks_of_a_pattern_that_nobody_knows_are_asked_for_again():
    scene = Judged(judge=Judging())

    scene.see(scene.phase("1"))
    scene.judge.known[OWNER] = [CHECK]
    scene.see(scene.phase("2"))
    await scene.settle()

    assert bodies(scene) == ["2"]


async def test_more_than_may_wait_is_read_when_its_turn_comes():
    scene = Judged()
    scene.judge.open.clear()
    scene.see(scene.phase("first", name="first"))
    await scene.settle()

    for each in range(3):
        scene.see(scene.phase("x" * (MAX_WAITING_OBJECTS // 2), name=f"w{each}"))
    waiting = scene.managed_objects._checks._bytes
    scene.judge.open.set()
    await scene.settle()

    assert waiting <= MAX_WAITING_OBJECTS
    assert [body is None for body in bodies(scene)] == [False, False, True, True]
    assert scene.managed_objects._checks._bytes == 0


def test_a_run_waits_for_what_is_in_line_and_not_for_ever():
    async def scenario() -> list[float]:
        scene, loop, moments = Judged(), asyncio.get_running_loop(), list[float]()

        async def waited(owner: str) -> None:
            begun = loop.time()
            await scene.managed_objects.judged(owner)
            moments.append(loop.time() - begun)

        scene.see(scene.phase("Running"))
        await waited(OWNER)
        scene.judge.open.clear()
        scene.see(scene.phase("1"))
        await waited("another")
        await waited(OWNER)
        return moments

    assert run(scenario()) == pytest.approx([0.0, 0.0, ANSWERS_AWAITED])


async def test_a_body_that_no_json_writer_takes_is_read():
    scene = Judged()
    body = scene.phase("Running")
    body["status"]["much"] = 2**70

    scene.see(body)
    await scene.settle()

    assert [status for _, status in scene.judge.asked] == [None]


async def test_what_waits_for_its_turn_is_judged_as_it_is_when_that_has_come():
    scene = Judged()
    scene.judge.turns.clear()

    for each in ("1", "2", "3"):
        scene.see(scene.phase(each))
        await scene.settle()
    scene.judge.turns.set()
    await scene.settle()

    assert bodies(scene) == ["3"]


async def test_a_body_counts_until_it_is_judged():
    scene = Judged()
    checks = scene.managed_objects._checks
    scene.judge.open.clear()

    scene.see(scene.phase("x" * 1000))
    await scene.settle()
    judged = checks._bytes
    scene.see(scene.phase("y" * 2000))
    both = checks._bytes
    scene.judge.open.set()
    await scene.settle()

    assert judged > 1000
    assert both > judged + 2000
    assert bodies(scene) == ["x" * 1000, "y" * 2000]
    assert checks._bytes == 0


@pytest.mark.parametrize("turn_has_come", [False, True], ids=["in line", "being judged"])
async def test_an_answer_to_our_apply_that_is_older_than_what_a_watch_told_is_not_judged(*, turn_has_come: bool):
    scene = Judged()
    scene.see(scene.phase("before", version=5))
    await scene.settle()
    gate = scene.judge.open if turn_has_come else scene.judge.turns
    gate.clear()
    scene.judge.answers = [ILL]

    with scene.managed_objects.applying(KEY, owner=OWNER):
        scene.see(scene.phase("newer", version=8))
        await scene.settle()
        scene.managed_objects.record(scene.phase("answer", version=7), key=KEY, owner=OWNER, resource=WIDGET)
    await scene.settle()
    unknown = scene.health.message
    gate.set()
    await scene.settle()

    assert unknown.endswith(IS_CHECKED)
    assert bodies(scene) == ["before", "newer"]
    assert scene.health.state is HealthState.FAILED


async def test_what_a_faster_watch_told_and_was_judged_holds_when_our_apply_is_answered():
    scene = Judged()
    scene.see(scene.phase("before", version=5))
    await scene.settle()

    with scene.managed_objects.applying(KEY, owner=OWNER):
        scene.judge.answers = [ILL]
        scene.see(scene.phase("newer", version=8))
        await scene.settle()
        scene.managed_objects.record(scene.phase("answer", version=7), key=KEY, owner=OWNER, resource=WIDGET)
    await scene.settle()

    assert bodies(scene) == ["before", "newer"]
    assert scene.health.state is HealthState.FAILED


async def test_with_another_check_an_object_is_read_where_the_answer_to_our_apply_is_older_than_a_watch():
    scene = Judged(judge=Judging({OWNER: []}))
    scene.see(scene.phase("newer", version=8))
    scene.managed_objects._checks._by_owner[OWNER] = {CHECK.group_kind: CHECK}

    scene.managed_objects.record(scene.phase("answer", version=7), key=KEY, owner=OWNER, resource=WIDGET)
    await scene.settle()

    assert scene.judge.asked == [(CHECK, None)]
    assert scene.health.state is HealthState.CURRENT

"""Looking at what runs: written when it is another, told once, and never in the way of anything else."""

from collections.abc import AsyncIterator, Callable

import msgspec
import pytest
from tests.reconcile.pattern import BUSY, NOW, conditions, message, results
from tests.reconcile.world import KEY, World, key_to

from pattern_operator.api.reason import Reason
from pattern_operator.apply import Notification, NotificationKind
from pattern_operator.errors import Transient
from pattern_operator.reconcile import status
from pattern_operator.reconcile.pattern_store import PatternKey
from pattern_operator.reconcile.state import Followed, State
from pattern_operator.reconcile.summary import Moment, health_due


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """One that runs, and whose registry is away from now on."""
    made = World()
    made.push("stable", "one", "a", "b")
    await made.settle()
    made.away = True
    made.events.clear()
    yield made
    made.close()


def happens(world: World, name: str = "a") -> None:
    world.waker.noticed(KEY, Notification(NotificationKind.HEALTH, key_to(name)))


async def test_what_is_as_status_says_is_neither_written_nor_told(world: World):
    before = world.writes
    happens(world)
    await world.settle()

    assert (world.writes, world.events) == (before, [])


async def test_what_happened_is_written_and_told_once(world: World):
    world.managed.unhealthy_keys = {key_to("a")}
    before = world.writes
    for _ in range(2):
        happens(world)
        await world.settle()

    assert world.ready == ("Unknown", "WaitingForHealth")
    assert (world.writes, [reason for reason, _ in world.events]) == (before + 1, ["WaitingForHealth"])


async def test_of_a_pattern_that_is_on_its_way_to_something_newer_nothing_is_said(world: World):
    assert world.pattern is not None
    newer = results().revision
    assert newer is not None
    ahead = status.applying(world.pattern, revision=newer, now=NOW)
    world.write(world.pattern, status=ahead)
    world.managed.unhealthy_keys = {key_to("a")}

    seen = await world.reconciler._runs.maintenance.observe(world.pattern)

    assert seen.status == ahead


async def test_a_status_that_cannot_be_written_is_in_nobodys_way(world: World, monkeypatch: pytest.MonkeyPatch):
    async def refuse(*_: object) -> None:
        raise Transient(reason=Reason.API_SERVER_UNAVAILABLE, message="it is away")

    world.managed.unhealthy_keys = {key_to("a")}
    monkeypatch.setattr(world.reconciler._runs._writer, "status", refuse)
    assert world.pattern is not None

    assert await world.reconciler._runs.maintenance.observe(world.pattern) is world.pattern
    assert world.events == []


async def test_a_suspended_pattern_is_followed_once_and_comes_again_when_its_time_is_over(world: World):
    world.change(suspend=True, timeout="1m")
    world.restart()
    world.managed.unhealthy_keys = {key_to("a")}
    await world.settle(0.0)
    due = world.due[KEY] - world.clock
    await world.settle(60.0)

    assert due == pytest.approx(60.0)
    assert KEY not in world.due
    assert conditions(world.status)["Ready"] == ("False", "HealthTimeout")
    assert message(world.status, "Ready").startswith("suspended; ")
    assert [reason for reason, _ in world.events] == ["WaitingForHealth", "HealthTimeout"]
    assert isinstance(world.state.objects, Followed)


@pytest.mark.parametrize(("since", "now", "due"), [(None, 100.0, None), (90.0, 100.0, 290.0), (0.0, 999.0, 0.0)])
def test_a_pattern_is_due_when_its_health_has_been_awaited_for_long_enough(since, now, due):
    made = World().pattern
    assert made is not None
    state, moment = State(unhealthy_since=since), Moment(now=NOW, clock=now, jitter=0.5)

    assert health_due(made, state, results(health=BUSY), moment=moment) == due
    assert health_due(made, state, results(health=BUSY, overdue=True), moment=moment) is None


async def test_what_is_missing_is_said_while_its_repair_waits_for_a_worker(world: World):
    world.live[key_to("a")] = "another"
    before = world.writes

    for _ in range(2):
        await world.reconciler.report_waiting_repair(KEY)

    assert "its repair waits for a worker" in message(world.status, "Ready")
    assert conditions(world.status)["Applied"] == ("True", "Drifted")
    assert world.writes == before + 1


async def test_of_a_pattern_that_waits_and_has_not_drifted_nothing_is_written(world: World):
    before = world.writes

    await world.reconciler.report_waiting_repair(KEY)

    assert world.writes == before


def suspended(world: World) -> None:
    world.change(suspend=True)


def never_run(world: World) -> None:
    world.reconciler._states._states.clear()


def on_its_way(world: World) -> None:
    assert world.pattern is not None
    newer = results().revision
    assert newer is not None
    world.write(world.pattern, status=status.applying(world.pattern, revision=newer, now=NOW))


def without_a_revision(world: World) -> None:
    assert world.pattern is not None
    world.write(world.pattern, status=msgspec.structs.replace(world.pattern.status, revision=""))


@pytest.mark.parametrize("become", [suspended, never_run, on_its_way, without_a_revision])
async def test_what_is_missing_is_not_said_of_a_pattern_of_which_it_is_not_known(
    world: World, become: Callable[[World], None]
):
    world.live[key_to("a")] = "another"
    become(world)
    before = world.writes

    await world.reconciler.report_waiting_repair(KEY)

    assert world.writes == before


async def test_of_a_pattern_that_is_gone_or_only_ill_no_repair_is_said(world: World):
    world.managed.unhealthy_keys = {key_to("a")}
    before = world.writes

    await world.reconciler.report_waiting_repair(KEY)
    await world.reconciler.report_waiting_repair(PatternKey("team", "gone"))

    assert world.writes == before


async def test_since_when_what_runs_is_ill_is_remembered_by_who_looks_at_it(world: World):
    world.managed.unhealthy_keys = {key_to("a")}
    assert world.pattern is not None
    before = world.state.unhealthy_since

    await world.reconciler._runs.maintenance.observe(world.pattern)

    assert (before, world.state.unhealthy_since) == (None, world.clock)

"""What a run tells of itself: in metrics, in events, to who waits for it, and to the next run."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import msgspec
import pytest
from tests.reconcile import world as worlds
from tests.reconcile.pattern import conditions, message
from tests.reconcile.world import KEY, OWNER, World, key_to

from pattern_operator.api.reason import Reason
from pattern_operator.api.status import Inventory, InventoryEntry
from pattern_operator.apply import FinalizeResult, owner_id
from pattern_operator.apply.need import NamespaceNeeded
from pattern_operator.errors import Transient
from pattern_operator.reconcile import runs as module
from pattern_operator.reconcile.backoff import CLOCK_SLACK
from pattern_operator.reconcile.pattern_store import PatternKey
from pattern_operator.reconcile.runs import APPLY_LASTS, LASTS
from pattern_operator.reconcile.waking import OBJECTS, OTHERS

AWAY = Transient(reason=Reason.API_SERVER_UNAVAILABLE, message="it is away; it is retried.")
NEED = NamespaceNeeded("new")


@pytest.fixture
def world() -> Iterator[World]:
    """One whose pattern asks once in ten minutes."""
    made = World(interval="10m")
    made.push("stable", "one", "a", "b")
    yield made
    made.close()


def failing(error: Exception) -> Callable[..., Awaitable[Any]]:
    async def fail(*_: Any, **__: Any) -> Any:
        raise error

    return fail


def released(world: World, monkeypatch: pytest.MonkeyPatch) -> list[tuple[PatternKey, set[str]]]:
    """Who told that which objects left its inventory."""
    told = list[tuple[PatternKey, set[str]]]()
    prerequisites = world.reconciler._prerequisites
    monkeypatch.setattr(prerequisites, "released", lambda ids, *, by: told.append((by, set(ids))))
    return told


async def test_how_a_run_ended_is_counted(world: World):
    await world.settle()
    well = world.reconciler._metrics.text().decode()
    world.away = True
    await world.settle(600.0)

    assert 'reason="Ready"' in well
    assert 'reason="RegistryUnavailable"' not in well
    assert 'reason="RegistryUnavailable"' in world.reconciler._metrics.text().decode()


async def test_that_a_pattern_has_run_is_told_to_who_takes_over_its_objects(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    ran = list[tuple[str, int]]()
    told = lambda _, owner, *, generation: ran.append((owner, generation))  # noqa: E731 - a method
    monkeypatch.setattr(worlds.Transfers, "pattern_ran", told, raising=False)

    await world.settle()

    assert ran == [(owner_id(OWNER), 1)]


async def test_what_left_the_inventory_is_told_to_who_waits_for_it(world: World, monkeypatch: pytest.MonkeyPatch):
    await world.settle()
    told = released(world, monkeypatch)
    world.push("stable", "two", "b")

    await world.settle(600.0)

    assert told == [(KEY, {str(key_to("a"))})]


async def test_what_leaves_while_a_back_off_lasts_is_told_once_to_who_waits_for_it_and_in_an_event(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    await world.settle()
    world.stuck = {key_to("a")}
    world.push("stable", "two", "b")
    await world.settle(600.0)
    world.push("stable", "three", "b", refused=True)
    await world.settle(600.0)
    told, held = released(world, monkeypatch), world.ready
    world.events.clear()
    world.let_go("a")
    await world.settle(1.0)
    world.becomes("b", unhealthy=True)

    await world.settle(1.0)

    assert held == ("False", "NotAPattern")
    assert told == [(KEY, {str(key_to("a"))})]
    assert [reason for reason, _ in world.events].count("Updated") == 1


async def test_while_a_status_cannot_be_written_what_drifts_is_repaired_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    await world.settle()
    world.push("stable", "two", "a", refused=True)
    monkeypatch.setattr(worlds.StatusWriter, "status", failing(AWAY))
    await world.settle(600.0)
    world.drift("a", None)

    await world.reconciler.run(KEY)

    assert world.holds("one", "a", "b")


async def test_after_a_defect_nothing_is_done_before_it_is_retried(world: World, monkeypatch: pytest.MonkeyPatch):
    await world.settle()
    with monkeypatch.context() as broken:
        broken.setattr(worlds.Registry, "look_up", failing(TypeError("a defect")))
        world.clock += 600.0
        due = await world.reconciler.run(KEY)
    defects = list(world.defects)
    world.clock += 0.25
    world.drift("a", None)

    left = await world.reconciler.run(KEY)

    assert due is not None
    assert left == pytest.approx(due - 0.25)
    assert (defects, world.defects) == (["run"], ["run"])
    assert key_to("a") not in world.live


# --- what is said while objects are applied ---------------------------------------------------------------------------


async def test_a_status_that_cannot_be_written_while_objects_are_applied_is_in_nobodys_way(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    world.gate = asyncio.Event()
    with monkeypatch.context() as away:
        away.setattr(worlds.StatusWriter, "status", failing(AWAY))
        run = asyncio.create_task(world.settle())
        await asyncio.sleep(2 * APPLY_LASTS)
    world.gate.set()
    await run

    assert world.ready == ("True", "Ready")


async def test_where_nothing_new_is_asked_for_it_is_not_said_that_it_is_applied(world: World):
    await world.settle()
    assert world.pattern is not None
    whole = world.status.inventory.entries
    shorter = msgspec.structs.replace(world.status, inventory=Inventory(count=1, entries=whole[:1]))
    world.write(world.pattern, status=shorter)  # somebody took an object out of it
    world.gate = asyncio.Event()
    world.request("noon")
    run = asyncio.create_task(world.settle())
    await asyncio.sleep(2 * APPLY_LASTS)
    meanwhile = world.ready
    world.gate.set()
    await run

    assert meanwhile == ("True", "Ready")
    assert world.status.inventory.entries == whole


# --- what is done while a registry is waited for ----------------------------------------------------------------------


async def waiting(world: World, answer: asyncio.Event) -> asyncio.Task[None]:
    """One that runs, and asks its registry again, which does not answer."""
    answer.set()
    await world.settle()
    answer.clear()
    run = asyncio.create_task(world.settle(600.0))
    await asyncio.sleep(10 * LASTS)
    return run


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda world: world.change(suspend=True), id="suspended"),
        pytest.param(lambda world: world.delete(), id="deleted"),
        pytest.param(lambda world: world._gone(), id="gone"),
    ],
)
async def test_a_run_that_waits_for_what_nobody_asks_for_any_more_is_given_up(
    world: World, answer: asyncio.Event, change: Callable[[World], None]
):
    run = await waiting(world, answer)
    change(world)

    async with asyncio.timeout(5.0):
        await run

    assert not answer.is_set()
    assert world.defects == []


async def test_a_crowd_of_events_is_looked_at_a_moment_later(world: World, answer: asyncio.Event):
    run = await waiting(world, answer)
    for _ in range(OBJECTS[0]):
        world.becomes("b", unhealthy=False)
        world.waker.take_events(KEY)
    world.drift("a", None)
    await asyncio.sleep(OBJECTS[1] / 2)
    too_soon = world.holds("one", "a", "b")
    world.clock += OBJECTS[1]  # that of the loop is another
    await asyncio.sleep(OBJECTS[1])
    repaired = world.holds("one", "a", "b")
    answer.set()
    await run

    assert (too_soon, repaired) == (False, True)


async def test_since_when_it_is_not_healthy_is_known_from_what_is_seen_meanwhile(world: World, answer: asyncio.Event):
    run = await waiting(world, answer)
    world.becomes("b", unhealthy=True)
    await asyncio.sleep(10.0)
    since = world.state.unhealthy_since
    answer.set()
    await run

    assert since is not None


async def test_what_a_run_has_found_is_known_whatever_happens_while_it_asks_for_more(monkeypatch: pytest.MonkeyPatch):
    asked, signatures = asyncio.Event(), worlds.Registry.signatures

    async def wait(self: worlds.Registry, *given: Any, **more: Any) -> Any:
        await asked.wait()
        return await signatures(self, *given, **more)

    monkeypatch.setattr(worlds.Registry, "signatures", wait)
    world = World(**worlds.SIGNED)
    world.push("stable", "one", "a")
    run = asyncio.create_task(world.settle())
    await asyncio.sleep(10 * LASTS)
    world.becomes("a", unhealthy=False)
    await asyncio.sleep(10.0)
    asked.set()
    await run
    world.close()

    assert world.ready == ("True", "Ready")
    assert world.asked == ["tag", "signatures"]


async def test_what_is_asked_for_is_said_when_it_has_lasted_and_not_before(
    world: World, answer: asyncio.Event, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "CLOCK_SLACK", 0.5)  # sums of these are exact
    run, said, moment = asyncio.create_task(world.settle()), list[bool](), 0.015625
    for seconds in (LASTS - 1.0, 0.5 - moment):
        await asyncio.sleep(seconds)
        world.waker._interrupt(KEY)
        await asyncio.sleep(moment)
        said.append(bool(world.status.conditions))
    answer.set()
    await run

    assert said == [False, True]


# --- deletion ---------------------------------------------------------------------------------------------------------


async def test_a_deletion_that_failed_is_told_and_waits_for_what_it_needs(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    waits = list[tuple[PatternKey, set[Any]]]()
    await world.settle()
    monkeypatch.setattr(world.reconciler._prerequisites, "wait", lambda key, needs: waits.append((key, set(needs))))
    monkeypatch.setattr(worlds.Cluster, "delete", refusing([], world, NEED))
    world.events.clear()
    world.delete()

    await world.settle(0.0)

    assert waits == [(KEY, {NEED})]
    assert [reason for reason, _ in world.events] == ["ApiServerUnavailable"]
    assert conditions(world.status)["Ready"] == ("False", "ApiServerUnavailable")


async def test_a_deletion_is_tried_again_by_a_timer_that_is_a_little_early(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    asked = list[float]()
    await world.settle()
    monkeypatch.setattr(worlds.Cluster, "delete", refusing(asked, world))
    world.delete()
    await world.settle(0.0)
    assert world.state.failed is not None
    world.clock = world.state.failed.retry_at - CLOCK_SLACK

    await world.run_once()

    assert len(asked) == 2


def refusing(asked: list[float], world: World, *needs: NamespaceNeeded) -> Any:
    """A deletion that fails and waits for these; when it was asked for is taken down."""

    async def refuse(_: Any, __: Any, entries: tuple[InventoryEntry, ...]) -> FinalizeResult:
        asked.append(world.clock)
        return FinalizeResult(entries=entries, error=AWAY, needs=frozenset(needs))

    return refuse


# --- which run is next ------------------------------------------------------------------------------------------------


async def test_what_a_user_asks_for_in_a_back_off_is_done_although_an_object_changed_too(world: World):
    await world.settle()
    world.away = True
    await world.settle(600.0)
    world.asked.clear()
    world.becomes("a", unhealthy=False)
    world.request("noon")

    await world.settle(0.0)

    assert world.asked == ["tag"]


async def test_a_run_that_was_superseded_comes_again_for_what_it_did_not_follow_yet(
    world: World, answer: asyncio.Event
):
    run = await waiting(world, answer)
    for _ in range(OTHERS[0] + 1):
        world.waker.found(KEY)
        world.waker.begin(KEY, ends_failure=lambda _: False)
    world.due.clear()
    world.change(suspend=True)
    world.due.clear()
    async with asyncio.timeout(5.0):
        await run

    assert world.due[KEY] - world.clock <= OTHERS[1]


async def test_a_timeout_that_cannot_be_read_is_said(world: World):
    world.change(timeout="soon")

    await world.settle(1.0)

    assert world.ready == ("False", "InvalidSpec")
    assert "timeout" in message(world.status, "Ready")


async def test_what_a_user_asks_for_after_a_defect_is_done_although_all_is_found_out_again(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    world.refuses = {key_to("b")}
    await world.settle(0.5)
    with monkeypatch.context() as broken:
        broken.setattr(worlds.Registry, "look_up", failing(TypeError("a defect")))
        world.request("noon")
        await world.reconciler.run(KEY)
    world.defects.clear()
    world.asked.clear()
    world.request("one")

    await world.settle(0.0)

    assert world.asked == ["tag"]

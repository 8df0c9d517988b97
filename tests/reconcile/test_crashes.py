"""The process ends before and after each write, of whatever work: the next one leaves no object that nobody knows."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable

import pytest
from tests.reconcile.world import KEY, World, key_to, names

from pattern_operator.api.status import InventoryEntry
from pattern_operator.apply import inventory

Act = Callable[[World], Awaitable[None]]
MOST = 60  # moments of one piece of work: more is an endless one


async def made(_: World) -> None:
    """Its first run makes the pattern."""


async def updated(world: World) -> None:
    world.push("stable", "two", "b", "c", "d")
    await world.settle(300.0)


async def changed_in_place(world: World) -> None:
    world.push("stable", "two", "a", "b")
    await world.settle(300.0)


async def deleted(world: World) -> None:
    world.delete()


async def gone_on(_: World) -> None:
    """Nothing happens before the next process begins."""


async def updated_meanwhile(world: World) -> None:
    world.push("stable", "three", "z")


async def taken_back(world: World) -> None:
    world.push("stable", "one", "a", "b")


async def deleted_meanwhile(world: World) -> None:
    if world.pattern is not None and not world.pattern.metadata.deletion_timestamp:
        world.delete()


WORK = {"create": made, "update": updated, "change": changed_in_place, "delete": deleted}
AFTERWARDS = {
    "goes on": gone_on,
    "updated": updated_meanwhile,
    "taken back": taken_back,
    "deleted": deleted_meanwhile,
}


async def ended_at(moment: int, work: Act) -> World | None:
    """A world in which the process ended at this moment of ``work``, and none has run since; None: it has fewer."""
    world = World(interval="30s")
    world.push("stable", "one", "a", "b")
    if work is not made:
        await world.settle()
    world.kill_at = world.steps + moment
    await work(world)
    if world.kill_at is not None:
        await world.settle(0.5)
    if world.kill_at is not None:
        world.close()
        return None
    return world


@pytest.mark.parametrize("afterwards", list(AFTERWARDS))
@pytest.mark.parametrize("work", list(WORK))
async def test_whenever_the_process_ends_no_object_is_left_that_nobody_knows(work: str, afterwards: str):
    for moment in itertools.count(1):
        assert moment < MOST
        world = await ended_at(moment, WORK[work])
        if world is None:
            break
        await AFTERWARDS[afterwards](world)
        world.due[KEY] = world.clock
        await world.settle(200.0)

        where = f"{work}, {afterwards}, at {moment}"
        if world.pattern is None:
            assert not world.live, where
        else:
            name = world.tags["stable"]
            assert world.holds(name, *world.artifacts_of(name).objects), where
            assert {key_to(each) for each in names(world.status)} == set(world.live), where
            assert world.ready == ("True", "Ready"), where
            assert not any(each.pending for each in world.status.inventory.entries), where
        assert not world.adopted, where
        world.close()
    assert moment > 2, "the work has no write at which it could end"


@pytest.mark.parametrize("afterwards", ["goes on", "taken back", "deleted"])
async def test_what_a_pattern_had_left_in_the_cluster_is_not_found_with_what_was_cut_short(afterwards: str):
    for moment in itertools.count(1):
        assert moment < MOST
        world = World(interval="30s", apply={"prune": False})
        world.push("stable", "one", "a", "left")
        await world.settle()
        world.push("stable", "two", "a")
        await world.settle(60.0)
        world.change(apply={"prune": True})
        await world.settle(60.0)
        world.kill_at = world.steps + moment
        world.push("stable", "three", "a", "c")
        await world.settle(60.0)
        if world.kill_at is not None:
            world.close()
            break
        if afterwards == "taken back":
            world.push("stable", "two", "a")
        if afterwards == "deleted":
            world.delete()
        world.due[KEY] = world.clock
        await world.settle(200.0)

        there = {"goes on": {"a", "c", "left"}, "taken back": {"a", "left"}, "deleted": {"left"}}
        assert {each.name for each in world.live} == there[afterwards], moment
        assert key_to("left") not in world.removed, moment
        world.close()
    assert moment > 2, "the update has no write at which it could end"


def removed(world: World) -> None:
    world.annotate()


def restored(world: World) -> None:
    world.annotate(InventoryEntry(id=str(key_to("of-others")), v="v1", pending=True))


@pytest.mark.parametrize("change", [removed, restored])
@pytest.mark.parametrize("work", ["update", "change"])
@pytest.mark.parametrize("afterwards", ["taken back", "deleted"])
async def test_what_somebody_does_with_the_annotation_hides_nothing_once_a_pattern_was_applied(
    work: str, afterwards: str, change: Callable[[World], None]
):
    for moment in itertools.count(1):
        world = await ended_at(moment, WORK[work])
        if world is None:
            break
        change(world)
        await AFTERWARDS[afterwards](world)
        world.due[KEY] = world.clock
        await world.settle(200.0)

        if afterwards == "deleted":
            assert (world.pattern, world.live) == (None, {}), moment
        else:
            assert world.pattern is not None
            assert world.holds("one", "a", "b"), moment
            assert world.ready == ("True", "Ready"), moment
        world.close()
    assert moment > 2, "the work has no write at which it could end"


async def test_an_annotation_that_is_removed_costs_nothing_once_a_pattern_was_applied():
    world = World(interval="30s")
    world.push("stable", "one", "a", "b")
    await world.settle()
    world.annotate()
    before = len(world.applied), world.writes

    await world.settle(100.0)
    world.restart()
    await world.settle(100.0)

    assert (len(world.applied), world.writes) == before
    assert world.ready == ("True", "Ready")
    world.close()


@pytest.mark.parametrize("work", ["create", "update"])
async def test_an_object_whose_label_was_taken_off_goes_by_the_rules_of_adoption_after_a_crash_too(work: str):
    """That its name is written ahead does not say that the run that was cut short made it."""
    found = set[str]()
    for moment in itertools.count(1):
        world = await ended_at(moment, WORK[work])
        if world is None:
            break
        new = {key_to("a"), key_to("b")} if work == "create" else {key_to("c"), key_to("d")}
        made = [] if world.pattern is None else [each for each in world.status.inventory.entries if not each.pending]
        foreign = (new & set(world.live)) - {inventory.key_of(each) for each in made}
        world.unlabelled |= foreign
        world.due[KEY] = world.clock
        await world.settle(200.0)

        name = world.tags["stable"]
        assert world.holds(name, *world.artifacts_of(name).objects), moment
        assert world.adopted == {each.name for each in foreign}, moment
        found |= world.adopted
        world.close()
    assert found, "nothing was made before the process ended"


async def cut_short() -> World:
    """Object ``a`` of a new pattern exists, and no status names it."""
    for moment in itertools.count(1):
        world = await ended_at(moment, made)
        assert world is not None
        if world.live:
            return world
        world.close()
    raise AssertionError


async def test_what_was_about_to_be_made_is_its_own_after_a_crash_and_nothing_else():
    world = await cut_short()

    assert world.patterns.has(KEY, key_to("a"))
    assert world.patterns.has(KEY, key_to("b"))
    assert not world.patterns.has(KEY, key_to("c"))
    world.close()


async def test_what_was_about_to_be_made_by_a_suspended_pattern_goes_with_it():
    world = await cut_short()
    world.change(suspend=True)
    await world.settle(60.0)
    assert set(world.live) == {key_to("a")}

    world.delete()
    await world.settle(60.0)

    assert [world.pattern, world.live] == [None, {}]
    world.close()


async def test_who_writes_the_whole_manifest_in_a_first_run_hides_nothing_from_the_process_that_makes_it():
    """``kubectl replace``, and Argo CD with ``Replace=true``: without the finalizer and what was written ahead."""
    world = World(interval="30s")
    world.push("stable", "one", "a", "b")
    world.gate = asyncio.Event()
    run = asyncio.create_task(world.settle())
    while not world.recorded:  # noqa: ASYNC110 - the world tells nobody
        await asyncio.sleep(0)
    world.replace()
    world.waker.asked(KEY)  # as the handler does
    while not world.recorded:  # noqa: ASYNC110 - the world tells nobody
        await asyncio.sleep(0)
    assert world.pattern is not None
    put_back = world.pattern.metadata.finalizers.ours
    world.kill_at = world.steps + 3  # in the middle of the apply
    world.gate.set()
    await run

    world.push("stable", "three", "z")
    world.due[KEY] = world.clock
    await world.settle(200.0)

    assert put_back == 0
    assert world.holds("three", "z")
    world.close()

"""What is done and said while a registry is waited for, by the run that waits."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.reconcile import world as worlds
from tests.reconcile.pattern import NOW, conditions, message
from tests.reconcile.world import KEY, World, key_to

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Transient
from pattern_operator.reconcile import status
from pattern_operator.reconcile.queue_report import IN_LINE
from pattern_operator.reconcile.runs import LASTS

LONG = 10 * LASTS  # seconds of the loop, whose time is not the world's


@pytest.fixture
async def world(answer: asyncio.Event) -> AsyncIterator[World]:
    made = World()
    made.push("stable", "one", "a", "b")
    yield made
    made.close()


@pytest.fixture
async def runs(world: World, answer: asyncio.Event) -> World:
    """A world whose pattern runs version one."""
    answer.set()
    await world.settle()
    answer.clear()
    world.events.clear()
    return world


async def test_what_a_new_pattern_asks_for_is_said_once_it_lasts(world: World, answer: asyncio.Event):
    run = asyncio.create_task(world.settle())
    await asyncio.sleep(LASTS - 0.5)
    soon = world.status.conditions
    await asyncio.sleep(LONG)
    told, words, writes = world.ready, message(world.status, "Ready"), world.writes
    answer.set()
    await run

    assert soon == ()
    assert (told, writes) == (("Unknown", "Progressing"), 1)
    assert words == "asks registry.example for tag stable"
    assert world.holds("one", "a", "b")
    assert world.ready == ("True", "Ready")


async def test_of_what_happens_before_it_lasts_nothing_is_made_that_status_says(world: World, answer: asyncio.Event):
    run = asyncio.create_task(world.settle())
    await asyncio.sleep(0.5)
    world.waker._interrupt(KEY)
    await asyncio.sleep(0.5)
    soon = world.status.conditions
    answer.set()
    await run

    assert soon == ()


async def test_what_waited_for_a_worker_says_what_it_asks_for_once_it_lasts(runs: World, answer: asyncio.Event):
    runs.change(source={"url": "oci://registry.example/web", "ref": {"tag": "edge"}})
    runs.push("edge", "two", "a", "b")
    assert runs.pattern is not None
    runs.write(runs.pattern, status=status.waiting(runs.pattern, f"{IN_LINE}: of 8, namespace team has 0", now=NOW))
    run = asyncio.create_task(runs.settle())
    await asyncio.sleep(LONG)
    words = message(runs.status, "Ready")
    answer.set()
    await run

    assert words == "asks registry.example for tag edge"
    assert runs.holds("two", "a", "b")


async def test_of_a_pattern_that_runs_as_asked_nothing_is_said_while_its_registry_is_asked_again(
    runs: World, answer: asyncio.Event
):
    before = runs.status, runs.writes
    run = asyncio.create_task(runs.settle(300.0))
    await asyncio.sleep(LONG)
    during = runs.status, runs.writes
    answer.set()
    await run

    assert before == during == (runs.status, runs.writes)


async def test_what_drifts_meanwhile_is_repaired_and_what_happens_to_health_is_said_and_told_once(
    runs: World, answer: asyncio.Event
):
    run = asyncio.create_task(runs.settle(300.0))
    await asyncio.sleep(LONG)
    runs.drift("a", None)
    await asyncio.sleep(1)
    repaired = runs.holds("one", "a", "b")
    runs.becomes("b", unhealthy=True)
    await asyncio.sleep(10)
    ill = conditions(runs.status)["Healthy"]
    answer.set()
    await run

    assert repaired
    assert ill == ("Unknown", "WaitingForHealth")
    reasons = [reason for reason, _ in runs.events]
    assert (reasons.count("DriftRepaired"), reasons.count("WaitingForHealth")) == (1, 1)


async def test_a_repair_that_was_refused_meanwhile_is_not_tried_again_by_the_rest_of_the_run(
    runs: World, answer: asyncio.Event
):
    run = asyncio.create_task(runs.settle(300.0))
    await asyncio.sleep(LONG)
    runs.refuses = {key_to("a")}
    runs.drift("a", None)
    await asyncio.sleep(1)
    waits = runs.state.unrepaired
    answer.set()
    runs.away = True
    await run

    assert waits is not None
    assert runs.state.unrepaired is not None


async def test_a_status_that_cannot_be_written_meanwhile_is_in_nobodys_way(
    world: World, answer: asyncio.Event, monkeypatch: pytest.MonkeyPatch
):
    async def refuse(*_: object) -> None:
        raise Transient(reason=Reason.API_SERVER_UNAVAILABLE, message="it is away")

    with monkeypatch.context() as away:
        away.setattr(worlds.StatusWriter, "status", refuse)
        run = asyncio.create_task(world.settle())
        await asyncio.sleep(LONG)
    answer.set()
    await run

    assert world.ready == ("True", "Ready")

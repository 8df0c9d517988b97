"""FairSemaphore: a bound, shares of it, and nothing lost when somebody who waits is cancelled."""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest

from pattern_operator.fair_semaphore import FairSemaphore


@pytest.fixture
async def tasks() -> AsyncIterator[set[asyncio.Task[None]]]:
    """Tasks that end with the test."""
    running: set[asyncio.Task[None]] = set()
    yield running
    for task in running:
        task.cancel()
    await asyncio.wait(running)


async def test_no_more_hold_a_slot_at_once_than_there_are():
    slots, holding, most = FairSemaphore(3), 0, 0

    async def work(number: int) -> None:
        nonlocal holding, most
        async with slots.acquire(number):
            holding += 1
            most = max(most, holding)
            await asyncio.sleep(0.001)
            holding -= 1

    await asyncio.gather(*(work(number) for number in range(30)))

    assert (most, slots.free) == (3, 3)


async def test_one_slow_pattern_leaves_slots_for_the_others(tasks):
    slots = FairSemaphore(32)
    hang(slots, tasks, 100, lambda _: ("slow", "Widget"))
    await asyncio.sleep(0.01)

    async with asyncio.timeout(1), slots.acquire("quick", "ConfigMap"):
        assert slots.free == 7


async def test_a_kind_that_hangs_leaves_slots_for_other_kinds_however_many_patterns_have_it(tasks):
    slots = FairSemaphore(32)
    hang(slots, tasks, 100, lambda number: (f"pattern {number}", "Widget"))
    await asyncio.sleep(0.01)

    async with asyncio.timeout(1), slots.acquire("pattern 3", "ConfigMap"):
        assert slots.free == 3


async def test_a_pattern_that_hangs_in_a_kind_does_not_close_the_kind_to_others(tasks):
    slots = FairSemaphore(32)
    hang(slots, tasks, 100, lambda _: ("slow", "ConfigMap"))
    await asyncio.sleep(0.01)

    async with asyncio.timeout(1), slots.acquire("quick", "ConfigMap"):
        assert slots.free == 7


async def test_whoever_is_cancelled_leaves_no_slot_taken():
    slots, chance = FairSemaphore(4), random.Random(7)  # noqa: S311 - a test's own dice

    async def work(number: int) -> None:
        async with slots.acquire(number % 5, number % 2):
            await asyncio.sleep(chance.random() / 200)

    for _ in range(20):
        working = [asyncio.create_task(work(number)) for number in range(40)]
        await asyncio.sleep(chance.random() / 100)
        for task in chance.sample(working, 25):
            task.cancel()
        async with asyncio.timeout(5):
            await asyncio.wait(working)
        assert slots.free == 4


async def test_a_slot_that_is_given_in_the_moment_of_cancelling_is_given_back():
    slots = FairSemaphore(1)
    first = asyncio.create_task(hold_forever(slots, "a"))
    await asyncio.sleep(0)
    second = asyncio.create_task(hold_forever(slots, "b"))
    await asyncio.sleep(0)

    first.cancel()
    await asyncio.wait([first])  # its slot goes to the second, which has not gone on yet
    second.cancel()
    await asyncio.wait([second])

    assert slots.free == 1


async def test_an_error_of_the_block_gives_the_slot_back():
    slots = FairSemaphore(1)

    with pytest.raises(ValueError, match="defect"):
        async with slots.acquire("a"):
            raise ValueError("defect")

    assert slots.free == 1


async def hold_forever(slots: FairSemaphore, *lanes: object) -> None:
    async with slots.acquire(*lanes):
        await asyncio.Event().wait()


def hang(slots: FairSemaphore, tasks, count: int, lanes) -> None:
    for number in range(count):
        tasks.add(asyncio.create_task(hold_forever(slots, *lanes(number))))

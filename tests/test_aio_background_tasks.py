import asyncio
from contextlib import suppress

import pytest

from pattern_operator.aio import TasksStillRunning, background_tasks, run_all


async def test_tasks_end_with_the_block():
    async with background_tasks() as behind:
        task = behind.create_task(asyncio.sleep(60))

    assert task.cancelled()


async def test_a_task_that_fails_ends_the_others_and_its_error_is_told():
    async with background_tasks() as behind:
        other = behind.create_task(asyncio.sleep(60))
        behind.create_task(fail(ValueError("it")))
        async with asyncio.timeout(5):
            await behind.failed.wait()
        await behind.stop()

        assert other.cancelled()
        with pytest.raises(ValueError, match=r"^it$"):
            behind.check()


async def test_a_task_that_ends_well_or_is_stopped_ends_nobody():
    async with background_tasks() as behind:
        await asyncio.wait({behind.create_task(asyncio.sleep(0))})
        behind.create_task(asyncio.sleep(60)).cancel()
        await asyncio.sleep(0.01)

        assert not behind.failed.is_set()
        behind.check()


async def test_a_failing_task_ends_the_workers_also_where_their_runs_fail_at_the_same_moment():
    """The field case 05: the watch and the run trip over the same object, and no worker may survive it."""
    for _ in range(50):
        async with background_tasks() as behind:
            together = asyncio.Event()
            behind.create_task(fail_at(together), name="watch")
            workers = behind.create_task(run_all([run_for_ever(together) for _ in range(4)], name="worker"))
            await asyncio.sleep(0)
            together.set()
            async with asyncio.timeout(5):
                await behind.failed.wait()
                await behind.stop()

            assert workers.cancelled()


async def test_a_task_that_swallows_its_cancellation_is_cancelled_again():
    cancelled = 0

    async def stubborn() -> None:
        nonlocal cancelled
        while cancelled < 2:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                cancelled += 1

    async with background_tasks() as behind:
        behind.create_task(stubborn())
        await asyncio.sleep(0)

    assert cancelled == 2


async def test_a_task_that_never_ends_is_an_error_and_not_a_wait_for_ever():
    free = asyncio.Event()

    async def immortal() -> None:
        while not free.is_set():
            try:
                await free.wait()
            except asyncio.CancelledError:
                continue

    with pytest.raises(TasksStillRunning, match=r"^1 tasks are still running although they were cancelled: immortal$"):
        async with background_tasks(grace=0.1) as behind:
            behind.create_task(immortal(), name="immortal")
            await asyncio.sleep(0)
    free.set()


async def test_a_task_that_is_begun_after_the_end_does_nothing():
    async with background_tasks() as behind:
        await behind.stop()
        task = behind.create_task(asyncio.sleep(60))
        await asyncio.wait({task}, timeout=5)

        assert task.cancelled()


async def fail(error: Exception) -> None:
    await asyncio.sleep(0)
    raise error


async def fail_at(moment: asyncio.Event) -> None:
    await moment.wait()
    raise TypeError("an object of another shape")


async def run_for_ever(moment: asyncio.Event) -> None:
    while True:
        with suppress(Exception):  # as the reconciler does
            await run_all([fail_at(moment), fail_at(moment)])
        await asyncio.sleep(0)

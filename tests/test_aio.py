import asyncio
import random
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from tests.looplag import MOST, longest_hold

from pattern_operator.aio import TaskCancelled, cancel_and_wait, run_all


async def test_results_stand_in_the_order_of_the_work():
    async def after(seconds: float) -> float:
        await asyncio.sleep(seconds)
        return seconds

    assert await run_all([after(0.02), after(0.0), after(0.01)]) == [0.02, 0.0, 0.01]
    assert await run_all(()) == []


async def test_the_first_error_is_raised_as_it_is_and_ends_the_others():
    ended: list[str] = []

    with pytest.raises(ValueError, match=r"^first$"):
        await run_all([fail(ValueError("first")), forever(ended.append)])

    assert ended == ["cancelled"]


async def test_a_task_that_somebody_else_cancels_is_an_error_and_not_a_missing_result():
    async def cancel_itself() -> None:
        raise asyncio.CancelledError

    with pytest.raises(TaskCancelled):
        await run_all([cancel_itself(), done()])


async def test_cancellation_wins_over_the_errors_of_tasks():
    """asyncio.TaskGroup raises an ExceptionGroup here, which ``except Exception`` catches: the worker lives on."""
    for seed in range(50):
        chance = random.Random(seed)  # noqa: S311 - the moments of a race, no secret
        task = asyncio.create_task(worker(chance))
        await asyncio.sleep(chance.random() / 1000)

        task.cancel()
        await asyncio.wait({task}, timeout=5)

        assert task.cancelled(), seed


async def test_each_cancellation_reaches_a_task_that_swallowed_the_one_before():
    swallowed = 0

    async def stubborn() -> None:
        nonlocal swallowed
        while swallowed < 3:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                swallowed += 1

    task = asyncio.create_task(run_all([stubborn()]))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task}, timeout=10)

    assert task.cancelled()
    assert swallowed == 3


async def test_an_error_leaves_no_cancellation_counted_at_the_caller():
    """asyncio.TaskGroup of Python 3.11 does: whoever asks ``cancelling()`` afterwards is told a false fact."""
    with pytest.raises(ValueError, match="x"):
        await run_all([fail(ValueError("x"))])

    caller = asyncio.current_task()
    assert caller is not None
    assert caller.cancelling() == 0


async def test_a_cancellation_while_tasks_are_ended_is_raised_when_they_are_gone():
    ended: list[str] = []

    async def slow() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            try:
                await asyncio.sleep(0.05)
            finally:
                ended.append("gone")
            raise

    work = asyncio.create_task(slow())
    await asyncio.sleep(0)
    ending = asyncio.create_task(cancel_and_wait([work]))
    await asyncio.sleep(0.01)
    ending.cancel()
    await asyncio.wait({ending})

    assert ending.cancelled()
    assert work.done()
    assert ended == ["gone"]


async def worker(chance: random.Random) -> None:
    """What a worker of the queue does: a run that fails is not the end of it."""
    while True:
        with suppress(Exception):  # as the reconciler does
            await run_all(crash_when_cancelled(chance) for _ in range(3))
        await asyncio.sleep(0)


async def crash_when_cancelled(chance: random.Random) -> None:
    """Fail now or never; what is cancelled turns that into another error, as some libraries do."""
    try:
        await asyncio.sleep(chance.random() / 2000)
    except asyncio.CancelledError:
        raise ValueError("instead of the cancellation") from None
    raise ValueError("by itself")


async def fail(error: Exception) -> None:
    await asyncio.sleep(0)
    raise error


async def done() -> None:
    """Do nothing."""


async def forever(tell: Callable[[str], None]) -> None:
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        tell("cancelled")
        raise


async def test_thousands_of_tasks_begin_with_the_loop_free_in_between():
    async def begin() -> int:
        until = time.perf_counter() + 0.00005
        while time.perf_counter() < until:
            pass
        await asyncio.sleep(0)
        return 1

    async def work() -> None:
        assert sum(await run_all(begin() for _ in range(3_000))) == 3_000

    assert await longest_hold(work) < MOST


async def test_what_has_not_begun_when_it_is_cancelled_never_does():
    begun, first = list[int](), asyncio.Event()

    async def begin(number: int) -> None:
        begun.append(number)
        first.set()
        await asyncio.sleep(60)

    running = asyncio.create_task(run_all([begin(number) for number in range(1_000)]))
    await first.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert len(begun) <= 300

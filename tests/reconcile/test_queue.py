"""The queue: one entry a key, one run of a key at a time, the earliest due time wins, bounded concurrency."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.reconcile.queue import Queue, Run


@asynccontextmanager
async def working(queue: Queue[str], run: Run[str], *, concurrency: int = 2) -> AsyncIterator[None]:
    task = asyncio.create_task(queue.work(run, concurrency=concurrency))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def clock() -> float:
    return asyncio.get_running_loop().time()


async def test_a_key_that_is_added_twice_runs_once():
    ran: list[str] = []
    queue = Queue[str](clock=clock)

    queue.add("a")
    queue.add("a")
    async with working(queue, collector(ran)):
        await asyncio.sleep(0.05)

    assert ran == ["a"]


async def test_the_earliest_due_time_wins():
    ran: list[str] = []
    queue = Queue[str](clock=clock)

    queue.add("a", delay=60)
    queue.add("a", delay=0.01)
    queue.add("a", delay=30)
    async with working(queue, collector(ran)):
        await asyncio.sleep(0.1)

    assert ran == ["a"]
    assert len(queue) == 0


async def test_a_key_never_runs_beside_itself_and_runs_again_when_it_was_added_meanwhile():
    running, most, ran = 0, 0, 0
    queue = Queue[str](clock=clock)

    async def run(key: str) -> None:
        nonlocal running, most, ran
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.03)
        running -= 1
        ran += 1

    queue.add("a")
    async with working(queue, run, concurrency=4):
        await asyncio.sleep(0.01)
        queue.add("a")
        await asyncio.sleep(0.15)

    assert (most, ran) == (1, 2)


async def test_no_more_keys_run_at_once_than_there_are_workers():
    running, most = 0, 0
    queue = Queue[str](clock=clock)

    async def run(key: str) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1

    for key in "abcdefgh":
        queue.add(key)
    async with working(queue, run, concurrency=3):
        await asyncio.sleep(0.15)

    assert most == 3


async def test_a_run_says_when_its_key_is_due_again():
    ran: list[str] = []
    queue = Queue[str](clock=clock)

    async def run(key: str) -> float | None:
        ran.append(key)
        return 0.01 if len(ran) < 3 else None

    queue.add("a")
    async with working(queue, run):
        await asyncio.sleep(0.2)

    assert ran == ["a", "a", "a"]


async def test_a_discarded_key_does_not_run():
    ran: list[str] = []
    queue = Queue[str](clock=clock)

    queue.add("a", delay=0.02)
    queue.add("b", delay=0.02)
    queue.discard("a")
    async with working(queue, collector(ran)):
        await asyncio.sleep(0.1)

    assert ran == ["b"]


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.integers(min_value=0, max_value=20)), max_size=30))
def test_keys_run_once_each_in_the_order_of_their_earliest_due_times(added: list[tuple[str, int]]):
    now = 0.0
    earliest = {key: min(delay for other, delay in added if other == key) for key, _ in added}

    async def scenario() -> list[str]:
        nonlocal now
        now = 0.0
        ran: list[str] = []
        all_ran = asyncio.Event()
        queue = Queue[str](clock=lambda: now)

        async def run(key: str) -> None:
            ran.append(key)
            if len(ran) == len(earliest):
                all_ran.set()

        for key, delay in added:
            queue.add(key, delay=delay)
        now = 100.0
        async with working(queue, run, concurrency=1):
            if earliest:
                await all_ran.wait()
        return ran

    ran = asyncio.run(scenario())

    assert sorted(ran) == sorted(earliest)
    assert [earliest[key] for key in ran] == sorted(earliest.values())


def collector(ran: list[str]) -> Run[str]:
    async def run(key: str) -> None:
        ran.append(key)

    return run

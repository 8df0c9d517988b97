"""The pools of threads: bounded, apart from each other, and in nobody's way when the process ends."""

import ast
import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.executors import EXECUTORS

import pattern_operator
from pattern_operator.executors import Executors, Threads, run_in


async def test_what_hangs_in_one_pool_holds_nobody_in_another():
    with Executors.open() as executors:
        ends = threading.Event()
        hanging = [asyncio.ensure_future(run_in(executors.names, ends.wait)) for _ in range(50)]

        async with asyncio.timeout(5):
            assert await run_in(executors.disk, lambda: "read") == "read"
            assert await run_in(executors.cpu, lambda: "verified") == "verified"

        ends.set()
        assert all(await asyncio.gather(*hanging))


async def test_a_pool_has_no_more_threads_than_its_size():
    pool, running, most, lock = Threads("few", size=3), 0, 0, threading.Lock()

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.01)
        with lock:
            running -= 1

    await asyncio.gather(*(run_in(pool.of(str(number)), work) for number in range(30)))
    pool.shutdown()

    assert most == 3


async def test_a_tenant_with_much_to_do_leaves_a_thread_for_another_one():
    pool, ends = Threads("two", size=2), threading.Event()
    hanging = [asyncio.ensure_future(run_in(pool.of("many"), ends.wait)) for _ in range(40)]

    async with asyncio.timeout(5):
        assert await run_in(pool.of("one"), lambda: "rendered") == "rendered"
        assert await run_in(pool, lambda: "the operator's own") == "the operator's own"

    ends.set()
    assert all(await asyncio.gather(*hanging))
    pool.shutdown()


@pytest.mark.parametrize("tenants", [1, 2, 5])
async def test_who_comes_last_waits_for_one_turn_of_each_tenant_and_not_for_all_they_have_to_do(tenants):
    pool, done = Threads("two", size=2), list[str]()
    async with _held(pool):  # until all that there is to do waits
        before = [
            asyncio.ensure_future(run_in(pool.of(f"tenant-{which}"), done.append, f"tenant-{which}"))
            for which in range(tenants)
            for _ in range(40)
        ]
        await asyncio.sleep(0)
        last = asyncio.ensure_future(run_in(pool.of("last"), done.append, "last"))
        await asyncio.sleep(0)

    await asyncio.gather(*before, last)

    assert done.index("last") <= 2 * tenants + 2
    assert len(done) == 40 * tenants + 1
    pool.shutdown()


async def test_short_work_is_done_while_another_tenant_has_long_work_that_came_first(monkeypatch):
    pool, ends, permits, now = Threads("two", size=2), threading.Event(), threading.Semaphore(0), [0.0]
    monkeypatch.setattr("pattern_operator.executors.time", SimpleNamespace(monotonic=lambda: now[0]))

    def take_long() -> None:
        permits.acquire()
        now[0] += 0.05

    holds = asyncio.ensure_future(run_in(pool.of("other"), ends.wait))
    long = [asyncio.ensure_future(run_in(pool.of("long"), take_long)) for _ in range(40)]
    await asyncio.sleep(0)
    for _ in range(5):
        short = asyncio.ensure_future(run_in(pool.of("short"), lambda: None))
        await asyncio.sleep(0)
        permits.release(2)
        async with asyncio.timeout(60):  # behind the whole line it waits for ever
            await short

    assert not long[-1].done()
    ends.set()
    permits.release(40)
    await asyncio.gather(holds, *long)
    pool.shutdown()


@asynccontextmanager
async def _held(pool: Threads) -> AsyncIterator[None]:
    """Both threads of ``pool`` are at work during the block."""
    both, ends = threading.Barrier(3), threading.Event()

    def hold() -> None:
        both.wait(60)
        ends.wait()

    holding = [asyncio.ensure_future(run_in(pool.of(f"holds-{which}"), hold)) for which in range(2)]
    await asyncio.to_thread(both.wait, 60)
    try:
        yield
    finally:
        ends.set()
        await asyncio.gather(*holding)


async def test_work_of_a_cancelled_caller_leaves_its_place_to_the_next():
    pool, ends = Threads("two", size=2), threading.Event()
    holds = asyncio.ensure_future(run_in(pool.of("a"), ends.wait))
    given_up = asyncio.ensure_future(run_in(pool.of("a"), lambda: pytest.fail("nobody waits for it")))
    after = asyncio.ensure_future(run_in(pool.of("a"), lambda: "next"))
    await asyncio.sleep(0.01)

    given_up.cancel()
    ends.set()

    assert await after == "next"
    assert await holds
    pool.shutdown()


async def test_all_pools_of_a_tenant_share_with_those_of_others():
    with Executors.open() as executors:
        ends = threading.Event()
        mine = executors.of("many")
        hanging = [
            asyncio.ensure_future(run_in(pool, ends.wait))
            for pool in (mine.disk, mine.cpu, mine.names)
            for _ in range(40)
        ]
        other = executors.of("one")

        async with asyncio.timeout(5):
            for pool in (other.disk, other.cpu, other.names):
                assert await run_in(pool, lambda: "done") == "done"

        ends.set()
        assert all(await asyncio.gather(*hanging))


async def test_what_work_raises_is_raised_where_it_is_awaited():
    def work() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await run_in(EXECUTORS.cpu, work)


async def test_pools_that_are_ended_take_no_work_and_cancel_what_waits():
    pool, ends = Threads("one", size=1), threading.Event()
    pool.submit(ends.wait)
    waiting = pool.submit(lambda: None)

    pool.shutdown()
    ends.set()

    assert waiting.cancelled()
    with pytest.raises(RuntimeError):
        pool.submit(lambda: None)


def test_work_that_hangs_does_not_keep_the_process():
    program = (
        "import asyncio, time\n"
        "from pattern_operator.executors import Executors, run_in\n"
        "async def main():\n"
        "    with Executors.open() as pools:\n"
        "        asyncio.ensure_future(run_in(pools.names, time.sleep, 60))\n"
        "        await asyncio.sleep(0.05)\n"
        "asyncio.run(main())\n"
    )

    subprocess.run([sys.executable, "-c", program], check=True, timeout=20)


def test_no_module_asks_for_the_default_executor():
    asking = []
    for path in Path(pattern_operator.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            by_default = node.func.attr == "run_in_executor" and ast.unparse(node.args[0]) == "None"
            if node.func.attr == "to_thread" or by_default:
                asking.append(f"{path}:{node.lineno}")

    assert not asking

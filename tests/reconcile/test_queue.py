"""The queue: one entry a key, one run of a key at a time, the earliest due time wins, fair shares of the workers."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.examples import examples

from pattern_operator.reconcile.queue import ASIDE, Queue, Run


@asynccontextmanager
async def working(queue: Queue[str], run: Run[str], *, concurrency: int = 2) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(queue.work(run, concurrency=concurrency))
    try:
        yield task
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


async def test_who_waits_for_a_worker_and_for_whom_runs_count_is_known():
    now, free = 0.0, asyncio.Event()
    queue = Queue[str](clock=lambda: now, lanes=lambda key: (key[0],))

    async def run(_: str) -> None:
        await free.wait()

    async with working(queue, run, concurrency=1):
        queue.add("a1")
        await asyncio.sleep(0.01)
        queue.add("a1")  # again, while it runs
        now = 3.0
        queue.add("b9")
        now = 4.0
        queue.add("b2")
        queue.add("b3", delay=60)
        now = 10.0

        assert queue.waiting(6) == ["b9", "b2"]
        assert queue.waiting(6.5) == ["b9"]
        assert queue.running_lanes == (("a",),)
        free.set()


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


ADDED = st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 20), st.integers(0, 3))


@settings(max_examples=examples(60))
@given(st.integers(1, 5), st.lists(ADDED, max_size=40))
def test_no_key_is_lost_none_runs_beside_itself_and_shares_hold_whatever_is_added_when(workers, added):
    """Keys of two tenants, added at any time, also while they run; each addition is followed by a run."""
    added_at: dict[str, int] = {}
    begun_at: dict[str, int] = {}
    running: list[str] = []
    moments = itertools.count()

    async def scenario() -> None:
        queue = Queue[str](clock=clock, lanes=lambda key: ("left" if key < "e" else "right", "host"))

        async def run(key: str) -> None:
            assert key not in running
            running.append(key)
            assert len(running) <= workers
            begun_at[key] = next(moments)
            await asyncio.sleep(0.001)
            running.remove(key)

        async with working(queue, run, concurrency=workers) as work:
            for key, delay, pause in added:
                queue.add(key, delay=delay / 10_000)
                added_at[key] = next(moments)
                if pause:
                    await asyncio.sleep(pause / 2_000)
            async with asyncio.timeout(5):
                while len(queue) or running:
                    assert not work.done()
                    await asyncio.sleep(0.001)

    asyncio.run(scenario())

    assert begun_at.keys() == added_at.keys()
    assert all(begun_at[key] > added_at[key] for key in added_at)


async def test_a_tenant_whose_runs_hang_leaves_workers_to_the_others():
    began: list[str] = []
    queue = Queue[str](clock=clock, lanes=lambda key: (key[0],))

    async def run(key: str) -> None:
        began.append(key)
        if key.startswith("h"):
            await asyncio.Event().wait()

    for number in range(40):
        queue.add(f"h{number}")
    async with working(queue, run, concurrency=8):
        await asyncio.sleep(0.02)
        hanging, share = queue.running, queue.largest_share
        for number in range(40):
            queue.add(f"g{number}")
        await asyncio.sleep(0.05)

    assert (hanging, share) == (6, 0.75)
    assert sum(key.startswith("g") for key in began) == 40


async def test_a_key_that_waits_for_its_share_runs_at_once_when_it_needs_none_any_more():
    """A pattern that waits for its turn at a registry that hangs is repaired without it."""
    began: list[str] = []
    asks = {f"k{number}": True for number in range(40)}
    queue = Queue[str](clock=clock, lanes=lambda key: (key, "hangs.example") if asks[key] else (key,))

    async def run(key: str) -> None:
        began.append(key)
        await asyncio.Event().wait()

    for key in asks:
        queue.add(key)
    async with working(queue, run, concurrency=32):
        await asyncio.sleep(0.02)
        waited = "k39" not in began
        asks["k39"] = False
        queue.add("k39")
        await asyncio.sleep(0.02)

    assert waited
    assert "k39" in began


async def test_nobody_is_woken_by_a_key_that_is_added_but_the_one_that_starts_runs():
    queue = Queue[str](clock=clock)
    wakings = 0

    class Counted(asyncio.Event):
        async def wait(self) -> Literal[True]:
            nonlocal wakings
            await super().wait()
            wakings += 1
            return True

    queue._changed = Counted()
    async with working(queue, collector([]), concurrency=32):
        await asyncio.sleep(0.01)
        wakings = 0
        queue.add("a", delay=60)
        await asyncio.sleep(0.01)

    assert wakings == 1


async def test_adding_a_key_over_and_over_keeps_the_queue_small():
    queue = Queue[int](clock=clock)

    for number in range(5_000):
        queue.add(0, delay=5_000 - number)

    assert len(queue._later) < 100


async def test_keys_that_were_added_over_and_over_run_when_they_are_due():
    ran, queue = list[int](), Queue[int](clock=clock)

    async def run(key: int) -> None:
        ran.append(key)

    keys, sooner = range(101), itertools.count()
    for key in sorted(keys, key=lambda each: each * 37 % 101):
        queue.add(key, delay=1_000 + key)
    for key in sorted(keys, key=lambda each: each * 53 % 101):
        queue.add(key, delay=500 + key)
        for _ in range(4):
            queue.add(100, delay=499 - next(sooner) / 1_000)
    work = asyncio.create_task(queue.work(run, concurrency=1))
    await asyncio.sleep(500 + 50.5)
    half = list(ran)
    await asyncio.sleep(1_000)
    work.cancel()
    await asyncio.wait({work})

    assert half == [100, *range(51)]
    assert ran == [100, *range(100)]
    assert work.cancelled()


def test_thousands_of_keys_are_added_and_taken_in_logarithmic_time():
    """Time a key, with 500 and with 8,000 keys: it must not grow as the number does."""

    def seconds_a_key(count: int) -> float:
        queue = Queue[int](clock=lambda: 0.0, lanes=lambda key: (f"tenant {key % 500}", f"host {key % 20}"))
        begun = time.process_time()
        for key in range(count):
            queue.add(key)
        queue._take_due()
        for _ in range(count):
            taken = queue._take()
            assert taken is not None
            queue._running.pop(taken.key)
            queue._line.give_back(taken.lanes)
        return (time.process_time() - begun) / count

    def least(count: int) -> float:
        return min(seconds_a_key(count) for _ in range(5))  # other work of the machine makes it slower, never faster

    assert least(8_000) < 5 * least(500)


async def test_the_work_ends_when_it_is_cancelled_although_a_run_turns_that_into_an_error():
    queue, begun, ran = Queue[str](clock=clock), asyncio.Event(), list[str]()

    async def run(key: str) -> None:
        ran.append(key)
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ValueError(key) from None

    queue.add("a")
    work = asyncio.create_task(queue.work(run, concurrency=1))
    await begun.wait()
    work.cancel()
    await asyncio.wait({work}, timeout=5)
    queue.add("b")
    await asyncio.sleep(0.01)

    assert work.cancelled()
    assert ran == ["a"]


async def test_a_run_that_raises_ends_the_work_with_its_error():
    queue = Queue[str](clock=clock)

    async def run(key: str) -> None:
        raise ValueError(key)

    queue.add("a")
    async with working(queue, run) as work:
        await asyncio.wait({work}, timeout=5)

        assert work.done()
        assert str(work.exception()) == "a"
        work.cancel()


async def test_a_run_that_waits_outside_for_long_has_no_worker_until_it_goes_on():
    answer, order = asyncio.Event(), list[str]()
    queue = Queue[str](clock=clock, lanes=lambda key: (key[0],))

    async def run(key: str) -> None:
        if key == "slow":
            async with queue.aside(key, 0.01):
                order.append("waits")
                await answer.wait()
        order.append(key)

    queue.add("slow")
    async with working(queue, run, concurrency=1):
        await asyncio.sleep(0.05)
        beside = (queue.running, queue.aside_count, queue.running_lanes)
        queue.add("quick")
        await asyncio.sleep(0.02)
        answer.set()
        await asyncio.sleep(0.02)

    assert beside == (1, 1, ())
    assert order == ["waits", "quick", "slow"]
    assert queue._line.free == 1


async def test_a_run_that_is_done_outside_soon_keeps_its_worker():
    order = list[str]()
    queue = Queue[str](clock=clock, lanes=lambda key: (key[0],))

    async def run(key: str) -> None:
        async with queue.aside(key, 5):
            await asyncio.sleep(0.01)
        order.append(key)

    for key in ("a", "b"):
        queue.add(key)
    async with working(queue, run, concurrency=1):
        await asyncio.sleep(0.1)

    assert order == ["a", "b"]


async def test_however_many_namespaces_wait_outside_for_ever_a_new_one_is_served_soon():
    """Each of them with more patterns than there are places aside; what gives way is told so."""
    gave_way, ran = list[str](), asyncio.Event()
    queue = Queue[str](clock=clock, lanes=lambda key: (key.partition("/")[0], key))

    async def run(key: str) -> float | None:
        if key == "guest/new":
            ran.set()
            return None
        async with queue.aside(key, 0.01) as gives_way:
            await gives_way.wait()
            gave_way.append(key)
        return 0.02

    for number in range(200):
        queue.add(f"hog{number % 20}/{number}")
    async with working(queue, run, concurrency=4):
        await asyncio.sleep(0.2)
        assert queue.aside_count <= (ASIDE + 1) * 4
        begun = clock()
        queue.add("guest/new")
        async with asyncio.timeout(2):
            await ran.wait()

    assert clock() - begun < 0.5
    assert gave_way
    assert queue._line.free == 4


async def test_of_one_namespace_alone_no_run_gives_way():
    gave_way = list[str]()
    queue = Queue[str](clock=clock, lanes=lambda _: ("only",))

    async def run(key: str) -> None:
        async with queue.aside(key, 0.01) as gives_way:
            await gives_way.wait()
            gave_way.append(key)

    for number in range(50):
        queue.add(str(number))
    async with working(queue, run, concurrency=4):
        await asyncio.sleep(0.1)
        waiting = queue.aside_count

    assert waiting == ASIDE * 4
    assert gave_way == []


async def test_a_run_that_fails_outside_or_is_cancelled_there_leaves_no_worker_taken():
    queue = Queue[str](clock=clock, lanes=lambda key: (key,))
    failed = list[str]()

    async def run(key: str) -> None:
        try:
            async with queue.aside(key, 0.0):
                await asyncio.sleep(0.03)
                if key == "fails":
                    raise ValueError(key)
                await asyncio.Event().wait()
        except ValueError:
            failed.append(key)

    for key in ("fails", "hangs"):
        queue.add(key)
    async with working(queue, run, concurrency=2):
        await asyncio.sleep(0.1)

    assert failed == ["fails"]
    assert (queue._line.free, queue.running, len(queue._aside)) == (2, 0, 0)


async def test_a_run_that_waits_outside_for_two_things_has_no_worker_until_both_are_there():
    first, second = asyncio.Event(), asyncio.Event()
    queue = Queue[str](clock=clock, lanes=lambda key: (key,))
    seen = list[tuple[int, int]]()

    async def wait(event: asyncio.Event) -> None:
        async with queue.aside("a", 0.0):
            await event.wait()
        seen.append((queue.aside_count, len(queue.running_lanes)))

    async def run(_: str) -> None:
        await asyncio.gather(wait(first), wait(second))

    queue.add("a")
    async with working(queue, run, concurrency=1):
        await asyncio.sleep(0.01)
        first.set()
        await asyncio.sleep(0.01)
        second.set()
        await asyncio.sleep(0.01)

    assert seen == [(1, 0), (0, 1)]
    assert (queue._line.free, queue.running, len(queue._aside)) == (1, 0, 0)


async def test_who_comes_to_wait_outside_where_one_namespace_has_all_places_lets_its_longest_wait_give_way():
    gave_way = list[str]()
    queue = Queue[str](clock=clock, lanes=lambda key: (key.partition("/")[0], key))

    async def run(key: str) -> None:
        async with queue.aside(key, 0.0) as gives_way:
            await gives_way.wait()
            gave_way.append(key)

    async with working(queue, run, concurrency=1):
        for number in range(ASIDE):
            queue.add(f"hog/{number}")
            await asyncio.sleep(0.002)
        before = (queue.aside_count, list(gave_way))
        queue.add("guest/0")
        await asyncio.sleep(0.02)

    assert before == (ASIDE, [])
    assert gave_way == ["hog/0"]


async def done() -> None:
    return


async def fails() -> None:
    raise ValueError


async def is_cut_short() -> None:
    raise asyncio.CancelledError


@pytest.mark.parametrize("first", [done, fails, is_cut_short])
async def test_what_ended_outside_soon_takes_no_worker_from_what_the_run_does_after_that(
    first: Callable[[], Awaitable[None]],
):
    queue = Queue[str](clock=clock, lanes=lambda key: (key,))
    seen = list[int]()

    async def run(key: str) -> None:
        with contextlib.suppress(ValueError, asyncio.CancelledError):
            async with queue.aside(key, 0.01):
                await first()
        async with queue.aside(key, 60):
            await asyncio.sleep(0.03)
            seen.append(queue.aside_count)

    queue.add("a")
    async with working(queue, run, concurrency=1):
        await asyncio.sleep(0.06)

    assert seen == [0]


async def test_who_tells_of_what_failed_outside_has_a_worker_again():
    queue = Queue[str](clock=clock, lanes=lambda key: (key,))
    seen = list[tuple[int, int]]()

    async def run(key: str) -> None:
        try:
            async with queue.aside(key, 0.0):
                await asyncio.sleep(0.01)
                raise ValueError(key)
        except ValueError:
            seen.append((queue.aside_count, len(queue.running_lanes)))

    queue.add("a")
    async with working(queue, run, concurrency=1):
        await asyncio.sleep(0.03)

    assert seen == [(0, 1)]


async def test_after_a_wait_outside_that_was_cancelled_the_next_one_ends_with_a_worker_too():
    """As a run does whose time is over, and which looks after what runs then."""
    queue = Queue[str](clock=clock, lanes=lambda key: (key,))
    seen = list[tuple[int, int]]()

    async def wait(key: str) -> None:
        async with queue.aside(key, 60):
            await asyncio.Event().wait()

    async def run(key: str) -> None:
        cut_short = asyncio.create_task(wait(key))
        await asyncio.sleep(0.01)
        cut_short.cancel()
        await asyncio.wait({cut_short})
        async with queue.aside(key, 0.0):
            await asyncio.sleep(0.01)
            seen.append((queue.aside_count, len(queue.running_lanes)))
        seen.append((queue.aside_count, len(queue.running_lanes)))

    queue.add("a")
    async with working(queue, run, concurrency=1):
        await asyncio.sleep(0.05)

    assert seen == [(1, 0), (0, 1)]


async def test_who_waited_outside_for_long_has_had_its_time_when_it_waits_for_a_worker_again():
    answer, free, order = asyncio.Event(), asyncio.Event(), list[str]()
    queue = Queue[str](clock=clock, lanes=lambda key: (key.partition("/")[0],))

    async def run(key: str) -> None:
        if key == "slow/0":
            async with queue.aside(key, 0.0):
                await answer.wait()
        elif key == "busy/0":
            await free.wait()
        order.append(key)

    async with working(queue, run, concurrency=1):
        for key in ("quick/0", "slow/0"):
            queue.add(key)
            await asyncio.sleep(0.01)
        queue.add("busy/0")
        await asyncio.sleep(10)
        answer.set()
        await asyncio.sleep(0.01)
        queue.add("quick/1")
        free.set()
        await asyncio.sleep(0.01)

    assert order == ["quick/0", "busy/0", "quick/1", "slow/0"]


async def test_a_run_that_has_its_answer_and_waits_for_a_worker_is_not_the_one_that_gives_way():
    answer, free, gave_way = asyncio.Event(), asyncio.Event(), list[str]()
    queue = Queue[str](clock=clock, lanes=lambda key: (key.partition("/")[0],))

    async def run(key: str) -> None:
        if key == "busy/0":
            await free.wait()
            return
        async with queue.aside(key, 0.0) as gives_way:
            await (answer if key == "hog/0" else gives_way).wait()
            if gives_way.is_set():
                gave_way.append(key)
            await asyncio.sleep(60)

    async with working(queue, run, concurrency=1):
        for key in ("hog/0", "hog/1", "busy/0"):
            queue.add(key)
            await asyncio.sleep(0.01)
        answer.set()
        await asyncio.sleep(100)  # its answer is there, and it waits for its worker
        queue.add("guest/0")
        free.set()
        await asyncio.sleep(0.01)

    assert gave_way == ["hog/1"]


async def test_a_run_for_which_there_was_no_place_outside_goes_there_as_soon_as_one_leaves():
    leave, began, gave_way = {"a": asyncio.Event()}, list[str](), list[str]()
    queue = Queue[str](clock=clock, lanes=lambda _: ("only",))

    async def wait(key: str) -> None:
        async with queue.aside(key, 0.0) as gives_way:
            await gives_way.wait()
            gave_way.append(key)

    async def run(key: str) -> None:
        began.append(key)
        waiting = asyncio.create_task(wait(key))
        await leave.get(key, asyncio.Event()).wait()
        waiting.cancel()
        await asyncio.wait({waiting})

    async with working(queue, run, concurrency=1):
        for key in "abcd":
            queue.add(key)
            await asyncio.sleep(0.01)
        without = list(began)
        leave["a"].set()
        await asyncio.sleep(0.01)

    assert without == ["a", "b", "c"]
    assert began == ["a", "b", "c", "d"]
    assert gave_way == []


async def test_a_run_that_has_its_answer_keeps_the_worker_for_which_there_was_no_place_outside():
    leave, queue = asyncio.Event(), Queue[str](clock=clock, lanes=lambda _: ("only",))

    async def wait(key: str) -> None:
        async with queue.aside(key, 0.0):
            await asyncio.Event().wait()

    async def run(key: str) -> None:
        if key == "c":
            async with queue.aside(key, 0.0):
                await asyncio.sleep(0.01)
            leave.set()
            await asyncio.sleep(60)
            return
        waiting = asyncio.create_task(wait(key))
        await leave.wait()
        waiting.cancel()
        await asyncio.wait({waiting})

    async with working(queue, run, concurrency=1):
        for key in "abc":
            queue.add(key)
            await asyncio.sleep(0.005)
        await asyncio.sleep(1)  # the others are gone, and there is room for it

        assert (queue.running, queue.aside_count, len(queue.running_lanes)) == (1, 0, 1)


async def test_who_has_no_place_outside_gives_way_to_a_flow_that_waits_already():
    told, queue = list[str](), Queue[str](clock=clock, lanes=lambda key: (key[0],))

    async def run(key: str) -> None:
        async with queue.aside(key, 1.0 if key == "a2" else 0.0) as gives_way:
            await gives_way.wait()
            told.append(key)

    async with working(queue, run, concurrency=1):
        for key in ("a0", "a1", "a2", "g0"):
            queue.add(key)
            await asyncio.sleep(0.01)
        before = list(told)
        await asyncio.sleep(2)

    assert (before, told[:1]) == ([], ["a2"])


async def test_a_run_that_gave_way_may_wait_outside_once_more():
    again, queue = list[bool](), Queue[str](clock=clock, lanes=lambda key: (key[0],))

    async def run(key: str) -> None:
        async with queue.aside(key, 0.0) as gives_way:
            await gives_way.wait()
        async with queue.aside(key, 60) as gives_way:
            again.append(gives_way.is_set())

    async with working(queue, run, concurrency=1):
        for key in ("a0", "a1", "g0"):
            queue.add(key)
            await asyncio.sleep(0.01)
        await asyncio.sleep(1)

    assert again[:1] == [False]


async def test_of_flows_that_wait_the_one_that_has_worked_for_less_time_goes_first():
    order, free, lasts = list[str](), asyncio.Event(), {"a0": 10.0, "b0": 1.0}
    queue = Queue[str](clock=clock, lanes=lambda key: (key[0],))

    async def run(key: str) -> None:
        order.append(key)
        if key == "x0":
            await free.wait()
        await asyncio.sleep(lasts.get(key, 0.0))

    async with working(queue, run, concurrency=1):
        for key in ("a0", "b0", "x0"):
            queue.add(key)
            await asyncio.sleep(100)
        for key in ("a1", "b1"):
            queue.add(key)
        free.set()
        await asyncio.sleep(1)

    assert order == ["a0", "b0", "x0", "b1", "a1"]


async def test_of_runs_that_have_their_answers_the_one_that_waited_for_less_time_goes_on_first():
    order, outside, works = list[str](), {"a0": 10.0, "b0": 1.0}, {"x0": 99.0, "y0": 100.0}
    queue = Queue[str](clock=clock, lanes=lambda key: (key[0],))

    async def run(key: str) -> None:
        if key in outside:
            async with queue.aside(key, 0.0):
                await asyncio.sleep(outside[key])
        await asyncio.sleep(works.get(key, 0.0))
        order.append(key)

    async with working(queue, run, concurrency=1):
        for key, pause in (("a0", 1), ("x0", 50), ("b0", 1), ("y0", 200)):
            queue.add(key)
            await asyncio.sleep(pause)

    assert order == ["x0", "y0", "b0", "a0"]


async def test_of_the_runs_that_wait_outside_with_workers_those_of_who_holds_most_end_as_many_as_flows_wait():
    told, queue = list[str](), Queue[str](clock=clock, lanes=lambda key: (key[0], f"host of {key}"))

    async def run(key: str) -> None:
        await asyncio.sleep(0.02 if key == "a3" else 0.0)
        async with queue.aside(key, 0.0) as gives_way:
            await gives_way.wait()
            told.append(key)
            await asyncio.sleep(60)  # it takes its time

    async def told_once_these_wait(*keys: str) -> list[str]:
        for key in keys:
            queue.add(key)
        await asyncio.sleep(0.01)
        return list(told)

    async with working(queue, run, concurrency=3):
        for key in ("a0", "b0", "a1", "b1", "a2", "b2", "b3", "a3", "a4"):
            queue.add(key)
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        before = queue.aside_count, list(told)
        one = await told_once_these_wait("g0")
        same = await told_once_these_wait("g1")
        more = await told_once_these_wait("h0", "i0")

    assert before == (3 * ASIDE, [])
    assert (one, same, more) == (["a4"], ["a4"], ["a4", "a3", "b3"])


async def waits_aside(queue: Queue[str], key: str, answer: asyncio.Event) -> None:
    """As a run waits for a registry."""
    async with queue.aside(key, 0.0):
        await answer.wait()


async def test_a_run_that_is_cancelled_while_it_waits_for_its_worker_waits_no_longer():
    answer, returning, queue = asyncio.Event(), list[asyncio.Task[None]](), Queue[str](clock=clock)

    async def run(key: str) -> None:
        if key == "busy":
            await asyncio.Event().wait()
        returning.append(asyncio.create_task(waits_aside(queue, key, answer)))
        await asyncio.wait(returning)

    async with working(queue, run, concurrency=1):
        for key in ("a", "busy"):
            queue.add(key)
            await asyncio.sleep(0.01)
        answer.set()
        await asyncio.sleep(0.01)
        waiting = len(queue._line)
        returning[0].cancel()
        await asyncio.sleep(0.01)

        assert (waiting, len(queue._line)) == (1, 0)


async def test_a_worker_for_a_run_that_is_cancelled_in_the_same_moment_is_free_for_others():
    answer, free, returning, queue = (
        asyncio.Event(),
        asyncio.Event(),
        list[asyncio.Task[None]](),
        Queue[str](clock=clock),
    )

    async def run(key: str) -> None:
        if key == "busy":
            await free.wait()
            loop = asyncio.get_running_loop()
            loop.call_soon(lambda: loop.call_soon(returning[0].cancel))  # just before the worker is given on
            return
        returning.append(asyncio.create_task(waits_aside(queue, key, answer)))
        await asyncio.wait(returning)

    async with working(queue, run, concurrency=1):
        for key in ("a", "busy"):
            queue.add(key)
            await asyncio.sleep(0.01)
        answer.set()
        await asyncio.sleep(0.01)
        free.set()
        await asyncio.sleep(0.01)

    assert (queue._line.free, queue.running) == (1, 0)


async def test_a_run_that_is_cancelled_outside_does_not_go_on():
    queue = Queue[str](clock=clock, lanes=lambda key: (key,))
    went_on = list[str]()

    async def run(key: str) -> None:
        async with queue.aside(key, 0.0):
            await asyncio.Event().wait()
        went_on.append(key)

    queue.add("a")
    async with working(queue, run, concurrency=1):
        await asyncio.sleep(0.01)

    assert went_on == []


async def test_whom_a_key_counts_for_is_asked_again_when_it_is_its_turn():
    whose, free = {"a": "one"}, asyncio.Event()
    queue = Queue[str](clock=clock, lanes=lambda key: (whose.get(key, key),))
    seen = list[tuple[object, ...]]()

    async def run(key: str) -> None:
        seen.append(queue.running_lanes)
        if key == "first":
            await free.wait()

    queue.add("first")
    async with working(queue, run, concurrency=1):
        await asyncio.sleep(0.01)
        queue.add("a")
        await asyncio.sleep(0.01)
        whose["a"] = "another"
        free.set()
        await asyncio.sleep(0.01)

    assert seen == [(("first",),), (("another",),)]
    assert queue._line.free == 1


def collector(ran: list[str]) -> Run[str]:
    async def run(key: str) -> None:
        ran.append(key)

    return run


def test_what_waits_for_a_worker_and_for_how_long_is_known_by_when_it_is_due():
    now = 0.0
    queue = Queue[str](clock=lambda: now)
    before = (queue.overdue, queue.oldest)
    queue.add("a")
    queue.add("b", delay=5)
    at_once = (queue.overdue, queue.oldest)
    now = 5.0
    later = (queue.overdue, queue.oldest)

    assert (before, at_once, later) == ((0, 0.0), (1, 0.0), (2, 5.0))


async def test_a_key_that_runs_waits_for_no_worker():
    now, free = 0.0, asyncio.Event()
    queue = Queue[str](clock=lambda: now)

    async def run(_: str) -> None:
        await free.wait()

    queue.add("a")
    async with working(queue, run, concurrency=1):
        await asyncio.sleep(0.01)
        queue.add("a")  # again, while it runs
        now = 3.0
        queue.add("b")
        now = 7.0

        assert (queue.overdue, queue.oldest, queue.running) == (2, 4.0, 1)
        free.set()

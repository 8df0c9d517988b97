"""Deadlines: work that takes too long ends, whole, with an error that says what it waited for."""

import asyncio
import gc
import inspect
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.reconcile.pattern import pattern

from pattern_operator.api.reason import Reason
from pattern_operator.api.stage import Stage
from pattern_operator.errors import Stalled, Transient
from pattern_operator.reconcile.deadline import (
    AFTER_GIVING_WAY,
    BRIEF,
    PROMPT,
    Beside,
    Ending,
    RegistryTimeout,
    Superseded,
    once_it_lasts,
    overrun,
    whenever,
    within,
)


def late() -> Transient:
    return overrun(Stage.APPLY, seconds=5)


def clock() -> float:
    return asyncio.get_running_loop().time()


async def test_work_that_is_done_in_time_gives_its_result():
    async def work() -> int:
        return 7

    assert await within(1, work(), late=late) == 7


async def test_an_error_of_the_work_is_the_error():
    async def work() -> None:
        raise Stalled(reason=Reason.ACCESS_DENIED, message="no")

    with pytest.raises(Stalled, match="no"):
        await within(1, work(), late=late)


async def test_a_timeout_inside_the_work_is_not_a_deadline_of_the_run():
    async def work() -> None:
        raise TimeoutError("theirs")

    with pytest.raises(TimeoutError, match="theirs"):
        await within(1, work(), late=late)


async def test_work_that_somebody_else_cancelled_is_cancelled_and_not_late():
    async def work() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await within(1, work(), late=late)


async def test_work_that_takes_too_long_is_ended_before_its_error_is_raised():
    ended = False

    async def work() -> None:
        nonlocal ended
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            ended = True

    with pytest.raises(Transient) as error:
        await within(0.01, work(), late=late)

    assert ended
    assert error.value.reason is Reason.RUN_TIMEOUT
    assert error.value.message.startswith("apply: the run was not done within 5 s")


async def test_task_groups_inside_end_with_the_deadline_whatever_their_tasks_raise_then():
    async def stubborn() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError("at the end")

    async def work() -> None:
        async with asyncio.TaskGroup() as outer:
            outer.create_task(stubborn())
            async with asyncio.TaskGroup() as inner:
                inner.create_task(stubborn())

    with pytest.raises(Transient):
        await within(0.01, work(), late=late)
    await asyncio.sleep(0.02)  # nothing of a cancellation is left over for whoever waited


async def test_who_is_cancelled_while_it_waits_is_cancelled_and_so_is_the_work():
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    waiting = asyncio.create_task(within(60, work(), late=late))
    await asyncio.sleep(0.01)
    waiting.cancel()
    await asyncio.wait({waiting})

    assert waiting.cancelled()
    assert ended.is_set()


async def test_the_patience_with_a_registry_is_one_for_all_that_is_asked_of_it():
    async def trickle() -> None:
        await asyncio.sleep(0.06)

    timeout = RegistryTimeout.of(pattern(), 0.1, clock=clock)
    await timeout.wait(trickle(), stage=Stage.SOURCE)

    with pytest.raises(Transient) as error:
        await timeout.wait(trickle(), stage=Stage.VERIFY)

    assert error.value.message.startswith("verify: registry.example has not given all")
    assert "see whether the registry" in error.value.message


async def test_what_happens_while_a_registry_is_waited_for_is_acted_on_at_once_and_changes_no_deadline():
    happened, acted = asyncio.Event(), list[float]()
    begun = clock()

    async def act() -> None:
        acted.append(clock() - begun)

    async def hangs() -> None:
        await asyncio.Event().wait()

    for moment in (0.02, 0.06):
        asyncio.get_running_loop().call_later(moment, happened.set)
    timeout = RegistryTimeout.of(pattern(), 0.15, clock=clock, beside=Beside(happened, act))
    with pytest.raises(Transient):
        await timeout.wait(hangs(), stage=Stage.SOURCE)

    assert [round(moment, 1) for moment in acted] == [0.0, 0.1]
    assert 0.14 < clock() - begun < 0.5


async def test_work_that_is_done_in_time_gives_its_result_whatever_happens_beside():
    happened = asyncio.Event()
    happened.set()

    async def act() -> None:
        await asyncio.sleep(0.01)

    async def work() -> int:
        return 7

    assert await within(1, work(), late=late, beside=Beside(happened, act)) == 7


@pytest.mark.parametrize("moment", [0.0, 0.03], ids=["before it is waited for", "meanwhile"])
async def test_work_that_nobody_wants_any_more_is_ended_at_once_and_whole(moment: float):
    happened, changed, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    def change() -> None:
        changed.set()
        happened.set()

    async def act() -> None:
        pytest.fail("there was nothing to act on")

    async def hangs() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            ended.set()

    if moment:
        asyncio.get_running_loop().call_later(moment, change)
    else:
        change()
        ended.set()  # it never began
    begun, timeout = (
        clock(),
        RegistryTimeout.of(pattern(), 30, clock=clock, beside=Beside(happened, act, changed.is_set)),
    )
    with pytest.raises(Superseded):
        await within(60, timeout.wait(hangs(), stage=Stage.SOURCE), late=late)

    assert ended.is_set()
    assert clock() - begun < 1


async def test_who_is_cancelled_is_cancelled_although_nobody_wants_the_work_any_more():
    happened, changed, ending = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def act() -> None:
        pytest.fail("there was nothing to act on")

    async def ends_slowly() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ending.set()
            await asyncio.sleep(0.05)

    waiting = asyncio.create_task(within(60, ends_slowly(), late=late, beside=Beside(happened, act, changed.is_set)))
    await asyncio.sleep(0.01)
    changed.set()
    happened.set()
    await ending.wait()
    waiting.cancel()
    await asyncio.wait({waiting})

    assert waiting.cancelled()


async def test_work_that_was_done_is_used_although_something_else_was_asked_meanwhile():
    changed = asyncio.Event()

    async def act() -> None:
        pytest.fail("there was nothing to act on")

    async def work() -> int:
        changed.set()
        return 7

    assert await within(1, work(), late=late, beside=Beside(asyncio.Event(), act, changed.is_set)) == 7


async def test_a_run_that_waited_for_connections_most_of_its_time_calls_no_registry_slow():
    timeout = RegistryTimeout.of(pattern(), 1.5, clock=clock)

    async def waits() -> None:
        timeout.waits.begin("registry.example:443")
        try:
            await asyncio.Event().wait()
        finally:
            timeout.waits.end()

    with pytest.raises(Transient) as error:
        await timeout.wait(waits(), stage=Stage.SOURCE)

    assert error.value.reason is Reason.RUN_TIMEOUT
    assert "waited 2 s for a free connection to registry.example:443" in error.value.message
    assert "slow." not in error.value.message


async def test_half_of_its_time_in_which_a_run_waited_for_a_connection_is_as_much_as_most_of_it():
    timeout = RegistryTimeout.of(pattern(), 2, clock=clock)
    timeout.waits.begin("registry.example:443")
    asyncio.get_running_loop().call_later(1, timeout.waits.end)

    with pytest.raises(Transient, match=r"because .*waited 1 s for a free") as error:
        await timeout.wait(asyncio.sleep(60), stage=Stage.SOURCE)

    assert "slow." not in error.value.message


async def test_a_run_whose_registry_is_slow_says_so_and_what_it_waited_for_beside():
    timeout = RegistryTimeout.of(pattern(), 3, clock=clock)
    timeout.waits.begin("registry.example:443")
    asyncio.get_running_loop().call_later(1.2, timeout.waits.end)

    with pytest.raises(Transient) as error:
        await timeout.wait(asyncio.sleep(60), stage=Stage.SOURCE)

    assert "see whether the registry, or the network between, is slow" in error.value.message
    assert "waited 1 s for a free connection" in error.value.message


async def test_a_run_gives_way_when_it_is_told_to_and_rests_before_it_comes_again():
    gives_way, ended = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def aside(_: float) -> AsyncIterator[asyncio.Event]:
        yield gives_way

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    asyncio.get_running_loop().call_later(0.01, gives_way.set)
    with pytest.raises(Transient, match="the run gave way to them") as error:
        await RegistryTimeout.of(pattern(), 60, clock=clock, aside=aside).wait(hang(), stage=Stage.SOURCE)

    assert ended.is_set()
    assert error.value.reason is Reason.RUN_TIMEOUT
    assert error.value.retry_after == AFTER_GIVING_WAY


async def fail_late() -> None:
    """Fail while it is cancelled."""
    try:
        await asyncio.Event().wait()
    finally:
        raise Transient(reason=Reason.REGISTRY_UNAVAILABLE, message="at the end")


async def test_an_error_in_the_moment_in_which_the_patience_ends_is_left_to_nobody():
    stray = list[dict[str, object]]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: stray.append(context))

    with pytest.raises(Transient):
        await RegistryTimeout.of(pattern(), 0.01, clock=clock).wait(fail_late(), stage=Stage.SOURCE)
    gc.collect(1)
    await asyncio.sleep(0)

    assert stray == []


async def test_an_error_in_the_moment_in_which_the_caller_is_cancelled_is_left_to_nobody():
    stray = list[dict[str, object]]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: stray.append(context))

    waiting = asyncio.create_task(within(60, fail_late(), late=late))
    await asyncio.sleep(0.01)
    waiting.cancel()
    await asyncio.wait({waiting})
    is_cancelled = waiting.cancelled()
    del waiting
    gc.collect(1)
    await asyncio.sleep(0)

    assert is_cancelled
    assert stray == []


async def test_what_happens_in_the_first_moment_is_not_acted_on_where_the_work_is_done_by_then():
    happened = asyncio.Event()

    async def act() -> None:
        pytest.fail("the work is about to be done")

    async def work() -> int:
        await asyncio.sleep(BRIEF / 2)
        return 7

    asyncio.get_running_loop().call_later(BRIEF / 10, happened.set)

    assert await within(60, work(), late=late, beside=Beside(happened, act)) == 7


async def test_an_ending_that_was_asked_for_before_the_work_began_ends_it_at_once():
    asked, begun = asyncio.Event(), clock()
    asked.set()
    given = Transient(reason=Reason.RUN_TIMEOUT, message="gave way")

    async def hangs() -> None:
        await asyncio.Event().wait()

    with pytest.raises(Transient, match="gave way"):
        await within(60, hangs(), late=late, ending=Ending(asked, lambda: given))

    assert clock() == begun


async def test_what_had_happened_before_the_work_began_is_done_beside_it():
    happened, acted = asyncio.Event(), asyncio.Event()
    happened.set()

    async def act() -> None:
        acted.set()

    async def work() -> int:
        await acted.wait()
        return 7

    begun = clock()
    assert await within(60, work(), late=late, beside=Beside(happened, act)) == 7
    assert clock() == begun


async def test_work_that_nobody_wants_when_it_begins_is_ended_before_anything_is_waited_for():
    async def act() -> None:
        pytest.fail("there was nothing to act on")

    begun = clock()
    with pytest.raises(Superseded):
        await within(60, asyncio.sleep(30), late=late, beside=Beside(asyncio.Event(), act, lambda: True))

    assert clock() == begun


async def test_nothing_that_waited_beside_the_work_is_left_when_it_ends():
    async def act() -> None:
        pytest.fail("there was nothing to act on")

    ending = Ending(asyncio.Event(), late)
    await within(60, asyncio.sleep(1), late=late, beside=Beside(asyncio.Event(), act), ending=ending)
    await asyncio.sleep(0)

    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_run_keeps_its_worker_for_a_moment_of_all_that_it_waits_for_together():
    prompt = list[float]()

    @asynccontextmanager
    async def aside(seconds: float) -> AsyncIterator[asyncio.Event]:
        prompt.append(seconds)
        yield asyncio.Event()

    timeout = RegistryTimeout.of(pattern(), 60, clock=clock, aside=aside)
    for each in (PROMPT / 2, PROMPT, 0.0):
        await timeout.wait(asyncio.sleep(each), stage=Stage.SOURCE)

    assert prompt == pytest.approx([PROMPT, PROMPT / 2, 0.0])


async def test_work_that_never_begins_because_the_run_is_cut_short_is_closed():
    @asynccontextmanager
    async def aside(_: float) -> AsyncIterator[asyncio.Event]:
        raise LookupError
        yield asyncio.Event()

    work = asyncio.sleep(1)
    with pytest.raises(LookupError):
        await RegistryTimeout.of(pattern(), 60, clock=clock, aside=aside).wait(work, stage=Stage.SOURCE)

    assert inspect.getcoroutinestate(work) == inspect.CORO_CLOSED


async def test_what_does_not_last_says_nothing():
    said = list[str]()

    async def act() -> None:
        said.append("it lasts")

    async with once_it_lasts(1.0, act):
        await asyncio.sleep(0)
    await asyncio.sleep(2.0)

    assert said == []


async def test_what_lasts_is_said_once_and_that_has_an_end_before_the_block_has():
    begun, said = asyncio.Event(), list[str]()

    async def act() -> None:
        begun.set()
        await asyncio.sleep(0.01)
        said.append("it lasts")

    async with once_it_lasts(0.0, act):
        await begun.wait()

    assert said == ["it lasts"]


async def test_what_is_cut_short_does_not_wait_for_what_is_said():
    begun = asyncio.Event()

    async def act() -> None:
        begun.set()
        await asyncio.Event().wait()

    async def fail() -> None:
        async with once_it_lasts(0.0, act):
            await begun.wait()
            raise LookupError

    with pytest.raises(LookupError):
        await asyncio.wait_for(fail(), 5.0)


async def test_each_time_that_something_happens_during_a_block_is_acted_upon_and_none_after_it():
    happened, acted, count = asyncio.Event(), asyncio.Event(), 0

    async def act() -> None:
        nonlocal count
        count += 1
        acted.set()

    async with whenever(happened, act):
        for number in (1, 2):
            happened.set()
            await acted.wait()
            acted.clear()
            assert (count, happened.is_set()) == (number, False)
    happened.set()
    await asyncio.sleep(0)

    assert count == 2


async def test_what_is_acted_upon_does_not_hold_up_the_end_of_the_block():
    happened, begun = asyncio.Event(), asyncio.Event()

    async def act() -> None:
        begun.set()
        await asyncio.Event().wait()

    async def block() -> None:
        async with whenever(happened, act):
            happened.set()
            await begun.wait()

    await asyncio.wait_for(block(), 5.0)

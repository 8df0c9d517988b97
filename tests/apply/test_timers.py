import asyncio

from pattern_operator.apply.timers import Timers
from pattern_operator.internal_errors import InternalErrors


async def test_a_call_is_made_when_it_is_due_and_is_forgotten_then():
    timers, called = Timers(InternalErrors()), asyncio.Event()

    timers.set("a", 0.0, called.set)
    assert "a" in timers
    async with asyncio.timeout(5):
        await called.wait()

    assert len(timers) == 0


async def test_a_second_call_for_a_key_takes_the_place_of_the_first():
    timers, told = Timers(InternalErrors()), list[str]()

    timers.set("a", 0.0, told.append, "first")
    timers.set("a", 0.0, told.append, "second")
    await asyncio.sleep(0.01)

    assert told == ["second"]


async def test_a_call_that_is_taken_back_is_not_made():
    timers, told = Timers(InternalErrors()), list[str]()

    timers.set("a", 0.0, told.append, "a")
    timers.set("b", 0.0, told.append, "b")
    timers.cancel("a")
    timers.cancel("never set")
    await asyncio.sleep(0.01)

    assert told == ["b"]


async def test_after_the_end_nothing_is_called_and_nothing_is_set():
    timers, told = Timers(InternalErrors()), list[str]()

    timers.set("a", 0.0, told.append, "a")
    timers.close()
    timers.set("b", 0.0, told.append, "b")
    await asyncio.sleep(0.01)

    assert told == []
    assert len(timers) == 0


async def test_a_call_that_fails_is_counted_and_costs_itself_only():
    counted, told = list[str](), list[str]()
    timers = Timers(InternalErrors(counted.append))

    def fail() -> None:
        raise TypeError("a defect")

    timers.set("a", 0.0, fail)
    timers.set("b", 0.0, told.append, "b")
    await asyncio.sleep(0.01)

    assert counted == ["timer"]
    assert told == ["b"]

"""Nothing that happens between a look and the wait that follows from it is lost, and nobody is woken for nothing."""

import asyncio

import pytest

from pattern_operator.reconcile import PatternKey, subscriptions
from pattern_operator.reconcile.subscriptions import Subscriptions

ONE, TWO = PatternKey("team", "one"), PatternKey("team", "two")


@pytest.fixture
def woken() -> list[PatternKey]:
    return []


@pytest.fixture
def made(woken: list[PatternKey]) -> Subscriptions:
    return Subscriptions(wake=woken.append)


def test_who_waits_for_it_is_woken_and_nobody_else(made: Subscriptions, woken):
    made.wait(ONE, {"a", "b"})
    made.wait(TWO, {"c"})

    made.happened("a")
    made.happened("d")

    assert woken == [ONE]


def test_what_happened_during_the_run_that_failed_wakes_at_its_end(made: Subscriptions, woken):
    with made.during(ONE):
        made.happened("a")
        made.wait(ONE, {"a"})

    assert woken == [ONE]


def test_what_happened_before_the_run_does_not(made: Subscriptions, woken):
    made.happened("a")

    with made.during(ONE):
        made.wait(ONE, {"a"})

    assert woken == []


def test_who_waits_for_something_else_now_is_not_woken_by_what_it_waited_for(made: Subscriptions, woken):
    made.wait(ONE, {"a"})
    made.wait(ONE, {"b"})
    made.happened("a")
    made.wait(ONE, ())
    made.happened("b")

    assert woken == []


def test_nobody_wakes_itself(made: Subscriptions, woken):
    made.wait(ONE, {"a"})
    made.wait(TWO, {"a"})

    made.happened("a", by=ONE)

    assert woken == [TWO]


def test_where_more_happens_than_is_kept_it_counts_as_everything(made: Subscriptions, woken, monkeypatch):
    monkeypatch.setattr(subscriptions, "MAX_HEARD", 3)

    with made.during(ONE):
        for number in range(10):
            made.happened(number)
        made.wait(ONE, {"a"})

    assert woken == [ONE]


async def test_whatever_the_moment_nothing_is_lost(woken):
    """200 times: what a run looks for comes before, in the middle, and after the run."""
    lost = []

    async def race(number: int) -> None:
        there, waked = False, asyncio.Event()
        made = Subscriptions(wake=lambda _: waked.set())

        async def come() -> None:
            nonlocal there
            for _ in range(number % 9):
                await asyncio.sleep(0)
            there = True
            made.happened("it")

        coming = asyncio.create_task(come())
        with made.during(ONE):
            for _ in range(number // 9 % 5):
                await asyncio.sleep(0)
            found = there
            for _ in range(number // 45 % 5):
                await asyncio.sleep(0)
            if not found:
                made.wait(ONE, {"it"})
        await coming
        if not found and not waked.is_set():
            lost.append(number)

    await asyncio.gather(*(race(number) for number in range(200)))

    assert lost == []


def test_what_happened_during_an_earlier_run_wakes_nobody(made: Subscriptions, woken):
    with made.during(ONE):
        made.happened("a")
    made.wait(ONE, {"a"})

    assert woken == []


def test_who_goes_on_waiting_is_woken_although_another_does_not_wait_any_more(made: Subscriptions, woken):
    made.wait(ONE, {"a"})
    made.wait(TWO, {"a"})
    made.wait(ONE, {"b"})

    made.happened("a")

    assert woken == [TWO]


def test_nothing_is_kept_of_what_nobody_waits_for(made: Subscriptions):
    made.wait(ONE, {"a", "b"})
    made.wait(ONE, ())

    assert (made._waiting, made._waits) == ({}, {})


def test_what_a_pattern_does_itself_during_its_run_does_not_wake_it(made: Subscriptions, woken):
    with made.during(ONE):
        made.happened("a", by=ONE)
        made.wait(ONE, {"a"})

    assert woken == []

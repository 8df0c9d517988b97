"""What holds the event loop is measured, and a loop that is free is not accused."""

import asyncio
import time

from pattern_operator.telemetry import Metrics, observe_loop_lag
from pattern_operator.telemetry.looplag import TICK

HELD = 0.3  # seconds; far more than a busy machine takes to wake a process


async def observed(what: float) -> list[float]:
    """The lags that are seen while something holds the loop for ``what`` seconds."""
    seen: list[float] = []
    measuring = asyncio.create_task(observe_loop_lag(seen.append))
    await asyncio.sleep(3 * TICK)
    time.sleep(what)  # noqa: ASYNC251 - to hold the loop is what this is about
    await asyncio.sleep(3 * TICK)
    measuring.cancel()
    await asyncio.wait({measuring})
    return seen


async def test_what_holds_the_loop_is_seen_at_its_length():
    seen = await observed(HELD)

    assert max(seen) >= HELD - TICK


async def test_a_free_loop_is_not_said_to_be_held():
    seen: list[float] = []
    measuring = asyncio.create_task(observe_loop_lag(seen.append))
    async with asyncio.timeout(20):
        while len(seen) < 4 or min(seen) >= TICK:  # noqa: ASYNC110 - a busy machine may hold it for a while
            await asyncio.sleep(TICK)
    measuring.cancel()
    await asyncio.wait({measuring})

    assert 0 <= min(seen) < TICK


async def test_what_the_process_itself_did_meanwhile_is_told_apart_from_a_machine_without_a_free_cpu():
    seen: list[tuple[float, float]] = []
    late: list[float] = []
    spent = 0.0
    measuring = asyncio.create_task(
        observe_loop_lag(late.append, held=lambda own: seen.append((late[-1], own)), worked=lambda: spent)
    )
    await asyncio.sleep(2 * TICK)
    spent += HELD / 3  # of the time that the loop is held now
    time.sleep(HELD)  # noqa: ASYNC251 - to hold the loop is what this is about
    await asyncio.sleep(2 * TICK)
    measuring.cancel()
    await asyncio.wait({measuring})

    ((held, own),) = [each for each in seen if each[1] > 0]
    assert held >= HELD - TICK
    assert own == HELD / 3
    assert all(own <= lag for lag, own in seen)


def test_the_lag_is_counted_by_its_length():
    metrics = Metrics()

    metrics.loop_lag(0.01)
    metrics.loop_lag(0.3)
    metrics.loop_held(0.03)

    text = metrics.text().decode()
    assert 'pattern_operator_event_loop_lag_seconds_bucket{le="0.1"} 1.0' in text
    assert 'pattern_operator_event_loop_lag_seconds_bucket{le="0.5"} 2.0' in text
    assert 'pattern_operator_event_loop_held_seconds_bucket{le="0.05"} 1.0' in text

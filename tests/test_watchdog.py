import asyncio
from dataclasses import dataclass

import pytest

from pattern_operator import watchdog
from pattern_operator.watchdog import LONGEST_RUN, LONGEST_SILENCE, UNSERVED, Watchdog, WorkStalled


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Watch:
    last_activity: float
    name: str = "pods"


@dataclass
class Scene:
    """A watchdog, and what it looks at."""

    clock: Clock
    watches: list[Watch]
    overdue: int = 0

    def beat(self) -> Watchdog:
        return Watchdog(clock=self.clock, overdue=lambda: self.overdue, watches=lambda: self.watches)


@pytest.fixture
def scene() -> Scene:
    return Scene(Clock(), [])


def test_nothing_to_do_is_not_a_complaint(scene):
    beat = scene.beat()

    for _ in range(3):
        beat.check()
        scene.clock.now += 10 * UNSERVED

    assert beat.check() == ""


def test_patterns_that_are_due_while_nothing_runs_are_told_after_a_minute(scene):
    beat, scene.overdue = scene.beat(), 3

    beat.check()
    scene.clock.now += UNSERVED
    beat.check()
    at_first = beat.check()
    scene.clock.now += 1
    beat.check()

    assert at_first == ""
    assert beat.check() == "patterns are due for 60 s, and no worker takes one"


async def test_patterns_that_wait_while_others_run_are_not_a_complaint(scene):
    beat, scene.overdue, free = scene.beat(), 3, asyncio.Event()

    async def run(_: str) -> None:
        await free.wait()

    running = asyncio.create_task(beat.tracking(run)("web"))
    await asyncio.sleep(0)
    for _ in range(3):
        beat.check()
        scene.clock.now += UNSERVED
    assert beat.check() == ""

    free.set()
    await running
    beat.check()
    scene.clock.now += UNSERVED + 1
    beat.check()
    assert beat.check() != ""


async def test_a_run_without_end_is_told(scene):
    beat = scene.beat()

    async def run(_: str) -> None:
        await asyncio.Event().wait()

    running = asyncio.create_task(beat.tracking(run)("team/web"))
    await asyncio.sleep(0)
    scene.clock.now += LONGEST_RUN + 1
    beat.check()
    running.cancel()

    assert beat.check() == "the run of team/web has taken more than 1800 s"


async def test_a_run_that_fails_is_over(scene):
    beat = scene.beat()

    async def run(_: str) -> None:
        raise ValueError

    with pytest.raises(ValueError):
        await beat.tracking(run)("web")
    scene.clock.now += LONGEST_RUN + 1
    beat.check()

    assert beat.check() == ""


def test_a_watch_that_does_not_move_is_told(scene):
    scene.watches = [Watch(scene.clock.now), Watch(scene.clock.now, "secrets")]
    beat = scene.beat()

    scene.clock.now += LONGEST_SILENCE + 1
    scene.watches[0].last_activity = scene.clock.now
    beat.check()

    assert beat.check() == "the watch of secrets has not moved for 900 s"


async def test_what_does_not_go_on_ends_the_work(scene, monkeypatch):
    monkeypatch.setattr(watchdog, "SAMPLE", 0.0)
    beat = scene.beat()
    watching = asyncio.create_task(beat.watch_over())
    await asyncio.sleep(0.01)
    assert not watching.done()

    scene.watches = [Watch(scene.clock.now - LONGEST_SILENCE - 1)]

    with pytest.raises(WorkStalled, match="the watch of pods has not moved"):
        await asyncio.wait_for(watching, 5)

"""Whose turn it is: what runs ask is ahead of judgements, a namespace rests, and nothing is held by who waits."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from tests.executors import EXECUTORS
from tests.faketime import run

from pattern_operator.api.health_check import HealthCheck
from pattern_operator.health_checks import processes as module
from pattern_operator.health_checks.answer import Judged
from pattern_operator.health_checks.processes import CheckProcesses, rest_after

CHECK = HealthCheck(api_version="v1", kind="ConfigMap", current="[].all(x, x)")
ILL = Judged("Failed", "makes its process fail")
SECONDS = 2.0  # of each job, as the limit of the processor lets it


class Jobs:
    """Jobs that take their time without a process: how many run at once, and of what."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.processes = CheckProcesses(EXECUTORS)
        self.now = self.most = 0
        self.done = list[str]()
        monkeypatch.setattr(module, "run_in", self.run)

    async def run(self, _: Any, work: Callable[..., Any], namespace: str, *arguments: Any) -> Any:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(SECONDS)
        self.now -= 1
        self.done.append(work.__name__)
        self.processes._count(namespace, SECONDS)
        return ILL if len(arguments) == 2 else dict.fromkeys(arguments[0])

    async def judge(self, namespace: str) -> None:
        async with self.processes.turn(namespace):
            await self.processes.judge(namespace, CHECK, b"{}")

    async def judge_on(self, namespace: str) -> None:
        """As a pattern does whose object changes all the time."""
        while True:
            await self.judge(namespace)

    def close(self, *tasks: "asyncio.Task[None]") -> None:
        for each in tasks:
            each.cancel()
        self.processes.close()


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> Jobs:
    return Jobs(monkeypatch)


def test_what_a_run_asks_waits_for_the_job_under_way_and_its_rest_however_many_objects_wait(jobs: Jobs):
    async def scenario() -> float:
        loop = asyncio.get_running_loop()
        tasks = [asyncio.ensure_future(jobs.judge_on("evil")) for _ in range(200)]
        await asyncio.sleep(1)
        begun = loop.time()
        await jobs.processes.errors("evil", ["a == 1"])
        jobs.close(*tasks)
        return loop.time() - begun

    assert run(scenario()) <= SECONDS + rest_after(SECONDS) + SECONDS


def test_what_runs_ask_without_end_does_not_keep_objects_from_being_judged(jobs: Jobs):
    async def ask_on(number: int) -> None:
        for each in range(1000):
            await jobs.processes.errors("evil", [f"a{number} == {each}"])

    async def scenario() -> None:
        tasks = [asyncio.ensure_future(ask_on(each)) for each in range(5)]
        await asyncio.sleep(1)
        async with asyncio.timeout(10 * (SECONDS + rest_after(SECONDS))):
            await jobs.judge("evil")
        jobs.close(*tasks)

    run(scenario())


def test_a_namespace_has_one_job_at_a_time_and_rests_after_each(jobs: Jobs):
    async def scenario() -> float:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await asyncio.gather(jobs.judge("a"), jobs.processes.errors("a", ["x"]), jobs.judge("a"))
        jobs.close()
        return loop.time() - begun

    assert run(scenario()) == pytest.approx(3 * SECONDS + 2 * rest_after(SECONDS))
    assert jobs.most == 1


def test_a_run_that_gives_up_leaves_its_namespace_the_job_and_the_rest(jobs: Jobs):
    async def scenario() -> float:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(jobs.processes.errors("a", ["x"]), SECONDS / 2)
        with pytest.raises(TimeoutError):  # this one has not begun, and leaves nothing
            await asyncio.wait_for(jobs.processes.errors("a", ["y"]), SECONDS)
        await jobs.judge("a")
        jobs.close()
        return loop.time() - begun

    assert run(scenario()) == pytest.approx(2 * SECONDS + rest_after(SECONDS))
    assert jobs.most == 1
    assert jobs.done == ["_errors", "_judge"]


def test_few_namespaces_hold_an_object_at_a_time_and_each_gets_its_turn(jobs: Jobs):
    async def scenario() -> int:
        inside, most = 0, 0

        async def hold(namespace: str) -> None:
            nonlocal inside, most
            async with jobs.processes.turn(namespace):
                inside += 1
                most = max(most, inside)
                await asyncio.sleep(1)
                inside -= 1

        await asyncio.gather(*(hold(f"n{each}") for each in range(20)))
        jobs.close()
        return most

    assert run(scenario()) == 4


def test_nothing_is_kept_of_a_namespace_that_has_rested(jobs: Jobs):
    async def scenario() -> tuple[int, int]:
        await jobs.judge("a")
        resting = len(jobs.processes._turns)
        await asyncio.sleep(rest_after(SECONDS))
        await jobs.judge("b")
        jobs.close()
        return resting, len(jobs.processes._turns)

    assert run(scenario()) == (1, 1)

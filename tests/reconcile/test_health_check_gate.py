"""Whole runs of a pattern with health checks: which are used and kept, and what is told of those that cannot be."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from tests.faketime import run
from tests.reconcile.pattern import conditions, pattern
from tests.reconcile.world import World

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.health_check import HealthCheck
from pattern_operator.api.reason import Reason
from pattern_operator.api.report import Rendering
from pattern_operator.errors import Transient
from pattern_operator.limits import MAX_CHECKS
from pattern_operator.reconcile.deadline import PROMPT
from pattern_operator.reconcile.health_check_gate import PATIENCE, accepted_checks
from pattern_operator.reconcile.run import Ports, Run
from pattern_operator.reconcile.state import State
from pattern_operator.watchdog import LONGEST_RUN

OURS: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "current": "data.ours"}
OF_SPEC = HealthCheck(api_version="v1", kind="ConfigMap", current="data.ours")
SAME_KIND = HealthCheck(api_version="v1", kind="ConfigMap", current="data.theirs", failed="data.broken")
OTHER_KIND = HealthCheck(api_version="example.com/v1", kind="Widget", current="status.a")


def say(world: World) -> str:
    return next(each.message for each in world.status.conditions if each.type == "Ready")


@pytest.fixture
def world() -> World:
    """A pattern whose artifact has checks for two kinds."""
    found = World()
    found.push("stable", "one", "a", checks=(SAME_KIND, OTHER_KIND))
    return found


async def test_the_checks_of_the_artifact_are_used_before_anything_is_applied_and_kept_in_status(world: World):
    await world.settle()

    assert world.checks == [(SAME_KIND, OTHER_KIND)]
    assert world.status.health_checks == (SAME_KIND, OTHER_KIND)
    assert world.ready == ("True", "Ready")


async def test_the_specs_win_for_the_same_kind(world: World):
    await world.settle()
    world.change(apply={"healthChecks": [OURS]})
    await world.settle()

    assert world.checks[-1] == world.status.health_checks == (OF_SPEC, OTHER_KIND)


async def test_what_a_later_version_does_not_have_is_not_used_any_more(world: World):
    await world.settle()
    world.push("stable", "two", "a")
    world.request("now")
    await world.settle()

    assert world.checks[-1] == world.status.health_checks == ()


async def test_what_does_not_compile_is_told_with_its_place_and_nothing_is_applied(world: World):
    world.bad_expressions = {"data.broken": "does not compile: 1:5: no", "status.a": "does not compile: 1:1: none"}

    await world.settle()
    said = say(world)

    assert world.ready == ("False", "HealthCheckInvalid")
    assert conditions(world.status)["Stalled"] == ("True", "HealthCheckInvalid")
    assert "pattern.yaml: healthChecks[0].failed (ConfigMap) does not compile: 1:5: no" in said
    assert "pattern.yaml: healthChecks[1].current (Widget) does not compile: 1:1: none" in said
    assert "publish the artifact again, or give the kind a check in spec.apply.healthChecks" in said
    assert world.checks == []
    assert world.applied == []


async def test_a_check_of_the_spec_replaces_one_that_does_not_compile(world: World):
    world.bad_expressions = {"data.broken": "does not compile: 1:5: no"}
    world.change(apply={"healthChecks": [OURS]})

    await world.settle()

    assert world.ready == ("True", "Ready")
    assert world.status.health_checks == (OF_SPEC, OTHER_KIND)


async def test_a_fault_of_the_spec_is_not_laid_to_the_artifact(world: World):
    world.bad_expressions = {"data.ours": "does not compile: 1:5: no"}
    world.change(apply={"healthChecks": [OURS]})

    await world.settle()
    said = say(world)

    assert "spec.apply.healthChecks[0].current (ConfigMap) does not compile: 1:5: no. Correct the expression." in said
    assert "pattern.yaml" not in said


async def test_what_runs_is_judged_as_before_while_something_newer_is_refused(world: World):
    await world.settle()
    world.bad_expressions = {"data.ours": "does not compile: 1:5: no"}
    world.change(apply={"healthChecks": [OURS]})
    await world.settle()

    assert world.ready == ("False", "HealthCheckInvalid")
    assert world.checks == [(SAME_KIND, OTHER_KIND)]
    assert world.status.health_checks == (SAME_KIND, OTHER_KIND)
    assert world.holds("one", "a")


async def test_what_is_too_long_for_status_is_refused(world: World):
    long = tuple(
        HealthCheck(api_version="v1", kind=f"Kind{each}", current="x" * 2000, failed="y" * 2000)
        for each in range(MAX_CHECKS // 4000 + 1)
    )
    world.push("stable", "long", "a", checks=long)

    await world.settle()

    assert world.ready == ("False", "HealthCheckInvalid")
    assert "have more than 32 KiB together" in say(world)
    assert world.applied == []


async def test_after_a_restart_the_same_checks_are_used(world: World):
    await world.settle()
    world.restart()
    await world.settle()

    assert set(world.checks) == {(SAME_KIND, OTHER_KIND)}
    assert world.status.health_checks == (SAME_KIND, OTHER_KIND)


class Busy:
    """Evaluates other health checks, and never says whether an expression compiles."""

    given_up = False

    async def check_errors(self, _: DesignPattern, __: Collection[str]) -> dict[str, str]:
        try:
            await asyncio.Event().wait()
        finally:
            self.given_up = True
        return {}


@pytest.mark.parametrize(("gives_way_after", "waited"), [(None, PATIENCE), (5.0, 5.0)], ids=["alone", "others wait"])
def test_a_run_waits_without_a_worker_and_not_for_ever_until_it_is_known_whether_its_checks_compile(
    gives_way_after: float | None, waited: float
):
    outside = list[float]()

    @asynccontextmanager
    async def aside(after: float) -> AsyncIterator[asyncio.Event]:
        gives_way, loop = asyncio.Event(), asyncio.get_running_loop()
        if gives_way_after is not None:
            loop.call_later(gives_way_after, gives_way.set)
        outside.append(after)
        yield gives_way

    async def scenario() -> tuple[float, Busy, Transient]:
        loop, busy, nothing = asyncio.get_running_loop(), Busy(), cast("Any", None)
        ports = Ports(repositories=nothing, cluster=cast("Any", busy), clock=loop.time, aside=lambda _: aside)
        one = Run(pattern(), State(), ports=ports)
        begun = loop.time()
        with pytest.raises(Transient) as error:
            await accepted_checks(one, Rendering((), health_checks=(OTHER_KIND,)))
        return loop.time() - begun, busy, error.value

    took, busy, error = run(scenario())

    assert took == pytest.approx(waited)
    assert took < LONGEST_RUN
    assert outside == [PROMPT]
    assert busy.given_up
    assert error.reason is Reason.OPERATOR_BUSY
    assert "see which patterns of the namespace have health checks that take long" in error.message

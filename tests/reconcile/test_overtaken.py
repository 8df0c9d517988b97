"""A condition does not say of a candidate what is no longer so: its reason goes with its cause."""

from typing import Any

import pytest
from tests.reconcile.pattern import LATER, NEWER, conditions, moved_to, pattern
from tests.reconcile.test_hooks import ALL
from tests.reconcile.test_pattern_change import AWAY, DENIED, UNSIGNED, after, failed, moved, ran
from tests.reconcile.world import World

from pattern_operator.api.dependency import Dependency
from pattern_operator.api.health_check import HealthCheck
from pattern_operator.api.reason import Reason
from pattern_operator.api.stage import Stage
from pattern_operator.api.status import Status
from pattern_operator.errors import PatternError, Stalled, Waiting
from pattern_operator.reconcile import status as statuses
from pattern_operator.reconcile.overtaken import BEFORE_APPLY
from pattern_operator.reconcile.results import NOTHING_LEAVES, Leaving

BAD = HealthCheck(api_version="v1", kind="ConfigMap", current="data.bad")
WAITS = Waiting(reason=Reason.DEPENDENCY_NOT_READY, message="waits for db.")
GONE = Stalled(reason=Reason.ARTIFACT_NOT_FOUND, message="404.")


def source(tag: str) -> dict[str, Any]:
    return {"source": {"url": "oci://registry.example/web", "ref": {"tag": tag}}}


def of(status: Status, kind: str) -> tuple[str, str, int] | None:
    return next(((e.status, e.reason, e.observed_generation) for e in status.conditions if e.type == kind), None)


# --- whole runs: each gate, and what comes after it -----------------------------------------------------------------


def empty(world: World) -> None:
    world.push("new", "two")


def check(world: World) -> None:
    world.push("new", "two", "a", checks=(BAD,))
    world.bad_expressions = {BAD.current: "does not compile: 1:1: no"}


def circle(world: World) -> None:
    world.push("new", "two", "a", depends_on=(Dependency(name="web"),))


def a_range(world: World) -> None:
    world.push("new", "two", "a", depends_on=(Dependency(name="db", version="nonsense"),))


def hook(world: World) -> None:
    world.push("new", "two", "a", hooks=ALL)
    world.hooks.fails = {each.object.key.name for each in ALL}


GATES = {
    "EmptyUpdate": empty,
    "HealthCheckInvalid": check,
    "DependencyCycle": circle,
    "InvalidReference": a_range,
    "HookFailed": hook,
}
NEXT: dict[str, dict[str, Any]] = {
    "DependencyNotReady": {**source("stable"), "apply": {"prune": False}, "dependsOn": [{"name": "nobody"}]},
    "ArtifactNotFound": source("gone"),
}


@pytest.mark.parametrize("then", NEXT)
@pytest.mark.parametrize("reason", GATES)
async def test_why_one_spec_was_not_applied_is_not_said_of_the_next(reason: str, then: str):
    world = World()
    world.push("stable", "one", "a", "b")
    await world.settle()
    GATES[reason](world)
    world.change(**source("new"))
    await world.settle()
    refused = of(world.status, "Applied")
    world.change(**NEXT[then])
    await world.settle()
    ready, applied = world.ready, of(world.status, "Applied")
    generation = world.status.observed_generation

    assert refused == ("False", reason, 2)
    assert ready == ("False", then)
    assert applied == ("True", "Succeeded", generation)
    assert world.holds("one", "a", "b")
    world.close()


@pytest.mark.parametrize("reason", GATES)
async def test_why_the_first_one_was_not_applied_goes_where_nothing_runs(reason: str):
    world = World()
    GATES[reason](world)
    if reason == "EmptyUpdate":
        reason = "NothingToDeploy"
    world.change(**source("new"))
    await world.settle()
    refused = of(world.status, "Applied")
    world.change(**source("gone"))
    await world.settle()

    assert refused is not None
    assert refused[:2] == ("False", reason)
    assert of(world.status, "Applied") is None
    world.close()


async def test_a_circle_that_a_newer_artifact_opened_is_not_said_beside_what_is_waited_for(world: World):
    await world.settle()
    world.push("stable", "two", "a", depends_on=(Dependency(name="db", version="9"), Dependency(name="web")))
    await world.settle(300.0)
    circle = of(world.status, "Applied")
    world.push("stable", "three", "a", depends_on=(Dependency(name="db", version="9"),))
    await world.settle(300.0)

    assert circle == ("False", "DependencyCycle", 1)
    assert world.ready == ("False", "DependencyNotReady")
    assert of(world.status, "Applied") == ("True", "Succeeded", 1)


@pytest.mark.parametrize("refused", [True, False])
async def test_what_runs_is_rendered_again_once_it_is_asked_for_again(refused: bool):
    """Else status would tell of it how something else was rendered, or that it was not."""
    world = World()
    world.push("stable", "one", "a", "b")
    world.push("new", "two", refused=refused)
    await world.settle()
    sent, said = list(world.applied), None
    world.change(**source("new"))
    await world.settle()
    said = world.ready
    world.change(**source("stable"))
    await world.settle()
    rendered, report = of(world.status, "Rendered"), world.status.render
    before = world.renderings
    world.change(interval="9m")
    await world.settle()

    assert said == ("False", "NotAPattern" if refused else "EmptyUpdate")
    assert rendered == ("True", "Succeeded", 3)
    assert report is not None
    assert world.ready == ("True", "Ready")
    assert world.applied == sent
    assert world.renderings == before
    world.close()


# --- what a status says ---------------------------------------------------------------------------------------------


def gated(reason: Reason, stage: Stage = Stage.ROLLOUT) -> Any:
    return after(moved(), failed(Stalled(reason=reason, message="no."), stage=stage))


def go_on(found: Any, failure: PatternError, stage: Stage, **more: Any) -> Status:
    newer = pattern(status=found.status, generation=3, spec=moved_to("3.0.0"))
    return after(newer, failed(failure, stage=stage, leaving=NOTHING_LEAVES, **more)).status


@pytest.mark.parametrize("reason", sorted(BEFORE_APPLY))
@pytest.mark.parametrize(("failure", "stage"), [(WAITS, Stage.ROLLOUT), (GONE, Stage.SOURCE), (AWAY, Stage.SOURCE)])
def test_no_reason_of_a_gate_outlives_the_spec_that_it_was_about(reason: Reason, failure: PatternError, stage: Stage):
    assert of(gated(reason).status, "Applied") == ("False", reason, 2)
    assert of(go_on(gated(reason), failure, stage), "Applied") == ("True", "Succeeded", 3)


def test_what_was_said_of_this_very_spec_stays_while_a_stage_before_it_fails():
    found = after(gated(Reason.EMPTY_UPDATE), failed(AWAY, stage=Stage.SOURCE, revision=None, leaving=NOTHING_LEAVES))

    assert of(found.status, "Applied") == ("False", "EmptyUpdate", 2)


def test_what_the_apply_ended_in_stays_and_names_its_spec():
    found = after(moved(), failed(DENIED, stage=Stage.APPLY))

    assert of(go_on(found, WAITS, Stage.ROLLOUT), "Applied") == ("False", "Forbidden", 2)


def test_a_refused_rendering_is_not_said_of_the_next_spec():
    found = gated(Reason.NOT_A_PATTERN, Stage.RENDER)

    assert of(found.status, "Rendered") == ("False", "NotAPattern", 2)
    assert of(go_on(found, GONE, Stage.SOURCE), "Rendered") is None


def test_a_tag_that_was_not_found_is_not_said_of_the_next_spec():
    found = gated(Reason.ARTIFACT_NOT_FOUND, Stage.SOURCE)
    no_account = Stalled(reason=Reason.SERVICE_ACCOUNT_REQUIRED, message="name one.")

    assert of(go_on(found, no_account, Stage.APPLY, revision=None), "Fetched") is None


def test_a_missing_signature_is_taken_back_by_a_verdict_alone():
    found = after(moved(), failed(UNSIGNED, stage=Stage.VERIFY))

    assert of(go_on(found, AWAY, Stage.SOURCE), "Verified") == ("False", "SignatureMissing", 2)


@pytest.mark.parametrize("leaving", [None, Leaving(message="team/b is going")], ids=["after a restart", "some go"])
def test_it_is_not_said_that_all_is_applied_where_that_is_not_known(leaving: Leaving | None):
    newer = pattern(status=gated(Reason.EMPTY_UPDATE).status, generation=3, spec=moved_to("3.0.0"))
    found = of(after(newer, failed(WAITS, stage=Stage.ROLLOUT, leaving=leaving)).status, "Applied")

    assert found == (("Unknown", "NotReached", 2) if leaving is None else ("Unknown", "Pruning", 3))


def test_of_what_is_applied_in_part_it_is_said_what_is_there():
    begun = statuses.applying(moved(), revision=NEWER, now=LATER)
    newer = pattern(status=begun, generation=3, spec=moved_to("3.0.0"))
    found = after(newer, failed(WAITS, stage=Stage.ROLLOUT, leaving=NOTHING_LEAVES)).status

    assert of(found, "Applied") == ("Unknown", "NotReached", 2)
    assert "objects of 2.0.0@sha256:" in next(each.message for each in found.conditions if each.type == "Applied")


def test_a_pattern_that_runs_and_never_was_refused_says_the_same_as_before():
    waits = after(moved(), failed(WAITS, stage=Stage.ROLLOUT, leaving=NOTHING_LEAVES)).status

    assert conditions(waits)["Applied"] == conditions(ran())["Applied"]

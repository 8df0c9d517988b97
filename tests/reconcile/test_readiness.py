"""What Ready, Healthy and Applied say of a pattern that runs: of its objects, and of which artifact they are."""

from dataclasses import replace
from typing import Any

import pytest
from tests.reconcile.pattern import BUSY, NEWER, NOW, REVISION, WELL, pattern, results

from pattern_operator.api.condition import ConditionType
from pattern_operator.api.reason import Reason
from pattern_operator.apply import Health, HealthState
from pattern_operator.reconcile.conditions import Conditions
from pattern_operator.reconcile.readiness import health_words, judge_drift, pinned_words, running_words

ALL_WELL = "every object that was applied is healthy"
ILL = Health(HealthState.FAILED, "Job once: failed")
GONE = Health(HealthState.NOT_FOUND, "ConfigMap a: is gone")


@pytest.mark.parametrize(
    ("health", "overdue", "said"),
    [
        (None, False, ("True", "Succeeded", ALL_WELL)),
        (WELL, False, ("True", "Succeeded", ALL_WELL)),
        (replace(WELL, notable=True), False, ("True", "Succeeded", WELL.message)),
        (ILL, False, ("False", "Unhealthy", ILL.message)),
        (GONE, False, ("False", "Unhealthy", GONE.message)),
        (BUSY, False, ("Unknown", "WaitingForHealth", BUSY.message)),
        (BUSY, True, ("False", "HealthTimeout", BUSY.message)),
    ],
)
def test_how_the_objects_are_is_said_of_them(health: Any, overdue: bool, said: tuple[str, str, str]):
    assert health_words(results(health=health, overdue=overdue)) == said


@pytest.mark.parametrize(
    ("before", "health", "drifted", "after"),
    [
        (None, WELL, ("a drifted",), None),
        (("False", Reason.APPLY_FAILED), WELL, ("a drifted",), ("False", "ApplyFailed")),
        (("True", Reason.SUCCEEDED), None, ("a drifted",), ("True", "Succeeded")),
        (("True", Reason.DRIFTED), None, (), ("True", "Drifted")),
        (("True", Reason.SUCCEEDED), WELL, ("a drifted",), ("True", "Drifted")),
        (("True", Reason.DRIFTED), WELL, (), ("True", "Succeeded")),
        (("True", Reason.SUCCEEDED), WELL, (), ("True", "Succeeded")),
    ],
)
def test_drift_is_said_of_what_was_applied_in_full_and_is_looked_at(
    before: Any, health: Any, drifted: tuple[str, ...], after: Any
):
    found = Conditions.of(pattern(), now=NOW)
    if before is not None:
        status, reason = before
        found.set(ConditionType.APPLIED, status, reason, "before")

    judge_drift(found, results(health=health, drifted=drifted))

    applied = found.current.get(ConditionType.APPLIED)
    assert (None if applied is None else (applied.status, applied.reason)) == after


@pytest.mark.parametrize(
    ("health", "said"),
    [
        (None, "2 objects"),
        (WELL, "2 objects"),
        (replace(WELL, ended=1), "2 objects, 1 of which ended and is gone"),
        (replace(WELL, ended=2), "2 objects, 2 of which ended and are gone"),
        (replace(WELL, unsure=("Widget w: says nothing",)), "2 objects; Widget w: says nothing"),
    ],
)
def test_what_runs_is_said_with_what_ended_and_what_nobody_can_tell(health: Any, said: str):
    assert running_words(pattern(), results(health=health)) == f"{REVISION.display_name} runs: {said}"


@pytest.mark.parametrize(
    ("ref", "revision", "said"),
    [
        ({"tag": "1", "digest": str(REVISION.digest)}, REVISION, "the digest decides; tag 1 was not looked up"),
        ({"tag": "1", "digest": str(REVISION.digest)}, NEWER, ""),
        ({"tag": "1", "digest": str(REVISION.digest)}, None, ""),
        ({"tag": "1"}, REVISION, ""),
        ({"digest": str(REVISION.digest)}, REVISION, ""),
    ],
)
def test_that_a_tag_decides_nothing_is_said_of_the_artifact_of_the_digest(ref: Any, revision: Any, said: str):
    found = pattern(spec={"source": {"url": "oci://registry.example/web", "ref": ref}})

    assert pinned_words(found, revision) == said

"""Kinds that are not built in say by many conventions that they do not do their work."""

from datetime import UTC, datetime
from typing import Any

import pytest

from pattern_operator.apply import HealthState, health_of

NOW = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)
CURRENT, IN_PROGRESS, FAILED = HealthState.CURRENT, HealthState.IN_PROGRESS, HealthState.FAILED


def condition(kind: str, status: str, *, generation: int | None = None) -> dict[str, Any]:
    seen = {} if generation is None else {"observedGeneration": generation}
    return {"type": kind, "status": status, "message": "because", **seen}


def judge(status: dict[str, Any], *, kind: str = "Bucket", group: str = "ex.io") -> tuple[HealthState, str]:
    body = {"apiVersion": f"{group}/v1", "kind": kind, "metadata": {"name": "x", "generation": 2}, "status": status}
    health = health_of(body, now=NOW)
    return health.state, health.message.removeprefix(f"{kind} x: ")


@pytest.mark.parametrize(
    ("conditions", "state", "fact"),
    [
        ([condition("Ready", "True"), condition("Synced", "False")], IN_PROGRESS, "not synced: because"),
        ([condition("Ready", "True"), condition("Synced", "True")], CURRENT, "is ready"),
        ([condition("Healthy", "False"), condition("Installed", "True")], IN_PROGRESS, "not healthy: because"),
        ([condition("Available", "False")], IN_PROGRESS, "not available: because"),
        ([condition("Available", "Unknown")], IN_PROGRESS, "not available: because"),
        ([condition("Available", "True")], CURRENT, "exists"),
        ([condition("Succeeded", "False")], IN_PROGRESS, "not succeeded: because"),
        ([condition("Succeeded", "Unknown")], IN_PROGRESS, "not succeeded: because"),
        ([condition("Degraded", "True")], IN_PROGRESS, "degraded: because"),
        ([condition("Degraded", "False"), condition("Available", "True")], CURRENT, "exists"),
        ([condition("Ready", "True"), condition("Degraded", "True")], IN_PROGRESS, "degraded: because"),
        ([condition("Failed", "True")], FAILED, "has failed: because"),
        ([condition("Failed", "False")], CURRENT, "exists"),
        # Ready is the word of its author: what else is not True is its own affair.
        ([condition("Ready", "True"), condition("Available", "False")], CURRENT, "is ready"),
        ([condition("Accepted", "False")], CURRENT, "exists"),
    ],
)
def test_conditions(conditions: list[dict[str, Any]], state: HealthState, fact: str) -> None:
    assert judge({"conditions": conditions}) == (state, fact)


@pytest.mark.parametrize("kind", ["Available", "Synced", "Succeeded"])
def test_a_condition_of_an_older_generation_says_nothing_of_this_one(kind: str) -> None:
    assert judge({"conditions": [condition(kind, "False", generation=1)]})[0] is CURRENT
    assert judge({"conditions": [condition(kind, "False", generation=2)]})[0] is IN_PROGRESS
    assert judge({"conditions": [condition(kind, "False", generation=0)]})[0] is CURRENT


@pytest.mark.parametrize(
    ("generation", "state"), [(None, CURRENT), (0, IN_PROGRESS), (1, IN_PROGRESS), (2, CURRENT), (-1, CURRENT)]
)
def test_an_object_that_was_ready_before_it_changed_is_not_yet_again(
    generation: int | None, state: HealthState
) -> None:
    assert judge({"conditions": [condition("Ready", "True", generation=generation)]})[0] is state


@pytest.mark.parametrize(
    ("status", "state", "fact"),
    [
        ({"phase": "Failed", "message": "no quota"}, FAILED, "phase Failed: no quota"),
        ({"phase": "Error"}, FAILED, "phase Error: its controller says no more"),
        ({"phase": "Degraded", "reason": "Nodes"}, IN_PROGRESS, "phase Degraded: Nodes"),
        ({"phase": "Running"}, CURRENT, "exists"),
        ({"phase": ["Failed"]}, CURRENT, "exists"),
        ({"phase": "Failed", "conditions": [condition("Ready", "True")]}, CURRENT, "is ready"),
        ({"readyToUse": False, "error": {"message": "no class"}}, IN_PROGRESS, "not ready to use: no class"),
        ({"readyToUse": False}, IN_PROGRESS, "not ready to use: its controller says no more"),
        ({"readyToUse": True}, CURRENT, "exists"),
        ({"health": {"status": "Degraded", "message": "x"}}, IN_PROGRESS, "health Degraded: x"),
        ({"health": {"status": "Progressing"}}, IN_PROGRESS, "health Progressing: its controller says no more"),
        ({"health": {"status": "Healthy"}}, CURRENT, "exists"),
        ({"health": {"status": "Suspended"}}, CURRENT, "exists"),
        ({"health": "Degraded"}, CURRENT, "exists"),
    ],
)
def test_a_status_without_conditions(status: dict[str, Any], state: HealthState, fact: str) -> None:
    assert judge(status) == (state, fact)


def parent(*conditions: dict[str, Any], name: object = "public") -> dict[str, Any]:
    return {"parentRef": {"name": name}, "conditions": list(conditions)}


@pytest.mark.parametrize(
    ("parents", "state", "fact"),
    [
        ([parent(condition("Accepted", "False"))], IN_PROGRESS, "not accepted by public: because"),
        (
            [parent(condition("Accepted", "True")), parent(condition("ResolvedRefs", "False"), name="inner")],
            IN_PROGRESS,
            "its references are not resolved by inner: because",
        ),
        ([parent(condition("Accepted", "True"), condition("ResolvedRefs", "True"))], CURRENT, "exists"),
        ([parent(condition("Accepted", "False", generation=1))], CURRENT, "exists"),
        ([parent(condition("Accepted", "False"), name=7)], IN_PROGRESS, "not accepted by a parent: because"),
        ([], CURRENT, "exists"),  # some controllers never say anything of a route
        ({"0": "odd"}, CURRENT, "exists"),
    ],
)
def test_a_route_is_judged_by_its_parents(parents: Any, state: HealthState, fact: str) -> None:
    assert judge({"parents": parents}, kind="HTTPRoute", group="gateway.networking.k8s.io") == (state, fact)


def test_a_policy_is_judged_by_its_ancestors() -> None:
    ancestors = [{"ancestorRef": {"name": "public"}, "conditions": [condition("Accepted", "False")]}]

    judged = judge({"ancestors": ancestors}, kind="BackendTLSPolicy", group="gateway.networking.k8s.io")

    assert judged == (IN_PROGRESS, "not accepted by public: because")


@pytest.mark.parametrize("kind", ["Accepted", "Programmed"])
def test_a_gateway_that_is_not_taken_is_not_healthy(kind: str) -> None:
    status = {"conditions": [condition(kind, "False")]}

    assert judge(status, kind="Gateway", group="gateway.networking.k8s.io")[0] is IN_PROGRESS


def test_parents_mean_nothing_in_another_group() -> None:
    assert judge({"parents": [parent(condition("Accepted", "False"))]})[0] is CURRENT

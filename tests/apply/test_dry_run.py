"""What an apply would leave, learned from a real API server without one."""

from typing import Any

import pytest
from tests.apply.harness import Harness, config_map, deployment, owner

from pattern_operator.api.apply_spec import IgnoreDifferences
from pattern_operator.api.object import Object
from pattern_operator.api.reason import Reason
from pattern_operator.apply import DriftState, DryRun, HealthState, Owner


def dry_run(harness: Harness) -> DryRun:
    return DryRun(harness.session, harness.discovery, managed_objects=harness.managed_objects)


async def compared(later: Harness, *objects: Object, by: Owner, **more: Any) -> list[DriftState]:
    """How an operator that began anew finds the objects of a pattern."""
    assert await dry_run(later).compare_all(objects, owner=by, impersonate=None, **more) == ()
    return [later.managed_objects.drift_state(each.key, owner=by.id) for each in objects]


async def test_what_drifted_is_told_from_what_did_not_and_nothing_is_changed(
    harness: Harness, namespace: str, open_room
):
    team = owner()
    kept, changed, gone = (config_map(name, namespace) for name in ("kept", "changed", "gone"))
    await harness.apply(kept, changed, gone, by=team)
    await harness.patch(changed.key, {"data": {"a": "theirs"}})
    await harness.delete(gone.key)

    async with open_room() as later:
        found = await compared(later, kept, changed, gone, by=team)
        health = later.managed_objects.health(team.id)

    assert found == [DriftState.IN_SYNC, DriftState.DRIFTED, DriftState.DRIFTED]
    assert (health.state, health.message) == (HealthState.NOT_FOUND, f"{gone.key.display_name}: is gone")
    assert (await harness.get(changed.key))["data"] == {"a": "theirs"}
    assert not await harness.is_there(gone.key)


async def test_the_object_of_another_pattern_or_of_nobody_is_passed_over(harness: Harness, namespace: str, open_room):
    team = owner()
    others, nobodys = config_map("others", namespace), config_map("nobodys", namespace)
    await harness.apply(others, by=owner("other"))
    await harness.put(nobodys, manager="somebody")

    async with open_room() as later:
        found = await compared(later, others, by=team)

    assert found == [DriftState.UNKNOWN]


async def test_what_is_left_to_others_is_not_drift(harness: Harness, namespace: str, open_room):
    team, web = owner(), deployment("web", namespace)
    rules = (IgnoreDifferences(paths=("/spec/replicas",)),)
    await harness.apply(web, by=team, ignored=rules)
    await harness.patch(web.key, {"spec": {"replicas": 0}})

    async with open_room() as later:
        ignoring = await compared(later, web, by=team, ignored=rules)

    assert ignoring == [DriftState.IN_SYNC]


@pytest.mark.parametrize("policy", ["IfAbsent", "Ignore"])
async def test_what_is_created_once_or_never_applied_is_not_compared(
    harness: Harness, namespace: str, open_room, policy: str
):
    team = owner()
    once = config_map("once", namespace, annotations={"pattern-operator.io/ssa": policy})

    async with open_room() as later:
        assert await compared(later, once, by=team) == [DriftState.UNKNOWN]


async def test_what_cannot_be_asked_for_is_said_and_costs_no_other(harness: Harness, namespace: str, open_room):
    team, mine = owner(), config_map("mine", namespace)
    ghost = Object.of({"apiVersion": "gone.example/v1", "kind": "Ghost", "metadata": {"name": "g"}})
    await harness.apply(mine, by=team)

    async with open_room() as later:
        failures = await dry_run(later).compare_all((mine, ghost), owner=team, impersonate=None)
        refused = await dry_run(later).compare_all((mine,), owner=team, impersonate="system:serviceaccount:x:nobody")
        found = later.managed_objects.drift_state(mine.key, owner=team.id)

    assert [each.key for each in failures] == [ghost.key]
    assert [(each.key, each.reason) for each in refused] == [(mine.key, Reason.FORBIDDEN)]
    assert found is DriftState.IN_SYNC

"""Changes that managedFields does not tell of: the API server keeps the old entries where it cannot make new ones."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from tests.apply.harness import Harness, config_map, deployment, of_version, owner, two_versions

from pattern_operator.api.names import FIELD_MANAGER
from pattern_operator.api.object import Object
from pattern_operator.apply import DriftState, DryRun, NotificationKind, Owner, add_owner_metadata

DRIFTED, NEWER = NotificationKind.DRIFTED, "v1beta3"


@pytest.fixture
async def group(harness: Harness) -> AsyncIterator[str]:
    """A group of an own kind in two versions, of which the newer one is stored."""
    name = f"g{uuid4().hex[:8]}.example"
    crd = two_versions("Server", name)
    await harness.apply(crd, by=owner("crds"))
    for version in ("v1beta1", NEWER):
        await harness.until_served(name, "Server", version=version)
    yield name
    await harness.delete(crd.key)


async def applied(harness: Harness, namespace: str, group: str, *, by: Owner) -> Object:
    """An object by the older version, whose stored form has more than that version knows."""
    desired = of_version("Server", group, "v1beta1", namespace, port="p1")
    result = await harness.apply(desired, by=by)
    assert result.failures == ()
    return desired


async def compared(harness: Harness, *objects: Object, by: Owner) -> frozenset[Any]:
    dry_run = DryRun(harness.session, harness.discovery, managed_objects=harness.managed_objects)
    assert await dry_run.compare_all(objects, owner=by, impersonate=None) == ()
    return harness.managed_objects.all_drifted(by.id)


async def test_a_value_that_is_changed_without_a_trace_is_drift_once_it_is_compared_and_applying_ends_it(
    harness: Harness, namespace: str, group: str
):
    team = owner()
    desired = await applied(harness, namespace, group, by=team)

    changed = await harness.patch(desired.key, {"spec": {"port": "hack"}}, version=NEWER)
    await harness.told(DRIFTED, desired.key, of=team)
    untracked = harness.managed_objects.untracked(team.id)
    standing = harness.managed_objects.drift_state(desired.key, owner=team.id)
    drifted = await compared(harness, desired, by=team)
    kept = harness.managed_objects.fingerprints(team.id)
    await harness.apply(desired, by=team)

    assert changed["spec"]["port"] == "hack"
    assert untracked == {desired.key}
    assert standing is DriftState.UNKNOWN
    assert drifted == {desired.key}
    assert kept == {}
    assert (await harness.get(desired.key, version=NEWER))["spec"]["port"] == "p1"
    assert harness.managed_objects.drifted(team.id) == ()
    assert harness.managed_objects.untracked(team.id) == frozenset()


async def test_what_is_put_back_by_hand_is_as_it_was_applied_again(harness: Harness, namespace: str, group: str):
    team = owner()
    desired = await applied(harness, namespace, group, by=team)
    await harness.patch(desired.key, {"spec": {"port": "hack"}}, version=NEWER)
    await harness.told(DRIFTED, desired.key, of=team)
    before = await compared(harness, desired, by=team)

    back = await harness.patch(desired.key, {"spec": {"port": "p1"}}, version=NEWER)
    await harness.caught_up(back, desired.key)
    doubtful = harness.managed_objects.to_compare(team.id)
    after = await compared(harness, desired, by=team)

    assert before == doubtful == {desired.key}
    assert after == frozenset()


async def test_a_field_that_the_pattern_does_not_set_is_not_drift(harness: Harness, namespace: str, group: str):
    team = owner()
    desired = await applied(harness, namespace, group, by=team)

    await harness.patch(desired.key, {"spec": {"accessPolicy": "allow"}}, version=NEWER)
    await harness.told(DRIFTED, desired.key, of=team)

    assert await compared(harness, desired, by=team) == frozenset()
    assert harness.managed_objects.drift_state(desired.key, owner=team.id) is DriftState.IN_SYNC


async def test_an_operator_that_begins_anew_and_only_reports_finds_it_by_its_values(
    harness: Harness, namespace: str, group: str, open_room: Any
):
    team = owner()
    desired = await applied(harness, namespace, group, by=team)
    await harness.patch(desired.key, {"spec": {"port": "hack"}}, version=NEWER)

    async with open_room() as later:
        assert await compared(later, desired, by=team) == {desired.key}


@pytest.mark.parametrize("pause", [0.0, 1.1], ids=["maybe within the second", "in another second"])
@pytest.mark.parametrize(
    ("make", "change"),
    [
        pytest.param(config_map, {"data": {"a": "theirs"}}, id="a kind that counts no generations"),
        pytest.param(deployment, {"spec": {"replicas": 7}}, id="a kind that counts them"),
    ],
)
async def test_what_somebody_applies_in_our_name_is_drift_once_it_is_compared_and_applying_ends_it(
    harness: Harness, namespace: str, make: Any, change: dict[str, Any], pause: float
):
    team, desired = owner(), make("it", namespace)
    await harness.apply(desired, by=team)
    ours = add_owner_metadata(desired, owner=team)
    section, value = next(iter(change.items()))
    body = {**ours.body, section: {**ours.body.get(section, {}), **value}}

    await asyncio.sleep(pause)
    await harness.put(replace(ours, body=body), manager=FIELD_MANAGER)
    await harness.told(DRIFTED, desired.key, of=team)
    untracked = harness.managed_objects.untracked(team.id)
    drifted = await compared(harness, desired, by=team)
    await harness.apply(desired, by=team)
    applied = await harness.get(desired.key)
    await harness.caught_up(applied, desired.key)

    assert untracked == drifted == {desired.key}
    assert not value.items() <= applied[section].items()
    assert harness.managed_objects.drifted(team.id) == ()
    assert harness.managed_objects.untracked(team.id) == frozenset()


@pytest.mark.parametrize(
    ("make", "change"),
    [
        pytest.param(config_map, {"data": {"z": "9"}}, id="a kind that counts no generations"),
        pytest.param(deployment, {"spec": {"minReadySeconds": 1}}, id="a kind that counts them"),
        pytest.param(deployment, {"metadata": {"labels": {"other": "x"}}}, id="metadata"),
    ],
)
async def test_what_managed_fields_tells_of_is_not_compared(harness: Harness, namespace: str, make: Any, change: Any):
    team, desired = owner(), make("it", namespace)
    await harness.apply(desired, by=team)

    await harness.caught_up(await harness.patch(desired.key, change), desired.key)

    assert harness.managed_objects.untracked(team.id) == frozenset()
    assert DRIFTED not in harness.kinds_told(team)

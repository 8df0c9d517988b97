"""The label that people select by: what an upgrade to it costs, and that nothing is decided by it."""

from typing import Any

import pytest
from tests.apply.harness import Harness, config_map, deployment, entries, owner

from pattern_operator.api.names import FIELD_MANAGER, NAME_LABEL, OWNER_LABEL
from pattern_operator.api.object import Object
from pattern_operator.apply import add_owner_metadata, prune
from pattern_operator.kube import objects


def unlabelled(desired: Object, by: Any) -> Object:
    """The object as a version that did not know the label applies it."""
    stamped = add_owner_metadata(desired, owner=by).body
    labels = {name: value for name, value in stamped["metadata"]["labels"].items() if name != NAME_LABEL}
    return Object.of({**stamped, "metadata": {**stamped["metadata"], "labels": labels}})


async def test_an_upgrade_applies_each_object_once_and_takes_none_for_changed(
    harness: Harness, namespace: str, open_room
):
    team = owner()
    desired = [*(config_map(f"c{number}", namespace) for number in range(5)), deployment("d", namespace)]
    for each in desired:
        await harness.put(unlabelled(each, team), manager=FIELD_MANAGER)

    async with open_room() as upgraded:
        await upgraded.apply(*desired, by=team, owned=[each.key for each in desired])
        patches = [verb for verb, _, _ in upgraded.requests if verb == "patch"]
        found = [await upgraded.get(each.key) for each in desired]
        await upgraded.apply(*desired, by=team, owned=[each.key for each in desired])
        later = [await upgraded.get(each.key) for each in desired]
        drifted = upgraded.managed_objects.drifted(team.id)

    assert len(patches) == len(desired)
    assert [each["metadata"]["labels"][NAME_LABEL] for each in found] == ["web"] * len(desired)
    assert later[0]["metadata"]["resourceVersion"] == found[0]["metadata"]["resourceVersion"]
    assert drifted == ()


async def test_objects_are_found_by_the_name_of_their_pattern(harness: Harness, namespace: str):
    await harness.apply(config_map("mine", namespace), by=owner())
    await harness.apply(config_map("other", namespace), by=owner("db"))

    kind = await harness.resource(config_map("mine", namespace).key)
    found = await objects.list_(harness.session, kind, namespace=namespace, label_selector=f"{NAME_LABEL}=web")

    assert [each["metadata"]["name"] for each in found] == ["mine"]


@pytest.mark.parametrize("said", [{NAME_LABEL: "web", OWNER_LABEL: None}, {NAME_LABEL: "web", OWNER_LABEL: "other"}])
async def test_the_label_alone_makes_nobody_an_owner(harness: Harness, namespace: str, open_room, said: dict[str, Any]):
    team, desired = owner(), config_map("c", namespace)
    await harness.apply(desired, by=team)
    await harness.patch(desired.key, {"metadata": {"labels": said}})

    async with open_room() as later:
        pruned = await prune(entries(desired), owner=team, deleter=later.deleter)

    assert [key for key, _ in pruned.skipped] == [desired.key]
    assert await harness.is_there(desired.key)


async def test_another_value_of_the_label_keeps_nobody_from_deleting_what_is_theirs(
    harness: Harness, namespace: str, open_room
):
    team, desired = owner(), config_map("c", namespace)
    await harness.apply(desired, by=team)
    await harness.patch(desired.key, {"metadata": {"labels": {NAME_LABEL: "other"}}})

    async with open_room() as later:
        pruned = await prune(entries(desired), owner=team, deleter=later.deleter)

    assert pruned.skipped == ()
    assert not await harness.is_there(desired.key)

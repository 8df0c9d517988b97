"""Custom resources that move from one version of their kind to another, whoever has fields of them in which version."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from tests.apply.harness import Harness, of_version, owner, two_versions

from pattern_operator.api.object import Object
from pattern_operator.apply.entry_versions import in_version

OLDER, NEWER = "v1beta1", "v1beta3"


@pytest.fixture
async def group(harness: Harness) -> AsyncIterator[str]:
    """A group of an own kind in two versions, of which the newer one is stored."""
    name = f"g{uuid4().hex[:8]}.example"
    crd = two_versions("Server", name)
    await harness.put(crd, manager="crds")
    for version in (OLDER, NEWER):
        await harness.until_served(name, "Server", version=version)
    yield name
    await harness.delete(crd.key)


async def drop_the_older_version(harness: Harness, group: str) -> None:
    await harness.put(two_versions("Server", group, served=(NEWER,)), manager="crds")
    await harness.until_dropped(group, "Server", version=OLDER)


async def entries(harness: Harness, desired: Object) -> list[tuple[str, str]]:
    metadata = (await harness.get(desired.key, version=NEWER))["metadata"]
    return sorted((each["manager"], each["apiVersion"].rpartition("/")[2]) for each in metadata["managedFields"])


async def in_older(harness: Harness, desired: Object, *, manager: str) -> None:
    """Let somebody else write the object in the older version, as it was before anything of it was unreadable."""
    live = await harness.get(desired.key, version=NEWER)
    entry = {
        "manager": manager,
        "operation": "Update",
        "apiVersion": f"{desired.key.group}/{OLDER}",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:metadata": {"f:annotations": {".": {}, "f:theirs": {}}}},
    }
    managed = [*live["metadata"]["managedFields"], entry]
    await harness.patch(
        desired.key, {"metadata": {"annotations": {"theirs": "x"}, "managedFields": managed}}, version=NEWER
    )


@pytest.mark.parametrize("dropped", [False, True], ids=["both are served", "the older one is dropped"])
@pytest.mark.parametrize("theirs", [False, True], ids=["ours alone", "and one of somebody else"])
async def test_an_object_moves_to_the_next_version_and_is_still_the_same(
    harness: Harness, namespace: str, group: str, *, dropped: bool, theirs: bool
):
    team = owner()
    older, newer = (of_version("Server", group, version, namespace, port=version) for version in (OLDER, NEWER))
    await harness.apply(older, by=team)
    before = await harness.get(older.key, version=NEWER)
    if theirs:
        await in_older(harness, older, manager="tool")
    if dropped:
        await drop_the_older_version(harness, group)

    moved = await harness.apply(newer, by=team)
    again = await harness.apply(newer, by=team)
    found = await harness.get(newer.key, version=NEWER)

    assert (moved.failures, again.failures) == ((), ())
    assert found["spec"] == {"accessPolicy": "deny", "port": NEWER}
    assert found["metadata"]["uid"] == before["metadata"]["uid"]
    assert ("pattern-operator", NEWER) in await entries(harness, newer)
    assert harness.managed_objects.drifted(team.id) == ()


async def test_a_field_that_left_with_the_version_leaves_the_object(harness: Harness, namespace: str, group: str):
    team = owner()
    newer = of_version("Server", group, NEWER, namespace, port="p", accessPolicy="allow")
    await harness.apply(newer, by=team)

    result = await harness.apply(of_version("Server", group, OLDER, namespace, port="p", old="o"), by=team)
    back = await harness.apply(newer, by=team)

    assert (result.failures, back.failures) == ((), ())
    assert (await harness.get(newer.key, version=NEWER))["spec"] == {"port": "p", "accessPolicy": "allow"}


async def test_what_the_manifest_has_wrong_itself_is_refused_once(harness: Harness, namespace: str, group: str):
    team = owner()
    await harness.apply(of_version("Server", group, OLDER, namespace, port="p"), by=team)
    patches = sum(verb == "PATCH" for verb, *_ in harness.requests)

    result = await harness.apply(of_version("Server", group, OLDER, namespace, prot="p"), by=team)

    (failure,) = result.failures
    assert "prot" in failure.message
    assert sum(verb == "PATCH" for verb, *_ in harness.requests) - patches <= 1


ENTRY: dict[str, Any] = {"manager": "tool", "operation": "Update", "fieldsType": "FieldsV1"}


def test_two_entries_that_become_one_hold_the_fields_of_both():
    older = {**ENTRY, "apiVersion": "x.io/v1", "fieldsV1": {"f:spec": {"f:a": {}}}}
    newer = {**ENTRY, "apiVersion": "x.io/v2", "fieldsV1": {"f:spec": {"f:b": {}}}}
    live = {"metadata": {"uid": "u", "resourceVersion": "7", "managedFields": [older, newer]}}

    found = in_version(live, "x.io/v2", is_picked=lambda _: True)

    assert found == {
        "uid": "u",
        "resourceVersion": "7",
        "managedFields": [{**ENTRY, "apiVersion": "x.io/v2", "fieldsV1": {"f:spec": {"f:a": {}, "f:b": {}}}}],
    }


def test_where_all_that_are_picked_have_the_version_nothing_is_written():
    live = {"metadata": {"managedFields": [{**ENTRY, "apiVersion": "x.io/v2"}, {**ENTRY, "apiVersion": "x.io/v1"}]}}

    assert in_version(live, "x.io/v2", is_picked=lambda each: each["apiVersion"] == "x.io/v2") is None
    assert in_version({"metadata": []}, "x.io/v2", is_picked=lambda _: True) is None

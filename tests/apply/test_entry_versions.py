"""Custom resources that move from one version of their kind to another, whoever has fields of them in which version."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from tests.apply.fake_cluster import FakeCluster
from tests.apply.harness import Harness, of_version, owner, two_versions

from pattern_operator.api.object import Object
from pattern_operator.apply.entry_versions import apply_over_versions, in_version
from pattern_operator.apply.metadata_edit import MetadataEditor
from pattern_operator.kube import ApiError, Resource
from pattern_operator.kube.decoding_messages import UNREADABLE_ENTRY

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


# --- what is written and sent, at a cluster in memory -----------------------------------------------------------------

SERVER = Object.of({"apiVersion": "x.io/v2", "kind": "Server", "metadata": {"name": "it", "namespace": "team"}})
RESOURCE = Resource("x.io", "v2", "Server", "servers", namespaced=True)


@dataclass
class Sends:
    """Applies of which the first ones are refused, one after the other."""

    refusals: list[ApiError]
    times: int = 0

    async def __call__(self) -> dict[str, Any]:
        self.times += 1
        if self.refusals:
            raise self.refusals.pop(0)
        return {"applied": self.times}


def unreadable() -> ApiError:
    return ApiError(code=422, reason="Invalid", message=f"{UNREADABLE_ENTRY}an entry is of x.io/v1")


def of_manager(name: str, operation: str, version: str) -> dict[str, Any]:
    fields: dict[str, Any] = {"f:spec": {f"f:{name}": {}}}
    return {"manager": name, "operation": operation, "apiVersion": f"x.io/{version}", "fieldsV1": fields}


async def sent(*refusals: ApiError) -> tuple[Sends, dict[str, str], Any]:
    """What was sent, the versions of the entries after that, by manager, and what came of it."""
    send = Sends(list(refusals))
    async with FakeCluster().serve() as cluster:
        managers = [of_manager("pattern-operator", "Apply", "v1"), of_manager("tool", "Update", "v1")]
        cluster.put(SERVER, managedFields=managers)
        editor = MetadataEditor(session=cluster.session, resource=RESOURCE, key=SERVER.key, impersonate=None)
        try:
            answer: Any = await apply_over_versions(send, editor=editor)
        except ApiError as error:
            answer = error
        found = cluster.at(SERVER)["metadata"]["managedFields"]
    return send, {each["manager"]: each["apiVersion"].rpartition("/")[2] for each in found}, answer


async def test_an_apply_that_is_not_refused_is_sent_once_and_nothing_is_written():
    send, versions, answer = await sent()

    assert (send.times, answer) == (1, {"applied": 1})
    assert versions == {"pattern-operator": "v1", "tool": "v1"}


async def test_the_entry_of_the_pattern_gets_the_version_first():
    send, versions, answer = await sent(unreadable())

    assert (send.times, answer) == (2, {"applied": 2})
    assert versions == {"pattern-operator": "v2", "tool": "v1"}


async def test_where_that_does_not_do_the_entries_of_others_get_it_too():
    send, versions, answer = await sent(unreadable(), unreadable())

    assert (send.times, answer) == (3, {"applied": 3})
    assert versions == {"pattern-operator": "v2", "tool": "v2"}


async def test_an_apply_that_is_refused_all_the_same_is_told_as_it_is():
    last = unreadable()

    send, _, answer = await sent(unreadable(), unreadable(), last)

    assert (send.times, answer) == (3, last)


async def test_a_refusal_for_another_reason_changes_no_entry():
    refused = ApiError(code=422, reason="Invalid", message="spec.port: Required value")

    send, versions, answer = await sent(refused)

    assert (send.times, answer) == (1, refused)
    assert versions == {"pattern-operator": "v1", "tool": "v1"}

"""What surrounds the one apply of an object: fields left to others, of older tools, and that people replaced."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from tests.apply.fake_cluster import WEB, FakeCluster, Request, fields_of, managed, status
from tests.apply.harness import config_map, deployment

from pattern_operator.api.apply_spec import IgnoreDifferences
from pattern_operator.api.object import Object
from pattern_operator.api.reason import Reason

LEFT = (IgnoreDifferences(paths=("/data/theirs",)),)


@pytest.fixture
async def cluster() -> AsyncIterator[FakeCluster]:
    async with FakeCluster().serve() as cluster:
        yield cluster


def our_fields(cluster: FakeCluster, desired: Object) -> dict[str, Any]:
    entries = cluster.at(desired)["metadata"]["managedFields"]
    return next(each["fieldsV1"] for each in entries if each["manager"] == "pattern-operator")


async def test_what_is_left_to_others_is_made_with_the_object_and_given_up_at_once(cluster: FakeCluster):
    desired = config_map("c", "team", ours="1", theirs="first")

    done = await cluster.apply(desired, ignored=LEFT)

    assert done.applied == (desired.key,)
    assert cluster.at(desired)["data"] == {"ours": "1", "theirs": "first"}
    assert our_fields(cluster, desired)["f:data"] == {"f:ours": {}}


async def test_a_controller_that_writes_a_new_object_at_once_is_not_who_made_it(cluster: FakeCluster):
    desired = config_map("c", "team", ours="1", theirs="first")
    written = list[str]()

    def write(request: Request) -> web.Response | None:
        if request.method == "PATCH" and "merge-patch" in request.content_type and not written:
            written.append("status")
            meta = cluster.at(desired)["metadata"]
            meta["resourceVersion"] = str(int(meta["resourceVersion"]) + 100)
            meta["managedFields"].append(managed("controller", "Update", {"f:status": {"f:seen": {}}}))
        return None

    cluster.refusals.append(write)

    done = await cluster.apply(desired, ignored=LEFT)

    assert (done.failures, done.disowned) == ((), frozenset())
    assert done.created == {desired.key}
    assert written
    assert our_fields(cluster, desired)["f:data"] == {"f:ours": {}}


async def test_what_is_left_to_others_is_not_sent_again(cluster: FakeCluster):
    desired = config_map("c", "team", ours="1", theirs="first")
    await cluster.apply(desired, ignored=LEFT)
    cluster.at(desired)["data"]["theirs"] = "second"
    cluster.show(desired)
    cluster.requests.clear()

    await cluster.apply(config_map("c", "team", ours="2", theirs="first"), ignored=LEFT)

    assert cluster.at(desired)["data"] == {"ours": "2", "theirs": "second"}
    assert [each.body["data"] for each in cluster.sent("PATCH", desired)] == [{"ours": "2"}]


async def test_what_is_left_to_others_from_now_on_keeps_its_value(cluster: FakeCluster):
    desired = config_map("c", "team", ours="1", theirs="first")
    await cluster.apply(desired)
    cluster.show(desired)

    await cluster.apply(desired, ignored=LEFT)

    assert cluster.at(desired)["data"] == {"ours": "1", "theirs": "first"}
    assert our_fields(cluster, desired)["f:data"] == {"f:ours": {}}


async def test_what_kubectl_applied_once_and_the_pattern_has_not_goes_when_it_is_adopted(cluster: FakeCluster):
    before = config_map("c", "team", a="1", left="1")
    entry = managed("kubectl-client-side-apply", "Update", fields_of(before.body))
    cluster.put(before, managedFields=[entry])
    desired = config_map("c", "team", a="1")

    done = await cluster.apply(desired)

    assert done.applied == (desired.key,)
    assert cluster.at(desired)["data"] == {"a": "1"}
    assert cluster.at(desired)["metadata"]["annotations"]["pattern-operator.io/adopted"] == "true"


async def test_what_a_controller_wrote_beside_it_stays_when_it_is_adopted(cluster: FakeCluster):
    before = config_map("c", "team", a="1", left="1")
    cluster.put(before, managedFields=[managed("some-controller", "Update", fields_of(before.body))])
    desired = config_map("c", "team", a="1")

    await cluster.apply(desired)

    assert cluster.at(desired)["data"] == {"a": "1", "left": "1"}


async def test_replicas_that_an_autoscaler_has_are_not_sent_and_people_are_told(cluster: FakeCluster):
    desired = deployment("d", "team", replicas=2)
    await cluster.apply(desired)
    body = cluster.at(desired)
    body["spec"]["replicas"] = 5
    body["metadata"]["managedFields"].append(
        managed("kube-controller-manager", "Update", {"f:spec": {"f:replicas": {}}}) | {"subresource": "scale"}
    )
    body["metadata"]["resourceVersion"] = "900"
    cluster.show(desired)
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}
    cluster.objects["/apis/autoscaling/v2/namespaces/team/horizontalpodautoscalers/h"] = {
        "metadata": {"name": "h", "namespace": "team"},
        "spec": {"scaleTargetRef": target},
    }

    done = await cluster.apply(desired)

    assert cluster.at(desired)["spec"]["replicas"] == 5
    ((key, note),) = done.notes
    assert key == desired.key
    assert note.startswith("spec.replicas is left to HorizontalPodAutoscaler h")


async def test_a_refused_field_that_somebody_put_there_is_named_with_who_it_was(cluster: FakeCluster):
    desired = deployment("d", "team")
    await cluster.apply(desired)
    entry = managed("some-controller", "Update", {"f:spec": {"f:strategy": {"f:rollingUpdate": {}}}})
    cluster.at(desired)["metadata"]["managedFields"].append(entry)
    cluster.show(desired)
    cause = {"reason": "FieldValueForbidden", "field": "spec.strategy.rollingUpdate", "message": "may not be specified"}
    cluster.refuse("PATCH", desired, status(422, "Invalid", "no", causes=[cause]))
    recreate = Object.of({**desired.body, "spec": {**desired.body["spec"], "strategy": {"type": "Recreate"}}})

    (failure,) = (await cluster.apply(recreate)).failures

    assert failure.reason is Reason.APPLY_FAILED
    assert "field manager some-controller has set it" in failure.message


def co_own(
    cluster: FakeCluster, desired: Object, manager: str, operation: str = "Update", *, fields: Any = None
) -> None:
    """Let another manager hold these fields of the object (by default all that the manifest has) beside the pattern."""
    meta = cluster.at(desired)["metadata"]
    meta["managedFields"].append(managed(manager, operation, fields_of(desired.body) if fields is None else fields))
    change(cluster, desired)
    cluster.requests.clear()


def change(cluster: FakeCluster, desired: Object) -> None:
    """Let the watch show that somebody has written the object."""
    cluster._version += 1
    cluster.at(desired)["metadata"]["resourceVersion"] = str(cluster._version)
    cluster.show(desired)


def remaining(cluster: FakeCluster) -> list[tuple[str, str, str]]:
    found = cluster.managed_objects.remaining(WEB.id)
    return [(key.name, each.manager, each.field) for key, fields in found.items() for each in fields]


@pytest.mark.parametrize(
    ("manager", "operation"),
    [
        ("before-first-apply", "Update"),
        ("kubectl", "Apply"),
        ("kubectl-client-side-apply", "Update"),
        ("kubectl-edit", "Update"),
        ("helm", "Update"),
        ("kustomize-controller", "Apply"),
    ],
)
async def test_a_field_of_ours_that_a_tool_came_to_share_goes_when_it_leaves_the_pattern(
    cluster: FakeCluster, manager: str, operation: str
):
    desired = config_map("c", "team", a="1", b="1")
    await cluster.apply(desired)
    co_own(cluster, desired, manager, operation)

    done = await cluster.apply(config_map("c", "team", a="1"))

    assert done.applied == (desired.key,)
    assert cluster.at(desired)["data"] == {"a": "1"}
    assert remaining(cluster) == []
    assert [each["manager"] for each in cluster.at(desired)["metadata"]["managedFields"]] == ["pattern-operator"]


async def test_what_a_tool_added_beside_the_fields_that_it_shares_stays_its_own(cluster: FakeCluster):
    desired = config_map("c", "team", a="1", b="1")
    await cluster.apply(desired)
    cluster.at(desired)["data"]["mine"] = "1"
    fields: dict[str, Any] = {"f:data": {"f:b": {}, "f:mine": {}}}
    co_own(cluster, desired, "kubectl-client-side-apply", fields=fields)

    await cluster.apply(config_map("c", "team", a="1"))

    assert cluster.at(desired)["data"] == {"a": "1", "mine": "1"}
    entries = cluster.at(desired)["metadata"]["managedFields"]
    assert next(e["fieldsV1"] for e in entries if e["manager"] != "pattern-operator") == {"f:data": {"f:mine": {}}}


async def test_a_tool_that_shares_nothing_costs_no_request_and_one_that_does_costs_two_once(cluster: FakeCluster):
    desired = config_map("c", "team", a="1", b="1")
    await cluster.apply(desired)
    cluster.at(desired)["data"]["mine"] = "1"
    co_own(cluster, desired, "kubectl-patch", fields={"f:data": {"f:mine": {}}})
    co_own(cluster, desired, "some-controller")

    await cluster.apply(config_map("c", "team", a="2", b="1"))
    settled = [each.method for each in cluster.requests]
    co_own(cluster, desired, "before-first-apply")
    await cluster.apply(config_map("c", "team", a="3", b="1"))
    handed_on = [each.method for each in cluster.requests]
    cluster.show(desired)
    cluster.requests.clear()
    await cluster.apply(config_map("c", "team", a="4", b="1"))

    assert settled == ["PATCH"]
    assert handed_on == ["GET", "PATCH", "PATCH"]
    assert [each.method for each in cluster.requests] == ["PATCH"]


async def test_a_field_that_a_controller_shares_stays_when_it_leaves_the_pattern_and_is_told_as_long_as_it_does(
    cluster: FakeCluster,
):
    desired = config_map("c", "team", a="1", b="1")
    await cluster.apply(desired)
    co_own(cluster, desired, "some-controller", "Apply")

    await cluster.apply(config_map("c", "team", a="1"))
    at_once = remaining(cluster)
    cluster.show(desired)
    await cluster.apply(config_map("c", "team", a="2"))
    later = remaining(cluster)
    entries = cluster.at(desired)["metadata"]["managedFields"]
    next(e for e in entries if e["manager"] == "some-controller")["fieldsV1"] = {"f:data": {"f:a": {}}}
    change(cluster, desired)

    assert at_once == later == [("c", "some-controller", ".data.b")]
    assert cluster.at(desired)["data"] == {"a": "2", "b": "1"}
    assert remaining(cluster) == []


async def test_a_field_that_comes_back_to_the_pattern_is_not_told_any_more(cluster: FakeCluster):
    desired = config_map("c", "team", a="1", b="1")
    await cluster.apply(desired)
    co_own(cluster, desired, "some-controller", "Apply")
    await cluster.apply(config_map("c", "team", a="1"))
    before = remaining(cluster)

    await cluster.apply(desired)

    assert (len(before), remaining(cluster)) == (1, [])


async def test_what_a_controller_added_beside_ours_is_not_told_as_having_left(cluster: FakeCluster):
    desired = config_map("c", "team", a="1")
    await cluster.apply(desired)
    cluster.at(desired)["data"]["mine"] = "1"
    co_own(cluster, desired, "some-controller", fields={"f:data": {"f:mine": {}}})

    await cluster.apply(config_map("c", "team", a="2"))

    assert remaining(cluster) == []


async def test_what_is_left_to_others_is_neither_taken_from_a_tool_nor_told(cluster: FakeCluster):
    desired = config_map("c", "team", ours="1", theirs="1")
    await cluster.apply(desired)
    co_own(cluster, desired, "kubectl", "Apply")
    co_own(cluster, desired, "some-controller", "Apply")

    await cluster.apply(desired, ignored=LEFT)

    entries = {e["manager"]: e["fieldsV1"] for e in cluster.at(desired)["metadata"]["managedFields"]}
    assert cluster.at(desired)["data"] == {"ours": "1", "theirs": "1"}
    assert entries["kubectl"] == {"f:data": {"f:theirs": {}}}
    assert remaining(cluster) == []


async def test_an_operator_that_has_just_started_knows_who_shares_fields_from_what_it_reads(cluster: FakeCluster):
    desired = config_map("c", "team", a="1", b="1")
    await cluster.apply(desired)
    co_own(cluster, desired, "before-first-apply")
    cluster.watches.sees = False

    await cluster.apply(config_map("c", "team", a="1"), owned=(desired.key,))

    assert cluster.at(desired)["data"] == {"a": "1"}

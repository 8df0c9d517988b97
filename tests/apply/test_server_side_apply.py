"""What surrounds the one apply of an object: fields left to others, of older tools, and that people replaced."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from tests.apply.fake_cluster import FakeCluster, Request, fields_of, managed, status
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

"""What is read of a live object before an apply decides what is sent: replicas of autoscalers, changes by hand, what
older tools set. Each is told by a look at the object, and where a watch is in step, by the watch.
"""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.apply.fake_cluster import WEB, FakeCluster, fields_of, managed
from tests.apply.harness import config_map, deployment

from pattern_operator.api.object import Object

OURS, SCALE = {"manager": "pattern-operator", "operation": "Apply"}, {"subresource": "scale"}
WATCHED = pytest.mark.parametrize("watched", [True, False], ids=["by a watch", "by a look"])


@pytest.fixture
async def cluster() -> AsyncIterator[FakeCluster]:
    async with FakeCluster().serve(WEB) as cluster:
        yield cluster


def shown(cluster: FakeCluster, desired: Object, *, watched: bool) -> None:
    if watched:
        cluster.show(desired)
    else:
        cluster.watches.blind.add(desired.key.kind)


def scaled_by(manager: str) -> dict[str, Any]:
    return managed(manager, "Update", {"f:spec": {"f:replicas": {}}}) | SCALE


def autoscaler(target: str) -> Object:
    aim = {"apiVersion": "apps/v1", "kind": "Deployment", "name": target}
    return Object.of(
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "scaler", "namespace": "team"},
            "spec": {"scaleTargetRef": aim},
        }
    )


def replicas(cluster: FakeCluster, desired: Object) -> int:
    return int(cluster.at(desired)["spec"]["replicas"])


@WATCHED
@pytest.mark.parametrize(
    ("aims_at", "left"), [("d", 7), ("another", 2)], ids=["an autoscaler aims at it", "none aims at it any more"]
)
async def test_replicas_that_an_autoscaler_writes_are_left_to_it(cluster, watched: bool, aims_at: str, left: int):
    desired = deployment("d", "team", replicas=2)
    ours = {"f:spec": {"f:template": {}}, "f:metadata": {"f:labels": {"f:pattern-operator.io/owner": {}}}}
    entries = [managed("pattern-operator", "Apply", ours), scaled_by("kube-controller-manager")]
    cluster.put(deployment("d", "team", replicas=7), owner=WEB.id, managedFields=entries)
    cluster.put(autoscaler(aims_at))
    shown(cluster, desired, watched=watched)

    done = await cluster.apply(desired)

    assert (done.applied, replicas(cluster, desired)) == ((desired.key,), left)
    assert [key for key, _ in done.notes] == ([desired.key] if left == 7 else [])


async def test_replicas_of_an_object_that_is_adopted_are_left_to_the_autoscaler_that_writes_them(cluster):
    desired = deployment("d", "team", replicas=2)
    cluster.put(deployment("d", "team", replicas=7), managedFields=[scaled_by("kube-controller-manager")])
    cluster.put(autoscaler("d"))

    await cluster.apply(desired, conflicts="Take")

    assert replicas(cluster, desired) == 7


@WATCHED
@pytest.mark.parametrize("scaled", [True, False], ids=["scaled", "not scaled"])
async def test_replicas_that_leave_the_manifest_stay_where_an_autoscaler_aims_at_the_object(
    cluster, watched: bool, scaled: bool
):
    before, desired = deployment("d", "team", replicas=2), deployment("d", "team")
    del desired.body["spec"]["replicas"]
    await cluster.apply(before)
    if scaled:
        cluster.put(autoscaler("d"))
    shown(cluster, before, watched=watched)

    done = await cluster.apply(desired)

    assert done.applied == (desired.key,)
    assert ("replicas" in cluster.at(desired)["spec"]) is scaled


@WATCHED
async def test_what_people_put_in_the_place_of_ours_goes_with_the_repair(cluster: FakeCluster, watched: bool):
    desired = config_map("c", "team", a="1")
    await cluster.apply(desired)
    cluster.show(desired)
    by_hand = config_map("c", "team", b="2")
    entries = cluster.at(desired)["metadata"]["managedFields"]
    for each in entries:
        each["fieldsV1"].pop("f:data", None)
    cluster.at(desired)["data"] = {"b": "2"}
    cluster.at(desired)["metadata"]["managedFields"] = [
        *entries,
        managed("kubectl-edit", "Update", fields_of(by_hand.body)),
    ]
    cluster.at(desired)["metadata"]["resourceVersion"] = "900"
    shown(cluster, desired, watched=watched)

    await cluster.apply(desired)

    assert cluster.at(desired)["data"] == {"a": "1"}


async def test_an_update_of_what_people_added_to_and_nobody_drifted_asks_nothing_more(cluster: FakeCluster):
    """What was added beside ours is known from the watch to be no drift: one request as always."""
    desired = config_map("c", "team", a="1")
    await cluster.apply(desired)
    cluster.at(desired)["metadata"]["managedFields"].append(managed("kubectl-edit", "Update", {"f:data": {"f:b": {}}}))
    cluster.at(desired)["data"]["b"] = "2"
    cluster.at(desired)["metadata"]["resourceVersion"] = "900"
    cluster.show(desired)
    cluster.requests.clear()

    await cluster.apply(config_map("c", "team", a="2"))

    assert [each.method for each in cluster.requests] == ["PATCH"]
    assert cluster.at(desired)["data"] == {"a": "2", "b": "2"}


async def test_what_kubectl_applied_and_the_pattern_has_not_goes_when_it_is_adopted(cluster: FakeCluster):
    desired, before = config_map("c", "team", a="1"), config_map("c", "team", a="1", b="2")
    entries = [managed("kubectl-client-side-apply", "Update", fields_of(before.body))]
    cluster.put(before, managedFields=entries)

    done = await cluster.apply(desired)

    assert done.applied == (desired.key,)
    assert cluster.at(desired)["data"] == {"a": "1"}


async def test_what_a_controller_set_stays_when_the_object_is_adopted(cluster: FakeCluster):
    desired, before = config_map("c", "team", a="1"), config_map("c", "team", a="1", b="2")
    cluster.put(before, managedFields=[managed("controller", "Update", fields_of(before.body))])

    await cluster.apply(desired)

    assert cluster.at(desired)["data"] == {"a": "1", "b": "2"}
    # To make it, which is refused, and to adopt it: nothing is handed on.
    assert [each.params.get("dryRun") for each in cluster.sent("PATCH", desired)] == [None, None]


@WATCHED
@pytest.mark.parametrize("content", ["1", "2"])
async def test_an_apply_that_changes_nothing_is_not_counted_as_a_change(cluster, watched: bool, content: str):
    desired = config_map("c", "team", a="1")
    await cluster.apply(desired)
    shown(cluster, desired, watched=watched)

    done = await cluster.apply(config_map("c", "team", a=content))

    assert done.configured == (frozenset() if content == "1" else {desired.key})
    assert done.created == frozenset()


@pytest.mark.parametrize("content", ["1", "2"])
async def test_an_adoption_that_changes_the_object_is_counted_as_a_change(cluster: FakeCluster, content: str):
    desired = config_map("c", "team", a=content)
    cluster.put(config_map("c", "team", a="1"))

    done = await cluster.apply(desired, conflicts="Take")

    assert done.configured == {desired.key}  # its owner label, at least


@WATCHED
async def test_what_was_adopted_stays_marked_so(cluster: FakeCluster, watched: bool):
    desired = config_map("c", "team", a="1")
    cluster.put(desired)
    await cluster.apply(desired)
    shown(cluster, desired, watched=watched)

    await cluster.apply(config_map("c", "team", a="2"))

    assert cluster.at(desired)["metadata"]["annotations"]["pattern-operator.io/adopted"] == "true"

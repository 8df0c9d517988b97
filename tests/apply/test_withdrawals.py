"""Our label is taken off what somebody else made first, and off nothing else."""

from collections.abc import AsyncIterator

import pytest
from tests.apply.fake_cluster import FakeCluster, status
from tests.apply.harness import config_map

from pattern_operator.apply.withdrawals import Withdrawals
from pattern_operator.kube import ApiError, Resource

CONFIG_MAPS = Resource("", "v1", "ConfigMap", "configmaps", namespaced=True)
DESIRED = config_map("c", "team", a="1")
OWNER_LABEL = "pattern-operator.io/owner"


@pytest.fixture
async def cluster() -> AsyncIterator[FakeCluster]:
    async with FakeCluster().serve() as cluster:
        yield cluster


async def withdraw(cluster: FakeCluster, *, uid: str) -> Withdrawals:
    withdrawals = Withdrawals(cluster.session)
    withdrawals.add(DESIRED.key, "web", uid=uid)
    await withdrawals.withdraw(DESIRED.key, "web", CONFIG_MAPS, impersonate=None)
    return withdrawals


async def test_the_very_object_is_asked_to_forget_our_apply_and_that_is_done_once(cluster: FakeCluster):
    uid = cluster.put(DESIRED, owner="web")["metadata"]["uid"]

    withdrawals = await withdraw(cluster, uid=uid)

    assert len(cluster.sent("PATCH", DESIRED)) == 1
    assert not withdrawals.has(DESIRED.key, "web")


@pytest.mark.parametrize("change", ["created again", "another owner", "gone"])
async def test_what_is_not_that_object_any_more_is_left_alone(cluster: FakeCluster, change: str):
    uid = cluster.put(DESIRED, owner="shop" if change == "another owner" else "web")["metadata"]["uid"]
    if change == "gone":
        cluster.objects.clear()

    withdrawals = await withdraw(cluster, uid="another" if change == "created again" else uid)

    assert cluster.sent("PATCH", DESIRED) == []
    assert not withdrawals.has(DESIRED.key, "web")


async def test_what_was_refused_is_left_for_the_next_try(cluster: FakeCluster):
    uid = cluster.put(DESIRED, owner="web")["metadata"]["uid"]
    withdrawals = Withdrawals(cluster.session)
    withdrawals.add(DESIRED.key, "web", uid=uid)
    cluster.refuse("PATCH", DESIRED, status(403, "Forbidden", "no"))

    with pytest.raises(ApiError):
        await withdrawals.withdraw(DESIRED.key, "web", CONFIG_MAPS, impersonate=None)

    assert withdrawals.has(DESIRED.key, "web")
    assert not withdrawals.has(DESIRED.key, "shop")

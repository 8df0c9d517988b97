"""What others write of an object is found out with as few questions as it takes."""

from collections.abc import AsyncIterator

import pytest
from tests.apply.fake_cluster import FakeCluster
from tests.apply.harness import config_map, deployment

from pattern_operator.api.apply_spec import IgnoreDifferences
from pattern_operator.api.object import Object
from pattern_operator.apply.field_release import fields_left_to_others
from pattern_operator.apply.ignore_differences import REPLICAS, decode_rules

DEPLOYMENT = deployment("d", "team", replicas=2)
LEFT = decode_rules((IgnoreDifferences(paths=("/spec/replicas",)),))


@pytest.fixture
async def cluster() -> AsyncIterator[FakeCluster]:
    async with FakeCluster().serve() as cluster:
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}
        head = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler"}
        metadata = {"name": "h", "namespace": "team"}
        cluster.put(Object.of({**head, "metadata": metadata, "spec": {"scaleTargetRef": target}}))
        yield cluster


async def test_replicas_that_the_spec_leaves_to_others_are_not_asked_for(cluster: FakeCluster):
    found = await fields_left_to_others(
        cluster.session, DEPLOYMENT, rules=LEFT, scaled_by="kube-controller-manager", impersonate=None
    )

    assert found == ((REPLICAS,), "")
    assert cluster.requests == []


async def test_replicas_that_an_autoscaler_has_are_left_to_it_and_it_is_said(cluster: FakeCluster):
    left, note = await fields_left_to_others(
        cluster.session, DEPLOYMENT, rules=(), scaled_by="kube-controller-manager", impersonate="jo"
    )

    assert left == (REPLICAS,)
    assert "HorizontalPodAutoscaler h" in note
    assert [each.user for each in cluster.requests] == ["jo"]


async def test_replicas_that_somebody_scaled_by_hand_stay_the_pattern_s(cluster: FakeCluster):
    cluster.objects.clear()

    assert await fields_left_to_others(
        cluster.session, DEPLOYMENT, rules=(), scaled_by="kubectl", impersonate=None
    ) == ((), "")


async def test_where_nobody_scales_nothing_is_asked(cluster: FakeCluster):
    for each in (DEPLOYMENT, config_map("c", "team")):
        assert await fields_left_to_others(cluster.session, each, rules=(), scaled_by="", impersonate=None) == ((), "")

    assert cluster.requests == []

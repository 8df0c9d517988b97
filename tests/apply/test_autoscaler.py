"""Which autoscaler writes the replicas of a workload, as far as the account of the pattern may look."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.apply.fake_cluster import WEB, FakeCluster, status
from tests.apply.harness import deployment

from pattern_operator.api.object import Object
from pattern_operator.apply.autoscaler import Autoscaler, autoscaler_of
from pattern_operator.kube import ApiUnavailable

DEPLOYMENT = deployment("d", "team")
AUTOSCALERS = "/apis/autoscaling/v2/namespaces/team/horizontalpodautoscalers"


@pytest.fixture
async def cluster() -> AsyncIterator[FakeCluster]:
    async with FakeCluster().serve(WEB) as cluster:
        yield cluster


async def found(cluster: FakeCluster) -> Autoscaler | None:
    return await autoscaler_of(cluster.session, DEPLOYMENT.key, manager="hpa", impersonate="jo")


def put(cluster: FakeCluster, called: str, /, **target: str) -> None:
    body: dict[str, Any] = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": called, "namespace": "team"},
        "spec": {"scaleTargetRef": target},
    }
    cluster.put(Object.of(body))


async def test_the_autoscaler_that_targets_the_workload_is_named_by_who_may_look(cluster: FakeCluster):
    put(cluster, "other", apiVersion="apps/v1", kind="StatefulSet", name="d")
    put(cluster, "its", apiVersion="apps/v1", kind="Deployment", name="d")

    assert await found(cluster) == Autoscaler("its", "hpa")
    assert [(each.path, each.user) for each in cluster.requests] == [(AUTOSCALERS, "jo")]


async def test_where_none_targets_it_there_is_none(cluster: FakeCluster):
    put(cluster, "other", apiVersion="example.com/v1", kind="Deployment", name="d")

    assert await found(cluster) is None


async def test_who_may_not_look_knows_only_that_there_is_one(cluster: FakeCluster):
    cluster.refusals.append(lambda _: status(403, "Forbidden", "no"))

    assert await found(cluster) == Autoscaler("", "hpa")


async def test_an_api_server_that_does_not_answer_has_not_refused(cluster: FakeCluster):
    cluster.refusals.append(lambda _: status(503, "ServiceUnavailable", "no"))

    with pytest.raises(ApiUnavailable):
        await found(cluster)

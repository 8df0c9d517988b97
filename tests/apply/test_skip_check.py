"""What is desired and not sent: what has ended by itself, and what is only to be there."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.apply.fake_cluster import SHOP, WEB, FakeCluster, path_of, status
from tests.apply.harness import config_map

from pattern_operator.api.object import Object
from pattern_operator.api.reason import Reason
from pattern_operator.apply.finished import MAY_HAVE_FINISHED, NOT_RERUN, FinishState, RunRecord
from pattern_operator.kube import WatchEventType

IF_ABSENT = {"pattern-operator.io/ssa": "IfAbsent"}


@pytest.fixture
async def cluster() -> AsyncIterator[FakeCluster]:
    async with FakeCluster().serve(WEB, SHOP) as cluster:
        yield cluster


def job(*, image: str = "registry.example/seed:1", ttl: int | None = 0) -> Object:
    spec: dict[str, Any] = {"template": {"spec": {"containers": [{"name": "main", "image": image}]}}}
    metadata = {"name": "seed", "namespace": "team"}
    more = {} if ttl is None else {"ttlSecondsAfterFinished": ttl}
    return Object.of({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec | more})


async def end(cluster: FakeCluster, desired: Object) -> None:
    """Let the pattern web run it to its end, after which it is removed."""
    await cluster.apply(desired)
    cluster._version += 1
    cluster.at(desired)["status"] = {"conditions": [{"type": "Complete", "status": "True"}]}
    cluster.at(desired)["metadata"]["resourceVersion"] = str(cluster._version)
    cluster.show(desired)
    cluster.show(desired, WatchEventType.DELETED)
    del cluster.objects[path_of(desired)]
    cluster.requests.clear()


async def test_what_ended_and_is_gone_is_not_run_again(cluster: FakeCluster):
    await end(cluster, job())

    done = await cluster.apply(job())

    assert done.skipped == ((job().key, NOT_RERUN),)
    assert cluster.requests == []


@pytest.mark.parametrize("why", ["it is another one now", "no watch tells that it is gone", "another pattern runs it"])
async def test_what_ended_is_run_again_where_it_is_not_the_same(cluster: FakeCluster, why: str):
    await end(cluster, job())
    if why == "no watch tells that it is gone":
        cluster.watches.blind.add("Job")

    done = await cluster.apply(
        job(image="registry.example/seed:2") if why == "it is another one now" else job(),
        by=SHOP if why == "another pattern runs it" else WEB,
    )

    assert (done.applied, done.skipped) == ((job().key,), ())


def restarted(cluster: FakeCluster) -> None:
    """As an operator that has just started, and whose status says that the Job may have ended."""
    known = bytes(RunRecord(FinishState.UNKNOWN, b""))
    cluster.managed_objects.restore(job().key, owner=WEB.id, known=known)


async def test_what_may_have_ended_while_nobody_looked_is_taken_for_what_is_desired_first(cluster: FakeCluster):
    restarted(cluster)

    done = await cluster.apply(job())
    again = await cluster.apply(job())
    other = await cluster.apply(job(image="registry.example/seed:2"))

    assert done.skipped == again.skipped == ((job().key, MAY_HAVE_FINISHED),)
    assert other.applied == (job().key,)


async def test_what_stays_after_its_end_and_is_not_there_has_not_ended(cluster: FakeCluster):
    restarted(cluster)

    done = await cluster.apply(job(ttl=None))

    assert done.applied == (job().key,)


async def test_what_is_only_to_be_there_and_is_not_is_made(cluster: FakeCluster):
    desired = config_map("c", "team", annotations=IF_ABSENT)

    done = await cluster.apply(desired)

    assert (done.applied, done.skipped, cluster.has(desired)) == ((desired.key,), (), True)


async def test_what_is_only_to_be_there_and_cannot_be_looked_at_is_not_made(cluster: FakeCluster):
    desired = config_map("c", "team", annotations=IF_ABSENT)
    cluster.refuse("GET", desired, status(403, "Forbidden", 'User "jo" cannot get resource "configmaps"'))

    done = await cluster.apply(desired)

    assert [each.reason for each in done.failures] == [Reason.FORBIDDEN]
    assert cluster.sent("PATCH", desired) == []

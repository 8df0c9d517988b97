"""Metadata is written as it was read, and read again where a controller was faster: at a cluster in memory."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from tests.apply.fake_cluster import FakeCluster, Request, conflict, denied, status
from tests.apply.harness import config_map

from pattern_operator.api.fields import ObjectMeta
from pattern_operator.apply.metadata_edit import TRIES, MetadataEditor
from pattern_operator.kube import ApiError, Resource

DESIRED = config_map("c", "team")
CONFIG_MAPS = Resource("", "v1", "ConfigMap", "configmaps", namespaced=True)


@pytest.fixture
async def cluster() -> AsyncIterator[FakeCluster]:
    async with FakeCluster().serve() as cluster:
        cluster.put(DESIRED)
        yield cluster


def editor(cluster: FakeCluster) -> MetadataEditor:
    return MetadataEditor(session=cluster.session, resource=CONFIG_MAPS, key=DESIRED.key, impersonate=None)


def mark(live: Any) -> dict[str, Any] | None:
    meta = ObjectMeta.of(live)
    if meta.annotation("marked"):
        return None
    return {"uid": meta.uid, "resourceVersion": meta.resource_version, "annotations": {"marked": "yes"}}


def writes_first(cluster: FakeCluster, times: int) -> None:
    """Before each of the next patches somebody else writes the object."""
    left = [times]

    def write(request: Request) -> web.Response | None:
        if request.method == "PATCH" and left[0]:
            left[0] -= 1
            meta = cluster.at(DESIRED)["metadata"]
            meta["resourceVersion"] = str(int(meta["resourceVersion"]) + 1000)
            return conflict(request.path)
        return None

    cluster.refusals.append(write)


async def test_it_is_written_as_it_was_read(cluster: FakeCluster):
    edited = await editor(cluster).edit(mark)

    assert edited.changed
    assert cluster.at(DESIRED)["metadata"]["annotations"] == {"marked": "yes"}


async def test_nothing_is_written_where_nothing_is_to_be_changed(cluster: FakeCluster):
    await editor(cluster).edit(mark)
    cluster.requests.clear()

    edited = await editor(cluster).edit(mark)

    assert not edited.changed
    assert [each.method for each in cluster.requests] == ["GET"]


@pytest.mark.parametrize("times", [1, 4, TRIES - 1])
async def test_a_controller_that_was_faster_costs_another_read(cluster: FakeCluster, times: int):
    writes_first(cluster, times)

    edited = await editor(cluster).edit(mark, live=cluster.at(DESIRED))

    assert edited.changed
    assert cluster.at(DESIRED)["metadata"]["annotations"] == {"marked": "yes"}
    assert len([each for each in cluster.requests if each.method == "GET"]) == times


async def test_others_who_are_faster_each_time_are_told_of(cluster: FakeCluster):
    writes_first(cluster, 10 * TRIES)

    with pytest.raises(ApiError) as raised:
        await editor(cluster).edit(mark)

    assert raised.value.code == 409
    assert len(cluster.sent("PATCH", DESIRED)) == TRIES


async def test_an_object_that_took_the_place_of_the_one_that_was_read_is_not_written(cluster: FakeCluster):
    def replace(request: Request) -> web.Response | None:
        if request.method == "PATCH":
            cluster.put(DESIRED)
            return conflict(request.path)
        return None

    cluster.refusals.append(replace)

    with pytest.raises(ApiError) as raised:
        await editor(cluster).edit(mark)

    assert raised.value.code == 409
    assert len(cluster.sent("PATCH", DESIRED)) == 1


@pytest.mark.parametrize(
    "refusal",
    [
        *(pytest.param(lambda code=code: status(code, "No", "no"), id=str(code)) for code in (403, 422, 500)),
        pytest.param(lambda: denied(409, "Conflict", name="c"), id="a webhook that says 409"),
        pytest.param(lambda: conflict("/api/v1/namespaces/team/resourcequotas/q"), id="a quota was changed"),
    ],
)
async def test_a_refusal_for_another_reason_is_raised_at_once(cluster: FakeCluster, refusal):
    cluster.refuse("PATCH", DESIRED, refusal(), refusal())

    with pytest.raises(ApiError):
        await editor(cluster).edit(mark)

    assert len(cluster.sent("PATCH", DESIRED)) == 1


async def test_an_object_that_is_gone_is_told_of(cluster: FakeCluster):
    def remove(request: Request) -> web.Response | None:
        if request.method == "PATCH":
            cluster.objects.clear()
            return conflict(request.path)
        return None

    cluster.refusals.append(remove)

    with pytest.raises(ApiError) as raised:
        await editor(cluster).edit(mark)

    assert raised.value.code == 404

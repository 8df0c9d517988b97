"""Our marks on an object that stays: what of it is taken off, and of whose objects."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.apply.fake_cluster import SHOP, WEB, FakeCluster, fields_of, managed
from tests.apply.harness import config_map

from pattern_operator.api.names import API_VERSION
from pattern_operator.api.object import Object
from pattern_operator.apply.owner_metadata import remove_leftover_metadata, remove_owner_metadata
from pattern_operator.kube import Resource

DESIRED = config_map("c", "team", a="1")
CONFIG_MAPS = Resource("", "v1", "ConfigMap", "configmaps", namespaced=True)
OWNER_LABEL, PATTERN = "pattern-operator.io/owner", "pattern-operator.io/pattern"
OURS = managed("pattern-operator", "Apply", fields_of(DESIRED.body))
THEIRS = managed("kubectl", "Update", fields_of(DESIRED.body))
# The API server itself makes such an entry of an object that an operator of ours wrote by another verb.
UPDATED = managed("pattern-operator", "Update", {"f:data": {"f:b": {}}})


@pytest.fixture
async def cluster() -> AsyncIterator[FakeCluster]:
    async with FakeCluster().serve(WEB, SHOP) as cluster:
        yield cluster


def put(cluster: FakeCluster, *entries: dict[str, Any], owner: str = "", pattern: str = "team/web") -> None:
    annotations = {PATTERN: pattern, "mine": "kept"}
    cluster.put(DESIRED, owner=owner, annotations=annotations, managedFields=list(entries))


async def remove_leftovers(cluster: FakeCluster) -> dict[str, Any]:
    await remove_leftover_metadata(cluster.session, CONFIG_MAPS, DESIRED.key, pattern="team/web", impersonate="jo")
    metadata: dict[str, Any] = cluster.at(DESIRED)["metadata"]
    return metadata


async def test_of_what_lost_our_label_alone_our_other_marks_are_taken_off(cluster: FakeCluster):
    put(cluster, OURS, THEIRS, UPDATED)

    metadata = await remove_leftovers(cluster)

    assert metadata["annotations"] == {"mine": "kept"}
    assert metadata["managedFields"] == [THEIRS, UPDATED]
    assert {each.user for each in cluster.requests} == {"jo"}


@pytest.mark.parametrize(
    ("owner", "pattern"),
    [(SHOP.id, "team/web"), (WEB.id, "team/web"), ("", "team/shop"), (SHOP.id, "team/shop")],
    ids=["another pattern has it", "it has our label again", "it was of another pattern", "another's altogether"],
)
async def test_what_has_a_label_or_was_of_another_pattern_is_left_as_it_is(
    cluster: FakeCluster, owner: str, pattern: str
):
    put(cluster, OURS, owner=owner, pattern=pattern)
    before = cluster.at(DESIRED)

    await remove_leftovers(cluster)

    assert cluster.at(DESIRED) == before
    assert cluster.sent("PATCH", DESIRED) == []


async def test_an_object_that_we_alone_manage_is_managed_by_nobody_then(cluster: FakeCluster):
    put(cluster, OURS, owner=WEB.id)

    await remove_owner_metadata(cluster.session, CONFIG_MAPS, DESIRED.key, owner=WEB.id, impersonate=None)

    (patch,) = cluster.sent("PATCH", DESIRED)
    assert patch.body["metadata"]["managedFields"] == [{}]  # how the API server is told of an empty list
    assert cluster.at(DESIRED)["metadata"]["managedFields"] == []
    assert cluster.at(DESIRED)["data"] == {"a": "1"}


PATTERNS = Resource("pattern-operator.io", "v1alpha1", "DesignPattern", "designpatterns", namespaced=True)
INNER = Object.of({"apiVersion": API_VERSION, "kind": "DesignPattern", "metadata": {"name": "in", "namespace": "team"}})


async def test_a_pattern_that_is_let_go_says_which_pattern_made_it(cluster: FakeCluster):
    cluster.put(INNER, owner=WEB.id, annotations={PATTERN: "team/web", "mine": "kept"})

    await remove_owner_metadata(cluster.session, PATTERNS, INNER.key, owner=WEB.id, impersonate=None)

    metadata = cluster.at(INNER)["metadata"]
    assert metadata["annotations"] == {"pattern-operator.io/releasedBy": "team/web", "mine": "kept"}
    assert OWNER_LABEL not in metadata["labels"]


async def test_a_pattern_that_was_there_before_is_nobodys_again(cluster: FakeCluster):
    cluster.put(INNER, owner=WEB.id, annotations={PATTERN: "team/web", "pattern-operator.io/adopted": "true"})

    await remove_owner_metadata(cluster.session, PATTERNS, INNER.key, owner=WEB.id, impersonate=None)

    assert not cluster.at(INNER)["metadata"]["annotations"]


async def test_a_pattern_that_somebody_took_the_label_off_is_nobodys(cluster: FakeCluster):
    cluster.put(INNER, annotations={PATTERN: "team/web"})

    await remove_leftover_metadata(cluster.session, PATTERNS, INNER.key, pattern="team/web", impersonate=None)

    assert not cluster.at(INNER)["metadata"]["annotations"]


async def test_an_object_that_is_gone_has_no_marks_left(cluster: FakeCluster):
    await remove_owner_metadata(cluster.session, CONFIG_MAPS, DESIRED.key, owner=WEB.id, impersonate=None)

    assert [each.method for each in cluster.requests] == ["GET"]

"""How an operator that has just started finds the objects of a pattern, at a cluster in memory."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.apply.fake_cluster import FakeCluster, fields_of, managed, status
from tests.apply.fake_watches import NoTasks
from tests.apply.harness import config_map, deployment
from tests.apply.test_looked_at import autoscaler, scaled_by

from pattern_operator.api.apply_spec import IgnoreDifferences
from pattern_operator.api.object import Object
from pattern_operator.api.reason import Reason
from pattern_operator.apply import DriftState, DryRun, HealthState, ManagedObjects, Owner
from pattern_operator.apply.result import ApplyFailure
from pattern_operator.kube import WatchEventType, objects

WEB, SHOP = Owner("webwebwebwebwebwebwebweb", "team", "web"), Owner("shopshopshopshopshopshop", "team", "shop")


@pytest.fixture
async def cluster() -> AsyncIterator[FakeCluster]:
    async with FakeCluster().serve() as cluster:
        cluster.patterns |= {each.id: each for each in (WEB, SHOP)}
        yield cluster


async def applied(cluster: FakeCluster, *desired: Object, by: Owner = WEB, **more: Any) -> None:
    done = await cluster.applier.apply_all(desired, owner=by, conflicts="Fail", owned=(), **more)
    assert done.failures == ()


def restart(cluster: FakeCluster, *shown: Object) -> None:
    """Nothing is known any more but what a watch shows."""
    cluster.managed_objects = ManagedObjects(
        cluster.session, tasks=NoTasks(), on_change=lambda *_: None, now=lambda: datetime.now(UTC)
    )
    cluster.managed_objects._watches = cluster.watches
    for each in shown:
        cluster.show(each, WatchEventType.ADDED)
    cluster.requests.clear()


async def compare(cluster: FakeCluster, *desired: Object, **more: Any) -> tuple[ApplyFailure, ...]:
    dry_run = DryRun(cluster.session, cluster.discovery, managed_objects=cluster.managed_objects)
    return await dry_run.compare_all(desired, owner=WEB, impersonate=more.pop("impersonate", None), **more)


def found(cluster: FakeCluster, desired: Object) -> DriftState:
    return cluster.managed_objects.drift_state(desired.key, owner=WEB.id)


def taken(cluster: FakeCluster, desired: Object, value: str) -> None:
    """Somebody writes the field a, by a forced apply, and owns it."""
    body = cluster.at(desired)
    for each in body["metadata"]["managedFields"]:
        each["fieldsV1"].pop("f:data", None)
    body["metadata"]["managedFields"].append(managed("theirs", "Apply", {"f:data": {"f:a": {}}}))
    body["data"] = {"a": value}
    body["metadata"]["resourceVersion"] = str(int(body["metadata"]["resourceVersion"]) + 1)


async def test_what_drifted_is_told_from_what_did_not_and_nothing_is_changed(cluster: FakeCluster):
    kept, changed, gone = (config_map(name, "team", a="1") for name in ("kept", "changed", "gone"))
    await applied(cluster, kept, changed)
    taken(cluster, changed, "theirs")
    restart(cluster, kept, changed)

    assert await compare(cluster, kept, changed, gone) == ()

    assert [found(cluster, each) for each in (kept, changed, gone)] == [
        DriftState.IN_SYNC,
        DriftState.DRIFTED,
        DriftState.DRIFTED,
    ]
    assert cluster.managed_objects.health(WEB.id).state is HealthState.NOT_FOUND
    assert cluster.at(changed)["data"] == {"a": "theirs"}
    assert {each.params.get("dryRun") for each in cluster.requests if each.method == "PATCH"} == {"All"}
    assert cluster.watches.asked[-3:] == ["ConfigMap"] * 3


async def test_a_value_that_changed_while_nobody_is_named_is_drift(cluster: FakeCluster):
    """As where the API server cannot read the version of an entry of managedFields."""
    desired = config_map("c", "team", a="1")
    await applied(cluster, desired)
    cluster.at(desired)["data"]["a"] = "theirs"
    restart(cluster, desired)

    await compare(cluster, desired)

    assert found(cluster, desired) is DriftState.DRIFTED


async def test_what_drifted_and_has_the_desired_values_again_is_not_repaired(cluster: FakeCluster):
    desired = config_map("c", "team", a="1")
    await applied(cluster, desired)
    cluster.show(desired)
    taken(cluster, desired, "theirs")
    cluster.show(desired)
    assert cluster.managed_objects.all_drifted(WEB.id) == {desired.key}

    await compare(cluster, desired)
    assert cluster.managed_objects.all_drifted(WEB.id) == {desired.key}

    taken(cluster, desired, "1")
    cluster.show(desired)
    await compare(cluster, desired)
    assert cluster.managed_objects.all_drifted(WEB.id) == frozenset()


async def test_the_object_of_another_pattern_or_of_nobody_is_passed_over(cluster: FakeCluster):
    others = config_map("others", "team")
    await applied(cluster, others, by=SHOP)
    restart(cluster, others)

    assert await compare(cluster, others) == ()

    assert (found(cluster, others), cluster.requests) == (DriftState.UNKNOWN, [])
    assert not cluster.managed_objects.expects_any(WEB.id)


async def test_what_is_known_to_be_gone_is_not_asked_for(cluster: FakeCluster):
    desired = config_map("c", "team")
    await applied(cluster, desired)
    cluster.show(desired)
    cluster.show(desired, WatchEventType.DELETED)
    cluster.requests.clear()

    assert await compare(cluster, desired) == ()
    assert (found(cluster, desired), cluster.requests) == (DriftState.DRIFTED, [])


@pytest.mark.parametrize("policy", ["IfAbsent", "Ignore"])
async def test_what_is_created_once_or_never_applied_is_not_compared(cluster: FakeCluster, policy: str):
    once = config_map("once", "team", annotations={"pattern-operator.io/ssa": policy})

    assert await compare(cluster, once) == ()

    assert (found(cluster, once), cluster.requests) == (DriftState.UNKNOWN, [])


async def test_what_is_left_to_others_is_not_drift(cluster: FakeCluster):
    web, rules = deployment("web", "team", replicas=1), (IgnoreDifferences(paths=("/spec/replicas",)),)
    await applied(cluster, web, ignored=rules)
    cluster.at(web)["spec"]["replicas"] = 7
    restart(cluster, web)

    assert await compare(cluster, web, ignored=rules) == ()

    assert found(cluster, web) is DriftState.IN_SYNC


async def test_replicas_that_an_autoscaler_writes_are_not_drift(cluster: FakeCluster):
    web = deployment("web", "team", replicas=1)
    cluster.put(autoscaler("web"))
    entries = [managed("pattern-operator", "Apply", fields_of(web.body)), scaled_by("kube-controller-manager")]
    del entries[0]["fieldsV1"]["f:spec"]["f:replicas"]
    entries[0]["fieldsV1"]["f:metadata"]["f:labels"] |= {
        "f:pattern-operator.io/owner": {},
        "f:pattern-operator.io/name": {},
    }
    entries[0]["fieldsV1"]["f:metadata"]["f:annotations"] = {"f:pattern-operator.io/pattern": {}}
    labels = {"pattern-operator.io/owner": WEB.id, "pattern-operator.io/name": "web"}
    marks: dict[str, Any] = {
        "labels": {"tier": "front", **labels},
        "annotations": {"pattern-operator.io/pattern": "team/web"},
    }
    cluster.put(deployment("web", "team", replicas=7), managedFields=entries, **marks)
    restart(cluster, web)

    assert await compare(cluster, web) == ()

    assert found(cluster, web) is DriftState.IN_SYNC_WITH_NOTE


async def test_what_was_adopted_is_compared_as_that(cluster: FakeCluster):
    desired = config_map("c", "team", a="1")
    cluster.put(desired)
    await applied(cluster, desired)
    restart(cluster, desired)

    await compare(cluster, desired)

    assert found(cluster, desired) is DriftState.IN_SYNC


async def test_what_cannot_be_compared_is_said_in_order_and_costs_no_other(cluster: FakeCluster, monkeypatch, caplog):
    names = ("b-refused", "a-defect", "mine", "c-odd")
    refused, defect, mine, odd = (config_map(name, "team", a="1") for name in names)
    await applied(cluster, refused, defect, mine, odd)
    restart(cluster, refused, defect, mine, odd)
    ghost = Object.of({"apiVersion": "gone.example/v1", "kind": "Ghost", "metadata": {"name": "g"}})
    cluster.discovery.gone.add("Ghost")
    cluster.refuse("PATCH", refused, status(403, "Forbidden", "no"))
    odd.body["metadata"]["labels"] = ["no mapping"]
    broken = cluster.managed_objects.get

    def get(key: Any) -> Any:
        if key == defect.key:
            raise TypeError("a defect")
        return broken(key)

    monkeypatch.setattr(cluster.managed_objects, "get", get)

    failures = await compare(cluster, refused, ghost, defect, mine, odd)

    assert [(each.key.name, each.reason) for each in failures] == [
        ("a-defect", Reason.INTERNAL_ERROR),
        ("b-refused", Reason.APPLY_FAILED),
        ("c-odd", Reason.APPLY_FAILED),
        ("g", Reason.APPLY_FAILED),
    ]
    assert found(cluster, mine) is DriftState.IN_SYNC
    assert "where=dry_run type=TypeError" in caplog.text


async def test_a_pattern_alone_does_not_take_all_dry_runs(cluster: FakeCluster, monkeypatch):
    many = [config_map(f"c{number}", "team") for number in range(8)]
    await applied(cluster, *many)
    restart(cluster, *many)
    sent, full, all_sent, plain = list[str](), asyncio.Event(), asyncio.Event(), objects.apply

    async def hold(*arguments: Any, **more: Any) -> Any:
        sent.append(more["name"])
        if len(sent) == 6:
            full.set()
        await all_sent.wait()
        return await plain(*arguments, **more)

    monkeypatch.setattr(objects, "apply", hold)
    comparing = asyncio.create_task(compare(cluster, *many))
    async with asyncio.timeout(10):
        await full.wait()
    for _ in range(50):
        await asyncio.sleep(0)
    at_once = len(sent)
    all_sent.set()

    assert await comparing == ()
    assert (at_once, len(sent)) == (6, 8)  # of 8 places two stay free for others


async def test_the_account_of_the_pattern_asks(cluster: FakeCluster):
    desired = config_map("c", "team")
    await applied(cluster, desired)
    restart(cluster, desired)

    await compare(cluster, desired, impersonate="system:serviceaccount:team:web")

    assert {each.user for each in cluster.requests} == {"system:serviceaccount:team:web"}

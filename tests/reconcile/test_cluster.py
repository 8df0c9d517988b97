"""What the steps do to the cluster is done as the spec says, and in the name of the pattern's account."""

from collections.abc import AsyncIterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from tests.apply.fake_cluster import FakeCluster, managed, status
from tests.apply.harness import config_map, entries
from tests.executors import EXECUTORS
from tests.reconcile.pattern import pattern

from pattern_operator.api.dependency import Dependency
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.object import Object
from pattern_operator.api.reason import Reason
from pattern_operator.api.status import Inventory, InventoryEntry, Status
from pattern_operator.apply import ApplyFailure, DriftState, DryRun, Protected, owner_id
from pattern_operator.apply.hooks import HookObjects
from pattern_operator.errors import Stalled, Transient
from pattern_operator.health_checks.processes import CheckProcesses
from pattern_operator.kube import ApiError, KindNotFound
from pattern_operator.reconcile import PatternKey, PatternStore
from pattern_operator.reconcile.cluster import Cluster
from pattern_operator.reconcile.owner import owner_of
from pattern_operator.reconcile.pattern_store import key_of
from pattern_operator.reconcile.tenancy import Tenancy

pytestmark = pytest.mark.real_time
WEB = owner_id("u-1")
ACCOUNT = "system:serviceaccount:team:deployer"


@pytest.fixture
async def fake() -> AsyncIterator[FakeCluster]:
    async with FakeCluster().serve() as fake:
        yield fake


@pytest.fixture
def cluster(fake: FakeCluster) -> Cluster:
    return Cluster(
        patterns=PatternStore(),
        managed=fake.managed_objects,
        discovery=fake.discovery,
        applier=fake.applier,
        deleter=fake.deleter,
        dry_run=DryRun(fake.session, fake.discovery, managed_objects=fake.managed_objects),
        hooks=HookObjects(fake.session, fake.discovery, managed_objects=fake.managed_objects),
        transfers=fake.transfers,
        protected=Protected(),
        tenancy=Tenancy(cross_namespace=False),
        executors=EXECUTORS,
        checks=CheckProcesses(EXECUTORS),
    )


def web(**apply: Any) -> DesignPattern:
    return pattern(spec={"apply": {"serviceAccountName": "deployer", **apply}})


def users(fake: FakeCluster) -> set[str]:
    return {each.user for each in fake.requests}


def of_the_operator(namespace: str) -> Object:
    metadata = {"name": "p", "namespace": namespace}
    return Object.of({"apiVersion": "pattern-operator.io/v1alpha1", "kind": "DesignPattern", "metadata": metadata})


async def test_objects_are_applied_compared_and_pruned_as_the_account(cluster: Cluster, fake: FakeCluster):
    desired, named = config_map("c", "team", a="1"), list[str]()

    done = await cluster.send(web(), [desired], owned=[], on_applied=lambda each, _: named.append(each.key.name))
    fake.show(desired)
    failures = await cluster.compare(web(), [desired])
    pruned = await cluster.prune(web(), entries(desired))

    assert (done.applied, named, failures, pruned.deleted) == ((desired.key,), ["c"], (), (desired.key,))
    assert fake.sent("PATCH", desired)[0].body["metadata"]["labels"]["pattern-operator.io/owner"] == WEB
    assert users(fake) == {ACCOUNT}


@pytest.mark.parametrize(("adopt", "reasons"), [("Never", [Reason.ALREADY_EXISTS]), ("IfUnowned", [])])
async def test_what_was_there_is_adopted_as_the_spec_says(cluster: Cluster, fake: FakeCluster, adopt: str, reasons):
    desired = config_map("c", "team", a="1")
    fake.put(desired)

    done = await cluster.send(web(adopt=adopt), [desired], owned=[])

    assert [each.reason for each in done.failures] == reasons


@pytest.mark.parametrize(("conflicts", "value"), [("Fail", "theirs"), ("Take", "1")])
async def test_what_others_hold_is_taken_as_the_spec_says(cluster: Cluster, fake: FakeCluster, conflicts, value: str):
    desired = config_map("c", "team", a="1")
    fake.put(config_map("c", "team", a="theirs"), managedFields=[managed("theirs", "Apply", {"f:data": {"f:a": {}}})])

    await cluster.send(web(conflicts=conflicts), [desired], owned=[])

    assert fake.at(desired)["data"] == {"a": value}


async def test_what_is_ignored_is_neither_applied_nor_compared(cluster: Cluster, fake: FakeCluster):
    desired, asked = config_map("c", "team", a="1", b="2"), web(ignoreDifferences=[{"paths": ["/data/b"]}])
    await cluster.send(asked, [desired], owned=[])
    fake.at(desired)["data"]["b"] = "theirs"
    fake.show(desired)

    await cluster.compare(asked, [desired])

    assert cluster.managed.drift_state(desired.key, owner=WEB) is DriftState.IN_SYNC
    assert await cluster.idle_rules(asked, [desired]) == ()
    idle = web(ignoreDifferences=[{"target": {"kind": "Secret"}, "paths": ["/data/b"]}])
    assert len(await cluster.idle_rules(idle, [desired])) == 1
    assert await cluster.idle_rules(web(), [desired]) == ()


async def test_all_objects_of_a_pattern_that_goes_are_deleted_as_the_account(cluster: Cluster, fake: FakeCluster):
    desired = config_map("c", "team")
    fake.put(desired, owner=WEB)

    done = await cluster.delete(web(), entries(desired))

    assert (done.entries, fake.has(desired), users(fake)) == ((), False, {ACCOUNT})


async def test_whether_an_object_is_resumed_is_asked_as_the_account(cluster: Cluster, fake: FakeCluster):
    paused = config_map("c", "team")
    fake.put(paused, annotations={"pattern-operator.io/reconcile": "disabled"})

    assert not await cluster.is_resumed(web(), paused.key)
    assert await cluster.is_resumed(web(), config_map("gone", "team").key)
    assert users(fake) == {ACCOUNT}


async def test_of_objects_only_those_of_the_pattern_are_read_and_as_the_account(cluster: Cluster, fake: FakeCluster):
    ours, theirs, gone = (config_map(name, "team", a="1") for name in ("ours", "theirs", "gone"))
    fake.put(ours, owner=WEB)
    fake.put(theirs, owner="another")

    async def take(desired: Object, live: Any) -> Object:
        return replace(desired, body={"of": desired.key.name, "data": live["data"]})

    found = await cluster.read_live(web(), [ours, theirs, gone], take)

    assert {key: made.body for key, made in found.items()} == {ours.key: {"of": "ours", "data": {"a": "1"}}}
    assert users(fake) == {ACCOUNT}


async def test_objects_that_cannot_be_read_are_asked_for_again(cluster: Cluster, fake: FakeCluster):
    desired = config_map("c", "team")
    fake.refuse("GET", desired, status(403, "Forbidden", "no"))

    async def take(each: Object, _: Any) -> Object:
        return each

    with pytest.raises(Transient, match="objects with generated values cannot be read") as error:
        await cluster.read_live(web(), [desired], take)

    assert error.value.reason is Reason.FORBIDDEN


async def test_a_webhook_of_the_pattern_that_refuses_is_found_as_the_account(cluster: Cluster, fake: FakeCluster):
    hook = Object.of(
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": "h"},
            "webhooks": [{"name": "deny.example.com"}],
        }
    )
    fake.put(hook)

    said = ['admission webhook "deny.example.com" denied the request: no']

    assert await cluster.blocking_admission(web(), said, [hook.key]) == {hook.key}
    assert users(fake) == {ACCOUNT}


async def test_what_leaves_and_has_what_was_refused_is_found_as_the_account(cluster: Cluster, fake: FakeCluster):
    old, new = (
        Object.of(
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": name, "namespace": "team"},
                "spec": {"clusterIP": "10.96.0.10"},
            }
        )
        for name in ("old", "new")
    )
    fake.put(old)
    refused = ApplyFailure(new.key, Reason.APPLY_FAILED, "provided IP is already allocated")

    (told,) = await cluster.name_holders(web(), [refused], [new], [old.key])

    assert "kubectl delete service old -n team" in told.message
    assert users(fake) == {ACCOUNT}


async def test_objects_get_the_namespace_of_the_pattern_and_are_checked_there(cluster: Cluster):
    bare = Object.of({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}})
    placed = await cluster.place(web(), [bare])
    assert [each.key.namespace for each in placed.objects] == ["team"]

    with pytest.raises(Stalled) as astray:
        await cluster.place(web(), [of_the_operator("other")])
    assert astray.value.reason is Reason.CROSS_NAMESPACE
    with pytest.raises(Stalled) as protected:
        await cluster.place(web(), [config_map("c", "pattern-operator-system")])
    assert protected.value.reason is Reason.PROTECTED_OBJECT


async def test_kinds_that_cannot_be_asked_for_are_waited_for(cluster: Cluster, fake: FakeCluster, monkeypatch):
    async def find(**_: object) -> None:
        raise ApiError(code=500, reason="InternalError", message="leader changed")

    monkeypatch.setattr(fake.discovery, "find", find)

    with pytest.raises(Transient, match="could not be asked for its kinds: leader changed") as error:
        await cluster.place(web(), [config_map("c", "team")])
    assert error.value.reason is Reason.API_SERVER_UNAVAILABLE


async def test_the_same_objects_have_the_same_digest(cluster: Cluster):
    one, other = config_map("c", "team", a="1"), config_map("c", "team", a="2")

    assert await cluster.digest(web(), [one]) == await cluster.digest(web(), [one])
    assert await cluster.digest(web(), [one]) != await cluster.digest(web(), [other])


async def test_a_kind_is_watched_once_it_is_found(cluster: Cluster, fake: FakeCluster):
    await cluster.watch(group="", kind="ConfigMap")
    assert fake.watches.asked == ["ConfigMap"]

    fake.discovery.gone.add("Widget")
    with pytest.raises(KindNotFound):
        await cluster.watch(group="example.com", kind="Widget")


async def test_a_pattern_that_is_gone_counts_for_nothing(cluster: Cluster, fake: FakeCluster):
    desired = config_map("c", "team")
    await cluster.send(web(), [desired], owned=[])
    assert cluster.managed.expects_any(WEB)

    other = config_map("other", "team").key
    cluster.transfers.wait(other, owner_of(web()))

    cluster.forget(WEB)

    assert not cluster.managed.expects_any(WEB)
    assert cluster.transfers.may_wait(other, WEB)


async def test_a_pattern_waits_for_no_object_but_those_that_a_run_named(cluster: Cluster):
    kept, other = config_map("kept", "team").key, config_map("other", "team").key
    for each in (kept, other):
        cluster.transfers.wait(each, owner_of(web()))

    cluster.wait_only(web(), [kept])

    assert [cluster.transfers.may_wait(each, WEB) for each in (kept, other)] == [False, True]


def test_what_takes_long_is_computed_where_its_namespace_computes(cluster: Cluster) -> None:
    shares: Any = SimpleNamespace(of=lambda namespace: SimpleNamespace(cpu={"team": EXECUTORS.cpu}[namespace]))

    assert replace(cluster, executors=shares).cpu(web()) is EXECUTORS.cpu


def test_the_pattern_is_its_own_ancestor(cluster: Cluster) -> None:
    assert [key_of(each) for each in cluster.line(web())] == [PatternKey("team", "web")]
    assert cluster.account(web()) == ACCOUNT


async def test_dependencies_are_those_that_the_tenant_may_have_and_what_the_artifact_names_is_noted(cluster: Cluster):
    key, elsewhere = PatternKey("team", "web"), [Dependency(name="db", namespace="data")]
    cluster.patterns.take(web())

    waits = cluster.unmet_dependencies(web(), [Dependency(name="db")], held=())
    contained = cluster.unmet_dependencies(web(), [Dependency(name="db")], held=[PatternKey("team", "db")])
    noted = cluster.patterns.dependencies_of(key)
    refused = cluster.unmet_dependencies(web(), elsewhere, held=())
    allowed = replace(cluster, tenancy=Tenancy()).unmet_dependencies(web(), elsewhere, held=())

    assert [each.error.reason for each in (waits, contained, refused, allowed) if each is not None] == [
        Reason.DEPENDENCY_NOT_READY,
        Reason.DEPENDENCY_CYCLE,
        Reason.CROSS_NAMESPACE,
        Reason.DEPENDENCY_NOT_READY,
    ]
    assert noted == (PatternKey("team", "db"),)


def test_what_runs_is_told_that_it_depends_on_what_its_inventory_names(cluster: Cluster):
    entries = (InventoryEntry(id="team_db_pattern-operator.io_DesignPattern", v="v1alpha1"),)
    cluster.patterns.take(pattern(status=Status(inventory=Inventory(count=1, entries=entries))))

    found = [cluster.dependencies_never_met(web(), [Dependency(name=each)]) for each in ("db", "other")]

    assert [each.error.reason if each is not None else None for each in found] == [Reason.DEPENDENCY_CYCLE, None]


def test_what_a_pattern_would_make_and_who_is_left_behind_is_asked_of_the_store(cluster: Cluster):
    left = pattern(annotations={"pattern-operator.io/releasedBy": "team/top"})
    cluster.patterns.take(left)
    held = [PatternKey("team", "db")]

    assert cluster.not_made(left, held) == frozenset(held)
    assert cluster.left_behind(left) == left
    assert cluster.left_behind(web()) is None

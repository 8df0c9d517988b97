"""What is deleted, and what is left, at a cluster in memory: each answer that the API server may give."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from msgspec.structs import replace
from tests.apply.fake_cluster import FakeCluster, answer, missing, not_served, status
from tests.apply.harness import config_map, deployment, entries, namespace_named

from pattern_operator.api.object import Object
from pattern_operator.api.reason import Reason
from pattern_operator.apply import Notification, NotificationKind, Owner
from pattern_operator.apply.delete_result import Deletion, DeletionOutcome
from pattern_operator.apply.result import ApplyFailure
from pattern_operator.kube import KindNotFound, Resource, WatchEventType

WEB, SHOP = Owner("webwebwebwebwebwebwebweb", "team", "web"), Owner("shopshopshopshopshopshop", "team", "shop")
ACCOUNT = "system:serviceaccount:team:web"
DENIED = f'User "{ACCOUNT}" cannot delete resource "configmaps" in API group "" in the namespace "team"'


@pytest.fixture
async def cluster() -> AsyncIterator[FakeCluster]:
    async with FakeCluster().serve() as cluster:
        yield cluster


async def delete(cluster: FakeCluster, *desired: Object, by: Owner = WEB, **more: Any) -> list[Deletion]:
    more = {"impersonate": None, "otherwise": Reason.PRUNE_FAILED} | more
    return await cluster.deleter.delete_all(entries(*desired), owner=by, **more)


def owned(cluster: FakeCluster, desired: Object, *, by: Owner = WEB, watched: bool = True, **metadata: Any) -> Object:
    """An object that a pattern has, which a watch shows."""
    cluster.put(desired, owner=by.id, **metadata)
    if watched:
        cluster.show(desired, WatchEventType.ADDED)
    else:
        cluster.watches.blind.add(desired.key.kind)
    return desired


async def test_what_a_watch_shows_is_deleted_by_one_request_for_that_very_object(cluster: FakeCluster):
    desired = owned(cluster, config_map("c", "team"))
    uid = cluster.at(desired)["metadata"]["uid"]

    (done,) = await delete(cluster, desired, impersonate=ACCOUNT)

    assert (done.outcome, done.message, done.failure) == (DeletionOutcome.DELETED, "", None)
    assert [(each.method, each.user) for each in cluster.requests] == [("DELETE", ACCOUNT)]
    assert cluster.requests[0].body["preconditions"] == {"uid": uid}
    assert not cluster.has(desired)


@pytest.mark.parametrize(("kind", "policy"), [("Deployment", "Foreground"), ("ConfigMap", "Background")])
async def test_the_pods_of_a_workload_go_before_it(cluster: FakeCluster, kind: str, policy: str):
    desired = owned(cluster, deployment("x", "team") if kind == "Deployment" else config_map("x", "team"))

    await delete(cluster, desired)

    assert [each.body["propagationPolicy"] for each in cluster.sent("DELETE", desired)] == [policy]


@pytest.mark.parametrize("watched", [True, False], ids=["watched", "read"])
async def test_what_vanishes_between_the_look_and_the_delete_is_gone(cluster: FakeCluster, watched: bool):
    desired = owned(cluster, config_map("c", "team"), watched=watched)
    cluster.refuse("DELETE", desired, missing("c"))

    (done,) = await delete(cluster, desired)

    assert (done.outcome, done.failure) == (DeletionOutcome.DELETED, None)


def stateful_set(name: str, namespace: str, *, when_deleted: str) -> Object:
    body = deployment(name, namespace).body
    policy = {"whenDeleted": when_deleted, "whenScaled": "Retain"}
    spec = {**body["spec"], "persistentVolumeClaimRetentionPolicy": policy}
    return Object.of({**body, "kind": "StatefulSet", "spec": spec})


@pytest.mark.parametrize("watched", [True, False], ids=["watched", "read"])
@pytest.mark.parametrize(
    ("when_deleted", "outcome"),
    [("Delete", DeletionOutcome.TERMINATING), ("Retain", DeletionOutcome.DELETED)],
)
async def test_a_stateful_set_that_takes_its_claims_along_is_deleted_as_what_holds_data(
    cluster: FakeCluster, when_deleted: str, outcome: DeletionOutcome, watched: bool
):
    desired = owned(cluster, stateful_set("db", "team", when_deleted=when_deleted), watched=watched)

    (done,) = await delete(cluster, desired)

    assert done.outcome is outcome
    assert ("holds data" in done.message) is (outcome is DeletionOutcome.TERMINATING)
    assert cluster.has(desired) is (outcome is DeletionOutcome.TERMINATING)


async def test_what_is_not_there_is_gone(cluster: FakeCluster):
    (done,) = await delete(cluster, config_map("c", "team"))

    assert done.outcome is DeletionOutcome.DELETED
    assert [each.method for each in cluster.requests] == ["GET"]


async def test_another_object_of_that_name_is_not_deleted(cluster: FakeCluster):
    desired = owned(cluster, config_map("c", "team"))
    cluster.put(config_map("c", "team", a="anew"))  # which no watch has shown

    (done,) = await delete(cluster, desired)

    assert done.outcome is DeletionOutcome.FAILED
    assert cluster.at(desired)["data"] == {"a": "anew"}


@pytest.mark.parametrize("watched", [True, False], ids=["watched", "read"])
@pytest.mark.parametrize(
    ("label", "why"),
    [
        (SHOP.id, "is kept: it belongs to another pattern now"),
        ("", "is kept: somebody removed our owner label"),
    ],
)
async def test_what_does_not_carry_our_label_is_left(cluster: FakeCluster, label: str, why: str, watched: bool):
    desired = config_map("c", "team")
    cluster.put(desired, owner=label)
    if watched:
        cluster.show(desired, WatchEventType.ADDED)
    else:
        cluster.watches.blind.add("ConfigMap")

    (done,) = await delete(cluster, desired)

    assert (done.outcome, done.message) == (DeletionOutcome.SKIPPED, why)
    assert cluster.sent("DELETE", desired) == []


async def test_whose_it_is_now_is_named_where_the_object_says_so(cluster: FakeCluster):
    desired = owned(cluster, config_map("c", "team", annotations={"pattern-operator.io/pattern": "team/shop"}), by=SHOP)
    cluster.watches.blind.add("ConfigMap")

    (done,) = await delete(cluster, desired)

    assert done.message == "is kept: it belongs to DesignPattern team/shop now"


async def test_what_finalizers_hold_is_terminating_and_told_of_when_it_goes(cluster: FakeCluster):
    desired = owned(cluster, config_map("c", "team"), finalizers=["example.com/held", "kubernetes"])

    (done,) = await delete(cluster, desired)

    assert done.outcome is DeletionOutcome.TERMINATING
    assert (done.watched, done.holders) == (True, ("example.com/held",))
    assert "held by the finalizers example.com/held" in done.message


async def test_the_end_of_what_no_watch_had_told_of_and_was_read_is_told(cluster: FakeCluster):
    desired = config_map("c", "team")
    cluster.put(desired, owner=WEB.id, finalizers=["example.com/held"])

    (done,) = await delete(cluster, desired)
    cluster.show(desired, WatchEventType.DELETED)

    assert (done.outcome, done.watched) == (DeletionOutcome.TERMINATING, True)
    assert cluster.told == [(WEB.id, Notification(NotificationKind.GONE, desired.key))]


async def test_what_is_terminating_already_is_not_deleted_again(cluster: FakeCluster):
    desired = owned(
        cluster, config_map("c", "team"), finalizers=["a.b/c"], deletionTimestamp="2026-05-01T13:00:00Z", watched=False
    )

    (done,) = await delete(cluster, desired)

    assert (done.outcome, done.watched) == (DeletionOutcome.TERMINATING, False)
    assert cluster.sent("DELETE", desired) == []


async def test_what_was_adopted_stays_and_loses_our_marks(cluster: FakeCluster):
    annotations = {"pattern-operator.io/adopted": "true", "mine": "kept"}
    desired = owned(cluster, config_map("c", "team"), annotations=annotations)

    (done,) = await delete(cluster, desired)

    assert (done.outcome, done.message) == (
        DeletionOutcome.SKIPPED,
        "stays: it existed before the pattern and was adopted",
    )
    assert "pattern-operator.io/owner" not in cluster.at(desired)["metadata"]["labels"]
    assert cluster.at(desired)["metadata"]["annotations"] == {"mine": "kept"}


@pytest.mark.parametrize(
    ("otherwise", "outcome"),
    [(Reason.PRUNE_FAILED, DeletionOutcome.SKIPPED), (Reason.DELETION_FAILED, DeletionOutcome.DELETED)],
    ids=["pruned", "deleted with its pattern"],
)
async def test_what_asks_not_to_be_pruned_goes_with_its_pattern(cluster, otherwise: Reason, outcome: DeletionOutcome):
    asked = {"argocd.argoproj.io/sync-options": "Prune=false"}
    desired = owned(cluster, config_map("c", "team"), annotations=asked)

    (done,) = await delete(cluster, desired, otherwise=otherwise)

    assert done.outcome is outcome
    if outcome is DeletionOutcome.SKIPPED:
        assert "pattern-operator.io/owner" not in cluster.at(desired)["metadata"]["labels"]


@pytest.mark.parametrize("inside", [True, False], ids=["holds something", "is empty"])
async def test_a_namespace_goes_only_when_it_is_empty(cluster: FakeCluster, inside: bool):
    space = owned(cluster, namespace_named("mine"))
    if inside:
        cluster.put(config_map("theirs", "mine"))

    (done,) = await delete(cluster, space)

    assert done.outcome is (DeletionOutcome.SKIPPED if inside else DeletionOutcome.DELETED)
    assert ("ConfigMap mine/theirs" in done.message or "ConfigMap theirs" in done.message) is inside


async def test_a_namespace_of_the_cluster_and_a_protected_object_stay(cluster: FakeCluster):
    space = owned(cluster, namespace_named("kube-system"))
    ours = owned(cluster, config_map("c", "pattern-operator-system"))

    done = await delete(cluster, space, ours)

    assert {each.outcome for each in done} == {DeletionOutcome.SKIPPED}
    assert cluster.requests == []


# --- what fails -----------------------------------------------------------------------------------------------------


async def test_a_refused_deletion_says_which_right_is_missing(cluster: FakeCluster):
    desired = owned(cluster, config_map("c", "team"))
    cluster.refuse("DELETE", desired, status(403, "Forbidden", DENIED))

    (done,) = await delete(cluster, desired, impersonate=ACCOUNT)

    assert done.outcome is DeletionOutcome.FAILED
    assert done.failure is not None
    assert done.failure.reason is Reason.FORBIDDEN
    assert cluster.managed_objects.get(desired.key) is not None


@pytest.mark.parametrize(
    ("absent", "outcome"),
    [(True, DeletionOutcome.DELETED), (False, DeletionOutcome.FAILED)],
    ids=["a watch in step does not show it", "no watch tells"],
)
async def test_an_account_that_may_not_read_hides_nothing_that_a_watch_tells(cluster, absent: bool, outcome):
    desired = config_map("c", "team")
    cluster.refuse("GET", desired, status(403, "Forbidden", DENIED))
    if not absent:
        cluster.watches.blind.add("ConfigMap")

    (done,) = await delete(cluster, desired, impersonate=ACCOUNT)

    assert done.outcome is outcome


async def delete_pending(cluster: FakeCluster, desired: Object) -> Deletion:
    """Delete what was written ahead, and may never have been made."""
    (entry,) = entries(desired)
    (done,) = await cluster.deleter.delete_all(
        [replace(entry, pending=True)], owner=WEB, impersonate=ACCOUNT, otherwise=Reason.PRUNE_FAILED
    )
    return done


async def test_what_was_about_to_be_made_and_is_there_is_deleted(cluster: FakeCluster):
    desired = owned(cluster, config_map("c", "team"))

    done = await delete_pending(cluster, desired)

    assert (done.outcome, cluster.has(desired)) == (DeletionOutcome.DELETED, False)


async def test_what_was_about_to_be_made_and_never_was_is_not_told_as_deleted(cluster: FakeCluster):
    done = await delete_pending(cluster, config_map("c", "team"))

    assert done.outcome is DeletionOutcome.ABSENT


@pytest.mark.parametrize("label", [SHOP.id, ""], ids=["another pattern's", "nobody's"])
async def test_what_was_about_to_be_made_and_is_of_others_is_left_as_it_is(cluster: FakeCluster, label: str):
    desired = config_map("c", "team")
    cluster.put(desired, owner=label)
    cluster.watches.blind.add("ConfigMap")
    before = cluster.at(desired)

    done = await delete_pending(cluster, desired)

    assert (done.outcome, done.message) == (DeletionOutcome.SKIPPED, "is kept: it is not the pattern's")
    assert cluster.at(desired) == before


async def test_what_was_about_to_be_made_and_nobody_may_look_at_holds_nothing_up(cluster: FakeCluster):
    """The account that may not read it could hardly make it; what is known to have been made is waited for."""
    desired = config_map("c", "team")
    cluster.refuse("GET", desired, status(403, "Forbidden", DENIED))
    cluster.watches.blind.add("ConfigMap")

    done = await delete_pending(cluster, desired)
    cluster.refuse("GET", desired, status(403, "Forbidden", DENIED))
    (made,) = await delete(cluster, desired, impersonate=ACCOUNT)

    assert (done.outcome, made.outcome) == (DeletionOutcome.SKIPPED, DeletionOutcome.FAILED)
    assert made.failure is not None
    assert made.failure.reason is Reason.FORBIDDEN
    assert done.message.startswith("is kept, if there is one: it was about to be made")


async def test_what_was_about_to_be_made_and_cannot_be_looked_at_now_is_kept_in_mind(cluster: FakeCluster):
    desired = config_map("c", "team")
    cluster.refuse("GET", desired, status(500, "InternalError", "etcdserver: leader changed"))
    cluster.watches.blind.add("ConfigMap")

    done = await delete_pending(cluster, desired)

    assert done.outcome is DeletionOutcome.FAILED


@pytest.mark.parametrize(
    ("kinds", "outcome", "reason"),
    [
        ("gone", DeletionOutcome.DELETED, None),
        ("hidden", DeletionOutcome.FAILED, Reason.API_SERVER_UNAVAILABLE),
    ],
)
@pytest.mark.parametrize("place", ["GET", "DELETE"])
async def test_with_its_kind_went_the_object_unless_it_is_only_not_shown(cluster, kinds, outcome, reason, place):
    desired = owned(cluster, config_map("c", "team"), watched=place == "DELETE")

    def went(request):
        if request.method != place:
            return None
        getattr(cluster.discovery, kinds).add("ConfigMap")
        return not_served()

    cluster.refusals.append(went)

    (done,) = await delete(cluster, desired)

    assert done.outcome is outcome
    assert (done.failure.reason if done.failure else None) is reason
    assert cluster.discovery.invalidated == 1


async def test_where_the_api_server_is_away_the_rest_is_not_tried(cluster: FakeCluster):
    many = [owned(cluster, config_map(f"c{number}", "team")) for number in range(40)]
    cluster.refusals.append(lambda _: status(429, "TooManyRequests", "slow down"))

    done = await delete(cluster, *many)

    assert {each.outcome for each in done} == {DeletionOutcome.FAILED}
    assert len({each.path for each in cluster.requests}) < 40


async def test_what_is_deleted_is_expected_no_longer(cluster: FakeCluster):
    desired = owned(cluster, config_map("c", "team"))
    cluster.managed_objects.expect(desired.key, owner=WEB.id)

    await delete(cluster, desired)
    cluster.objects.clear()

    assert not cluster.managed_objects.expects_any(WEB.id)


WIDGET = Object.of({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w", "namespace": "team"}})


def moved(version: str = "v2") -> Resource:
    return Resource("example.com", version, "Widget", "widgets", namespaced=True)


async def test_what_is_served_in_another_version_now_is_deleted_in_that(cluster: FakeCluster, monkeypatch):
    async def find(*, group: str, kind: str, version: str | None = None) -> Resource:
        if version == "v1":
            raise KindNotFound(group=group, kind=kind, version=version, served=("v2",))
        return moved()

    monkeypatch.setattr(cluster.discovery, "find", find)
    newer = Object.of({**WIDGET.body, "apiVersion": "example.com/v2"})
    cluster.put(newer, owner=WEB.id)

    (done,) = await delete(cluster, WIDGET)

    assert (done.outcome, cluster.has(newer)) == (DeletionOutcome.DELETED, False)


async def test_a_kind_that_only_its_watch_knows_yet_is_deleted_where_that_is(cluster: FakeCluster, monkeypatch):
    cluster.discovery.hidden.add("Widget")
    owned(cluster, WIDGET)
    monkeypatch.setattr(cluster.watches, "resource_of", lambda _: moved("v1"))

    (done,) = await delete(cluster, WIDGET)

    assert (done.outcome, cluster.has(WIDGET)) == (DeletionOutcome.DELETED, False)


async def test_a_kind_that_is_not_served_at_all_is_looked_for_once(cluster: FakeCluster, monkeypatch):
    looked: list[str | None] = []

    async def find(*, group: str, kind: str, version: str | None = None) -> Resource:
        looked.append(version)
        raise KindNotFound(group=group, kind=kind, version=version)

    monkeypatch.setattr(cluster.discovery, "find", find)
    cluster.discovery.gone.add("Widget")

    (done,) = await delete(cluster, WIDGET)

    assert (done.outcome, looked) == (DeletionOutcome.DELETED, ["v1"])


async def test_what_had_another_scope_before_its_kind_was_made_anew_went_with_it(cluster: FakeCluster):
    there = Object.of({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}})

    (done,) = await delete(cluster, there)

    assert (done.outcome, cluster.requests) == (DeletionOutcome.DELETED, [])


async def test_what_exists_of_a_kind_is_known_before_an_object_of_it_is_deleted(cluster: FakeCluster):
    await delete(cluster, config_map("c", "team"))

    assert cluster.watches.asked == ["ConfigMap"]


@pytest.mark.parametrize("last", [{}, {"deletionTimestamp": "2026-05-01T13:00:00Z"}], ids=["is gone", "still goes"])
async def test_an_answer_may_be_the_last_state_of_what_was_deleted(cluster: FakeCluster, last: dict[str, Any]):
    desired = owned(cluster, config_map("c", "team"))
    cluster.refuse("DELETE", desired, answer({"kind": "ConfigMap", "metadata": {"name": "c", **last}}))

    (done,) = await delete(cluster, desired)

    assert done.outcome is (DeletionOutcome.TERMINATING if last else DeletionOutcome.DELETED)


# --- what others wait for -------------------------------------------------------------------------------------------


async def test_what_another_pattern_waits_for_is_offered_to_it_and_not_deleted(cluster: FakeCluster):
    desired = owned(cluster, config_map("c", "team"))
    cluster.transfers.wait(desired.key, SHOP)

    (done,) = await delete(cluster, desired)

    assert done.outcome is DeletionOutcome.TERMINATING
    assert done.message == "is handed over to DesignPattern team/shop, which has it in its version, too"
    assert cluster.has(desired)


async def test_what_goes_later_is_offered_at_once_to_who_waits_for_it(cluster: FakeCluster):
    later = owned(cluster, config_map("later", "team"))
    cluster.transfers.wait(later.key, SHOP)

    await delete(cluster, owned(cluster, config_map("c", "team")), later=[later.key])

    assert cluster.transfers.is_offered(later.key, by=WEB.id, to=SHOP.id)


# --- what lost our label, or cannot lose it -------------------------------------------------------------------------


async def test_a_label_that_cannot_be_taken_off_what_stays_is_told_with_the_right_that_is_missing(cluster: FakeCluster):
    desired = owned(cluster, config_map("c", "team"), annotations={"pattern-operator.io/adopted": "true"})
    denied = DENIED.replace("delete", "patch")
    cluster.refuse("PATCH", desired, status(403, "Forbidden", denied))

    (done,) = await delete(cluster, desired, impersonate=ACCOUNT)

    assert done.outcome is DeletionOutcome.SKIPPED
    said, _, more = done.message.partition(". ")
    assert said == "stays: it existed before the pattern and was adopted"
    assert more.startswith("Our label could not be removed: ")
    assert "patch" in more


async def test_what_lost_our_label_loses_our_other_marks(cluster: FakeCluster):
    desired = config_map("c", "team")
    await cluster.apply(desired, by=WEB)
    del cluster.at(desired)["metadata"]["labels"]["pattern-operator.io/owner"]
    cluster.watches.blind.add("ConfigMap")

    (done,) = await delete(cluster, desired)

    assert done.message == "is kept: somebody removed our owner label"
    assert "pattern-operator.io/pattern" not in cluster.at(desired)["metadata"].get("annotations", {})


async def test_what_is_read_to_find_out_who_stands_in_the_way_is_read_by_the_account(cluster: FakeCluster):
    hook = Object.of(
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": "guard"},
            "webhooks": [{"name": "guard.example.com"}],
        }
    )
    cluster.put(hook, owner=WEB.id)

    found = await cluster.deleter.blocking_admission(
        ['failed calling webhook "guard.example.com": EOF'], [hook.key], owner=WEB, impersonate=ACCOUNT
    )

    assert found == {hook.key}
    assert [each.user for each in cluster.requests] == [ACCOUNT]


async def test_what_leaves_and_has_what_its_successor_needs_is_named(cluster: FakeCluster):
    def service(name: str) -> Object:
        spec = {"ports": [{"port": 80, "nodePort": 30080}]}
        return Object.of(
            {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "team"}, "spec": spec}
        )

    old, new = service("old"), service("new")
    cluster.put(old, owner=WEB.id)
    refused = ApplyFailure(new.key, Reason.APPLY_FAILED, "provided port is already allocated")

    (told,) = await cluster.deleter.name_holders(
        [refused], desired={new.key: new}, leaving=[old.key], owner=WEB, impersonate=ACCOUNT
    )

    assert "kubectl delete service old -n team" in told.message
    assert [each.user for each in cluster.requests] == [ACCOUNT]

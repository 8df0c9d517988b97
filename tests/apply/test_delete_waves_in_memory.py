"""The steps of a prune and of the end of a pattern, at a cluster in memory: what goes when, and what is said of it."""

from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest
from tests.apply.fake_cluster import FakeCluster, status
from tests.apply.harness import config_map, deployment, entries, namespace_named
from tests.apply.test_delete_waves import account_named, binding, role

from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.apply import Owner, finalize, inventory, prune
from pattern_operator.apply.delete_waves import DeletedWaves, delete_in_waves
from pattern_operator.errors import Transient, Waiting
from pattern_operator.kube import WatchEventType

WEB = Owner("webwebwebwebwebwebwebweb", "team", "web")
ACCOUNT = "system:serviceaccount:team:own"
DENIED = f'User "{ACCOUNT}" cannot delete resource "roles" in API group "rbac.authorization.k8s.io"'
HELD = {"finalizers": ["example.com/held"]}
ORPHAN = """kubectl patch designpattern web -n team --type merge -p '{"spec":{"apply":{"deletionPolicy":"Orphan"}}}'"""


@pytest.fixture
async def cluster() -> AsyncIterator[FakeCluster]:
    async with FakeCluster().serve() as cluster:
        yield cluster


def owned(cluster: FakeCluster, desired: Object, **metadata: Any) -> Object:
    cluster.put(desired, owner=WEB.id, **metadata)
    cluster.show(desired, WatchEventType.ADDED)
    return desired


async def step(cluster: FakeCluster, *desired: Object, account: str | None = None) -> DeletedWaves:
    return await delete_in_waves(
        entries(*desired), owner=WEB, deleter=cluster.deleter, impersonate=account, otherwise=Reason.PRUNE_FAILED
    )


def deleted(cluster: FakeCluster) -> list[str]:
    return [each.path.rpartition("/")[2] for each in cluster.requests if each.method == "DELETE"]


def keys(found: Iterable[Any]) -> list[ObjectKey]:
    return [each.key for each in found]


async def test_workloads_go_before_what_they_need_and_all_in_one_step_where_nothing_holds_them(cluster: FakeCluster):
    space, config, work = namespace_named("own"), config_map("c", "own"), deployment("d", "own")
    for each in (space, config, work):
        owned(cluster, each)

    done = await step(cluster, space, config, work)

    assert deleted(cluster) == ["d", "c", "own"]
    assert keys(done.deleted) == sorted([space.key, config.key, work.key])
    assert (done.pending, done.skipped, done.untouched, done.remaining) == ((), (), (), ())


async def test_whether_kinds_are_gone_is_looked_for_once_a_step(cluster: FakeCluster):
    desired = [namespace_named("own"), config_map("c", "own"), deployment("d", "own")]
    cluster.discovery.gone |= {each.key.kind for each in desired}

    done = await step(cluster, *desired)
    await step(cluster, *desired)

    assert len(done.deleted) == 3
    assert len(cluster.discovery.looks) == 2


async def test_what_is_held_holds_up_what_it_needs(cluster: FakeCluster):
    config, work = owned(cluster, config_map("c", "team")), owned(cluster, deployment("d", "team"), **HELD)
    space = owned(cluster, namespace_named("own"))

    done = await step(cluster, space, config, work)

    assert deleted(cluster) == ["d"]
    assert keys(done.pending) == [work.key]
    assert done.untouched == entries(config, space)
    assert done.remaining == entries(config, space, work)


async def test_what_is_refused_holds_up_what_it_needs_and_none_of_its_own_wave(cluster: FakeCluster):
    config = owned(cluster, config_map("c", "team"))
    refused, work = owned(cluster, deployment("a", "team")), owned(cluster, deployment("b", "team"))
    cluster.refuse("DELETE", refused, status(422, "Invalid", "no"))

    done = await step(cluster, config, refused, work)

    assert keys(done.pending) == [refused.key]
    assert keys(done.deleted) == [work.key]
    assert done.untouched == entries(config)


async def test_what_stays_holds_up_nothing(cluster: FakeCluster):
    config, work = owned(cluster, config_map("c", "team")), owned(cluster, deployment("d", "team"))
    cluster.put(work)  # somebody made it anew, without our label
    cluster.show(work)

    done = await step(cluster, config, work)

    assert (keys(done.skipped), keys(done.deleted)) == ([work.key], [config.key])
    assert (done.pending, done.remaining) == ((), ())


async def test_an_account_deletes_all_else_before_its_own_rights_and_of_these_the_roles_last(cluster: FakeCluster):
    own = [binding("own", "team", account="own", role="Role/own"), role("own", "team")]
    others = [binding("other", "team", account="other"), role("r", "team"), account_named("own", "team")]
    for each in (config_map("c", "team"), *others, *own):
        owned(cluster, each)

    done = await step(cluster, config_map("c", "team"), *others, *own, account=ACCOUNT)

    gone = [each.path.split("/")[-2:] for each in cluster.requests if each.method == "DELETE"]
    assert gone[0] == ["configmaps", "c"]
    assert sorted(gone[1:3]) == [["roles", "r"], ["serviceaccounts", "own"]]
    assert gone[3:] == [["rolebindings", "other"], ["rolebindings", "own"], ["roles", "own"]]
    assert done.remaining == ()
    assert {each.user for each in cluster.requests} == {ACCOUNT}


async def test_without_an_account_nobody_asks_whose_the_bindings_are(cluster: FakeCluster):
    rights = [owned(cluster, binding("own", "team", account="own")), owned(cluster, role("own", "team"))]

    await step(cluster, *rights)

    assert [each.method for each in cluster.requests] == ["DELETE", "DELETE"]
    assert [each.path.split("/")[-2] for each in cluster.requests] == ["roles", "rolebindings"]


async def test_whose_a_binding_is_is_not_asked_where_nothing_goes_beside_it(cluster: FakeCluster):
    desired = owned(cluster, binding("own", "team", account="own"))

    await step(cluster, desired, account=ACCOUNT)

    assert [each.method for each in cluster.requests] == ["DELETE"]


@pytest.mark.parametrize(
    ("code", "reason", "stays"), [(403, "Forbidden", True), (422, "Invalid", False)], ids=["may not", "refused"]
)
@pytest.mark.parametrize("bound", [True, False], ids=["its own role", "the role of another"])
async def test_a_role_that_the_account_has_its_rights_by_is_kept_where_it_may_not_delete_it_any_more(
    cluster: FakeCluster, code: int, reason: str, stays: bool, bound: bool
):
    own = binding("own", "team", account="own" if bound else "other", role="Role/own")
    last = [owned(cluster, own), owned(cluster, role("own", "team"))]
    cluster.refuse("DELETE", last[1], status(code, reason, DENIED))

    done = await step(cluster, *last, account=ACCOUNT)

    if not (stays and bound):
        assert keys(done.pending) == [last[1].key]
        return
    assert (keys(done.deleted), done.remaining) == ([last[0].key], ())
    assert [str(each) for each in done.skipped] == [
        "Role.rbac.authorization.k8s.io team/own: is kept: the account's own binding is deleted, so the account may not"
        " delete it any more. To delete it: kubectl delete role own -n team"
    ]


async def test_a_namespace_goes_with_what_goes_after_it(cluster: FakeCluster):
    """Its rights are deleted later, and do not count as what would be lost with it."""
    space, last = namespace_named("own"), role("r", "own")
    for each in (space, last):
        owned(cluster, each)

    done = await step(cluster, space, last)

    assert deleted(cluster) == ["own", "r"]
    assert done.skipped == ()


# --- a prune --------------------------------------------------------------------------------------------------------


async def test_a_prune_tells_what_went_what_stays_and_what_is_to_come(cluster: FakeCluster):
    config, work = owned(cluster, config_map("c", "team")), owned(cluster, deployment("d", "team"), **HELD)
    lost = owned(cluster, deployment("lost", "team"))
    cluster.put(lost)
    cluster.show(lost)

    pruned = await prune(entries(config, work, lost), owner=WEB, deleter=cluster.deleter)

    assert pruned.deleted == ()
    assert [key for key, _ in pruned.skipped] == [lost.key]
    assert keys(pruned.terminating) == [work.key]
    assert (pruned.failures, pruned.error) == ((), None)
    assert pruned.remaining == entries(config, work)
    assert pruned.message == (
        "2 objects that left the pattern are not gone yet: Deployment.apps team/d: is being deleted, held by the"
        " finalizers example.com/held; 1 more go after that"
    )


async def test_a_prune_of_one_object_speaks_of_one(cluster: FakeCluster):
    work = owned(cluster, deployment("d", "team"), **HELD)

    pruned = await prune(entries(work), owner=WEB, deleter=cluster.deleter)

    assert pruned.message.startswith("1 object that left the pattern is not gone yet: Deployment.apps team/d: ")


async def test_a_prune_that_is_done_has_nothing_to_say(cluster: FakeCluster):
    config = owned(cluster, config_map("c", "team"))

    pruned = await prune(entries(config), owner=WEB, deleter=cluster.deleter)

    assert (pruned.deleted, pruned.message, pruned.error, pruned.remaining) == ((config.key,), "", None, ())


async def test_a_prune_tells_failures_from_what_is_terminating(cluster: FakeCluster):
    refused, work = owned(cluster, deployment("a", "team")), owned(cluster, deployment("b", "team"), **HELD)
    cluster.refuse("DELETE", refused, status(422, "Invalid", "no"))

    pruned = await prune(entries(refused, work), owner=WEB, deleter=cluster.deleter)

    assert [each.key for each in pruned.failures] == [refused.key]
    assert keys(pruned.terminating) == [work.key]
    assert isinstance(pruned.error, Transient)
    assert pruned.error.reason is Reason.PRUNE_FAILED


# --- the end of a pattern --------------------------------------------------------------------------------------------


async def test_an_end_that_nothing_holds_up_is_one_step(cluster: FakeCluster):
    config, lost = owned(cluster, config_map("c", "team")), owned(cluster, config_map("lost", "team"))
    cluster.put(lost)
    cluster.show(lost)

    done = await finalize(entries(config, lost), owner=WEB, deleter=cluster.deleter)

    assert (done.entries, done.error, done.message, done.advice) == ((), None, "", "")
    assert [key for key, _ in done.skipped] == [lost.key]


async def test_an_end_that_continues_by_itself_is_waited_for_and_says_how_to_keep_the_rest(cluster: FakeCluster):
    work, config = owned(cluster, deployment("d", "team")), owned(cluster, config_map("c", "team"))
    cluster.at(work)["metadata"]["finalizers"] = ["foregroundDeletion"]

    done = await finalize(entries(work, config), owner=WEB, deleter=cluster.deleter)

    assert isinstance(done.error, Waiting)
    assert done.error.reason is Reason.DELETING
    assert done.entries == entries(config, work)
    assert done.message.startswith(
        "2 objects left: Deployment.apps team/d: is being deleted, and is waiting for the pods"
    )
    assert done.message.endswith("; 1 more go after them. It continues by itself.")
    assert done.advice == f"To keep them in the cluster instead: {ORPHAN}"


async def test_what_a_finalizer_of_others_holds_is_waited_for_and_the_way_out_is_told_at_once(cluster: FakeCluster):
    work = owned(cluster, deployment("d", "team"), **HELD)

    done = await finalize(entries(work), owner=WEB, deleter=cluster.deleter)

    assert isinstance(done.error, Waiting)
    assert done.message.endswith(
        f"held by the finalizers example.com/held. To keep them in the cluster instead: {ORPHAN}"
    )
    assert done.advice == ""


async def test_what_no_watch_tells_of_is_looked_at_again(cluster: FakeCluster):
    work = owned(cluster, deployment("d", "team"), **HELD)
    cluster.watches.blind.add("Deployment")

    done = await finalize(entries(work), owner=WEB, deleter=cluster.deleter)

    assert isinstance(done.error, Transient)
    assert done.error.reason is Reason.DELETION_FAILED


async def test_an_end_that_failed_names_the_failures_first_and_is_tried_again(cluster: FakeCluster):
    first, refused = owned(cluster, deployment("a", "team"), **HELD), owned(cluster, deployment("b", "team"))
    cluster.refuse("DELETE", refused, status(403, "Forbidden", DENIED))

    done = await finalize(entries(first, refused), owner=WEB, deleter=cluster.deleter, impersonate=ACCOUNT)

    assert isinstance(done.error, Transient)
    assert done.error.reason is Reason.FORBIDDEN
    assert done.message.startswith("2 objects left: Deployment.apps team/b: ")
    assert f"DesignPattern team/web is kept until they are deleted. To keep them in the cluster instead: {ORPHAN}" in (
        done.message
    )
    assert done.entries == entries(first, refused)


async def test_of_many_failures_the_way_out_comes_first(cluster: FakeCluster):
    refused = [owned(cluster, deployment(name, "team")) for name in ("a", "b")]
    for each in refused:
        cluster.refuse("DELETE", each, status(422, "Invalid", "no"))

    done = await finalize(entries(*refused), owner=WEB, deleter=cluster.deleter)

    assert done.message.startswith("2 objects left, and DesignPattern team/web is kept until they are deleted. To keep")
    assert ". In the way: Deployment.apps team/a: " in done.message


async def test_the_content_of_a_namespace_is_not_deleted_with_it(cluster: FakeCluster):
    """What others have in a namespace of the pattern keeps it."""
    space = owned(cluster, namespace_named("own"))
    cluster.put(config_map("theirs", "own"))

    done = await finalize(entries(space), owner=WEB, deleter=cluster.deleter)

    assert done.entries == ()
    assert [(key, "ConfigMap theirs" in why) for key, why in done.skipped] == [(space.key, True)]
    assert cluster.has(space)


def test_what_is_gone_leaves_the_inventory() -> None:
    one, two = config_map("a", "team"), config_map("b", "team")

    assert inventory.without(entries(one, two), [one.key]) == entries(two)
    assert inventory.without(entries(one, two), []) == entries(one, two)

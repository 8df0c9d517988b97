from uuid import uuid4

import pytest
from tests.apply.fake_cluster import WEB, FakeCluster, status
from tests.apply.harness import Harness, config_map, custom, definition, deployment, entries, namespace_named, owner

from pattern_operator.api.names import OWNER_LABEL
from pattern_operator.api.reason import Reason
from pattern_operator.apply import FinalizeResult, NotificationKind, Owner, finalize
from pattern_operator.apply.finalize import nothing_deleted
from pattern_operator.apply.inventory import Entries
from pattern_operator.apply.need import RightsNeeded
from pattern_operator.errors import Stalled, Transient, Waiting

DENIED = (
    'User "system:serviceaccount:team:web" cannot delete resource "configmaps" in API group "" in the namespace "team"'
)


async def to_the_end(harness: Harness, left: Entries, *, of: Owner) -> list[FinalizeResult]:
    """Call again at each event, as the reconciler does, until nothing is left; the steps."""
    steps: list[FinalizeResult] = []
    while left:
        more = harness.next_event()
        steps.append(await finalize(left, owner=of, deleter=harness.deleter))
        left = steps[-1].entries
        if left:
            assert isinstance(steps[-1].error, Waiting)
            await harness.until(more)
    return steps


async def test_a_pattern_without_finalizers_is_gone_once_the_pods_of_its_workloads_are(
    harness: Harness, namespace: str
):
    team, desired = owner(), [config_map("c", namespace), deployment("d", namespace)]
    await harness.apply(*desired, by=team)
    before = len(harness.requests)

    first = await finalize(entries(*desired), owner=team, deleter=harness.deleter)
    await harness.told(NotificationKind.GONE, desired[1].key, of=team)
    remaining = await finalize(first.entries, owner=team, deleter=harness.deleter)

    assert "waiting for the pods and other objects that it owns (finalizer foregroundDeletion)" in first.message
    assert first.message.endswith("It continues by itself.")
    assert "Orphan" not in first.message
    assert """kubectl patch designpattern web -n team --type merge""" in first.advice
    assert remaining == FinalizeResult()
    assert remaining.message == ""
    assert [r for v, r, _ in harness.requests[before:] if v == "delete"] == ["deployments.apps", "configmaps"]


async def test_objects_go_in_reverse_order_and_the_last_wave_waits_for_the_first(harness: Harness):
    team, name, domain = owner(), f"whole-{uuid4().hex[:8]}", f"g{uuid4().hex[:8]}.example.com"
    held = custom("Widget", domain, "w", name)
    held.body["metadata"]["finalizers"] = ["example.com/held"]
    desired = [namespace_named(name), definition("Widget", domain), config_map("c", name), deployment("d", name), held]
    applied = await harness.apply(*desired, by=team)
    assert applied.failures == ()

    first = await finalize(entries(*desired), owner=team, deleter=harness.deleter)
    deleted_at_first = [resource for verb, resource, _ in harness.requests if verb == "delete"]
    await harness.patch(held.key, {"metadata": {"finalizers": None}})
    await harness.told(NotificationKind.GONE, held.key, of=team)
    await to_the_end(harness, first.entries, of=team)

    assert deleted_at_first == [f"widgets.{domain}"]
    assert len(first.entries) == 5
    assert isinstance(first.error, Waiting)
    assert first.error.reason is Reason.DELETING
    assert f"Widget.{domain} {name}/w: is being deleted, held by the finalizers example.com/held" in first.message
    assert "4 more go after them" in first.message
    assert (
        """kubectl patch designpattern web -n team --type merge -p '{"spec":{"apply":{"deletionPolicy":"Orphan"}}}'"""
        in (first.message)
    )
    for each in desired[:2]:
        assert not await harness.is_there(each.key)


async def test_a_step_deletes_nothing_twice(harness: Harness, namespace: str):
    team, desired = owner(), config_map("c", namespace)
    desired.body["metadata"]["finalizers"] = ["example.com/held"]
    await harness.apply(desired, by=team)

    await finalize(entries(desired), owner=team, deleter=harness.deleter)
    await harness.told(NotificationKind.HEALTH, desired.key, of=team)
    again = await finalize(entries(desired), owner=team, deleter=harness.deleter)

    assert [verb for verb, _, _ in harness.requests].count("delete") == 1
    assert "held by the finalizers example.com/held" in again.message
    assert "To keep them in the cluster instead" in again.message  # nobody knows what that finalizer waits for
    await harness.patch(desired.key, {"metadata": {"finalizers": None}})
    await harness.told(NotificationKind.GONE, desired.key, of=team)
    assert await finalize(again.entries, owner=team, deleter=harness.deleter) == FinalizeResult()


async def test_a_fresh_operator_goes_on_where_the_last_one_ended(harness: Harness, namespace: str, open_room):
    team, desired = owner(), config_map("c", namespace)
    desired.body["metadata"]["finalizers"] = ["example.com/held"]
    await harness.apply(desired, by=team)
    left = await finalize(entries(desired), owner=team, deleter=harness.deleter)

    async with open_room() as later:
        again = await finalize(left.entries, owner=team, deleter=later.deleter)
        await later.patch(desired.key, {"metadata": {"finalizers": None}})
        await later.told(NotificationKind.GONE, desired.key, of=team)
        end = await finalize(again.entries, owner=team, deleter=later.deleter)

    assert isinstance(again.error, Waiting)
    assert end == FinalizeResult()


async def test_a_missing_service_account_is_named_and_retried_and_hangs_nothing(harness: Harness, namespace: str):
    team, desired = owner(), [config_map("c", namespace), deployment("d", namespace)]
    await harness.apply(*desired, by=team)
    account = f"system:serviceaccount:{namespace}:removed"

    remaining = await finalize(entries(*desired), owner=team, deleter=harness.deleter, impersonate=account)

    assert remaining.entries == entries(*desired)
    assert isinstance(remaining.error, Transient)
    assert remaining.error.reason is Reason.FORBIDDEN
    assert f'User "{account}" cannot delete resource "deployments"' in remaining.message
    assert ".. " not in remaining.message
    assert "deletionPolicy" in remaining.message
    assert await harness.is_there(desired[0].key)


async def test_what_somebody_else_took_over_is_left_and_said(harness: Harness, namespace: str):
    team, other = owner(), owner("other")
    ours, theirs = config_map("ours", namespace), config_map("theirs", namespace)
    await harness.apply(ours, theirs, by=team)
    taken = await harness.patch(theirs.key, {"metadata": {"labels": {OWNER_LABEL: other.id}}})
    await harness.caught_up(taken, theirs.key)

    remaining = await finalize(entries(ours, theirs), owner=team, deleter=harness.deleter)

    assert remaining.entries == ()
    assert [key for key, _ in remaining.skipped] == [theirs.key]
    assert await harness.is_there(theirs.key)
    assert not await harness.is_there(ours.key)


@pytest.mark.parametrize(
    "annotation", ["helm.sh/resource-policy: keep", "argocd.argoproj.io/sync-options: Delete=false"]
)
async def test_what_another_tool_is_asked_to_keep_stays_when_the_pattern_goes(
    harness: Harness, namespace: str, annotation: str
):
    name, _, value = annotation.partition(": ")
    team, desired = owner(), config_map("c", namespace, annotations={name: value})
    await harness.apply(desired, by=team)

    remaining = await finalize(entries(desired), owner=team, deleter=harness.deleter)

    assert remaining.skipped == ((desired.key, f"stays: it is annotated {annotation} in the cluster"),)
    assert remaining.entries == ()
    meta = (await harness.get(desired.key))["metadata"]
    assert meta.get("labels", {}) == {}
    assert meta["annotations"] == {name: value}


async def test_what_stays_and_may_not_be_written_says_that_it_keeps_our_label(harness: Harness, namespace: str):
    team, desired = owner(), config_map("c", namespace, annotations={"helm.sh/resource-policy": "keep"})
    await harness.apply(desired, by=team)

    nobody = f"system:serviceaccount:{namespace}:nobody"
    remaining = await finalize(entries(desired), owner=team, deleter=harness.deleter, impersonate=nobody)

    ((key, why),) = remaining.skipped
    assert key == desired.key
    assert why.startswith("stays: it is annotated helm.sh/resource-policy: keep in the cluster. Our label could not be")
    assert remaining.error is None


async def test_without_a_watch_the_deletion_is_tried_again_by_time(harness: Harness, namespace: str, monkeypatch):
    team, desired = owner(), config_map("c", namespace)
    desired.body["metadata"]["finalizers"] = ["example.com/held"]
    await harness.apply(desired, by=team)
    monkeypatch.setattr(harness.managed_objects, "is_watched", lambda key: False)

    remaining = await finalize(entries(desired), owner=team, deleter=harness.deleter)

    assert isinstance(remaining.error, Transient)
    await harness.patch(desired.key, {"metadata": {"finalizers": None}})


async def test_nothing_is_left_of_nothing(harness: Harness):
    assert await finalize((), owner=owner(), deleter=harness.deleter) == FinalizeResult()


# --- what is left, and what would end it: at a cluster in memory ------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "words", "needs"),
    [(422, "no", frozenset()), (403, DENIED, frozenset({RightsNeeded("team")}))],
    ids=["refused", "no rights"],
)
async def test_what_would_let_the_deletion_go_on_is_told_where_it_is_known(code: int, words: str, needs):
    desired = config_map("c", "team")
    async with FakeCluster().serve(WEB) as cluster:
        cluster.put(desired, owner=WEB.id)
        cluster.refuse("DELETE", desired, status(code, "No", words))

        remaining = await finalize(entries(desired), owner=WEB, deleter=cluster.deleter)

    assert remaining.needs == needs
    assert isinstance(remaining.error, Transient)


def test_where_nothing_may_be_deleted_all_is_left_and_it_is_said_how_to_keep_it():
    left = entries(config_map("a", "team"), config_map("b", "team"))
    error = Stalled(reason=Reason.SERVICE_ACCOUNT_REQUIRED, message="no account is named.")

    done = nothing_deleted(left, owner=WEB, error=error)

    assert (done.entries, done.skipped) == (left, ())
    assert isinstance(done.error, Stalled)
    assert done.error.reason is Reason.SERVICE_ACCOUNT_REQUIRED
    assert done.message.startswith("2 objects left: no account is named. To keep them in the cluster instead: kubectl")

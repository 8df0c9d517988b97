from typing import Any
from uuid import uuid4

import pytest
from tests.apply.harness import (
    Harness,
    config_map,
    custom,
    definition,
    deployment,
    entries,
    namespace_named,
    owner,
    secret,
)

from pattern_operator.api.names import NAME_LABEL, OWNER_LABEL, PATTERN_ANNOTATION
from pattern_operator.api.reason import Reason
from pattern_operator.api.status import InventoryEntry
from pattern_operator.apply import NotificationKind, inventory, prune
from pattern_operator.errors import Transient


async def test_what_left_the_pattern_is_deleted_with_one_request_an_object(harness: Harness, namespace: str):
    team = owner()
    stays, goes, goes_too = (
        config_map("stays", namespace),
        config_map("goes", namespace),
        secret("too", namespace, a="1"),
    )
    await harness.apply(stays, goes, goes_too, by=team)
    left = inventory.difference(entries(stays, goes, goes_too), entries(stays))
    before = len(harness.requests)

    pruned = await prune(left, owner=team, deleter=harness.deleter)

    assert pruned.deleted == (goes.key, goes_too.key)
    assert (pruned.skipped, pruned.failures, pruned.error) == ((), (), None)
    assert [verb for verb, _, _ in harness.requests[before:] if verb != "watch"] == ["delete", "delete"]
    assert await harness.is_there(stays.key)
    assert not await harness.is_there(goes.key)
    assert harness.managed_objects.drifted(team.id) == ()


async def test_an_object_that_another_pattern_took_over_is_left(harness: Harness, namespace: str):
    team, other, desired = owner(), owner("other"), config_map("c", namespace)
    await harness.apply(desired, by=team)
    taken = await harness.applier.apply_all([desired], owner=other, conflicts="Take", owned=())
    assert taken.failures == ()

    pruned = await prune(entries(desired), owner=team, deleter=harness.deleter)

    assert pruned.deleted == ()
    assert pruned.skipped == ((desired.key, "is kept: it belongs to another pattern now"),)
    assert await harness.is_there(desired.key)


async def test_an_object_that_a_fresh_operator_cannot_see_is_read_before_it_is_left(
    harness: Harness, namespace: str, open_room
):
    team, desired = owner(), config_map("c", namespace)
    await harness.apply(desired, by=team)
    await harness.patch(desired.key, {"metadata": {"labels": {OWNER_LABEL: None}}})

    async with open_room() as later:
        pruned = await prune(entries(desired), owner=team, deleter=later.deleter)

    assert pruned.skipped == ((desired.key, "is kept: somebody removed our owner label"),)
    assert await harness.is_there(desired.key)


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        pytest.param({"labels": {OWNER_LABEL: None}}, False, id="the label alone"),
        pytest.param({"labels": {OWNER_LABEL: None, NAME_LABEL: None}}, False, id="both labels"),
        pytest.param(
            {"labels": {OWNER_LABEL: None}, "annotations": {PATTERN_ANNOTATION: "team/other"}},
            True,
            id="and it is given to another pattern",
        ),
    ],
)
async def test_what_is_left_because_its_label_is_gone_keeps_no_other_mark_of_the_pattern(
    harness: Harness, namespace: str, open_room, change: dict[str, Any], kept: bool
):
    team, desired = owner(), config_map("c", namespace)
    await harness.apply(desired, by=team)
    await harness.patch(desired.key, {"metadata": change})

    async with open_room() as later:
        pruned = await prune(entries(desired), owner=team, deleter=later.deleter)

    assert pruned.skipped == ((desired.key, "is kept: somebody removed our owner label"),)
    found = await harness.get(desired.key)
    assert found["data"] == desired.body["data"]
    marks = {*found["metadata"].get("labels", {}), *found["metadata"].get("annotations", {})}
    assert bool(marks & {NAME_LABEL, PATTERN_ANNOTATION}) is kept
    assert ("pattern-operator" in {each["manager"] for each in found["metadata"].get("managedFields", [])}) is kept


async def test_an_object_that_is_not_to_be_pruned_is_left(harness: Harness, namespace: str):
    team, desired = owner(), config_map("c", namespace)
    await harness.apply(desired, by=team)
    annotated = await harness.patch(
        desired.key, {"metadata": {"annotations": {"pattern-operator.io/prune": "disabled"}}}
    )
    await harness.caught_up(annotated, desired.key)

    pruned = await prune(entries(desired), owner=team, deleter=harness.deleter)

    assert pruned.skipped == ((desired.key, "stays: it is annotated prune: disabled in the cluster"),)
    assert (await harness.get(desired.key))["metadata"].get("labels", {}) == {}


@pytest.mark.parametrize(
    "annotation", ["helm.sh/resource-policy: keep", "argocd.argoproj.io/sync-options: Prune=false"]
)
@pytest.mark.parametrize("restarted", [False, True])
async def test_an_object_that_another_tool_is_asked_to_keep_is_left_without_our_marks_also_after_a_restart(
    harness: Harness, namespace: str, annotation: str, restarted: bool, open_room
):
    name, _, value = annotation.partition(": ")
    team, desired = owner(), config_map("c", namespace, annotations={name: value})
    await harness.apply(desired, by=team)

    async with open_room() as later:  # which knows nothing but the inventory
        deleter = later.deleter if restarted else harness.deleter
        pruned = await prune(entries(desired), owner=team, deleter=deleter)

    assert pruned.skipped == ((desired.key, f"stays: it is annotated {annotation} in the cluster"),)
    meta = (await harness.get(desired.key))["metadata"]
    assert meta.get("labels", {}) == {}
    assert meta["annotations"] == {name: value}


async def test_an_object_that_is_only_kept_when_its_pattern_goes_is_pruned(harness: Harness, namespace: str):
    team = owner()
    desired = config_map("c", namespace, annotations={"argocd.argoproj.io/sync-options": "Delete=false"})
    await harness.apply(desired, by=team)

    pruned = await prune(entries(desired), owner=team, deleter=harness.deleter)

    assert pruned.deleted == (desired.key,)


async def test_an_object_made_anew_by_somebody_else_is_left(harness: Harness, namespace: str):
    team, desired = owner(), config_map("c", namespace)
    await harness.apply(desired, by=team)
    await harness.delete(desired.key)
    await harness.told(NotificationKind.GONE, desired.key, of=team)
    await harness.put(desired, manager="kubectl")

    pruned = await prune(entries(desired), owner=team, deleter=harness.deleter)

    assert [key for key, _ in pruned.skipped] == [desired.key]
    assert await harness.is_there(desired.key)


async def test_the_delete_is_for_the_very_object_that_was_seen(harness: Harness, namespace: str):
    team, desired = owner(), config_map("c", namespace)
    await harness.apply(desired, by=team)
    managed = harness.managed(desired.key)
    frozen = managed.observed
    await harness.delete(desired.key)
    await harness.told(NotificationKind.GONE, desired.key, of=team)
    await harness.put(desired, manager="kubectl")
    managed.present, managed.observed = True, frozen  # as if the watch were behind

    pruned = await prune(entries(desired), owner=team, deleter=harness.deleter)

    assert [failure.key for failure in pruned.failures] == [desired.key]
    assert pruned.remaining == entries(desired)
    assert await harness.is_there(desired.key)


async def test_what_is_gone_already_is_a_success(harness: Harness, namespace: str):
    pruned = await prune(entries(config_map("never", namespace)), owner=owner(), deleter=harness.deleter)

    assert pruned.deleted == (config_map("never", namespace).key,)
    assert pruned.error is None


async def test_an_object_whose_kind_is_gone_is_a_success(harness: Harness, namespace: str):
    widget = custom("Widget", f"g{uuid4().hex[:8]}.example.com", "w", namespace)

    pruned = await prune(entries(widget), owner=owner(), deleter=harness.deleter)

    assert pruned.deleted == (widget.key,)


async def test_an_object_in_a_version_that_is_served_no_more_is_deleted_in_another(harness: Harness, namespace: str):
    team, desired = owner(), deployment("d", namespace)
    await harness.apply(desired, by=team)

    pruned = await prune([InventoryEntry(id=str(desired.key), v="v1beta2")], owner=team, deleter=harness.deleter)
    await harness.told(NotificationKind.GONE, desired.key, of=team)

    assert [each.key for each in pruned.terminating] == [desired.key]
    assert not await harness.is_there(desired.key)


async def test_protected_namespaces_are_never_deleted(harness: Harness):
    desired = entries(namespace_named("default"), namespace_named("kube-public"))

    pruned = await prune(desired, owner=owner(), deleter=harness.deleter)

    assert pruned.deleted == ()
    assert len(pruned.skipped) == 2
    assert harness.requests == []


async def test_an_account_without_rights_stops_nobody_else_and_is_named(harness: Harness, namespace: str):
    team, desired = owner(), config_map("c", namespace)
    await harness.apply(desired, by=team)
    account = f"system:serviceaccount:{namespace}:nobody"

    pruned = await prune(entries(desired), owner=team, deleter=harness.deleter, impersonate=account)

    assert pruned.remaining == entries(desired)
    assert isinstance(pruned.error, Transient)
    assert pruned.error.reason is Reason.FORBIDDEN
    assert f'User "{account}" cannot delete resource "configmaps"' in pruned.error.message


async def test_definitions_go_after_their_objects(harness: Harness, namespace: str):
    team, domain = owner(), f"g{uuid4().hex[:8]}.example.com"
    crd, widget = definition("Widget", domain), custom("Widget", domain, "w", namespace)
    await harness.apply(crd, widget, by=team)
    before = len(harness.requests)

    await prune(entries(crd, widget), owner=team, deleter=harness.deleter)

    deleted = [resource for verb, resource, _ in harness.requests[before:] if verb == "delete"]
    assert deleted == [f"widgets.{domain}", "customresourcedefinitions.apiextensions.k8s.io"]


async def test_a_workload_stays_until_the_finalizers_it_acts_on_are_done(harness: Harness, namespace: str, open_room):
    team, domain = owner(), f"g{uuid4().hex[:8]}.example.com"
    crd, widget = definition("Widget", domain), custom("Widget", domain, "w", namespace)
    controller, free = deployment("controller", namespace), custom("Widget", domain, "free", namespace)
    await harness.apply(crd, widget, free, controller, by=team)
    held = await harness.patch(widget.key, {"metadata": {"finalizers": ["example.com/held"]}})
    await harness.caught_up(held, widget.key)
    harness.managed_objects.release([widget.key, free.key, controller.key, crd.key], owner=team.id)

    first = await prune(entries(crd, widget, free, controller), owner=team, deleter=harness.deleter)
    await harness.caught_up(await harness.get(widget.key), widget.key)
    before = len(harness.requests)
    again = await prune(first.remaining, owner=team, deleter=harness.deleter)
    asked = [verb for verb, _, _ in harness.requests[before:] if verb != "watch"]
    async with open_room() as later:  # which knows nothing but the inventory
        fresh = await prune(first.remaining, owner=team, deleter=later.deleter)
    there = await harness.is_there(controller.key)
    await harness.patch(widget.key, {"metadata": {"finalizers": None}})
    await harness.told(NotificationKind.GONE, widget.key, of=team)
    await prune(first.remaining, owner=team, deleter=harness.deleter)
    await harness.told(NotificationKind.GONE, controller.key, of=team)  # once its pods are
    last = await prune(entries(crd), owner=team, deleter=harness.deleter)
    await harness.told(
        NotificationKind.GONE, crd.key, of=team
    )  # the API server deletes what is left of its kind before
    end = await prune(last.remaining, owner=team, deleter=harness.deleter)

    assert first.remaining == again.remaining == fresh.remaining == entries(crd, widget, controller)
    assert first.deleted == (free.key,)
    assert [each.key for each in first.terminating] == [widget.key]
    assert (first.failures, first.error) == ((), None)
    assert first.message == (
        f"3 objects that left the pattern are not gone yet: {widget.key.display_name}: is being deleted, held by the"
        " finalizers example.com/held; 2 more go after that"
    )
    assert asked == []  # the watch knows
    assert there
    assert last.remaining == entries(crd)
    assert (end.remaining, end.message) == ((), "")
    assert not await harness.is_there(controller.key)


async def test_what_cannot_be_deleted_keeps_what_it_needs(harness: Harness, namespace: str):
    team, desired, workload = owner(), config_map("c", namespace), deployment("d", namespace)
    await harness.apply(desired, workload, by=team)
    account = f"system:serviceaccount:{namespace}:nobody"

    pruned = await prune(entries(desired, workload), owner=team, deleter=harness.deleter, impersonate=account)

    assert pruned.remaining == entries(desired, workload)
    assert pruned.error is not None
    assert pruned.error.message.startswith("1 object that left the pattern could not be deleted: Deployment.apps ")
    assert f"grant ServiceAccount {namespace}/nobody the verbs get and delete on deployments.apps in namespace" in (
        pruned.error.message
    )
    assert "; 1 more go after that. " in pruned.error.message
    assert pruned.error.message.endswith(
        f"kubectl annotate deployment.apps d -n {namespace} pattern-operator.io/prune=disabled`"
    )


async def test_an_object_whose_kind_has_another_scope_now_went_and_its_namesake_is_let_be(
    harness: Harness, namespace: str
):
    team, domain = owner(), f"g{uuid4().hex[:8]}.example.com"
    crd, wide = definition("Widget", domain, scope="Cluster"), custom("Widget", domain, "w", "")
    await harness.apply(crd, wide, by=team)

    pruned = await prune(entries(custom("Widget", domain, "w", namespace)), owner=team, deleter=harness.deleter)

    assert pruned.remaining == ()
    assert await harness.is_there(wide.key)

"""What was there before the pattern, on the real API server: adopted, left alone, refused, and given back."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from tests.apply.room import (
    NAMESPACE,
    Room,
    config_map,
    custom,
    definition,
    deployment,
    entries,
    namespace_named,
    owner,
)

from pattern_operator.api.object import Object
from pattern_operator.api.reason import Reason
from pattern_operator.apply import Owner
from pattern_operator.apply.delete import Deletion, DeletionOutcome
from pattern_operator.kube import ApiUnavailable, objects

OWNER_LABEL, PATTERN, ADOPTED = (f"pattern-operator.io/{name}" for name in ("owner", "pattern", "adopted"))


async def removed(room: Room, *wanted: Object, by: Owner) -> list[Deletion]:
    return await room.deleter.delete_all(entries(*wanted), owner=by, impersonate=None, otherwise=Reason.PRUNE_FAILED)


async def marks(room: Room, wanted: Object) -> tuple[str | None, str | None, str | None]:
    metadata = (await room.get(wanted.key))["metadata"]
    annotations = metadata.get("annotations", {})
    return metadata.get("labels", {}).get(OWNER_LABEL), annotations.get(PATTERN), annotations.get(ADOPTED)


async def make(room: Room, wanted: Object, **metadata: Any) -> None:
    body = {**wanted.body, "metadata": {**wanted.body["metadata"], **metadata}}
    await room.put(Object.of(body), manager="somebody")


async def test_what_was_there_is_adopted_and_stays_so_through_applies_and_restarts(
    room: Room, namespace: str, open_room
):
    team, wanted = owner(), config_map("c", namespace, a="1")
    await make(room, wanted)

    first = await room.apply(wanted, by=team)
    again = await room.apply(config_map("c", namespace, a="1", b="2"), by=team)
    async with open_room() as later:
        restarted = await later.apply(config_map("c", namespace, a="1", b="3"), by=team, owned=[wanted.key])

    assert first.applied == again.applied == restarted.applied == (wanted.key,)
    assert await marks(room, wanted) == (team.id, "team/web", "true")
    assert (await room.get(wanted.key))["data"] == {"a": "1", "b": "3"}


async def test_an_adopted_object_is_left_as_it_is_and_is_nobodys_then(room: Room, namespace: str):
    team, wanted = owner(), config_map("c", namespace, a="1")
    await make(room, wanted, labels={"theirs": "yes"})
    await room.apply(config_map("c", namespace, a="1", b="ours"), by=team)

    (removal,) = await removed(room, wanted, by=team)

    assert (removal.outcome, removal.message) == (
        DeletionOutcome.SKIPPED,
        "stays: it existed before the pattern and was adopted",
    )
    found = await room.get(wanted.key)
    assert await marks(room, wanted) == (None, None, None)
    assert found["data"] == {"a": "1", "b": "ours"}
    assert found["metadata"]["labels"] == {"theirs": "yes"}
    assert [entry["manager"] for entry in found["metadata"]["managedFields"]] == ["somebody"]


async def test_what_an_adopted_object_keeps_of_ours_is_free_for_the_next_tool(room: Room, namespace: str):
    team, wanted = owner(), config_map("c", namespace, a="1")
    await make(room, wanted)
    await room.apply(config_map("c", namespace, a="1", b="ours"), by=team)
    await removed(room, wanted, by=team)

    body = b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"b":"another"}}'
    resource = await room.resource(wanted.key)
    await objects.apply(
        room.session, resource, body=body, namespace=namespace, name="c", field_manager="kubectl"
    )  # raises on a conflict

    assert (await room.get(wanted.key))["data"]["b"] == "another"


async def test_an_object_that_was_made_anew_by_the_pattern_is_its_own(room: Room, namespace: str):
    team, wanted = owner(), config_map("c", namespace)
    await make(room, wanted)
    await room.apply(wanted, by=team)
    await room.delete(wanted.key)
    await room.eventually(lambda: _gone(room, wanted))

    await room.apply(wanted, by=team)
    (removal,) = await removed(room, wanted, by=team)

    assert removal.outcome is DeletionOutcome.DELETED


async def _gone(room: Room, wanted: Object) -> bool:
    managed = room.managed_objects.get(wanted.key)
    return managed is None or not managed.present


@pytest.mark.parametrize("conflicts", ["Fail", "Take"])
async def test_never_refuses_what_is_there_and_changes_nothing(room: Room, namespace: str, conflicts: str):
    team, there, new = owner(), config_map("c", namespace, a="theirs"), config_map("new", namespace)
    await make(room, there)

    applied = await room.apply(
        config_map("c", namespace, a="ours"), new, by=team, adopt="Never", conflicts=conflicts, owned=[there.key]
    )

    (failure,) = applied.failures
    assert (failure.key, failure.reason) == (there.key, Reason.ALREADY_EXISTS)
    assert "spec.apply.adopt: IfUnowned" in failure.message
    assert applied.disowned == {there.key}
    assert applied.applied == (new.key,)
    assert (await room.get(there.key))["data"] == {"a": "theirs"}
    assert await marks(room, there) == (None, None, None)


@pytest.mark.parametrize("adopt", ["IfUnowned", "Always"])
async def test_what_helm_manages_is_refused_whatever_the_policy_and_conflicts_say(
    room: Room, namespace: str, adopt: str
):
    wanted = config_map("c", namespace, a="ours")
    await make(
        room,
        config_map("c", namespace, a="theirs"),
        labels={"app.kubernetes.io/managed-by": "Helm"},
        annotations={"meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "shop"},
    )

    applied = await room.apply(wanted, by=owner(), adopt=adopt, conflicts="Take")

    assert [failure.reason for failure in applied.failures] == [Reason.MANAGED_BY_ANOTHER_TOOL]
    assert "the Helm release shop/web" in applied.failures[0].message
    assert (await room.get(wanted.key))["data"] == {"a": "theirs"}


async def test_a_manifest_that_itself_carries_the_labels_of_helm_is_applied_again_and_again(
    room: Room, namespace: str, open_room
):
    team, wanted = owner(), config_map("c", namespace)
    wanted.body["metadata"] |= {
        "labels": {"app.kubernetes.io/managed-by": "Helm"},
        "annotations": {"meta.helm.sh/release-name": "web"},
    }

    first = await room.apply(wanted, by=team)
    async with open_room() as later:
        second = await later.apply(wanted, by=team)

    assert first.failures == second.failures == ()


async def test_a_manifest_cannot_mark_its_objects_as_adopted(room: Room, namespace: str):
    team, wanted = owner(), config_map("c", namespace, annotations={ADOPTED: "true"})
    await room.apply(wanted, by=team)

    (removal,) = await removed(room, wanted, by=team)

    assert removal.outcome is DeletionOutcome.DELETED


async def test_a_namespace_that_was_there_is_used_as_it_is(room: Room, namespace: str):
    team, space = owner(), namespace_named(namespace)
    space.body["metadata"]["labels"] = {"pod-security.kubernetes.io/enforce": "privileged"}

    applied = await room.apply(space, config_map("c", namespace), by=team, conflicts="Take")

    assert applied.failures == ()
    ((key, why),) = applied.skipped
    assert key == space.key
    assert "is used as it is" in why
    assert applied.disowned == {space.key}
    labels = (await room.get(space.key))["metadata"]["labels"]
    assert set(labels) == {"kubernetes.io/metadata.name"}


async def test_a_namespace_is_adopted_by_the_explicit_word_and_left_all_the_same(room: Room, namespace: str):
    team, space = owner(), namespace_named(namespace)

    applied = await room.apply(space, by=team, adopt="Always")
    before = await marks(room, space)
    (removal,) = await removed(room, space, by=team)

    assert applied.applied == (space.key,)
    assert before == (team.id, "team/web", "true")
    assert removal.outcome is DeletionOutcome.SKIPPED
    assert await marks(room, space) == (None, None, None)


async def test_an_object_of_another_living_pattern_is_refused_with_its_name(room: Room, namespace: str):
    team, other, wanted = owner("web"), owner("other"), config_map("c", namespace)
    room.living[other.id] = other
    await room.apply(wanted, by=other)

    applied = await room.apply(wanted, by=team, adopt="Always", conflicts="Take", owned=[wanted.key])
    await removed(room, wanted, by=team)

    assert [failure.reason for failure in applied.failures] == [Reason.OWNED_BY_ANOTHER_PATTERN]
    assert "is owned by DesignPattern team/other" in applied.failures[0].message
    assert applied.disowned == {wanted.key}
    assert room.managed_objects.get(wanted.key).expected  # by the other: who was refused does not make it forgotten
    assert room.managed_objects.get(wanted.key).owner == other.id


async def test_two_patterns_that_find_nothing_at_the_same_moment_do_not_both_have_it(room: Room, namespace: str):
    teams = [owner(f"p{number}") for number in range(4)]
    room.living |= {each.id: each for each in teams}
    wanted = config_map("c", namespace)
    await room.apply(config_map("first", namespace), by=owner())  # the kind is followed from here on
    original = room.session.request

    async def slow(method: str, path: str, **more: Any) -> bytes:
        try:
            return await original(method, path, **more)
        finally:
            if method == "GET" and path.endswith("/configmaps/c"):
                await asyncio.sleep(0.3)  # time enough for every other look to find nothing, too

    room.session.request = slow
    results = await asyncio.gather(*(room.apply(wanted, by=each) for each in teams))

    winners = [team for team, applied in zip(teams, results, strict=True) if applied.applied]
    assert len(winners) == 1
    assert (await marks(room, wanted))[0] == winners[0].id
    assert [f.reason for applied in results for f in applied.failures] == [Reason.OWNED_BY_ANOTHER_PATTERN] * 3


async def test_a_recreated_pattern_takes_over_what_its_predecessor_left(room: Room, namespace: str, open_room):
    dead, born, wanted = owner(), owner(), config_map("c", namespace, a="1")
    await room.apply(wanted, by=dead)
    await room.patch(wanted.key, {"data": {"a": "theirs"}})

    async with open_room() as later:
        applied = await later.apply(wanted, by=born, adopt="Never")
        (removal,) = await removed(later, wanted, by=born)

    assert applied.applied == (wanted.key,)
    assert removal.outcome is DeletionOutcome.DELETED


async def test_a_label_that_somebody_took_off_is_put_back(room: Room, namespace: str, open_room):
    team, wanted = owner(), config_map("c", namespace)
    await room.apply(wanted, by=team)
    await room.patch(wanted.key, {"metadata": {"labels": {OWNER_LABEL: None}}})
    await room.eventually(lambda: _gone(room, wanted))

    await room.apply(wanted, by=team, adopt="Never")
    same_life = await marks(room, wanted)
    await room.patch(wanted.key, {"metadata": {"labels": {OWNER_LABEL: None}}})
    async with open_room() as later:
        await later.apply(wanted, by=team, adopt="Never", owned=[wanted.key])

    assert same_life == await marks(room, wanted) == (team.id, "team/web", None)


async def test_what_an_account_may_not_look_at_is_not_the_patterns(room: Room, namespace: str):
    account = f"system:serviceaccount:{namespace}:nobody"
    wanted = config_map("c", namespace)
    await room.apply(config_map("first", namespace), by=owner())

    applied = await room.apply(wanted, by=owner(), impersonate=account, owned=[wanted.key])

    assert [failure.reason for failure in applied.failures] == [Reason.FORBIDDEN]
    assert applied.disowned == {wanted.key}


async def test_what_may_have_been_made_is_kept_where_the_answer_is_lost(room: Room, namespace: str):
    wanted = config_map("c", namespace)
    await room.apply(config_map("first", namespace), by=owner())
    original = room.session.request

    async def lost(method: str, path: str, **more: Any) -> bytes:
        answer = await original(method, path, **more)
        if method == "PATCH":
            raise ApiUnavailable.unreachable("https://away.example", error=OSError("reset"))
        return answer

    room.session.request = lost
    applied = await room.apply(wanted, by=owner())

    assert [failure.reason for failure in applied.failures] == [Reason.API_SERVER_UNAVAILABLE]
    assert applied.disowned == frozenset()


async def test_what_somebody_makes_between_the_look_and_the_apply_is_still_theirs(room: Room, namespace: str):
    team, wanted = owner(), config_map("c", namespace, a="same", b="ours")
    await room.apply(config_map("first", namespace), by=team)
    await _meanwhile(room, lambda: make(room, config_map("c", namespace, a="same")))

    applied = await room.apply(wanted, by=team, adopt="Never")

    assert [failure.reason for failure in applied.failures] == [Reason.ALREADY_EXISTS]
    assert (await room.get(wanted.key))["data"] == {"a": "same"}
    assert await marks(room, wanted) == (None, None, None)


async def test_what_takes_the_place_of_an_adopted_object_is_looked_at_again(room: Room, namespace: str):
    team, wanted = owner(), config_map("c", namespace, a="1")
    await make(room, wanted)

    async def replace() -> None:
        await room.delete(wanted.key)
        await make(room, wanted, annotations={"pattern-operator.io/reconcile": "disabled"})

    await room.apply(config_map("first", namespace), by=team)
    await _meanwhile(room, replace)
    applied = await room.apply(wanted, by=team)

    assert [key for key, _ in applied.skipped] == [wanted.key]
    assert await marks(room, wanted) == (None, None, None)


async def test_what_is_deleted_between_the_look_and_the_apply_is_made(room: Room, namespace: str):
    team, wanted = owner(), config_map("c", namespace, a="1")
    await make(room, wanted)
    await room.apply(config_map("first", namespace), by=team)
    await _meanwhile(room, lambda: room.delete(wanted.key))

    applied = await room.apply(wanted, by=team)

    assert applied.applied == (wanted.key,)
    assert await marks(room, wanted) == (team.id, "team/web", None)


async def _meanwhile(room: Room, act: Any) -> None:
    """Let ``act`` happen once, right before the next apply is sent."""
    original = room.session.request

    async def interrupted(method: str, path: str, **more: Any) -> bytes:
        if method == "PATCH":
            room.session.request = original
            await act()
        return await original(method, path, **more)

    room.session.request = interrupted


# --- what others have in it -------------------------------------------------------------------------------------------


async def own_kinds(room: Room, team: Owner) -> Object:
    """A namespace that the pattern made."""
    space = namespace_named(f"own_kinds-{uuid4().hex[:8]}")
    await room.apply(space, by=team)
    return space


async def test_a_namespace_of_ours_that_is_empty_goes(room: Room):
    team = owner()
    space = await own_kinds(room, team)
    web = deployment("web", space.key.name)
    await room.apply(web, config_map("c", space.key.name), by=team)
    await room.eventually(lambda: _has_pods(room, space.key.name))

    await removed(room, web, config_map("c", space.key.name), by=team)
    (removal,) = await removed(room, space, by=team)

    assert removal.outcome in (DeletionOutcome.DELETED, DeletionOutcome.TERMINATING), removal.message


async def _has_pods(room: Room, namespace: str) -> bool:
    path = f"/api/v1/namespaces/{namespace}/pods"
    return b'"uid"' in await room.session.request("GET", path)


@pytest.mark.parametrize(
    "kind", ["of nobody", "of another pattern", "pattern-operator.io/prune: disabled", "helm.sh/resource-policy: keep"]
)
async def test_a_namespace_that_holds_what_would_be_missed_stays_and_says_what(room: Room, kind: str):
    team = owner()
    space = await own_kinds(room, team)
    held = config_map("precious", space.key.name)
    if kind == "of nobody":
        await make(room, held)
    elif kind == "of another pattern":
        await room.apply(held, by=owner("another"))
    else:
        name, _, value = kind.partition(": ")
        await room.apply(config_map("precious", space.key.name, annotations={name: value}), by=team)

    (removal,) = await removed(room, space, by=team)

    assert removal.outcome is DeletionOutcome.SKIPPED
    assert "it still holds 1 that would be deleted with it: ConfigMap" in removal.message
    assert f"kubectl delete namespace {space.key.name}" in removal.message
    assert await room.is_there(held.key)
    assert await marks(room, space) == (None, None, None)
    await objects.delete(room.session, NAMESPACE, namespace="", name=space.key.name)


async def test_a_look_into_a_full_namespace_ends_early(room: Room):
    team = owner()
    space = await own_kinds(room, team)
    for number in range(120):
        await make(room, config_map(f"c{number}", space.key.name))
    before = len(room.requests)

    (removal,) = await removed(room, space, by=team)

    assert "it still holds at least 3" in removal.message
    assert [verb for verb, _, _ in room.requests[before:]].count("list") < 20
    await objects.delete(room.session, NAMESPACE, namespace="", name=space.key.name)


async def test_a_namespace_that_the_account_may_not_look_into_stays_and_says_the_missing_right(room: Room):
    team = owner()
    space = await own_kinds(room, team)

    (removal,) = await room.deleter.delete_all(
        entries(space), owner=team, impersonate="system:serviceaccount:default:nobody", otherwise=Reason.PRUNE_FAILED
    )

    assert removal.outcome is DeletionOutcome.SKIPPED
    assert "has no right to list configmaps: grant ServiceAccount default/nobody the verb list on configmaps in" in (
        removal.message
    )
    assert await room.is_there(space.key)
    await objects.delete(room.session, NAMESPACE, namespace="", name=space.key.name)


async def test_a_definition_with_resources_of_others_stays(room: Room, namespace: str):
    team, domain = owner(), f"g{uuid4().hex[:8]}.example.com"
    crd, mine, theirs = (
        definition("Widget", domain),
        custom("Widget", domain, "mine", namespace),
        custom("Widget", domain, "theirs", namespace),
    )
    await room.apply(crd, mine, by=team)
    await make(room, theirs)

    await removed(room, mine, by=team)
    (kept,) = await removed(room, crd, by=team)
    await room.delete(theirs.key)
    await room.apply(crd, by=team, adopt="Always")

    assert kept.outcome is DeletionOutcome.SKIPPED
    assert f"Widget.{domain} {namespace}/theirs" in kept.message
    assert f"kubectl delete crd widgets.{domain}" in kept.message
    assert not await room.is_there(mine.key)


async def test_a_definition_without_resources_goes_and_so_do_orphans_of_the_collector(room: Room, namespace: str):
    team, domain = owner(), f"g{uuid4().hex[:8]}.example.com"
    crd, derived = definition("Widget", domain), custom("Widget", domain, "derived", namespace)
    mine = custom("Widget", domain, "mine", namespace)
    await room.apply(crd, mine, by=team)
    gone = {"apiVersion": "v1", "kind": "ConfigMap", "name": "gone", "uid": str(uuid4()), "blockOwnerDeletion": False}
    await make(room, derived, ownerReferences=[gone])
    await removed(room, mine, by=team)

    (removal,) = await removed(room, crd, by=team)

    assert removal.outcome in (DeletionOutcome.DELETED, DeletionOutcome.TERMINATING), removal.message

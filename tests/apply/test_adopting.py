"""What was there before the pattern, on the real API server: adopted, skipped, refused, and released."""

import asyncio
from typing import Any
from uuid import uuid4

import orjson
import pytest
from tests.apply.harness import (
    NAMESPACE,
    Harness,
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
from pattern_operator.apply.delete_result import Deletion, DeletionOutcome
from pattern_operator.kube import ApiUnavailable, objects

OWNER_LABEL, PATTERN, ADOPTED = (f"pattern-operator.io/{name}" for name in ("owner", "pattern", "adopted"))


async def removed(harness: Harness, *desired: Object, by: Owner) -> list[Deletion]:
    return await harness.deleter.delete_all(
        entries(*desired), owner=by, impersonate=None, otherwise=Reason.PRUNE_FAILED
    )


async def marks(harness: Harness, desired: Object) -> tuple[str | None, str | None, str | None]:
    metadata = (await harness.get(desired.key))["metadata"]
    annotations = metadata.get("annotations", {})
    return metadata.get("labels", {}).get(OWNER_LABEL), annotations.get(PATTERN), annotations.get(ADOPTED)


async def make(harness: Harness, desired: Object, **metadata: Any) -> None:
    body = {**desired.body, "metadata": {**desired.body["metadata"], **metadata}}
    await harness.put(Object.of(body), manager="somebody")


async def test_what_was_there_is_adopted_and_stays_so_through_applies_and_restarts(
    harness: Harness, namespace: str, open_room
):
    team, desired = owner(), config_map("c", namespace, a="1")
    await make(harness, desired)

    first = await harness.apply(desired, by=team)
    again = await harness.apply(config_map("c", namespace, a="1", b="2"), by=team)
    async with open_room() as later:
        restarted = await later.apply(config_map("c", namespace, a="1", b="3"), by=team, owned=[desired.key])

    assert first.applied == again.applied == restarted.applied == (desired.key,)
    assert await marks(harness, desired) == (team.id, "team/web", "true")
    assert (await harness.get(desired.key))["data"] == {"a": "1", "b": "3"}


async def test_an_adopted_object_is_left_as_it_is_and_is_nobodys_then(harness: Harness, namespace: str):
    team, desired = owner(), config_map("c", namespace, a="1")
    await make(harness, desired, labels={"theirs": "yes"})
    await harness.apply(config_map("c", namespace, a="1", b="ours"), by=team)

    (removal,) = await removed(harness, desired, by=team)

    assert (removal.outcome, removal.message) == (
        DeletionOutcome.SKIPPED,
        "stays: it existed before the pattern and was adopted",
    )
    found = await harness.get(desired.key)
    assert await marks(harness, desired) == (None, None, None)
    assert found["data"] == {"a": "1", "b": "ours"}
    assert found["metadata"]["labels"] == {"theirs": "yes"}
    assert [entry["manager"] for entry in found["metadata"]["managedFields"]] == ["somebody"]


async def test_what_an_adopted_object_keeps_of_ours_is_free_for_the_next_tool(harness: Harness, namespace: str):
    team, desired = owner(), config_map("c", namespace, a="1")
    await make(harness, desired)
    await harness.apply(config_map("c", namespace, a="1", b="ours"), by=team)
    await removed(harness, desired, by=team)

    body = b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"b":"another"}}'
    resource = await harness.resource(desired.key)
    await objects.apply(
        harness.session, resource, body=body, namespace=namespace, name="c", field_manager="kubectl"
    )  # raises on a conflict

    assert (await harness.get(desired.key))["data"]["b"] == "another"


async def test_an_object_that_was_made_anew_by_the_pattern_is_its_own(harness: Harness, namespace: str):
    team, desired = owner(), config_map("c", namespace)
    await make(harness, desired)
    await harness.apply(desired, by=team)
    await harness.delete(desired.key)
    await harness.eventually(lambda: _gone(harness, desired))

    await harness.apply(desired, by=team)
    (removal,) = await removed(harness, desired, by=team)

    assert removal.outcome is DeletionOutcome.DELETED


async def _gone(harness: Harness, desired: Object) -> bool:
    managed = harness.managed_objects.get(desired.key)
    return managed is None or not managed.present


@pytest.mark.parametrize("conflicts", ["Fail", "Take"])
async def test_never_refuses_what_is_there_and_changes_nothing(harness: Harness, namespace: str, conflicts: str):
    team, there, new = owner(), config_map("c", namespace, a="theirs"), config_map("new", namespace)
    await make(harness, there)

    applied = await harness.apply(
        config_map("c", namespace, a="ours"), new, by=team, adopt="Never", conflicts=conflicts, owned=[there.key]
    )

    (failure,) = applied.failures
    assert (failure.key, failure.reason) == (there.key, Reason.ALREADY_EXISTS)
    assert "spec.apply.adopt: IfUnowned" in failure.message
    assert applied.disowned == {there.key}
    assert applied.applied == (new.key,)
    assert (await harness.get(there.key))["data"] == {"a": "theirs"}
    assert await marks(harness, there) == (None, None, None)


@pytest.mark.parametrize("adopt", ["IfUnowned", "Always"])
async def test_what_helm_manages_is_refused_whatever_the_policy_and_conflicts_say(
    harness: Harness, namespace: str, adopt: str
):
    desired = config_map("c", namespace, a="ours")
    await make(
        harness,
        config_map("c", namespace, a="theirs"),
        labels={"app.kubernetes.io/managed-by": "Helm"},
        annotations={"meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "shop"},
    )

    applied = await harness.apply(desired, by=owner(), adopt=adopt, conflicts="Take")

    assert [failure.reason for failure in applied.failures] == [Reason.MANAGED_BY_ANOTHER_TOOL]
    assert "the Helm release shop/web" in applied.failures[0].message
    assert (await harness.get(desired.key))["data"] == {"a": "theirs"}


async def test_a_manifest_that_itself_carries_the_labels_of_helm_is_applied_again_and_again(
    harness: Harness, namespace: str, open_room
):
    team, desired = owner(), config_map("c", namespace)
    desired.body["metadata"] |= {
        "labels": {"app.kubernetes.io/managed-by": "Helm"},
        "annotations": {"meta.helm.sh/release-name": "web"},
    }

    first = await harness.apply(desired, by=team)
    async with open_room() as later:
        second = await later.apply(desired, by=team)

    assert first.failures == second.failures == ()


async def test_a_manifest_cannot_mark_its_objects_as_adopted(harness: Harness, namespace: str):
    team, desired = owner(), config_map("c", namespace, annotations={ADOPTED: "true"})
    await harness.apply(desired, by=team)

    (removal,) = await removed(harness, desired, by=team)

    assert removal.outcome is DeletionOutcome.DELETED


async def test_a_namespace_that_was_there_is_used_as_it_is(harness: Harness, namespace: str):
    team, space = owner(), namespace_named(namespace)
    space.body["metadata"]["labels"] = {"pod-security.kubernetes.io/enforce": "privileged"}

    applied = await harness.apply(space, config_map("c", namespace), by=team, conflicts="Take")

    assert applied.failures == ()
    ((key, why),) = applied.skipped
    assert key == space.key
    assert "is used as it is" in why
    assert applied.disowned == {space.key}
    labels = (await harness.get(space.key))["metadata"]["labels"]
    assert set(labels) == {"kubernetes.io/metadata.name"}


async def test_a_namespace_is_adopted_by_the_explicit_word_and_left_all_the_same(harness: Harness, namespace: str):
    team, space = owner(), namespace_named(namespace)

    applied = await harness.apply(space, by=team, adopt="Always")
    before = await marks(harness, space)
    (removal,) = await removed(harness, space, by=team)

    assert applied.applied == (space.key,)
    assert before == (team.id, "team/web", "true")
    assert removal.outcome is DeletionOutcome.SKIPPED
    assert await marks(harness, space) == (None, None, None)


async def test_an_object_of_another_living_pattern_is_refused_with_its_name(harness: Harness, namespace: str):
    team, other, desired = owner("web"), owner("other"), config_map("c", namespace)
    harness.living[other.id] = other
    await harness.apply(desired, by=other)

    applied = await harness.apply(desired, by=team, adopt="Always", conflicts="Take", owned=[desired.key])
    await removed(harness, desired, by=team)

    assert [failure.reason for failure in applied.failures] == [Reason.OWNED_BY_ANOTHER_PATTERN]
    assert "is owned by DesignPattern team/other" in applied.failures[0].message
    assert applied.disowned == {desired.key}
    assert harness.managed(desired.key).expected  # by the other: who was refused does not make it forgotten
    assert harness.managed(desired.key).owner == other.id


async def test_two_patterns_that_find_nothing_at_the_same_moment_do_not_both_have_it(harness: Harness, namespace: str):
    teams = [owner(f"p{number}") for number in range(4)]
    harness.living |= {each.id: each for each in teams}
    desired = config_map("c", namespace)
    await harness.apply(config_map("first", namespace), by=owner())  # the kind is followed from here on
    original = harness.session.request

    async def slow(method: str, path: str, **more: Any) -> bytes:
        try:
            return await original(method, path, **more)
        finally:
            if method == "GET" and path.endswith("/configmaps/c"):
                await asyncio.sleep(0.3)  # time enough for every other look to find nothing, too

    harness.replace_request(slow)
    results = await asyncio.gather(*(harness.apply(desired, by=each) for each in teams))

    winners = [team for team, applied in zip(teams, results, strict=True) if applied.applied]
    assert len(winners) == 1
    assert (await marks(harness, desired))[0] == winners[0].id
    assert [f.reason for applied in results for f in applied.failures] == [Reason.OWNED_BY_ANOTHER_PATTERN] * 3


async def test_a_recreated_pattern_takes_over_what_its_predecessor_left(harness: Harness, namespace: str, open_room):
    dead, born, desired = owner(), owner(), config_map("c", namespace, a="1")
    await harness.apply(desired, by=dead)
    await harness.patch(desired.key, {"data": {"a": "theirs"}})

    async with open_room() as later:
        applied = await later.apply(desired, by=born, adopt="Never")
        (removal,) = await removed(later, desired, by=born)

    assert applied.applied == (desired.key,)
    assert removal.outcome is DeletionOutcome.DELETED


async def test_a_label_that_somebody_took_off_is_put_back(harness: Harness, namespace: str, open_room):
    team, desired = owner(), config_map("c", namespace)
    await harness.apply(desired, by=team)
    await harness.patch(desired.key, {"metadata": {"labels": {OWNER_LABEL: None}}})
    await harness.eventually(lambda: _gone(harness, desired))

    await harness.apply(desired, by=team, adopt="Never")
    same_life = await marks(harness, desired)
    await harness.patch(desired.key, {"metadata": {"labels": {OWNER_LABEL: None}}})
    async with open_room() as later:
        await later.apply(desired, by=team, adopt="Never", owned=[desired.key])

    assert same_life == await marks(harness, desired) == (team.id, "team/web", None)


async def test_what_an_account_may_not_look_at_is_not_the_patterns(harness: Harness, namespace: str):
    account = f"system:serviceaccount:{namespace}:nobody"
    desired = config_map("c", namespace)
    await harness.apply(config_map("first", namespace), by=owner())

    applied = await harness.apply(desired, by=owner(), impersonate=account, owned=[desired.key])

    assert [failure.reason for failure in applied.failures] == [Reason.FORBIDDEN]
    assert applied.disowned == {desired.key}


async def test_what_may_have_been_made_is_kept_where_the_answer_is_lost(harness: Harness, namespace: str):
    desired = config_map("c", namespace)
    await harness.apply(config_map("first", namespace), by=owner())
    original = harness.session.request

    async def lost(method: str, path: str, **more: Any) -> bytes:
        answer = await original(method, path, **more)
        if method == "PATCH":
            raise ApiUnavailable.unreachable("https://away.example", error=OSError("reset"))
        return answer

    harness.replace_request(lost)
    applied = await harness.apply(desired, by=owner())

    assert [failure.reason for failure in applied.failures] == [Reason.API_SERVER_UNAVAILABLE]
    assert applied.disowned == frozenset()


async def test_what_somebody_makes_between_the_look_and_the_apply_is_still_theirs(harness: Harness, namespace: str):
    team, desired = owner(), config_map("c", namespace, a="same", b="ours")
    await harness.apply(config_map("first", namespace), by=team)
    await _meanwhile(harness, lambda: make(harness, config_map("c", namespace, a="same")))

    applied = await harness.apply(desired, by=team, adopt="Never")

    assert [failure.reason for failure in applied.failures] == [Reason.ALREADY_EXISTS]
    assert (await harness.get(desired.key))["data"] == {"a": "same"}
    assert await marks(harness, desired) == (None, None, None)


async def test_what_takes_the_place_of_an_adopted_object_is_looked_at_again(harness: Harness, namespace: str):
    team, desired = owner(), config_map("c", namespace, a="1")
    await make(harness, desired)

    async def replace() -> None:
        await harness.delete(desired.key)
        await make(harness, desired, annotations={"pattern-operator.io/reconcile": "disabled"})

    await harness.apply(config_map("first", namespace), by=team)
    await _meanwhile(harness, replace)
    applied = await harness.apply(desired, by=team)

    assert [key for key, _ in applied.skipped] == [desired.key]
    assert await marks(harness, desired) == (None, None, None)


async def test_what_is_deleted_between_the_look_and_the_apply_is_made(harness: Harness, namespace: str):
    team, desired = owner(), config_map("c", namespace, a="1")
    await make(harness, desired)
    await harness.apply(config_map("first", namespace), by=team)
    await _meanwhile(harness, lambda: harness.delete(desired.key))

    applied = await harness.apply(desired, by=team)

    assert applied.applied == (desired.key,)
    assert await marks(harness, desired) == (team.id, "team/web", None)


async def test_our_label_that_could_not_be_taken_off_at_once_makes_nothing_ours(harness: Harness, namespace: str):
    """The object of somebody who was faster kept our label, and would have been deleted with the pattern.

    The API server is one that takes any resourceVersion.
    """
    team, desired = owner(), config_map("c", namespace, a="same", b="ours")
    await harness.apply(config_map("first", namespace), by=team)
    request = harness.session.request

    async def failing(method: str, path: str, **more: Any) -> Any:
        if method == "PATCH" and b"uid" in more["body"] and b"labels" not in more["body"]:  # what is taken back
            harness.replace_request(request)
            raise ApiUnavailable.unreachable("https://away.example", error=OSError("reset"))
        if method == "PATCH":
            body = orjson.loads(more["body"])
            body["metadata"].pop("resourceVersion", None)
            more["body"] = orjson.dumps(body)
        return await request(method, path, **more)

    harness.replace_request(failing)
    await _meanwhile(harness, lambda: make(harness, config_map("c", namespace, a="same")))
    failed = await harness.apply(desired, by=team, adopt="Never", owned=[desired.key])
    labelled = await marks(harness, desired)
    again = await harness.apply(desired, by=team, adopt="Never")

    assert labelled == (team.id, "team/web", None)
    assert [each.reason for each in failed.failures] == [Reason.API_SERVER_UNAVAILABLE]
    assert failed.disowned == {desired.key}
    assert [each.reason for each in again.failures] == [Reason.ALREADY_EXISTS]
    assert again.disowned == {desired.key}
    assert await marks(harness, desired) == (None, None, None)


async def _meanwhile(harness: Harness, act: Any) -> None:
    """Let ``act`` happen once, right before the next apply is sent."""
    original = harness.session.request

    async def interrupted(method: str, path: str, **more: Any) -> bytes:
        if method == "PATCH":
            harness.replace_request(original)
            await act()
        return await original(method, path, **more)

    harness.replace_request(interrupted)


# --- what others have in it -------------------------------------------------------------------------------------------


async def brought(harness: Harness, team: Owner) -> Object:
    """A namespace that the pattern made."""
    space = namespace_named(f"brought-{uuid4().hex[:8]}")
    await harness.apply(space, by=team)
    return space


async def test_a_namespace_of_ours_that_is_empty_goes(harness: Harness):
    team = owner()
    space = await brought(harness, team)
    web = deployment("web", space.key.name)
    await harness.apply(web, config_map("c", space.key.name), by=team)
    await harness.eventually(lambda: _has_pods(harness, space.key.name))

    await removed(harness, web, config_map("c", space.key.name), by=team)
    (removal,) = await removed(harness, space, by=team)

    assert removal.outcome in (DeletionOutcome.DELETED, DeletionOutcome.TERMINATING), removal.message


async def _has_pods(harness: Harness, namespace: str) -> bool:
    path = f"/api/v1/namespaces/{namespace}/pods"
    return b'"uid"' in await harness.session.request("GET", path)


@pytest.mark.parametrize(
    "kind", ["of nobody", "of another pattern", "pattern-operator.io/prune: disabled", "helm.sh/resource-policy: keep"]
)
async def test_a_namespace_that_holds_what_would_be_missed_stays_and_says_what(harness: Harness, kind: str):
    team = owner()
    space = await brought(harness, team)
    held = config_map("precious", space.key.name)
    if kind == "of nobody":
        await make(harness, held)
    elif kind == "of another pattern":
        await harness.apply(held, by=owner("another"))
    else:
        name, _, value = kind.partition(": ")
        await harness.apply(config_map("precious", space.key.name, annotations={name: value}), by=team)

    (removal,) = await removed(harness, space, by=team)

    assert removal.outcome is DeletionOutcome.SKIPPED
    assert "it still contains 1 that would be deleted with it: ConfigMap" in removal.message
    assert f"kubectl delete namespace {space.key.name}" in removal.message
    assert await harness.is_there(held.key)
    assert await marks(harness, space) == (None, None, None)
    await objects.delete(harness.session, NAMESPACE, namespace="", name=space.key.name)


async def test_a_look_into_a_full_namespace_ends_early(harness: Harness):
    team = owner()
    space = await brought(harness, team)
    for number in range(120):
        await make(harness, config_map(f"c{number}", space.key.name))
    before = len(harness.requests)

    (removal,) = await removed(harness, space, by=team)

    assert "it still contains at least 3" in removal.message
    assert [verb for verb, _, _ in harness.requests[before:]].count("list") < 20
    await objects.delete(harness.session, NAMESPACE, namespace="", name=space.key.name)


async def test_a_namespace_that_the_account_may_not_look_into_stays_and_says_the_missing_right(harness: Harness):
    team = owner()
    space = await brought(harness, team)

    (removal,) = await harness.deleter.delete_all(
        entries(space), owner=team, impersonate="system:serviceaccount:default:nobody", otherwise=Reason.PRUNE_FAILED
    )

    assert removal.outcome is DeletionOutcome.SKIPPED
    assert "has no right to list configmaps: grant ServiceAccount default/nobody the verb list on configmaps in" in (
        removal.message
    )
    assert await harness.is_there(space.key)
    await objects.delete(harness.session, NAMESPACE, namespace="", name=space.key.name)


async def test_a_definition_with_resources_of_others_stays(harness: Harness, namespace: str):
    team, domain = owner(), f"g{uuid4().hex[:8]}.example.com"
    crd, mine, theirs = (
        definition("Widget", domain),
        custom("Widget", domain, "mine", namespace),
        custom("Widget", domain, "theirs", namespace),
    )
    await harness.apply(crd, mine, by=team)
    await make(harness, theirs)

    await removed(harness, mine, by=team)
    (kept,) = await removed(harness, crd, by=team)
    await harness.delete(theirs.key)
    await harness.apply(crd, by=team, adopt="Always")

    assert kept.outcome is DeletionOutcome.SKIPPED
    assert f"Widget.{domain} {namespace}/theirs" in kept.message
    assert f"kubectl delete crd widgets.{domain}" in kept.message
    assert not await harness.is_there(mine.key)


async def test_a_definition_without_resources_goes_and_so_do_orphans_of_the_collector(harness: Harness, namespace: str):
    team, domain = owner(), f"g{uuid4().hex[:8]}.example.com"
    crd, derived = definition("Widget", domain), custom("Widget", domain, "derived", namespace)
    mine = custom("Widget", domain, "mine", namespace)
    await harness.apply(crd, mine, by=team)
    gone = {"apiVersion": "v1", "kind": "ConfigMap", "name": "gone", "uid": str(uuid4()), "blockOwnerDeletion": False}
    await make(harness, derived, ownerReferences=[gone])
    await removed(harness, mine, by=team)

    (removal,) = await removed(harness, crd, by=team)

    assert removal.outcome in (DeletionOutcome.DELETED, DeletionOutcome.TERMINATING), removal.message

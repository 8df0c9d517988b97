"""One object out of the cluster, or left there, and what is said of it."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from tests.apply.harness import Harness, config_map, custom, definition, entries, owner

from pattern_operator.api.names import OWNER_LABEL
from pattern_operator.api.object import Object
from pattern_operator.api.reason import Reason
from pattern_operator.apply import Deleter, NotificationKind, Owner
from pattern_operator.apply.delete_result import Deletion, DeletionOutcome
from pattern_operator.apply.request_lanes import CONCURRENCY
from pattern_operator.kube import ApiError, ApiUnavailable, KindNotFound, Resource


async def removed(harness: Harness, *desired: Object, by: Owner, impersonate: str | None = None) -> list[Deletion]:
    return await harness.deleter.delete_all(
        entries(*desired), owner=by, impersonate=impersonate, otherwise=Reason.PRUNE_FAILED
    )


async def test_what_is_gone_is_expected_no_longer(harness: Harness, namespace: str):
    team, desired = owner(), config_map("c", namespace)
    await harness.apply(desired, by=team)

    (removal,) = await removed(harness, desired, by=team)

    assert (removal.outcome, removal.message, removal.failure) == (DeletionOutcome.DELETED, "", None)
    await harness.until(lambda: harness.managed_objects.get(desired.key) is None)
    assert not await harness.is_there(desired.key)


async def test_a_kind_that_discovery_does_not_show_yet_is_not_gone(harness: Harness, namespace: str, monkeypatch):
    team, desired = owner(), config_map("c", namespace)
    await harness.apply(desired, by=team)

    async def not_yet(*, group: str, kind: str, version: str | None = None) -> Resource:
        raise KindNotFound(group=group, kind=kind, version=version)

    with monkeypatch.context() as patched:
        patched.setattr(harness.discovery, "find", not_yet)
        (removal,) = await removed(harness, desired, by=team)

    assert removal.outcome is DeletionOutcome.DELETED
    assert not await harness.is_there(desired.key)


async def test_what_is_held_by_others_is_going_and_said_by_whom(harness: Harness, namespace: str):
    team, desired = owner(), config_map("c", namespace)
    desired.body["metadata"]["finalizers"] = ["example.com/one", "example.com/two"]
    await harness.apply(desired, by=team)

    (first,) = await removed(harness, desired, by=team)
    await harness.told(NotificationKind.HEALTH, desired.key, of=team)
    before = len(harness.requests)
    (again,) = await removed(harness, desired, by=team)
    await harness.patch(desired.key, {"metadata": {"finalizers": None}})

    assert (first.outcome, first.watched) == (DeletionOutcome.TERMINATING, True)
    assert str(first) == (
        f"ConfigMap {namespace}/c: is being deleted, held by the finalizers example.com/one, example.com/two"
    )
    assert str(again) == str(first)
    assert [verb for verb, _, _ in harness.requests[before:]] == ["patch"]  # ours: nothing was deleted twice


async def test_an_object_that_changed_hands_unseen_is_read_and_left(harness: Harness, namespace: str, monkeypatch):
    team, desired = owner(), config_map("c", namespace)
    await harness.apply(desired, by=team)
    monkeypatch.setattr(harness.managed_objects, "is_watched", lambda key: False)  # nobody tells what happens to it
    await harness.patch(
        desired.key,
        {
            "metadata": {
                "labels": {OWNER_LABEL: owner().id},
                "annotations": {"pattern-operator.io/pattern": "other/pattern"},
            }
        },
    )

    (removal,) = await removed(harness, desired, by=team)

    assert removal.outcome is DeletionOutcome.SKIPPED
    assert removal.message == "is kept: it belongs to DesignPattern other/pattern now"
    assert await harness.is_there(desired.key)


async def test_a_failure_is_said_in_the_servers_words_and_the_object_stays_expected(harness: Harness, namespace: str):
    team, desired = owner(), config_map("c", namespace)
    await harness.apply(desired, by=team)

    (removal,) = await removed(harness, desired, by=team, impersonate=f"system:serviceaccount:{namespace}:nobody")

    assert removal.outcome is DeletionOutcome.FAILED
    assert removal.failure is not None
    assert removal.failure.reason is Reason.FORBIDDEN
    assert "cannot delete resource" in removal.message
    assert harness.managed(desired.key).expected


async def test_an_account_that_may_not_read_does_not_hide_that_its_object_is_gone(harness: Harness, namespace: str):
    nobody = f"system:serviceaccount:{namespace}:nobody"
    team, watched, gone = owner(), config_map("c", namespace), config_map("gone", namespace)
    await harness.apply(watched, by=team)

    (removal,) = await removed(harness, gone, by=team, impersonate=nobody)

    assert removal.outcome is DeletionOutcome.DELETED


async def test_what_somebody_labelled_elsewhere_does_not_hide_it_either(harness: Harness, namespace: str, monkeypatch):
    """It did: a namespace whose roles went before its objects hung on its DesignPattern forever."""
    nobody = f"system:serviceaccount:{namespace}:nobody"
    team, watched, gone = owner(), config_map("c", namespace), config_map("gone", namespace)
    monkeypatch.setattr(harness.managed_objects._events, "_listed", lambda key: key.name != "alien")
    await harness.apply(watched, by=team)
    told = harness.next_event()
    metadata = {"name": "alien", "namespace": namespace, "labels": {OWNER_LABEL: "of-nobody"}}
    await harness.put(Object.of({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}), manager="somebody")
    await harness.delete(watched.key)
    await harness.until(told)  # the watch tells in order

    (removal,) = await removed(harness, gone, by=team, impersonate=nobody)
    (alien,) = await removed(harness, config_map("alien", namespace), by=team, impersonate=nobody)

    assert removal.outcome is DeletionOutcome.DELETED
    assert alien.outcome is DeletionOutcome.FAILED


async def test_what_no_watch_sees_and_the_account_may_not_read_is_left_and_read_by_nobody_else(
    harness: Harness, namespace: str, monkeypatch
):
    nobody = f"system:serviceaccount:{namespace}:nobody"
    team, desired = owner(), config_map("c", namespace)
    await harness.apply(desired, by=team)
    monkeypatch.setattr(harness.managed_objects, "is_watched", lambda key: False)
    before = len(harness.requests)

    (removal,) = await removed(harness, desired, by=team, impersonate=nobody)

    assert removal.outcome is DeletionOutcome.FAILED
    assert removal.failure is not None
    assert removal.failure.reason is Reason.FORBIDDEN
    assert "cannot get resource" in removal.message
    assert [(verb, code) for verb, _, code in harness.requests[before:]] == [("get", 403)]


async def away(harness: Harness, error: ApiError) -> list[str]:
    """Let every request fail from now on; who asked is written down."""
    tries: list[str] = []

    async def refuse(method: str, path: str, **_: object) -> bytes:
        tries.append(f"{method} {path}")
        await asyncio.sleep(0)
        raise error

    harness.replace_request(refuse)
    return tries


async def test_a_server_that_is_away_is_not_asked_for_each_object(harness: Harness, namespace: str):
    team, desired = owner(), [config_map(f"c{n}", namespace) for n in range(200)]
    await harness.apply(config_map("c0", namespace), by=team)
    unreachable = ApiUnavailable.unreachable("https://away.example", error=OSError("refused"))
    tries = await away(harness, unreachable)

    removals = await removed(harness, *desired, by=team)

    assert len(tries) <= CONCURRENCY
    assert {removal.outcome for removal in removals} == {DeletionOutcome.FAILED}
    assert {removal.failure and removal.failure.reason for removal in removals} == {Reason.API_SERVER_UNAVAILABLE}


async def test_a_server_that_asks_to_slow_down_is_left_alone(harness: Harness, namespace: str):
    team, desired = owner(), [config_map(f"c{n}", namespace) for n in range(200)]
    await harness.apply(config_map("c0", namespace), by=team)
    tries = await away(harness, ApiUnavailable(code=429, reason="TooManyRequests", message="slow down"))

    removals = await removed(harness, *desired, by=team)

    assert len(tries) <= CONCURRENCY
    assert len(removals) == 200


async def test_another_refusal_stops_nobody_else(harness: Harness, namespace: str):
    team, desired = owner(), [config_map(f"c{n}", namespace) for n in range(50)]
    await harness.apply(config_map("c0", namespace), by=team)
    tries = await away(harness, ApiUnavailable(code=500, reason="InternalError", message="a webhook failed"))

    removals = await removed(harness, *desired, by=team)

    assert len(tries) == 50
    assert {removal.failure and removal.failure.reason for removal in removals} == {Reason.PRUNE_FAILED}


async def test_never_more_requests_at_once_than_allowed(harness: Harness, namespace: str):
    team, running, most = owner(), 0, 0
    desired = [config_map(f"c{n}", namespace) for n in range(12)]
    await harness.apply(*desired, by=team)
    original = harness.session.request

    async def counting(method: str, path: str, **more: Any) -> bytes:
        nonlocal running, most
        running += method == "DELETE"
        most = max(most, running)
        try:
            return await original(method, path, **more)
        finally:
            running -= method == "DELETE"

    harness.replace_request(counting)
    deleter = Deleter(harness.session, harness.discovery, managed_objects=harness.managed_objects, concurrency=3)

    removals = await deleter.delete_all(
        entries(*desired), owner=team, impersonate=None, otherwise=Reason.DELETION_FAILED
    )

    assert {removal.outcome for removal in removals} == {DeletionOutcome.DELETED}
    assert most == 2  # one pattern alone holds two thirds, so that another finds a request left


async def test_a_kind_that_is_not_shown_is_not_gone_while_it_is_defined(harness: Harness, namespace: str, monkeypatch):
    team, (crd, desired) = owner(), widget(namespace)
    await harness.apply(crd, desired, by=team)

    with monkeypatch.context() as patched:
        starting(harness, patched)
        (removal,) = await removed(harness, desired, by=team)
    there = await harness.is_there(desired.key)
    (then,) = await removed(harness, desired, by=team)

    assert (removal.outcome, there, then.outcome) == (DeletionOutcome.FAILED, True, DeletionOutcome.DELETED)
    assert "does not serve Widget." in removal.message
    await removed(harness, crd, by=team)


async def test_a_kind_whose_definition_is_gone_went_with_all_its_objects(harness: Harness, namespace: str, monkeypatch):
    team, (_, desired) = owner(), widget(namespace)

    with monkeypatch.context() as patched:
        starting(harness, patched)
        (removal,) = await removed(harness, desired, by=team)

    assert removal.outcome is DeletionOutcome.DELETED


async def test_an_object_whose_path_is_not_served_for_a_moment_is_not_gone(
    harness: Harness, namespace: str, monkeypatch
):
    team, desired = owner(), config_map("c", namespace)
    await harness.apply(desired, by=team)
    nowhere = Resource("", "v1", "ConfigMap", "configmapz", namespaced=True)

    async def elsewhere(*, group: str, kind: str, version: str | None = None) -> Resource:
        return nowhere

    with monkeypatch.context() as patched:
        patched.setattr(harness.discovery, "find", elsewhere)
        patched.setattr(harness.managed_objects, "get", lambda _: None)  # no watch knows it
        (removal,) = await removed(harness, desired, by=team)

    assert removal.outcome is DeletionOutcome.FAILED
    assert await harness.is_there(desired.key)


def widget(namespace: str) -> tuple[Object, Object]:
    """A definition of a group of its own, and an object of its kind."""
    group = f"g{uuid4().hex[:8]}.example"
    return definition("Widget", group), custom("Widget", group, "w", namespace)


def starting(harness: Harness, patched: pytest.MonkeyPatch) -> None:
    """Let the API server show no kind, as one that starts does, and let no watch know of any."""

    async def nothing(*, group: str, kind: str, version: str | None = None) -> Resource:
        raise KindNotFound(group=group, kind=kind, version=version)

    patched.setattr(harness.discovery, "find", nothing)
    patched.setattr(harness.discovery, "_groups", frozenset({"", "apps"}))
    patched.setattr(harness.managed_objects, "resource_of", lambda _: None)

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from tests.apply import harness as harness_module
from tests.apply.harness import Harness, config_map, custom, definition, deployment, namespace_named, owner

from pattern_operator.api.names import OWNER_LABEL
from pattern_operator.api.object import Object
from pattern_operator.apply import ApplyResult, HealthState, NotificationKind, drift_backoff, health_of
from pattern_operator.kube import ApiError, ApiUnavailable, objects

GONE, DRIFTED, HEALTH = NotificationKind.GONE, NotificationKind.DRIFTED, NotificationKind.HEALTH


@dataclass(frozen=True)
class Case:
    """What somebody else does to an object, and whether it takes a field of ours."""

    make: Callable[[str, str], Object]
    change: dict[str, Any]
    drift: bool
    subresource: str = ""


def two(name: str, namespace: str) -> Object:
    return config_map(name, namespace, a="1", b="2")


def main(**fields: Any) -> dict[str, Any]:
    """A change of the container, whole, as a merge patch asks for."""
    container = {"name": "main", "image": "registry.example/main:1", "env": [{"name": "LEVEL", "value": "info"}]}
    return {"spec": {"template": {"spec": {"containers": [container | fields]}}}}


CASES = {
    "a value changed": Case(two, {"data": {"a": "9"}}, drift=True),
    "a value removed": Case(two, {"data": {"a": None}}, drift=True),
    "all values removed": Case(two, {"data": None}, drift=True),
    "a value added beside ours": Case(two, {"data": {"z": "9"}}, drift=False),
    "a label of ours changed": Case(deployment, {"metadata": {"labels": {"tier": "back"}}}, drift=True),
    "a label of ours removed": Case(deployment, {"metadata": {"labels": {"tier": None}}}, drift=True),
    "another label": Case(deployment, {"metadata": {"labels": {"other": "x"}}}, drift=False),
    "another annotation": Case(deployment, {"metadata": {"annotations": {"other": "x"}}}, drift=False),
    "the image changed": Case(deployment, main(image="registry.example/main:2"), drift=True),
    "a variable of ours changed": Case(deployment, main(env=[{"name": "LEVEL", "value": "debug"}]), drift=True),
    "a variable of ours removed": Case(deployment, main(env=[]), drift=True),
    "a field of the container that we do not set": Case(deployment, main(workingDir="/tmp"), drift=False),  # noqa: S108 - a field, and no file
    "replicas changed": Case(deployment, {"spec": {"replicas": 3}}, drift=True),
    "replicas scaled": Case(deployment, {"spec": {"replicas": 3}}, drift=True, subresource="scale"),
    "a field that we do not set": Case(deployment, {"spec": {"minReadySeconds": 1}}, drift=False),
    "status": Case(deployment, {"status": {"collisionCount": 1}}, drift=False, subresource="status"),
    "our managed fields wiped": Case(two, {"metadata": {"managedFields": [{}]}}, drift=True),
    "the same value set": Case(two, {"data": {"a": "1"}}, drift=False),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
async def test_drift_is_what_takes_a_field_of_ours_and_applying_again_ends_it(
    harness: Harness, namespace: str, case: Case
):
    team, desired = owner(), case.make("it", namespace)
    await harness.apply(desired, by=team)

    changed = await harness.patch(desired.key, case.change, subresource=case.subresource)
    if case.subresource == "scale":  # its answer is a Scale
        changed = await harness.get(desired.key)
    await harness.caught_up(changed, desired.key)
    drifted = harness.managed_objects.drifted(team.id)
    await harness.apply(desired, by=team)

    assert drifted == ((desired.key,) if case.drift else ())
    assert (DRIFTED in harness.kinds_told(team)) is case.drift
    assert harness.managed_objects.drifted(team.id) == ()


async def test_a_forced_apply_by_another_manager_is_drift(harness: Harness, namespace: str):
    team, desired = owner(), two("it", namespace)
    await harness.apply(desired, by=team)

    await harness.put(config_map("it", namespace, a="9"), manager="kubectl")

    await harness.told(DRIFTED, desired.key, of=team)
    assert harness.managed(desired.key).changed_by == "kubectl"


async def test_a_manager_who_shares_a_value_with_us_is_not_drift(harness: Harness, namespace: str):
    team, desired = owner(), two("it", namespace)
    await harness.apply(desired, by=team)

    shared = await harness.put(config_map("it", namespace, a="1"), manager="kubectl")

    await harness.caught_up(shared, desired.key)
    assert harness.managed_objects.drifted(team.id) == ()


async def test_drift_of_a_custom_object_is_seen(harness: Harness, namespace: str):
    team, domain = owner(), f"g{uuid4().hex[:8]}.example.com"
    desired = custom("Widget", domain, "w", namespace)
    await harness.apply(definition("Widget", domain), desired, by=team)

    await harness.patch(desired.key, {"spec": {"size": 2}})

    await harness.told(DRIFTED, desired.key, of=team)
    assert harness.managed_objects.drifted(team.id) == (desired.key,)


async def test_a_deleted_object_is_gone_until_it_is_applied_again(harness: Harness, namespace: str):
    team, desired = owner(), two("it", namespace)
    await harness.apply(desired, by=team)

    await harness.delete(desired.key)

    await harness.told(GONE, desired.key, of=team)
    assert harness.managed_objects.drifted(team.id) == (desired.key,)
    assert harness.managed_objects.health(team.id).state is HealthState.NOT_FOUND
    assert harness.managed_objects.health(team.id).message == f"ConfigMap {namespace}/it: is gone"
    await harness.apply(desired, by=team)
    assert harness.managed_objects.drifted(team.id) == ()
    assert harness.managed_objects.health(team.id).state is HealthState.CURRENT


async def test_an_object_without_our_label_is_gone_and_taken_back(harness: Harness, namespace: str):
    team, desired = owner(), two("it", namespace)
    await harness.apply(desired, by=team)

    await harness.patch(desired.key, {"metadata": {"labels": {OWNER_LABEL: None}}, "data": {"a": "9"}})

    await harness.told(GONE, desired.key, of=team)
    applied = await harness.apply(desired, by=team)
    assert applied.failures == ()
    body = await harness.get(desired.key)
    assert (body["metadata"]["labels"][OWNER_LABEL], body["data"]["a"]) == (team.id, "1")


async def test_an_object_that_is_not_to_be_reconciled_does_not_drift_until_it_is_again(
    harness: Harness, namespace: str
):
    team, desired = owner(), two("it", namespace)
    await harness.apply(desired, by=team)
    paused = {"annotations": {"pattern-operator.io/reconcile": "disabled"}}

    changed = await harness.patch(desired.key, {"metadata": paused, "data": {"a": "9"}})
    await harness.caught_up(changed, desired.key)
    before = (harness.managed_objects.drifted(team.id), harness.kinds_told(team))
    await harness.patch(desired.key, {"metadata": {"annotations": {"pattern-operator.io/reconcile": None}}})

    await harness.told(DRIFTED, desired.key, of=team)
    assert before == ((), [HEALTH])  # status says that it is skipped


async def test_health_follows_a_deployment_to_its_end(harness: Harness, namespace: str):
    team, desired = owner(), deployment("it", namespace)

    answers: dict[str, dict[str, Any]] = {}
    await harness.apply(
        desired,
        config_map("c", namespace),
        by=team,
        on_applied=lambda each, body: answers.update({each.key.kind: body}),
    )
    at_first = health_of(answers["Deployment"], now=harness_module.now())  # the watch may be ahead by now
    await harness.until(lambda: harness.managed_objects.health(team.id).state is HealthState.CURRENT)

    assert at_first.state is HealthState.IN_PROGRESS
    assert at_first.message.startswith(f"Deployment {namespace}/it: ")
    assert harness.managed_objects.health(team.id).message == "2 objects are healthy"
    assert HEALTH in harness.kinds_told(team)
    assert harness.managed_objects.drifted(team.id) == ()  # all that controllers wrote is status


async def test_the_worst_health_comes_first_and_others_are_not_asked(harness: Harness, namespace: str):
    team = owner()
    pod = Object.of(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "never", "namespace": namespace},
            "spec": {"containers": [{"name": "main", "image": "x"}], "nodeSelector": {"no": "node"}},
        }
    )
    gone = two("gone", namespace)
    await harness.apply(pod, gone, two("well", namespace), by=team)
    await harness.eventually(lambda: _has_default_account(harness, namespace))
    await harness.apply(pod, by=team)
    await harness.delete(gone.key)
    await harness.told(GONE, gone.key, of=team)

    health = harness.managed_objects.health(team.id)

    assert health.state is HealthState.NOT_FOUND
    assert health.message.startswith(f"ConfigMap {namespace}/gone: is gone; Pod {namespace}/never: ")
    assert harness.managed_objects.health(team.id, keys=[two("well", namespace).key]).state is HealthState.CURRENT
    assert harness.managed_objects.health(owner().id).state is HealthState.CURRENT


async def _has_default_account(harness: Harness, namespace: str) -> bool:
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": namespace}}
    return await harness.is_there(Object.of(account).key)


async def test_a_judgement_that_time_changes_is_made_again_without_an_event(
    harness: Harness, namespace: str, monkeypatch: pytest.MonkeyPatch
):
    team = owner()
    await harness.eventually(lambda: _has_default_account(harness, namespace))
    pod = Object.of(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "never", "namespace": namespace},
            "spec": {"containers": [{"name": "main", "image": "x"}], "nodeSelector": {"no": "node"}},
        }
    )
    # A clock that is 14 s ahead stands for the wait: a pod that finds no node within 15 s has failed.
    for part in (harness.managed_objects, harness.managed_objects._events):
        monkeypatch.setattr(part, "_now", lambda: harness_module.now(ahead=timedelta(seconds=14)))

    await harness.apply(pod, by=team)

    await harness.until(lambda: harness.managed_objects.health(team.id).state is HealthState.FAILED)


async def test_a_fresh_operator_compares_with_nothing_and_learns_by_applying(
    harness: Harness, namespace: str, open_room
):
    team, desired = owner(), two("it", namespace)
    await harness.apply(desired, by=team)
    await harness.patch(desired.key, {"data": {"a": "9"}})

    async with open_room() as later:
        await later.managed_objects.ready(await later.resource(desired.key))
        known, drifted = later.managed_objects.get(desired.key), later.managed_objects.drifted(team.id)
        await later.apply(desired, by=team)
        after = await later.patch(desired.key, {"data": {"a": "8"}})
        await later.caught_up(after, desired.key)

        assert known is not None
        assert drifted == ()
        assert later.managed_objects.drifted(team.id) == (desired.key,)


async def test_the_echo_of_our_own_apply_is_not_drift(harness: Harness, namespace: str):
    team = owner()

    for value in "abcdefgh":
        await harness.apply(config_map("it", namespace, data={value: value}), by=team)
    last = await harness.get(config_map("it", namespace).key)
    await harness.caught_up(last, config_map("it", namespace).key)

    assert harness.kinds_told(team) == []


async def test_a_change_that_overtakes_the_answer_to_our_apply_is_drift(harness: Harness, namespace: str):
    team, desired = owner(), two("it", namespace)
    await harness.apply(desired, by=team)
    answer = await overtaken(harness, lambda: harness.apply(config_map("it", namespace, a="new"), by=team))
    changed = await harness.patch(desired.key, {"data": {"a": "theirs"}})
    await harness.caught_up(changed, desired.key)

    answer()

    assert harness.managed_objects.drifted(team.id) == (desired.key,)
    assert harness.kinds_told(team)[-1] is DRIFTED


async def test_a_deletion_that_overtakes_the_answer_to_our_apply_is_not_lost(harness: Harness, namespace: str):
    team, desired = owner(), two("it", namespace)
    await harness.apply(desired, by=team)
    answer = await overtaken(harness, lambda: harness.apply(config_map("it", namespace, a="new"), by=team))
    await harness.delete(desired.key)
    await harness.told(GONE, desired.key, of=team)

    answer()

    assert harness.managed_objects.drifted(team.id) == (desired.key,)
    assert harness.managed_objects.health(team.id).state is HealthState.NOT_FOUND


async def test_a_deletion_that_overtakes_the_answer_to_our_first_apply_is_not_lost(harness: Harness, namespace: str):
    team, desired = owner(), two("it", namespace)
    await harness.managed_objects.ready(await harness.resource(desired.key))
    _let_a_deletion_overtake(harness, desired)

    applied = await harness.apply(desired, by=team)

    assert applied.applied == (desired.key,)
    assert harness.managed_objects.drifted(team.id) == (desired.key,)
    assert harness.managed_objects.health(team.id).state is HealthState.NOT_FOUND


def _let_a_deletion_overtake(harness: Harness, desired: Object, *, answer: ApiError | None = None) -> None:
    """Hold the answer to the next apply back until the object was made, observed, deleted, and observed to be gone.

    ``answer`` is raised then in place of what the server said.
    """
    original = harness.session.request

    async def slow(method: str, path: str, **more: Any) -> bytes:
        said = await original(method, path, **more)
        if method != "PATCH":
            return said
        await harness.eventually(_truth(lambda: _is_present(harness, desired)))
        harness.replace_request(original)
        await harness.delete(desired.key)
        await harness.eventually(_truth(lambda: not _is_present(harness, desired)))
        if answer is not None:
            raise answer
        return said

    harness.replace_request(slow)


def _is_present(harness: Harness, desired: Object) -> bool:
    managed = harness.managed_objects.get(desired.key)
    return managed is not None and managed.present


async def test_an_apply_that_fails_leaves_no_trace_of_what_went_meanwhile(harness: Harness, namespace: str):
    team, desired = owner(), two("it", namespace)
    await harness.managed_objects.ready(await harness.resource(desired.key))
    lost = ApiUnavailable(code=504, reason="Timeout", message="the answer was lost")
    _let_a_deletion_overtake(harness, desired, answer=lost)

    applied = await harness.apply(desired, by=team)

    assert len(applied.failures) == 1
    assert harness.managed_objects.get(desired.key) is None
    assert harness.managed_objects.drifted(team.id) == ()


async def overtaken(harness: Harness, apply: Callable[[], Awaitable[ApplyResult]]) -> Callable[[], None]:
    """Apply, and hold back the one answer: calling what is returned hands it on."""
    record = harness.managed_objects.record
    answers: list[tuple[dict[str, Any], dict[str, Any]]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(harness.managed_objects, "record", lambda body, **more: answers.append((body, more)))
        await apply()
    ((body, more),) = answers
    return lambda: record(body, **more)


async def test_who_undoes_each_repair_is_repaired_ever_more_slowly_and_named(
    harness: Harness, namespace: str, monkeypatch: pytest.MonkeyPatch
):
    team, desired = owner(), two("it", namespace)
    monkeypatch.setattr(drift_backoff, "FREE_REPAIRS", 2)
    await harness.apply(desired, by=team)
    for round_ in range(3):
        changed = await harness.patch(desired.key, {"data": {"a": f"theirs {round_}"}})
        await harness.caught_up(changed, desired.key)
        assert harness.managed_objects.drifted(team.id) == (desired.key,)
        await harness.apply(desired, by=team)
    told = len(harness.kinds_told(team))

    changed = await harness.patch(desired.key, {"data": {"a": "theirs again"}})
    await harness.caught_up(changed, desired.key)

    assert harness.managed_objects.drifted(team.id) == ()
    assert len(harness.kinds_told(team)) == told + 1
    assert harness.managed_objects.conflicts(team.id) == (
        f"ConfigMap {namespace}/it is changed again after each repair by somebody (.data.a): leave that out of the"
        " artifact, or list it in spec.apply.ignoreDifferences",
    )
    await harness.until(lambda: len(harness.kinds_told(team)) > told + 1)  # after 2 s
    assert harness.managed_objects.drifted(team.id) == (desired.key,)


async def test_a_kind_is_followed_while_there_is_an_object_of_it(harness: Harness, namespace: str):
    team, domain = owner(), f"g{uuid4().hex[:8]}.example.com"
    crd, widget = definition("Widget", domain), custom("Widget", domain, "w", namespace)
    await harness.apply(crd, widget, by=team)
    resource = await harness.resource(widget.key)
    await harness.eventually(_truth(lambda: harness.managed_objects.is_watched(widget.key)))

    harness.managed_objects.release([widget.key], owner=team.id)
    await objects.delete(harness.session, resource, namespace=namespace, name="w")
    await harness.told(GONE, widget.key, of=team)

    assert not harness.managed_objects.is_watched(widget.key)
    assert harness.managed_objects.get(widget.key) is None


def _truth(condition: Callable[[], bool]) -> Callable[[], Any]:
    async def ask() -> bool:
        await asyncio.sleep(0)
        return condition()

    return ask


async def test_a_pattern_that_is_gone_expects_nothing(harness: Harness, namespace: str):
    team, desired = owner(), two("it", namespace)
    await harness.apply(desired, by=team)
    await harness.delete(desired.key)
    await harness.told(GONE, desired.key, of=team)

    harness.managed_objects.forget(team.id)

    assert harness.managed_objects.drifted(team.id) == ()
    assert harness.managed_objects.get(desired.key) is None


async def test_an_object_that_another_pattern_took_is_drift_of_the_first(harness: Harness, namespace: str):
    first, second, desired = owner(), owner("other"), two("it", namespace)
    await harness.apply(desired, by=first)

    taken = await harness.patch(desired.key, {"metadata": {"labels": {OWNER_LABEL: second.id}}})
    await harness.caught_up(taken, desired.key)

    assert harness.managed_objects.drifted(first.id) == (desired.key,)
    assert harness.managed(desired.key).observed.label == second.id


async def test_a_namespace_that_is_being_deleted_is_told(harness: Harness):
    team, desired = owner(), namespace_named(f"ending-{uuid4().hex[:8]}")
    await harness.apply(desired, by=team)

    await harness.delete(desired.key)

    await harness.told(GONE, desired.key, of=team)
    assert HEALTH in harness.kinds_told(team)  # Terminating came first


async def test_a_kind_that_cannot_be_watched_is_said_with_its_health(
    harness: Harness, namespace: str, monkeypatch: pytest.MonkeyPatch
):
    team, desired = owner(), deployment("it", namespace, replicas=1)
    await harness.apply(desired, by=team)
    monkeypatch.setattr(harness.managed_objects, "is_watched", lambda key: False)
    managed = harness.managed(desired.key)
    managed.observed = replace(managed.observed, health=replace(managed.observed.health, state=HealthState.IN_PROGRESS))

    message = harness.managed_objects.health(team.id).message

    assert "the operator cannot watch Deployment objects" in message

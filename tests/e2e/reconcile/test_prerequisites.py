"""What patterns wait for beside kinds: namespaces, rights, and objects that others have. On a real API server."""

import asyncio
from uuid import uuid4

import pytest
from tests.testbed.kubectl import Kubectl

from pattern_operator.api.object import ObjectKey
from pattern_operator.apply.need import NamespaceNeeded, ObjectNeeded, RightsNeeded
from pattern_operator.kube import Discovery, Session
from pattern_operator.reconcile import PatternKey, Prerequisites

PATIENCE = 30.0
RBAC = {"apiGroup": "rbac.authorization.k8s.io"}
KEY = ObjectKey("", "ConfigMap", "team", "shared")


class Woken(list[PatternKey]):
    """Who was woken, and a way to wait for it."""

    def __init__(self) -> None:
        super().__init__()
        self.moved = asyncio.Event()

    def wake(self, key: PatternKey) -> None:
        self.append(key)
        self.moved.set()

    async def once(self) -> None:
        async with asyncio.timeout(PATIENCE):
            await self.moved.wait()
        self.moved.clear()


@pytest.fixture
def woken() -> Woken:
    return Woken()


@pytest.fixture
def prerequisites(session: Session, tasks: asyncio.TaskGroup, woken: Woken) -> Prerequisites:
    return Prerequisites(session, Discovery(session), wake=woken.wake, tasks=tasks)


@pytest.fixture
def pattern(namespace: str) -> PatternKey:
    return PatternKey(namespace, "web")


async def test_a_namespace_that_appears_wakes_who_waits_for_it(
    prerequisites: Prerequisites, woken, pattern, kubectl: Kubectl
):
    late = f"late-{uuid4().hex[:8]}"
    prerequisites.wait(pattern, {NamespaceNeeded(late)})
    prerequisites.wait(PatternKey("team", "other"), {NamespaceNeeded("elsewhere")})

    kubectl("create", "namespace", late)
    await woken.once()

    assert set(woken) == {pattern}
    kubectl("delete", "namespace", late, "--wait=false")


async def test_a_namespace_that_came_before_the_watch_is_not_missed(
    prerequisites: Prerequisites, woken, pattern, namespace
):
    prerequisites.wait(pattern, {NamespaceNeeded(namespace)})

    await woken.once()

    assert woken == [pattern]


async def test_a_right_that_is_granted_wakes_who_lacks_one(
    prerequisites: Prerequisites, woken, pattern, namespace, kubectl: Kubectl
):
    prerequisites.wait(pattern, {RightsNeeded(namespace)})
    await synced(prerequisites, woken)
    woken.clear()

    for what in (
        ("create", "serviceaccount", "deployer"),
        ("create", "role", "deployer", "--verb=get", "--resource=configmaps"),
        ("create", "rolebinding", "deployer", "--role=deployer", f"--serviceaccount={namespace}:deployer"),
    ):
        kubectl("-n", namespace, *what)
        await woken.once()

    assert set(woken) == {pattern}


async def test_a_right_of_another_namespace_wakes_nobody_here(
    prerequisites: Prerequisites, woken, pattern, namespace, kubectl
):
    other = f"other-{uuid4().hex[:8]}"
    kubectl("create", "namespace", other)
    for each in (namespace, other):  # the account that a controller makes in each, a moment later, is a right, too
        kubectl.until("serviceaccount", "default", bool, namespace=each)
    prerequisites.wait(pattern, {RightsNeeded(namespace)})
    prerequisites.wait(PatternKey(other, "web"), {RightsNeeded(other)})
    await synced(prerequisites, woken)
    woken.clear()

    kubectl("-n", other, "create", "role", "r", "--verb=get", "--resource=configmaps")
    await woken.once()

    assert set(woken) == {PatternKey(other, "web")}
    kubectl("delete", "namespace", other, "--wait=false")


async def test_a_cluster_wide_right_wakes_everybody_who_lacks_one(
    prerequisites: Prerequisites, woken, pattern, namespace, kubectl
):
    name = f"t-{uuid4().hex[:8]}"
    prerequisites.wait(pattern, {RightsNeeded(namespace)})
    await synced(prerequisites, woken)
    woken.clear()

    kubectl("create", "clusterrolebinding", name, "--clusterrole=view", f"--serviceaccount={namespace}:deployer")
    await woken.once()

    assert set(woken) == {pattern}
    kubectl("delete", "clusterrolebinding", name)


async def test_an_object_that_another_pattern_lets_go_wakes_who_waits_for_it(
    prerequisites: Prerequisites, woken, pattern
):
    prerequisites.wait(pattern, {ObjectNeeded(KEY)})

    prerequisites.released([str(KEY)], by=pattern)
    prerequisites.released(["team_other__ConfigMap"], by=PatternKey("team", "holder"))
    before = list(woken)
    prerequisites.released([str(KEY)], by=PatternKey("team", "holder"))

    assert (before, woken) == ([], [pattern])


async def test_an_object_that_is_let_go_in_the_middle_of_the_run_wakes_at_its_end(
    prerequisites: Prerequisites, woken, pattern
):
    with prerequisites.during(pattern):
        prerequisites.released([KEY])
        prerequisites.wait(pattern, {ObjectNeeded(KEY)})

    assert woken == [pattern]


async def test_where_nobody_waits_nothing_is_watched(prerequisites: Prerequisites, pattern, requests):
    prerequisites.wait(pattern, ())
    await asyncio.sleep(0)

    assert requests == []


async def synced(prerequisites: Prerequisites, woken: Woken) -> None:
    """Wait until the first lists are over: whoever waits is woken once by each, because it may be there already."""
    async with asyncio.timeout(PATIENCE):
        for watch in prerequisites._watched.values():
            await watch.synced.wait()
    await asyncio.sleep(0.05)
    woken.moved.clear()

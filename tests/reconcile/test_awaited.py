"""Kinds that are missing: who waits is woken when the CRD comes, and nobody else. On a real API server."""

import asyncio
from uuid import uuid4

import pytest
from tests.apply.room import definition
from tests.testbed.kubectl import Kubectl

from pattern_operator.api.object import ObjectKey
from pattern_operator.kube import Discovery, Session
from pattern_operator.reconcile import AwaitedKinds, PatternKey

PATIENCE = 30.0
WAITS, OTHER = PatternKey("team", "waits"), PatternKey("team", "other")


@pytest.fixture
def group() -> str:
    return f"{uuid4().hex[:8]}.example"


class Woken(list[PatternKey]):
    """Who was woken."""

    def __init__(self) -> None:
        super().__init__()
        self.one = asyncio.Event()

    def wake(self, key: PatternKey) -> None:
        self.append(key)
        self.one.set()


async def test_a_pattern_is_woken_when_its_kind_is_served(session: Session, tasks, kubectl: Kubectl, group: str):
    woken, discovery = Woken(), Discovery(session)
    kinds = AwaitedKinds(session, discovery, wake=woken.wake, tasks=tasks)
    kinds.wait(WAITS, [ObjectKey(group, "Widget", "team", "a")])
    kinds.wait(OTHER, [ObjectKey("elsewhere.example", "Widget", "team", "a")])

    kubectl.apply(definition("Widget", group).body)
    async with asyncio.timeout(PATIENCE):
        await woken.one.wait()
    served = await discovery.find(group=group, kind="Widget")

    assert set(woken) == {WAITS}
    assert served.plural == "widgets"
    kubectl("delete", "crd", f"widgets.{group}")


async def test_a_kind_that_came_before_the_watch_began_is_not_missed(session: Session, tasks, kubectl: Kubectl, group):
    woken = Woken()
    kubectl.apply(definition("Widget", group).body)
    kinds = AwaitedKinds(session, Discovery(session), wake=woken.wake, tasks=tasks)

    kinds.wait(WAITS, [ObjectKey(group, "Widget", "team", "a")])
    async with asyncio.timeout(PATIENCE):
        await woken.one.wait()

    assert set(woken) == {WAITS}
    kubectl("delete", "crd", f"widgets.{group}")


async def test_where_nobody_waits_nothing_is_watched(session: Session, tasks, requests):
    kinds = AwaitedKinds(session, Discovery(session), wake=lambda _: None, tasks=tasks)

    kinds.wait(WAITS, ())
    await asyncio.sleep(0)

    assert requests == []

"""Patterns hear of what they wait for in the cluster: namespaces, rights, and objects that others had."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from tests.kube.fake_reflector import FakeReflector, replace_reflectors

from pattern_operator.aio import background_tasks
from pattern_operator.api.object import ObjectKey
from pattern_operator.apply.need import KindNeeded, NamespaceNeeded, ObjectNeeded, PatternNeeded, RightsNeeded
from pattern_operator.internal_errors import InternalErrors
from pattern_operator.kube import WatchEventType
from pattern_operator.kube.wellknown import CRD
from pattern_operator.reconcile import PatternKey, missing_kinds, prerequisites
from pattern_operator.reconcile.prerequisites import Prerequisites

WEB, SHOP = PatternKey("team", "web"), PatternKey("shop", "shop")
KEY = ObjectKey("", "ConfigMap", "team", "c")


@dataclass
class World:
    prerequisites: Prerequisites
    reflectors: list[FakeReflector]
    woken: list[PatternKey]

    def watch(self, kind: str) -> FakeReflector:
        (found,) = [each for each in self.reflectors if each.resource.kind == kind]
        return found

    async def in_step(self) -> None:
        """The watches have seen what was there."""
        for each in self.reflectors:
            each.synced.set()
        await asyncio.sleep(0.01)


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    reflectors, woken = replace_reflectors(monkeypatch, missing_kinds, prerequisites), list[PatternKey]()
    session: Any = SimpleNamespace(internal_errors=InternalErrors(lambda _: None))
    discovery: Any = SimpleNamespace()
    async with background_tasks() as tasks:
        found = Prerequisites(session, discovery, wake=woken.append, tasks=tasks)
        yield World(found, reflectors, woken)


async def test_nothing_is_watched_for_what_tells_of_itself(world: World):
    world.prerequisites.wait(WEB, [])
    world.prerequisites.wait(WEB, [ObjectNeeded(KEY)])

    assert world.reflectors == []


async def test_a_missing_kind_is_waited_for_at_the_crds(world: World):
    world.prerequisites.wait(WEB, [KindNeeded("example.com", "Widget", "v1"), ObjectNeeded(KEY)])

    assert [each.resource for each in world.reflectors] == [CRD]


async def test_each_sort_is_watched_once_for_all(world: World):
    for key in (WEB, SHOP):
        world.prerequisites.wait(key, [NamespaceNeeded("new"), RightsNeeded("team")])

    kinds = [each.resource.kind for each in world.reflectors]
    assert kinds == ["Namespace", "ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"]


async def test_a_namespace_that_comes_wakes_who_waits_for_it(world: World):
    world.prerequisites.wait(WEB, [NamespaceNeeded("new")])
    world.prerequisites.wait(SHOP, [NamespaceNeeded("other")])

    world.watch("Namespace").show("new", kind=WatchEventType.ADDED)

    assert world.woken == [WEB]


@pytest.mark.parametrize(
    "gone", [{"kind": WatchEventType.DELETED}, {"deletionTimestamp": "2026-05-01T12:00:00Z"}], ids=["gone", "going"]
)
async def test_a_namespace_that_goes_wakes_nobody(world: World, gone: dict[str, Any]):
    world.prerequisites.wait(WEB, [NamespaceNeeded("new")])

    world.watch("Namespace").show("new", **gone)

    assert world.woken == []


@pytest.mark.parametrize(
    ("kind", "namespace", "needed", "wakes"),
    [
        ("RoleBinding", "apps", "apps", True),
        ("RoleBinding", "other", "apps", False),
        ("ServiceAccount", "team", "apps", True),
        ("ClusterRoleBinding", "", "apps", True),
        ("ClusterRole", "", "", True),
    ],
    ids=["where it is needed", "elsewhere", "of its account", "in the whole cluster", "for a cluster-wide need"],
)
async def test_rights_that_may_be_the_missing_ones_wake_who_waits(world: World, kind, namespace, needed, wakes: bool):
    world.prerequisites.wait(WEB, [RightsNeeded(needed)])
    await world.in_step()
    world.woken.clear()

    world.watch(kind).show("x", namespace=namespace)

    assert (world.woken != []) is wakes


async def test_rights_that_go_wake_nobody(world: World):
    world.prerequisites.wait(WEB, [RightsNeeded("apps")])
    await world.in_step()
    world.woken.clear()

    world.watch("Role").show("x", kind=WatchEventType.DELETED, namespace="apps")

    assert world.woken == []


async def test_of_the_rights_that_are_there_at_first_each_watch_tells_once(world: World):
    world.prerequisites.wait(WEB, [RightsNeeded("apps")])
    for number in range(100):
        world.watch("Role").show(f"r{number}", namespace="apps")
    assert world.woken == []

    await world.in_step()

    assert world.woken == [WEB] * len(prerequisites.RIGHTS)  # they may have come before the watch began


async def test_a_namespace_that_was_there_at_first_tells_of_itself_alone(world: World):
    world.prerequisites.wait(WEB, [NamespaceNeeded("new"), RightsNeeded("apps")])
    world.watch("Namespace").synced.set()
    await asyncio.sleep(0.01)

    assert world.woken == []


@pytest.mark.parametrize("written", [KEY, str(KEY)], ids=["by key", "by its id in an inventory"])
async def test_an_object_that_is_released_wakes_who_waits_for_it_but_not_who_released_it(world: World, written: Any):
    other = ObjectKey("", "ConfigMap", "team", "other")
    world.prerequisites.wait(WEB, [ObjectNeeded(KEY)])
    world.prerequisites.wait(SHOP, [ObjectNeeded(other)])

    world.prerequisites.released([written], by=WEB)
    assert world.woken == []

    world.prerequisites.released([written])
    assert world.woken == [WEB]


async def test_who_waits_for_something_else_now_is_not_woken(world: World):
    world.prerequisites.wait(WEB, [ObjectNeeded(KEY)])
    world.prerequisites.wait(WEB, [NamespaceNeeded("new")])

    world.prerequisites.released([KEY])

    assert world.woken == []


async def test_what_happens_during_a_run_wakes_it_when_it_begins_to_wait(world: World):
    with world.prerequisites.during(WEB):
        world.prerequisites.released([KEY])
        world.prerequisites.wait(WEB, [ObjectNeeded(KEY)])

    assert world.woken == [WEB]


async def test_what_is_watched_is_watched_without_remembering_objects(world: World, monkeypatch: pytest.MonkeyPatch):
    world.prerequisites.wait(WEB, [NamespaceNeeded("new"), RightsNeeded("team")])
    await asyncio.sleep(0)

    assert all(each.runs and not each.remembers("team", "any") for each in world.reflectors)


async def test_a_pattern_that_changes_wakes_who_depends_on_it_and_watches_nothing(world: World):
    db = PatternKey("data", "db")
    world.prerequisites.wait(WEB, [PatternNeeded("data", "db")])
    world.prerequisites.wait(SHOP, [PatternNeeded("team", "db")])

    world.prerequisites.pattern_changed(db)

    assert world.woken == [WEB]
    assert world.reflectors == []


async def test_a_pattern_that_changes_while_it_is_looked_at_wakes_who_begins_to_wait(world: World):
    with world.prerequisites.during(WEB):
        world.prerequisites.pattern_changed(PatternKey("data", "db"))
        world.prerequisites.wait(WEB, [PatternNeeded("data", "db")])

    assert world.woken == [WEB]


async def test_a_pattern_is_not_woken_by_what_it_is_itself(world: World):
    world.prerequisites.wait(WEB, [PatternNeeded("team", "web")])

    world.prerequisites.pattern_changed(WEB)

    assert world.woken == []

"""Who waits for a kind is woken a moment after its CRD came; who lacks it for long costs next to nothing."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from tests.kube.fake_reflector import FakeReflector, replace_reflectors

from pattern_operator.aio import background_tasks
from pattern_operator.apply.need import KindNeeded
from pattern_operator.internal_errors import InternalErrors
from pattern_operator.kube import ApiError, KindNotFound
from pattern_operator.kube.errors import GroupUnavailable
from pattern_operator.kube.wellknown import CRD
from pattern_operator.reconcile import PatternKey, missing_kinds
from pattern_operator.reconcile.missing_kinds import LOOKS, MAX_RECENT, PACE, RECENT, SECOND_LOOK, MissingKinds

WEB, SHOP = PatternKey("team", "web"), PatternKey("team", "shop")
WIDGET, GADGET = KindNeeded("example.com", "Widget", "v1"), KindNeeded("example.com", "Gadget", "")
OTHER = KindNeeded("other.example", "Thing", "v1")
MOMENT, LONG = 0.01, 100.0  # seconds


@dataclass
class Kinds:
    """Discovery: what is served, and when it was asked for which."""

    served: set[str] = field(default_factory=set)
    asked: list[tuple[float, str, str | None]] = field(default_factory=list)
    read: int = 0
    error: Exception | None = None

    async def find(self, *, group: str, kind: str, version: str | None) -> None:
        self.asked.append((asyncio.get_running_loop().time(), kind, version))
        if self.error is not None:
            raise self.error
        if kind not in self.served:
            raise KindNotFound(group=group, kind=kind, version=version)

    def invalidate(self) -> None:
        self.read += 1

    def kinds_asked(self) -> list[str]:
        return [kind for _, kind, _ in self.asked]


@dataclass
class World:
    missing: MissingKinds
    kinds: Kinds
    reflectors: list[FakeReflector]
    woken: list[PatternKey]
    defects: list[str]

    @property
    def crds(self) -> FakeReflector:
        (found,) = self.reflectors
        return found

    def comes(self, name: str = "widgets.example.com", *served: str) -> None:
        """A CRD is made or changed."""
        self.kinds.served |= set(served)
        self.crds.show(name)


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    kinds: Any = Kinds()
    woken, defects = list[PatternKey](), list[str]()
    session: Any = SimpleNamespace(internal_errors=InternalErrors(defects.append))
    reflectors = replace_reflectors(monkeypatch, missing_kinds)
    async with background_tasks() as tasks:
        missing = MissingKinds(session, kinds, wake=woken.append, tasks=tasks)
        yield World(missing, kinds, reflectors, woken, defects)


async def test_nothing_is_watched_before_somebody_waits(world: World):
    world.missing.wait(WEB, [])
    assert world.reflectors == []

    world.missing.wait(WEB, [WIDGET])
    world.missing.wait(SHOP, [OTHER])
    assert [each.resource for each in world.reflectors] == [CRD]
    await asyncio.sleep(MOMENT)
    assert world.crds.runs


async def test_who_waits_is_woken_once_the_kind_is_served_in_the_version_that_it_needs(world: World):
    world.missing.wait(WEB, [WIDGET])
    world.missing.wait(SHOP, [OTHER])
    await asyncio.sleep(LONG)
    world.kinds.asked.clear()

    world.comes("widgets.example.com", "Widget")
    await asyncio.sleep(LONG)

    assert world.woken == [WEB]
    assert [(kind, version) for _, kind, version in world.kinds.asked] == [("Widget", "v1")]
    assert world.kinds.read == 1


async def test_any_version_will_do_where_none_is_needed(world: World):
    world.missing.wait(WEB, [GADGET])
    world.comes("gadgets.example.com", "Gadget")
    await asyncio.sleep(LONG)

    assert [version for _, _, version in world.kinds.asked] == [None]


async def test_a_kind_that_is_served_a_moment_later_is_looked_for_a_few_times(world: World):
    world.missing.wait(WEB, [WIDGET])
    begun = asyncio.get_running_loop().time()
    world.comes()
    await asyncio.sleep(LONG)

    asked = [at - begun for at, _, _ in world.kinds.asked]
    assert asked == pytest.approx([sum(LOOKS[: number + 1]) for number in range(len(LOOKS))])
    assert world.kinds.read == len(LOOKS)
    assert world.woken == []


async def test_the_look_ends_when_nobody_waits_for_the_group_any_more(world: World):
    world.missing.wait(WEB, [WIDGET])
    world.comes("widgets.example.com", "Widget")
    await asyncio.sleep(LONG)

    assert world.kinds.read == 1

    world.comes()  # nobody waits for it
    await asyncio.sleep(LONG)
    assert world.kinds.read == 1


async def test_who_waits_for_several_kinds_is_woken_by_each(world: World):
    world.missing.wait(WEB, [WIDGET, GADGET, OTHER])
    world.comes("widgets.example.com", "Widget")
    await asyncio.sleep(LONG)
    assert world.woken == [WEB]

    world.comes("gadgets.example.com", "Gadget")
    await asyncio.sleep(LONG)
    assert world.woken == [WEB, WEB]
    assert world.kinds.kinds_asked().count("Widget") == 1
    assert "Thing" not in world.kinds.kinds_asked()


async def test_who_waits_no_longer_is_not_woken(world: World):
    world.missing.wait(WEB, [WIDGET])
    world.missing.wait(WEB, [])
    world.comes("widgets.example.com", "Widget")
    await asyncio.sleep(LONG)

    assert (world.woken, world.kinds.asked) == ([], [])


async def test_who_waits_anew_while_it_is_looked_for_is_not_taken_for_who_waited_before(world: World):
    world.missing.wait(WEB, [WIDGET])
    found = world.kinds.find

    async def find(**asked: Any) -> None:
        world.missing.wait(WEB, [OTHER])
        await found(**asked)

    world.kinds.find = find  # type: ignore[method-assign]
    world.comes("widgets.example.com", "Widget")
    await asyncio.sleep(MOMENT)

    assert world.woken == []


async def test_a_kind_beside_one_whose_group_is_silent_is_found(world: World):
    world.missing.wait(WEB, [WIDGET])
    world.kinds.error = GroupUnavailable("example.com")
    world.comes()
    await asyncio.sleep(MOMENT)
    world.kinds.error = None
    world.kinds.served.add("Widget")
    await asyncio.sleep(LONG)

    assert world.woken == [WEB]


async def test_an_api_server_that_cannot_be_asked_ends_the_look_and_the_next_change_begins_another(world: World):
    world.missing.wait(WEB, [WIDGET])
    world.kinds.error = ApiError(code=500, reason="InternalError", message="no")
    world.comes()
    await asyncio.sleep(LONG)
    assert (len(world.kinds.asked), world.defects) == (1, [])

    world.kinds.error = None
    world.comes("widgets.example.com", "Widget")
    await asyncio.sleep(LONG)
    assert world.woken == [WEB]


async def test_a_defect_costs_one_look_and_is_recorded(world: World):
    world.missing.wait(WEB, [WIDGET])
    world.kinds.error = TypeError("a defect")
    world.comes()
    await asyncio.sleep(LONG)
    assert world.defects == ["look_for_kind"]

    world.kinds.error = None
    world.comes("widgets.example.com", "Widget")
    await asyncio.sleep(LONG)
    assert world.woken == [WEB]


async def test_a_change_while_it_is_looked_for_begins_the_look_anew_and_no_second_one(world: World):
    world.missing.wait(WEB, [WIDGET])
    world.comes()
    await asyncio.sleep(sum(LOOKS) - MOMENT)
    world.comes()
    await asyncio.sleep(LONG)

    assert len(world.kinds.asked) == 2 * len(LOOKS)
    times = [at for at, _, _ in world.kinds.asked]
    assert times == sorted(times)


@pytest.mark.parametrize("each", [0.5, 10.0])
async def test_a_crd_that_changes_all_the_time_is_looked_for_now_and_then(world: World, each: float):
    at_once, pause = PACE
    world.missing.wait(WEB, [WIDGET])
    begun = asyncio.get_running_loop().time()
    for _ in range(int(500 / each)):
        world.comes()
        await asyncio.sleep(each)

    looks = world.kinds.read / len(LOOKS)
    lasted = asyncio.get_running_loop().time() - begun
    assert at_once + lasted / pause - 2 <= looks <= at_once + lasted / pause + 1


async def test_how_often_a_group_was_looked_for_counts_no_more_once_nobody_waits_for_it(world: World):
    world.missing.wait(WEB, [WIDGET])
    for _ in range(PACE[0] - 1):
        world.comes()
        await asyncio.sleep(sum(LOOKS) + MOMENT)
    world.comes("widgets.example.com", "Widget")
    await asyncio.sleep(MOMENT)
    woken = list(world.woken)

    world.missing.wait(WEB, [GADGET])  # its group has changed a moment ago
    await asyncio.sleep(MOMENT)

    assert woken == [WEB]
    assert "Gadget" in world.kinds.kinds_asked()


async def test_who_begins_to_wait_is_looked_for_once_more_a_moment_later(world: World):
    """The CRD may have come between the look and the wait."""
    world.missing.wait(SHOP, [OTHER])
    world.kinds.served.add("Widget")
    world.missing.wait(WEB, [WIDGET])
    world.missing.wait(WEB, [WIDGET, GADGET])
    begun = asyncio.get_running_loop().time()
    await asyncio.sleep(LONG)

    assert world.woken == [WEB]
    assert sorted(world.kinds.kinds_asked()) == ["Gadget", "Widget"]
    assert [at - begun for at, _, _ in world.kinds.asked] == pytest.approx([SECOND_LOOK] * 2)
    assert world.kinds.read == 0


async def test_each_who_begins_to_wait_later_is_looked_for_again(world: World):
    world.missing.wait(SHOP, [OTHER])
    for _ in range(2):
        world.missing.wait(WEB, [WIDGET])
        await asyncio.sleep(LONG)

    assert world.kinds.kinds_asked() == ["Widget", "Widget"]


@pytest.mark.parametrize(
    ("error", "defects"),
    [(ApiError(code=500, reason="InternalError", message="no"), []), (TypeError("a defect"), ["look_for_kind"])],
    ids=["an API server that cannot be asked", "a defect"],
)
async def test_the_second_look_fails_alone(world: World, error: Exception, defects: list[str]):
    world.missing.wait(SHOP, [OTHER])
    world.missing.wait(WEB, [WIDGET])
    world.kinds.error = error
    await asyncio.sleep(LONG)
    assert world.defects == defects

    world.kinds.error = None
    world.kinds.served.add("Widget")
    world.missing.wait(WEB, [WIDGET])
    await asyncio.sleep(LONG)
    assert world.woken == [WEB]


@pytest.mark.parametrize(
    ("ago", "looks"), [(RECENT - 1, len(LOOKS) + 1), (RECENT, 1)], ids=["a moment ago", "long ago"]
)
async def test_who_waits_for_a_group_that_has_just_changed_is_looked_for_as_after_a_change(
    world, ago: float, looks: int
):
    world.missing.wait(SHOP, [OTHER])
    world.comes("widgets.example.com")
    await asyncio.sleep(ago)
    assert world.kinds.asked == []

    world.missing.wait(WEB, [WIDGET])
    await asyncio.sleep(LONG)

    assert len(world.kinds.asked) == looks


async def test_the_latest_changes_of_only_so_many_groups_are_remembered(world: World):
    world.missing.wait(SHOP, [OTHER])
    world.comes("widgets.first.example")
    world.comes("widgets.second.example")
    world.comes("widgets.first.example")  # it is the later one now
    for number in range(MAX_RECENT - 1):
        world.comes(f"widgets.g{number}.example")

    world.missing.wait(WEB, [KindNeeded("second.example", "Widget", "v1")])
    await asyncio.sleep(MOMENT)
    second = len(world.kinds.asked)
    world.missing.wait(WEB, [KindNeeded("first.example", "Widget", "v1")])
    await asyncio.sleep(MOMENT)

    assert (second, len(world.kinds.asked)) == (0, 1)

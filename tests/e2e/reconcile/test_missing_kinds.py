"""Kinds that are missing: who waits is woken when the CRD comes, and nobody else. On a real API server."""

import asyncio
from uuid import uuid4

import pytest
from tests.apply.harness import definition
from tests.kube.fake_session import FakeSession
from tests.testbed.kubectl import Kubectl

from pattern_operator.apply.need import KindNeeded
from pattern_operator.kube import Discovery, KindNotFound, Resource, Session, WatchEvent, WatchEventType
from pattern_operator.kube.errors import GroupUnavailable
from pattern_operator.reconcile import MissingKinds, PatternKey, missing_kinds

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
    kinds = MissingKinds(session, discovery, wake=woken.wake, tasks=tasks)
    kinds.wait(WAITS, [KindNeeded(group, "Widget")])
    kinds.wait(OTHER, [KindNeeded("elsewhere.example", "Widget")])

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
    kinds = MissingKinds(session, Discovery(session), wake=woken.wake, tasks=tasks)

    kinds.wait(WAITS, [KindNeeded(group, "Widget")])
    async with asyncio.timeout(PATIENCE):
        await woken.one.wait()

    assert set(woken) == {WAITS}
    kubectl("delete", "crd", f"widgets.{group}")


async def test_where_nobody_waits_nothing_is_watched(session: Session, tasks, requests):
    kinds = MissingKinds(session, Discovery(session), wake=lambda _: None, tasks=tasks)

    kinds.wait(WAITS, ())
    await asyncio.sleep(0)

    assert requests == []


async def test_a_crd_that_changes_all_the_time_is_looked_for_now_and_then_only(tasks, monkeypatch: pytest.MonkeyPatch):
    looks = 0

    class Nothing(Growing):
        """Discovery of a server that has no kinds, and counts who looks."""

        def invalidate(self, resource: Resource | None = None) -> None:
            nonlocal looks
            looks += 1

        async def find(self, *, group: str, kind: str, version: str | None = None) -> Resource:
            raise KindNotFound(group="busy.example", version=None, kind="Widget")

    monkeypatch.setattr(missing_kinds, "Reflector", Silent)
    monkeypatch.setattr(missing_kinds, "LOOKS", (0.0,))
    monkeypatch.setattr(missing_kinds, "PACE", (3, 60.0))
    kinds = MissingKinds(FakeSession(), Nothing(), wake=lambda _: None, tasks=tasks)
    kinds.wait(WAITS, [KindNeeded("busy.example", "Widget")])

    for _ in range(100):
        kinds._changed(WatchEvent(WatchEventType.MODIFIED, {"metadata": {"name": "gadgets.busy.example"}}))
        await asyncio.sleep(0.001)

    assert looks == 3


async def test_a_change_in_the_middle_of_a_look_is_looked_for_too(tasks, monkeypatch: pytest.MonkeyPatch):
    served = False
    woken = Woken()

    class Late(Growing):
        """Discovery of a server that serves the kind after a second change only."""

        async def find(self, *, group: str, kind: str, version: str | None = None) -> Resource:
            await asyncio.sleep(0.01)
            if not served:
                raise KindNotFound(group="busy.example", version=None, kind="Widget")
            return Resource(group=group, version="v1", kind=kind, plural="widgets", namespaced=True)

    monkeypatch.setattr(missing_kinds, "Reflector", Silent)
    monkeypatch.setattr(missing_kinds, "LOOKS", (0.0,))
    kinds = MissingKinds(FakeSession(), Late(), wake=woken.wake, tasks=tasks)
    kinds.wait(WAITS, [KindNeeded("late.example", "Widget")])
    change = WatchEvent(WatchEventType.MODIFIED, {"metadata": {"name": "widgets.late.example"}})

    kinds._changed(change)
    await asyncio.sleep(0.005)
    kinds._changed(change)
    await asyncio.sleep(0.01)
    served = True
    async with asyncio.timeout(5):
        await woken.one.wait()

    assert woken == [WAITS]


async def test_a_kind_is_found_although_another_of_its_group_is_of_a_silent_server(tasks, monkeypatch):
    woken = Woken()

    class Half(Growing):
        """Discovery of a group with a version that an aggregated server has, which does not answer."""

        async def find(self, *, group: str, kind: str, version: str | None = None) -> Resource:
            if kind != "Widget":
                raise GroupUnavailable(group)
            return Resource(group=group, version="v1", kind=kind, plural="widgets", namespaced=True)

    monkeypatch.setattr(missing_kinds, "Reflector", Silent)
    monkeypatch.setattr(missing_kinds, "LOOKS", (0.0,))
    kinds = MissingKinds(FakeSession(), Half(), wake=woken.wake, tasks=tasks)
    kinds.wait(OTHER, [KindNeeded("half.example", "Load")])
    kinds.wait(WAITS, [KindNeeded("half.example", "Widget")])

    kinds._changed(WatchEvent(WatchEventType.MODIFIED, {"metadata": {"name": "widgets.half.example"}}))
    async with asyncio.timeout(5):
        await woken.one.wait()

    assert woken == [WAITS]


class Silent:
    """A watch that tells nothing."""

    def __init__(self, *_: object, **__: object) -> None:
        return

    async def run(self) -> None:
        await asyncio.Event().wait()


class Growing(Discovery):
    """Discovery of a server that has no kinds until a definition comes; it shows what it read a moment ago."""

    def __init__(self) -> None:
        self.served: set[str] = set()

    def invalidate(self, resource: Resource | None = None) -> None:
        return

    async def find(self, *, group: str, kind: str, version: str | None = None) -> Resource:
        served = group in self.served
        await asyncio.sleep(0)
        if not served:
            raise KindNotFound(group=group, version=version, kind=kind)
        return Resource(group=group, version="v1", kind=kind, plural="widgets", namespaced=True)


async def test_a_kind_that_comes_while_its_pattern_looks_for_it_is_never_missed(tasks, monkeypatch):
    """200 times, at another moment each: the definition comes before, between and after the look and the wait."""
    monkeypatch.setattr(missing_kinds, "Reflector", Silent)
    monkeypatch.setattr(missing_kinds, "LOOKS", (0.0, 0.01))
    monkeypatch.setattr(missing_kinds, "SECOND_LOOK", 0.01)
    lost = []

    async def race(number: int) -> None:
        group, woken, server = f"g{number}.example", Woken(), Growing()
        kinds = MissingKinds(FakeSession(), server, wake=woken.wake, tasks=tasks)
        kinds.wait(OTHER, [KindNeeded("elsewhere.example", "Widget")])  # the watch of definitions runs already

        async def come() -> None:
            for _ in range(number % 8):
                await asyncio.sleep(0)
            server.served.add(group)
            if number % 3:  # the watch may be behind, too
                await asyncio.sleep(0)
            kinds._changed(WatchEvent(WatchEventType.ADDED, {"metadata": {"name": f"widgets.{group}"}}))

        coming = asyncio.create_task(come())
        for _ in range(number // 8 % 4):
            await asyncio.sleep(0)
        try:
            await server.find(group=group, kind="Widget")
        except KindNotFound:
            for _ in range(number // 32 % 4):  # its status is written
                await asyncio.sleep(0)
            kinds.wait(WAITS, [KindNeeded(group, "Widget")])
            try:
                async with asyncio.timeout(5):
                    await woken.one.wait()
            except TimeoutError:
                lost.append(number)
        await coming

    await asyncio.gather(*(race(number) for number in range(200)))

    assert lost == []


async def test_a_kind_that_an_api_server_behind_a_balancer_showed_late_is_looked_for_once_more(tasks, monkeypatch):
    monkeypatch.setattr(missing_kinds, "Reflector", Silent)
    monkeypatch.setattr(missing_kinds, "SECOND_LOOK", 0.01)
    woken, server = Woken(), Growing()
    kinds = MissingKinds(FakeSession(), server, wake=woken.wake, tasks=tasks)
    kinds.wait(OTHER, [KindNeeded("elsewhere.example", "Widget")])
    server.served.add("late.example")  # and no definition is told: that was long ago

    kinds.wait(WAITS, [KindNeeded("late.example", "Widget", "v1")])
    async with asyncio.timeout(5):
        await woken.one.wait()

    assert woken == [WAITS]


async def test_who_waits_for_another_version_is_not_woken_by_the_one_that_is_served(tasks, monkeypatch, group):
    looked: list[str | None] = []

    class Other(Growing):
        async def find(self, *, group: str, kind: str, version: str | None = None) -> Resource:
            looked.append(version)
            raise KindNotFound(group=group, version=version, kind=kind, served=(f"{group}/v1",))

    monkeypatch.setattr(missing_kinds, "Reflector", Silent)
    monkeypatch.setattr(missing_kinds, "SECOND_LOOK", 0.01)
    woken = Woken()
    kinds = MissingKinds(FakeSession(), Other(), wake=woken.wake, tasks=tasks)
    kinds.wait(OTHER, [KindNeeded("elsewhere.example", "Widget")])

    kinds.wait(WAITS, [KindNeeded(group, "Widget", "v2")])
    await asyncio.sleep(0.05)

    assert woken == []
    assert "v2" in looked


async def test_a_thousand_patterns_that_begin_to_wait_at_once_cost_one_look_a_second(tasks, monkeypatch):
    reads = 0

    class Counting(Growing):
        async def find(self, *, group: str, kind: str, version: str | None = None) -> Resource:
            nonlocal reads
            reads += 1
            raise KindNotFound(group=group, version=version, kind=kind)

    monkeypatch.setattr(missing_kinds, "Reflector", Silent)
    monkeypatch.setattr(missing_kinds, "SECOND_LOOK", 0.01)
    kinds = MissingKinds(FakeSession(), Counting(), wake=lambda _: None, tasks=tasks)
    for number in range(1000):
        kinds.wait(PatternKey("team", str(number)), [KindNeeded("missing.example", "Widget")])

    await asyncio.sleep(0.1)

    assert reads == 1000  # of what was read once: discovery reads anew once a second

"""Looking at what runs: written when it is another, told once, and never in the way of anything else."""

from types import SimpleNamespace
from typing import Any

import pytest
from tests.reconcile.pattern import NOW, WELL, conditions, message, pattern, progress

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.reason import Reason
from pattern_operator.api.status import Status
from pattern_operator.apply import Health, HealthState
from pattern_operator.errors import Transient
from pattern_operator.reconcile import status
from pattern_operator.reconcile.memory import Memory
from pattern_operator.reconcile.observer import Observer

GONE = Health(HealthState.NOT_FOUND, "Deployment web: is gone")
BUSY = Health(HealthState.IN_PROGRESS, "Deployment web: 0 of 1 replicas available")
FIRST = status.after(pattern(), progress(), now=NOW)


class Scene:
    """A pattern that runs, what the watches say of it, and what is written and told."""

    def __init__(self, health: Health = WELL, *, found: Status = FIRST, **spec: Any) -> None:
        self.pattern = pattern(status=found, spec=spec)
        self.state, self.time, self.fails = health, 100.0, False
        self.told: list[str] = []
        self.asked: list[str] = []
        self.memory = Memory()
        self.observer = Observer(
            SimpleNamespace(managed_objects=self, clock=lambda: self.time, discovery=self),
            self,
            now=lambda: NOW,
            tell=lambda _, events: self.told.extend(each.reason for each in events),
        )

    async def status(self, asked: DesignPattern, found: Status) -> DesignPattern:
        if self.fails:
            raise Transient(reason=Reason.API_SERVER_UNAVAILABLE, message="it is away")
        if found == asked.status:
            return asked
        self.pattern = pattern(status=found, spec={"suspend": asked.spec.suspend, "timeout": asked.spec.timeout})
        return self.pattern

    async def find(self, *, group: str, kind: str) -> str:
        self.asked.append(kind)
        return kind

    async def ready(self, _: str) -> None:
        return

    def expect(self, *_: Any, **__: Any) -> None:
        return

    mark_missing = compare = expect

    def expects_any(self, _: str) -> bool:
        return True

    def health(self, _: str) -> Health:
        return self.state

    def conflicts(self, _: str) -> tuple[str, ...]:
        return ()

    def all_drifted(self, _: str) -> frozenset[Any]:
        return frozenset()


async def test_what_is_as_status_says_is_neither_written_nor_told():
    scene = Scene()

    assert await scene.observer.observe(scene.pattern, scene.memory) is scene.pattern
    assert scene.told == []


async def test_what_happened_is_written_and_told_once():
    scene = Scene(GONE)

    await scene.observer.observe(scene.pattern, scene.memory)
    await scene.observer.observe(scene.pattern, scene.memory)

    assert conditions(scene.pattern.status)["Ready"] == ("False", "Unhealthy")
    assert scene.told == ["Unhealthy"]


async def test_of_a_pattern_that_is_on_its_way_to_something_newer_nothing_is_said():
    ahead = status.ahead(pattern(status=FIRST), (), revision=progress().revision, now=NOW)
    scene = Scene(GONE, found=ahead)

    await scene.observer.observe(scene.pattern, scene.memory)

    assert scene.pattern.status == ahead


async def test_a_status_that_cannot_be_written_is_in_nobodys_way():
    scene = Scene(GONE)
    scene.fails = True

    assert await scene.observer.observe(scene.pattern, scene.memory) is scene.pattern
    assert scene.told == []


async def test_a_suspended_pattern_is_followed_once_and_comes_again_when_its_time_is_over():
    scene = Scene(BUSY, suspend=True, timeout="1m")

    due = await scene.observer.leave_alone(scene.pattern, scene.memory)
    scene.time += 60.0
    over = await scene.observer.leave_alone(scene.pattern, scene.memory)

    assert (due, over) == (60.0, None)
    assert scene.asked == ["ConfigMap", "Deployment"]
    assert conditions(scene.pattern.status)["Ready"] == ("False", "HealthTimeout")
    assert message(scene.pattern.status, "Ready") == f"suspended; {BUSY.message}"
    assert scene.told == ["WaitingForHealth", "HealthTimeout"]


@pytest.mark.parametrize(("since", "now", "due"), [(None, 100.0, None), (90.0, 100.0, 290.0), (0.0, 999.0, 0.0)])
def test_a_pattern_is_due_when_its_health_has_been_awaited_for_long_enough(since, now, due):
    scene = Scene()
    scene.time, scene.memory.ill_since = now, since

    assert scene.observer.health_due(scene.pattern, scene.memory, progress(health=BUSY)) == due
    assert scene.observer.health_due(scene.pattern, scene.memory, progress(health=BUSY, overdue=True)) is None

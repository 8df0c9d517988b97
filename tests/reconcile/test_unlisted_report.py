"""A pattern is told of what carries its label and is not its own, once, and only where it stays so."""

import asyncio
from typing import Any

import pytest
from tests.faketime import run
from tests.reconcile.test_pattern_store import body

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.object import ObjectKey
from pattern_operator.apply import owner_id
from pattern_operator.internal_errors import InternalErrors
from pattern_operator.reconcile import PatternKey, PatternStore, UnlistedReport
from pattern_operator.reconcile.events import Event
from pattern_operator.reconcile.unlisted_report import GRACE, MAX_KEPT, MAX_OWNERS

KEY = ObjectKey("", "ConfigMap", "team", "late")
OWNER = owner_id("u-1")
LISTED: dict[str, Any] = {"inventory": {"count": 1, "entries": [{"id": str(KEY), "v": "v1"}]}}


class Scene:
    """A report for one pattern, the objects that are ``there``, and what was told."""

    def __init__(self, **more: Any) -> None:
        self.patterns = PatternStore()
        self.patterns.upsert({**body(1), **more})
        self.there = {KEY}
        self.told: list[tuple[str, Event]] = []
        self.errors: list[str] = []
        self.report = UnlistedReport(
            self.patterns,
            is_there=lambda key: key in self.there,
            emit=self.emit,
            errors=InternalErrors(self.errors.append),
        )

    def emit(self, pattern: DesignPattern, event: Event) -> None:
        self.told.append((pattern.metadata.name, event))


def named(number: int) -> ObjectKey:
    return ObjectKey("example.com", "Widget", "team", f"w-{number:03}")


def told_after(happens: Any, **more: Any) -> list[tuple[str, Event]]:
    """What is told once a minute has gone by after ``happens``."""

    async def scenario() -> list[tuple[str, Event]]:
        scene = Scene(**more)
        happens(scene)
        before = list(scene.told)
        await asyncio.sleep(60)
        assert (before, scene.errors) == ([], [])
        return scene.told

    return run(scenario())


def is_found(scene: Scene) -> None:
    scene.report.note(OWNER, KEY)


def test_an_object_of_nobody_is_told_to_the_pattern_whose_label_it_carries_with_both_ways_out():
    ((name, event),) = told_after(is_found)

    assert (name, event.kind, event.reason) == ("web", "Warning", "NotInInventory")
    assert event.note == (
        "1 object carries the owner label of this pattern and is not in its inventory: ConfigMap team/late. A request"
        " that came late may have made it, or somebody left or copied it; it is neither changed nor deleted. To have it"
        " go: kubectl delete configmap late -n team; to keep it: kubectl label configmap late -n team"
        " pattern-operator.io/owner-"
    )


def test_many_are_one_event_which_names_the_first_few():
    def happens(scene: Scene) -> None:
        scene.there = {named(number) for number in range(100)}
        for number in range(100):
            scene.report.note(OWNER, named(number))

    ((_, event),) = told_after(happens)

    assert event.note.startswith(f"at least {MAX_KEPT} objects carry the owner label of this pattern and are not in")
    assert "Widget.example.com team/w-000; " in event.note
    assert "kubectl delete widget.example.com w-000 -n team" in event.note
    assert len(event.note) < 1_000


@pytest.mark.parametrize(
    ("found", "stay", "words"),
    [
        pytest.param(2, 2, "2 objects carry the owner label of this pattern and are not in", id="two"),
        pytest.param(MAX_KEPT, 1, "1 object carries the owner label of this pattern and is not in", id="one is left"),
        pytest.param(MAX_KEPT + 1, 1, "at least 1 object carry the", id="one is left of those that are kept"),
    ],
)
def test_it_is_told_how_many_there_are(found: int, stay: int, words: str):
    def happens(scene: Scene) -> None:
        scene.there = {named(number) for number in range(stay)}
        for number in range(found):
            scene.report.note(OWNER, named(number))

    ((_, event),) = told_after(happens)

    assert event.note.startswith(words)


def goes(scene: Scene) -> None:
    is_found(scene)
    scene.there.clear()


def is_listed(scene: Scene) -> None:
    is_found(scene)
    scene.patterns.upsert({**body(2), "status": LISTED})


def pattern_goes(scene: Scene) -> None:
    is_found(scene)
    scene.patterns.forget(PatternKey("team", "web"))


def pattern_is_made_anew(scene: Scene) -> None:
    is_found(scene)
    scene.patterns.upsert(body(2, uid="u-2"))


def pattern_is_deleted(scene: Scene) -> None:
    is_found(scene)
    deleted = body(2)
    deleted["metadata"]["deletionTimestamp"] = "2026-05-01T12:00:00Z"
    scene.patterns.upsert(deleted)


def pattern_leaves_objects(scene: Scene) -> None:
    is_found(scene)
    changed = body(2)
    changed["spec"]["apply"] = {"prune": False}
    scene.patterns.upsert(changed)


def operator_stops(scene: Scene) -> None:
    is_found(scene)
    scene.report.close()


@pytest.mark.parametrize(
    "happens",
    [goes, is_listed, pattern_goes, pattern_is_made_anew, pattern_is_deleted, pattern_leaves_objects, operator_stops],
)
def test_what_is_not_so_a_moment_later_is_not_told(happens: Any):
    assert told_after(happens) == []


def test_what_is_found_later_is_told_too():
    async def scenario() -> int:
        scene = Scene()
        scene.there |= {named(1)}
        scene.report.note(OWNER, KEY)
        await asyncio.sleep(2 * GRACE)
        scene.report.note(OWNER, named(1))
        await asyncio.sleep(2 * GRACE)
        return len(scene.told)

    assert run(scenario()) == 2


async def test_a_label_that_no_pattern_has_is_logged_once(caplog: pytest.LogCaptureFixture):
    scene = Scene()

    for number in range(3 * MAX_OWNERS):
        scene.report.note(f"owner-{number}", KEY)
        scene.report.note(f"owner-{number}", KEY)

    assert len(caplog.records) == MAX_OWNERS
    assert "carries the owner label of a DesignPattern that does not exist" in caplog.records[0].getMessage()

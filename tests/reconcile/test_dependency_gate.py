"""Whole runs of a pattern that depends on others: what it waits for, what wakes it, and what that never touches."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from tests.reconcile import world as worlds
from tests.reconcile.pattern import conditions
from tests.reconcile.test_dependencies import made, ready
from tests.reconcile.world import KEY, World, key_to
from tests.reconcile.world_hooks import pattern_hook

from pattern_operator.api.dependency import Dependency
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.status import Status
from pattern_operator.reconcile import PatternKey
from pattern_operator.reconcile.dependencies import Unmet, never_met

DB: dict[str, Any] = {"dependsOn": [{"name": "db"}]}
NOT_READY = ("False", "DependencyNotReady")


def db(version: int, status: Status | None = None, **more: Any) -> DesignPattern:
    return made("db", status=status, resourceVersion=str(version), **more)


def say(world: World) -> str:
    return next(each.message for each in world.status.conditions if each.type == "Ready")


async def test_nothing_is_applied_until_all_is_ready_and_then_at_once(world: World):
    world.change(**DB)
    await world.settle()
    missing, said = world.ready, say(world)
    world.show(db(1))
    await world.settle()
    unready = say(world)
    world.show(db(2, ready()))
    await world.settle()

    assert missing == NOT_READY
    assert "DesignPattern team/db does not exist" in said
    assert "DesignPattern team/db is not Ready" in unready
    assert world.holds("one", "a", "b")
    assert world.ready == ("True", "Ready")


async def test_it_says_that_it_goes_on_by_itself_and_that_nothing_failed(world: World):
    world.change(**DB)
    await world.settle()

    assert conditions(world.status)["Reconciling"] == ("True", "DependencyNotReady")
    assert "Stalled" not in conditions(world.status)
    assert "Applied" not in conditions(world.status)
    assert conditions(world.status)["Rendered"][0] == "True"
    assert [reason for reason, _ in world.events] == ["DependencyNotReady"]


async def test_what_runs_stays_while_something_newer_waits(world: World):
    await world.settle()
    world.change(**DB)
    await world.settle()
    unchanged = world.ready
    world.push("stable", "two", "b", "c")
    await world.settle(300.0)
    waits, kept, applied = world.ready, world.holds("one", "a", "b"), conditions(world.status)["Applied"]
    world.drift("a", None)
    await world.settle()
    repaired = world.holds("one", "a", "b")
    world.show(db(1, ready()))
    await world.settle()

    assert unchanged == ("True", "Ready")
    assert (waits, kept, applied[0]) == (NOT_READY, True, "True")
    assert repaired
    assert world.holds("two", "b", "c")


async def test_a_dependency_that_is_not_ready_any_longer_touches_nothing(world: World):
    world.change(**DB)
    world.show(db(1, ready()))
    await world.settle()
    before = world.writes

    world.show(db(2, ready(status="False")))
    await world.settle()
    world.restart()
    world.show(db(2, ready(status="False")))
    await world.settle()

    assert world.ready == ("True", "Ready")
    assert world.holds("one", "a", "b")
    assert world.writes == before


async def test_who_waits_asks_for_nothing_but_its_tag(world: World):
    world.change(**DB)
    await world.settle()
    before, world.asked = world.writes, []

    await world.settle(3 * 300.0)

    assert world.writes == before
    assert world.asked == ["tag", "tag", "tag"]


async def test_what_of_a_dependency_changes_beside_ready_wakes_nobody(world: World):
    world.change(**DB)
    world.show(db(1))
    await world.settle()
    woken = list[PatternKey]()
    world.others._wake = woken.append

    world.show(db(2, msgspec.structs.replace(ready(status="Unknown"), digest="sha256:0a")))
    world.show(db(3, ready(status="False", reason="HealthTimeout")))
    unmoved = list(woken)
    world.show(db(4, ready()))

    assert unmoved == []
    assert woken == [KEY]


async def test_a_circle_is_told_and_ends_where_another_pattern_leaves_it(world: World):
    world.change(**DB)
    world.show(db(1, spec={"dependsOn": [{"name": "web"}]}))
    await world.settle()
    circle, said = world.ready, say(world)
    world.show(db(2, ready(generation=2), generation=2))
    await world.settle()

    assert circle == ("False", "DependencyCycle")
    assert "team/web -> team/db -> team/web" in said
    assert world.ready == ("True", "Ready")


async def test_what_the_artifact_names_is_waited_for_too(world: World):
    world.push("stable", "two", "a", depends_on=(Dependency(name="cache", version="1.x"),))
    await world.settle()
    waits = say(world)
    world.show(made("cache", status=ready("1.2.0")))
    await world.settle()

    assert "DesignPattern team/cache does not exist" in waits
    assert world.holds("two", "a")
    assert world.patterns.dependencies_of(KEY) == (PatternKey("team", "cache"),)


async def test_a_deletion_waits_for_nobody(world: World):
    world.change(**DB)
    world.show(db(1, ready()))
    await world.settle()
    world.patterns.forget(PatternKey("team", "db"))
    world.delete()
    await world.settle()

    assert world.pattern is None
    assert not world.live


@pytest.mark.parametrize("asked", [True, False])
async def test_a_new_spec_waits_again_unless_it_asks_for_the_same_objects(world: World, asked: bool):
    await world.settle()
    section = {"apply": {"prune": False}} if asked else {"interval": "7m"}
    world.change(**DB, **section)
    await world.settle()

    assert (world.ready == NOT_READY) is asked


async def test_what_is_applied_in_part_is_brought_to_its_end_whatever_becomes_of_a_dependency(world: World):
    world.change(**DB)
    world.show(db(1, ready()))
    world.refuses = {key_to("b")}
    await world.settle()
    in_part = world.holds("one", "a")
    world.show(db(2, ready(status="False")))
    world.refuses = set()
    await world.settle(60.0)

    assert in_part
    assert world.holds("one", "a", "b")
    assert world.ready == ("True", "Ready")


async def test_of_what_is_in_part_another_version_waits(world: World):
    world.change(**DB)
    world.show(db(1, ready()))
    world.refuses = {key_to("b")}
    await world.settle()
    world.show(db(2, ready(status="False")))
    world.push("stable", "two", "a")
    await world.settle(600.0)

    assert world.ready == NOT_READY
    assert world.holds("one", "a")


async def test_a_range_that_is_none_is_refused_and_a_correction_is_followed(world: World):
    world.show(db(1, ready()))
    world.change(dependsOn=[{"name": "db", "version": "newest"}])
    await world.settle()
    refused = world.ready
    world.change(dependsOn=[{"name": "db", "version": ">=1"}])
    await world.settle()

    assert refused == ("False", "InvalidReference")
    assert world.ready == ("True", "Ready")


# --- of what runs, and has nothing new to apply ---------------------------------------------------------------------

CIRCLE = ("False", "DependencyCycle")
WRONG: dict[str, Any] = {
    "itself": [{"name": "web"}],
    "a circle": [{"name": "db"}],
    "a range that is none": [{"name": "cache", "version": "nonsense"}],
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_what_can_never_be_met_is_told_of_what_runs_and_that_is_looked_after(world: World, wrong: str):
    world.show(db(1, ready(), spec={"dependsOn": [{"name": "web"}]}))
    world.show(made("cache", status=ready()))
    await world.settle()
    world.events = []
    world.change(dependsOn=WRONG[wrong])
    await world.settle()
    told, said, events = world.ready, conditions(world.status), [reason for reason, _ in world.events]
    world.drift("a", None)
    await world.settle()
    repaired, again = world.holds("one", "a", "b"), world.ready
    world.change(dependsOn=None)
    await world.settle()

    reason = "InvalidReference" if wrong == "a range that is none" else "DependencyCycle"
    assert told == again == ("False", reason)
    assert said["Stalled"] == ("True", reason)
    assert said["Applied"][0] == said["Healthy"][0] == "True"
    assert events == [reason]
    assert repaired
    assert world.ready == ("True", "Ready")
    assert "Stalled" not in conditions(world.status)


async def test_of_what_runs_it_is_said_that_it_stays(world: World):
    await world.settle()
    world.change(dependsOn=[{"name": "web"}])
    await world.settle()

    assert "team/web -> team/web" in say(world)
    assert say(world).endswith("What runs stays and is looked after; nothing newer is applied until then.")


async def test_who_runs_hears_of_a_circle_that_somebody_else_closes_and_opens(world: World):
    world.show(db(1, ready()))
    world.change(**DB)
    await world.settle()
    world.show(db(2, ready(generation=2), generation=2, spec={"dependsOn": [{"name": "web"}]}))
    await world.settle()
    closed = world.ready
    world.show(db(3, ready(generation=3), generation=3))
    await world.settle()

    assert closed == CIRCLE
    assert world.ready == ("True", "Ready")


async def test_a_circle_by_what_an_artifact_names_is_told_of_what_runs_after_a_change_of_its_spec(world: World):
    world.push("stable", "one", "a", "b", depends_on=(Dependency(name="db"),))
    world.show(db(1, ready()))
    await world.settle()
    world.change(interval="7m")
    await world.settle()
    world.show(db(2, ready(generation=2), generation=2, spec={"dependsOn": [{"name": "web"}]}))
    await world.settle()

    assert world.ready == CIRCLE


async def test_a_circle_is_still_told_after_a_restart_and_ends_without_an_apply(world: World):
    world.show(db(1, ready()))
    await world.settle()
    world.change(dependsOn=[{"name": "web"}])
    await world.settle()
    before = world.applied[:]
    world.restart()
    await world.settle()
    told = world.ready
    world.change(dependsOn=None)
    await world.settle()

    assert told == CIRCLE
    assert world.ready == ("True", "Ready")
    assert world.applied == before


async def test_what_runs_does_not_tell_of_a_dependency_that_only_is_not_there(world: World):
    await world.settle()
    world.change(dependsOn=[{"name": "nobody"}, {"name": "db", "version": ">=9"}])
    world.show(db(1, ready()))
    await world.settle()

    assert world.ready == ("True", "Ready")
    assert "Stalled" not in conditions(world.status)


@pytest.mark.parametrize("restarts", [False, True])
async def test_a_circle_is_still_told_while_the_registry_is_away(world: World, restarts: bool):
    await world.settle()
    world.change(dependsOn=[{"name": "web"}])
    await world.settle()
    world.away = True
    if restarts:
        world.restart()
    await world.settle(400.0)
    told, fetched = world.ready, conditions(world.status)["Fetched"]
    world.change(dependsOn=None)
    await world.settle(1.0)

    assert told == CIRCLE
    assert fetched[0] == "False"
    assert world.ready == ("True", "Ready")


async def test_of_what_runs_a_dependency_that_is_not_allowed_is_told_and_nobody_listens_to_it(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    def never_here(_: worlds.Cluster, found: DesignPattern, named: Sequence[Dependency]) -> Unmet | None:
        return never_met(found, named, contained=frozenset(), patterns=world.patterns, cross_namespace=False)

    monkeypatch.setattr(worlds.Cluster, "dependencies_never_met", never_here)
    await world.settle()
    world.change(dependsOn=[{"name": "db", "namespace": "elsewhere"}])
    await world.settle()
    woken = list[PatternKey]()
    world.others._wake = woken.append
    world.show(db(1, ready(), namespace="elsewhere"))

    assert world.ready == ("False", "CrossNamespace")
    assert world.holds("one", "a", "b")
    assert woken == []


async def test_what_the_artifact_contains_is_not_waited_for_but_told(world: World):
    contains = pattern_hook("db")
    world.push("stable", "one", "a", hooks=(contains,), depends_on=(Dependency(name="db"),))
    await world.settle()
    told, said = world.ready, say(world)
    world.push("stable", "two", "a", hooks=(contains,))
    world.request("now")
    await world.settle()

    assert told == CIRCLE
    assert world.ready == ("True", "Ready")
    assert "team/web -> team/db, which the first contains" in said

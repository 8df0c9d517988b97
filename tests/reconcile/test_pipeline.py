"""Whole runs, with no server: what the steps give, what is remembered, what is written, and when a pattern is due."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from tests.reconcile import world as worlds
from tests.reconcile.pattern import conditions
from tests.reconcile.world import KEY, SIGNED, World, key_to, names
from tests.testbed.paths import ROOT

from pattern_operator.api.reason import Reason
from pattern_operator.api.report import ComponentReport, Outcome
from pattern_operator.api.status import InventoryEntry
from pattern_operator.apply import inventory, owner_id
from pattern_operator.apply.co_owners import RemainingField
from pattern_operator.errors import Transient
from pattern_operator.reconcile import pipeline, runs, steps
from pattern_operator.reconcile.pipeline import STEPS
from pattern_operator.reconcile.state import Applying, Running


def applied_message(world: World) -> str:
    return next(each.message for each in world.status.conditions if each.type == "Applied")


def test_the_order_can_be_read_aloud():
    before, after = ["resolve", "verify", "fetch", "render", "gate", "pre-hooks"], ["apply", "observe", "post-hooks"]
    assert [each.name for each in STEPS] == [*before, *after]


@pytest.mark.parametrize("told", [pipeline.__doc__, steps.__doc__, (ROOT / "docs" / "architecture.md").read_text()])
def test_the_order_is_told_as_it_is(told: str):
    assert ", ".join(each.name for each in STEPS) in told


async def test_a_new_pattern_is_applied_and_ready(world: World):
    await world.settle()

    assert world.holds("one", "a", "b")
    assert world.ready == ("True", "Ready")
    assert names(world.status) == {"a", "b"}
    assert isinstance(world.state.objects, Running)
    assert [reason for reason, _ in world.events] == ["Updated", "Ready"]


async def test_a_settled_pattern_writes_nothing_and_asks_once_an_interval(world: World):
    await world.settle()
    before, world.asked = world.writes, []

    await world.settle(3 * 300.0)

    assert world.writes == before
    assert world.asked == ["tag", "tag", "tag"]


async def test_a_field_that_left_and_stays_is_said_as_long_as_it_does_and_the_pattern_is_ready(world: World):
    world.managed.staying = {key_to("a"): (RemainingField("someone", ".data.b", 1),)}
    await world.settle()
    told = applied_message(world)
    world.managed.staying = {}
    world.push("stable", "two", "a", "b")
    await world.settle(300.0)

    assert world.ready == ("True", "Ready")
    assert ".data.b left the pattern, and stays because field manager someone has set the same" in told
    assert "left the pattern" not in applied_message(world)


async def test_a_tag_that_is_moved_is_followed_and_what_left_is_pruned(world: World):
    await world.settle()
    world.push("stable", "two", "b", "c")

    await world.settle(300.0)

    assert world.holds("two", "b", "c")
    assert names(world.status) == {"b", "c"}
    assert world.ready == ("True", "Ready")


@pytest.mark.parametrize(
    ("newer", "reason"),
    [({"signed": False}, "SignatureMissing"), ({"refused": True}, "NotAPattern")],
    ids=["verify", "render"],
)
async def test_what_runs_stays_as_it_is_when_something_newer_is_refused(world: World, newer: Any, reason: str):
    await world.settle()
    world.push("stable", "two", "b", "c", **newer)

    await world.settle(300.0)

    assert world.holds("one", "a", "b")
    assert world.ready == ("False", reason)
    assert names(world.status) == {"a", "b"}
    assert world.state.running is not None
    assert world.removed == []


async def test_other_parameters_render_and_apply_again(world: World):
    await world.settle()
    world.live[next(key for key in world.live if key.name == "a")] = "of other parameters"
    world.values = b'{"a":1}'

    await world.settle(300.0)

    assert world.holds("one", "a", "b")
    assert world.state.running is not None
    assert world.state.running.desired.parameters == b'{"a":1}'


@pytest.mark.parametrize("signed", [True, False], ids=["signed", "not signed"])
async def test_whether_an_artifact_is_trusted_is_said_before_its_parameters_are_missed(world: World, signed: bool):
    world.values_missing = True
    world.push("stable", "two", "b", signed=signed)

    await world.settle()

    assert world.ready == ("False", "ParametersNotFound" if signed else "SignatureMissing")
    assert not world.live


async def test_what_runs_stays_while_its_parameters_are_missing(world: World):
    await world.settle()
    world.values_missing = True
    await world.settle(300.0)
    missing = world.ready
    world.drift("a", None)
    await world.settle()
    kept = world.holds("one", "a", "b")
    world.values_missing = False

    await world.settle(300.0)

    assert missing == ("False", "ParametersNotFound")
    assert kept
    assert world.ready == ("True", "Ready")


async def test_beside_something_newer_that_is_refused_drift_is_still_repaired(world: World):
    await world.settle()
    world.push("stable", "two", "b", "c", signed=False)
    await world.settle(300.0)
    world.drift("a", None)

    await world.settle()

    assert world.holds("one", "a", "b")
    assert (
        "DriftRepaired",
        "ConfigMap team/a was deleted, or lost its owner label; it was applied again",
    ) in world.events


async def test_an_apply_that_fails_in_part_goes_on_with_what_is_left(world: World):
    world.refuses = {key_to("b")}
    await world.settle(0.5)
    objects = world.state.objects
    assert isinstance(objects, Applying)
    assert (objects.applied, world.ready) == (frozenset({key_to("a")}), ("False", "ApplyFailed"))
    world.refuses = set()

    await world.settle(60.0)

    assert world.holds("one", "a", "b")
    assert world.ready == ("True", "Ready")


async def test_of_a_version_that_is_applied_in_part_status_says_so_until_all_of_it_is_there(world: World):
    await world.settle()
    whole = world.status.applying_revision
    world.push("stable", "two", "a", "c")
    world.refuses = {key_to("c")}
    await world.settle(301.0)
    in_part = world.status.applying_revision
    world.refuses = set()
    await world.settle(60.0)

    assert (whole, in_part) == ("", world.status.revision)
    assert world.holds("two", "a", "c")
    assert (world.status.applying_revision, world.status.applying_state) == ("", "")


@pytest.mark.parametrize("refused", [{"a", "c"}, {"b"}], ids=["all of it", "what runs already"])
async def test_a_version_of_which_nothing_is_applied_is_not_there_in_part(world: World, refused: set[str]):
    await world.settle()
    if "c" in refused:
        world.push("stable", "two", "a", "c")
    else:
        world.drift("b", None)
    world.refuses = {key_to(each) for each in refused}

    await world.settle(301.0)

    assert world.ready[0] == "False"
    assert world.status.applying_revision == ""


@pytest.mark.parametrize("sent", [True, False], ids=["after an object", "before the first"])
async def test_an_apply_that_is_cut_short_is_in_part_once_an_object_is_there(
    world: World, monkeypatch: pytest.MonkeyPatch, sent: bool
):
    async def cut_short(*_: Any, on_applied: Any, **__: Any) -> Any:
        if sent:
            on_applied(key_to("a"))
        raise Transient(reason=Reason.RUN_TIMEOUT, message="it took too long")

    await world.settle()
    monkeypatch.setattr(pipeline, "apply", cut_short)
    world.push("stable", "two", "a", "c")

    await world.settle(301.0)

    assert world.status.applying_revision == (world.status.last_attempted_revision if sent else "")
    assert names(world.status) == {"a", "b", "c"}
    objects = world.state.objects
    assert isinstance(objects, Applying)
    assert objects.applied == ({key_to("a")} if sent else set())


async def test_after_a_restart_nothing_that_is_as_it_was_is_written_or_removed(world: World):
    await world.settle()
    before = world.writes

    world.restart()
    await world.settle()

    assert (world.writes, world.removed) == (before, [])
    assert world.ready == ("True", "Ready")


async def test_after_a_restart_drift_is_repaired_also_where_something_newer_is_refused(world: World):
    await world.settle()
    world.push("stable", "two", "b", "c", signed=False)
    await world.settle(300.0)
    world.drift("a", "someone")
    world.restart()

    await world.settle()

    assert world.holds("one", "a", "b")
    assert world.ready == ("False", "SignatureMissing")


async def test_a_registry_that_is_away_takes_nothing_from_what_runs(world: World):
    await world.settle()
    world.away = True
    world.restart()

    await world.settle(600.0)

    assert world.holds("one", "a", "b")
    assert world.ready == ("True", "Ready")


@pytest.mark.parametrize("at_once", [True, False], ids=["by what runs", "after a restart"])
async def test_what_the_gate_refused_is_not_rendered_again_however_often_it_is_tried(
    world: World, monkeypatch: pytest.MonkeyPatch, at_once: bool
):
    rendered, built = list[str](), worlds.Registry.built

    def count(self: worlds.Registry, *given: Any) -> Any:
        rendered.append(world.name_of(str(given[-1].digest)))
        return built(self, *given)

    await world.settle()
    monkeypatch.setattr(worlds.Registry, "built", count)
    world.push("stable", "two")  # it has no object, so that all that runs would go
    if not at_once:
        world.restart()

    await world.settle(3 * 300.0)

    assert world.ready == ("False", "EmptyUpdate")
    assert world.holds("one", "a", "b")
    assert rendered.count("two") == 1


async def test_the_layers_of_an_artifact_are_open_no_longer_than_it_is_rendered(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    opened, closed, layers, send = list[Any](), list[Any](), worlds.Registry.layers, worlds.Cluster.send

    @asynccontextmanager
    async def note(self: worlds.Registry, *given: Any, **more: Any) -> AsyncIterator[Any]:
        async with layers(self, *given, **more) as found:
            opened.append(found)
            try:
                yield found
            finally:
                closed.append(found)

    async def check(self: worlds.Cluster, *given: Any, **more: Any) -> Any:
        assert closed == opened
        return await send(self, *given, **more)

    monkeypatch.setattr(worlds.Registry, "layers", note)
    monkeypatch.setattr(worlds.Cluster, "send", check)
    await world.settle()
    world.push("stable", "two", "b", refused=True)
    await world.settle(300.0)

    assert world.holds("one", "a", "b")
    assert len(opened) == 2
    assert closed == opened


async def test_an_artifact_of_which_a_component_cannot_be_rendered_is_not_applied(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    built = worlds.Registry.built
    broken = ComponentReport(id="c", name="c", kind="Odd", outcome=Outcome.REFUSED, message="it is odd")

    @asynccontextmanager
    async def refuse(self: worlds.Registry, *given: Any) -> AsyncIterator[Any]:
        async with built(self, *given) as rendering:
            yield replace(rendering, components=(broken,))

    monkeypatch.setattr(worlds.Registry, "built", refuse)

    await world.settle()

    assert (world.ready, world.live) == (("False", "ComponentsRefused"), {})


async def test_a_newer_version_has_the_whole_time_to_become_healthy():
    world = World(interval="1m", timeout="5m")
    world.push("stable", "one", "a")
    world.managed.unhealthy_keys = {key_to("a")}
    await world.settle(200.0)
    world.push("stable", "two", "a", "b")

    await world.settle(200.0)
    meanwhile = world.ready
    await world.settle(200.0)

    assert world.holds("two", "a", "b")
    assert (meanwhile, world.ready) == (("Unknown", "WaitingForHealth"), ("False", "HealthTimeout"))
    world.close()


async def test_what_is_asked_for_anew_is_looked_up_verified_and_sent_again_and_has_no_longer_to_become_healthy(
    monkeypatch: pytest.MonkeyPatch,
):
    world = World(timeout="5m", **SIGNED)
    world.push("stable", "one", "a")
    world.managed.unhealthy_keys = {key_to("a")}
    rerun = list[str]()
    monkeypatch.setattr(worlds.Managed, "rerun_finished", lambda _, owner: rerun.append(owner))
    await world.settle(200.0)
    world.asked, before = [], (list(world.applied), list(rerun))

    world.request("noon")
    await world.settle(1.0)
    asked, world.asked = world.asked, []
    await world.settle(150.0)

    assert before == (["one"], [])
    assert (asked, world.asked) == (["tag", "signatures"], [])
    assert (world.applied, rerun) == (["one", "one"], [owner_id(worlds.OWNER)])
    assert world.ready == ("False", "HealthTimeout")
    world.close()


async def test_that_an_artifact_will_not_render_stays_known_when_another_replica_led_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    rendered, built = list[Any](), worlds.Registry.built

    def count(self: worlds.Registry, *given: Any) -> Any:
        rendered.append(given)
        return built(self, *given)

    monkeypatch.setattr(worlds.Registry, "built", count)
    world.push("stable", "two", "a", refused=True)
    await world.settle()
    kept = world.reconciler.what_is_kept()
    world.restart()
    world.reconciler = world._reconciler(kept=kept)

    await world.settle(300.0)

    assert (world.ready, len(rendered)) == (("False", "NotAPattern"), 1)


async def test_what_was_rendered_is_said(world: World):
    await world.settle()

    assert conditions(world.status)["Rendered"] == ("True", "Succeeded")


async def test_who_signed_what_runs_is_said(world: World):
    await world.settle()

    assert [each.authority for each in world.status.verified_by] == ["release-team"]
    assert conditions(world.status)["Verified"] == ("True", "Succeeded")


async def test_a_suspended_pattern_is_left_alone_and_goes_on_when_it_is_not(world: World):
    await world.settle()
    world.change(suspend=True)
    await world.settle()
    world.drift("a", None)
    world.push("stable", "two", "b")
    world.asked = []
    await world.settle(600.0)
    assert (world.asked, key_to("a") in world.live) == ([], False)

    world.change(suspend=False)
    await world.settle()

    assert world.holds("two", "b")


async def test_a_deleted_pattern_takes_its_objects_down_and_then_goes(world: World):
    await world.settle()
    world.stuck = {key_to("a")}
    world.delete()
    await world.settle()
    assert (world.ready, names(world.status), world.live) == (("False", "Deleting"), {"a"}, {key_to("a"): "one"})

    world.stuck = set()
    world.waker.asked(KEY)
    await world.settle()

    assert (world.pattern, world.live) == (None, {})


async def test_what_left_and_cannot_go_yet_stays_in_the_inventory_and_goes_later(world: World):
    await world.settle()
    world.stuck = {key_to("a")}
    world.push("stable", "two", "b")
    await world.settle(300.0)
    assert (names(world.status), world.ready) == ({"a", "b"}, ("True", "Ready"))

    world.stuck = set()
    await world.settle(3 * 300.0)

    assert names(world.status) == {"b"}
    assert world.holds("two", "b")


@pytest.mark.parametrize("content", [None, "someone"], ids=["deleted", "changed"])
async def test_drift_of_what_runs_is_repaired_at_once_and_no_registry_is_asked(world: World, content: str | None):
    await world.settle()
    world.asked = []
    world.drift("a", content)

    await world.settle(1.0)

    assert world.holds("one", "a", "b")
    assert (world.asked, world.ready) == ([], ("True", "Ready"))


@pytest.mark.parametrize("is_refused", [False, True], ids=["all is well", "something newer is refused"])
async def test_what_is_written_in_our_name_is_compared_and_repaired_as_any_drift_is(world: World, is_refused: bool):
    await world.settle()
    if is_refused:
        world.push("stable", "two", "b", "c", signed=False)
        await world.settle(300.0)
    world.asked = []
    world.overwrite("a", "theirs")

    await world.settle(1.0)

    assert world.holds("one", "a", "b")
    assert world.asked == []
    assert ("DriftRepaired", "ConfigMap team/a was changed by someone; it was applied again") in world.events


async def test_after_a_restart_what_is_missing_is_seen_at_once_and_repaired_when_its_registry_is_back(world: World):
    await world.settle()
    world.restart()
    world.drift("a", None)
    world.away = True

    await world.settle(10.0)

    assert world.ready[0] == "False"
    world.away = False
    await world.settle(60.0)
    assert world.holds("one", "a", "b")


async def test_a_repair_that_is_refused_while_the_registry_is_away_is_not_retried_without_a_pause(world: World):
    await world.settle()
    world.drift("a", None)
    world.away, world.refuses = True, {key_to("a")}
    world.change(source={"url": "oci://registry.example/web", "ref": {"tag": "edge"}})

    await world.settle(600.0)  # it fails where the pattern is never at rest

    assert world.ready == ("False", "RegistryUnavailable")


async def test_a_new_pattern_costs_one_write_before_its_objects_and_one_after(world: World):
    await world.settle()

    assert world.writes == 2
    assert (world.inventoried, pending(world)) == (True, set())


async def test_an_update_costs_the_same_whatever_it_brings(world: World):
    await world.settle()
    for objects in (("a", "b"), ("b", "c")):
        before = world.writes
        world.push("stable", f"with {objects}", *objects)

        await world.settle(300.0)

        assert world.holds(f"with {objects}", *objects)
        assert world.writes == before + 2


async def test_an_object_that_could_not_be_made_is_written_ahead_again_and_no_longer_than_it_is_tried(world: World):
    world.refuses = {key_to("b")}

    await world.settle(30.0)
    refused = names(world.status), pending(world)
    world.refuses = set()
    await world.settle(300.0)

    assert refused == ({"a"}, set())
    assert (names(world.status), pending(world)) == ({"a", "b"}, set())


async def test_an_object_that_is_refused_does_not_change_what_status_says_with_each_try(world: World):
    world.refuses = {key_to("b")}
    await world.settle(30.0)
    before = world.status.conditions, len(world.applied)

    await world.settle(300.0)

    assert (world.status.conditions, len(world.applied)) == before  # ``a`` is there


async def test_an_apply_that_lasts_is_told_and_its_end_too(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(runs, "APPLY_LASTS", 0.0)
    world.gate = asyncio.Event()
    run = asyncio.create_task(world.settle())
    while not world.status.status:  # noqa: ASYNC110 - the world tells nobody
        await asyncio.sleep(0)
    told = world.ready, names(world.status)
    world.gate.set()

    await run

    assert told == (("Unknown", "Progressing"), {"a", "b"})
    assert world.ready == ("True", "Ready")
    assert world.writes == 3


async def test_while_it_is_applied_a_pattern_has_what_it_makes_and_nothing_else(world: World):
    world.gate = asyncio.Event()
    run = asyncio.create_task(world.settle())
    while not world.recorded:  # noqa: ASYNC110 - the world tells nobody
        await asyncio.sleep(0)
    during = [world.patterns.has(KEY, key_to(name)) for name in ("a", "x")]
    waits = pending(world)
    world.gate.set()

    await run

    assert (during, waits) == ([True, False], {"a", "b"})
    assert [world.patterns.has(KEY, key_to(name)) for name in ("a", "x")] == [True, False]


async def test_an_annotation_that_somebody_changes_is_nothing_to_a_pattern_that_was_applied(world: World):
    await world.settle()
    before, writes = dict(world.live), world.writes
    world.annotate(InventoryEntry(id=str(key_to("x")), v="v1", pending=True))
    world.waker.asked(KEY)

    await world.settle(3 * 300.0)

    assert (world.live, world.removed, world.writes) == (before, [], writes)
    assert names(world.status) == {"a", "b"}


def pending(world: World) -> set[str]:
    """The names of the inventory of which it is not known whether they exist."""
    return {inventory.key_of(each).name for each in world.status.inventory.entries if each.pending}

"""What a run need not do again, and what is forgotten of a pattern that is gone."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from tests.reconcile import world as worlds
from tests.reconcile.pattern import conditions, message
from tests.reconcile.world import KEY, OWNER, World, key_to

from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.apply import ApplyFailure, ApplyResult, FinalizeResult
from pattern_operator.apply.adoption import PAUSED
from pattern_operator.apply.need import NamespaceNeeded
from pattern_operator.errors import Transient
from pattern_operator.reconcile.state import Applying


@pytest.fixture
def world() -> Iterator[World]:
    world = World(interval="10m")
    world.push("stable", "one", "a", "b")
    yield world
    world.close()


async def test_what_runs_as_desired_is_not_applied_again(world: World):
    await world.settle()
    assert world.applied == ["one", "one"]

    await world.settle(3_600)

    assert world.applied == ["one", "one"]
    assert world.ready[0] == "True"


async def test_what_was_applied_before_another_object_was_refused_is_not_sent_again(world: World):
    world.refuses = {key_to("b")}
    await world.settle(3_600)
    assert world.applied == ["one"]

    world.refuses = set()
    await world.settle(3_600)
    assert world.applied == ["one", "one"]
    assert world.holds("one", "a", "b")


async def test_what_a_lost_request_may_have_changed_is_sent_again_with_what_was_refused(world: World):
    world.refuses = {key_to("b")}
    await world.settle()
    assert world.applied == ["one"]

    world.managed.unanswered = {key_to("a")}
    world.refuses = set()
    await world.settle(3_600)

    assert world.applied == ["one", "one", "one"]


async def test_what_is_written_in_our_name_while_another_object_is_refused_is_sent_again(world: World):
    world.refuses = {key_to("b")}
    await world.settle(0.5)
    world.overwrite("a", "theirs")
    world.refuses.clear()

    await world.settle(60.0)

    assert world.holds("one", "a", "b")
    assert world.ready == ("True", "Ready")


async def test_what_drifted_while_another_object_is_refused_is_put_right(world: World):
    world.refuses = {key_to("b")}
    await world.settle()
    world.drift("a", "theirs")
    await world.settle()

    assert world.holds("one", "a")


async def test_only_the_pattern_that_is_gone_is_forgotten(world: World):
    await world.settle()

    world.reconciler.forget(KEY, uid="another")
    assert world.patterns.get(KEY) is not None

    world.reconciler.forget(KEY, uid=OWNER)
    assert world.patterns.get(KEY) is None


async def test_a_pattern_whose_status_could_not_be_written_comes_again_when_it_is_due_whatever_happens_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    await world.settle()
    world.push("stable", "two", "a", refused=True)
    with monkeypatch.context() as away:
        away.setattr(worlds.StatusWriter, "status", failing(AWAY))
        await world.settle(601.0)
    due = world.due[KEY] - world.clock
    world.becomes("a", unhealthy=False)

    delay = await world.run_once()

    assert delay == pytest.approx(due)


async def test_a_deletion_that_failed_is_tried_again_when_it_is_due_and_not_because_something_else_happened(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    asked, refused = list[int](), FinalizeResult(error=AWAY)

    async def refuse(*_: Any) -> FinalizeResult:
        asked.append(1)
        return refused

    await world.settle()
    monkeypatch.setattr(worlds.Cluster, "delete", refuse)
    world.delete()
    await world.settle(0.0)
    due = world.due[KEY] - world.clock
    world.becomes("a", unhealthy=True)

    delay = await world.run_once()

    assert delay == pytest.approx(due)
    assert len(asked) == 1


async def test_what_a_repair_waits_for_is_waited_for(world: World, monkeypatch: pytest.MonkeyPatch):
    need, waits = NamespaceNeeded("new"), list[Any]()

    async def lacking(*_: Any, **__: Any) -> ApplyResult:
        return ApplyResult(failures=(ApplyFailure(key_to("a"), Reason.APPLY_FAILED, "no namespace", need=need),))

    await world.settle()
    monkeypatch.setattr(
        world.reconciler._runs._prerequisites, "wait", lambda key, needs: waits.append((key, set(needs)))
    )
    monkeypatch.setattr(worlds.Cluster, "send", lacking)
    world.drift("a", None)

    await world.settle(1.0)

    assert (KEY, {need}) in waits


async def test_a_manifest_that_cannot_be_read_is_a_failure_of_the_source_and_not_of_a_signature(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(worlds.Registry, "manifest", failing(AWAY))

    await world.settle(0.5)

    found = conditions(world.status)
    assert found["Fetched"] == ("False", "RegistryUnavailable")
    assert found.get("Verified", ("Unknown", ""))[0] == "Unknown"


AWAY = Transient(reason=Reason.REGISTRY_UNAVAILABLE, message="it is away; it is retried.")


def failing(error: Exception) -> Any:
    async def fail(*_: Any, **__: Any) -> Any:
        raise error

    return fail


def sending(monkeypatch: pytest.MonkeyPatch, change: Callable[[ApplyResult], ApplyResult]) -> list[list[str]]:
    """Let the cluster answer otherwise; the names of what it is sent, each time."""
    sent, send = list[list[str]](), worlds.Cluster.send

    async def send_and_change(self: worlds.Cluster, pattern: Any, objects: Any, **more: Any) -> ApplyResult:
        sent.append([each.key.name for each in objects])
        return change(await send(self, pattern, objects, **more))

    monkeypatch.setattr(worlds.Cluster, "send", send_and_change)
    return sent


async def test_what_others_have_a_part_of_is_not_sent_again_because_another_object_was_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    def note(result: ApplyResult) -> ApplyResult:
        return replace(result, notes=tuple((each, "a field is left to others") for each in result.applied))

    sent = sending(monkeypatch, note)
    world.refuses = {key_to("b")}

    await world.settle(1.0)

    assert sent[:2] == [["a", "b"], ["b"]]


async def test_what_was_sent_is_remembered_but_of_what_is_left_to_others(world: World, monkeypatch: pytest.MonkeyPatch):
    def note(result: ApplyResult) -> ApplyResult:
        return replace(result, notes=tuple((each, "is left") for each in result.applied if each == key_to("b")))

    sending(monkeypatch, note)

    await world.settle()

    assert set(world.managed._sent) == {key_to("a")}


async def test_what_is_there_already_is_known_to_be_also_where_an_apply_is_cut_short(world: World):
    await world.settle()
    world.reconciler._states._states[OWNER] = world.state.unsettled()
    world.gate = asyncio.Event()
    world.waker.asked(KEY)
    run = asyncio.create_task(world.run_once())
    await asyncio.sleep(1.0)
    run.cancel()
    await asyncio.wait({run})

    assert isinstance(world.state.objects, Applying)
    assert world.state.objects.applied == {key_to("a"), key_to("b")}


async def test_a_pattern_waits_only_for_objects_of_others_that_it_still_asks_for(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    waits = list[set[ObjectKey]]()
    monkeypatch.setattr(worlds.Cluster, "wait_only", lambda _, __, keys: waits.append(set(keys)))

    await world.settle()

    assert waits == [{key_to("a"), key_to("b")}]


async def test_of_what_drifted_unseen_an_apply_tells_what_it_repaired(world: World):
    await world.settle()
    world.events.clear()
    for each in ("a", "b"):
        world.live[key_to(each)] = "theirs"
    world.refuses = {key_to("b")}
    world.request("noon")

    await world.settle(0.5)

    told = [note for reason, note in world.events if reason == "DriftRepaired"]
    assert len(told) == 1
    assert "team/a" in told[0]
    assert "team/b" not in told[0]


@pytest.mark.parametrize(
    ("why", "disowned", "skipped"),
    [
        pytest.param(PAUSED, True, True, id="paused and not the pattern's"),
        pytest.param(PAUSED, False, False, id="paused and the pattern's"),
        pytest.param("is left to others", True, False, id="not paused"),
    ],
)
async def test_an_object_that_is_paused_and_not_the_patterns_yet_is_looked_at_again(
    world: World, monkeypatch: pytest.MonkeyPatch, why: str, disowned: bool, skipped: bool
):
    def skip(result: ApplyResult) -> ApplyResult:
        others = frozenset({key_to("b")}) if disowned else frozenset[ObjectKey]()
        return replace(result, applied=(key_to("a"),), skipped=((key_to("b"), why),), disowned=others)

    sending(monkeypatch, skip)

    await world.settle(0.5)

    assert world.state.running is not None
    assert world.state.running.skipped == (frozenset({key_to("b")}) if skipped else frozenset())
    assert world.due[KEY] - world.clock < 599.0 if skipped else world.due[KEY] - world.clock > 599.0


async def test_where_nothing_that_leaves_refused_a_version_nothing_is_said_of_it(world: World):
    world.refuses = {key_to("b")}

    await world.settle(0.5)

    assert world.ready == ("False", "ApplyFailed")
    assert "What refused it" not in message(world.status, "Ready")


async def test_what_leaves_and_refused_a_version_is_deleted_and_the_refusal_stays_the_cause(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    async def blocking(_: Any, __: Any, ___: Any, leaving: Any) -> frozenset[ObjectKey]:
        return frozenset(leaving)

    await world.settle()
    monkeypatch.setattr(worlds.Cluster, "blocking_admission", blocking)
    monkeypatch.setattr(worlds.Cluster, "_check_prune", lambda *_: None)  # it is pruned before all is there
    world.push("stable", "two", "b")
    world.refuses = {key_to("b")}
    await world.settle(595.5)

    failed = world.state.failed
    assert failed is not None
    assert failed.results is not None
    assert failed.results.failure is not None
    assert "What refused it is not in this version, and is deleted now" in failed.results.failure.message
    assert "1 object" in str(failed.results.failure.__cause__)


async def test_what_may_have_been_sent_in_another_version_is_listed_in_that_one_where_the_apply_is_cut_short(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    class Newer:
        @staticmethod
        def of(body: dict[str, Any]) -> Object:
            return Object.of({**body, "apiVersion": "v2"})

    await world.settle()
    before = {each.v for each in world.status.inventory.entries}
    monkeypatch.setattr(worlds, "Object", Newer)
    monkeypatch.setattr(worlds.Cluster, "digest", failing(AWAY))
    world.push("stable", "two", "a", "b")

    await world.settle(600.0)

    assert before == {"v1"}
    assert {each.v for each in world.status.inventory.entries} == {"v2"}

"""What a run need not do again, and what is forgotten of a pattern that is gone."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.reconcile import world as worlds
from tests.reconcile.pattern import conditions
from tests.reconcile.world import KEY, OWNER, World, key_to

from pattern_operator.api.reason import Reason
from pattern_operator.apply import ApplyFailure, ApplyResult, FinalizeResult
from pattern_operator.apply.need import NamespaceNeeded
from pattern_operator.errors import Transient


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

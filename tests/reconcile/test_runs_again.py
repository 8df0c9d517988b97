"""What a run need not do again, and what is forgotten of a pattern that is gone."""

from collections.abc import Iterator

import pytest
from tests.reconcile.world import KEY, OWNER, World, key_to


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

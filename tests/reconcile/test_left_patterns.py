"""Whole runs of a pattern that another one made and let go: it goes on as it is, and makes no new patterns."""

from tests.reconcile.world import World
from tests.reconcile.world_hooks import pattern_hook

TOLD = ("False", "ContainsItself")


async def test_what_was_let_go_makes_no_patterns_until_somebody_takes_it_over(world: World):
    world.push("stable", "one", "a", hooks=(pattern_hook("db"),))
    world.mark_released(released=True)
    await world.settle()
    told, held_back = world.ready, (world.hooks.made[:], world.applied[:])
    world.mark_released(released=False)
    await world.settle()

    assert told == TOLD
    assert held_back == ([], [])
    assert world.ready == ("True", "Ready")
    assert world.hooks.made == ["db"]


async def test_what_was_let_go_goes_on_without_new_patterns(world: World):
    await world.settle()
    world.mark_released(released=True)
    world.push("stable", "two", "c")
    world.request("now")
    await world.settle()

    assert world.ready == ("True", "Ready")
    assert world.holds("two", "c")


async def test_what_runs_of_it_stays_and_is_looked_after(world: World):
    await world.settle()
    world.mark_released(released=True)
    world.push("stable", "two", "c", hooks=(pattern_hook("db"),))
    world.request("now")
    await world.settle()
    world.drift("a", "changed")
    await world.settle()

    assert world.ready == TOLD
    assert world.holds("one", "a", "b")

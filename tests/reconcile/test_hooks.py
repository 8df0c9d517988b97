"""Hooks in whole runs: when they are run and when not, in which order, and what becomes of a run that one stops."""

import itertools
from typing import Any

import pytest
from msgspec.structs import replace
from tests.reconcile.world import KEY, SIGNED, World, key_to
from tests.reconcile.world_hooks import ILL, RUNNING, WELL, Made, hook, job

from pattern_operator.api.hook import Hook
from pattern_operator.api.object import Object
from pattern_operator.api.reason import Reason
from pattern_operator.errors import Transient

INTERVAL = 300.0
PRE, POST = hook("seed", "pre-install"), hook("notify", "post-install")
UPGRADE = hook("migrate", "pre-upgrade"), hook("notify-upgrade", "post-upgrade")
ALL = (PRE, POST, *UPGRADE)


@pytest.fixture
def plain() -> Any:
    """A world whose pattern follows a tag, under which a chart with hooks was pushed."""
    made = World()
    made.push("stable", "one", "a", "b", hooks=ALL)
    yield made
    made.close()


def message(world: World) -> str:
    return next(each.message for each in world.status.conditions if each.type == "Ready")


async def test_an_installation_runs_its_hooks_around_the_apply(plain: World):
    await plain.settle()

    assert plain.hooks.made == ["seed", "notify"]
    assert plain.holds("one", "a", "b")
    assert plain.ready == ("True", "Ready")
    assert plain.status.hooks is not None
    assert (plain.status.hooks.event, plain.status.hooks.phase) == ("post-install", "Succeeded")


async def test_nothing_is_applied_until_the_hook_before_it_is_over_and_no_timer_asks(plain: World):
    plain.hooks.at_once = None
    await plain.settle()
    assert (plain.live, plain.ready) == ({}, ("Unknown", "HookRunning"))
    assert "pre-install hook Job.batch team/seed runs" in message(plain)
    assert plain.due[next(iter(plain.due))] > plain.clock + 100
    plain.hooks.at_once = plain.hooks.live[job("seed")].outcome

    plain.hooks.ends("seed")
    await plain.settle()
    assert plain.holds("one", "a", "b")
    assert plain.ready == ("Unknown", "HookRunning")
    plain.hooks.ends("notify")
    await plain.settle()

    assert plain.ready == ("True", "Ready")
    assert plain.hooks.made == ["seed", "notify"]


async def test_hooks_after_the_apply_wait_for_health(plain: World):
    plain.hooks.at_once = None
    await plain.settle()
    plain.becomes("a", unhealthy=True)
    plain.hooks.ends("seed")
    await plain.settle()
    assert plain.hooks.made == ["seed"]
    assert plain.ready == ("Unknown", "WaitingForHealth")

    plain.becomes("a", unhealthy=False)
    await plain.settle()

    assert plain.hooks.made == ["seed", "notify"]


async def test_what_runs_and_did_not_change_runs_no_hook_again_also_after_a_restart(plain: World):
    await plain.settle()
    await plain.settle(3 * INTERVAL)
    plain.request("now")
    plain._watched()
    await plain.settle()
    plain.restart()
    await plain.settle(2 * INTERVAL)
    plain.drift("a", "changed")
    await plain.settle()

    assert plain.hooks.made == ["seed", "notify"]
    assert plain.ready == ("True", "Ready")


async def test_an_update_runs_the_hooks_of_an_upgrade(plain: World):
    await plain.settle()
    plain.push("stable", "two", "a", hooks=ALL)
    await plain.settle(INTERVAL)

    assert plain.hooks.made == ["seed", "notify", "migrate", "notify-upgrade"]
    assert plain.holds("two", "a")
    assert plain.ready == ("True", "Ready")


async def test_the_first_version_with_hooks_runs_those_of_an_upgrade(plain: World):
    plain.push("stable", "none", "a", "b")
    await plain.settle()
    assert plain.status.hooks is None
    plain.push("stable", "two", "a", hooks=ALL)
    await plain.settle(INTERVAL)

    assert plain.hooks.made == ["migrate", "notify-upgrade"]


async def test_a_changed_rendering_runs_the_hooks_of_an_upgrade_and_other_changes_of_the_spec_do_not(plain: World):
    await plain.settle()
    plain.change(timeout="9m")
    await plain.settle()
    assert plain.hooks.made == ["seed", "notify"]

    plain.change(render={"onInvalid": "Skip"})
    await plain.settle()

    assert plain.hooks.made == ["seed", "notify", "migrate", "notify-upgrade"]


async def test_new_values_of_a_secret_run_the_hooks_of_an_upgrade_once(plain: World):
    await plain.settle()
    plain.values = b'{"password": "another"}'
    plain.waker.found(KEY)
    await plain.settle(2 * INTERVAL)

    assert plain.hooks.made == ["seed", "notify", "migrate", "notify-upgrade"]
    assert plain.ready == ("True", "Ready")


async def test_a_hook_that_fails_before_an_update_leaves_what_runs_and_is_not_run_again_by_itself(plain: World):
    await plain.settle()
    plain.hooks.fails = {"migrate"}
    plain.push("stable", "two", "c", hooks=ALL)
    await plain.settle(2 * INTERVAL)
    plain.restart()
    await plain.settle(2 * INTERVAL)

    assert plain.holds("one", "a", "b")
    assert plain.hooks.made == ["seed", "notify", "migrate"]
    assert plain.ready == ("False", "HookFailed")
    assert "pre-upgrade hook Job.batch team/migrate failed (BackoffLimitExceeded): pod seed-x: exit code 1" in message(
        plain
    )
    assert "requestedAt" in message(plain)


async def test_beside_a_hook_that_failed_drift_of_what_runs_is_repaired(plain: World):
    await plain.settle()
    plain.hooks.fails = {"migrate"}
    plain.push("stable", "two", "c", hooks=ALL)
    await plain.settle(INTERVAL)
    plain.drift("a", None)
    await plain.settle()

    assert plain.holds("one", "a", "b")


@pytest.mark.parametrize("by", ["request", "spec", "revision"])
async def test_a_hook_that_failed_is_run_again_when_somebody_asks_for_it(plain: World, by: str):
    await plain.settle()
    plain.hooks.fails = {"migrate"}
    plain.push("stable", "two", "c", hooks=ALL)
    await plain.settle(INTERVAL)
    plain.hooks.fails = set()
    match by:
        case "request":
            plain.request("now")
        case "spec":
            plain.change(timeout="9m")
        case "revision":
            plain.push("stable", "three", "c", hooks=ALL)
    await plain.settle(INTERVAL)

    assert plain.hooks.made == ["seed", "notify", "migrate", "migrate", "notify-upgrade"]
    assert plain.ready == ("True", "Ready")


async def test_who_goes_back_after_a_hook_failed_runs_no_hook(plain: World):
    await plain.settle()
    plain.hooks.fails = {"migrate"}
    plain.push("stable", "two", "c", hooks=ALL)
    await plain.settle(INTERVAL)
    plain.tags["stable"] = "one"
    await plain.settle(INTERVAL)
    plain.restart()
    await plain.settle(INTERVAL)

    assert plain.hooks.made == ["seed", "notify", "migrate"]
    assert plain.ready == ("True", "Ready")


async def test_a_hook_that_fails_after_the_apply_is_said_beside_what_runs(plain: World):
    plain.hooks.fails = {"notify"}
    await plain.settle()
    plain.restart()
    await plain.settle(2 * INTERVAL)
    assert plain.holds("one", "a", "b")
    assert plain.ready == ("False", "HookFailed")
    assert plain.hooks.made == ["seed", "notify"]
    plain.hooks.fails = set()

    plain.request("now")
    await plain.settle()

    assert plain.hooks.made == ["seed", "notify", "notify"]
    assert plain.ready == ("True", "Ready")


async def test_a_hook_that_does_not_end_in_time_fails(plain: World):
    plain.hooks.at_once = None
    plain.change(timeout="2m")
    await plain.settle(119.0)
    assert plain.ready == ("Unknown", "HookRunning")

    await plain.settle(5.0)

    assert plain.ready == ("False", "HookFailed")
    assert "did not end within 2m (spec.timeout)" in message(plain)
    assert plain.live == {}


async def test_hooks_go_one_after_the_other_by_weight():
    world = World()
    hooks = (hook("c", "pre-install", weight=5), hook("b", "pre-install"), hook("a", "pre-install", weight=-1))
    world.push("stable", "one", "x", hooks=(*hooks, hook("aa", "pre-install")))
    await world.settle()
    world.close()

    assert world.hooks.made == ["a", "aa", "b", "c"]


@pytest.mark.parametrize(
    ("policy", "fails", "deleted"),
    [
        (None, False, []),
        ("hook-succeeded", False, ["seed"]),
        ("hook-succeeded", True, []),
        ("hook-failed", True, ["seed"]),
        ("hook-failed", False, []),
        ("hook-succeeded,hook-failed", True, ["seed"]),
    ],
)
async def test_the_object_of_a_hook_goes_as_its_policy_says(policy: str | None, fails: bool, deleted: list[str]):
    world = World()
    world.hooks.fails = {"seed"} if fails else set()
    world.push("stable", "one", "x", hooks=(hook("seed", "pre-install", policy=policy),))
    await world.settle(INTERVAL)
    world.close()

    assert world.hooks.made == ["seed"]
    assert world.hooks.deleted == deleted
    assert world.ready == (("False", "HookFailed") if fails else ("True", "Ready"))


async def test_the_object_of_an_earlier_run_goes_before_the_next_is_made():
    world = World()
    world.push("stable", "one", "x", hooks=(hook("both", "pre-install,pre-upgrade"),))
    await world.settle()
    world.hooks.stuck = {"both"}
    world.push("stable", "two", "x", hooks=(hook("both", "pre-install,pre-upgrade"),))
    await world.settle(INTERVAL)
    assert world.hooks.made == ["both"]
    assert "of an earlier run is being deleted" in message(world)

    world.hooks.vanishes("both")
    await world.settle()
    world.close()

    assert world.hooks.made == ["both", "both"]
    assert world.holds("two", "x")


@pytest.mark.parametrize(
    ("ours", "run", "words"),
    [
        (False, "", "belongs to DesignPattern team/other: it is neither changed nor deleted"),
        (True, "", "no hook of this pattern made it: it is neither changed nor deleted"),
    ],
)
async def test_an_object_that_no_hook_made_is_never_touched(plain: World, ours: bool, run: str, words: str):
    plain.hooks.exists("seed", ours=ours, run=run)
    await plain.settle(INTERVAL)

    assert plain.ready == ("False", "HookFailed")
    assert words in message(plain)
    assert (plain.hooks.made, plain.hooks.deleted, plain.live) == ([], [], {})


async def test_without_before_hook_creation_what_is_there_stays_and_is_named():
    world = World()
    kept = hook("seed", "pre-install,pre-upgrade", policy="hook-failed")
    world.push("stable", "one", "x", hooks=(kept,))
    await world.settle()
    world.push("stable", "two", "x", hooks=(kept,))
    await world.settle(INTERVAL)
    world.close()

    assert world.ready == ("False", "HookFailed")
    assert "is there from an earlier run" in message(world)
    assert world.hooks.deleted == []


async def test_an_installation_over_a_release_of_helm_runs_no_hook_and_its_update_does(plain: World):
    plain.hooks.of_helm = True
    await plain.settle()
    assert plain.hooks.made == []
    assert plain.ready == ("True", "Ready")

    plain.push("stable", "two", "a", hooks=ALL)
    await plain.settle(INTERVAL)

    assert plain.hooks.made == ["migrate", "notify-upgrade"]


async def test_a_suspended_pattern_runs_no_hook(plain: World):
    plain.change(suspend=True)
    await plain.settle(INTERVAL)
    assert plain.hooks.made == []

    plain.change(suspend=False)
    await plain.settle()

    assert plain.hooks.made == ["seed", "notify"]


async def test_an_update_that_is_refused_runs_no_hook(plain: World):
    await plain.settle()
    plain.push("stable", "two", "a", refused=True, hooks=ALL)
    await plain.settle(INTERVAL)

    assert plain.hooks.made == ["seed", "notify"]


async def test_tests_and_rollback_hooks_never_run():
    world = World()
    world.push("stable", "one", "x", hooks=(hook("t", "test"), hook("r", "pre-rollback,post-rollback")))
    await world.settle()
    world.push("stable", "two", "x", hooks=(hook("t", "test"), hook("r", "pre-rollback,post-rollback")))
    await world.settle(INTERVAL)
    world.close()

    assert world.hooks.made == []
    assert world.ready == ("True", "Ready")


async def test_a_hook_that_somebody_deletes_while_it_runs_fails_and_is_not_run_twice(plain: World):
    plain.hooks.at_once = None
    await plain.settle()
    plain.hooks.vanishes("seed")
    await plain.settle(INTERVAL)

    assert plain.hooks.made == ["seed"]
    assert plain.ready == ("False", "HookFailed")
    assert "is gone, and nobody saw how it ended" in message(plain)


async def test_a_hook_that_the_server_refuses_is_named_once(plain: World):
    plain.hooks.refused = ".spec.restartPolici: field not declared in schema"
    await plain.settle(INTERVAL)

    assert plain.ready == ("False", "HookFailed")
    assert message(plain).count("team/seed") == 1
    assert "team/seed: .spec.restartPolici: field not declared in schema. It is run again" in message(plain)


async def test_a_hook_that_ends_badly_later_fails_the_run(plain: World):
    plain.hooks.at_once = None
    await plain.settle()
    plain.hooks.ends("seed", ILL)
    await plain.settle(INTERVAL)

    assert plain.ready == ("False", "HookFailed")
    assert plain.live == {}


@pytest.mark.parametrize("policy", [None, "hook-succeeded", "before-hook-creation,hook-succeeded"])
@pytest.mark.parametrize("work", ["create", "update"])
async def test_whenever_the_process_ends_no_hook_is_run_twice_and_none_is_forgotten(work: str, policy: str | None):
    def chart() -> tuple[Any, ...]:
        return (
            hook("p1", "pre-install,pre-upgrade", policy=policy),
            hook("p2", "pre-install,pre-upgrade", weight=1, policy=policy),
            hook("q", "post-install,post-upgrade", policy=policy),
        )

    for moment in itertools.count(1):
        assert moment < 60
        world = World(interval="30s")
        world.push("stable", "one", "a", "b", hooks=chart())
        if work == "update":
            await world.settle()
            world.hooks.made.clear()
            world.push("stable", "two", "b", "c", hooks=chart())
        world.kill_at = world.steps + moment
        await world.settle(31.0)
        ended = world.kill_at is not None
        world.kill_at = None
        await world.settle(31.0)
        world.close()

        assert world.hooks.made == ["p1", "p2", "q"], moment
        assert world.ready == ("True", "Ready"), moment
        assert world.holds(*(("one", "a", "b") if work == "create" else ("two", "b", "c"))), moment
        assert (world.hooks.live == {}) == (policy is not None), moment
        if ended:
            break
    assert moment > 8


BYE = hook("backup", "pre-delete"), hook("goodbye", "post-delete")


@pytest.fixture
async def leaving() -> Any:
    """A world in which a chart with hooks for its deletion runs."""
    world = World()
    world.push("stable", "one", "a", "b", hooks=BYE)
    await world.settle()
    yield world
    world.close()


def gone(world: World) -> bool:
    return world.pattern is None and not world.live


async def test_a_deletion_runs_its_hooks_around_the_objects(leaving: World):
    assert leaving.hooks.made == []
    leaving.hooks.at_once = None
    leaving.delete()
    await leaving.settle()
    assert (leaving.holds("one", "a", "b"), leaving.ready) == (True, ("False", "HookRunning"))

    leaving.hooks.ends("backup")
    await leaving.settle()
    assert not leaving.live
    assert leaving.pattern is not None
    leaving.hooks.ends("goodbye")
    await leaving.settle()

    assert gone(leaving)
    assert leaving.hooks.made == ["backup", "goodbye"]


async def test_a_hook_that_fails_before_the_deletion_stops_it_until_it_is_run_again(leaving: World):
    leaving.hooks.fails = {"backup"}
    leaving.delete()
    await leaving.settle(3 * INTERVAL)
    assert leaving.holds("one", "a", "b")
    assert leaving.ready == ("False", "HookFailed")
    assert leaving.hooks.made == ["backup"]
    leaving.hooks.fails = set()

    leaving.request("now")
    await leaving.settle(INTERVAL)

    assert gone(leaving)
    assert leaving.hooks.made == ["backup", "backup", "goodbye"]


async def test_a_hook_that_fails_after_the_deletion_is_told_and_holds_nothing(leaving: World):
    leaving.hooks.fails = {"goodbye"}
    leaving.delete()
    await leaving.settle(INTERVAL)

    assert gone(leaving)
    assert any(reason == "HookFailed" and "team/goodbye failed" in note for reason, note in leaving.events)


@pytest.mark.parametrize("why", ["away", "unbuildable", "suspended"])
async def test_where_the_hooks_cannot_be_had_the_deletion_goes_on_and_says_so(leaving: World, why: str):
    match why:
        case "away":
            leaving.on_layers = fail_as_away
        case "unbuildable":
            leaving.artifacts_of("one").refused = True
        case "suspended":
            leaving.change(suspend=True)
    leaving.delete()
    await leaving.settle()

    assert gone(leaving)
    assert leaving.hooks.made == []
    told = [note for reason, note in leaving.events if reason == "HookFailed"]
    assert len(told) == 1
    assert "the pre-delete hooks are not run, because they cannot be had" in told[0]


ENDS = "Namespace team is being deleted, or gone, and nothing can be made in it"


@pytest.mark.parametrize("event", ["pre-delete", "post-delete"])
async def test_in_a_namespace_that_is_being_deleted_no_hook_holds_the_pattern(event: str):
    world = World()
    world.push("stable", "one", "a", hooks=(hook("last", event),))
    await world.settle()
    world.hooks.going = {"team"}
    world.delete()
    await world.settle()
    world.close()

    assert gone(world)
    assert world.hooks.made == []
    assert [note for reason, note in world.events if reason == "HookFailed"] == [
        f"the {event} hooks are not run to their end: {ENDS}"
    ]


async def test_a_hook_that_went_with_its_namespace_holds_the_pattern_no_longer(leaving: World):
    leaving.hooks.at_once = None
    leaving.delete()
    await leaving.settle()
    leaving.hooks.going = {"team"}
    leaving.hooks.vanishes("backup")
    await leaving.settle()

    assert gone(leaving)
    assert any(ENDS in note for reason, note in leaving.events if reason == "HookFailed")


async def test_a_hook_that_failed_holds_the_pattern_until_its_namespace_is_deleted(leaving: World):
    leaving.hooks.fails = {"backup"}
    leaving.delete()
    await leaving.settle()
    leaving.hooks.going = {"elsewhere"}
    leaving.annotate()
    await leaving.settle()
    assert leaving.ready == ("False", "HookFailed")

    leaving.hooks.going = {"team"}
    leaving.hooks.vanishes("backup")
    await leaving.settle()

    assert gone(leaving)
    assert leaving.hooks.made == ["backup"]


@pytest.mark.parametrize(("reason", "goes"), [(Reason.FORBIDDEN, True), (Reason.API_SERVER_UNAVAILABLE, False)])
async def test_a_hook_elsewhere_is_left_out_where_the_account_of_the_pattern_is_going(reason: Reason, goes: bool):
    world = World()
    backup = hook("backup", "pre-delete")
    body = {**backup.object.body, "metadata": {**backup.object.body["metadata"], "namespace": "elsewhere"}}
    world.push("stable", "one", "a", hooks=(Hook(Object.of(body), backup.events, 0, backup.delete_policies),))
    await world.settle()
    world.hooks.going, world.hooks.refuses = {"team"}, reason
    world.delete()
    await world.settle()
    world.close()

    assert gone(world) == goes
    assert bool(world.live) != goes


async def test_who_deletes_a_pattern_is_told_both_ways_out_of_a_hook_that_failed(leaving: World):
    leaving.hooks.fails = {"backup"}
    leaving.delete()
    await leaving.settle()

    assert "or kubectl annotate dp -n team web pattern-operator.io/requestedAt=" in message(leaving)
    assert "kubectl patch designpattern web -n team" in message(leaving)
    assert '{"spec":{"apply":{"deletionPolicy":"Orphan"}}}' in message(leaving)
    assert "new revision" not in message(leaving)


async def test_a_hook_that_failed_after_the_deletion_is_not_said_to_run_again(leaving: World):
    leaving.hooks.fails = {"goodbye"}
    leaving.delete()
    await leaving.settle()

    (told,) = (note for reason, note in leaving.events if reason == "HookFailed")
    assert "It is not run again" in told
    assert "kubectl" not in told


async def test_a_cause_that_ends_in_a_full_stop_has_no_second_one(plain: World):
    plain.hooks.refused = "it is refused. "
    await plain.settle(INTERVAL)

    assert "it is refused. It is run again" in message(plain)


def fail_as_away() -> None:
    raise Transient(reason=Reason.REGISTRY_UNAVAILABLE, message="the registry is away")


async def test_hooks_of_an_artifact_that_is_not_trusted_any_longer_are_not_run():
    world = World(**SIGNED)
    world.push("stable", "one", "a", hooks=BYE)
    await world.settle()
    world.restart()
    world.hidden = {"one"}
    world.delete()
    await world.settle()
    world.close()

    assert gone(world)
    assert world.hooks.made == []


async def test_a_pattern_that_leaves_its_objects_runs_no_hooks_of_a_deletion(leaving: World):
    leaving.change(apply={"deletionPolicy": "Orphan"})
    leaving.delete()
    await leaving.settle()

    assert leaving.pattern is None
    assert leaving.hooks.made == []


async def test_whenever_the_process_ends_no_hook_of_a_deletion_is_run_twice_and_none_is_forgotten():
    for moment in itertools.count(1):
        assert moment < 60
        world = World(interval="30s")
        hooks = (hook("p1", "pre-delete", policy="hook-succeeded"), hook("p2", "pre-delete", weight=1), *BYE[1:])
        world.push("stable", "one", "a", "b", hooks=hooks)
        await world.settle()
        world.kill_at = world.steps + moment
        world.delete()
        await world.settle(31.0)
        ended = world.kill_at is not None
        world.kill_at = None
        await world.settle(31.0)
        world.close()

        assert gone(world), moment
        assert world.hooks.made == ["p1", "p2", "goodbye"], moment
        if ended:
            break
    assert moment > 8


async def test_a_hook_of_two_moments_is_run_at_both():
    world = World()
    both = hook("check", "pre-install,post-install,pre-upgrade,post-upgrade")
    world.push("stable", "one", "a", hooks=(both,))
    await world.settle()
    assert world.hooks.made == ["check"] * 2

    world.push("stable", "two", "a", hooks=(both,))
    await world.settle(INTERVAL)
    world.close()

    assert world.hooks.made == ["check"] * 4
    assert world.ready == ("True", "Ready")


async def test_of_two_hooks_of_one_name_both_are_run():
    world = World()
    hooks = (hook("migrate", "pre-install"), hook("migrate", "pre-install", weight=1))
    world.push("stable", "one", "a", hooks=hooks)
    await world.settle()
    world.close()

    assert (world.hooks.made, world.hooks.deleted) == (["migrate"] * 2, ["migrate"])
    assert world.ready == ("True", "Ready")


async def upgrade_under_way() -> World:
    """A world in which the migration to version two runs, and version three was pushed."""
    world = World()
    world.push("stable", "one", "a")
    await world.settle()
    world.hooks.at_once = None
    for version in ("two", "three"):
        world.push("stable", version, "a", hooks=(hook("migrate", "pre-upgrade"),))
        await world.settle(INTERVAL)
    return world


async def test_a_hook_that_runs_is_waited_for_when_the_next_revision_comes():
    world = await upgrade_under_way()
    assert (world.hooks.made, world.hooks.deleted) == (["migrate"], [])
    assert "of an earlier run is not over, and is waited for" in message(world)
    world.hooks.at_once = WELL

    world.hooks.ends("migrate")
    await world.settle(INTERVAL)
    world.close()

    assert (world.hooks.made, world.hooks.deleted) == (["migrate"] * 2, ["migrate"])
    assert world.ready == ("True", "Ready")


async def test_a_hook_of_an_earlier_revision_that_never_ends_is_replaced_after_the_timeout():
    world = await upgrade_under_way()
    world.change(timeout="6m")
    world.hooks.at_once = WELL
    await world.settle(3 * INTERVAL)
    world.close()

    assert (world.hooks.made, world.hooks.deleted) == (["migrate"] * 2, ["migrate"])
    assert world.ready == ("True", "Ready")


@pytest.mark.parametrize("forged", [{"event": "x"}, {"completed": -1}, {"phase": "x"}, {"run": "", "event": "\n"}])
async def test_a_record_that_the_operator_does_not_write_is_begun_anew(forged: dict[str, Any]):
    world = World()
    world.push("stable", "one", "a", hooks=(hook("a", "pre-install"), hook("b", "pre-install", weight=1)))
    world.hooks.at_once = None
    await world.settle()
    world.restart()
    assert world.status.hooks is not None
    assert world.pattern is not None
    status = replace(world.status, hooks=replace(world.status.hooks, **forged))
    world.pattern = replace(world.pattern, status=status)
    world.hooks.at_once = WELL
    world.hooks.live[job("a")].outcome = WELL
    world.request("now")
    await world.settle(INTERVAL)
    world.close()

    assert world.hooks.made == ["a", "a", "b"]
    assert world.ready == ("True", "Ready")


async def test_what_a_deleted_pattern_of_this_name_left_running_is_looked_at_again_and_replaced():
    world = World()
    world.push("stable", "one", "a", hooks=(hook("seed", "pre-install"),))
    world.hooks.live[job("seed")] = Made("left", "run-0", RUNNING, watched=False)
    await world.settle()
    assert world.hooks.made == []

    world.hooks.live[job("seed")].outcome = WELL  # nobody tells
    await world.settle(120.0)
    world.close()

    assert (world.hooks.deleted, world.hooks.made) == (["seed"], ["seed"])
    assert world.ready == ("True", "Ready")


def config_map(name: str, event: str, *, policy: str | None = None) -> Hook:
    """A ConfigMap that is a hook: as the ordinary objects of the world, it is over as soon as it is there."""
    annotations = {"helm.sh/hook": event} | ({"helm.sh/hook-delete-policy": policy} if policy is not None else {})
    metadata = {"name": name, "namespace": "team", "annotations": annotations}
    found = Hook.of(Object.of({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}))
    assert found is not None
    return found


async def becomes_a_hook(event: str, **spec: Any) -> World:
    """A pattern whose object b is a hook in the version that is there now."""
    world = World(**spec)
    world.push("stable", "one", "a", "b")
    await world.settle()
    world.push("stable", "two", "a", hooks=(config_map("b", event),))
    return world


@pytest.mark.parametrize("event", ["pre-upgrade", "post-upgrade"])
async def test_what_was_an_ordinary_object_may_be_a_hook_of_the_next_version(event: str):
    world = await becomes_a_hook(event)
    await world.settle(INTERVAL)
    world.close()

    assert world.hooks.made == ["b"]
    assert world.ready == ("True", "Ready")
    assert world.holds("two", "a")
    assert [each.id for each in world.status.inventory.entries] == [str(key_to("a"))]
    assert key_to("b") in world.hooks.live, "what a hook made is not pruned"


@pytest.mark.parametrize("event", ["pre-upgrade", "post-upgrade"])
async def test_the_object_that_a_hook_replaces_is_waited_for(event: str):
    world = await becomes_a_hook(event)
    world.stuck.add(key_to("b"))
    await world.settle(INTERVAL)
    assert (world.hooks.made, world.ready) == ([], ("Unknown", "HookRunning"))

    world.let_go("b")
    await world.settle(INTERVAL)
    world.close()

    assert (world.hooks.made, world.ready) == (["b"], ("True", "Ready"))
    assert key_to("b") in world.hooks.live, "what a hook made is not pruned"


async def test_who_goes_back_has_the_object_again_that_a_hook_replaced():
    world = await becomes_a_hook("pre-upgrade")
    world.hooks.fails.add("b")
    await world.settle(INTERVAL)
    assert world.ready == ("False", "HookFailed")
    assert world.holds("one", "a")

    world.hooks.live.clear()
    world.push("stable", "one", "a", "b")
    await world.settle(INTERVAL)
    world.close()

    assert world.holds("one", "a", "b")
    assert world.ready == ("True", "Ready")


async def test_an_object_that_asks_to_stay_is_not_replaced_by_a_hook():
    world = await becomes_a_hook("pre-upgrade")
    world.kept.add("b")
    await world.settle(INTERVAL)
    world.close()

    assert (world.hooks.made, world.ready) == ([], ("False", "HookFailed"))
    assert "stays (it is annotated helm.sh/resource-policy: keep)" in message(world)
    assert world.holds("one", "a", "b")


@pytest.mark.parametrize(
    ("policy", "spec"), [("hook-succeeded", {}), (None, {"apply": {"prune": False}})], ids=["policy", "prune"]
)
async def test_where_nothing_may_be_deleted_a_hook_replaces_no_ordinary_object(policy: str, spec: dict[str, Any]):
    world = World(**spec)
    world.push("stable", "one", "a", "b")
    await world.settle()
    world.push("stable", "two", "a", hooks=(config_map("b", "pre-upgrade", policy=policy),))
    await world.settle(INTERVAL)
    world.close()

    assert (world.hooks.made, world.ready) == ([], ("False", "HookFailed"))
    assert world.holds("one", "a", "b")


async def test_an_object_of_this_version_is_never_replaced_by_a_hook():
    world = World()
    world.push("stable", "one", "a", "b")
    await world.settle()
    world.push("stable", "two", "a", "b", hooks=(config_map("b", "pre-upgrade"),))
    await world.settle(INTERVAL)
    world.close()

    assert (world.hooks.made, world.ready) == ([], ("False", "HookFailed"))


async def test_whenever_the_process_ends_an_object_is_replaced_by_its_hook_once():
    world = await becomes_a_hook("pre-upgrade")
    world.close()
    done = False
    moment = 1
    while not done:
        world = await becomes_a_hook("pre-upgrade")
        world.steps, world.kill_at = 0, moment
        await world.settle(INTERVAL)
        done = world.kill_at is not None
        world.kill_at = None
        await world.settle(INTERVAL)
        world.close()
        assert world.ready == ("True", "Ready"), moment
        assert world.hooks.made == ["b"], moment
        assert world.holds("two", "a"), moment
        moment += 1
    assert moment > 5, "the process ended at no moment"

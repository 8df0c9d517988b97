"""A policy changes while a pattern runs: what was approved is judged again, and what lost its trust is left alone."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.reconcile import world as worlds
from tests.reconcile.pattern import REVISION, conditions, pattern
from tests.reconcile.world import KEY, World, key_to

from pattern_operator import limits
from pattern_operator.api.condition import ConditionType
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, Repository
from pattern_operator.api.verification import (
    PolicyMode,
    PolicySource,
    Requirement,
    TrustedAuthority,
    VerificationPolicy,
    VerificationResult,
)
from pattern_operator.apply import FinalizeResult
from pattern_operator.errors import Transient
from pattern_operator.reconcile import trust
from pattern_operator.reconcile.checked import Checked, SignedArtifact
from pattern_operator.reconcile.conditions import condition_of
from pattern_operator.reconcile.desired import desired_state
from pattern_operator.reconcile.state import Running, State


def requirement(name: str = "release", *, version: str = "1", key: bytes = b"key", **source: object) -> Requirement:
    """What a TrustPolicy requires."""
    made = PolicySource(name=name, version=version, allow_downgrade=False)
    return Requirement(
        source=replace(made, **source),  # type: ignore[arg-type] # fields of it
        authorities=(TrustedAuthority.of_key("release-team", key),),
    )


def policy(*requirements: Requirement) -> VerificationPolicy:
    return VerificationPolicy(requirements)


@pytest.fixture
async def world() -> World:
    """A pattern that runs, and passes a TrustPolicy."""
    world = World()
    world.policy = policy(requirement())
    world.push("stable", "one", "a", "b")
    await world.settle()
    assert world.ready == ("True", "Ready")
    world.asked, world.applied = [], []
    return world


def changes_to(world: World, *requirements: Requirement) -> None:
    world.policy = policy(*requirements)
    world.waker.found(KEY)


def verified(world: World) -> tuple[str, str]:
    assert world.pattern is not None
    found = condition_of(world.pattern.status, ConditionType.VERIFIED)
    assert found is not None
    return found.status, found.reason


async def test_another_policy_that_is_met_is_judged_and_nothing_is_applied_again(world: World):
    changes_to(world, requirement(version="2", key=b"rotated"))

    await world.settle(1.0)

    assert world.ready == ("True", "Ready")
    assert world.asked == []
    assert world.applied == []
    running = world.state.running
    assert running is not None
    assert running.desired.policy == world.policy


async def test_where_only_a_policy_is_another_nothing_is_rendered_again(world: World, monkeypatch: pytest.MonkeyPatch):
    built, rendered = worlds.Registry.built, list[object]()

    def noted(self: worlds.Registry, *given: Any) -> Any:
        rendered.append(given)
        return built(self, *given)

    monkeypatch.setattr(worlds.Registry, "built", noted)
    changes_to(world, requirement(version="2", key=b"rotated"))

    await world.settle(1.0)

    assert world.ready == ("True", "Ready")
    assert rendered == []


async def test_a_policy_that_is_not_met_any_longer_is_said_and_what_runs_is_kept(world: World):
    world.refusing = {"release"}
    changes_to(world, requirement(version="2"))

    await world.settle(1.0)

    assert world.ready == ("False", "SignatureUntrusted")
    assert verified(world) == ("False", "SignatureUntrusted")
    ready = condition_of(world.status, ConditionType.READY)
    assert ready is not None
    assert ready.message.endswith("What runs stays as it is, and is neither repaired nor pruned until it passes.")
    assert world.live.keys() == {key_to("a"), key_to("b")}
    assert world.pattern is not None
    assert world.pattern.status.verified_by == ()
    assert world.verdicts[-1] == ((), ("release",))


async def test_what_lost_its_trust_is_not_repaired_and_is_again_when_it_has_it_back(world: World):
    world.refusing = {"release"}
    changes_to(world, requirement(version="2"))
    await world.settle(1.0)

    world.drift("a", None)
    await world.settle(5.0)
    lost = set(world.live)
    world.refusing = set()
    changes_to(world, requirement(version="3"))
    await world.settle(15.0)

    assert lost == {key_to("b")}
    assert world.live.keys() == {key_to("a"), key_to("b")}
    assert world.ready == ("True", "Ready")


async def test_what_was_refused_is_judged_anew_by_the_signatures_that_were_read_before(world: World):
    before = world.policy
    world.refusing = {"release"}
    changes_to(world, requirement(version="2"))
    await world.settle(1.0)
    refused, world.refusing, world.hidden = world.ready, set(), {"one"}

    world.policy = before
    world.waker.found(KEY)
    await world.settle(15.0)

    assert refused == ("False", "SignatureUntrusted")
    assert world.ready == ("True", "Ready")


# --- an absence is no verdict ---


async def prunes(world: World) -> None:
    """The policy deletes what loses its trust, and is met."""
    world.policy = policy(requirement(version="2", prune=True))
    world.waker.found(KEY)
    await world.settle(1.0)
    assert world.ready == ("True", "Ready")


@pytest.mark.parametrize("foreign", [False, True], ids=["none is left", "another one is left"])
@pytest.mark.parametrize("tag", [True, False], ids=["the artifact is there", "the artifact is not there"])
async def test_a_signature_that_is_gone_from_the_registry_deletes_nothing_after_a_restart(
    world: World, foreign: bool, tag: bool
):
    await prunes(world)
    world.hidden, world.foreign = {"one"}, {"one"} if foreign else set()
    if not tag:
        world.tags.clear()
    world.restart()

    await world.settle(400.0)

    assert world.live.keys() == {key_to("a"), key_to("b")}
    assert world.status.digest
    missing = "SignatureUntrusted" if foreign else "SignatureMissing"
    assert world.ready == ("False", missing if tag else "ArtifactNotFound")
    assert verified(world) == ("False", missing)


async def test_what_is_left_although_its_deletion_is_asked_for_is_said_with_the_reason(world: World):
    await prunes(world)
    world.hidden, world.foreign = {"one"}, {"one"}
    world.restart()

    await world.settle(1.0)

    ready = condition_of(world.status, ConditionType.READY)
    assert ready is not None
    assert "What runs is left as it is" in ready.message
    assert "not each signature by which it was verified was found again" in ready.message


async def test_a_signature_that_is_gone_from_the_registry_is_judged_as_it_was_read(world: World):
    await prunes(world)
    world.hidden = {"one"}
    world.request("now")
    await world.settle(1.0)
    kept = world.ready
    world.refusing = {"release"}
    changes_to(world, requirement(version="3", prune=True))

    await world.settle(1.0)

    assert kept == ("True", "Ready")
    assert world.live == {}


async def test_after_a_restart_a_policy_that_changed_deletes_what_is_signed_as_before(world: World):
    world.refusing = {"release"}
    world.policy = policy(requirement(version="2", prune=True))
    world.restart()

    await world.settle(5.0)

    assert world.live == {}


@pytest.mark.parametrize("foreign", [False, True], ids=["nobody signed it", "somebody else signed it"])
async def test_a_policy_that_is_new_deletes_nothing_that_ran_unverified(foreign: bool):
    world = World()
    world.push("stable", "one", "a", "b", signed=False)
    world.foreign = {"one"} if foreign else set()
    await world.settle()
    changes_to(world, requirement(prune=True))

    await world.settle(60.0)

    assert world.ready[0] == "False"
    assert world.live.keys() == {key_to("a"), key_to("b")}


async def test_what_was_found_of_what_runs_is_true_beside_a_newer_version_that_is_refused(world: World):
    world.push("stable", "two", "a", signed=False)
    await world.settle(300.0)
    refused, world.asked = world.ready, []

    world.tags["stable"] = "one"
    await world.settle(300.0)

    assert refused[0] == "False"
    assert "signatures" not in world.asked
    assert world.ready == ("True", "Ready")


async def test_a_policy_that_says_so_has_deleted_what_lost_its_trust(world: World):
    world.refusing = {"release"}
    changes_to(world, requirement(version="2", prune=True))

    await world.settle(1.0)

    assert world.live == {}
    assert world.ready == ("False", "SignatureUntrusted")
    assert world.pattern is not None
    status = world.pattern.status
    assert (status.revision, status.digest, status.version, status.inventory.count) == ("", "", "", 0)
    assert any(note.startswith("What ran is deleted, as a TrustPolicy asks for") for _, note in world.events)


async def test_what_cannot_be_deleted_at_once_is_deleted_later(world: World):
    world.stuck = {key_to("a")}
    world.refusing = {"release"}
    changes_to(world, requirement(version="2", prune=True))
    await world.settle(1.0)
    stuck, entries = set(world.live), world.status.inventory.count

    world.let_go("a")
    await world.settle(300.0)

    assert (stuck, entries) == ({key_to("a")}, 1)
    assert world.live == {}
    assert world.status.inventory.count == 0
    assert world.ready == ("False", "SignatureUntrusted")


async def test_what_stays_although_it_lost_its_trust_is_named(world: World, monkeypatch: pytest.MonkeyPatch):
    delete = worlds.Cluster.delete

    async def keep(self: worlds.Cluster, pattern: DesignPattern, entries: Any) -> FinalizeResult:
        left = [each for each in entries if each.id != str(key_to("a"))]
        made = await delete(self, pattern, left)
        world.abandoned.add("a")
        return replace(made, skipped=((key_to("a"), "stays: its annotation keeps it"),))

    monkeypatch.setattr(worlds.Cluster, "delete", keep)
    world.refusing = {"release"}
    changes_to(world, requirement(version="2", prune=True))

    await world.settle(1.0)

    said = "1 object left in the cluster: ConfigMap team/a: stays: its annotation keeps it"
    ready = condition_of(world.status, ConditionType.READY)
    assert ready is not None
    assert said in ready.message
    assert ("Kept", said) in world.events
    assert world.live.keys() == {key_to("a")}


async def test_what_was_deleted_is_applied_again_when_it_is_trusted_again(world: World):
    world.refusing = {"release"}
    changes_to(world, requirement(version="2", prune=True))
    await world.settle(1.0)

    world.refusing = set()
    changes_to(world, requirement(version="3", prune=True))
    await world.settle(1.0)

    assert world.live.keys() == {key_to("a"), key_to("b")}
    assert world.ready == ("True", "Ready")


async def test_a_registry_that_is_away_deletes_nothing(world: World):
    world.away, world.refusing = True, {"release"}
    changes_to(world, requirement(version="2", prune=True))

    await world.settle(1.0)

    assert world.live.keys() == {key_to("a"), key_to("b")}
    assert world.ready == ("False", "RegistryUnavailable")


async def test_what_cannot_be_judged_now_deletes_nothing_counts_for_nothing_and_is_tried_again(world: World):
    world.undecided = {"release"}
    changes_to(world, requirement(version="2", prune=True), requirement("other"))
    await world.settle(1.0)
    busy, live, noted = world.ready, set(world.live), world.verdicts[-1]
    stalled = condition_of(world.status, ConditionType.STALLED)

    world.undecided = set()
    await world.settle(60.0)

    assert busy == ("False", "OperatorBusy")
    assert stalled is None
    assert live == {key_to("a"), key_to("b")}
    assert noted == (("other",), ())
    assert world.ready == ("True", "Ready")


async def test_where_the_registry_is_away_nothing_counts_as_passing_a_policy_that_changed(world: World):
    world.away = True
    changes_to(world, requirement(version="2"))
    await world.settle(1.0)

    assert world.verdicts[-1] == ((), ())


async def test_a_newer_artifact_that_is_refused_deletes_nothing_of_what_is_trusted(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    world.policy = policy(requirement(prune=True))
    world.waker.found(KEY)
    await world.settle(1.0)
    world.push("stable", "two", "c", signed=False)
    world.waker.asked(KEY)

    await world.settle(400.0)

    assert world.live.keys() == {key_to("a"), key_to("b")}
    assert world.ready == ("False", "SignatureMissing")


async def test_beside_a_newer_artifact_that_is_refused_what_runs_is_judged_by_a_policy_that_changes(world: World):
    world.push("stable", "two", "c", signed=False)
    world.waker.asked(KEY)
    await world.settle(400.0)
    changes_to(world, requirement(version="2"))
    await world.settle(1.0)

    world.drift("a", None)
    await world.settle(60.0)

    assert world.live.keys() == {key_to("a"), key_to("b")}


async def test_a_restart_judges_what_runs_anew(world: World):
    world.refusing = {"release"}
    world.policy = policy(requirement(version="2"))
    world.drift("a", None)
    world.restart()

    await world.settle(5.0)

    assert world.ready == ("False", "SignatureUntrusted")
    assert world.live.keys() == {key_to("b")}


# --- going back, and forward again ---

URL = "oci://registry.example/web"


def refers(world: World, **ref: str) -> None:
    world.change(source={"url": URL, "ref": ref})


async def runs(world: World, name: str, seconds: float = 1.0) -> bool:
    await world.settle(seconds)
    return world.status.digest == str(worlds.digest_of(name)) and world.ready == ("True", "Ready")


async def test_under_a_policy_that_guards_a_digest_in_the_spec_leads_back_and_forward_again(world: World):
    one, two = (str(worlds.digest_of(name)) for name in ("one", "two"))
    world.push("stable", "two", "a", "b")

    refers(world, digest=one)
    assert await runs(world, "one")
    refers(world, digest=two)
    assert await runs(world, "two")
    refers(world, digest=one)
    assert await runs(world, "one")
    world.restart()
    refers(world, digest=two)
    assert await runs(world, "two")


async def test_a_tag_that_was_moved_is_left_by_the_digest_beside_it_and_followed_again_without(world: World):
    world.push("stable", "two", "a", "b")
    assert await runs(world, "two", 400.0)

    refers(world, tag="stable", digest=str(worlds.digest_of("one")))
    assert await runs(world, "one")
    world.restart()
    refers(world, tag="stable")

    assert await runs(world, "two")


async def test_a_tag_that_moves_back_by_itself_is_refused_also_after_a_restart_and_a_change_of_something_else(
    world: World,
):
    world.push("stable", "two", "a", "b")
    assert await runs(world, "two", 400.0)

    world.tags["stable"] = "one"
    world.change(render={"targetNamespace": "team"})
    world.waker.asked(KEY)
    await world.settle(400.0)
    refused = world.ready
    world.restart()
    await world.settle(400.0)

    assert refused == world.ready == ("False", "DowngradeRefused")
    assert world.status.digest == str(worlds.digest_of("two"))


# --- what a suspended pattern is told ---


async def test_what_a_policy_asks_for_by_now_is_not_known_to_be_met_while_the_pattern_is_suspended(world: World):
    world.change(suspend=True)
    await world.settle(1.0)
    before = verified(world)
    world.refusing = {"release"}
    changes_to(world, requirement(version="2", prune=True))
    await world.settle(60.0)
    suspended, ready, there = verified(world), world.ready, set(world.live)
    world.change(suspend=False)

    await world.settle(1.0)

    assert before == ("True", "Succeeded")
    assert (suspended, ready) == (("Unknown", "Suspended"), ("Unknown", "Suspended"))
    assert there == {key_to("a"), key_to("b")}
    assert world.asked == ["signatures"]
    assert world.live == {}


async def test_a_suspended_pattern_is_verified_again_when_the_policy_is_as_it_was(world: World):
    before = world.policy
    world.change(suspend=True)
    changes_to(world, requirement(version="2"))
    await world.settle(1.0)
    between = verified(world)
    world.restart()
    world.policy = before

    await world.settle(1.0)

    assert between == ("Unknown", "Suspended")
    assert verified(world) == ("True", "Succeeded")
    assert world.ready == ("True", "Ready")


# --- a verdict takes away what it is about, and nothing else ---


async def test_a_first_revision_that_was_applied_in_part_is_not_deleted_because_a_newer_one_is_unsigned():
    world = World()
    world.policy = policy(requirement(prune=True))
    world.push("stable", "one", "a", "b")
    world.refuses = {key_to("b")}
    await world.settle()
    world.push("stable", "two", "a", signed=False)
    world.foreign = {"two"}

    await world.settle(400.0)

    assert world.ready == ("False", "SignatureUntrusted")
    assert world.live == {key_to("a"): "one"}


@pytest.mark.parametrize("restarts", [False, True], ids=["known", "after a restart"])
@pytest.mark.parametrize("moves", [False, True], ids=["the tag leads to it", "the tag leads to something newer"])
async def test_an_update_that_was_applied_in_part_is_deleted_when_it_loses_its_trust(
    world: World, restarts: bool, moves: bool
):
    await prunes(world)
    world.push("stable", "two", "a", "evil", "quota")
    world.refuses = {key_to("quota")}
    await world.settle(400.0)
    there = dict(world.live)
    if moves:
        world.push("stable", "three", "a", signed=False)
        await world.settle(400.0)
    world.refusing = {"release"}
    world.policy = policy(requirement(version="3", prune=True))
    if restarts:
        world.restart()
    else:
        world.waker.found(KEY)

    await world.settle(400.0)

    assert there[key_to("evil")] == "two"
    assert world.live == {}
    assert world.status.inventory.count == 0


async def test_an_update_that_was_applied_in_part_stays_where_its_signature_is_gone(world: World):
    await prunes(world)
    world.push("stable", "two", "a", "c", "quota")
    world.refuses = {key_to("quota")}
    await world.settle(400.0)
    world.hidden = {"two"}
    world.restart()

    await world.settle(400.0)

    assert world.live.keys() == {key_to("a"), key_to("b"), key_to("c")}


async def test_what_could_not_be_deleted_at_once_is_deleted_after_a_restart_and_beside_something_newer(world: World):
    world.stuck, world.refusing = {key_to("a")}, {"release"}
    changes_to(world, requirement(version="2", prune=True))
    await world.settle(1.0)
    left = world.status.applying_revision, world.status.inventory.count
    world.push("stable", "two", "c", signed=False)
    world.stuck = set()
    world.restart()

    await world.settle(5.0)

    assert left == (f"stable@{worlds.digest_of('one')}", 1)
    assert world.live == {}
    assert world.status.inventory.count == 0


ELSEWHERE = {"url": "oci://registry.example/elsewhere", "ref": {"tag": "stable"}}


@pytest.mark.parametrize("restarts", [False, True], ids=["known", "after a restart"])
async def test_who_edits_the_url_takes_nothing_from_the_policies_of_what_runs(world: World, restarts: bool):
    await prunes(world)
    world.change(source=ELSEWHERE)
    await world.settle(60.0)
    edited = world.ready
    world.drift("a", None)
    await world.settle(60.0)
    repaired = key_to("a") in world.live
    world.refusing = {"release"}
    world.policy = policy(requirement(version="3", prune=True))
    if restarts:
        world.restart()
    else:
        world.waker.found(KEY)

    await world.settle(400.0)

    assert (edited, repaired) == (("False", "ArtifactNotFound"), True)
    assert world.live == {}
    assert verified(world) == ("False", "SignatureUntrusted")


@pytest.mark.parametrize("restarts", [False, True], ids=["known", "after a restart"])
@pytest.mark.parametrize("copied", [False, True], ids=["nothing is there", "the same artifact is there"])
async def test_the_policy_of_another_repository_deletes_nothing_of_what_runs(
    world: World, restarts: bool, copied: bool
):
    world.elsewhere = policy(requirement("other", prune=True))
    world.refusing = {"other"}
    world.tags_elsewhere = {"stable": "one"} if copied else {}
    world.change(source=ELSEWHERE)
    if restarts:
        world.restart()

    await world.settle(400.0)

    assert world.ready == ("False", "SignatureUntrusted" if copied else "ArtifactNotFound")
    assert world.live.keys() == {key_to("a"), key_to("b")}


# --- what only warns ---


async def test_a_policy_that_only_warns_is_said_and_told_once(world: World, monkeypatch: pytest.MonkeyPatch):
    warned = VerificationResult(required=True, unmet=("trial",), warnings=("TrustPolicy trial is not met: no.",))

    async def check(*_: object) -> VerificationResult:
        return warned

    monkeypatch.setattr(worlds.Registry, "check", check)
    changes_to(world, requirement("trial", mode=PolicyMode.WARN))
    await world.settle(1.0)
    changes_to(world, requirement("trial", mode=PolicyMode.WARN, version="2"))
    await world.settle(1.0)

    assert world.ready == ("True", "Ready")
    assert verified(world) == ("False", "PolicyWarning")
    assert [note for reason, note in world.events if reason == "PolicyWarning"] == ["TrustPolicy trial is not met: no"]
    assert world.verdicts[-1] == ((), ("trial",))


# --- a tag that moves back ---


async def moves(world: World, name: str) -> None:
    """The tag leads to an artifact that was pushed before."""
    world.tags["stable"] = name
    world.waker.asked(KEY)
    await world.settle(400.0)


async def test_a_tag_that_moves_back_to_what_ran_before_is_refused(world: World):
    world.push("stable", "two", "a", "b")
    world.waker.asked(KEY)
    await world.settle(400.0)

    await moves(world, "one")

    assert world.ready == ("False", "DowngradeRefused")
    assert set(world.live.values()) == {"two"}


async def test_a_tag_may_move_back_where_the_policy_allows_it(world: World):
    world.policy = policy(requirement(allow_downgrade=True))
    world.push("stable", "two", "a", "b")
    world.waker.asked(KEY)
    await world.settle(400.0)

    await moves(world, "one")

    assert world.ready == ("True", "Ready")
    assert set(world.live.values()) == {"one"}


async def test_without_a_policy_a_tag_may_move_back(world: World):
    world.policy = VerificationPolicy()
    world.push("stable", "two", "a", "b")
    world.waker.asked(KEY)
    await world.settle(400.0)

    await moves(world, "one")

    assert world.ready == ("True", "Ready")


async def test_a_failure_to_ask_which_policies_there_are_applies_nothing(monkeypatch: pytest.MonkeyPatch):
    async def unknown(*_: object) -> VerificationPolicy:
        raise Transient(reason=Reason.API_SERVER_UNAVAILABLE, message="TrustPolicies could not be listed yet.")

    world = World()
    world.push("stable", "one", "a", "b")
    monkeypatch.setattr(worlds.Registry, "policy", unknown)

    await world.settle(1.0)

    assert world.ready == ("False", "ApiServerUnavailable")
    assert world.live == {}


async def test_a_policy_that_warns_of_something_else_is_told_again(world: World, monkeypatch: pytest.MonkeyPatch):
    for number, why in enumerate(("no", "no", "neither")):

        async def check(*_: object, why: str = why) -> VerificationResult:
            warned = f"TrustPolicy trial is not met: {why}."
            return VerificationResult(required=True, unmet=("trial",), warnings=(warned,))

        monkeypatch.setattr(worlds.Registry, "check", check)
        changes_to(world, requirement("trial", mode=PolicyMode.WARN, version=str(number)))
        await world.settle(1.0)

    told = [note for reason, note in world.events if reason == "PolicyWarning"]
    assert told == ["TrustPolicy trial is not met: no", "TrustPolicy trial is not met: neither"]


async def test_of_what_lost_its_trust_it_is_said_how_it_is(world: World):
    world.refusing = {"release"}
    world.managed.unhealthy_keys = {key_to("a")}
    changes_to(world, requirement(version="2"))

    await world.settle(1.0)

    assert world.ready == ("False", "SignatureUntrusted")
    assert conditions(world.status)["Healthy"] == ("Unknown", "WaitingForHealth")


async def test_what_cannot_be_deleted_although_it_lost_its_trust_is_left_and_logged(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    async def refuse(*_: object) -> None:
        raise Transient(reason=Reason.API_SERVER_UNAVAILABLE, message="it is away; it is retried.")

    monkeypatch.setattr(worlds.Cluster, "delete", refuse)
    world.refusing = {"release"}
    world.managed.unhealthy_keys = {key_to("a")}
    changes_to(world, requirement(version="2", prune=True))

    await world.settle(1.0)

    assert world.live.keys() == {key_to("a"), key_to("b")}
    assert "what is not trusted any longer cannot be deleted for now" in caplog.text
    assert conditions(world.status)["Healthy"] == ("Unknown", "WaitingForHealth")


async def test_a_deletion_of_what_lost_its_trust_that_takes_too_long_is_given_up_and_logged(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    async def hang(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(limits, "MAX_RUN", 5.0)
    monkeypatch.setattr(worlds.Cluster, "delete", hang)
    world.refusing = {"release"}
    changes_to(world, requirement(version="2", prune=True))

    await world.settle(1.0)

    assert world.ready == ("False", "SignatureUntrusted")
    assert world.live.keys() == {key_to("a"), key_to("b")}
    assert "reason=RunTimeout" in caplog.text


@pytest.mark.parametrize("times", [1, 2])
async def test_after_a_restart_what_lost_its_trust_is_followed_as_soon_as_its_kind_can_be(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, times: int
):
    left = [times]

    async def watch(*_: object, **__: object) -> None:
        if left[0]:
            left[0] -= 1
            raise Transient(reason=Reason.API_SERVER_UNAVAILABLE, message="it is away; it is retried.")

    world.refusing = {"release"}
    world.policy = policy(requirement(version="2"))
    monkeypatch.setattr(worlds.Cluster, "watch", watch)
    world.restart()

    await world.settle(1.0)

    assert world.ready == ("False", "SignatureUntrusted")
    assert bool(world.managed._wanted) is (times == 1)
    assert caplog.text.count("what runs cannot be followed for now") == times


async def test_after_a_restart_what_lost_its_trust_beside_something_newer_that_is_refused_is_deleted_where_asked_for(
    world: World,
):
    world.push("stable", "two", "c", signed=False)
    world.waker.asked(KEY)
    await world.settle(400.0)
    world.refusing = {"release"}
    world.policy = policy(requirement(version="2", prune=True))
    world.restart()

    await world.settle(5.0)

    assert world.live == {}


async def test_what_is_refused_itself_is_not_trusted_any_longer(world: World):
    world.refusing = {"release"}
    changes_to(world, requirement(version="2"))

    await world.settle(1.0)

    assert world.state.running is not None
    assert not world.state.running.trusted


async def test_what_runs_is_trusted_until_it_is_refused_itself(world: World):
    world.away = True
    changes_to(world, requirement(version="2"))
    await world.settle(1.0)
    away = world.state.running
    world.away = False
    await world.settle(60.0)
    world.push("stable", "two", "c", signed=False)
    world.waker.asked(KEY)
    await world.settle(400.0)
    newer = world.state.running
    world.refusing = {"release"}
    world.tags["stable"] = "one"
    changes_to(world, requirement(version="3"))
    await world.settle(400.0)
    refused = world.state.running

    assert [each is not None and each.trusted for each in (away, newer, refused)] == [True, True, False]


async def test_beside_something_newer_that_is_refused_what_lost_its_trust_is_deleted_where_asked_for(world: World):
    world.push("stable", "two", "c", signed=False)
    world.waker.asked(KEY)
    await world.settle(400.0)
    world.refusing = {"release"}
    changes_to(world, requirement(version="2", prune=True))

    await world.settle(1.0)

    assert world.live == {}


def test_after_a_restart_what_was_found_with_some_credentials_is_known_to_be_of_these():
    artifact = SignedArtifact(Repository("registry.example", "web"), REVISION.digest, "login")
    known = Checked(artifact, VerificationPolicy(), VerificationResult(required=False))

    assert trust.login_of(State()) == ""
    assert trust.login_of(State().with_checked(known)) == "login"


# --- between the verdict and what it is for ---


async def test_a_key_that_is_taken_away_while_layers_are_fetched_counts_no_more(world: World):
    """A registry that holds back a layer for half a minute would have it applied all the same."""
    world.push("stable", "two", "a", "c")

    def rotated() -> None:
        world.on_layers = lambda: None
        world.refusing = {"release"}
        world.policy = policy(requirement(version="2"))

    world.on_layers = rotated
    world.request("now")
    await world.settle(1.0)

    assert world.applied == []
    assert world.ready == ("False", "SignatureUntrusted")
    assert verified(world) == ("False", "SignatureUntrusted")
    assert world.live.keys() == {key_to("a"), key_to("b")}


async def test_a_policy_that_comes_while_layers_are_fetched_and_is_met_holds_nothing_up(world: World):
    world.push("stable", "two", "a", "c")

    def more() -> None:
        world.on_layers = lambda: None
        world.policy = policy(requirement(version="2"), requirement("another"))

    world.on_layers = more
    world.request("now")
    await world.settle(1.0)

    assert world.ready == ("True", "Ready")
    assert world.holds("two", "a", "c")
    running = world.state.running
    assert running is not None
    assert running.desired.policy == world.policy


async def test_what_drifted_is_not_repaired_where_trust_is_lost_while_its_layers_are_fetched(world: World):
    def rotated() -> None:
        world.refusing = {"release"}
        world.policy = policy(requirement(version="2"))

    world.on_layers = rotated
    world.drift("a", None)
    await world.settle(1.0)

    assert world.applied == []
    assert world.live.keys() == {key_to("b")}


@pytest.mark.parametrize("away", [False, True])
async def test_a_verdict_that_is_over_is_not_acted_on_whatever_the_registry_answers(world: World, *, away: bool):
    """Who controls the registry could make `maxAge` last for ever by an error."""
    world.verdict_ends = world.now() + timedelta(seconds=30)
    changes_to(world, requirement(version="2"))
    await world.settle(1.0)
    assert world.ready == ("True", "Ready")

    world.away = away
    world.refusing = {"release"}
    await world.settle(40.0)
    world.drift("a", None)
    await world.settle(40.0)

    assert world.live.keys() == {key_to("b")}
    assert world.ready[0] == "False"


async def test_what_loses_its_trust_while_its_content_is_fetched_is_not_repaired(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    built = worlds.Registry.built

    def meanwhile(self: worlds.Registry, *given: Any) -> Any:
        world.refusing = {"release"}
        world.policy = policy(requirement(version="2"))
        return built(self, *given)

    world.push("stable", "two", "c", signed=False)
    world.waker.asked(KEY)
    await world.settle(400.0)
    monkeypatch.setattr(worlds.Registry, "built", meanwhile)
    world.drift("a", None)

    await world.settle(0.5)

    assert world.live.keys() == {key_to("b")}


NOW, RULES = datetime(2026, 11, 27, 12, tzinfo=UTC), policy(requirement())
SECOND = timedelta(seconds=1)


def running(*, until: datetime | None = None, about: Digest = REVISION.digest, trusted: bool = True) -> State:
    """A state in which an artifact runs, with a verdict that holds until then."""
    desired = desired_state(pattern(), REVISION, RULES)
    verdict = Checked(SignedArtifact(desired.repository, about), RULES, VerificationResult(required=True, until=until))
    return State(objects=Running(desired=desired, trusted=trusted)).with_checked(verdict)


@pytest.mark.parametrize(
    ("made", "trusted"),
    [
        pytest.param(lambda: State(), False, id="nothing runs"),
        pytest.param(lambda: running(trusted=False), False, id="it was refused"),
        pytest.param(lambda: running(), True, id="it passes"),
        pytest.param(lambda: running(until=NOW + SECOND), True, id="it passes for a while"),
        pytest.param(lambda: running(until=NOW), False, id="its time is over"),
        pytest.param(
            lambda: running(until=NOW, about=Digest.of(b"another")), True, id="that of another artifact is over"
        ),
        pytest.param(lambda: running().without_verdict(), True, id="how long it holds is not known"),
        pytest.param(lambda: State(objects=running().objects), True, id="nothing else is known"),
    ],
)
def test_what_runs_is_trusted_while_it_passes_the_policies_as_they_are(made: Callable[[], State], trusted: bool):
    assert trust.is_trusted(made(), RULES, now=NOW) is trusted
    assert not trust.is_trusted(made(), policy(requirement(version="2")), now=NOW)

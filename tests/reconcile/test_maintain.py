"""What runs is kept as it was applied: repaired, pruned and compared, also where something newer fails. No server."""

import asyncio
from dataclasses import replace
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from tests.reconcile import world as worlds
from tests.reconcile.pattern import conditions, message
from tests.reconcile.world import KEY, World, key_to, names

from pattern_operator import limits
from pattern_operator.api.metadata import Finalizers
from pattern_operator.api.reason import Reason
from pattern_operator.api.verification import TrustedAuthority, VerificationPolicy
from pattern_operator.apply import ApplyFailure, ApplyResult, PruneResult, owner_id
from pattern_operator.apply.adoption import PAUSED
from pattern_operator.apply.need import NamespaceNeeded
from pattern_operator.errors import Stalled, Transient
from pattern_operator.kube import KindNotFound
from pattern_operator.reconcile import runs, summary
from pattern_operator.reconcile.registry_login import Login, SecretVersion
from pattern_operator.reconcile.state import Running

NO_KEY = Stalled(reason=Reason.SECRET_INVALID, message="Secret team/keys has no entry cosign.pub: add it.")


@pytest.fixture
async def refused(world: World) -> World:
    """A world whose pattern runs version one, while version two, which nobody signed, is refused."""
    await world.settle()
    world.push("stable", "two", "b", "c", signed=False)
    await world.settle(300.0)
    assert world.ready == ("False", "SignatureMissing")
    return world


async def until_what_left_is_held(world: World) -> set[str]:
    """Version two runs, a finalizer holds what left it, and version three is refused; the names of the inventory."""
    await world.settle()
    world.stuck = {key_to("a")}
    world.push("stable", "two", "b")
    await world.settle(300.0)
    world.push("stable", "three", "b", signed=False)
    await world.settle(300.0)
    return names(world.status)


def raising(error: Exception) -> Any:
    async def refuse(*_: Any, **__: Any) -> Any:
        raise error

    return refuse


def unseen(world: World, name: str, content: str | None) -> None:
    """An object changes, and nobody is woken for it: only the next whole run sees that."""
    world.live.pop(key_to(name))
    if content is not None:
        world.live[key_to(name)] = content


@pytest.mark.parametrize("content", [None, "someone"], ids=["deleted", "changed"])
async def test_each_whole_run_that_fails_repairs_what_drifted(refused: World, content: str | None):
    unseen(refused, "a", content)

    await refused.settle(600.0)

    assert refused.holds("one", "a", "b")
    assert refused.ready == ("False", "SignatureMissing")


async def test_each_whole_run_that_fails_compares_what_was_written_in_our_name(refused: World):
    refused.managed.in_our_name.add(key_to("a"))
    unseen(refused, "a", "theirs")

    await refused.settle(600.0)

    assert refused.holds("one", "a", "b")


async def test_what_left_what_runs_goes_as_soon_as_it_can_though_something_newer_is_refused(world: World):
    held = await until_what_left_is_held(world)
    world.let_go("a")

    await world.settle(1.0)

    assert (held, names(world.status)) == ({"a", "b"}, {"b"})
    assert world.ready == ("False", "SignatureMissing")


async def test_by_other_keys_than_it_was_verified_with_nothing_is_repaired(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    async def others(*_: Any) -> VerificationPolicy:
        return VerificationPolicy.of(TrustedAuthority.of_key("others", b"other key"))

    await world.settle()
    world.away = True
    with monkeypatch.context() as other:
        other.setattr(worlds.Registry, "policy", others)
        world.refusing = {""}  # by what is at hand, its own policy is not met
        world.waker.asked(KEY)
        await world.settle(300.0)
        failed = world.ready
        world.drift("a", None)
        await world.settle(300.0)
        left = key_to("a") not in world.live
    world.away, world.refusing = False, set()

    await world.settle(600.0)

    assert (failed, left) == (("False", "RegistryUnavailable"), True)
    assert world.holds("one", "a", "b")


async def test_while_its_keys_cannot_be_read_nothing_is_repaired(world: World, monkeypatch: pytest.MonkeyPatch):
    await world.settle()
    with monkeypatch.context() as unreadable:
        unreadable.setattr(worlds.Registry, "policy", raising(NO_KEY))
        world.waker.asked(KEY)
        await world.settle(300.0)
        failed = world.ready
        verified = conditions(world.status)["Verified"]
        unseen(world, "a", None)
        await world.settle(600.0)
        left = key_to("a") not in world.live

    await world.settle(600.0)

    assert failed == verified == ("False", "SecretInvalid")
    assert left
    assert world.holds("one", "a", "b")
    assert world.ready == ("True", "Ready")


async def test_a_version_that_cannot_be_rendered_any_more_is_not_repaired_and_not_rendered_again_and_again(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    await world.settle()
    world.artifacts_of("one").refused = True
    built, build = [], worlds.Registry.built

    def count(self: worlds.Registry, *given: Any) -> Any:
        built.append(given)
        return build(self, *given)

    monkeypatch.setattr(worlds.Registry, "built", count)
    world.drift("a", None)
    await world.settle(1_000.0)

    assert key_to("a") not in world.live
    assert len(built) == 1
    world.artifacts_of("one").refused = False
    world.restart()
    await world.settle(600.0)
    assert world.holds("one", "a", "b")


async def test_a_newer_version_that_cannot_be_rendered_is_rendered_once(world: World, monkeypatch: pytest.MonkeyPatch):
    await world.settle()
    world.push("stable", "two", "b", refused=True)
    built, build = [], worlds.Registry.built

    def count(self: worlds.Registry, *given: Any) -> Any:
        built.append(given)
        return build(self, *given)

    monkeypatch.setattr(worlds.Registry, "built", count)

    await world.settle(2_000.0)

    assert (world.ready, len(built)) == (("False", "NotAPattern"), 1)


@pytest.mark.parametrize("what", ["look_up", "login"])
async def test_a_login_that_cannot_be_read_fails_the_run_and_is_read_again_with_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch, what: str
):
    await world.settle()
    with monkeypatch.context() as unreadable:
        unreadable.setattr(worlds.Registry, what, raising(NO_KEY))
        await world.settle(300.0)
        failed = world.ready
    world.asked = []

    await world.settle(600.0)

    assert failed == ("False", "SecretInvalid")
    assert "tag" in world.asked
    assert world.ready == ("True", "Ready")


async def test_a_login_that_was_changed_and_cannot_be_read_fails_at_once_and_the_registry_is_asked_anew_after_that(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    await world.settle()
    with monkeypatch.context() as unreadable:
        unreadable.setattr(worlds.Registry, "secret_version", lambda *_: SecretVersion("login", 2))
        unreadable.setattr(worlds.Registry, "login", raising(NO_KEY))
        world.waker.asked(KEY)
        await world.settle(0.1)
        failed = world.ready
    world.asked = []
    world.waker.asked(KEY)

    await world.settle(1.0)

    assert failed == ("False", "SecretInvalid")
    assert world.asked == ["tag"]
    assert world.ready == ("True", "Ready")


async def test_a_login_that_was_changed_is_asked_with_at_once(world: World, monkeypatch: pytest.MonkeyPatch):
    await world.settle()
    world.asked = []
    world.waker.asked(KEY)
    await world.settle(1.0)
    unchanged, world.asked = world.asked, []
    secret = SecretVersion("login", 2)

    async def login(*_: Any) -> Login:
        return Login(secret, "another docker config")

    monkeypatch.setattr(worlds.Registry, "secret_version", lambda *_: secret)
    monkeypatch.setattr(worlds.Registry, "login", login)
    world.waker.asked(KEY)

    await world.settle(1.0)

    assert (unchanged, world.asked) == ([], ["tag", "signatures"])  # no verdict is shared between credentials


async def test_a_run_that_takes_too_long_ends_and_says_so(world: World, monkeypatch: pytest.MonkeyPatch):

    monkeypatch.setattr(limits, "MAX_RUN", 0.01)
    world.gate = asyncio.Event()

    await world.settle(0.0)

    assert world.ready == ("False", "RunTimeout")
    world.gate = None
    await world.settle(600.0)
    assert world.holds("one", "a", "b")


async def test_without_an_account_nothing_is_asked_or_sent(world: World, monkeypatch: pytest.MonkeyPatch):
    refusal = Stalled(reason=Reason.INVALID_SPEC, message="spec.serviceAccountName is required here: name one.")

    def refuse(*_: Any) -> None:
        raise refusal

    with monkeypatch.context() as without:
        without.setattr(worlds.Cluster, "account", refuse)
        await world.settle(600.0)
        failed, asked, live = world.ready, world.asked, dict(world.live)

    assert (failed, asked, live) == (("False", "InvalidSpec"), [], {})


@pytest.mark.parametrize(("policy", "compared"), [("Report", True), ("Repair", False)])
async def test_in_report_mode_what_nobody_can_tell_is_compared_by_a_dry_run(
    world: World, monkeypatch: pytest.MonkeyPatch, policy: str, compared: bool
):
    world.change(apply={"driftPolicy": policy})
    await world.settle()
    asked, compare = list[Any](), worlds.Cluster.compare

    async def note(self: worlds.Cluster, pattern: Any, objects: Any) -> Any:
        asked.extend(each.key for each in objects)
        return await compare(self, pattern, objects)

    monkeypatch.setattr(worlds.Cluster, "compare", note)
    monkeypatch.setattr(worlds.Managed, "to_compare", lambda *_: frozenset({key_to("a")}))

    await world.settle(300.0)

    assert set(asked) == ({key_to("a")} if compared else set())


async def test_an_object_that_was_let_alone_is_applied_once_it_may_be(world: World, monkeypatch: pytest.MonkeyPatch):
    send = worlds.Cluster.send
    resumed: list[bool] = []

    async def leave(self: worlds.Cluster, pattern: Any, objects: Any, **more: Any) -> Any:

        rest = [each for each in objects if each.key != key_to("a") or resumed]
        made = await send(self, pattern, rest, **more)
        skipped = tuple((each.key, PAUSED) for each in objects if each not in rest)
        return replace(made, skipped=skipped, disowned=made.disowned.union(key for key, _ in skipped))

    async def is_resumed(*_: Any) -> bool:
        return bool(resumed)

    monkeypatch.setattr(worlds.Cluster, "send", leave)
    monkeypatch.setattr(worlds.Cluster, "is_resumed", is_resumed)
    await world.settle()
    before = set(world.live)
    await world.settle(300.0)
    meanwhile = set(world.live)
    resumed.append(True)

    await world.settle(300.0)

    assert before == meanwhile == {key_to("b")}
    assert world.holds("one", "a", "b")
    assert isinstance(world.state.objects, Running)


async def test_who_goes_or_is_suspended_takes_nothing_from_others(world: World, monkeypatch: pytest.MonkeyPatch):
    told: list[tuple[str, Any]] = []
    monkeypatch.setattr(
        worlds.Transfers, "__getattr__", lambda _, name: lambda *given, **__: told.append((name, *given[:1]))
    )
    await world.settle()
    told.clear()
    world.change(suspend=True)
    await world.settle()
    suspended = list(told)
    told.clear()
    world.delete()
    await world.settle()

    assert ("pattern_suspended", owner_id(worlds.OWNER)) in suspended
    assert ("leave", owner_id(worlds.OWNER)) in told
    assert world.pattern is None


async def test_what_left_and_vanished_unseen_leaves_the_inventory_though_something_newer_is_refused(world: World):
    held = await until_what_left_is_held(world)
    world.stuck = set()
    unseen(world, "a", None)

    await world.settle(1_200.0)

    assert (held, names(world.status)) == ({"a", "b"}, {"b"})
    assert world.ready == ("False", "SignatureMissing")


async def test_without_an_account_nothing_is_repaired(refused: World, monkeypatch: pytest.MonkeyPatch):
    refusal = Stalled(reason=Reason.INVALID_SPEC, message="spec.serviceAccountName is required here: name one.")

    def refuse(*_: Any) -> None:
        raise refusal

    with monkeypatch.context() as without:
        without.setattr(worlds.Cluster, "account", refuse)
        refused.drift("a", None)
        await refused.settle(10.0)
        left = key_to("a") not in refused.live

    await refused.settle(600.0)

    assert left
    assert refused.holds("one", "a", "b")


async def test_a_repair_that_is_refused_is_tried_again_with_growing_pauses_and_in_the_end_made(
    refused: World, monkeypatch: pytest.MonkeyPatch
):
    at, send = list[float](), worlds.Cluster.send

    async def note(self: worlds.Cluster, *given: Any, **more: Any) -> Any:
        at.append(refused.clock)
        return await send(self, *given, **more)

    monkeypatch.setattr(worlds.Cluster, "send", note)
    refused.refuses = {key_to("a")}
    refused.drift("a", None)
    await refused.settle(200.0)
    pauses = [later - earlier for earlier, later in pairwise(at)]
    refused.refuses = set()

    await refused.settle(600.0)

    assert 2 <= len(at) <= 20
    assert max(pauses) > pauses[0] > 0
    assert refused.holds("one", "a", "b")


async def test_a_finalizer_that_somebody_took_off_is_put_back(world: World):
    await world.settle()
    assert world.pattern is not None
    metadata = msgspec.structs.replace(
        world.pattern.metadata, finalizers=Finalizers(), resource_version=world._next_version()
    )
    world.pattern = msgspec.structs.replace(world.pattern, metadata=metadata)
    world._watched()

    await world.settle()

    assert world.pattern.metadata.finalizers.ours is not None
    assert world.holds("one", "a", "b")


async def test_what_left_and_refuses_the_update_is_deleted_at_once_and_the_update_is_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    async def blocking(_: Any, __: Any, said: Any, left: Any) -> Any:
        return frozenset(left) if any("is refused" in each for each in said) else frozenset()

    await world.settle()
    monkeypatch.setattr(worlds.Cluster, "blocking_admission", blocking)
    monkeypatch.setattr(worlds.Cluster, "_check_prune", lambda *_: None)
    world.push("stable", "two", "b", "c")
    world.refuses = {key_to("c")}
    await world.settle(300.0)
    failed = world.ready, key_to("a") in world.live, names(world.status)
    world.refuses = set()

    await world.settle(60.0)

    assert failed == (("False", "ApplyFailed"), False, {"b"})
    assert world.holds("two", "b", "c")
    assert world.ready == ("True", "Ready")


async def test_after_a_restart_nothing_that_is_as_it_was_is_sent_though_something_newer_is_refused(refused: World):
    refused.restart()
    refused.applied.clear()

    await refused.settle(600.0)

    assert refused.applied == []
    assert isinstance(refused.state.objects, Running)
    assert refused.ready == ("False", "SignatureMissing")


async def test_a_repair_that_takes_too_long_beside_something_newer_that_is_refused_is_given_up(
    refused: World, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as short:
        short.setattr(limits, "MAX_RUN", 0.01)
        refused.gate = asyncio.Event()
        unseen(refused, "a", None)
        await refused.settle(600.0)
        left = key_to("a") not in refused.live
    refused.gate = None

    await refused.settle(1_200.0)

    assert left
    assert refused.holds("one", "a", "b")


async def test_while_an_apply_is_tried_again_nobody_is_asked_again_who_signed(world: World):
    world.refuses = {key_to("b")}
    await world.settle(0.5)
    first, world.asked = world.asked, []

    await world.settle(60.0)

    assert "signatures" in first
    assert "signatures" not in world.asked


def lacking_a_kind(world: World, monkeypatch: pytest.MonkeyPatch, *, times: int) -> None:
    """The kind of the objects cannot be watched so many times."""
    left = [times]

    async def watch(*_: Any, **__: Any) -> None:
        if left[0]:
            left[0] -= 1
            raise KindNotFound(group="", kind="ConfigMap", version=None)

    monkeypatch.setattr(worlds.Cluster, "watch", watch)


AWAY = Transient(reason=Reason.REGISTRY_UNAVAILABLE, message="the registry is away; it is retried.")


@pytest.mark.parametrize("what", ["drift", "written in our name", "compared in report mode", "pruned"])
async def test_what_fails_while_what_runs_is_looked_after_is_a_failure_of_the_apply_and_not_of_a_signature(
    world: World, monkeypatch: pytest.MonkeyPatch, what: str
):
    refused = ApplyFailure(key_to("a"), Reason.FORBIDDEN, "may not")
    if what == "compared in report mode":
        world.change(apply={"driftPolicy": "Report"})
    await world.settle()
    match what:
        case "drift":
            unseen(world, "a", None)
            world.refuses = {key_to("a")}
        case "written in our name":
            world.managed.in_our_name.add(key_to("a"))
            monkeypatch.setattr(worlds.Registry, "manifest", raising(AWAY))
        case "compared in report mode":
            monkeypatch.setattr(worlds.Managed, "to_compare", lambda *_: frozenset({key_to("a")}))
            monkeypatch.setattr(worlds.Registry, "manifest", raising(AWAY))
        case "pruned":
            world.stuck = {key_to("b")}
            world.push("stable", "two", "a")
            await world.settle(300.0)
            left = world.status.inventory.entries[1:]

            async def fail(*_: Any) -> PruneResult:
                return PruneResult(failures=(refused,), remaining=left)

            monkeypatch.setattr(worlds.Cluster, "prune", fail)

    await world.settle(301.0)

    found = conditions(world.status)
    assert found["Verified"] == ("True", "Succeeded")
    assert (found["Applied"][0], world.ready[0]) == ("False", "False")


async def test_a_whole_run_that_repairs_goes_on_to_what_left_and_to_health(world: World):
    await world.settle()
    world.stuck = {key_to("b")}
    world.push("stable", "two", "a", "c")
    await world.settle(300.0)
    unseen(world, "a", None)
    world.stuck, world.managed.unhealthy_keys = set(), {key_to("c")}
    fingerprints = world.status.fingerprints

    world.waker.asked(KEY)
    await world.settle(0.0)

    assert world.holds("two", "a", "c")
    assert names(world.status) == {"a", "c"}
    assert conditions(world.status)["Healthy"] == ("Unknown", "WaitingForHealth")
    assert fingerprints


@pytest.mark.parametrize("is_partly_applied", [False, True], ids=["a signature is missing", "it is applied in part"])
async def test_the_health_of_what_runs_is_told_by_each_run_that_fails(world: World, is_partly_applied: bool):
    await world.settle()
    world.push("stable", "two", "b", "c", signed=is_partly_applied)
    world.refuses = {key_to("c")}
    await world.settle(301.0)
    failed = world.ready
    world.managed.unhealthy_keys = {key_to("b")}

    await world.settle(301.0)

    assert failed[0] == world.ready[0] == "False"
    assert conditions(world.status)["Healthy"][0] == "Unknown"


async def test_why_what_runs_is_not_kept_is_logged(
    refused: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(worlds.Registry, "policy", raising(NO_KEY))
    await refused.settle(600.0)
    whole = caplog.text
    caplog.clear()
    refused.drift("a", None)
    await refused.settle(0.5)
    repair = caplog.text

    assert "what runs cannot be reconciled for now: pattern=team/web reason=SecretInvalid" in repair
    assert "what runs cannot be reconciled for now: pattern=team/web reason=SecretInvalid" in whole
    assert "what left cannot be deleted for now: pattern=team/web reason=SecretInvalid" in whole


async def test_that_nothing_can_be_followed_is_logged(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    await world.settle()
    monkeypatch.setattr(worlds.Cluster, "watch", raising(AWAY))

    world.restart()
    await world.settle(0.0)

    assert "what runs cannot be followed for now: pattern=team/web reason=RegistryUnavailable" in caplog.text


async def test_what_could_not_be_followed_at_first_is_followed_by_a_later_run_though_a_registry_is_away(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    await world.settle()
    lacking_a_kind(world, monkeypatch, times=1)
    world.away = True
    world.restart()

    await world.settle(300.0)

    assert set(world.managed._wanted) == {key_to("a"), key_to("b")}


async def test_what_could_not_be_followed_at_first_is_not_sent_again_where_it_is_as_it_was_applied(
    refused: World, monkeypatch: pytest.MonkeyPatch
):
    lacking_a_kind(refused, monkeypatch, times=1)
    refused.restart()
    refused.applied.clear()

    await refused.settle(600.0)

    assert refused.applied == []
    assert isinstance(refused.state.objects, Running)


async def test_what_could_not_be_repaired_waits_while_another_object_is_repaired(
    refused: World, monkeypatch: pytest.MonkeyPatch
):
    sent, send = list[str](), worlds.Cluster.send

    async def note(self: worlds.Cluster, pattern: Any, objects: Any, **more: Any) -> Any:
        sent.extend(each.key.name for each in objects)
        return await send(self, pattern, objects, **more)

    monkeypatch.setattr(worlds.Cluster, "send", note)
    refused.refuses = {key_to("a")}
    refused.drift("a", None)
    await refused.settle(0.1)
    first = list(sent)
    refused.drift("b", None)

    await refused.settle(0.1)

    assert (first, sent) == (["a"], ["a", "b"])


async def test_a_repair_that_fails_again_after_one_that_succeeded_is_retried_as_soon_as_the_first_time(
    refused: World, monkeypatch: pytest.MonkeyPatch
):
    at, send = list[float](), worlds.Cluster.send

    async def note(self: worlds.Cluster, *given: Any, **more: Any) -> Any:
        at.append(refused.clock)
        return await send(self, *given, **more)

    async def pauses_while_refused() -> list[float]:
        at.clear()
        refused.refuses = {key_to("a")}
        refused.drift("a", None)
        await refused.settle(7.5)
        return [round(later - earlier) for earlier, later in pairwise(at)]

    monkeypatch.setattr(worlds.Cluster, "send", note)
    first = await pauses_while_refused()
    refused.refuses = set()
    while not refused.holds("one", "a", "b"):
        refused.clock = refused.due[KEY]
        await refused.run_once()

    assert await pauses_while_refused() == first == [1, 2, 4]


async def test_after_a_restart_a_version_that_was_applied_in_part_is_not_taken_back(world: World):
    await world.settle()
    world.push("stable", "two", "b", "c")
    world.refuses = {key_to("c")}
    await world.settle(301.0)
    world.push("stable", "three", "b", signed=False)
    world.restart()
    world.applied.clear()

    await world.settle(600.0)

    assert world.ready == ("False", "SignatureMissing")
    assert world.applied == []
    assert world.live[key_to("b")] == "two"


async def test_who_signed_what_runs_is_not_asked_again_when_its_tag_comes_back_after_a_restart(refused: World):
    refused.restart()
    await refused.settle(300.0)
    recalled = "signatures" in refused.asked
    refused.tags["stable"], refused.asked = "one", []

    await refused.settle(600.0)

    assert recalled
    assert "signatures" not in refused.asked
    assert refused.ready == ("True", "Ready")


async def test_after_a_restart_what_runs_is_known_only_once_it_is_repaired(refused: World):
    refused.restart()
    unseen(refused, "a", None)
    refused.refuses = {key_to("a")}
    await refused.settle(60.0)
    meanwhile = refused.state.running
    refused.refuses = set()

    await refused.settle(600.0)

    assert meanwhile is None
    assert refused.holds("one", "a", "b")
    assert refused.state.running is not None


async def test_an_object_that_could_not_be_compared_is_said_beside_what_runs(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    async def fail(*_: Any) -> tuple[ApplyFailure, ...]:
        return (ApplyFailure(key_to("a"), Reason.FORBIDDEN, "the dry run is forbidden"),)

    await world.settle()
    world.managed.in_our_name.add(key_to("a"))
    monkeypatch.setattr(worlds.Cluster, "compare", fail)

    await world.settle(301.0)

    assert world.ready == ("True", "Ready")
    assert "ConfigMap team/a could not be compared: the dry run is forbidden" in message(world.status, "Applied")


async def test_what_a_repair_in_a_back_off_waits_for_is_waited_for(refused: World, monkeypatch: pytest.MonkeyPatch):
    need, waits = NamespaceNeeded("new"), list[Any]()

    async def lacking(*_: Any, **__: Any) -> ApplyResult:
        return ApplyResult(failures=(ApplyFailure(key_to("a"), Reason.APPLY_FAILED, "no namespace", need=need),))

    monkeypatch.setattr(
        refused.reconciler._prerequisites, "wait", lambda key, needs: waits.append((key, frozenset(needs)))
    )
    monkeypatch.setattr(worlds.Cluster, "send", lacking)
    refused.drift("a", None)

    await refused.settle(0.1)

    assert (KEY, frozenset({need})) in waits


async def test_what_others_put_right_needs_no_repair_when_that_would_be_retried(refused: World):
    refused.refuses = {key_to("a")}
    refused.drift("a", None)
    await refused.settle(0.1)
    waits = refused.state.unrepaired
    assert waits is not None
    refused.live[key_to("a")] = "one"
    refused.clock = waits.retry_at

    await refused.run_once()

    assert refused.state.unrepaired is None


async def test_what_runs_after_a_restart_is_applied_as_a_whole_by_the_next_success(refused: World):
    refused.restart()

    await refused.settle(300.0)

    assert refused.state.running is not None
    assert not refused.state.running.settled


async def test_while_a_back_off_lasts_it_is_known_what_objects_are_like_now(
    refused: World, monkeypatch: pytest.MonkeyPatch
):
    seen, summarize = list[Any](), summary.summarize_upkeep

    def noted(pattern: Any, state: Any, results: Any, **more: Any) -> Any:
        seen.append(results.comparison)
        return summarize(pattern, state, results, **more)

    monkeypatch.setattr(runs, "summarize_upkeep", noted)
    refused.push("stable", "three", "b", "c")
    refused.refuses = {key_to("c")}
    await refused.settle(300.5)
    refused.drift("b", "theirs")
    refused.managed.fingerprints = lambda _: {"b": b"as it is"}  # type: ignore[method-assign] # for one object

    await refused.settle(0.1)

    assert seen
    assert seen[-1].fingerprints == {"b": b"as it is"}

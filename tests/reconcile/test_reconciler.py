"""A run never raises: a defect is counted, logged without what it quotes, told in status, and retried."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from tests.apply.fake_watches import NoTasks
from tests.foreign_bodies import REAL
from tests.kube.fake_session import FakeSession
from tests.reconcile import world as worlds
from tests.reconcile.pattern import conditions
from tests.reconcile.world import World

from pattern_operator.api.designpattern import DesignPattern, decode
from pattern_operator.api.reason import Reason
from pattern_operator.apply import owner_id
from pattern_operator.errors import Stalled, Transient
from pattern_operator.internal_errors import InternalErrors
from pattern_operator.kube import Discovery
from pattern_operator.reconcile import PatternKey, PatternStore, Reconciler
from pattern_operator.reconcile.deadline import Superseded
from pattern_operator.reconcile.lanes import whose
from pattern_operator.reconcile.prerequisites import Prerequisites
from pattern_operator.reconcile.reconciler import AFTER_DEFECT
from pattern_operator.reconcile.registry_login import SecretVersion
from pattern_operator.reconcile.reporting import AFTER_NOT_KEPT
from pattern_operator.reconcile.state import Followed, State
from pattern_operator.reconcile.status_writer import StatusWriter
from pattern_operator.reconcile.summary import Moment, remembered
from pattern_operator.reconcile.waking import Waker, Woken
from pattern_operator.telemetry import EventRecorder, Metrics
from pattern_operator.telemetry.events import EventType

KEY = PatternKey("team", "it")
PASSWORD = "swordfish-4711"


NOW = datetime(2026, 5, 1, tzinfo=UTC)


def ports(now: float) -> Any:
    """A clock, and nothing that a run could do."""
    repositories = SimpleNamespace(secret_version=lambda _: None)
    return SimpleNamespace(cluster=None, repositories=repositories, clock=lambda: now, jitter=lambda: 0.5)


class Recorder(EventRecorder):
    """Takes the reasons of events down."""

    def __init__(self, told: list[str]) -> None:
        self._told = told

    def event(self, pattern: DesignPattern, *, kind: EventType, reason: str, action: str, note: str) -> None:
        self._told.append(reason)


class Queue:
    """Nobody takes from it."""

    def add(self, key: PatternKey, *, delay: float = 0.0) -> None: ...


def no_prerequisites() -> Prerequisites:
    session = FakeSession()
    return Prerequisites(session, Discovery(session), wake=lambda _: None, tasks=NoTasks())


class Written(StatusWriter):
    """Takes statuses down, or fails."""

    def __init__(self) -> None:
        self.written: list[Any] = []
        self.fails = False

    async def status(self, pattern: Any, status: Any) -> Any:
        if self.fails:
            raise KeyError(PASSWORD)
        self.written.append(status)
        return pattern


@pytest.fixture
def counted() -> list[str]:
    return []


@pytest.fixture
def writer() -> Written:
    return Written()


@pytest.fixture
def told() -> list[str]:
    """Reasons of events."""
    return []


@pytest.fixture
def reconciler(counted: list[str], writer: Written, told: list[str], monkeypatch: pytest.MonkeyPatch) -> Reconciler:
    """One whose runs fail by a defect that quotes a password."""
    patterns = PatternStore()
    patterns.upsert(REAL["DesignPattern"])
    made = Reconciler(
        patterns=patterns,
        ports=ports(0.0),
        prerequisites=no_prerequisites(),
        writer=writer,
        recorder=Recorder(told),
        metrics=Metrics(),
        internal_errors=InternalErrors(counted.append),
        waker=Waker(Queue(), clock=lambda: 0.0),
        now=lambda: NOW,
    )

    async def fail(*_: Any) -> None:
        raise TypeError(PASSWORD)

    monkeypatch.setattr(made, "_run", fail)
    return made


async def test_a_defect_of_a_run_is_told_in_status_and_tried_again(reconciler, writer, counted, caplog):
    delay = await reconciler.run(KEY)

    assert delay is not None
    assert [status.status for status in writer.written] == ["InternalError"]
    assert counted == ["run"]
    assert 'reason="InternalError"' in reconciler._metrics.text().decode()
    assert PASSWORD not in caplog.text
    assert "team/it type=TypeError" in caplog.text


async def test_a_defect_is_told_by_one_event_however_often_it_is_tried(reconciler, told):
    for _ in range(3):
        await reconciler.run(KEY)

    assert told == ["InternalError"]


async def give_up(*_: Any) -> None:
    raise Superseded


async def test_a_run_that_was_superseded_says_nothing_and_leaves_the_next_to_the_queue(
    reconciler, writer, told, counted, monkeypatch
):
    monkeypatch.setattr(reconciler, "_run", give_up)

    assert await reconciler.run(KEY) is None
    assert (writer.written, told, counted) == ([], [], [])


async def test_a_defect_in_telling_of_a_defect_ends_nothing(reconciler, writer, counted, caplog):
    writer.fails = True

    assert await reconciler.run(KEY) == AFTER_DEFECT
    assert counted == ["run", "run"]
    assert PASSWORD not in caplog.text


def failing(error: Exception) -> Any:
    async def fail(*_: Any) -> None:
        raise error

    return fail


async def test_a_status_that_cannot_be_written_now_is_tried_again_and_says_nothing_yet(
    reconciler, writer, told, counted, monkeypatch
):
    away = Transient(reason=Reason.APPLY_FAILED, message="the API server is away; it is retried.")
    monkeypatch.setattr(reconciler, "_run", failing(away))

    first, second = [await reconciler.run(KEY) for _ in range(2)]

    assert 0 < first < second
    assert (writer.written, told, counted) == ([], [], [])


async def test_a_status_that_does_not_fit_is_told_in_few_words_once_and_waits_for_a_change(
    reconciler, writer, told, counted, monkeypatch
):
    too_large = Stalled(reason=Reason.STATUS_TOO_LARGE, message="the status does not fit: split the pattern.")
    monkeypatch.setattr(reconciler, "_run", failing(too_large))

    assert [await reconciler.run(KEY) for _ in range(2)] == [None, None]
    assert [each.status for each in writer.written][:1] == ["StatusTooLarge"]
    assert told == ["StatusTooLarge"]
    assert counted == []
    assert 'reason="StatusTooLarge"' in reconciler._metrics.text().decode()


async def test_a_status_that_the_api_server_did_not_keep_is_tried_again_because_nobody_watches_its_crd(
    reconciler, monkeypatch
):
    not_kept = Stalled(reason=Reason.INVALID_STATUS, message="the CRD is older than the operator: apply it.")
    monkeypatch.setattr(reconciler, "_run", failing(not_kept))

    assert await reconciler.run(KEY) == AFTER_NOT_KEPT


async def test_what_was_known_of_a_pattern_goes_with_it(reconciler, monkeypatch):
    monkeypatch.setattr(reconciler, "_run", give_up)
    await reconciler.run(KEY)
    uid = decode(REAL["DesignPattern"]).metadata.uid
    forgotten: list[Any] = []
    monkeypatch.setattr(reconciler, "_cluster", SimpleNamespace(forget=forgotten.append))
    monkeypatch.setattr(reconciler._ports.repositories, "forget", forgotten.append, raising=False)
    before = reconciler.what_is_kept()

    reconciler.forget(KEY, uid=uid)

    assert list(before) == [uid]
    assert forgotten == [owner_id(uid), KEY]
    assert reconciler.what_is_kept() == {}
    assert await reconciler.run(KEY) is None


def test_the_pattern_of_these_tests_is_one_that_the_crd_admits():
    assert decode(REAL["DesignPattern"]).metadata.name == KEY.name


# --- the first run after a restart ----------------------------------------------------------------------------------


def owning(**changes: Any) -> dict[str, Any]:
    """A DesignPattern that has an object, as the API server gives it."""
    body = {**REAL["DesignPattern"], **changes}
    inventory = {"count": 1, "entries": [{"id": "team_a__ConfigMap", "v": "v1"}]}
    return {**body, "status": {**body.get("status", {}), "inventory": inventory}}


def reconciler_of(body: dict[str, Any], *, kept: dict[str, State] | None = None) -> Reconciler:
    patterns = PatternStore()
    patterns.upsert(body)
    waker = Waker(Queue(), clock=lambda: 0.0)
    waker.asked(KEY)
    return Reconciler(
        patterns=patterns,
        ports=ports(1_000.0),
        prerequisites=no_prerequisites(),
        writer=Written(),
        recorder=Recorder([]),
        metrics=Metrics(),
        internal_errors=InternalErrors(lambda _: None),
        waker=waker,
        now=lambda: NOW,
        kept=kept,
    )


def asks_a_registry(made: Reconciler) -> bool:
    return whose(made.lanes(KEY))[1] is not None


def test_the_first_look_at_what_runs_waits_for_nobody_who_asks_the_same_registry():
    made = reconciler_of(owning())
    first = asks_a_registry(made)
    made._states._states[decode(REAL["DesignPattern"]).metadata.uid] = State(objects=Followed())

    assert (first, asks_a_registry(made)) == (False, True)


def test_a_pattern_that_has_nothing_to_look_at_asks_at_once():
    body = {**REAL["DesignPattern"], "status": {}}

    assert asks_a_registry(reconciler_of(body))


def test_a_suspended_pattern_asks_no_registry():
    body = owning()

    assert not asks_a_registry(reconciler_of({**body, "spec": {**body["spec"], "suspend": True}}))


def test_a_pattern_that_is_deleted_asks_no_registry():
    body = {**REAL["DesignPattern"], "status": {}}
    going = {**body["metadata"], "deletionTimestamp": "2026-05-01T00:00:00Z"}

    assert not asks_a_registry(reconciler_of({**body, "metadata": going}))


def test_where_it_cannot_be_told_whether_a_registry_is_asked_it_counts_as_asking(monkeypatch):
    made = reconciler_of(owning())
    made._states._states[decode(REAL["DesignPattern"]).metadata.uid] = State(objects=Followed())

    def fail(*_: Any) -> None:
        raise TypeError("a defect")

    monkeypatch.setattr(made, "_plan", fail)

    assert asks_a_registry(made)


def test_a_request_that_was_answered_before_a_restart_is_none_any_more():
    body = owning()
    body["metadata"] = {**body["metadata"], "annotations": {"pattern-operator.io/requestedAt": "noon"}}
    moment = Moment(now=NOW, clock=0.0, jitter=0.5)
    open_request = remembered(decode(body), None, moment=moment).handled_request
    body["status"] = {**body["status"], "lastHandledReconcileAt": "noon"}

    assert (open_request, remembered(decode(body), None, moment=moment).handled_request) == (None, "noon")


async def test_what_an_earlier_reconciler_kept_is_taken_up_once(monkeypatch):
    uid, policies = decode(owning()).metadata.uid, []
    made = reconciler_of(owning(), kept={uid: State().with_policy("keys")})
    monkeypatch.setattr(made, "_run", lambda _: give_up())
    for _ in range(2):
        await made.run(KEY)
        policies.append(made._states._states[uid].caches.policy)
        made._states._states.clear()

    assert policies == ["keys", None]


# --- which run is next, and what it counts for ----------------------------------------------------------------------


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """One that runs."""
    made = World()
    made.push("stable", "one", "a", "b")
    await made.settle()
    made.asked.clear()
    yield made
    made.close()


def counts_for_a_registry(world: World) -> bool:
    return whose(world.reconciler.lanes(worlds.KEY))[1] is not None


async def test_a_run_counts_for_a_registry_where_it_may_ask_it(world: World, monkeypatch: pytest.MonkeyPatch):
    world.waker.asked(worlds.KEY)
    settled = counts_for_a_registry(world)
    with monkeypatch.context() as another:
        another.setattr(worlds.Registry, "secret_version", lambda *_: SecretVersion("login", 2))
        login = counts_for_a_registry(world)
        world.waker.begin(worlds.KEY, ends_failure=lambda _: False)
        unasked = counts_for_a_registry(world)
    world.clock += 300.0
    due = counts_for_a_registry(world)
    world.becomes("a", unhealthy=False)
    upkeep_first = counts_for_a_registry(world)

    world.clock -= 300.0
    world.waker.take_events(worlds.KEY)
    world.reconciler._states._states[worlds.OWNER] = world.state.unsettled()
    to_be_applied_again = counts_for_a_registry(world)

    assert (settled, login, unasked, due, upkeep_first) == (False, True, False, True, False)
    assert to_be_applied_again


async def test_while_a_back_off_lasts_a_run_counts_for_no_registry_unless_its_user_asks(world: World):
    world.away = True
    world.change(source={"url": "oci://registry.example/web", "ref": {"tag": "edge"}})
    await world.settle(0.0)
    world.becomes("a", unhealthy=False)
    noise = counts_for_a_registry(world)
    world.request("noon")
    world.waker.take_events(worlds.KEY)

    assert (noise, counts_for_a_registry(world)) == (False, True)


def test_a_pattern_that_nobody_knows_counts_for_its_namespace_alone(reconciler: Reconciler):
    assert whose(reconciler.lanes(PatternKey("team", "gone"))) == ("team", None)


async def test_what_happened_to_objects_is_looked_after_before_a_registry_is_asked(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    world.clock += 300.0
    world.drift("a", None)
    world.becomes("b", unhealthy=True)
    world.waker.asked(worlds.KEY)

    delay = await asyncio.wait_for(world.run_once(), 5.0)
    first = world.holds("one", "a", "b"), list(world.asked), conditions(world.status)["Healthy"]
    await world.run_once()

    assert (delay, first) == (0.0, (True, [], ("Unknown", "WaitingForHealth")))
    assert world.asked == ["tag"]


async def test_after_a_restart_the_first_run_says_what_is_there_and_asks_nobody(world: World):
    world.restart()
    world.live.pop(worlds.key_to("a"))

    delay = await world.run_once()
    first, asked = conditions(world.status)["Healthy"], list(world.asked)
    await world.run_once()

    assert (delay, first, asked) == (0.0, ("False", "Unhealthy"), [])
    assert world.asked == ["tag"]


async def test_a_pattern_that_goes_is_forgotten_with_its_end(world: World):
    world.delete()

    await world.settle()

    assert (world.pattern, world.patterns.get(worlds.KEY), world.state) == (None, None, State())


async def test_the_run_of_a_pattern_that_is_gone_is_told_so(world: World):
    with world.waker.during(worlds.KEY) as happened:
        world.reconciler.forget(worlds.KEY, uid=worlds.OWNER)

        assert happened.is_set()


async def test_that_a_status_does_not_fit_is_said_of_the_newest_pattern(reconciler, writer, monkeypatch):
    too_large = Stalled(reason=Reason.STATUS_TOO_LARGE, message="the status does not fit: split the pattern.")
    newer = {**REAL["DesignPattern"], "metadata": {**REAL["DesignPattern"]["metadata"], "generation": 77}}
    newer["metadata"]["resourceVersion"] = "999999999"

    async def fail(*_: Any) -> None:
        reconciler._patterns.upsert(newer)
        raise too_large

    monkeypatch.setattr(reconciler, "_run", fail)

    await reconciler.run(KEY)

    assert [each.observed_generation for each in writer.written] == [77]


async def test_what_woke_a_pattern_that_nobody_knows_is_forgotten(world: World):
    gone = PatternKey("team", "gone")
    world.waker.asked(gone)

    assert await world.reconciler.run(gone) is None
    assert world.waker.pending(gone, ends_failure=lambda _: False) == Woken()


async def test_with_a_pattern_go_what_it_waited_for_and_what_others_waited_for_of_it(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    told = list[Any]()
    prerequisites = world.reconciler._prerequisites
    monkeypatch.setattr(prerequisites, "wait", lambda key, needs: told.append((key, tuple(needs))))
    monkeypatch.setattr(prerequisites, "released", lambda ids, *, by: told.append((by, sorted(ids))))
    world.patterns.keep_owner(PatternKey("team", "odd"), uid="another")

    world.reconciler.forget(worlds.KEY, uid="another")
    of_another = list(told), world.patterns.owned_by(owner_id("another"))
    world.reconciler.forget(worlds.KEY, uid=worlds.OWNER)

    assert of_another == ([], None)
    assert told == [(worlds.KEY, ()), (worlds.KEY, [str(worlds.key_to(each)) for each in ("a", "b")])]

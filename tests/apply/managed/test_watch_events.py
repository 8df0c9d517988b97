"""ManagedObjects without a cluster: what a watch could tell, faster than any cluster and stranger than most."""

import asyncio
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import structs
from tests.apply.fake_watches import FakeWatches
from tests.faketime import run
from tests.kube.fake_session import FakeSession

from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.apply import DriftState, HealthState, ManagedObjects, Notification, NotificationKind
from pattern_operator.apply.finished import MAY_HAVE_FINISHED, FinishState, RunRecord, content_hash
from pattern_operator.apply.managed.managed_object import ManagedObject
from pattern_operator.apply.managed.observation import Observation
from pattern_operator.apply.managed.unlisted import MAX_NAMES
from pattern_operator.internal_errors import InternalErrors
from pattern_operator.kube import Resource, WatchEvent, WatchEventType

WIDGET = Resource(group="example.com", version="v1", kind="Widget", plural="widgets", namespaced=True)
POD = Resource(group="", version="v1", kind="Pod", plural="pods", namespaced=True)
KEY = ObjectKey("example.com", "Widget", "team", "it")
OWNER = "owner-of-it"
JOBS = Resource(group="batch", version="v1", kind="Job", plural="jobs", namespaced=True)
JOB = ObjectKey("batch", "Job", "team", "migrate")


class Tasks:
    """Runs no watch."""

    def create_task(self, coro: Any, **_: Any) -> asyncio.Task[None]:
        coro.close()
        return asyncio.ensure_future(asyncio.sleep(0))


@dataclass
class Scene:
    """ManagedObjects, and what they told: when, to whom, what."""

    listed: Callable[[ObjectKey], bool] = lambda _: True
    told: list[tuple[float, str, Notification]] = field(default_factory=list)
    unlisted: list[tuple[str, ObjectKey]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    fails: bool = False
    version: int = 100

    def __post_init__(self) -> None:
        self.begun = asyncio.get_running_loop().time()
        self.managed_objects = ManagedObjects(
            FakeSession(internal_errors=InternalErrors(self.errors.append)),
            tasks=Tasks(),
            on_change=self.note,
            now=self.now,
            listed=self.listed,
            on_unlisted=lambda owner, key: self.unlisted.append((owner, key)),
        )
        self.watches = FakeWatches()
        self.managed_objects._watches = self.watches

    def managed(self, key: ObjectKey = KEY) -> ManagedObject:
        """What is known of an object; there is something."""
        found = self.managed_objects.get(key)
        assert found is not None
        return found

    def now(self) -> datetime:
        return datetime(2026, 5, 1, tzinfo=UTC) + timedelta(seconds=asyncio.get_running_loop().time())

    def note(self, owner: str, event: Notification) -> None:
        if self.fails:
            raise TypeError("a defect of who is told")
        self.told.append((asyncio.get_running_loop().time() - self.begun, owner, event))

    def body(self, name: str = "it", *, ready: str = "False", message: str = "", label: str = OWNER) -> dict[str, Any]:
        self.version += 1
        return {
            "apiVersion": "example.com/v1",
            "kind": "Widget",
            "metadata": {
                "name": name,
                "namespace": "team",
                "uid": f"uid-{name}",
                "resourceVersion": str(self.version),
                "labels": {"pattern-operator.io/owner": label},
            },
            "status": {"conditions": [{"type": "Ready", "status": ready, "message": message}]},
        }

    def apply(self) -> None:
        self.managed_objects.record(self.body(), key=KEY, owner=OWNER, resource=WIDGET)

    def see(
        self, body: dict[str, Any], *, kind: WatchEventType = WatchEventType.MODIFIED, resource: Resource = WIDGET
    ) -> None:
        self.managed_objects._events.handle(resource, WatchEvent(kind, body))


# --- how often something is told ------------------------------------------------------------------------------------


def test_words_that_change_all_the_time_are_told_ever_less_often():
    """Before, an object that counted up in its status had a status written every 2 seconds forever."""

    async def scenario() -> list[float]:
        scene = Scene()
        scene.apply()
        for second in range(3600):
            scene.see(scene.body(message=f"{second} things done"))
            await asyncio.sleep(1.0)
        return [moment for moment, _, _ in scene.told]

    moments = run(scenario())

    assert moments[:4] == pytest.approx([2.0, 6.0, 14.0, 30.0], abs=4.0)
    assert len(moments) <= 20
    assert moments[-1] - moments[-2] >= 300.0


def test_health_that_changes_to_and_fro_is_told_ever_less_often_too():
    async def scenario() -> list[float]:
        scene = Scene()
        scene.apply()
        for second in range(3600):
            scene.see(scene.body(ready="True" if second % 2 else "False", message=str(second)))
            await asyncio.sleep(1.0)
        return [moment for moment, _, _ in scene.told]

    moments = run(scenario())

    assert len(moments) <= 25
    assert moments[-1] - moments[-2] >= 300.0


def test_another_health_is_told_at_once_although_words_are_waited_with():
    async def scenario() -> tuple[list[float], HealthState]:
        scene = Scene()
        scene.apply()
        for second in range(100):
            scene.see(scene.body(message=str(second)))
            await asyncio.sleep(1.0)
        before = len(scene.told)
        scene.see(scene.body(ready="True"))
        return [moment for moment, _, _ in scene.told[before:]], scene.managed_objects.health(OWNER).state

    moments, state = run(scenario())

    assert moments == [pytest.approx(100.0)]
    assert state is HealthState.CURRENT


def test_the_last_words_are_told_in_the_end():
    async def scenario() -> tuple[float, str]:
        scene = Scene()
        scene.apply()
        for second in range(60):
            scene.see(scene.body(message=str(second)))
            await asyncio.sleep(1.0)
        await asyncio.sleep(3600.0)
        return scene.told[-1][0], scene.managed_objects.health(OWNER).message

    moment, message = run(scenario())

    assert moment > 59.0
    assert message == "Widget team/it: not ready: 59"


def test_what_is_forgotten_is_told_no_more():
    async def scenario() -> int:
        scene = Scene()
        scene.apply()
        scene.see(scene.body(message="something else"))
        scene.managed_objects.release([KEY], owner=OWNER)
        scene.see(scene.body(), kind=WatchEventType.DELETED)
        before = len(scene.told)
        await asyncio.sleep(3600.0)
        assert len(scene.managed_objects._notifier) == 0
        return len(scene.told) - before

    assert run(scenario()) == 0


def test_after_the_end_nothing_is_told():
    async def scenario() -> int:
        scene = Scene()
        scene.apply()
        scene.see(scene.body(message="something else"))
        scene.managed_objects.close()
        await asyncio.sleep(3600.0)
        return len(scene.told)

    assert run(scenario()) == 0


# --- what time alone changes ----------------------------------------------------------------------------------------


POD_KEY = ObjectKey("", "Pod", "team", "it")
NO_NODE = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no node has room"}


def _pod(version: int, *, conditions: tuple[dict[str, str], ...] = ()) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "it",
            "namespace": "team",
            "uid": "uid-it",
            "resourceVersion": str(version),
            "creationTimestamp": "2026-05-01T00:16:40Z",  # when the clock of the scene begins
            "labels": {"pattern-operator.io/owner": OWNER},
        },
        "status": {"phase": "Pending", "conditions": list(conditions)},
    }


def test_what_a_watch_told_before_the_answer_to_our_apply_is_judged_again_when_its_time_comes():
    async def scenario() -> tuple[HealthState, HealthState, list[float]]:
        scene = Scene()
        with scene.managed_objects.applying(POD_KEY, owner=OWNER):
            scene.see(_pod(102, conditions=(NO_NODE,)), kind=WatchEventType.ADDED, resource=POD)
            scene.managed_objects.record(_pod(101), key=POD_KEY, owner=OWNER, resource=POD)
        first = scene.managed_objects.health(OWNER).state
        await asyncio.sleep(60.0)
        return first, scene.managed_objects.health(OWNER).state, [moment for moment, _, _ in scene.told]

    first, last, moments = run(scenario())

    assert (first, last) == (HealthState.IN_PROGRESS, HealthState.FAILED)
    assert moments == [pytest.approx(15.0)]


def test_what_is_judged_too_early_by_a_clock_that_was_set_back_is_judged_once_more():
    async def scenario() -> tuple[HealthState, list[float]]:
        scene = Scene()
        scene.managed_objects.record(_pod(101, conditions=(NO_NODE,)), key=POD_KEY, owner=OWNER, resource=POD)
        at = scene.managed_objects._events._now
        scene.managed_objects._events._now = lambda: at() - timedelta(seconds=5)
        await asyncio.sleep(60.0)
        return scene.managed_objects.health(OWNER).state, [moment for moment, _, _ in scene.told]

    state, moments = run(scenario())

    assert state is HealthState.FAILED
    assert moments == [pytest.approx(20.0)]


# --- what nobody has in an inventory --------------------------------------------------------------------------------


async def test_of_objects_in_no_inventory_nothing_is_kept_and_each_is_told_once():
    scene = Scene(listed=lambda key: key == KEY)
    for number in (0, 1, 0, 1):
        scene.see(scene.body(f"alien-{number}", label=f"owner-{number}"))
    scene.see(scene.body())

    assert [each.key for each in scene.managed_objects._index] == [KEY]
    assert [owner for owner, _ in scene.unlisted] == ["owner-0", "owner-1"]
    assert scene.told == []
    gone = scene.body("alien-1", label="owner-1")
    scene.see(gone, kind=WatchEventType.DELETED)
    assert scene.managed_objects.may_be_unlisted(structs.replace(KEY, name="alien-0"))
    assert not scene.managed_objects.may_be_unlisted(structs.replace(KEY, name="alien-1"))


async def test_twenty_thousand_labelled_objects_cost_no_memory():
    scene = Scene(listed=lambda _: False)
    scene.see(scene.body("warm"))
    tracemalloc.start()
    try:
        for number in range(20_000):
            scene.see(scene.body(f"alien-{number}", label=f"owner-{number}"))
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert kept < 200_000
    assert len(scene.unlisted) <= MAX_NAMES + 1


async def test_an_object_that_left_its_inventory_is_dropped_when_it_changes_next():
    inventory = {KEY}
    scene = Scene(listed=inventory.__contains__)
    scene.apply()
    inventory.clear()
    scene.managed_objects.release([KEY], owner=OWNER)

    scene.see(scene.body())

    assert scene.managed_objects.get(KEY) is None


async def test_nothing_known_says_that_nothing_is_there_but_of_what_was_seen_in_no_inventory():
    """An object with a label, anywhere, let no object of its kind count as gone: a namespace never went."""
    scene = Scene(listed=lambda _: False)
    scene.see(scene.body("alien"))
    scene.see(scene.body())
    observed, other = KEY, structs.replace(KEY, name="other")

    before = (
        scene.managed_objects.is_known_absent(observed),
        scene.managed_objects.is_known_absent(other),
        scene.managed_objects.is_known_absent(structs.replace(KEY, namespace="b")),
    )
    scene.see(scene.body(), kind=WatchEventType.DELETED)

    assert before == (False, True, True)
    assert scene.managed_objects.is_known_absent(observed)
    assert not scene.managed_objects.is_known_absent(structs.replace(KEY, name="alien"))


async def test_what_was_seen_in_no_inventory_and_is_followed_now_is_known_once_it_is_gone():
    inventory: set[ObjectKey] = set()
    scene = Scene(listed=inventory.__contains__)
    scene.see(scene.body())
    inventory.add(KEY)
    scene.apply()

    scene.see(scene.body(), kind=WatchEventType.DELETED)
    scene.managed_objects.release([KEY], owner=OWNER)

    assert scene.managed_objects.is_known_absent(KEY)


async def test_too_many_objects_in_no_inventory_are_not_told_apart_in_their_namespace_alone():
    scene = Scene(listed=lambda _: False)
    for number in range(MAX_NAMES + 1):
        scene.see(scene.body(f"alien-{number}"))
    scene.see(scene.body("alien-0"), kind=WatchEventType.DELETED)

    assert not scene.managed_objects.is_known_absent(KEY)
    assert not scene.managed_objects.is_known_absent(structs.replace(KEY, name="alien-0"))
    assert scene.managed_objects.is_known_absent(structs.replace(KEY, namespace="b"))


async def test_an_object_that_is_read_again_when_it_comes_into_an_inventory_is_followed():
    inventory: set[ObjectKey] = set()
    scene = Scene(listed=inventory.__contains__)
    body = scene.body()
    scene.see(body)
    assert scene.managed_objects.get(KEY) is None

    inventory.add(KEY)
    managed = scene.managed_objects.observe(body, key=KEY)
    scene.see(scene.body(), kind=WatchEventType.DELETED)

    assert managed is not None
    assert managed.owner == OWNER
    assert [event.kind for _, _, event in scene.told] == [NotificationKind.GONE]


async def test_a_kind_is_watched_until_its_last_object_that_is_expected_is_gone():
    scene = Scene()
    other = structs.replace(KEY, name="other")
    for key in (KEY, other):
        scene.managed_objects.record(scene.body(key.name), key=key, owner=OWNER, resource=WIDGET)
        scene.see(scene.body(key.name), kind=WatchEventType.DELETED)

    assert scene.watches.started == ["Widget"] * 2
    scene.managed_objects.release([KEY], owner=OWNER)
    first = list(scene.watches.stopped)
    scene.managed_objects.release([other], owner=OWNER)

    assert (first, scene.watches.stopped) == ([], ["Widget"])


# --- defects --------------------------------------------------------------------------------------------------------


async def test_a_defect_at_one_object_is_counted_shown_on_its_pattern_and_costs_no_other(monkeypatch):
    scene, other = Scene(), ObjectKey("example.com", "Widget", "team", "other")
    scene.apply()
    scene.managed_objects.record(scene.body("other"), key=other, owner=OWNER, resource=WIDGET)
    healthy = scene.managed_objects.health(OWNER)

    def broken(*_: Any, **__: Any) -> None:
        raise TypeError("swordfish-4711")

    with monkeypatch.context() as patch:
        patch.setattr("pattern_operator.apply.managed.observation.fingerprint", broken)
        scene.see(scene.body(message="swordfish-4711"))
    scene.see(scene.body("other", ready="True"))

    assert scene.errors == ["managed_object"]
    assert healthy.state is HealthState.IN_PROGRESS
    found = scene.managed_objects.health(OWNER)
    assert found.state is HealthState.FAILED
    assert found.message == (
        "Widget team/it: internal error of the operator while it read the object; its log says where"
    )
    assert [event.key for _, _, event in scene.told] == [KEY, other]


async def test_who_is_told_may_fail_and_the_children_go_on():
    scene = Scene()
    scene.apply()
    scene.fails = True
    scene.see(scene.body(ready="True"))
    scene.fails = False

    scene.see(scene.body(ready="False"))

    assert scene.errors == ["managed_object_notification"]
    assert len(scene.told) == 1


# --- what was before a restart --------------------------------------------------------------------------------------


async def test_an_object_that_is_missing_counts_as_gone_where_a_watch_would_show_it():
    scene = Scene()

    scene.managed_objects.mark_missing(KEY, owner=OWNER)
    health = scene.managed_objects.health(OWNER)
    scene.watches.sees = False
    scene.managed_objects.mark_missing(structs.replace(KEY, name="end_unobserved"), owner=OWNER)

    assert (health.state, health.message) == (HealthState.NOT_FOUND, "Widget team/it: is gone")
    assert scene.managed_objects.get(structs.replace(KEY, name="end_unobserved")) is None
    assert scene.managed_objects.all_drifted(OWNER) == {KEY}


async def test_a_missing_object_that_comes_back_is_well_again_and_told():
    scene = Scene()
    scene.managed_objects.mark_missing(KEY, owner=OWNER)

    scene.see(scene.body(ready="True"), kind=WatchEventType.ADDED)

    assert scene.managed_objects.health(OWNER).state is HealthState.CURRENT
    assert (OWNER, Notification(NotificationKind.HEALTH, KEY)) in [(owner, event) for _, owner, event in scene.told]


async def test_an_object_is_compared_with_what_it_was_like_before_a_restart():
    before = Scene()
    before.managed_objects.record(owned(before.body()), key=KEY, owner=OWNER, resource=WIDGET)
    known = before.managed_objects.fingerprints(OWNER)

    scene = Scene()
    scene.see(owned(scene.body(ready="True")))
    scene.managed_objects.expect(KEY, owner=OWNER)
    unknown = scene.managed_objects.drift_state(KEY, owner=OWNER)
    scene.managed_objects.restore(KEY, owner=OWNER, known=known[str(KEY)])
    same = scene.managed_objects.drift_state(KEY, owner=OWNER)
    scene.managed().desired = None
    scene.managed_objects.compare(KEY, owner=OWNER, desired=b"anything")
    other = scene.managed_objects.drift_state(KEY, owner=OWNER)

    assert (unknown, same, other) == (DriftState.UNKNOWN, DriftState.IN_SYNC, DriftState.DRIFTED)
    assert scene.managed_objects.drift_state(KEY, owner="another") is DriftState.UNKNOWN


async def test_what_had_done_its_work_before_a_restart_is_not_missed():
    scene = Scene()

    scene.managed_objects.restore(JOB, owner=OWNER, known=bytes(RunRecord(FinishState.SUCCEEDED, b"job")))

    assert scene.managed_objects.drift_state(JOB, owner=OWNER) is DriftState.IN_SYNC
    assert scene.managed_objects.health(OWNER).state is HealthState.CURRENT
    assert scene.managed_objects.all_drifted(OWNER) == frozenset()
    assert scene.managed_objects.fingerprints(OWNER) == {str(JOB): bytes(RunRecord(FinishState.SUCCEEDED, b"job"))}


async def test_what_only_an_apply_can_tell_of_is_not_just_the_same():
    scene = Scene()
    body = owned(scene.body())
    entry = {
        "manager": "an-autoscaler",
        "operation": "Update",
        "subresource": "scale",
        "fieldsV1": {"f:spec": {"f:replicas": {}}},
    }
    body["metadata"]["managedFields"].append(entry)

    scene.managed_objects.record(body, key=KEY, owner=OWNER, resource=WIDGET)

    assert scene.managed_objects.drift_state(KEY, owner=OWNER) is DriftState.IN_SYNC_WITH_NOTE


def theirs(body: dict[str, Any], *, second: int) -> dict[str, Any]:
    """``body`` with a field of ours that somebody else wrote at a moment."""
    entry = {"manager": "edit", "operation": "Update", "fieldsV1": {"f:spec": {"f:size": {}}}}
    entry["time"] = f"2026-05-01T12:00:{second:02}Z"
    body["metadata"] |= {"managedFields": [entry], "generation": second}
    return body


async def test_what_was_written_again_since_it_drifted_is_doubtful_until_it_is_compared_by_values():
    scene = Scene()
    scene.managed_objects.record(owned(scene.body()), key=KEY, owner=OWNER, resource=WIDGET)

    scene.see(theirs(scene.body(), second=1))
    at_first = scene.managed_objects.to_compare(OWNER)
    scene.see(theirs(scene.body(message="a status"), second=1))
    by_status = scene.managed_objects.to_compare(OWNER)
    scene.see(theirs(scene.body(), second=2))
    by_a_writer = scene.managed_objects.to_compare(OWNER)
    scene.managed_objects.record_comparison(KEY, owner=OWNER, writers=None)

    assert (at_first, by_status, by_a_writer) == (frozenset(), frozenset(), frozenset({KEY}))
    assert scene.managed_objects.to_compare(OWNER) == frozenset()
    assert scene.managed_objects.all_drifted(OWNER) == {KEY}


async def test_what_has_the_wanted_values_is_not_drift_until_it_is_written_again():
    scene = Scene()
    scene.managed_objects.record(owned(scene.body()), key=KEY, owner=OWNER, resource=WIDGET)
    scene.see(theirs(scene.body(), second=1))

    scene.managed_objects.record_comparison(KEY, owner=OWNER, writers=scene.managed().observed.writers)
    put_back = scene.managed_objects.all_drifted(OWNER)
    scene.see(theirs(scene.body(message="a status"), second=1))
    by_status = scene.managed_objects.all_drifted(OWNER)
    before = len(scene.told)
    scene.see(theirs(scene.body(), second=2))

    assert (put_back, by_status) == (frozenset(), frozenset())
    assert scene.managed_objects.all_drifted(OWNER) == {KEY}
    assert (OWNER, Notification(NotificationKind.DRIFTED, KEY)) in [told[1:] for told in scene.told[before:]]


# --- what is skipped, and misses what is desired of it meanwhile -----------------------------------------------------


def paused(body: dict[str, Any]) -> dict[str, Any]:
    """``body`` as somebody who wants it to be skipped annotates it."""
    body["metadata"]["annotations"] = {"pattern-operator.io/reconcile": "disabled"}
    return body


async def test_an_update_that_was_missed_is_made_up_for_once_the_object_is_let_be_no_more():
    scene = Scene()
    scene.managed_objects.record(owned(scene.body()), key=KEY, owner=OWNER, resource=WIDGET)
    scene.see(paused(owned(scene.body())))
    scene.managed_objects.mark_pending(KEY, owner=OWNER)
    while_it_is = (scene.managed_objects.drifted(OWNER), scene.managed_objects.drift_state(KEY, owner=OWNER))
    before = len(scene.told)

    scene.see(owned(scene.body()))
    told = [event for _, _, event in scene.told[before:]]
    after = scene.managed_objects.drifted(OWNER)
    scene.managed_objects.record(owned(scene.body()), key=KEY, owner=OWNER, resource=WIDGET)

    assert while_it_is == ((), DriftState.IN_SYNC_WITH_NOTE)
    assert (after, Notification(NotificationKind.DRIFTED, KEY) in told) == ((KEY,), True)
    assert scene.managed_objects.drifted(OWNER) == ()


async def test_a_missed_update_is_told_where_the_watch_was_faster():
    scene = Scene()
    scene.managed_objects.record(owned(scene.body()), key=KEY, owner=OWNER, resource=WIDGET)

    scene.managed_objects.mark_pending(KEY, owner=OWNER)

    assert [event for _, _, event in scene.told] == [Notification(NotificationKind.DRIFTED, KEY)]


@pytest.mark.parametrize("gone_meanwhile", [True, False], ids=["annotation gone meanwhile", "annotation still there"])
async def test_a_missed_update_is_known_after_a_restart(gone_meanwhile: bool):
    before = Scene()
    before.managed_objects.record(owned(before.body()), key=KEY, owner=OWNER, resource=WIDGET)
    before.see(paused(owned(before.body())))
    before.managed_objects.mark_pending(KEY, owner=OWNER)
    known = before.managed_objects.fingerprints(OWNER)

    scene = Scene()
    scene.see(owned(scene.body()) if gone_meanwhile else paused(owned(scene.body())))
    scene.managed_objects.expect(KEY, owner=OWNER)
    scene.managed_objects.restore(KEY, owner=OWNER, known=known[str(KEY)])

    assert scene.managed_objects.drifted(OWNER) == ((KEY,) if gone_meanwhile else ())
    assert scene.managed_objects.is_pending(KEY, owner=OWNER)
    assert scene.managed_objects.drift_state(KEY, owner=OWNER) is not DriftState.IN_SYNC
    assert scene.managed_objects.fingerprints(OWNER) == known


async def test_what_is_let_be_and_missed_nothing_is_as_it_was_applied():
    scene = Scene()
    scene.managed_objects.record(paused(owned(scene.body())), key=KEY, owner=OWNER, resource=WIDGET)

    assert scene.managed_objects.drift_state(KEY, owner=OWNER) is DriftState.IN_SYNC


async def test_which_objects_are_let_be_is_known_and_told_as_it_changes():
    scene = Scene()
    scene.managed_objects.record(owned(scene.body()), key=KEY, owner=OWNER, resource=WIDGET)

    scene.see(paused(owned(scene.body())))
    during = scene.managed_objects.paused(OWNER)
    scene.see(owned(scene.body()))

    assert (during, scene.managed_objects.paused(OWNER)) == ((KEY,), ())
    assert [event for _, _, event in scene.told] == [Notification(NotificationKind.HEALTH, KEY)] * 2


async def test_nothing_is_owed_to_what_left_the_pattern_or_is_of_another():
    scene = Scene()
    scene.managed_objects.record(owned(scene.body()), key=KEY, owner=OWNER, resource=WIDGET)

    scene.managed_objects.mark_pending(KEY, owner="another")
    of_another = scene.managed_objects.is_pending(KEY, owner=OWNER)
    scene.see(paused(owned(scene.body())))
    scene.managed_objects.mark_pending(KEY, owner=OWNER)
    scene.managed_objects.release([KEY], owner=OWNER)
    scene.see(owned(scene.body()))

    assert not of_another
    assert scene.managed_objects.drifted(OWNER) == ()


async def test_what_was_applied_in_this_life_is_known_better():
    scene = Scene()
    scene.managed_objects.record(owned(scene.body()), key=KEY, owner=OWNER, resource=WIDGET)

    scene.managed_objects.compare(KEY, owner=OWNER, desired=b"anything")

    assert scene.managed_objects.drift_state(KEY, owner=OWNER) is DriftState.IN_SYNC


def owned(body: dict[str, Any], *, at: str = "2026-05-01T00:00:00Z", generation: int = 1) -> dict[str, Any]:
    """``body`` with fields that our apply owns, and wrote last at this time; generation 0: its kind counts none."""
    entry = {"manager": "pattern-operator", "operation": "Apply", "time": at, "fieldsV1": {"f:spec": {"f:size": {}}}}
    body["metadata"] |= {"managedFields": [entry]} | ({"generation": generation} if generation else {})
    return body


async def test_what_had_failed_before_a_restart_is_not_missed_and_still_told():
    scene = Scene()

    scene.managed_objects.restore(JOB, owner=OWNER, known=bytes(RunRecord(FinishState.FAILED, b"job")))

    health = scene.managed_objects.health(OWNER)
    assert (health.state, health.message) == (
        HealthState.FAILED,
        "Job team/migrate: failed, and is gone; it is not run again until the pattern changes it",
    )
    assert scene.managed_objects.all_drifted(OWNER) == frozenset()
    assert scene.managed_objects.fingerprints(OWNER) == {str(JOB): bytes(RunRecord(FinishState.FAILED, b"job"))}


# --- what may have ended while nobody looked ------------------------------------------------------------------------


def content(image: str = "m:1") -> bytes:
    spec = {"template": {"spec": {"containers": [{"name": "main", "image": image}]}}}
    metadata = {"name": "migrate", "namespace": "team"}
    return content_hash(Object.of({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec}))


def job_body(scene: Scene, *, ttl: int | None = 0) -> dict[str, Any]:
    body = owned(scene.body("migrate"))
    spec = {} if ttl is None else {"ttlSecondsAfterFinished": ttl}
    return {**body, "apiVersion": "batch/v1", "kind": "Job", "spec": spec, "status": {}}


def applied_job(scene: Scene, *, ttl: int | None) -> bytes:
    """What status keeps of a Job that was applied, and runs."""
    body = job_body(scene, ttl=ttl)
    scene.managed_objects.record(body, key=JOB, owner=OWNER, resource=JOBS, content=content())
    return scene.managed_objects.fingerprints(OWNER)[str(JOB)]


def end_unobserved(scene: Scene) -> None:
    health = scene.managed_objects.health(OWNER)
    assert scene.managed_objects.drifted(OWNER) == ()
    assert scene.managed_objects.drift_state(JOB, owner=OWNER) is DriftState.IN_SYNC
    assert (health.state, health.notable) == (HealthState.CURRENT, True)
    assert health.unsure == (f"Job team/migrate: {MAY_HAVE_FINISHED}",)
    assert health.unsure[0] in health.message
    assert scene.managed(JOB).has_finished(content())
    assert not scene.managed(JOB).has_finished(content("m:2"))


async def test_a_job_that_its_ttl_may_have_taken_while_no_operator_ran_is_not_missed_by_any_later_one():
    before, after, later = Scene(), Scene(), Scene()

    after.managed_objects.restore(JOB, owner=OWNER, known=applied_job(before, ttl=0))
    later.managed_objects.restore(JOB, owner=OWNER, known=after.managed_objects.fingerprints(OWNER)[str(JOB)])

    end_unobserved(after)
    end_unobserved(later)


async def test_whoever_asks_for_it_has_it_run_again():
    scene = Scene()
    scene.managed_objects.restore(JOB, owner=OWNER, known=applied_job(Scene(), ttl=0))

    scene.managed_objects.rerun_finished(OWNER)

    assert scene.managed_objects.drifted(OWNER) == (JOB,)
    assert scene.managed_objects.health(OWNER).state is HealthState.NOT_FOUND


async def test_a_job_without_a_ttl_that_is_missing_was_deleted_and_is_missed():
    scene = Scene()

    scene.managed_objects.restore(JOB, owner=OWNER, known=applied_job(Scene(), ttl=None))

    assert scene.managed_objects.drifted(OWNER) == (JOB,)


async def test_a_job_that_was_seen_to_be_deleted_while_it_ran_is_missed_after_a_restart_too():
    scene, after = Scene(), Scene()
    applied_job(scene, ttl=0)
    gone = job_body(scene)
    gone["metadata"]["creationTimestamp"] = "2026-05-01T00:00:00Z"

    scene.see(gone, kind=WatchEventType.DELETED, resource=JOBS)
    after.managed_objects.restore(JOB, owner=OWNER, known=scene.managed_objects.fingerprints(OWNER)[str(JOB)])

    assert scene.managed_objects.drifted(OWNER) == after.managed_objects.drifted(OWNER) == (JOB,)


@pytest.mark.parametrize(("ttl", "missed"), [(0, ()), (None, (JOB,))])
async def test_a_job_that_a_new_list_does_not_have_may_have_ended_if_a_ttl_takes_it(ttl: int | None, missed: Any):
    scene = Scene()
    applied_job(scene, ttl=ttl)
    metadata = {"name": "migrate", "namespace": "team", "uid": "uid-migrate", "resourceVersion": str(scene.version)}

    scene.see({"metadata": metadata}, kind=WatchEventType.DELETED, resource=JOBS)

    assert scene.managed_objects.drifted(OWNER) == missed
    if not missed:
        end_unobserved(scene)


async def test_a_job_that_was_changed_while_no_operator_ran_is_repaired():
    same, other = Scene(), Scene()
    known = applied_job(Scene(), ttl=0)
    theirs = job_body(other)
    theirs["metadata"]["managedFields"][0]["fieldsV1"] = {"f:spec": {}}
    for scene, body in ((same, job_body(same)), (other, theirs)):
        scene.see(body, kind=WatchEventType.ADDED, resource=JOBS)
        scene.managed_objects.expect(JOB, owner=OWNER)
        scene.managed_objects.restore(JOB, owner=OWNER, known=known)

    assert same.managed_objects.drifted(OWNER) == ()
    assert other.managed_objects.drifted(OWNER) == (JOB,)


async def test_of_a_job_that_nothing_is_known_of_who_applies_it_decides():
    scene = Scene()

    scene.managed_objects.restore(JOB, owner=OWNER, known=b"")

    assert scene.managed_objects.drifted(OWNER) == ()
    assert scene.managed_objects.drift_state(JOB, owner=OWNER) is DriftState.UNKNOWN


async def test_an_excuse_holds_until_the_object_changes():
    scene = Scene()
    scene.apply()

    scene.managed_objects.consider_healthy(KEY, "need not be ready yet")
    excused = scene.managed_objects.health(OWNER)
    scene.see(scene.body(message="it is asked for now"))
    after = scene.managed_objects.health(OWNER)

    assert (excused.state, excused.notable) == (HealthState.CURRENT, True)
    assert "Widget team/it: need not be ready yet" in excused.message
    assert scene.told[0][2] == Notification(NotificationKind.HEALTH, KEY)
    assert after.state is HealthState.IN_PROGRESS


def test_of_the_echo_of_an_apply_and_of_what_is_older_nothing_is_looked_at(monkeypatch):
    async def scene() -> list[int]:
        scene, looked = Scene(), list[int]()
        scene.see(scene.body())
        whole = Observation.of

        def look(body: dict[str, Any], **rest: Any) -> Observation:
            looked.append(int(body["metadata"]["resourceVersion"]))
            return whole(body, **rest)

        monkeypatch.setattr(Observation, "of", look)
        known = scene.version
        for version in (known - 1, known, known + 1):
            body = scene.body()
            body["metadata"]["resourceVersion"] = str(version)
            scene.see(body)
        return [version - known for version in looked]

    assert run(scene()) == [1]


async def test_what_ended_and_was_removed_at_once_is_not_missed():
    scene = Scene()
    applied_job(scene, ttl=0)
    body = job_body(scene)
    done = {**body, "status": {"conditions": [{"type": "Complete", "status": "True"}]}}
    done["metadata"]["creationTimestamp"] = "2026-05-01T12:00:00Z"

    scene.see(done, kind=WatchEventType.DELETED, resource=JOBS)

    assert scene.managed_objects.drifted(OWNER) == ()
    assert not scene.managed_objects.health(OWNER).unsure


@pytest.mark.parametrize("what", ["listed", "expected", "just being applied", "nobody's"])
async def test_something_is_kept_of_what_a_pattern_has_or_applies_alone(what: str):
    scene = Scene(listed=lambda _: what == "listed")
    relevant = scene.managed_objects._events.is_relevant
    if what == "expected":
        scene.apply()
    if what == "just being applied":
        with scene.managed_objects.applying(KEY, owner=OWNER):
            assert relevant(KEY)
        assert not relevant(KEY)
        return

    assert relevant(KEY) is (what != "nobody's")


# --- which events count ----------------------------------------------------------------------------------------------


def at(version: str | None, scene: Scene, **more: Any) -> dict[str, Any]:
    """What a watch tells of the object at this version."""
    body = scene.body(**more)
    body["metadata"]["resourceVersion"] = version
    return body


@pytest.mark.parametrize(
    ("version", "news"), [("1", False), (None, True), ("9999", True)], ids=["an older one", "none", "a newer one"]
)
async def test_an_event_of_an_older_version_is_none(version: str | None, news: bool):
    scene = Scene()
    scene.apply()

    scene.see(at(version, scene, message="news"))

    assert ("news" in scene.managed_objects.health(OWNER).message) is news


@pytest.mark.parametrize(
    ("version", "late"), [("1", True), (None, False), ("9999", False)], ids=["an older one", "none", "a newer one"]
)
async def test_a_deletion_of_an_older_version_is_late(version: str | None, late: bool):
    scene = Scene()
    scene.apply()
    gone = at(version, scene)
    gone["metadata"]["creationTimestamp"] = "2026-05-01T12:00:00Z"

    scene.see(gone, kind=WatchEventType.DELETED)

    assert scene.managed().present is late


async def test_the_end_of_what_nobody_knows_is_told_to_nobody():
    scene = Scene()

    scene.see(scene.body(), kind=WatchEventType.DELETED)

    assert (scene.told, scene.errors) == ([], [])


@pytest.mark.parametrize("expected", [True, False], ids=["applied by us", "only seen"])
async def test_an_object_that_got_another_label_stays_with_who_expects_it(expected: bool):
    scene = Scene()
    if expected:
        scene.apply()
    else:
        scene.see(scene.body())
    scene.see(scene.body(message="same label"))
    before = scene.managed().owner

    scene.see(scene.body(label="another-owner"))

    assert (before, scene.managed().owner) == (OWNER, OWNER if expected else "another-owner")


async def test_what_was_ours_before_it_drifted_is_kept_in_mind_and_of_what_did_not_nothing():
    scene = Scene()
    scene.managed_objects.record(owned(scene.body()), key=KEY, owner=OWNER, resource=WIDGET)

    scene.see(owned(scene.body(message="still ours")))
    calm = scene.managed().fields_before_drift
    scene.see(scene.body(message="taken"))

    assert calm is None
    assert scene.managed().fields_before_drift == {}


def test_what_drifted_and_is_written_again_is_told_again_soon():
    async def scenario() -> list[tuple[float, NotificationKind]]:
        scene = Scene()
        scene.managed_objects.record(owned(scene.body()), key=KEY, owner=OWNER, resource=WIDGET)
        scene.see(scene.body())
        scene.see(scene.body())
        await asyncio.sleep(60)
        return [(moment, event.kind) for moment, _, event in scene.told]

    assert run(scenario()) == [(0.0, NotificationKind.DRIFTED), (2.0, NotificationKind.HEALTH)]


async def test_drift_that_a_watch_shows_before_the_answer_to_our_apply_is_told_with_that():
    scene = Scene()
    scene.managed_objects.record(owned(scene.body()), key=KEY, owner=OWNER, resource=WIDGET)
    answer = owned(scene.body())

    with scene.managed_objects.applying(KEY, owner=OWNER):
        scene.see(scene.body())  # somebody took our field at once
        before = list(scene.told)
        scene.managed_objects.record(answer, key=KEY, owner=OWNER, resource=WIDGET)

    assert before == []
    assert [event.kind for _, _, event in scene.told] == [NotificationKind.DRIFTED]

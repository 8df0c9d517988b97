"""What a watch tells of one object after another: who undoes repairs, what nobody is named for, what goes by itself."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from tests.apply.managed.test_watch_events import KEY, OWNER, WIDGET, Scene, owned
from tests.faketime import run

from pattern_operator.api.object import ObjectKey
from pattern_operator.apply import DriftState, HealthState, Notification, NotificationKind
from pattern_operator.apply.drift_backoff import FREE_REPAIRS
from pattern_operator.apply.kstatus import SCHEDULE_WINDOW
from pattern_operator.kube import Resource, WatchEventType

POD, PODS = ObjectKey("", "Pod", "team", "p"), Resource("", "v1", "Pod", "pods", namespaced=True)
DRIFTED, HEALTH, GONE = NotificationKind.DRIFTED, NotificationKind.HEALTH, NotificationKind.GONE


def taken(body: dict[str, Any], second: int) -> dict[str, Any]:
    """``body`` after somebody wrote the field of ours."""
    entry = {"manager": "rival", "operation": "Update", "time": f"2026-05-01T12:00:{second:02}Z", "apiVersion": "v1"}
    body["metadata"]["managedFields"] = [{**entry, "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:size": {}}}}]
    return body


def ours(body: dict[str, Any], *, generation: int = 1) -> dict[str, Any]:
    entry = {"manager": "pattern-operator", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1"}
    body["metadata"] |= {"managedFields": [{**entry, "fieldsV1": {"f:spec": {"f:size": {}}}}], "generation": generation}
    return body


def repair(scene: Scene) -> None:
    with scene.managed_objects.applying(KEY, owner=OWNER):
        scene.managed_objects.record(ours(scene.body()), key=KEY, owner=OWNER, resource=WIDGET)


def kinds(scene: Scene) -> list[NotificationKind]:
    return [told.kind for _, _, told in scene.told]


def test_who_undoes_each_repair_is_repaired_ever_more_slowly_and_named():
    async def scenario() -> tuple[Any, ...]:
        scene = Scene()
        repair(scene)
        free: list[tuple[Any, ...]] = []
        for number in range(FREE_REPAIRS + 1):
            scene.see(taken(scene.body(), number))
            free.append((scene.managed_objects.drifted(OWNER), scene.managed_objects.conflicts(OWNER)))
            repair(scene)
        scene.see(taken(scene.body(), 30))
        held = scene.managed_objects.drifted(OWNER), scene.managed_objects.conflicts(OWNER)
        before = len(scene.told)
        await asyncio.sleep(1_000)
        return free, held, kinds(scene)[before:], scene.managed_objects.drifted(OWNER)

    free, held, later, at_last = run(scenario())

    assert [drifted for drifted, _ in free] == [(KEY,)] * (FREE_REPAIRS + 1)
    assert [said for _, said in free[:FREE_REPAIRS]] == [()] * FREE_REPAIRS
    assert held[0] == ()
    assert held[1] == (
        "Widget.example.com team/it is changed again after each repair by rival (.spec.size): leave that out of the"
        " artifact, or list it in spec.apply.ignoreDifferences",
    )
    assert later == [DRIFTED]
    assert at_last == (KEY,)


def test_an_apply_that_failed_is_no_repair_that_somebody_could_undo():
    async def scenario() -> tuple[Any, ...]:
        scene = Scene()
        repair(scene)
        for number in range(FREE_REPAIRS + 1):
            scene.see(taken(scene.body(), number))
            with scene.managed_objects.applying(KEY, owner=OWNER):
                pass
        return scene.managed_objects.drifted(OWNER)

    assert run(scenario()) == (KEY,)


async def test_what_went_while_an_apply_failed_is_forgotten():
    scene = Scene()
    scene.see(scene.body())
    with scene.managed_objects.applying(KEY, owner=OWNER):
        scene.see(scene.body(), kind=WatchEventType.DELETED)
        assert scene.managed_objects.get(KEY) is not None

    assert scene.managed_objects.get(KEY) is None


async def test_what_went_while_two_patterns_apply_it_is_kept_for_the_other():
    scene = Scene()
    scene.see(scene.body())
    with scene.managed_objects.applying(KEY, owner="other"):
        with scene.managed_objects.applying(KEY, owner=OWNER):
            scene.see(scene.body(), kind=WatchEventType.DELETED)
        assert scene.managed_objects.get(KEY) is not None

    assert scene.managed_objects.get(KEY) is None


# --- changes that nobody is named for ---------------------------------------------------------------------------------


def test_a_change_that_leaves_no_trace_is_compared_soon_and_is_no_drift_before():
    async def scenario() -> tuple[Any, ...]:
        scene = Scene()
        scene.managed_objects.record(ours(scene.body()), key=KEY, owner=OWNER, resource=WIDGET)
        scene.see(ours(scene.body(), generation=2))
        found = scene.managed_objects.untracked(OWNER), scene.managed_objects.all_drifted(OWNER)
        state, at_once = scene.managed_objects.drift_state(KEY, owner=OWNER), kinds(scene)
        scene.see(ours(scene.body(), generation=3))  # it is compared once for both
        await asyncio.sleep(10)
        return found, state, at_once, kinds(scene)

    found, state, at_once, later = run(scenario())

    assert found == ({KEY}, frozenset())
    assert state is DriftState.UNKNOWN
    assert (at_once, later) == ([], [DRIFTED])


@pytest.mark.parametrize(
    ("same", "version", "drifted", "left"),
    [(True, 102, False, False), (False, 102, True, False), (True, 101, False, True), (False, 101, True, True)],
    ids=["as desired", "others", "as desired before another change", "others before another change"],
)
async def test_a_comparison_tells_whether_a_change_without_a_trace_is_drift(same, version, drifted: bool, left: bool):
    scene = Scene()
    scene.managed_objects.record(ours(scene.body()), key=KEY, owner=OWNER, resource=WIDGET)
    scene.see(ours(scene.body(), generation=2))

    scene.managed_objects.record_values(KEY, owner=OWNER, version=version, same=same)

    assert (scene.managed_objects.all_drifted(OWNER) == {KEY}) is drifted
    assert scene.managed().untracked is left


async def test_a_comparison_of_what_is_not_expected_or_of_another_pattern_says_nothing():
    scene = Scene()
    scene.see(scene.body())
    for owner in (OWNER, "other"):
        scene.managed_objects.record_values(KEY, owner=owner, version=101, same=False)
        scene.managed_objects.record_values(ObjectKey("", "ConfigMap", "a", "b"), owner=owner, version=1, same=False)

    assert not scene.managed().differs


async def test_an_answer_to_an_apply_that_a_change_without_a_trace_overtook_is_compared():
    scene = Scene()
    scene.see(ours(scene.body(), generation=1))
    answer, later = ours(scene.body(), generation=2), ours(scene.body(), generation=3)
    scene.see(later)

    scene.managed_objects.record(answer, key=KEY, owner=OWNER, resource=WIDGET)

    assert scene.managed_objects.untracked(OWNER) == {KEY}


async def test_a_change_during_our_own_apply_is_the_effect_of_it():
    scene = Scene()
    scene.managed_objects.record(ours(scene.body()), key=KEY, owner=OWNER, resource=WIDGET)
    with scene.managed_objects.applying(KEY, owner=OWNER):
        scene.see(ours(scene.body(), generation=2))

    assert scene.managed_objects.untracked(OWNER) == frozenset()


def test_a_second_operator_that_applies_in_our_name_is_slowed_down_as_any_fight_is():
    """Two operators that have the same pattern: a Lease that was lost, or one of another cluster's backup."""

    async def scenario() -> tuple[list[float], tuple[str, ...]]:
        scene, second = Scene(), 0
        repairs, said = list[float](), tuple[str, ...]()
        began = asyncio.get_running_loop().time()
        scene.managed_objects.record(owned(scene.body()), key=KEY, owner=OWNER, resource=WIDGET)
        while (moment := asyncio.get_running_loop().time() - began) < 3_600:
            told = len(scene.told)
            second += 1
            at = f"2026-05-01T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z"
            scene.see(owned(scene.body(), at=at, generation=second))
            await asyncio.sleep(1)
            if len(scene.told) == told or not scene.managed_objects.untracked(OWNER):
                continue
            version = scene.managed().observed.version
            scene.managed_objects.record_values(KEY, owner=OWNER, version=version, same=False)
            said = scene.managed_objects.conflicts(OWNER)
            for key in scene.managed_objects.drifted(OWNER):
                with scene.managed_objects.applying(key, owner=OWNER):
                    answer = owned(scene.body(), at=at, generation=second)
                    scene.managed_objects.record(answer, key=key, owner=OWNER, resource=WIDGET)
                repairs.append(moment)
        return repairs, said

    repairs, said = run(scenario())

    assert 5 < len(repairs) < 25
    assert repairs[-1] - repairs[-2] >= 250
    assert said == (
        "Widget.example.com team/it is changed again after each repair by somebody else as the field manager"
        " pattern-operator: look for a second operator that runs, and for who applies with that name",
    )


async def test_an_answer_that_an_apply_in_our_name_overtook_is_compared():
    scene = Scene()
    scene.see(owned(scene.body()))
    answer, later = owned(scene.body(), at="2026-05-01T00:00:01Z"), owned(scene.body(), at="2026-05-01T00:00:02Z")
    scene.see(later)

    scene.managed_objects.record(answer, key=KEY, owner=OWNER, resource=WIDGET)

    assert scene.managed_objects.untracked(OWNER) == {KEY}


async def test_our_own_apply_is_nobody_elses():
    scene = Scene()
    scene.managed_objects.record(owned(scene.body()), key=KEY, owner=OWNER, resource=WIDGET)
    later = "2026-05-01T00:00:09Z"
    with scene.managed_objects.applying(KEY, owner=OWNER):
        scene.see(owned(scene.body(), at=later))
        scene.managed_objects.record(owned(scene.body(), at=later), key=KEY, owner=OWNER, resource=WIDGET)
    scene.see(owned(scene.body(), at=later))

    assert scene.managed_objects.untracked(OWNER) == frozenset()


# --- health -----------------------------------------------------------------------------------------------------------


def pod(scene: Scene, *, waits: bool = True) -> dict[str, Any]:
    """A pod that found no node a moment ago."""
    body = scene.body("p")
    since = scene.now().isoformat().replace("+00:00", "Z")
    body["metadata"]["creationTimestamp"] = since
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "lastTransitionTime": since}
    status = {"phase": "Pending", "conditions": [condition]} if waits else {"phase": "Succeeded"}
    return body | {"apiVersion": "v1", "kind": "Pod", "status": status}


def test_a_judgement_that_time_changes_is_made_again_without_an_event():
    async def scenario() -> list[HealthState]:
        scene = Scene()
        scene.managed_objects.record(pod(scene), key=POD, owner=OWNER, resource=PODS)
        states = [scene.managed_objects.health(OWNER).state]
        for pause in (SCHEDULE_WINDOW - timedelta(seconds=1), timedelta(seconds=2)):
            await asyncio.sleep(pause.total_seconds())
            states.append(scene.managed_objects.health(OWNER).state)
        return states

    assert run(scenario()) == [HealthState.IN_PROGRESS, HealthState.IN_PROGRESS, HealthState.FAILED]


def test_what_changed_meanwhile_is_not_judged_by_what_it_was():
    async def scenario() -> tuple[Any, ...]:
        scene = Scene()
        scene.managed_objects.record(pod(scene), key=POD, owner=OWNER, resource=PODS)
        await asyncio.sleep(5)
        newer = pod(scene)
        scene.see(newer, resource=PODS)
        await asyncio.sleep(SCHEDULE_WINDOW.total_seconds() - 4)
        waiting = scene.managed_objects.health(OWNER).state
        await asyncio.sleep(5)
        return waiting, scene.managed_objects.health(OWNER).state

    assert run(scenario()) == (HealthState.IN_PROGRESS, HealthState.FAILED)


def test_what_is_gone_is_not_judged_again():
    async def scenario() -> HealthState:
        scene = Scene()
        body = pod(scene)
        scene.managed_objects.record(body, key=POD, owner=OWNER, resource=PODS)
        scene.see(body, resource=PODS, kind=WatchEventType.DELETED)
        await asyncio.sleep(100)
        return scene.managed_objects.health(OWNER).state

    assert run(scenario()) is HealthState.NOT_FOUND


async def test_the_unhealthy_objects_of_a_pattern_are_named():
    scene = Scene()
    scene.apply()

    assert scene.managed_objects.unhealthy(OWNER) == (KEY,)
    scene.see(scene.body(ready="True"))
    assert scene.managed_objects.unhealthy(OWNER) == ()


async def test_a_cause_is_told_with_the_health_once_and_of_what_is_not_healthy_alone():
    scene = Scene()
    scene.apply()
    for _ in range(2):
        scene.managed_objects.explain(KEY, "its image is missing")
    assert kinds(scene) == [HEALTH]
    assert "its image is missing" in scene.managed_objects.health(OWNER).message

    scene.see(scene.body(ready="True"))
    before = len(scene.told)
    scene.managed_objects.explain(KEY, "another cause")
    scene.managed_objects.explain(POD, "of what is not known")
    assert len(scene.told) == before
    assert scene.managed().cause == ""


# --- what goes --------------------------------------------------------------------------------------------------------


async def test_whether_an_object_is_being_deleted_is_told():
    scene = Scene()
    scene.apply()
    assert not scene.managed_objects.is_terminating(KEY)
    assert not scene.managed_objects.is_terminating(POD)

    body = scene.body()
    body["metadata"]["deletionTimestamp"] = "2026-05-01T12:00:00Z"
    scene.see(body)
    assert scene.managed_objects.is_terminating(KEY)

    scene.see(scene.body(), kind=WatchEventType.DELETED)
    assert not scene.managed_objects.is_terminating(KEY)


@pytest.mark.parametrize(("late", "gone"), [(True, False), (False, True)], ids=["before our apply", "after it"])
async def test_a_deletion_that_is_older_than_what_is_known_is_not_believed(late: bool, gone: bool):
    scene = Scene()
    old = scene.body()
    old["metadata"]["creationTimestamp"] = "2026-05-01T12:00:00Z"
    scene.apply()
    new = scene.body()
    new["metadata"]["creationTimestamp"] = "2026-05-01T12:00:00Z"

    scene.see(old if late else new, kind=WatchEventType.DELETED)

    assert (kinds(scene) == [GONE]) is gone


async def test_after_a_backup_was_restored_older_versions_are_news():
    scene = Scene()
    scene.see(old := scene.body(message="of the backup"))
    scene.apply()
    other = ObjectKey("example.com", "Other", "team", "it")
    scene.managed_objects.record(
        scene.body(), key=other, owner=OWNER, resource=Resource("example.com", "v1", "Other", "others", namespaced=True)
    )

    scene.managed_objects._events.restored(WIDGET)
    scene.see(old)

    assert "of the backup" in scene.managed_objects.health(OWNER, keys=[KEY]).message
    assert scene.managed(other).observed.version > 0


async def test_after_a_backup_was_restored_the_very_first_version_is_news():
    scene = Scene()
    scene.apply()
    scene.managed_objects._events.restored(WIDGET)
    first = scene.body(message="of the backup")
    first["metadata"]["resourceVersion"] = "1"

    scene.see(first)

    assert "of the backup" in scene.managed_objects.health(OWNER).message


async def test_the_end_of_an_object_that_was_there_before_is_late():
    scene = Scene()
    scene.apply()
    old = scene.body()
    old["metadata"] |= {"uid": "of-the-old-one", "creationTimestamp": "2026-05-01T12:00:00Z"}

    scene.see(old, kind=WatchEventType.DELETED)

    assert kinds(scene) == []
    assert scene.managed(KEY).present


async def test_a_pattern_that_is_gone_expects_nothing():
    scene = Scene()
    scene.apply()
    scene.see(scene.body(), kind=WatchEventType.DELETED)

    scene.managed_objects.forget(OWNER)

    assert not scene.managed_objects.expects_any(OWNER)
    assert scene.managed_objects.get(KEY) is None


async def test_what_is_known_of_before_a_restart_is_compared():
    scene = Scene()
    scene.managed_objects.record(owned(scene.body()), key=KEY, owner=OWNER, resource=WIDGET)
    known = scene.managed_objects.fingerprints(OWNER)[str(KEY)]
    later = Scene()
    later.see(later.body())  # somebody took all that was ours
    later.managed_objects.expect(KEY, owner=OWNER)

    later.managed_objects.restore(KEY, owner=OWNER, known=known)

    assert later.managed_objects.all_drifted(OWNER) == {KEY}
    assert Notification(DRIFTED, KEY) not in [told for _, _, told in scene.told]

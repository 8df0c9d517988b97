"""What was last sent of an object counts only while the object is as that left it: whatever is in doubt is sent."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from tests.apply.managed.test_watch_events import KEY, OWNER, WIDGET, Scene, owned

from pattern_operator.apply import DriftState
from pattern_operator.kube import WatchEventType

SENT = b"what was sent"
NOT_OURS = {"manager": "edit", "operation": "Update", "fieldsV1": {"f:spec": {"f:size": {}}}}


def scene_of_an_apply() -> Scene:
    scene = Scene()
    scene.managed_objects.record(owned(scene.body()), key=KEY, owner=OWNER, resource=WIDGET)
    scene.managed_objects.remember_sent({KEY: SENT}, owner=OWNER)
    return scene


def is_as_sent(scene: Scene, *, owner: str = OWNER, sent: bytes = SENT) -> bool:
    return scene.managed_objects.is_as_sent(KEY, owner=owner, sent=sent)


async def test_what_is_as_it_was_sent_needs_no_apply():
    scene = scene_of_an_apply()
    scene.see(owned(scene.body(ready="True")))

    assert is_as_sent(scene)
    assert not is_as_sent(scene, sent=b"another content")
    assert not is_as_sent(scene, owner="another")


def drifts(scene: Scene) -> None:
    body = scene.body()
    body["metadata"]["managedFields"] = [NOT_OURS]
    scene.see(body)


def is_deleted(scene: Scene) -> None:
    scene.see(owned(scene.body()), kind=WatchEventType.DELETED)


def is_made_anew(scene: Scene) -> None:
    body = owned(scene.body())
    body["metadata"]["uid"] = "another"
    scene.see(body)


def is_applied_again(scene: Scene) -> None:
    scene.managed_objects.record(owned(scene.body()), key=KEY, owner=OWNER, resource=WIDGET)


def is_released_and_expected(scene: Scene) -> None:
    scene.managed_objects.release([KEY], owner=OWNER)
    scene.managed_objects.compare(KEY, owner=OWNER, desired=scene.managed().observed.fingerprint)
    scene.managed_objects.expect(KEY, owner=OWNER)


def is_restored(scene: Scene) -> None:
    """The backup is older than the last apply: our fields are there, with other values."""
    scene.managed_objects._events.restored(WIDGET)
    scene.see(owned(scene.body()))


def may_have_been_changed(scene: Scene) -> None:
    scene.managed_objects.record_request(KEY)


def was_remembered_too_late(scene: Scene) -> None:
    scene.managed_objects.record_request(KEY)
    scene.managed_objects.remember_sent({KEY: SENT}, owner=OWNER)


def is_applied_in_our_name(scene: Scene) -> None:
    """The fields are ours still, and their values may be others: an apply of ours that came late, or of whomever."""
    scene.see(owned(scene.body(), at="2026-05-01T00:00:07Z"))


def is_applied_in_our_name_within_the_second(scene: Scene) -> None:
    scene.see(owned(scene.body(), generation=2))


def is_not_watched(scene: Scene) -> None:
    scene.watches.blind.add("Widget")


def is_changed_unseen(scene: Scene) -> None:
    scene.managed().untracked = True


def is_owed(scene: Scene) -> None:
    scene.managed_objects.mark_pending(KEY, owner=OWNER)


def is_scaled_by_others(scene: Scene) -> None:
    body: dict[str, Any] = owned(scene.body())
    scaler = {"manager": "hpa", "operation": "Update", "subresource": "scale"}
    body["metadata"]["managedFields"].append({**scaler, "fieldsV1": {"f:spec": {"f:replicas": {}}}})
    scene.see(body)


@pytest.mark.parametrize(
    "happens",
    [
        drifts,
        is_deleted,
        is_made_anew,
        is_applied_again,
        is_released_and_expected,
        is_restored,
        may_have_been_changed,
        was_remembered_too_late,
        is_applied_in_our_name,
        is_applied_in_our_name_within_the_second,
        is_not_watched,
        is_changed_unseen,
        is_owed,
        is_scaled_by_others,
    ],
)
async def test_what_may_not_be_as_it_was_sent_is_sent_again(happens: Callable[[Scene], None]):
    scene = scene_of_an_apply()

    happens(scene)

    assert not is_as_sent(scene)


@pytest.mark.parametrize(("judged_at", "doubt"), [("2026-05-01T00:00:00Z", True), ("2026-05-01T00:00:01Z", False)])
async def test_a_kind_without_generations_is_in_doubt_after_a_change_within_the_second_of_our_apply(judged_at, doubt):
    scene = Scene()
    scene.managed_objects.record(owned(scene.body(), generation=0), key=KEY, owner=OWNER, resource=WIDGET)
    scene.managed_objects.remember_sent({KEY: SENT}, owner=OWNER)
    body = owned(scene.body(), generation=0)
    judge = {"manager": "judge", "operation": "Update", "subresource": "status", "time": judged_at}
    body["metadata"]["managedFields"].append({**judge, "fieldsV1": {"f:status": {}}})

    scene.see(body)
    judged = is_as_sent(scene)
    scene.see({**body, "metadata": {**body["metadata"], "resourceVersion": "900"}})

    assert judged
    assert is_as_sent(scene) is not doubt


async def test_only_the_answer_to_an_apply_ends_the_doubt():
    scene = scene_of_an_apply()

    scene.managed_objects.record_request(KEY)
    scene.see(owned(scene.body()))
    managed = scene.managed_objects
    before = (managed.is_unanswered(KEY, owner=OWNER), managed.drift_state(KEY, owner=OWNER))
    is_applied_again(scene)
    managed.remember_sent({KEY: SENT}, owner=OWNER)

    assert before == (True, DriftState.UNKNOWN)
    assert not managed.is_unanswered(KEY, owner=OWNER)
    assert is_as_sent(scene)


async def test_a_request_for_what_nobody_knows_is_no_doubt_of_anybody():
    scene = scene_of_an_apply()

    scene.managed_objects.record_request(msgspec.structs.replace(KEY, name="another"))

    assert is_as_sent(scene)


async def test_of_what_others_may_change_nothing_is_remembered():
    scene = Scene()
    scene.managed_objects.record(owned(scene.body()), key=KEY, owner=OWNER, resource=WIDGET, policy="IfAbsent")
    scene.managed_objects.remember_sent({KEY: SENT}, owner=OWNER)

    assert not is_as_sent(scene)


async def test_what_another_pattern_has_is_not_remembered_for_this_one():
    scene = scene_of_an_apply()

    scene.managed_objects.remember_sent({KEY: b"of another"}, owner="another")

    assert is_as_sent(scene)

"""What is recorded of managed objects: by answers to applies, by what is read of them, by comparisons."""

import asyncio
from typing import Any

import pytest
from tests.apply.managed.test_watch_events import JOB, KEY, OWNER, WIDGET, Scene, applied_job, owned
from tests.faketime import run

from pattern_operator.apply import HealthState, NotificationKind
from pattern_operator.apply.drift_backoff import FREE_REPAIRS
from pattern_operator.kube import WatchEventType

DRIFTED, HEALTH = NotificationKind.DRIFTED, NotificationKind.HEALTH


def kinds(scene: Scene) -> list[NotificationKind]:
    return [event.kind for _, _, event in scene.told]


def record(scene: Scene, body: dict[str, Any]) -> None:
    scene.managed_objects.record(body, key=KEY, owner=OWNER, resource=WIDGET)


# --- answers to applies -----------------------------------------------------------------------------------------------


def test_a_change_of_nobody_that_a_watch_shows_before_the_answer_is_compared_soon():
    async def scenario() -> list[tuple[float, NotificationKind]]:
        scene = Scene()
        record(scene, owned(scene.body()))
        answer, newer = owned(scene.body(), generation=2), owned(scene.body(), generation=3)
        with scene.managed_objects.applying(KEY, owner=OWNER):
            scene.see(newer)
            record(scene, answer)
        await asyncio.sleep(60)
        return [(moment, event.kind) for moment, _, event in scene.told]

    assert run(scenario()) == [(2.0, DRIFTED)]


async def test_the_watch_is_told_of_what_matters_from_now_on():
    scene = Scene()
    record(scene, scene.body())
    applied = list(scene.watches.remembered)

    scene.managed_objects.observe(scene.body("other"), key=JOB)
    scene.managed_objects.observe(scene.body(), key=KEY)  # which is known already

    assert (applied, scene.watches.remembered) == ([KEY], [KEY, JOB])


# --- what is read -----------------------------------------------------------------------------------------------------


async def test_of_what_is_read_only_an_object_with_an_owner_label_is_kept():
    scene = Scene()

    nothing = scene.managed_objects.observe(scene.body(label=""), key=KEY)
    found = scene.managed_objects.observe(scene.body(), key=KEY)
    again = scene.managed_objects.observe(scene.body(label="another"), key=KEY)

    assert nothing is None
    assert found is not None
    assert again is found
    assert found.owner == OWNER


# --- before and after a restart ---------------------------------------------------------------------------------------


async def test_what_is_compared_and_no_watch_shows_any_more_is_gone():
    scene = Scene()

    scene.managed_objects.compare(KEY, owner=OWNER, desired=b"x")

    assert scene.managed_objects.drifted(OWNER) == (KEY,)


async def test_of_an_object_of_which_status_kept_nothing_nothing_is_said():
    scene = Scene()

    scene.managed_objects.restore(KEY, owner=OWNER, known=b"")

    assert scene.managed_objects.get(KEY) is None


@pytest.mark.parametrize("there", [True, False])
async def test_a_run_of_which_status_kept_nothing_may_have_ended_where_it_is_not_there(there: bool):
    scene = Scene()
    if there:
        applied_job(scene, ttl=0)

    scene.managed_objects.restore(JOB, owner=OWNER, known=b"")

    assert scene.managed(JOB).observed.end_unobserved is not there


# --- comparisons ------------------------------------------------------------------------------------------------------


async def test_a_comparison_counts_only_for_what_is_expected():
    scene = Scene()
    scene.managed_objects.record_comparison(KEY, owner=OWNER, writers=b"w")  # of which nothing is known
    scene.see(scene.body())

    scene.managed_objects.record_comparison(KEY, owner=OWNER, writers=b"w")
    before = scene.managed().equal_writers
    record(scene, owned(scene.body()))
    scene.managed_objects.record_comparison(KEY, owner=OWNER, writers=b"w")

    assert (before, scene.managed().equal_writers) == (b"", b"w")


@pytest.mark.parametrize(("differs", "repairs", "told"), [(True, 9, True), (True, 1, False), (False, 9, False)])
async def test_values_that_differ_are_told_again_where_repairs_are_backed_off(differs: bool, repairs: int, told: bool):
    scene = Scene()
    record(scene, owned(scene.body()))
    for _ in range(repairs):
        scene.managed().backoff.record_repair(asyncio.get_running_loop().time())
    assert scene.managed().backoff.is_active is (repairs > FREE_REPAIRS)

    scene.managed_objects.record_values(KEY, owner=OWNER, version=scene.version, same=not differs)

    assert kinds(scene) == ([DRIFTED] if told else [])


# --- health -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ready", "gone", "considered"),
    [("False", False, True), ("True", False, False), ("False", True, False)],
    ids=["on its way", "healthy", "gone"],
)
async def test_only_what_is_there_and_on_its_way_is_considered_healthy_and_that_is_told(
    ready: str, gone: bool, considered: bool
):
    scene = Scene()
    scene.managed_objects.consider_healthy(KEY, "of which nothing is known")
    record(scene, scene.body(ready=ready))
    if gone:
        scene.see(scene.body(), kind=WatchEventType.DELETED)
    scene.told.clear()

    scene.managed_objects.consider_healthy(KEY, "need not be ready yet")

    assert kinds(scene) == ([HEALTH] if considered else [])
    assert (scene.managed().considered_healthy is not None) is considered
    assert (scene.managed_objects.health(OWNER).state is HealthState.CURRENT) is not gone

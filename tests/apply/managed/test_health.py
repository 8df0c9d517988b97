from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pattern_operator.api.object import ObjectKey
from pattern_operator.apply.health import Health, HealthState
from pattern_operator.apply.managed.health import unhealthy, worst_health
from pattern_operator.apply.managed.managed_object import ManagedObject
from pattern_operator.apply.managed.observation import Observation

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def one(name: str, state: HealthState, message: str = "", **more: Any) -> ManagedObject:
    key = ObjectKey("example.com", "Widget", "team", name)
    observed = Observation.of({"metadata": {"name": name, "uid": name}}, key=key, now=NOW)
    health = Health(state, message or f"{name} says {state}", **more.pop("health", {}))
    return ManagedObject(key, "web", replace(observed, health=health), **{"expected": True} | more)


def worst(*objects: ManagedObject, blind: str = "") -> Health:
    return worst_health(objects, is_watched=lambda key: key.name != blind)


def test_the_worst_comes_first_and_what_is_not_expected_counts_for_nothing():
    objects = [
        one("current", HealthState.CURRENT),
        one("slow", HealthState.IN_PROGRESS),
        one("going", HealthState.TERMINATING),
        one("gone", HealthState.CURRENT, present=False),
        one("failed", HealthState.FAILED),
        one("nobody's", HealthState.FAILED, expected=False),
    ]

    health = worst(*objects)

    assert health.state is HealthState.FAILED
    assert health.message == (
        "failed says Failed; Widget team/gone: is gone; going says Terminating; slow says InProgress"
    )


def test_without_an_object_a_pattern_is_healthy():
    assert (worst().state, worst().message) == (HealthState.CURRENT, "no object is followed")


def test_what_is_healthy_and_yet_not_as_one_would_think_is_said():
    paused = one("paused", HealthState.CURRENT, "paused: is paused", health={"notable": True})

    health = worst(one("a", HealthState.CURRENT), paused)

    assert (health.state, health.notable) == (HealthState.CURRENT, True)
    assert health.message == "2 objects are healthy; paused: is paused"


def test_what_ended_is_counted_once_it_is_gone_and_not_where_nobody_saw_it_end():
    ended = replace(one("ended", HealthState.CURRENT).observed, finished=True)
    unseen = replace(ended, end_unobserved=True, health=Health(HealthState.CURRENT, "may have", notable=True))

    health = worst(
        one("there", HealthState.CURRENT),
        replace(one("still-there", HealthState.CURRENT), observed=ended),
        *(replace(one(name, HealthState.CURRENT, present=False), observed=ended) for name in ("gone", "gone-too")),
        replace(one("unseen", HealthState.CURRENT, present=False), observed=unseen),
    )

    assert (health.state, health.ended, health.unsure) == (HealthState.CURRENT, 2, ("may have",))


def test_it_is_judged_again_when_the_first_of_them_may_change_by_time_alone():
    soon, late = (
        one(name, HealthState.IN_PROGRESS, health={"recheck_at": NOW + timedelta(seconds=seconds)})
        for name, seconds in (("a", 5), ("b", 9))
    )

    assert worst(late, soon, one("c", HealthState.FAILED)).recheck_at == NOW + timedelta(seconds=5)
    assert worst(one("c", HealthState.FAILED)).recheck_at is None


def test_the_cause_is_said_with_it_and_that_no_watch_tells():
    slow = one("slow", HealthState.IN_PROGRESS, cause="its pods crash")

    assert worst(slow).message == "slow says InProgress: its pods crash"
    assert worst(slow, blind="slow").message == (
        "slow says InProgress (as it was applied: the operator cannot watch Widget objects)"
    )


def test_unhealthy_are_those_that_are_there_the_worst_first():
    objects = [
        one("slow", HealthState.IN_PROGRESS),
        one("going", HealthState.TERMINATING),
        one("gone", HealthState.FAILED, present=False),
        one("failed", HealthState.FAILED),
        one("well", HealthState.CURRENT),
        one("other", HealthState.FAILED, expected=False),
    ]

    assert [key.name for key in unhealthy(objects)] == ["failed", "slow"]


def test_what_is_considered_healthy_is_so_until_it_changes():
    slow = one("slow", HealthState.IN_PROGRESS, considered_healthy=("slow", 0, "need not be bound yet"))

    assert worst(slow).state is HealthState.CURRENT
    assert worst(slow).message == "1 objects are healthy; Widget team/slow: need not be bound yet"
    assert worst(replace(slow, observed=replace(slow.observed, version=1))).state is HealthState.IN_PROGRESS

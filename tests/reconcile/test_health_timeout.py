"""What ``spec.timeout`` counts, across rollouts, crashes and restarts."""

from datetime import timedelta

import msgspec
import pytest
from tests.reconcile.pattern import NOW, REVISION, WELL, pattern, results

from pattern_operator.api.reason import Reason
from pattern_operator.api.stage import Stage
from pattern_operator.api.status import Status
from pattern_operator.apply import Health, HealthState
from pattern_operator.errors import Transient
from pattern_operator.reconcile import status
from pattern_operator.reconcile.health_timeout import is_over, left_current, restored

BUSY = Health(HealthState.IN_PROGRESS, "Deployment web: 0 of 1 replicas available")
ILL = Health(HealthState.FAILED, "Deployment web: failed")
TIMEOUT = 300.0
CLOCK = 10_000.0


@pytest.mark.parametrize(
    ("since", "health", "now", "expected"),
    [
        (None, WELL, 5.0, None),
        (3.0, WELL, 5.0, None),
        (None, BUSY, 5.0, 5.0),
        (3.0, BUSY, 5.0, 3.0),
        (3.0, ILL, 5.0, 3.0),
        (3.0, None, 5.0, None),
    ],
)
def test_the_count_begins_when_health_leaves_current(since, health, now, expected):
    assert left_current(since, health, now=now) == expected


def test_the_time_is_over_when_it_is_and_never_without_a_beginning():
    assert not is_over(None, timeout=0.0, now=1e9)
    assert not is_over(10.0, timeout=5.0, now=14.9)
    assert is_over(10.0, timeout=5.0, now=15.0)


def seconds_left(found: Status, *, after: float) -> float | None:
    """What is left of the time for an operator that starts so many seconds after ``NOW``."""
    since = restored(found, timeout=TIMEOUT, now=NOW + timedelta(seconds=after), clock=CLOCK)
    return None if since is None else since + TIMEOUT - CLOCK


def test_a_restart_neither_begins_anew_nor_ends_the_time_at_once():
    well = status.after(pattern(), results(), now=NOW - timedelta(days=7))
    busy = status.after(pattern(status=well), results(health=BUSY, applied=False), now=NOW)

    assert seconds_left(busy, after=100) == 200
    assert seconds_left(busy, after=400) == -100


def test_what_was_well_before_a_restart_has_the_whole_time_when_it_falls_ill():
    well = status.after(pattern(), results(), now=NOW - timedelta(days=7))

    assert seconds_left(well, after=100) is None


def test_what_was_over_before_a_restart_stays_so():
    busy = status.after(pattern(), results(health=BUSY), now=NOW - timedelta(seconds=300))
    late = status.after(pattern(status=busy), results(health=BUSY, overdue=True), now=NOW)

    left = seconds_left(late, after=10)

    assert left is not None
    assert left <= 0


def test_a_rollout_after_one_that_was_never_healthy_has_the_whole_time_after_a_restart_too():
    old = status.after(pattern(), results(health=BUSY), now=NOW - timedelta(days=1))
    ahead = status.applying(pattern(status=old), revision=REVISION, now=NOW)
    new = status.after(pattern(status=ahead), results(health=BUSY), now=NOW)

    assert seconds_left(new, after=100) == 200


def test_an_apply_that_failed_since_does_not_begin_the_time_anew():
    busy = status.after(pattern(), results(health=BUSY), now=NOW)
    refused = Transient(reason=Reason.APPLY_FAILED, message="it is refused")
    failed = results(stage=Stage.APPLY, applied=False, health=BUSY, failure=refused)
    after = status.after(pattern(status=busy), failed, now=NOW + timedelta(seconds=50))

    assert seconds_left(after, after=100) == 200


def test_where_status_does_not_say_when_it_was_applied_the_time_counts_from_when_it_fell_ill():
    busy = status.after(pattern(), results(health=BUSY), now=NOW)
    rest = tuple(each for each in busy.conditions if each.type != "Applied")

    assert seconds_left(msgspec.structs.replace(busy, conditions=rest), after=100) == 200


@pytest.mark.parametrize("moment", ["", "yesterday", "2026-13-45T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_moment_that_somebody_else_wrote_never_fails(moment: str):
    busy = status.after(pattern(), results(health=BUSY), now=NOW)
    strange = tuple(msgspec.structs.replace(each, last_transition_time=moment) for each in busy.conditions)

    left = seconds_left(msgspec.structs.replace(busy, conditions=strange), after=10)

    assert left in (None, TIMEOUT)


def test_before_anything_was_applied_nothing_is_counted():
    assert seconds_left(Status(), after=0) is None

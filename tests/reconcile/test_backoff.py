"""The back-off: doubling, jittered, bounded by the pattern, and never sooner than the other side asked for."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reconcile.pattern import pattern

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Transient
from pattern_operator.reconcile.backoff import JITTER, pause, retry_pause

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(("failures", "seconds"), [(1, 1), (2, 2), (3, 4), (4, 8), (6, 32), (7, 60), (1000, 60)])
def test_the_pause_doubles_until_the_ceiling(failures, seconds):
    found = pause(failures, ceiling=MINUTE, retry_after=None, jitter=0.5)

    assert found == timedelta(seconds=seconds)


def test_what_the_other_side_asks_for_is_honoured_beyond_the_ceiling():
    found = pause(1, ceiling=MINUTE, retry_after=timedelta(minutes=10), jitter=0.5)

    assert found == timedelta(minutes=10)


@given(st.integers(min_value=1, max_value=10_000), st.floats(min_value=0, max_value=1, exclude_max=True))
def test_jitter_stays_within_its_bounds(failures, drawn):
    exact = pause(failures, ceiling=MINUTE, retry_after=None, jitter=0.5)

    found = pause(failures, ceiling=MINUTE, retry_after=None, jitter=drawn)

    assert exact * (1 - JITTER) <= found <= exact * (1 + JITTER)


@pytest.mark.parametrize(
    ("reason", "interval", "longest"),
    [
        pytest.param(Reason.FORBIDDEN, "1s", 30, id="a grant ends it"),
        pytest.param(Reason.OWNED_BY_ANOTHER_PATTERN, "1s", 30, id="the other pattern ends it"),
        pytest.param(Reason.FORBIDDEN, "2m", 120, id="who asks to wait longer waits longer"),
        pytest.param(Reason.APPLY_FAILED, "1s", 1, id="it may pass at any moment"),
    ],
)
def test_what_only_others_can_end_is_not_asked_for_each_second(reason: Reason, interval: str, longest: int):
    refused, error = pattern(spec={"retryInterval": interval}), Transient(reason=reason, message="no")

    assert retry_pause(refused, 1, error, jitter=0.5) <= 1 + JITTER  # a grant that comes at once is found at once
    assert abs(retry_pause(refused, 1_000, error, jitter=0.5) / longest - 1) <= JITTER + 1e-9


def test_what_failed_together_is_not_retried_together():
    first, last = (pause(3, ceiling=MINUTE, retry_after=None, jitter=drawn) for drawn in (0.0, 0.99))

    assert last - first > timedelta(seconds=1)

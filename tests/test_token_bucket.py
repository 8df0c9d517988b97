"""A token bucket: a burst, then a pace, and a burst again after a rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.token_bucket import TokenBucket


def test_a_burst_is_let_through_then_one_a_pause():
    bucket = TokenBucket(3, 10.0)

    taken = [bucket.take(now) for now in (0, 0, 0, 0, 5, 10, 10, 20)]

    assert taken == [True, True, True, False, False, True, False, True]


def test_it_says_how_long_to_wait_and_looking_takes_nothing():
    bucket = TokenBucket(1, 10.0)
    bucket.take(0)

    assert bucket.wait(4) == bucket.wait(4) == pytest.approx(6)
    assert bucket.wait(10) == 0
    assert bucket.take(10)


def test_after_a_rest_it_is_full_and_never_more_than_full():
    bucket = TokenBucket(2, 1.0)
    for _ in range(2):
        bucket.take(0)

    assert [bucket.take(1_000) for _ in range(3)] == [True, True, False]


@given(st.integers(1, 5), st.lists(st.floats(0, 3), max_size=80))
def test_no_more_pass_in_any_time_than_a_burst_and_the_pace(size: int, pauses: list[float]):
    bucket, now, passed = TokenBucket(size, 1.0), 0.0, list[float]()

    for pause in pauses:
        now += pause
        if bucket.take(now):
            passed.append(now)

    for first, begin in enumerate(passed):
        for last, end in enumerate(passed[first:], start=first):
            assert last - first + 1 <= size + (end - begin) + 1e-6

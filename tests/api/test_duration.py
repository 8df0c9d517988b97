"""Durations: what Kubernetes users write, and nothing else."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.api.duration import parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("5m", 300), ("1h30m", 5400), ("500ms", 0.5), ("1.5h", 5400), ("1m1s", 61)]
)
def test_a_duration_is_read(text, seconds):
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "5", "5 m", "m", "-5m", "5d", "5mm", "1h 30m", "five minutes", "5m\n"])
def test_what_is_not_a_duration_is_refused_with_what_is_right(text):
    with pytest.raises(ValueError, match="write it as 30s, 5m or 1h30m"):
        parse_duration(text)


def test_a_duration_beyond_counting_is_refused():
    with pytest.raises(ValueError, match="too large"):
        parse_duration("9" * 30 + "h")


@given(st.text(max_size=20))
def test_any_text_is_a_duration_or_a_value_error(text):
    try:
        found = parse_duration(text)
    except ValueError:
        return

    assert found >= timedelta(0)

"""How long ago something was, whatever its time is written as."""

from datetime import UTC, datetime

import pytest

from pattern_operator.age import age

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("created", "shown"),
    [
        ("2026-05-01T11:59:50Z", "10s"),
        ("2026-05-01T11:57:00Z", "3m"),
        ("2026-05-01T09:00:00Z", "3h"),
        ("2026-04-01T12:00:00Z", "30d"),
        ("2026-05-01T13:00:00Z", "0s"),
        ("2026-05-01T11:59:50", "10s"),
        ("0001-01-01T00:00:00+23:59", "739737d"),
        ("9999-12-31T23:59:59-23:59", "0s"),
        ("yesterday", ""),
        ("", ""),
    ],
)
def test_how_old_something_is_is_said_as_kubectl_says_it(created, shown):
    assert age(created, NOW) == shown

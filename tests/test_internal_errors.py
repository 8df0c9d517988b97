import asyncio
import logging
import re
from pathlib import Path

import pytest

import pattern_operator
from pattern_operator.internal_errors import MAX_KINDS, PLACES, InternalErrors

PASSWORD = "swordfish-4711"


def fail(kind: type[Exception] = TypeError) -> None:
    raise kind(PASSWORD)


def test_an_error_is_counted_each_time_and_logged_once(caplog):
    counted: list[str] = []
    errors = InternalErrors(counted.append)

    for _ in range(3):
        with errors.contain("watch"):
            fail()
    with errors.contain("watch"):
        fail(KeyError)

    assert counted == ["watch"] * 4
    assert [record.getMessage().partition(" at:")[0] for record in caplog.records] == [
        "internal error, logged once: where=watch type=TypeError",
        "internal error, logged once: where=watch type=KeyError",
    ]


def test_the_log_says_where_it_happened_and_nothing_that_the_error_quotes(caplog):
    with InternalErrors().contain("watch"):
        fail()

    assert "test_internal_errors.py:" in caplog.text
    assert "in fail" in caplog.text
    assert PASSWORD not in caplog.text


def test_the_kinds_that_are_remembered_are_bounded(caplog):
    errors = InternalErrors()
    with caplog.at_level(logging.ERROR):
        for number in range(MAX_KINDS + 50):
            errors.record(f"place {number}", ValueError())

    assert len(caplog.records) == MAX_KINDS


def test_every_place_is_one_that_counts_from_zero():
    root = Path(pattern_operator.__file__).parent
    said = {
        place
        for file in root.rglob("*.py")
        for place in re.findall(r'(?:errors\.(?:contain|record)|internal_error)\("(\w+)"', file.read_text())
    }

    assert said == set(PLACES)


async def test_cancellation_passes():
    with pytest.raises(asyncio.CancelledError), InternalErrors().contain("watch"):
        raise asyncio.CancelledError

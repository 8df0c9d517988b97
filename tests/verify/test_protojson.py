from datetime import UTC, datetime

import pytest

from pattern_operator.strict_json import InvalidDocument
from pattern_operator.verify import protojson


@pytest.mark.parametrize("text", ["AAEC/v8=", "AAEC_v8=", "AAEC/v8", "AAEC_v8"])
def test_bytes_are_read_in_each_way_that_protojson_allows(text):
    assert protojson.bytes_field({"a": text}, "a") == b"\x00\x01\x02\xfe\xff"


@pytest.mark.parametrize(
    "value", ["", None, 1, [], "A", "AAEC/v9=", "AA-C/v8=", "AAEC/v8==", "AAEC\n/v8=", " AAEC/v8=", "%"]
)
def test_other_bytes_are_refused(value):
    with pytest.raises(InvalidDocument):
        protojson.bytes_field({"a": value}, "a")


@pytest.mark.parametrize(
    ("value", "number"),
    [("7", 7), (7, 7), ("-7", -7), (0, 0), ("0", 0), (str(2**63 - 1), 2**63 - 1), (-(2**63), -(2**63))],
)
def test_an_int64_is_a_number_or_its_digits(value, number):
    assert protojson.int64_field({"a": value}, "a") == number


@pytest.mark.parametrize(
    "value",
    ["07", "+7", " 7", "7 ", "7.0", "7e0", "0x7", "", "-0", "\u0667", str(2**63), 2**63, 7.0, True, [], "9" * 400],
)
def test_other_numbers_are_refused(value):
    with pytest.raises(InvalidDocument):
        protojson.int64_field({"a": value}, "a")


def test_a_number_that_is_left_out_is_zero():
    assert protojson.int64_field({}, "a") == 0


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00:00.123456789Z", datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)),
        ("2026-01-31T12:00:00.5Z", datetime(2026, 1, 31, 12, 0, 0, 500000, tzinfo=UTC)),
        ("2026-01-31T14:00:00+02:00", datetime(2026, 1, 31, 12, tzinfo=UTC)),
    ],
)
def test_times_are_read(text, time):
    assert protojson.time_field({"a": text}, "a") == time


@pytest.mark.parametrize(
    "value",
    [
        *(
            "2026-01-31",
            "2026-01-31 12:00:00Z",
            "2026-01-31T12:00:00",
            "2026-02-30T12:00:00Z",
            "2026-01-31T25:00:00Z",
            "2026-01-31T12:00:00+00:60",
            "",
        ),
        *(
            "2026-01-31T12:00:00.1234567890Z",
            "2026-01-31T12:00:00z",
            "0001-01-01T00:00:00+23:59",
            5,
            [],
            "\u0662026-01-31T12:00:00Z",
        ),
    ],
)
def test_other_times_are_refused(value):
    with pytest.raises(InvalidDocument):
        protojson.time_field({"a": value}, "a")


@pytest.mark.parametrize("value", [None, [], "x", 1, {"b": 1}, {"a": 1, "b": None}, {"A": 1}])
def test_a_message_has_no_field_but_its_own(value):
    with pytest.raises(InvalidDocument):
        protojson.message(value, "it", fields=("a",))


def test_null_is_an_absent_field():
    assert protojson.message({"a": None}, "it", fields=("a",)) == {}


@pytest.mark.parametrize("value", ["x", {}, [{}] * 3, [None], [1]])
def test_a_list_of_messages_is_one_and_not_too_long(value):
    with pytest.raises(InvalidDocument):
        protojson.messages({"a": value}, "a", fields=(), most=2)


@pytest.mark.parametrize("value", [{}, {"a": 1, "b": 1}])
def test_one_of_several_is_just_one(value):
    with pytest.raises(InvalidDocument):
        protojson.one_of(value, ("a", "b"))

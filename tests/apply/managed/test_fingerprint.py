"""What status keeps of an object: eight bytes for the fields of our apply, and for its time."""

import pytest

from pattern_operator.apply.managed.fingerprint import FINGERPRINT_BYTES, fields_of, is_of_time, pack, seconds_of

AT = 1_780_000_000


@pytest.mark.parametrize("applied_at", [0, 1, AT, 2**24 - 1, 2**24, 2**40])
@pytest.mark.parametrize("fields", [b"12345", b"12345678", b"1"])
def test_a_fingerprint_has_a_fixed_length_and_both_parts(fields: bytes, applied_at: int):
    packed = pack(fields, applied_at=applied_at)

    assert len(packed) == FINGERPRINT_BYTES
    assert fields_of(packed) == fields[:5].ljust(5, b"\0")
    assert is_of_time(packed, applied_at)


@pytest.mark.parametrize("other", [AT - 1, AT + 1, AT + 65_536, 0])
def test_another_second_is_another_time(other: int):
    assert not is_of_time(pack(b"12345", applied_at=AT), other)


@pytest.mark.parametrize(
    ("time", "seconds"),
    [
        ("1970-01-01T00:00:01Z", 1),
        ("2026-11-27T02:00:28Z", 1_795_744_828),
        ("2026-11-27T04:00:28+02:00", 1_795_744_828),
        ("1960-01-01T00:00:00Z", 0),
        ("2026-11-27T02:00:28", 0),
        ("2026-02-30T00:00:00Z", 0),
        ("0001-01-01T00:00:00Z", 0),
        ("soon", 0),
        ("", 0),
        ("\ud83d\u0660", 0),
        ("2026-11-27T02:00:28." + "1" * 19 + "Z", 1_795_744_828),
        ("2026-11-27T02:00:28." + "1" * 20 + "Z", 0),
    ],
)
def test_a_time_is_read_whatever_it_is(time: str, seconds: int):
    assert seconds_of(time) == seconds

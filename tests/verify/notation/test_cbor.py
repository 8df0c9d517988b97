"""One item has one encoding: whatever else a reader might take for it is refused."""

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.cputime import cpu_time
from tests.examples import examples

from pattern_operator.limits import MAX_SIGNATURE_BLOB
from pattern_operator.strict_json import InvalidDocument
from pattern_operator.verify.notation.cbor import Tagged, byte_string, read_cbor, text_string


def refusal(content: bytes) -> str:
    with pytest.raises(InvalidDocument) as refused:
        read_cbor(content)
    return str(refused.value)


@pytest.mark.parametrize(
    "encoded, item",
    [
        ("00", 0),
        ("17", 23),
        ("1818", 24),
        ("190100", 256),
        ("1a00010000", 65536),
        ("1b0000000100000000", 2**32),
        ("20", -1),
        ("3824", -37),
        ("40", b""),
        ("420102", b"\1\2"),
        ("60", ""),
        ("62c3a9", "é"),
        ("80", []),
        ("8301f4f5", [1, False, True]),
        ("a0", {}),
        ("a201026161f6", {1: 2, "a": None}),
        ("c11a66712ac7", Tagged(1, 0x66712AC7)),
        ("d28101", Tagged(18, [1])),
    ],
)
def test_what_is_written_in_the_one_way_is_read(encoded, item):
    assert read_cbor(bytes.fromhex(encoded)) == item


@pytest.mark.parametrize(
    "encoded, reason",
    [
        ("", "ends too early"),
        ("19", "ends too early"),
        ("4201", "ends too early"),
        ("820a", "ends too early"),
        ("5b7fffffffffffffff", "ends too early"),
        ("9b7fffffffffffffff", "has too many items"),
        ("bb7fffffffffffffff", "has too many items"),
        ("0000", "has bytes after its end"),
        ("1817", "not written in the shortest way"),
        ("190017", "not written in the shortest way"),
        ("1b0000000000000001", "not written in the shortest way"),
        ("580101", "not written in the shortest way"),
        ("d81200", "not written in the shortest way"),
        ("5f4101ff", "has an item of indefinite length"),
        ("9f01ff", "has an item of indefinite length"),
        ("bf0102ff", "has an item of indefinite length"),
        ("1c", "has an item of indefinite length"),
        ("a201020103", "has the same label twice"),
        ("a2616101616102", "has the same label twice"),
        ("a1f501", "neither an integer nor text"),
        ("a1410102", "neither an integer nor text"),
        ("a18002", "neither an integer nor text"),
        ("61ff", "has text that is not UTF-8"),
        ("f7", "has a value that is not used"),
        ("f0", "has a value that is not used"),
        ("f93c00", "is not an integer"),
        ("fb3ff0000000000000", "is not an integer"),
        ("f814", "is not an integer"),
        ("81" * 12 + "01", "is nested too deep"),
        ("c1" * 12 + "01", "is nested too deep"),
    ],
)
def test_everything_else_is_refused(encoded, reason):
    assert reason in refusal(bytes.fromhex(encoded))


def test_many_items_are_refused_without_being_built():
    content = bytes([0x99, 0x04, 0x00]) + bytes([0x83, 0, 0, 0]) * (MAX_SIGNATURE_BLOB // 4)

    assert "too many items" in refusal(content)
    assert cpu_time(lambda: refusal(content), enough=0.02) < 0.02


ITEMS = st.recursive(
    st.integers(-(2**64), 2**64 - 1) | st.binary(max_size=300) | st.text(max_size=30) | st.booleans() | st.none(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.integers(-(2**64), 2**64 - 1) | st.text(max_size=9), inner, max_size=4)
    ),
    max_leaves=12,
)


def depth_of(item) -> int:
    inside = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
    return 1 + max(map(depth_of, inside), default=0)


@given(ITEMS)
def test_what_another_library_writes_is_read_as_it_was_meant(item):
    if depth_of(item) < 8:
        assert read_cbor(cbor2.dumps(item)) == item


@settings(max_examples=examples(1000))
@given(st.binary(max_size=200))
def test_random_bytes_are_read_as_another_library_reads_them_or_refused(content):
    try:
        item = read_cbor(content)
    except InvalidDocument:
        return
    if not any(byte >> 5 == 6 for byte in content):  # tags become objects of the other library
        assert cbor2.loads(content) == item


@given(st.binary(max_size=70_000) | st.sampled_from([b"\0" * length for length in (23, 24, 255, 256, 65_535, 65_536)]))
def test_strings_are_written_as_they_are_read(content):
    assert read_cbor(byte_string(content)) == content
    assert read_cbor(text_string(content.hex())) == content.hex()

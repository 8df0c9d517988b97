import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.limits import MAX_JSON_DEPTH
from pattern_operator.source.document import (
    InvalidDocument,
    child,
    children,
    read_json,
    read_object,
    shown,
    text,
    texts,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def nested(depth: int) -> bytes:
    """Lists, ``depth`` of them one in another."""
    return b"[" * depth + b"]" * depth


@given(document=JSON, ascii_only=st.booleans())
def test_what_json_writes_is_read_back(document, ascii_only):
    assert read_json(json.dumps(document, ensure_ascii=ascii_only).encode()) == document


@given(content=st.binary() | st.text().map(str.encode))
def test_no_bytes_raise_anything_but_a_refusal(content):
    try:
        read_json(content)
    except InvalidDocument as refusal:
        assert str(refusal).startswith(("is ", "has ", "holds "))


def test_a_document_is_read_down_to_the_deepest_level_allowed_and_no_further():
    assert read_json(nested(MAX_JSON_DEPTH)) is not None
    for depth in (MAX_JSON_DEPTH + 1, 500_000):
        with pytest.raises(InvalidDocument, match="nested deeper than 64"):
            read_json(nested(depth))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b'{"a": 1, "a": 1}', "same name twice", id="name twice"),
        pytest.param(b'{"a": 1, "\\u0061": 2}', "same name twice", id="name twice, once escaped"),
        pytest.param(b'[{"b": {"a": 1, "a": 2}}]', "same name twice", id="name twice, deep inside"),
        pytest.param(b'"\xff"', "not UTF-8", id="Latin-1"),
        pytest.param(b'"\xed\xa0\x80"', "not UTF-8", id="surrogate as bytes"),
        pytest.param(b'{"a": ["\\ud800"]}', "half a letter", id="surrogate as an escape"),
        pytest.param(b'{"\\uDC00": 1}', "half a letter", id="surrogate in a name"),
        pytest.param('"x"'.encode("utf-16"), "not UTF-8", id="UTF-16"),
        pytest.param(b'\xef\xbb\xbf"x"', "no valid JSON", id="byte order mark"),
        pytest.param(b"NaN", "no JSON", id="NaN"),
        pytest.param(b"[-Infinity]", "no JSON", id="Infinity"),
        pytest.param(b"{} {}", "no valid JSON", id="two documents"),
        pytest.param(b'{"a": 1,}', "no valid JSON", id="comma at the end"),
        pytest.param(b'"a\nb"', "no valid JSON", id="line break in a string"),
        pytest.param(b"1" * 5_000, "no valid JSON", id="number of 5,000 digits"),
        pytest.param(b"", "no valid JSON", id="nothing"),
    ],
)
def test_what_two_readers_could_read_differently_is_refused(content, says):
    with pytest.raises(InvalidDocument, match=says):
        read_json(content)


def test_a_letter_of_two_escapes_is_one_letter():
    assert read_json(b'"\\ud83d\\ude00"') == "\U0001f600"


@pytest.mark.parametrize("content", [b"[]", b'"x"', b"1", b"null"])
def test_an_object_is_wanted_where_an_object_is_wanted(content):
    with pytest.raises(InvalidDocument, match="no JSON object"):
        read_object(content)


def test_what_may_be_absent_is_empty():
    assert (text({}, "a"), text({"a": None}, "a"), texts({}, "a"), texts({"a": None}, "a")) == ("", "", {}, {})


@pytest.mark.parametrize(
    ("take", "value", "says"),
    [
        (text, 1, "a that is no string"),
        (text, ["x"], "a that is no string"),
        (texts, [], "a that are no map of strings"),
        (texts, {"b": 1}, "a that are no map of strings"),
        (child, None, "no object a"),
        (child, [], "no object a"),
        (children, None, "no list of objects a"),
        (children, {}, "no list of objects a"),
        (children, [{}, 1], "no list of objects a"),
    ],
)
def test_a_value_of_another_type_is_refused_by_name(take, value, says):
    with pytest.raises(InvalidDocument, match=says):
        take({"a": value}, "a")


@given(value=st.text(st.characters()), length=st.integers(1, 50))
def test_foreign_text_is_shown_as_one_short_printable_line(value, length):
    line = shown(value, length=length)

    assert line.isprintable()
    assert len(line) <= length + len("...")
    assert line.strip() == line or line.endswith("...")


def test_foreign_text_that_is_short_and_plain_is_shown_as_it_is():
    assert shown("tag 1.0 of team/wéb") == "tag 1.0 of team/wéb"
    assert shown("\x1b[31mred\r\n\u202eevil") == "[31mred evil"

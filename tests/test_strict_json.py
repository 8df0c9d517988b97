import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.limits import MAX_JSON_DIGITS, MAX_NESTING
from pattern_operator.strict_json import InvalidDocument, TooManyValues, read_bounded, read_json, read_object

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def nested(depth: int) -> bytes:
    """Lists and objects in turn, ``depth`` of them one in another."""
    document: object = [] if depth % 2 else {}
    for level in range(depth - 1):
        document = {"x": document} if (depth - level) % 2 else [document]
    return json.dumps(document).encode()


@given(document=JSON, ascii_only=st.booleans())
def test_what_json_writes_is_read_back(document, ascii_only):
    assert read_json(json.dumps(document, ensure_ascii=ascii_only).encode()) == document


@given(content=st.binary() | st.text().map(str.encode))
def test_no_bytes_raise_anything_but_a_refusal(content):
    try:
        read_json(content)
    except InvalidDocument as refusal:
        assert str(refusal).startswith(("is ", "has ", "holds "))


@pytest.mark.parametrize("depth", [1, 2, MAX_NESTING], ids=str)
def test_a_document_as_deep_as_the_limit_is_read(depth):
    assert read_json(nested(depth)) is not None


@pytest.mark.parametrize("value", [b"1", b'"x"', b"null", b"true"])
def test_what_is_not_a_list_or_object_makes_a_document_no_deeper(value):
    assert read_json(b"[" * MAX_NESTING + value + b"]" * MAX_NESTING) is not None


@pytest.mark.parametrize("depth", [MAX_NESTING + 1, MAX_NESTING + 2, 500], ids=str)
def test_a_deeper_document_is_refused(depth):
    with pytest.raises(InvalidDocument, match="nested deeper than 64"):
        read_json(nested(depth))


@pytest.mark.parametrize("opening", [b"[", b'{"x":'], ids=["lists", "objects"])
def test_a_document_that_would_exhaust_the_stack_is_refused(opening):
    with pytest.raises(InvalidDocument, match="nested deeper than 64"):
        read_json(opening * 500_000)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b'{"a": 1, "a": 1}', "same name twice", id="name twice"),
        pytest.param(b'{"a": 1, "\\u0061": 2}', "same name twice", id="name twice, once escaped"),
        pytest.param(b'[{"b": {"a": 1, "a": 2}}]', "same name twice", id="name twice, deep inside"),
        pytest.param(b'"\xff"', "not UTF-8", id="Latin-1"),
        pytest.param(b'"\xed\xa0\x80"', "not UTF-8", id="surrogate as bytes"),
        pytest.param(b'{"a": ["\\ud800"]}', "an unpaired surrogate", id="surrogate as an escape"),
        pytest.param(b'{"\\uDC00": 1}', "an unpaired surrogate", id="surrogate in a name"),
        pytest.param('"x"'.encode("utf-16"), "not UTF-8", id="UTF-16"),
        pytest.param('"x"'.encode("utf-16-le"), "not valid JSON", id="UTF-16 without mark"),
        pytest.param(b'\xef\xbb\xbf"x"', "not valid JSON", id="byte order mark"),
        pytest.param(b"NaN", "NaN, which is not JSON", id="NaN"),
        pytest.param(b"[-Infinity]", "-Infinity, which is not JSON", id="Infinity"),
        pytest.param(b"{} {}", "not valid JSON", id="two documents"),
        pytest.param(b"{'a': 1}", "not valid JSON", id="single quotes"),
        pytest.param(b'{"a": 1,}', "not valid JSON", id="comma at the end"),
        pytest.param(b'"a\nb"', "not valid JSON", id="line break in a string"),
        pytest.param(b"1" * 5_000, "not valid JSON", id="number of 5,000 digits"),
        pytest.param(b"", "not valid JSON", id="nothing"),
    ],
)
def test_what_two_readers_could_read_differently_is_refused(content, says):
    with pytest.raises(InvalidDocument, match=says):
        read_json(content)


def test_a_letter_of_two_escapes_is_one_letter():
    assert read_json(b'"\\ud83d\\ude00"') == "\U0001f600"


@pytest.mark.parametrize("content", [b"[]", b"null", b'"{}"', b"1"])
def test_what_is_not_an_object_is_refused_where_an_object_is_wanted(content):
    with pytest.raises(InvalidDocument, match="not a JSON object"):
        read_object(content)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b'{"a":[' + b"1," * 100 + b"1]}", id="commas"),
        pytest.param(b'{"a":[' + b"[[[[[]]]]]," * 20 + b"1]}", id="lists in lists"),
        pytest.param(b'{"a":[' + b'{"a":{"a":{"a":{"a":{}}}}},' * 20 + b"1]}", id="objects in objects"),
    ],
)
def test_more_values_than_are_read_are_not_even_looked_at(content):
    with pytest.raises(TooManyValues, match="more than 90 values"):
        read_bounded(content, most=90)

    values = read_bounded(content, most=130)["a"]
    assert isinstance(values, list)
    assert values[-1] == 1


def test_as_many_values_as_the_limit_are_read():
    assert read_bounded(b'{"a": 1, "b": 2, "c": 3}', most=3) == {"a": 1, "b": 2, "c": 3}
    assert read_bounded(b'{"a": [[]]}', most=3) == {"a": [[]]}


@pytest.mark.parametrize("content", [b'{"a": 1, "b": 2, "c": 3, "d": 4}', b'{"a": [[[]]]}'])
def test_one_value_more_than_the_limit_is_refused(content):
    with pytest.raises(TooManyValues):
        read_bounded(content, most=3)


def test_a_number_of_as_many_digits_as_the_limit_is_read():
    assert read_json(b"1" * MAX_JSON_DIGITS) == int("1" * MAX_JSON_DIGITS)
    with pytest.raises(InvalidDocument, match="not valid JSON"):
        read_json(b"1" * (MAX_JSON_DIGITS + 1))

"""A text of parameters is read within limits, and never quoted."""

import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.limits import MAX_NESTING, MAX_PARAMETERS
from pattern_operator.render.parameters import InvalidParameters, json_text, read_parameters, values_in

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", {}),
        (b"# nothing\n", {}),
        (b"{}", {}),
        (b"a: 1\nb: {c: [on, 'on', null]}\n", {"a": 1, "b": {"c": ["on", "on", None]}}),
        (b'{"a": "\\u00e9"}', {"a": "\u00e9"}),
        (b"\xef\xbb\xbfa: 1", {"a": 1}),
    ],
)
def test_yaml_and_json_are_read(content: bytes, found: Any):
    read = read_parameters(content)

    assert {**read, **({"b": read["b"]} if "b" in read else {})}.keys() == found.keys()
    assert read.get("a") == found.get("a")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (SECRET.encode(), "is not an object"),
        (f"- {SECRET}".encode(), "is not an object"),
        (f"a: 1\n---\nb: {SECRET}".encode(), "more than one document"),
        (f"a: '{SECRET}".encode(), "is not valid YAML, at line"),
        (f"{SECRET}: 1\n{SECRET}: 2".encode(), "is not valid YAML: a key occurs twice in one mapping, at line 2"),
        (SECRET.encode() + b"\xff", "is not UTF-8"),
        (b"a: " + b"[" * 100 + b"]" * 100, "more values"),
        (b"a: " + b"x" * MAX_PARAMETERS, "KiB"),
    ],
    ids=["text", "list", "two", "open", "twice", "bytes", "deep", "long"],
)
def test_what_is_no_object_is_refused_without_a_word_of_it(content: bytes, says: str):
    with pytest.raises(InvalidParameters) as refusal:
        read_parameters(content)

    assert says in str(refusal.value)
    assert SECRET not in str(refusal.value)


def test_the_text_of_parameters_does_not_depend_on_their_order():
    assert json_text({"b": [1, None], "a": "\u00e9"}) == json_text({"a": "\u00e9", "b": [1, None]})
    assert json_text({"b": 1, "a": "\u00e9"}) == '{"a":"\u00e9","b":1}'.encode()


@pytest.mark.parametrize(
    "value",
    [float("inf"), float("nan"), 10**5000, "\ud800", "x" * MAX_PARAMETERS],
    ids=["inf", "nan", "digits", "half", "long"],
)
def test_what_json_cannot_say_is_refused(value: Any):
    with pytest.raises(InvalidParameters):
        json_text({"a": value})


def test_what_is_nested_too_deep_is_refused():
    deep: Any = "end"
    for _ in range(MAX_NESTING):
        deep = [deep]

    with pytest.raises(InvalidParameters, match="deeper"):
        json_text({"a": deep})


@given(st.binary(max_size=60))
def test_any_bytes_are_an_object_or_are_refused(content: bytes):
    try:
        found = read_parameters(content)
    except InvalidParameters:
        return
    assert isinstance(found, dict)


@given(st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=5) | st.none(), max_size=4))
def test_what_was_written_is_read_again(parameters: Any):
    try:
        text = json_text(parameters)
    except InvalidParameters:
        return
    assert json.loads(text) == parameters


def test_a_text_that_many_aliases_repeat_is_refused_before_it_is_written_out():
    parameters = read_parameters(b"a: &a " + b"x" * 100_000 + b"\nb: [" + b"*a," * 900 + b"]")

    tracemalloc.start()
    with pytest.raises(InvalidParameters, match="has more than 1024 KiB"):
        json_text(parameters)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert most < MAX_PARAMETERS


def test_values_and_keys_are_counted_at_every_level():
    assert values_in({"a": [1, {"b": None}], "c": "x"}) == 1 + 4 + 2 + 2


def test_more_values_than_asked_for_are_not_read():
    assert read_parameters(b"a: [1, 2]", most=5) == {"a": [1, 2]}
    with pytest.raises(InvalidParameters, match=r"has more values than the 50000 .*, at line 1"):
        read_parameters(b"a: [1, 2]", most=4)

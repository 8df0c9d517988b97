"""The path of one parameter: read as Helm reads it, and placed without touching anything beside it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.render.parameters import InvalidTargetPath, TargetPath, value_of
from pattern_operator.render.parameters.target_path import MAX_INDEX

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=5)
STEPS = st.tuples(NAMES, st.lists(NAMES | st.integers(0, 5), max_size=5)).map(lambda each: (each[0], *each[1]))


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("a", ("a",)),
        ("db.password", ("db", "password")),
        ("hosts[0].name", ("hosts", 0, "name")),
        ("a[1][20].b", ("a", 1, 20, "b")),
        (r"annotations.example\.com/team", ("annotations", "example.com/team")),
        (r"a\[0\]", ("a[0]",)),
        (r"a\\", ("a\\",)),
        (r"a\.", ("a.",)),
        ("a b", ("a b",)),
    ],
)
def test_a_path_is_read_as_helm_reads_it(text: str, steps: Any):
    assert TargetPath.parse(text).steps == steps


@pytest.mark.parametrize(
    "text",
    ["", ".", ".a", "a.", "a..b", "[0]", "a[", "a[]", "a[x]", "a[-1]", "a[0]b", "a.[0]", "a=b", "a,b", "{a}", "a\\"],
)
def test_what_is_no_path_is_refused(text: str):
    with pytest.raises(InvalidTargetPath):
        TargetPath.parse(text)


def test_an_index_that_would_make_a_long_list_is_refused():
    assert TargetPath.parse(f"a[{MAX_INDEX}]").steps == ("a", MAX_INDEX)
    with pytest.raises(InvalidTargetPath, match=str(MAX_INDEX)):
        TargetPath.parse(f"a[{MAX_INDEX + 1}]")


@pytest.mark.parametrize(
    ("before", "path", "after"),
    [
        ({}, "a", {"a": "v"}),
        ({"b": 1}, "a.b", {"b": 1, "a": {"b": "v"}}),
        ({"a": {"c": 1}}, "a.b", {"a": {"c": 1, "b": "v"}}),
        ({"a": [1, 2]}, "a[0]", {"a": ["v", 2]}),
        ({"a": [1]}, "a[2]", {"a": [1, None, "v"]}),
        ({"a": [{"b": 1, "c": 2}]}, "a[0].b", {"a": [{"b": "v", "c": 2}]}),
        ({"a": "text"}, "a.b", {"a": {"b": "v"}}),
        ({"a": {"b": 1}}, "a[0]", {"a": ["v"]}),
    ],
)
def test_a_value_is_put_where_the_path_leads(before: Any, path: str, after: Any):
    assert TargetPath.parse(path).place(before, "v") == after


@given(STEPS, st.text())
def test_what_was_placed_is_found_and_what_is_beside_it_stays(steps: Any, value: str):
    text = "".join(f"[{each}]" if isinstance(each, int) else f".{escaped(each)}" for each in steps).removeprefix(".")
    path = TargetPath.parse(text)
    before: dict[str, object] = {"beside it": [1]}

    found: Any = path.place(before, value)

    assert path.steps == steps
    assert found["beside it"] == [1] or steps[0] == "beside it"
    assert before == {"beside it": [1]}
    for step in steps:
        found = found[step]
    assert found == value


@given(st.text(max_size=30))
def test_any_text_is_a_path_or_is_refused(text: str):
    try:
        TargetPath.parse(text)
    except InvalidTargetPath as refusal:
        assert "is not the path" in str(refusal) or "index" in str(refusal) or "ends" in str(refusal)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("null", None),
        ("3", 3),
        ("0", 0),
        ("-7", -7),
        ("9223372036854775807", 2**63 - 1),
        ("1000710000", 1_000_710_000),
        ("9223372036854775808", "9223372036854775808"),
        ("0123", "0123"),
        ("1.5", "1.5"),
        ("yes", "yes"),
        ("", ""),
        ("true\n", "true\n"),
        ("'true'", "true"),
        ('"3"', "3"),
        ("'null'", "null"),
        ("''", ""),
        ("'", "'"),
        ("'it", "'it"),
        ("'a\"", "'a\""),
        ("'\"x\"'", '"x"'),
        ("a,b=c", "a,b=c"),
        ("{a,b}", "{a,b}"),
        ("a\\,b[0]", "a\\,b[0]"),
    ],
)
def test_one_value_is_read_as_flux_reads_it(text: str, value: Any):
    found = value_of(text)

    assert (found, type(found)) == (value, type(value))


@given(st.text(max_size=20), st.sampled_from("'\""))
def test_each_text_can_be_given_between_quotation_marks(text: str, mark: str):
    assert value_of(f"{mark}{text}{mark}") == text


def escaped(name: str) -> str:
    return "".join(f"\\{letter}" if letter in "\\[].=,{}" else letter for letter in name)

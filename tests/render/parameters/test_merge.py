"""Parameters of several places become one object, as Helm and Flux merge them."""

import copy
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.render.parameters import merge, without_nulls

NAMES = st.sampled_from("abc")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)
PARAMETERS = st.dictionaries(NAMES, VALUES, max_size=3)


@pytest.mark.parametrize(
    ("base", "over", "together"),
    [
        ({}, {}, {}),
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": {"x": 1, "y": 1}}, {"a": {"y": 2}}, {"a": {"x": 1, "y": 2}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": [{"x": 1}]}, {"a": [{"y": 1}]}, {"a": [{"y": 1}]}),
        ({"a": {"x": 1}}, {"a": "text"}, {"a": "text"}),
        ({"a": "text"}, {"a": {"x": 1}}, {"a": {"x": 1}}),
        ({"a": {"x": 1}}, {"a": {}}, {"a": {"x": 1}}),
        ({"a": {"x": 1}}, {"a": None}, {"a": None}),
        ({"a": {"x": 1}}, {"a": {"x": None}}, {"a": {"x": None}}),
    ],
)
def test_objects_are_merged_and_all_else_is_replaced(base: Any, over: Any, together: Any):
    assert merge(base, over) == together


def test_a_null_takes_its_name_away_in_objects_and_not_in_lists():
    assert without_nulls({"a": None, "b": {"c": None, "d": 0}, "e": [None]}) == {"b": {"d": 0}, "e": [None]}


@given(PARAMETERS, PARAMETERS)
def test_neither_is_changed(base: Any, over: Any):
    before = copy.deepcopy((base, over))

    merge(base, over)

    assert (base, over) == before


@given(PARAMETERS)
def test_what_is_merged_with_nothing_or_with_itself_stays(parameters: Any):
    assert merge(parameters, {}) == merge({}, parameters) == merge(parameters, parameters) == parameters


@given(PARAMETERS, PARAMETERS)
def test_what_was_merged_last_is_there_whole(base: Any, over: Any):
    merged = merge(base, over)

    assert merge(merged, over) == merged
    assert holds(merged, over)


def holds(whole: Any, part: Any) -> bool:
    """Whether every value of ``part`` is in ``whole``."""
    if isinstance(part, Mapping):
        return isinstance(whole, Mapping) and all(holds(whole.get(name), each) for name, each in part.items())
    return bool(whole == part)

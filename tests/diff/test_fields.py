"""Which fields differ: the path as people write it, both values, nothing that is the same."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.diff.fields import MAX_PATH, MAX_VALUE, FieldDifference, differences
from pattern_operator.diff.masking import Hidden

NAN = float("nan")
A, B = {"name": "a", "image": "x:1"}, {"name": "b", "image": "y:1"}


def found(before, after):
    return [(each.path, str(each.change), each.before, each.after) for each in differences(before, after)]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"spec": {"replicas": 1}}, {"spec": {"replicas": 2}}, ("spec.replicas", "changed", "1", "2")),
        ({"a": 1}, {"a": 1, "b": {"c": []}}, ("b", "added", "", '{"c":[]}')),
        ({"a": 1, "b": None}, {"a": 1}, ("b", "removed", "null", "")),
        ({"a": True}, {"a": 1}, ("a", "changed", "true", "1")),
        ({"a": 1}, {"a": 1.0}, ("a", "changed", "1", "1.0")),
        ({"a": {}}, {"a": []}, ("a", "changed", "{}", "[]")),
        ({"m": {"a.b/c": "1"}}, {"m": {"a.b/c": "2"}}, ('m["a.b/c"]', "changed", '"1"', '"2"')),
        ({"m": {'"]': "1"}}, {"m": {'"]': "2"}}, ('m["\\"]"]', "changed", '"1"', '"2"')),
        ({"c": [A, B]}, {"c": [A, B | {"image": "y:2"}]}, ("c[name=b].image", "changed", '"y:1"', '"y:2"')),
        ({"c": [A]}, {"c": [B, A]}, ("c[name=b]", "added", "", '{"name":"b","image":"y:1"}')),
        ({"c": [A, B]}, {"c": [B]}, ("c[name=a]", "removed", '{"name":"a","image":"x:1"}', "")),
        ({"c": [A, B]}, {"c": [B, A]}, ("c[] order", "changed", '["a","b"]', '["b","a"]')),
        ({"l": [1, 2, 3]}, {"l": [1, 9, 3]}, ("l[1]", "changed", "2", "9")),
        ({"l": [1, 2]}, {"l": [0, 1, 2]}, ("l[0]", "added", "", "0")),
        ({"l": [1, 2, 3]}, {"l": [1, 3]}, ("l[1]", "removed", "2", "")),
        ({"l": [A, A]}, {"l": [A]}, ("l[1]", "removed", '{"name":"a","image":"x:1"}', "")),
        ({"l": [A, {"x": 1}]}, {"l": [A, {"x": 2}]}, ("l[1].x", "changed", "1", "2")),
        ({"s": Hidden(b"1")}, {"s": Hidden(b"2")}, ("s", "changed", '"***"', '"***"')),
        ({"s": {}}, {"s": {"a": Hidden(b"2")}}, ("s.a", "added", "", '"***"')),
    ],
    ids=str,
)
def test_a_field_that_differs_is_told_with_both_values(before, after, told):
    assert found(before, after) == [told]


@pytest.mark.parametrize("value", [{}, {"a": [1, {"b": NAN}]}, {"s": Hidden(b"1")}, []], ids=str)
def test_what_is_the_same_is_not_told(value):
    assert found(value, copy.deepcopy(value)) == []


def test_of_a_long_text_the_part_that_differs_is_shown():
    before = "line\n" * 1_000 + "mode: fast\n" + "line\n" * 1_000

    ((_, _, old, new),) = found({"a": before}, {"a": before.replace("fast", "slow")})

    assert "mode: fast" in old
    assert "mode: slow" in new
    assert max(len(old.encode()), len(new.encode())) <= MAX_VALUE


def test_a_long_text_that_goes_on_is_shown_from_where_it_does():
    ((_, _, old, new),) = found({"a": "x" * 1_000}, {"a": "x" * 1_000 + "more"})

    assert "more" not in old
    assert "more" in new


def test_values_and_paths_are_bounded():
    (told,) = differences({}, {"k" * 5_000: {f"a{number}": "v" * 50 for number in range(10_000)}})

    assert len(told.path.encode()) <= MAX_PATH
    assert len(told.after.encode()) <= MAX_VALUE


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-1, 1) | st.text(max_size=3),
    lambda each: st.lists(each, max_size=4) | st.dictionaries(st.sampled_from(["name", "a", "b"]), each, max_size=3),
    max_leaves=15,
)


@given(JSON)
def test_no_value_differs_from_itself(value):
    assert list(differences(value, copy.deepcopy(value))) == []


@given(JSON, JSON)
def test_what_is_added_one_way_is_removed_the_other_way(before, after):
    there, back = list(differences(before, after)), list(differences(after, before))

    assert bool(there) == bool(back)
    turned = {FieldDifference(each.path, each.change, each.after, each.before) for each in back}
    changed = {each for each in there if each.change == "changed"}
    assert changed == {each for each in turned if each.change == "changed"}

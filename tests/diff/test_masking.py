"""Values of Secrets are hidden wherever they lie, and a change of one is still a change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.diff.masking import LAST_APPLIED, Hidden, Mask

SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db", "labels": {"a": "b"}}, "type": "Opaque"}
VALUE = "a-value-of-a-secret"


def holds(value, wanted):
    """Whether ``wanted`` is anywhere in a value."""
    if isinstance(value, dict):
        return any(holds(each, wanted) for pair in value.items() for each in pair)
    if isinstance(value, list):
        return any(holds(each, wanted) for each in value)
    return isinstance(value, str) and wanted in value


@pytest.mark.parametrize(
    "fields",
    [
        {"data": {"password": VALUE}},
        {"stringData": {"password": VALUE}},
        {"data": [VALUE]},
        {"data": VALUE},
        {"Data": {"password": VALUE}},
        {"spec": {"data": {"password": VALUE}}},
        {"metadata": {"name": "db", "annotations": {LAST_APPLIED: VALUE}}},
        {"metadata": {"name": "db", "annotations": {"tool.example/copy": VALUE}}},
        {"metadata": {"name": "db", "annotations": VALUE}},
        {"metadata": {"name": "db", "managedFields": [VALUE]}},
        {"metadata": VALUE},
    ],
    ids=str,
)
def test_no_value_of_a_secret_is_left_in_it(fields):
    assert not holds(Mask().of(SECRET | fields), VALUE)


def test_what_people_look_for_in_a_secret_is_left():
    found = Mask().of(SECRET | {"data": {"password": VALUE}, "immutable": True})

    assert {**found, "data": None} == {**SECRET, "immutable": True, "data": None}
    assert list(found["data"]) == ["password"]


def test_two_hidden_values_are_equal_where_the_values_are():
    mask = Mask()
    one, same, other = (mask.of(SECRET | {"data": {"a": value}})["data"]["a"] for value in ("x", "x", "y"))

    assert isinstance(one, Hidden)
    assert one == same
    assert one != other


def test_a_hidden_value_is_another_in_another_comparison_and_says_nothing():
    one, other = (Mask().of(SECRET | {"data": {"a": "x"}})["data"]["a"] for _ in range(2))

    assert one != other
    assert repr(one) == "Hidden()"


def test_what_kubectl_applied_last_is_hidden_in_every_kind():
    applied = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"annotations": {LAST_APPLIED: VALUE, "a": "b"}}}

    found = Mask().of(applied)

    assert not holds(found, VALUE)
    assert found["metadata"]["annotations"]["a"] == "b"


@pytest.mark.parametrize(
    "body",
    [
        {"apiVersion": "v1", "kind": "SecretList", "items": [{"data": {"a": VALUE}}]},
        {"apiVersion": "v1", "kind": "List", "items": [SECRET | {"data": {"a": VALUE}}]},
        {"apiVersion": "x.example/v1", "kind": "Work", "spec": {"manifests": [SECRET | {"stringData": {"a": VALUE}}]}},
    ],
    ids=lambda body: body["kind"],
)
def test_a_secret_within_another_object_is_hidden_too(body):
    assert not holds(Mask().of(body), VALUE)


def test_other_kinds_are_shown():
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a": "b"}}
    sealed = {"apiVersion": "example.com/v1", "kind": "Secret", "spec": {"a": "b"}}

    assert Mask().of(body) == body
    assert Mask().of(sealed) == sealed


@given(
    st.recursive(
        st.none() | st.integers() | st.just(VALUE),
        lambda each: (
            st.lists(each) | st.dictionaries(st.sampled_from(["data", "metadata", "annotations", "spec", "x"]), each)
        ),
        max_leaves=12,
    )
)
def test_no_value_is_left_in_a_secret_of_any_shape(value):
    body = {**(value if isinstance(value, dict) else {"x": value}), "apiVersion": "v1", "kind": "Secret"}
    shown = {name: each for name, each in body.items() if name not in ("name", "labels")}

    assert not holds(Mask().of(shown), VALUE)

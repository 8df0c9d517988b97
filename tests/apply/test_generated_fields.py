"""What a chart made up stays as it was applied first, and nothing else of the object does."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.api.generated import GeneratedFields
from pattern_operator.api.object import Object
from pattern_operator.apply.generated_fields import kept_values

VALUES = st.recursive(
    st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=6,
)
PATHS = st.lists(
    st.lists(st.sampled_from(["a", "b", "data", "metadata", "name", 0, 1]), max_size=4).map(tuple), max_size=4
)


def secret(**fields) -> Object:
    return Object.of({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, **fields})


OURS = {"manager": "pattern-operator", "operation": "Apply", "fieldsV1": {}}


def held(live: dict[str, Any]) -> dict[str, Any]:
    """The same object, in which our apply holds all."""
    return {**live, "metadata": {**live.get("metadata", {}), "managedFields": [OURS]}}


def kept(rendered: Object, live: dict[str, Any], *paths) -> dict[str, Any]:
    made = kept_values(rendered, GeneratedFields(rendered.key, paths), held(live)).object
    return {name: value for name, value in made.body.items() if name not in ("apiVersion", "kind", "metadata")}


@pytest.mark.parametrize(
    ("rendered", "live", "path", "expected"),
    [
        (
            {"data": {"p": "bmV3", "image": "2"}},
            {"data": {"p": "b2xk", "image": "1"}},
            ("data", "p"),
            {"data": {"p": "b2xk", "image": "2"}},
        ),
        ({"data": {"p": "bmV3"}}, {"data": {}}, ("data", "p"), {"data": {"p": "bmV3"}}),
        ({"data": {"p": "bmV3"}}, {}, ("data", "p"), {"data": {"p": "bmV3"}}),
        ({"data": {}}, {"data": {"p": "b2xk"}}, ("data", "p"), {"data": {}}),
        ({"stringData": {"p": "new"}}, {"data": {"p": "b2xk"}}, ("stringData", "p"), {"stringData": {"p": "old"}}),
        ({"stringData": {"p": "new"}}, {"data": {"p": "/w=="}}, ("stringData", "p"), {"stringData": {"p": "new"}}),
        ({"stringData": {"p": "new"}}, {"data": {"p": 1}}, ("stringData", "p"), {"stringData": {"p": "new"}}),
        ({"a": [{"b": "new"}]}, {"a": [{"b": "old"}]}, ("a", 0, "b"), {"a": [{"b": "old"}]}),
        ({"a": ["new"]}, {"a": []}, ("a", 0), {"a": ["new"]}),
        ({"a": "new"}, {"a": "old"}, (), {"a": "new"}),
        (
            {"stringData": {"p": "new", "q": "new"}},
            {"data": {"p": "b2xk", "q": "b2xk", "of-another": "b2xk"}},
            ("stringData",),
            {"stringData": {"p": "old", "q": "old"}},
        ),
        ({"a": {"b": {"c": "new"}}}, {"a": {"b": {"c": "old", "d": 1}, "e": 1}}, ("a",), {"a": {"b": {"c": "old"}}}),
        (
            {"env": [{"name": "P", "value": "new"}]},
            {"env": [{"name": "INJECTED", "value": "secret"}, {"name": "P", "value": "old"}]},
            ("env", 0, "value"),
            {"env": [{"name": "P", "value": "old"}]},
        ),
        (
            {"env": [{"name": "P", "value": "new"}]},
            {"env": [{"name": "INJECTED", "value": "secret"}]},
            ("env", 0, "value"),
            {"env": [{"name": "P", "value": "new"}]},
        ),
        (
            {"env": [{"name": "P-new", "value": "1"}]},
            {"env": [{"name": "P-old", "value": "1"}]},
            ("env", 0, "name"),
            {"env": [{"name": "P-old", "value": "1"}]},
        ),
        ({"args": ["-p=new"]}, {"args": ["-injected", "-p=old"]}, ("args", 0), {"args": ["-p=new"]}),
        (
            {"ports": [{"name": "a", "port": 1}, {"name": "a", "port": 2}]},
            {"ports": [{"port": 2, "name": "old"}, {"port": 1, "name": "a"}]},
            ("ports", 1, "name"),
            {"ports": [{"name": "a", "port": 1}, {"name": "old", "port": 2}]},
        ),
    ],
)
def test_a_generated_field_is_as_in_the_cluster_and_all_else_as_rendered(rendered, live, path, expected):
    assert kept(secret(**rendered), live, path) == expected


def test_what_the_server_writes_into_metadata_is_never_sent():
    rendered = secret()
    rendered.body["metadata"]["annotations"] = {"salt": "new"}
    live = {
        "metadata": {"name": "a", "uid": "1", "managedFields": [OURS], "annotations": {"salt": "old", "other": "x"}}
    }

    made = kept_values(rendered, GeneratedFields(rendered.key, (("metadata",),)), live).object

    assert made.body["metadata"] == {"name": "a", "annotations": {"salt": "old"}}


def test_an_object_that_makes_nothing_up_is_as_rendered():
    rendered = secret(data={"p": "bmV3"})

    assert kept_values(rendered, GeneratedFields(rendered.key, ()), held({"data": {"p": "b2xk"}})).object == rendered


@given(VALUES, VALUES, PATHS)
def test_a_live_object_of_any_shape_is_read_and_nothing_given_is_changed(rendered, live, paths):
    desired, before = secret(data=rendered), deepcopy((rendered, live))

    made = kept(desired, {"data": live}, *paths)

    assert (rendered, live) == before
    assert made.keys() == {"data"}

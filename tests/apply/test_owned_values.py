"""What an object has at the fields of one manager."""

from typing import Any

import pytest

from pattern_operator.apply.owned_values import owned_values

POD = {
    "metadata": {"labels": {"app": "web", "other": "x"}, "finalizers": ["a/b", "c/d"]},
    "spec": {
        "containers": [{"name": "main", "image": "web:1"}, {"name": "side", "image": "side:1"}],
        "ports": [{"port": 80}],
        "args": ["-v", "1"],
        "volume": {},
    },
}


@pytest.mark.parametrize(
    ("fields", "change", "same"),
    [
        ({"f:metadata": {"f:labels": {"f:app": {}}}}, {"metadata": {"labels": {"app": "web"}}}, True),
        ({"f:metadata": {"f:labels": {"f:app": {}}}}, {"metadata": {"labels": {"app": "api"}}}, False),
        ({"f:metadata": {"f:labels": {"f:app": {}}}}, {"metadata": {"labels": {}}}, False),
        ({"f:metadata": {"f:labels": {"f:app": {}}}}, {"metadata": []}, False),
        (
            {"f:spec": {"f:containers": {'k:{"name":"side"}': {".": {}, "f:image": {}}}}},
            {"spec": {"containers": [{"name": "side", "image": "side:1"}, {"name": "main", "image": "web:2"}]}},
            True,
        ),
        (
            {"f:spec": {"f:containers": {'k:{"name":"side"}': {".": {}, "f:image": {}}}}},
            {"spec": {"containers": [{"name": "side", "image": "side:2"}]}},
            False,
        ),
        (
            {"f:spec": {"f:ports": {'k:{"port":80,"protocol":"TCP"}': {"f:port": {}}}}},
            {"spec": {"ports": [{"port": 80, "protocol": "TCP"}]}},
            True,
        ),
        ({"f:metadata": {"f:finalizers": {'v:"a/b"': {}}}}, {"metadata": {"finalizers": ["x", "a/b"]}}, True),
        ({"f:metadata": {"f:finalizers": {'v:"a/b"': {}}}}, {"metadata": {"finalizers": ["c/d"]}}, False),
        ({"f:spec": {"f:args": {}}}, {"spec": {"args": ["-v", "1"]}}, True),
        ({"f:spec": {"f:args": {}}}, {"spec": {"args": ["-v"]}}, False),
        ({"f:spec": {"f:args": {"i:1": {}}}}, {"spec": {"args": ["x", "1"]}}, True),
        ({"f:spec": {"f:args": {"i:1": {}}}}, {"spec": {"args": ["x"]}}, False),
        ({"f:spec": {"f:args": {"i:1": {}}}}, {"spec": {"args": ["x", "2"]}}, False),
        ({"f:spec": {"f:args": {"f:-v": {}}}}, {"spec": {"args": {"x": 1}}}, True),
        ({"f:spec": {"f:args": {"v:{": {}}}}, {"spec": {"args": [None]}}, True),
        ({"f:spec": {"f:volume": {".": {}}}}, {"spec": {"volume": {"a": 1}}}, False),
        ({"f:spec": {"f:volume": {}}}, {"spec": {"volume": {}}}, True),
        ({"f:spec": {"f:none": {}}}, {"spec": {"none": "absent"}}, False),
    ],
)
def test_only_the_values_of_the_fields_are_compared(fields, change, same):
    assert (owned_values(POD, fields) == owned_values(change, fields)) is same


def test_what_is_nested_deeper_than_is_looked_at_is_compared_as_a_whole():
    fields: dict[str, Any] = {"f:a": {"f:b": {"f:c": {}}}}

    assert owned_values({"a": {"b": {"c": 1}}}, fields, depth=2) == {"f:a": {"f:b": [{"c": 1}]}}


@pytest.mark.parametrize("inside", [7, [7], [{"x": 2}], []], ids=["no list", "no entry", "another entry", "none"])
def test_an_entry_that_is_not_there_is_absent(inside):
    assert owned_values({"a": inside}, {"f:a": {'k:{"x":1}': {}}}) == {"f:a": {'k:{"x":1}': "absent"}}

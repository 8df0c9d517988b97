"""What an object has at the fields of one manager."""

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
        ({"f:spec": {"f:volume": {}}}, {"spec": {"volume": {}}}, True),
        ({"f:spec": {"f:none": {}}}, {"spec": {"none": "absent"}}, False),
    ],
)
def test_only_the_values_of_the_fields_are_compared(fields, change, same):
    assert (owned_values(POD, fields) == owned_values(change, fields)) is same

"""A field that stands one level too deep or too high is told with its own place."""

import pytest

from pattern_operator.api.crd import DESIGN_PATTERN, crd
from pattern_operator.api.names import API_VERSION, KIND
from pattern_operator.lint.schema.levels import on_another_level
from pattern_operator.lint.schema.schemas import Schemas

SOURCE = {"url": "oci://registry.example/web", "ref": {"tag": "1.0.0"}}


def suggestions(spec: dict[str, object]) -> list[str]:
    schemas = Schemas.of({}, label=KIND).with_crds([crd(DESIGN_PATTERN)])
    body = {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": "web"}, "spec": spec}
    return [each.suggestion for each in schemas.faults(body)]


@pytest.mark.parametrize(
    ("spec", "meant"),
    [
        ({"source": {**SOURCE, "interval": "1h"}}, "did you mean spec.interval?"),
        ({"source": SOURCE, "targetNamespace": "shop"}, "did you mean spec.render.targetNamespace?"),
        ({"source": SOURCE, "prune": False}, "did you mean spec.apply.prune?"),
        ({"source": SOURCE, "dependsOn": [{"name": "db", "suspend": True}]}, "did you mean spec.suspend?"),
        ({"source": SOURCE, "nowhere": 1}, ""),
        ({"source": {**SOURCE, "prune": True}}, ""),  # two levels away
        ({"source": SOURCE, "retryIntervals": "1h"}, "did you mean retryInterval?"),
    ],
)
def test_of_an_unknown_field_the_one_of_that_name_a_level_away_is_named(spec, meant):
    assert suggestions(spec) == [meant]


def test_of_two_of_that_name_none_is_named():
    inner = {"properties": {"x": {"type": "string"}}}
    schema = {"properties": {"a": inner, "b": inner}}

    assert on_another_level("x", (), schema) is None
    assert on_another_level("x", ("a", "b"), schema) == ("a", "x")


@pytest.mark.parametrize("schema", [{}, {"properties": []}, {"properties": {"a": 1, "b": {"items": "x"}}}])
def test_a_schema_of_any_shape_names_none(schema):
    assert on_another_level("x", ("a", 0, "b"), schema) is None
    assert on_another_level("x", (), schema) is None

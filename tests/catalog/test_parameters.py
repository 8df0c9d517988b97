"""What a pattern may be given, as rows."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.api.artifact import File
from pattern_operator.catalog import Parameter, parameters_in
from pattern_operator.catalog.parameters import MAX_DEPTH, MAX_PARAMETERS, parameters_of

SCHEMA = {
    "type": "object",
    "required": ["host", "replicas", "db"],
    "properties": {
        "host": {"type": "string", "description": "Where it is\nreached"},
        "replicas": {"type": "integer", "default": 2},
        "size": {"enum": ["small", "large"], "title": "How large"},
        "db": {
            "type": "object",
            "required": ["user"],
            "properties": {"user": {"type": ["string", "null"]}, "kind": {"$ref": "#/$defs/kind"}},
        },
    },
    "$defs": {"kind": {"type": "string", "default": "postgres"}},
}
PATTERN = {"apiVersion": "pattern-operator.io/v1alpha1", "kind": "Pattern", "parameters": {"schema": SCHEMA}}


def test_the_parameters_of_a_pattern_file_are_told_with_those_inside_of_others():
    files = [File("pattern.yaml", json.dumps(PATTERN).encode()), File("web.yaml", b"")]

    assert parameters_in(files) == (
        Parameter("host", "string", required=True, description="Where it is reached"),
        Parameter("replicas", "integer", default="2"),
        Parameter("size", description="How large", choices=('"small"', '"large"')),
        Parameter("db.user", "string or null", required=True),
        Parameter("db.kind", "string", default='"postgres"'),
    )


def test_an_object_that_has_a_default_is_a_parameter_beside_its_own():
    schema = {"properties": {"a": {"default": {"b": 1}, "properties": {"b": {"type": "integer"}}}}}

    assert [(each.path, each.default) for each in parameters_of(schema)] == [("a", '{"b": 1}'), ("a.b", "")]


def chart(values, schema=None, *, folder=""):
    """The parameters of a chart with these values."""
    files = [File(f"{folder}Chart.yaml", b"name: web"), File(f"{folder}values.yaml", json.dumps(values).encode())]
    if schema is not None:
        files.append(File(f"{folder}values.schema.json", json.dumps(schema).encode()))
    return parameters_in(files)


@pytest.mark.parametrize("folder", ["", "web/"])
def test_the_values_of_a_chart_are_its_parameters(folder):
    found = chart({"image": {"tag": "1.0", "pull": []}, "replicas": 2, "debug": False, "extra": {}}, folder=folder)

    assert found == (
        Parameter("image.tag", "string", default='"1.0"'),
        Parameter("image.pull", "array", default="[]"),
        Parameter("replicas", "integer", default="2"),
        Parameter("debug", "boolean", default="false"),
        Parameter("extra", "object", default="{}"),
    )


def test_a_schema_of_values_says_the_types_and_values_say_the_defaults():
    schema = {
        "required": ["host", "replicas"],
        "properties": {"host": {"type": "string", "description": "a name"}, "replicas": {"type": "integer"}},
    }

    assert chart({"replicas": 2, "debug": None}, schema) == (
        Parameter("host", "string", required=True, description="a name"),
        Parameter("replicas", "integer", default="2"),
        Parameter("debug", "null", default="null"),
    )


@pytest.mark.parametrize("name", ["password", "dbPassword", "api_key", "apiKey", "authToken", "clientSecret"])
def test_a_default_that_may_be_a_secret_is_never_shown(name):
    (of_values,) = chart({name: "tulipwood"})
    (of_schema,) = parameters_of({"properties": {name: {"default": "tulipwood"}}})

    assert of_values.default == of_schema.default == "***"


@pytest.mark.parametrize("more", [{"writeOnly": True}, {"format": "password"}])
def test_nor_is_one_that_the_schema_calls_secret(more):
    (found,) = parameters_of({"properties": {"word": {"default": "tulipwood", **more}}})

    assert found.default == "***"


def test_nor_is_what_has_the_shape_of_a_credential():
    (found,) = chart({"url": "https://robot:tulipwood@a.example/"})

    assert "tulipwood" not in found.default
    assert "a.example" in found.default


@pytest.mark.parametrize("value", ["", None, False, 0, [], {}])
def test_an_empty_default_hides_nothing(value):
    (found,) = parameters_of({"properties": {"password": {"default": value}}})

    assert found.default == json.dumps(value)


def test_a_schema_that_refers_to_itself_ends():
    tree = {"properties": {"a": {"$ref": "#"}, "b": {"type": "string"}}}

    found = parameters_of(tree)

    assert found[0].path.count(".") == MAX_DEPTH
    assert sorted(each.path.count(".") for each in found if each.type) == list(range(MAX_DEPTH + 1))


def test_a_schema_that_grows_by_reference_is_bounded():
    wide = {"properties": {f"p{number}": {"$ref": "#"} for number in range(40)} | {"end": {"type": "string"}}}

    assert len(parameters_of(wide)) == MAX_PARAMETERS


@pytest.mark.parametrize("reference", ["#/$defs/none", "https://a.example/", "#/properties/~1", 5, "#x"])
def test_a_reference_that_leads_nowhere_adds_nothing(reference):
    (found, *_) = parameters_of({"properties": {"a": {"$ref": reference, "type": "string"}}})

    assert found == Parameter("a", "string")


def test_a_pattern_without_a_schema_takes_nothing():
    assert parameters_in([File("web.yaml", b"kind: ConfigMap")]) == ()
    assert parameters_in([File("pattern.yaml", b"apiVersion: pattern-operator.io/v1\nkind: Pattern")]) == ()
    assert parameters_in([File("Chart.yaml", b"x"), File("values.yaml", b"a: [")]) == ()


KEYS = st.sampled_from(
    ["properties", "required", "type", "enum", "default", "$ref", "$defs", "a", "writeOnly", "format"]
)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["#", "#/$defs/a", "#/properties/a"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=16,
)


@given(ANY)
def test_no_shape_of_a_schema_raises(schema):
    for each in parameters_of(schema):
        assert each.path.isprintable()


@given(ANY, ANY)
def test_no_shape_of_values_raises(values, schema):
    chart(values, schema)

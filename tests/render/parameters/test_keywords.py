"""Slips in a schema of parameters are found by their place; what other dialects add is left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.render.parameters.defaults import InvalidSchema
from pattern_operator.render.parameters.keywords import no_type, slip
from pattern_operator.render.parameters.schema import complete

HOST = {"properties": {"host": {"type": "string"}}}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        (
            {"requird": ["host"]},
            "has 'requird' at its top, which is no keyword of JSON Schema (did you mean required?)",
        ),
        ({"properties": {"n": {"minimun": 1}}}, "has 'minimun' at 'properties.n', which"),
        ({"properties": {"n": {"anyOf": [{"maxLenght": 1}]}}}, "has 'maxLenght' at 'properties.n.anyOf[0]', which"),
        ({"$defs": {"a": {"items": {"patern": "a"}}}}, "did you mean pattern?"),
        ({"propertys": {}}, "did you mean properties?"),
        ({**HOST, "required": ["hostt"]}, "requires 'hostt', which is not among its properties (did you mean host?)"),
        (
            {**HOST, "required": ["far-away"], "additionalProperties": False},
            "requires 'far-away', which additionalProperties: false does not allow",
        ),
    ],
)
def test_a_slip_is_named_with_its_place(schema, says):
    assert says in str(slip(schema))
    with pytest.raises(InvalidSchema, match="at "):
        complete({}, schema=schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "required": ["host"], **HOST},
        {"example": 1, "nullable": True, "x-order": 1, "id": "a", "propertyOrder": 1, "enumNames": [], "title": "a"},
        {"default": {"requird": 1, "minimun": 2}, "enum": [{"patern": 1}], "const": {"propertys": 1}},
        {"properties": {"requird": {}, "minimun": {}}},
        {**HOST, "required": ["far-away"]},
        {**HOST, "required": ["host", "hostt"]},
        {**HOST, "required": ["a1"], "additionalProperties": False, "patternProperties": {"^a": {}}},
        {**HOST, "required": "hostt"},
    ],
)
def test_what_is_no_slip_is_left_alone(schema):
    assert slip(schema) is None


@given(st.dictionaries(st.sampled_from(["properties", "requird", "required", "items", "allOf", "$defs"]), JSON))
def test_whatever_a_schema_holds_it_raises_nothing(schema):
    assert slip(schema) is None or isinstance(slip(schema), str)


def test_a_format_is_checked():
    schema = {"properties": {"host": {"type": "string", "format": "hostname"}, "other": {"format": "of-a-ui"}}}

    assert complete({"host": "a.example", "other": "x"}, schema=schema) == {"host": "a.example", "other": "x"}
    with pytest.raises(ValueError, match='host: the value is not a "hostname"'):
        complete({"host": "not a host name!"}, schema=schema)


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        ({"properties": {"n": {"type": "int"}}}, "at properties.n.type: 'int' is no type (did you mean integer?)"),
        ({"properties": {"n": {"type": "Bool"}}}, "'Bool' is no type (did you mean boolean?)"),
        ({"properties": {"n": {"type": "integr"}}}, "'integr' is no type (did you mean integer?)"),
        ({"type": "words"}, "'words' is no type: there are array, boolean, integer, null, number, object, string"),
        ({"properties": {"type": {"minimum": "int"}}}, "is no schema at properties.type.minimum: "),
        ({"properties": {"type": "int"}}, "is no schema at properties.type: the value is not"),
    ],
)
def test_a_word_that_is_no_type_is_told_with_the_one_that_is_meant(schema, says):
    with pytest.raises(InvalidSchema) as refused:
        complete({}, schema=schema)

    assert says in str(refused.value)


@pytest.mark.parametrize("path", [[], ["type"], ["properties", "type"], ["type", 0], ["type", 9], ["a", 0, "type"]])
@given(schema=JSON)
def test_a_schema_of_any_shape_has_a_type_or_not(schema, path):
    found = no_type({"type": schema, "properties": schema, "a": schema}, path)

    assert found is None or "is no type" in found

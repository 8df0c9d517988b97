"""Parameters are completed by the defaults of a schema and checked by it; no message holds a value."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.render.parameters import InvalidParameters
from pattern_operator.render.parameters.defaults import InvalidSchema
from pattern_operator.render.parameters.schema import DIALECT, complete, refuse_wrong_defaults

SECRET = "hunter2"
SCHEMA: dict[str, Any] = {
    "$schema": DIALECT,
    "type": "object",
    "additionalProperties": False,
    "required": ["host"],
    "properties": {
        "host": {"type": "string", "pattern": "^[a-z.]+$"},
        "replicas": {"type": "integer", "minimum": 1, "default": 2},
        "db": {
            "type": "object",
            "properties": {"name": {"type": "string", "default": "app"}, "pin": {"type": "string", "maxLength": 4}},
        },
        "hosts": {"type": "array", "items": {"$ref": "#/$defs/host"}},
        "size": {"enum": ["small", "large"]},
    },
    "$defs": {"host": {"type": "object", "properties": {"port": {"type": "integer", "default": 80}}}},
}


@pytest.mark.parametrize(
    ("given_", "completed"),
    [
        ({"host": "a"}, {"host": "a", "replicas": 2, "db": {"name": "app"}}),
        ({"host": "a", "replicas": 5}, {"host": "a", "replicas": 5, "db": {"name": "app"}}),
        ({"host": "a", "db": {"pin": "1"}}, {"host": "a", "replicas": 2, "db": {"name": "app", "pin": "1"}}),
        (
            {"host": "a", "hosts": [{}, {"port": 1}]},
            {"host": "a", "replicas": 2, "db": {"name": "app"}, "hosts": [{"port": 80}, {"port": 1}]},
        ),
        ({"host": "a", "replicas": None, "db": None}, {"host": "a"}),
        ({"host": "a", "db": {"name": None}}, {"host": "a", "replicas": 2, "db": {}}),
    ],
)
def test_defaults_are_filled_in_where_nothing_is_given(given_: Any, completed: Any):
    before = copy.deepcopy((given_, SCHEMA))

    assert complete(given_, schema=SCHEMA) == completed
    assert (given_, SCHEMA) == before


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({}, "host is required, and is not given"),
        ({"host": 7}, "host: the value is not of type"),
        ({"host": SECRET}, "host: the value does not match"),
        ({"host": "a", "replicas": 0}, "replicas: the value is less than the minimum of 1"),
        ({"host": "a", "db": {"pin": SECRET}}, "db.pin: the value is longer than 4"),
        ({"host": "a", "hosts": [{}, {"port": SECRET}]}, "hosts[1].port: the value is not of type"),
        ({"host": "a", "size": SECRET}, "size: the value is not one of"),
        ({"host": "a", "other": SECRET}, "other is no parameter of the pattern"),
        ({"host": "a", "replicsa": SECRET}, "replicsa is no parameter of the pattern (did you mean replicas?)"),
        ({"host": "a", "hosts": [{"prot": SECRET, "port": SECRET}]}, "hosts[0].port: the value is not of type"),
    ],
)
def test_what_does_not_fit_is_named_by_its_path_and_not_by_its_value(parameters: Any, says: str):
    with pytest.raises(InvalidParameters) as refusal:
        complete(parameters, schema=SCHEMA)

    assert says in str(refusal.value)
    assert SECRET not in str(refusal.value)


def an_object(*required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


TLS = an_object("secretName", secretName={"type": "string"}, version={"type": "string", "default": "1.2"})
EITHER = {
    "properties": {"own": {"type": "string"}, "shared": {"type": "string"}, "version": {"default": "1.2"}},
    "anyOf": [{"required": ["own"]}, {"required": ["shared"]}],
}


@pytest.mark.parametrize(
    ("schema", "completed"),
    [
        (an_object(tls=TLS), {}),
        (an_object(tls={"$ref": "#/$defs/tls"}) | {"$defs": {"tls": TLS}}, {}),
        (an_object(tls={"allOf": [TLS]}), {}),
        (an_object(tls=EITHER), {}),
        (an_object(web=an_object(tls=TLS)), {}),
        (an_object(web=an_object("tls", tls=TLS, replicas={"default": 1})), {}),
        (an_object(web=an_object(tls=TLS, replicas={"default": 1})), {"web": {"replicas": 1}}),
    ],
    ids=["alone", "by reference", "as a part", "one of two", "in another", "the other needs it", "the other does not"],
)
def test_an_object_that_nobody_gives_is_left_out_where_its_defaults_alone_are_not_enough(schema: Any, completed: Any):
    assert complete({}, schema=schema) == completed
    refuse_wrong_defaults(schema)


def test_many_objects_that_nobody_gives_are_left_out_each():
    schema = an_object(**{f"tls{number}": TLS for number in range(250)}, host={"default": "a"})

    assert complete({}, schema=schema) == {"host": "a"}


@pytest.mark.parametrize(
    ("given_", "place"), [({"tls": {}}, "tls"), ({"hosts": [{}, {"tls": {}}]}, r"hosts\[1\]\.tls")]
)
def test_an_object_that_is_given_misses_what_it_requires(given_: Any, place: str):
    schema = an_object(tls=TLS, hosts={"type": "array", "items": an_object(tls=TLS)})

    with pytest.raises(InvalidParameters, match=rf"schema: {place}\.secretName is required, and is not given$"):
        complete(given_, schema=schema)


def test_an_object_that_is_given_has_its_defaults():
    schema = an_object(tls=TLS, hosts={"type": "array", "items": an_object(tls=TLS)})

    assert complete({"tls": {"secretName": "a"}}, schema=schema) == {"tls": {"secretName": "a", "version": "1.2"}}
    assert complete({"hosts": [{}]}, schema=schema) == {"hosts": [{}]}


@pytest.mark.parametrize(
    ("schema", "missing"),
    [
        (an_object("tls", tls=TLS), "tls is required"),
        (an_object("host", host={}, tls=TLS), "host is required"),
        ({"allOf": [an_object("host", host={})]}, "host is required"),
        (an_object(mode={"default": "a"}, host={}) | {"dependentRequired": {"mode": ["host"]}}, "host is required"),
        (EITHER, "not valid under any of the schemas"),
    ],
)
def test_what_is_only_missing_is_no_fault_of_the_defaults(schema: Any, missing: str):
    refuse_wrong_defaults(schema)
    with pytest.raises(InvalidParameters, match=missing):
        complete({}, schema=schema)


@pytest.mark.parametrize(
    ("schema", "wrong"),
    [
        (an_object("host", host={}, n={"type": "integer", "default": "two"}), "n: the value is not of type"),
        (
            an_object(tls=an_object("name", name={}, n={"type": "integer", "default": "two"})),
            "tls.n: the value is not of type",
        ),
        (an_object(tls=TLS | {"default": {}}), "tls.secretName is required, and is not given"),
        ({"type": "array"}, "the whole: the value is not of type"),
    ],
    ids=["beside what is missing", "in what is incomplete", "of an object", "no object"],
)
def test_a_default_that_does_not_fit_is_told_alone(schema: Any, wrong: str):
    with pytest.raises(InvalidParameters) as refusal:
        refuse_wrong_defaults(schema)

    assert str(refusal.value).startswith(f"do not fit the schema: {wrong}")
    assert str(refusal.value).count("is required") == wrong.count("is required")


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "words"},
        {"$schema": "http://json-schema.org/draft-07/schema#"},
        {"$ref": "http://127.0.0.1:9/schema.json"},
        {"properties": {"a": {"$ref": "file:///etc/passwd"}}},
        {"properties": {"a": {"pattern": "(?=a)b"}}},
        {"properties": {"a": {"pattern": "(((a{1000}){1000}){1000})"}}},
        {"properties": {"a": {"$ref": "#/$defs/none"}}},
        {"properties": {"a": {"$ref": "#/properties/a/type/b", "type": "string"}}},
        {"minimum": 10**5000},
        {"$ref": "#"},
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
    ],
    ids=[
        *("type", "draft", "remote", "file", "look-ahead", "huge regex", "nowhere", "through text"),
        *("a number out of range", "itself", "circle"),
    ],
)
def test_a_schema_that_cannot_be_used_is_refused(schema: Any):
    with pytest.raises(InvalidSchema):
        complete({}, schema=schema)


def test_a_property_that_anything_fits_has_no_default():
    schema = {"properties": {"any": True, "web": {"properties": {"other": True, "replicas": {"default": 1}}}}}

    assert complete({"any": {"a": 1}}, schema=schema) == {"any": {"a": 1}, "web": {"replicas": 1}}


def test_a_text_that_is_none_in_unicode_is_refused():
    with pytest.raises(InvalidParameters, match="a text that cannot be checked"):
        complete({"host": "\ud800"}, schema=SCHEMA)


def test_a_schema_of_trees_ends_where_nothing_is_given():
    tree: dict[str, Any] = {
        "properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}, "name": {"type": "string", "default": "leaf"}}
    }

    assert complete({"left": {"name": "a"}}, schema=tree) == {
        "name": "leaf",
        "left": {"name": "a", "left": {"name": "leaf"}, "right": {"name": "leaf"}},
        "right": {"name": "leaf"},
    }


def test_defaults_that_make_much_of_little_are_refused():
    schema = {"properties": {"a": {"items": {"properties": {"b": {"default": "x" * 10_000}}}}}}

    with pytest.raises(InvalidSchema, match="more parameters"):
        complete({"a": [{} for _ in range(1_000)]}, schema=schema)


@given(
    st.dictionaries(
        st.sampled_from(["host", "replicas", "db", "hosts", "size", "x"]),
        st.none() | st.integers() | st.text(max_size=3) | st.lists(st.dictionaries(st.just("port"), st.integers())),
    )
)
def test_what_is_complete_stays_as_it_is(parameters: Any):
    try:
        completed = complete(parameters, schema=SCHEMA)
    except InvalidParameters:
        return
    again = complete(completed, schema=SCHEMA)
    assert again | completed == again or "db" in again  # what null took away comes back
    assert complete(again, schema=SCHEMA) == again

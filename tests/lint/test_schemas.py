"""What the schemas allow, and how what they do not allow is told."""

import copy
from typing import Any

import pytest
from tests.lint.schemas import shipped
from tests.render.minimal import MINIMAL

from pattern_operator.lint.rule import Rule
from pattern_operator.lint.schema.openapi import of_crd, reduced
from pattern_operator.lint.schema.schemas import SchemaFault, Schemas
from pattern_operator.lint.schema.shipped import VERSIONS, Version
from pattern_operator.suggestion import nearest

SECRET = "c0rrect-h0rse"


def pod(**container):
    spec = {"containers": [{"name": "web", "image": "nginx", **container}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": spec}


def told(body):
    return [(fault.rule, ".".join(map(str, fault.path)), fault.suggestion) for fault in shipped().faults(body)]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", MINIMAL)
def test_the_smallest_object_of_each_kind_has_no_fault(kind: str, version: Version):
    assert list(shipped(version).faults(MINIMAL[kind])) == []


@pytest.mark.parametrize(
    "container",
    [
        {"resources": {"limits": {"cpu": 1, "memory": "1Gi"}, "requests": {"cpu": 0.5, "memory": " 64Mi "}}},
        {"resources": {"limits": {"memory": "1e3"}, "requests": {"cpu": ".5", "memory": "12E"}}},
        {"livenessProbe": {"httpGet": {"port": "http"}}, "readinessProbe": {"httpGet": {"port": 8080}}},
        {"command": None, "env": [{"name": "A", "value": None}], "ports": []},
        {"securityContext": {}, "resources": None},
    ],
    ids=["quantities", "odd quantities", "int or string", "null is absent", "empty"],
)
def test_what_a_server_reads_has_no_fault(container):
    assert told(pod(**container)) == []


def test_an_unknown_field_is_told_with_the_one_that_may_be_meant():
    body = copy.deepcopy(MINIMAL["Deployment"])
    body["spec"]["selector"] = {"matchLabel": {"app": "a"}}

    assert told(body) == [(Rule.UNKNOWN_FIELD, "spec.selector.matchLabel", "did you mean matchLabels?")]


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        ({"image": 5}, (Rule.WRONG_TYPE, "spec.containers.0.image", "quote it: it is read as a number")),
        ({"image": True}, (Rule.WRONG_TYPE, "spec.containers.0.image", "quote it: it is read as a boolean")),
        ({"stdin": "yes"}, (Rule.WRONG_TYPE, "spec.containers.0.stdin", "")),
        ({"ports": {"containerPort": 80}}, (Rule.WRONG_TYPE, "spec.containers.0.ports", "")),
        ({"ports": [{"containerPort": 2**31}]}, (Rule.INVALID_VALUE, "spec.containers.0.ports.0.containerPort", "")),
        ({"ports": [{}]}, (Rule.MISSING_REQUIRED_FIELD, "spec.containers.0.ports.0", "")),
        (
            {"resources": {"limits": {"memory": "1gb"}}},
            (Rule.INVALID_VALUE, "spec.containers.0.resources.limits.memory", ""),
        ),
    ],
    ids=[
        "a number for text",
        "a boolean for text",
        "text for a boolean",
        "a mapping for a list",
        "too large",
        "absent",
        "no quantity",
    ],
)
def test_what_a_server_refuses_is_a_fault(container, expected):
    assert told(pod(**container)) == [expected]


def test_a_kind_that_the_version_does_not_serve_is_told_with_the_version_that_does():
    assert told({"apiVersion": "apps/v1beta1", "kind": "Deployment"}) == [
        (Rule.UNKNOWN_KIND, "apiVersion", "did you mean apiVersion apps/v1?")
    ]


def test_a_mistyped_kind_is_told_with_the_one_that_may_be_meant():
    assert told({"apiVersion": "v1", "kind": "Services"}) == [(Rule.UNKNOWN_KIND, "kind", "did you mean Service?")]


def test_a_kind_of_somebody_else_is_noted_and_no_error():
    assert told({"apiVersion": "monitoring.coreos.com/v1", "kind": "Prometheus"}) == [(Rule.NO_SCHEMA, "kind", "")]


@pytest.mark.parametrize("value", ["\ud800", 10**400, -(10**400), float("inf"), float("nan"), 1e308])
def test_what_json_cannot_hold_raises_nothing(value):
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": value, "data": {"a": "b"}}

    assert [fault.rule.severity for fault in shipped().faults(body)] == ["error"]


def test_values_are_in_no_message():
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": {"password": f"!{SECRET}"}}
    wrong = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "stringData": [SECRET], "type": [SECRET]}

    messages = [fault.message + fault.suggestion for each in (body, wrong) for fault in shipped().faults(each)]

    assert len(messages) == 3
    assert not any(SECRET in message for message in messages)


CRD: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "spec": {
        "group": "example.com",
        "names": {"kind": "Thing"},
        "versions": [
            {
                "name": "v1",
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "required": ["size", "mode"],
                                "properties": {
                                    "size": {"type": "integer", "minimum": 1},
                                    "mode": {"type": "string", "enum": ["Fast", "Slow"], "default": "Fast"},
                                    "port": {"x-kubernetes-int-or-string": True},
                                    "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                                },
                            }
                        },
                    }
                },
            }
        ],
    },
}


@pytest.mark.parametrize(
    ("spec", "rules"),
    [
        ({"size": 1, "port": "http", "free": {"any": [1]}}, []),
        ({"size": 0}, [Rule.INVALID_VALUE]),
        ({"size": 1, "mode": "Fats"}, [Rule.INVALID_VALUE]),
        ({"sizes": 1}, [Rule.UNKNOWN_FIELD, Rule.MISSING_REQUIRED_FIELD]),
    ],
    ids=["allowed", "too small", "not among", "unknown"],
)
def test_a_crd_of_the_artifact_is_the_schema_of_its_objects(spec, rules):
    schemas = shipped().with_crds([CRD])
    body = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a"}, "spec": spec}

    assert [fault.rule for fault in schemas.faults(body)] == rules


@pytest.mark.parametrize(
    ("field", "value", "among"),
    [
        ({"type": "integer", "enum": [1, 2]}, 3, "1, 2"),
        ({"type": "boolean", "enum": [True]}, False, "true"),
        ({"type": "object", "enum": [{"a": 1}, None]}, {}, "a list or mapping"),
        ({"type": "string", "enum": ["", *"abcdefghij"]}, "x", "'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h' and 2 more"),
    ],
    ids=["numbers", "a boolean", "a mapping", "many"],
)
def test_the_values_that_a_field_takes_are_named_whatever_they_are(field: dict[str, Any], value: Any, among: str):
    (version,) = CRD["spec"]["versions"]
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"i": field}}}
    schemas = shipped().with_crds([CRD | {"spec": CRD["spec"] | {"versions": [version | {"schema": schema}]}}])

    [fault] = schemas.faults({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a"}, "i": value})

    assert fault.message == f"i is not one of {among}"


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        ("^[a-z]+$", "ABC"),
        ("^[[:alpha:]]+$", "a1"),
        (r"^\D$", "1"),
        (r"^a\z", "a\n"),
    ],
)
def test_what_the_pattern_of_a_crd_does_not_match_is_an_error(pattern: str, value: str):
    [fault] = of_a_text({"pattern": pattern}, value)

    assert (fault.rule, fault.path) == (Rule.INVALID_VALUE, ("t",))
    assert fault.message.startswith("t does not match ")


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        ("^[a-z]+$", "abc"),
        ("b", "abc"),
        ("^[[:alpha:]]+$", "ab"),
        ("^.$", "\r"),
        (r"^\S$", "\xa0"),
        (r"^\w+$", "a_1"),
        (r"^\Qa.b\E$", "a.b"),
        ("^a{$", "a{"),
        ("^a$", None),
        ("(?=a)", "not RE2"),
        ("(", "broken"),
        (5, "no text"),
    ],
)
def test_what_the_pattern_of_a_crd_matches_as_go_reads_it_is_none(pattern: Any, value: Any):
    assert of_a_text({"pattern": pattern}, value) == []


def of_a_text(schema: dict[str, Any], value: Any) -> list[SchemaFault]:
    """The faults of a custom object whose field ``t`` has ``schema``."""
    (version,) = CRD["spec"]["versions"]
    field = {"openAPIV3Schema": {"type": "object", "properties": {"t": {"type": "string", **schema}}}}
    schemas = shipped().with_crds([CRD | {"spec": CRD["spec"] | {"versions": [version | {"schema": field}]}}])
    body = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a"}, "t": value}
    return list(schemas.faults(body))


def test_a_version_that_the_crd_beside_it_has_not_is_an_error():
    schemas = shipped().with_crds([CRD])
    body = {"apiVersion": "example.com/v1beta1", "kind": "Thing", "metadata": {"name": "a"}}

    [fault] = schemas.faults(body)

    assert (fault.rule, fault.path) == (Rule.UNKNOWN_KIND, ("apiVersion",))
    assert fault.message == "the CRD of 'Thing' has no version 'v1beta1'"
    assert fault.suggestion == "did you mean example.com/v1?"
    assert [each.rule for each in schemas.faults(body | {"kind": "Other"})] == [Rule.NO_SCHEMA]


def test_a_version_that_is_not_served_is_none():
    (version,) = CRD["spec"]["versions"]
    versions = [version | {"name": "v1beta1", "served": False}, version]
    schemas = shipped().with_crds([CRD | {"spec": CRD["spec"] | {"versions": versions}}])

    [fault] = schemas.faults({"apiVersion": "example.com/v1beta1", "kind": "Thing", "metadata": {"name": "a"}})

    assert fault.rule is Rule.UNKNOWN_KIND


@pytest.mark.parametrize(
    "foreign",
    [
        None,
        [],
        {"definitions": []},
        {"definitions": {"a": 1, "b": {"x-kubernetes-group-version-kind": [1, {"kind": 2}]}}},
    ],
    ids=["null", "a list", "no definitions", "no shape"],
)
def test_an_openapi_of_any_shape_is_read(foreign):
    assert reduced(foreign if isinstance(foreign, dict) else {}) == {"kinds": {}, "definitions": {}}
    assert of_crd(foreign) in (True, {"type": ["object", "null"]})


OPENAPI = {
    "definitions": {
        "io.example.v1.Thing": {
            "type": "object",
            "required": ["spec", "mode"],
            "properties": {
                "apiVersion": {"type": "string"},
                "kind": {"type": "string"},
                "metadata": {"type": "object"},
                "spec": {"$ref": "#/definitions/io.example.v1.ThingSpec"},
                "mode": {"type": "string", "default": "Fast"},
                "status": {"type": "object"},
            },
            "x-kubernetes-group-version-kind": [{"group": "example.io", "version": "v1", "kind": "Thing"}],
        },
        "io.example.v1.ThingSpec": {
            "type": "object",
            "properties": {
                "port": {"x-kubernetes-int-or-string": True},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                "raw": {"type": "object", "properties": {}, "x-kubernetes-preserve-unknown-fields": True},
                "template": {
                    "type": "object",
                    "x-kubernetes-embedded-resource": True,
                    "properties": {"spec": {"type": "object"}},
                },
                "anything": [],
            },
        },
        "io.example.v1.ThingList": {
            "type": "object",
            "x-kubernetes-group-version-kind": [{"group": "example.io", "version": "v1", "kind": "ThingList"}],
        },
        "io.example.v1.Unused": {"type": "object"},
        "io.example.v1.Odd": "no definition",
    }
}


def test_of_a_server_only_kinds_and_what_they_lead_to_are_kept():
    made = reduced(OPENAPI)

    assert made["kinds"] == {"example.io/v1/Thing": "io.example.v1.Thing"}
    assert list(made["definitions"]) == ["io.example.v1.Thing", "io.example.v1.ThingSpec"]


@pytest.mark.parametrize(
    ("thing", "faults"),
    [
        ({"spec": {"port": "http", "labels": {"a": "b"}}}, []),
        ({"spec": {"port": 80, "raw": {"x": 1}, "anything": 3}, "status": {"any": 1}}, []),
        ({"spec": {"template": {"kind": "Pod", "metadata": {"name": "a"}, "spec": {}}}}, []),
        ({"spec": {"port": True}}, [(Rule.WRONG_TYPE, "spec.port")]),
        ({"spec": {"labels": {"a": 1}}}, [(Rule.WRONG_TYPE, "spec.labels.a")]),
        ({"spec": {"ports": 1}}, [(Rule.UNKNOWN_FIELD, "spec.ports")]),
        ({"mode": "Fast"}, [(Rule.MISSING_REQUIRED_FIELD, "")]),
    ],
    ids=["text and maps", "numbers and what is preserved", "embedded", "a boolean", "in a map", "unknown", "missing"],
)
def test_an_object_is_checked_by_the_schemas_of_a_server(thing, faults):
    schemas = Schemas.of(reduced(OPENAPI), label="the cluster")
    body = {"apiVersion": "example.io/v1", "kind": "Thing", "metadata": {"name": "a"}, **thing}

    assert [(each.rule, ".".join(map(str, each.path))) for each in schemas.faults(body)] == faults


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("matchLabel", "matchLabels"),
        ("matchLaebls", "matchLabels"),
        ("MATCHLABELS", "matchLabels"),
        ("selector", None),
        ("", None),
        ("x" * 1000, None),
    ],
    ids=["short of one", "swapped", "capitals", "another", "empty", "long"],
)
def test_only_a_near_name_is_suggested(written: str, meant: str | None):
    assert nearest(written, ["matchLabels", "matchExpressions"]) == meant


def test_of_two_names_that_are_as_near_none_is_suggested():
    assert nearest("port", ["pore", "porn"]) is None

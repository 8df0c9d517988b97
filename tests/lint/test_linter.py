"""Each finding has the rule and the line of what it is about, in designs and manifests, JSON and YAML."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.lint.schemas import built, compiled, findings, rules, shipped
from tests.render.designs import component, deployment, design, names, published

from pattern_operator.api.artifact import File
from pattern_operator.lint.finding import MOST, Finding, report
from pattern_operator.lint.linter import lint
from pattern_operator.lint.rule import Rule, Severity
from pattern_operator.render import Options

MANIFEST = b"""\
# a comment
apiVersion: v1
kind: Pod
metadata:
  name: web
  uid: abc
spec:
  containers:
  - name: web
    imagee: nginx
    image: nginx
---
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: a}
  dta: {}
"""
SECRET = "c0rrect-h0rse"


def test_findings_of_manifests_have_the_lines_of_their_fields():
    assert rules(File("a.yaml", MANIFEST)) == [
        ("DropCapturedMetadata", 6),
        ("UnknownField", 10),
        ("UnknownField", 19),
    ]


def test_the_same_in_json_has_lines_too():
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "dta": {}}

    [found] = findings(File("a.yml", json.dumps(body, indent=1).encode()))

    assert (found.rule, found.line, found.column, found.suggestion) == ("UnknownField", 7, 2, "did you mean data?")


def test_findings_of_a_design_have_the_lines_of_its_configuration():
    body = deployment() | {"spec": deployment()["spec"] | {"replica": 2, "selector": {"match Labels": {"app": "web"}}}}
    file = design(component("Deployment", "Web App", body, version="apps/v1"))
    text = json.dumps(json.loads(file.content), indent=1).encode()
    lines = text.decode().splitlines()

    found = {each.rule: each for each in findings(File("design.yml", text))}

    assert '"match Labels"' in lines[found["UnspaceFieldNames"].line - 1]
    assert '"replica"' in lines[found["UnknownField"].line - 1]
    assert "Web App" in lines[found["MakeNameValid"].line - 1]
    assert found["UnknownField"].suggestion == "did you mean replicas?"
    assert found["UnspaceFieldNames"].severity is Severity.WARNING
    assert found["UnspaceFieldNames"].fixable


def test_a_file_that_cannot_be_read_is_one_error_with_its_line():
    [found] = findings(File("a.yaml", b"a: 1\nb: [\n"))

    assert (found.file, found.rule, found.severity) == ("a.yaml", "DocumentInvalid", Severity.ERROR)
    assert found.line > 1


@pytest.mark.parametrize("components", [b', "components": []', b', "components": null', b""])
def test_a_design_without_components_is_a_warning(components):
    [found] = findings(File("design.json", b'{"schemaVersion": "designs.meshery.io/v1beta1"' + components + b"}"))

    assert (found.rule, found.severity, found.line) == (Rule.NO_COMPONENTS, Severity.WARNING, 1)


@pytest.mark.parametrize("name", names())
def test_every_finding_of_a_published_design_has_a_line(name: str):
    found = lint(published(name), options=Options(), schemas=shipped(), compile_checks=compiled, build=built).findings

    assert [each for each in found if not each.line and each.rule != "NotAPattern"] == []


def test_no_value_of_a_secret_is_told():
    body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "a"},
        "stringData": {"a": [SECRET]},
        "dta": SECRET,
    }
    file = design(component("Secret", "a b", {"data": {"pass word": SECRET, "n": 5}, "type": {"x": SECRET}}))

    told = [*findings(File("a.json", json.dumps(body).encode())), *findings(file)]

    assert len(told) >= 4
    assert not any(SECRET in repr(each) for each in told)


@given(st.binary())
def test_any_bytes_are_findings_or_none(content: bytes):
    assert all(each.severity in Severity for each in findings(File("a.yaml", content)))


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text(max_size=8)
    | st.floats(allow_nan=False, allow_infinity=False)
)
ANY = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
KINDS = st.sampled_from(["Pod", "Secret", "Deployment", "CustomResourceDefinition", "RoleBinding", "List", "Thing"])
VERSIONS = st.sampled_from(["v1", "apps/v1", "rbac.authorization.k8s.io/v1", "apiextensions.k8s.io/v1", "a.b/v1"])


@given(
    st.fixed_dictionaries(
        {"kind": KINDS | ANY, "apiVersion": VERSIONS | ANY, "metadata": ANY, "spec": ANY, "items": ANY}
    )
)
def test_an_object_of_any_shape_is_findings_or_none(body: dict[str, Any]):
    findings(File("a.json", json.dumps(body).encode("utf-8", "replace")))


@given(ANY, ANY)
def test_a_design_of_any_shape_is_findings_or_none(configuration, metadata):
    parts = [
        component("Deployment", "a b", configuration),
        {"component": metadata, "displayName": metadata, "configuration": {"metadata": metadata}},
    ]
    findings(design(*parts))


def test_above_the_limit_errors_are_kept_and_the_rest_is_counted():
    notes = [Finding("a", line, 1, "NoSchema", Severity.NOTE, "m") for line in range(1, MOST + 2)]
    error = Finding("z", 1, 1, "UnknownField", Severity.ERROR, "m")

    made = report([*notes, error])

    assert (len(made.findings), made.left_out, made.findings[-1]) == (MOST, 2, error)
    assert made.refused


def test_a_finding_that_is_made_twice_is_told_once():
    finding = Finding("a", 1, 1, "NoSchema", Severity.NOTE, "m")

    assert report([finding, finding]).findings == (finding,)


def test_findings_are_bounded_however_much_is_wrong():
    pods = [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": f"a{n}"},
            "spec": {f"containers{n}{k}": 1 for k in range(50)},
        }
        for n in range(600)
    ]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": pods}).encode()

    made = lint([File("a.json", text)], options=Options(), schemas=shipped(), compile_checks=compiled, build=built)

    assert len(made.findings) == MOST
    assert made.left_out == 3 * MOST


PATTERN = b"""\
apiVersion: pattern-operator.io/v1alpha1
kind: Pattern
parameters:
  schema:
    required: [host]
    properties:
      host: {type: string}
      replicas: {type: integer%s}
"""
WEB = b"""\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: "web:1", args: ["${host}"]}]
      hostNetwrk: true
"""


def with_parameters(default: bytes, parameters: bytes) -> list[tuple[str, int]]:
    made = (File("pattern.yaml", PATTERN % default), File("web.yaml", WEB))
    return [(each.rule, each.line) for each in findings(*made, options=Options(parameters=parameters))]


def test_a_pattern_with_parameters_is_checked_as_it_renders():
    assert with_parameters(b", default: 2", b'{"host":"a"}') == [("UnknownField", 11)]


def test_a_pattern_that_requires_parameters_is_no_error_without_them():
    assert with_parameters(b", default: 2", b"{}") == [("NotChecked", 1)]


def test_a_default_that_does_not_fit_is_the_fault_of_the_pattern_file():
    assert with_parameters(b", default: two", b"{}") == [("DocumentInvalid", 3)]


def test_parameters_that_do_not_fit_are_an_error():
    assert with_parameters(b"", b'{"host":1}') == [("ParametersInvalid", 0)]


def test_a_pattern_file_that_is_written_wrong_is_an_error():
    [found] = findings(File("pattern.yaml", PATTERN.replace(b"parameters:", b"paramters:") % b""), File("a.yaml", WEB))

    assert (found.file, found.rule) == ("pattern.yaml", "DocumentInvalid")
    assert "paramters" in found.message


def test_a_key_that_yaml_reads_otherwise_is_told_as_it_is_written():
    found = findings(File("a.yaml", MANIFEST_OF_A_MAP + b"data:\n  on: 1\n  no: {}\n"))

    assert [(each.rule, each.line, each.message.partition(" ")[0]) for each in found] == [
        ("NotText", 5, "data.on"),
        ("ReadKeysAsKubectl", 5, "data.on"),
        ("ReadKeysAsKubectl", 6, "data.no"),
        ("WrongType", 6, "data.no"),
    ]


MANIFEST_OF_A_MAP = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"

"""What helm and kustomize make of a pattern is held against the schemas, hooks and default patches included."""

import json
from typing import Any

import pytest
from tests.lint.schemas import built, compiled, findings, shipped

from pattern_operator.api.artifact import File
from pattern_operator.api.reason import Reason
from pattern_operator.api.repair import Repair
from pattern_operator.errors import Stalled, Transient
from pattern_operator.lint.linter import lint
from pattern_operator.lint.rule import Rule, Severity
from pattern_operator.render import Options

CHART = File("Chart.yaml", b"apiVersion: v2\nname: web\nversion: 1.0.0\n")
CONFIG = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
HOOK = b"""\
apiVersion: batch/v1
kind: Job
metadata:
  name: a
  annotations: {helm.sh/hook: pre-install}
spec:
  template:
    spec: {restartPolici: Never, containers: [{name: a, image: "{{ .Values.image }}"}]}
"""
VALUES = File("values.yaml", b"image: a:1\n")
SCHEMA = File("values.schema.json", json.dumps({"required": ["host"]}).encode())
KUSTOMIZATION = File("kustomization.yaml", b"resources: [a.yaml]\n")
WRONG = CONFIG + b"dat: {}\n"
PATTERN = """\
apiVersion: pattern-operator.io/v1alpha1
kind: Pattern
patches:
- target: {kind: %s}
  patch: |
    - {op: add, path: /%s, value: {a: b}}
"""


def said(*files: File, **parameters: Any) -> list[tuple[str, int, str]]:
    options = Options(parameters=json.dumps(parameters).encode())
    return [(each.file, each.line, each.rule) for each in findings(*files, options=options)]


def patched(kind: str, field: str) -> File:
    return File("pattern.yaml", (PATTERN % (kind, field)).encode())


def test_a_hook_of_a_chart_is_checked_and_named_by_its_template():
    (found,) = findings(CHART, VALUES, File("templates/hook.yaml", HOOK))

    assert (found.file, found.name, found.rule) == ("templates/hook.yaml", "Job a", Rule.UNKNOWN_FIELD)
    assert found.suggestion == "did you mean restartPolicy?"


@pytest.mark.parametrize("hook", ["", ", annotations: {helm.sh/hook: pre-install}"], ids=["object", "hook"])
def test_a_key_of_a_template_that_yaml_reads_as_another_is_told(hook: str):
    template = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a{hook}}}\ndata: {{on: '1', no: '2', \"n\": '3'}}\n"

    found = findings(CHART, File("templates/a.yaml", template.encode()))

    assert [(each.file, each.rule, each.severity) for each in found] == [
        ("templates/a.yaml", str(Repair.READ_KEYS_AS_KUBECTL), Severity.WARNING)
    ] * 2
    assert [each.message.partition(" read as")[0] for each in found] == ["data.no", "data.on"]


def test_a_template_of_a_subchart_is_named_by_its_path():
    sub = File("charts/sub/Chart.yaml", b"apiVersion: v2\nname: sub\nversion: 1.0.0\n")

    assert said(CHART, sub, File("charts/sub/templates/a.yaml", WRONG)) == [
        ("charts/sub/templates/a.yaml", 0, "UnknownField")
    ]


def test_a_chart_below_the_root_is_named_by_its_path():
    moved = [File(f"deploy/{each.path}", each.content) for each in (CHART, VALUES, File("templates/a.yaml", WRONG))]

    assert said(*moved) == [("deploy/templates/a.yaml", 0, "UnknownField")]


def test_a_chart_that_is_right_has_no_finding():
    assert said(CHART, VALUES, File("templates/hook.yaml", HOOK.replace(b"Polici", b"Policy"))) == []


def test_what_a_chart_needs_and_is_not_given_is_a_note():
    chart = (CHART, VALUES, SCHEMA, File("templates/a.yaml", CONFIG))

    (found,) = findings(*chart)

    assert (found.file, found.rule, found.severity) == ("Chart.yaml", Rule.NOT_CHECKED, Severity.NOTE)
    assert "give parameters by --set or --values" in found.message
    assert said(*chart, host="a.example") == []


@pytest.mark.parametrize("ask", ['{{ required "host is needed" .Values.host }}', '{{ fail "host is needed" }}'])
def test_a_template_that_ends_the_rendering_for_want_of_a_value_is_a_note_where_none_is_given(ask: str):
    chart = (CHART, File("templates/a.yaml", CONFIG + b"data: {host: " + ask.encode() + b"}\n"))

    (found,) = findings(*chart)

    assert (found.file, found.rule, found.severity) == ("Chart.yaml", Rule.NOT_CHECKED, Severity.NOTE)
    assert "host is needed" in found.message
    assert [rule for _, _, rule in said(*chart, port=1)] == ["ChartFailed"]


@pytest.mark.parametrize("files", [(CHART,), (File("kustomization.yaml", b"resources: [templates/a.yaml]\n"),)])
@pytest.mark.parametrize(("label", "rules"), [("wbe", ["SelectorMismatch"]), ("web", [])])
def test_a_selector_that_does_not_match_is_found_in_what_is_made(files: tuple[File, ...], label: str, rules: list[str]):
    body = f"""\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: a}}
spec:
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: {label}}}}}
    spec: {{containers: [{{name: a, image: a}}]}}
"""

    assert [rule for _, _, rule in said(*files, File("templates/a.yaml", body.encode()))] == rules


def test_parameters_that_a_chart_refuses_are_an_error():
    chart = (CHART, VALUES, SCHEMA, File("templates/a.yaml", CONFIG))

    assert said(*chart, port=1) == [("Chart.yaml", 0, "ParametersInvalid")]


def test_a_chart_that_helm_refuses_is_an_error():
    assert [rule for _, _, rule in said(CHART, File("templates/a.yaml", b"{{ x }}"))] == ["ChartFailed"]


def test_a_kustomization_is_checked():
    assert said(KUSTOMIZATION, File("a.yaml", CONFIG)) == []
    assert [rule for _, _, rule in said(KUSTOMIZATION, File("a.yaml", WRONG))] == ["UnknownField"]


def test_a_base_with_overlays_is_a_note():
    files = [File(f"{folder}/{each.path}", each.content) for folder in ("a", "b") for each in (KUSTOMIZATION,)]

    (found,) = findings(*files)

    assert (found.rule, found.severity) == (Rule.NOT_CHECKED, Severity.NOTE)
    assert "several charts or kustomizations" in found.message


def test_a_default_patch_for_no_object_is_an_error_with_its_place():
    assert said(patched("Deploymnt", "data"), File("a.yaml", CONFIG)) == [("pattern.yaml", 3, "PatchInvalid")]


def test_a_default_patch_that_fits_has_no_finding():
    assert said(patched("ConfigMap", "data"), File("a.yaml", CONFIG)) == []


def test_a_field_that_a_default_patch_adds_is_checked():
    (found,) = findings(patched("ConfigMap", "dat"), File("a.yaml", CONFIG))

    assert (found.file, found.line, found.name, found.rule) == (
        "pattern.yaml", 3, "ConfigMap a", Rule.UNKNOWN_FIELD
    )  # fmt: skip
    assert found.message.endswith(", after the default patches")


def test_what_is_wrong_without_the_patches_is_told_once():
    assert said(patched("ConfigMap", "data"), File("a.yaml", WRONG)) == [("a.yaml", 4, "UnknownField")]


@pytest.mark.parametrize(
    "error",
    [
        Stalled(reason=Reason.PROGRAM_MISSING, message="helm is not on this machine."),
        Transient(reason=Reason.OPERATOR_BUSY, message="helm cannot be started."),
    ],
)
@pytest.mark.parametrize("files", [(CHART,), (KUSTOMIZATION,), (patched("ConfigMap", "data"), File("a.yaml", CONFIG))])
def test_what_the_machine_lacks_is_a_note(error, files):
    def build(_files, _options):
        raise error

    made = lint(files, options=Options(), schemas=shipped(), compile_checks=compiled, build=build)

    (found,) = made.findings
    assert (found.file, found.severity) == (files[0].path, Severity.NOTE)
    assert error.message in found.message


def test_nothing_is_built_where_nothing_asks_for_it():
    def build(_files, _options):
        raise AssertionError("a program would be run")

    files = [File("a.yaml", CONFIG)]

    assert lint(files, options=Options(), schemas=shipped(), compile_checks=compiled, build=build).findings == ()
    assert built(files, Options()).objects


JOB = b"""\
apiVersion: batch/v1
kind: Job
metadata: {name: a, annotations: {%s}}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: a}]}}}
"""


@pytest.mark.parametrize(
    "annotations",
    [
        b"helm.sh/hook: pre-upgrde",
        b"helm.sh/hook: pre-upgrade, helm.sh/hook-weight: first",
        b"helm.sh/hook: pre-upgrade, helm.sh/hook-delete-policy: hook-succeed",
    ],
    ids=["moment", "weight", "policy"],
)
def test_what_helm_ignores_of_a_hook_is_a_warning(annotations: bytes):
    (found,) = findings(CHART, File("templates/a.yaml", JOB % annotations))

    assert (found.rule, found.severity, found.file) == (Rule.UNKNOWN_HOOK, Severity.WARNING, "templates/a.yaml")


def test_a_hook_that_helm_takes_as_it_is_has_no_finding():
    right = b'helm.sh/hook: pre-upgrade, helm.sh/hook-weight: "-5", helm.sh/hook-delete-policy: "hook-succeeded,"'

    assert said(CHART, File("templates/a.yaml", JOB % right)) == []

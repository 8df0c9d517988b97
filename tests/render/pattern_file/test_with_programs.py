"""A chart with a ``pattern.yaml`` gets its parameters, completed and checked; a kustomization is built as it is."""

import json

import pytest

from pattern_operator.api.artifact import File
from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.render import Options, render
from pattern_operator.render.program import HelmTemplate, KustomizeBuild, ProgramRun

PATTERN = File(
    "pattern.yaml",
    b"apiVersion: pattern-operator.io/v1alpha1\nkind: Pattern\nparameters:\n  schema:\n    properties:\n"
    b"      replicas: {type: integer, default: 7}\n",
)
CHART = [
    File("Chart.yaml", b"apiVersion: v2\nname: web\nversion: 1.0.0\n"),
    File("values.yaml", b"keep: {x: 1}\n"),
    File("templates/a.yaml", b"kind: {{ .Values.kind }}\nx: ${replicas}\n"),
]
KUSTOMIZATION = [
    File("kustomization.yaml", b"resources: [a.yaml]\n"),
    File("a.yaml", b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: '${replicas}'}\n"),
]


def first_run(files: list[File], parameters: bytes) -> ProgramRun:
    """The first program that is asked for."""
    return next(render(files, options=Options(parameters=parameters)))


def test_a_chart_gets_the_parameters_with_defaults_and_the_nulls_that_remove_its_own():
    asked = first_run([*CHART, PATTERN], b'{"host":"h","keep":null}')

    assert isinstance(asked, HelmTemplate)
    assert json.loads(asked.values) == {"host": "h", "keep": None, "replicas": 7}
    assert {file.content for file in asked.files} == {file.content for file in CHART}


def test_parameters_that_do_not_fit_run_no_program():
    with pytest.raises(Stalled, match="replicas: the value is not of type"):
        first_run([*CHART, PATTERN], b'{"replicas":"many"}')


def test_a_chart_without_one_gets_the_parameters_as_they_are():
    asked = first_run(CHART, b'{"keep":null}')

    assert isinstance(asked, HelmTemplate)
    assert json.loads(asked.values) == {"keep": None}


WITHOUT_PARAMETERS = File("pattern.yaml", b"apiVersion: pattern-operator.io/v1alpha1\nkind: Pattern\nname: web\n")


@pytest.mark.parametrize("pattern", [[], [WITHOUT_PARAMETERS]])
def test_a_kustomization_is_built_as_it_is(pattern: list[File]):
    asked = first_run([*KUSTOMIZATION, *pattern], b"{}")

    assert isinstance(asked, KustomizeBuild)
    assert {file.path: file.content for file in asked.files} == {file.path: file.content for file in KUSTOMIZATION}


@pytest.mark.parametrize("pattern", [[], [WITHOUT_PARAMETERS]])
def test_parameters_of_a_kustomization_are_refused(pattern: list[File]):
    with pytest.raises(Stalled, match=r"a kustomization takes no parameters: remove spec\.render") as refusal:
        first_run([*KUSTOMIZATION, *pattern], b'{"replicas":3}')

    assert refusal.value.reason is Reason.PARAMETERS_INVALID


def test_a_pattern_file_that_declares_parameters_of_a_kustomization_is_refused():
    with pytest.raises(Stalled, match=r"pattern\.yaml declares parameters, and a kustomization takes none") as refusal:
        first_run([*KUSTOMIZATION, PATTERN], b"{}")

    assert refusal.value.reason is Reason.DOCUMENT_INVALID

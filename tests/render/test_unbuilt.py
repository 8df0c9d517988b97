"""What another tool has to build first is called so: kustomizations in a stream, and templates."""

import pytest
from tests.render.rendered import render

from pattern_operator.api.artifact import File
from pattern_operator.api.reason import Reason
from pattern_operator.api.report import Outcome
from pattern_operator.errors import Stalled
from pattern_operator.render import Options

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml]\n"
COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nmetadata: {name: a}\n"
OF_FLUX = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: a}\n"


def _files(content: str) -> list[File]:
    return [File("a.yaml", content.encode())]


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (f"{KUSTOMIZATION}---\n{CONFIG_MAP}", "a.yaml#1"),
        (f"{CONFIG_MAP}---\n{KUSTOMIZATION}", "a.yaml#2"),
        (f"{CONFIG_MAP}---\n{COMPONENT}", "a.yaml#2"),
        (KUSTOMIZATION, "a.yaml#1"),
    ],
)
def test_a_kustomization_in_a_stream_is_refused_as_one_in_a_folder_is(content: str, where: str):
    with pytest.raises(Stalled) as in_a_stream:
        render(_files(content), options=Options())
    with pytest.raises(Stalled) as in_a_folder:
        render(
            [File("kustomization.yaml", KUSTOMIZATION.encode()), *_files(CONFIG_MAP)],
            options=Options(format="Manifests"),
        )

    assert in_a_stream.value.reason is in_a_folder.value.reason is Reason.NOT_A_PATTERN
    assert in_a_stream.value.message == in_a_folder.value.message.replace("kustomization.yaml", where, 1)


def test_the_kustomization_of_flux_is_an_object():
    (made,) = render(_files(OF_FLUX), options=Options()).objects

    assert made.key.group == "kustomize.toolkit.fluxcd.io"


@pytest.mark.parametrize(
    "content",
    [
        "{{- if .Values.x }}\n" + CONFIG_MAP + "{{- end }}\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-x\n",
        'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ include "x.fullname" . }}\n',
        CONFIG_MAP.replace("{name: a}", '\n  name: a\n  labels:\n    {{- include "x.labels" . | nindent 4 }}'),
        CONFIG_MAP + "{{/* a comment */}}\n",
        CONFIG_MAP + "data:\n  {{ .Values.key }}: x\n",
        CONFIG_MAP + "{% if x %}\n",
        "# Copyright\n{{- range .Values.all }}\n---\n" + CONFIG_MAP + "{{- end }}",
    ],
)
def test_a_template_that_nobody_rendered_is_called_one(content: str):
    with pytest.raises(Stalled, match=r"^a\.yaml, line \d+: it is a template that was not rendered") as refusal:
        render(_files(content), options=Options())

    assert refusal.value.reason is Reason.DOCUMENT_INVALID
    assert "name the folder of Chart.yaml, or publish the chart" in refusal.value.message


def test_a_name_that_a_template_was_to_write_is_called_one():
    content = CONFIG_MAP.replace("name: a", 'name: "{{ .Release.Name }}-x"')

    (refused,) = render(_files(content), options=Options()).with_outcome(Outcome.REFUSED)

    assert refused.reason == "InvalidName"
    assert "metadata.name of a.yaml#1 is a template that was not rendered" in refused.message


def test_templates_inside_of_values_are_applied():
    content = CONFIG_MAP + 'data:\n  a: "{{ $labels.instance }}"\n  b: |\n    {{ range . }}\n    {{ end }}\n'

    (made,) = render(_files(content), options=Options()).objects

    assert made.body["data"] == {"a": "{{ $labels.instance }}", "b": "{{ range . }}\n{{ end }}\n"}


@pytest.mark.parametrize(
    "content",
    [
        "a: b: c\n",
        CONFIG_MAP + 'data:\n  a: "{{ $x }}"\n b: c\n',
        "a: {b: [c}\n",
        "# {{ x }}\na: b: c\n",
    ],
)
def test_what_is_not_yaml_for_another_reason_is_not_called_one(content: str):
    with pytest.raises(Stalled) as refusal:
        render(_files(content), options=Options())

    assert "template" not in refusal.value.message

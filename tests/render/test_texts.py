"""Numbers and booleans where text must be: named by their paths, all at once, and never by their values."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from tests.render.designs import component, design
from tests.render.fieldcases import case
from tests.render.rendered import render

from pattern_operator.api.artifact import File
from pattern_operator.api.report import ComponentReport, Outcome
from pattern_operator.render import Options
from pattern_operator.render.component import WorkingComponent
from pattern_operator.render.texts import find_wrong_texts, takes_text


def _report(text: str) -> ComponentReport:
    (report,) = render([File("all.yaml", text.encode())], options=Options()).components
    return report


def test_numeric_names_and_values_are_named_with_the_next_step():
    reports = render(case("11-numeric-names/v1"), options=Options()).components

    assert [each.outcome for each in reports] == [Outcome.REFUSED] * 4
    assert reports[0].message == "all.yaml#1: metadata.name must be text: quote it (it is read as a number)"
    assert reports[1].message == "all.yaml#2: metadata.namespace must be text: quote it (it is read as a number)"
    assert reports[2].message == "all.yaml#3: metadata.name must be text: quote it (it is read as a boolean)"
    assert reports[3].message == (
        "metadata.labels.commit must be text: quote it (it is read as a number);"
        " metadata.labels.enabled must be text: quote it (it is read as a boolean);"
        " data.port must be text: quote it (it is read as a number);"
        " data.enabled must be text: quote it (it is read as a boolean)"
    )


POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: 'a:1', %s}]%s}\n"


@pytest.mark.parametrize(
    ("container", "pod", "path"),
    [
        ("env: [{name: PORT, value: 8080}]", "", "spec.containers[0].env[0].value"),
        ("env: [{name: 1, value: x}]", "", "spec.containers[0].env[0].name"),
        ("args: [--port, 8080]", "", "spec.containers[0].args[1]"),
        ("command: [yes]", "", "spec.containers[0].command[0]"),
        ("tty: true", ", nodeSelector: {disk: 1}", "spec.nodeSelector.disk"),
        ("tty: true", ", tolerations: [{key: a, value: true}]", "spec.tolerations[0].value"),
        ("tty: true", ", volumes: [{name: a, secret: {secretName: 7}}]", "spec.volumes[0].secret.secretName"),
        ("tty: true", ", serviceAccountName: 7", "spec.serviceAccountName"),
    ],
)
def test_each_place_of_a_pod_that_must_be_text_is_looked_at(container: str, pod: str, path: str):
    report = _report(POD % (container, pod))

    assert (report.outcome, report.reason) == (Outcome.REFUSED, "NotText")
    assert f"{path} must be text: quote it" in report.message


@pytest.mark.parametrize(
    "text",
    [
        POD % ("ports: [{containerPort: 80}], securityContext: {runAsUser: 0}", ", priority: 1"),
        POD % ("resources: {limits: {cpu: 1, memory: 1Gi}}", ", terminationGracePeriodSeconds: 5"),
        POD % ("livenessProbe: {httpGet: {port: 80, path: /}}", ", hostNetwork: true"),
        "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: a}\nvalue: 1000\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {x: }}\ndata: {empty: }\n",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {a: {b: c}, d: [e]}\n",
        "apiVersion: v1\nkind: LimitRange\nmetadata: {name: a}\nspec: {limits: [{type: Pod, max: {cpu: 2}}]}\n",
        "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\nspec: {name: 1, args: [3], env: [{value: 4}]}\n",
    ],
)
def test_numbers_that_may_be_numbers_are_taken_and_shapes_are_for_the_api_server(text: str):
    assert _report(text).outcome is Outcome.RENDERED, _report(text).message


def test_labels_of_somebody_elses_kind_are_text_too():
    report = _report("apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a, annotations: {mine: 1}}\n")

    assert report.message == "metadata.annotations.mine must be text: quote it (it is read as a number)"


def test_all_that_is_wrong_with_an_object_is_told_at_once():
    report = _report(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: 7, labels: {a: 1}}\n"
        "spec: {containers: [{name: a}], volumes: [{name: x, emptyDir: {}}, {name: x, secret: {secretName: s}}]}\n"
    )

    assert "metadata.name must be text" in report.message
    assert "metadata.labels.a must be text" in report.message
    assert "spec.volumes[1] has the name of an earlier entry" in report.message
    assert "Pod needs spec.containers[0].image" in report.message


def test_of_many_faults_the_rest_is_counted_and_the_message_stays_short():
    data = "".join(f"  key{number}: {number}\n" for number in range(500))

    report = _report(f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n{data}")

    assert report.message.startswith("data.key0 must be text: quote it")
    assert report.message.endswith("more like these")
    assert "and 49" in report.message
    assert len(report.message) <= 512


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"displayName": 7}, "displayName must be text: quote it (it is read as a number)"),
        ({"component": {"kind": True, "version": "v1"}}, "component.kind must be text: quote it"),
        ({"component": {"kind": "ConfigMap", "version": 1}}, "component.version must be text: quote it"),
        ({"configuration": {"metadata": {"namespace": 5}}}, "metadata.namespace must be text: quote it"),
        ({"configuration": {"data": {"port": 8080}}}, "data.port must be text: quote it"),
    ],
)
def test_a_component_of_a_design_is_told_the_same(fields: dict[str, Any], words: str):
    (report,) = render([design(component("ConfigMap", "a", {}) | fields)], options=Options(format="Meshery")).components

    assert report.outcome is Outcome.REFUSED
    assert words in report.message


def test_no_value_is_repeated():
    report = _report(yaml.safe_dump({**yaml.safe_load(POD % ("env: [{name: A, value: 47114711}]", ""))}))

    assert "4711" not in report.message


_PLACES = [
    ("v1", "Pod", {"metadata": {"labels": {"a": 1}, "annotations": {"b": True}, "finalizers": [2]}}),
    ("v1", "ConfigMap", {"data": {"port": 80}, "immutable": True, "metadata": {"generation": 1}}),
    (
        "v1",
        "Pod",
        {"spec": {"containers": [{"env": [{"name": 1, "value": 2}], "args": [3], "ports": [{"containerPort": 80}]}]}},
    ),
    (
        "apps/v1",
        "Deployment",
        {"spec": {"replicas": 1, "selector": {"matchExpressions": [{"values": [1]}], "matchLabels": {"a": 1}}}},
    ),
    ("example.com/v1", "Thing", {"spec": {"args": [1], "value": 2}, "metadata": {"labels": {"a": 1}}}),
]


def _leaves(value: Any, *path: str | int) -> Iterator[tuple[str | int, ...]]:
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, below in steps:
        yield from _leaves(below, *path, step)
    if not isinstance(value, dict | list):
        yield path


@pytest.mark.parametrize(("version", "kind", "body"), _PLACES, ids=[kind for _, kind, _ in _PLACES])
def test_what_takes_text_is_what_is_refused_with_a_number_there(version: str, kind: str, body: dict[str, Any]):
    """``takes_text`` decides what a parameter becomes: it must never make a text that no check would have asked for."""
    top = {"apiVersion": version, "kind": kind, **body, "metadata": {"name": "a", **body.get("metadata", {})}}
    made = WorkingComponent(id="a", name="a", kind=kind)
    made.body = top

    find_wrong_texts([made])

    found = {message.partition(" must be text")[0] for _, message in made.faults}
    assert found == {_written(path) for path in _leaves(body) if takes_text(version, kind, path)}


def _written(path: tuple[str | int, ...]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")

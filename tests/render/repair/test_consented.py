"""Repairs that are made only where they are allowed by name."""

from typing import Any, get_args

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.render.designs import component, deployment, only_object, only_report, rendered
from tests.render.rendered import render

from pattern_operator.api.artifact import File
from pattern_operator.api.render_spec import ConsentedRepair
from pattern_operator.api.repair import CONSENTED, Repair
from pattern_operator.api.report import Outcome
from pattern_operator.render import Options

ALLOWED = Options(format="Meshery", allowed_repairs=frozenset(CONSENTED))
WITHOUT_NAMES = {"containers": [{"image": "ghcr.io/acme/Web_App:1"}, {"image": "ghcr.io/acme/web-app@sha256:0"}]}
PORTS = [{"port": 80}, {"port": 53, "protocol": "UDP"}, {"port": 81, "name": "x"}]


def _other_selector() -> dict[str, Any]:
    made: dict[str, Any] = deployment()
    made["spec"]["selector"] = {"matchLabels": {"app": "other"}}
    return made


CASES = [
    pytest.param(Repair.NAME_CONTAINERS, "Pod", "v1", {"spec": WITHOUT_NAMES}, "MissingRequiredField", id="containers"),
    pytest.param(Repair.NAME_PORTS, "Service", "v1", {"spec": {"ports": PORTS}}, "MissingRequiredField", id="ports"),
    pytest.param(
        Repair.SET_SELECTOR_FROM_TEMPLATE, "Deployment", "apps/v1", _other_selector(), "SelectorMismatch", id="selector"
    ),
]


def test_the_spec_can_name_these_and_no_others():
    assert set(get_args(ConsentedRepair)) == {str(each) for each in CONSENTED}


@pytest.mark.parametrize(("repair", "kind", "version", "configuration", "reason"), CASES)
def test_what_could_change_the_meaning_is_refused_and_repaired_where_that_is_allowed(
    repair: Repair, kind: str, version: str, configuration: dict[str, Any], reason: str
):
    drawn = component(kind, "web", configuration, version=version)
    others = Options(format="Meshery", allowed_repairs=frozenset(CONSENTED - {repair}))

    assert only_report(rendered(drawn, options=others)).reason == reason
    report = only_report(rendered(drawn, options=ALLOWED))
    assert report.outcome is Outcome.RENDERED
    assert {each.name for each in report.repairs} == {repair}


@pytest.mark.parametrize(("repair", "kind", "version", "configuration", "reason"), CASES)
def test_what_was_repaired_needs_no_repair(
    repair: Repair, kind: str, version: str, configuration: dict[str, Any], reason: str
):
    body = only_object(rendered(component(kind, "web", configuration, version=version), options=ALLOWED))
    again = component(kind, "web", {"spec": body["spec"]}, version=version)

    assert only_report(rendered(again)).repairs == ()
    assert only_object(rendered(again)) == body


def test_containers_are_named_after_their_images_each_by_another_name():
    body = only_object(rendered(component("Pod", "web", {"spec": WITHOUT_NAMES}), options=ALLOWED))

    assert [each["name"] for each in body["spec"]["containers"]] == ["web-app", "web-app-2"]


def test_ports_are_named_after_their_numbers_and_a_name_stays():
    body = only_object(rendered(component("Service", "web", {"spec": {"ports": PORTS}}), options=ALLOWED))

    assert [each["name"] for each in body["spec"]["ports"]] == ["port-80", "port-53-udp", "x"]


def test_a_selector_that_selects_is_kept():
    made = deployment(labels={"app": "web", "tier": "front"})
    made["spec"]["selector"] = {"matchLabels": {"app": "web"}}

    body = only_object(rendered(component("Deployment", "web", made, version="apps/v1"), options=ALLOWED))

    assert body["spec"]["selector"] == {"matchLabels": {"app": "web"}}


@pytest.mark.parametrize(("label", "reason"), [("other", "SelectorMismatch"), ("web", "")])
def test_a_selector_of_a_manifest_that_selects_other_pods_is_refused(label: str, reason: str):
    made = deployment()
    made["spec"]["selector"] = {"matchLabels": {"app": label}}
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, **made}

    (report,) = render([File("web.json", orjson.dumps(body))], options=Options()).components

    assert (report.reason or "") == reason
    assert report.message == (
        "spec.selector.matchLabels does not match spec.template.metadata.labels; make them the same" if reason else ""
    )


_KEYS = ["spec", "template", "metadata", "labels", "selector", "matchLabels"]
_KEYS += ["containers", "image", "name", "ports", "port", "protocol"]
_VALUE = st.recursive(
    st.none() | st.integers(-1, 70_000) | st.text(max_size=4) | st.sampled_from(["web:1", "a/b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=4),
    max_leaves=20,
)


@given(st.sampled_from(["Pod", "Service", "Deployment"]), _VALUE)
def test_any_configuration_is_repaired_once(kind: str, configuration: object):
    version = "apps/v1" if kind == "Deployment" else "v1"
    once = rendered(component(kind, "web", configuration, version=version), options=ALLOWED)

    if once.objects:
        body = only_object(once)
        drawn = {name: value for name, value in body.items() if name not in ("apiVersion", "kind")}
        again = rendered(component(kind, "web", drawn, version=version), options=ALLOWED)
        assert orjson.dumps(only_object(again)) == orjson.dumps(body)
        assert only_report(again).repairs == ()

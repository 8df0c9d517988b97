"""Health checks of patterns and specs, in place of the built-in judgement: after a restart too, told without values."""

import json
from typing import Any
from uuid import uuid4

import yaml
from tests.e2e.scenario import Scenario, condition, config_map, push, push_files, widget, widgets
from tests.planted import Shape, leaks, value
from tests.testbed.testbed import Testbed

SECRET = value(Shape.CONFIG_MAP)
PATTERN: dict[str, Any] = {"apiVersion": "pattern-operator.io/v1alpha1", "kind": "Pattern", "name": "shop"}


def test_a_custom_resource_is_judged_by_the_check_of_its_pattern_and_after_a_restart_too(
    scenario: Scenario, testbed: Testbed
) -> None:
    group = f"g{uuid4().hex[:8]}.example.com"
    definition = widgets(group)
    definition["spec"]["versions"][0]["subresources"] = {"status": {}}
    check = {
        "apiVersion": f"{group}/v1",
        "kind": "Widget",
        "failed": "status.phase.startsWith('Broken')",
        "current": "status.phase == 'Running' && status.size == spec.size",
    }
    objects = "\n---\n".join(json.dumps(each) for each in (definition, widget(group, "it"), config_map("settings")))
    files = {"pattern.yaml": yaml.safe_dump({**PATTERN, "healthChecks": [check]}).encode(), "o.yaml": objects.encode()}
    digest = push_files(scenario.repository, "1.0.0", files)

    def phase(said: str) -> None:
        patch = json.dumps({"status": {"phase": said, "size": 1}})
        where = (f"widgets.{group}", "it", "-n", scenario.namespace, "--subresource=status")
        scenario.kubectl("patch", *where, "--type=merge", "-p", patch)

    scenario.want()
    silent = scenario.until(lambda status: "cannot be evaluated" in condition(status, "Healthy").get("message", ""))
    phase(f"Starting {SECRET}")
    scenario.until(
        lambda status: "`current` of its health check is not true" in condition(status, "Healthy")["message"]
    )
    phase("Running")
    well = scenario.until_runs(digest)
    testbed.operator.restart()
    scenario.request()
    again = scenario.status
    phase(f"Broken {SECRET}")
    ill = condition(scenario.until(lambda status: condition(status, "Ready")["status"] == "False"), "Ready")
    phase("Running")
    scenario.until_runs(digest)

    named = f"Widget {scenario.namespace}/it"
    missing = f"{named}: `failed` of its health check cannot be evaluated: the object has no status"
    assert missing in condition(silent, "Healthy")["message"]
    assert well["healthChecks"] == [check]
    assert condition(again, "Ready") == condition(well, "Ready")  # it was never said to be on its way
    assert f"{named}: `failed` of its health check is true" in ill["message"]
    assert ill["reason"] == "Unhealthy"
    assert not leaks(json.dumps([silent, well, again, ill]))
    scenario.kubectl("delete", "crd", f"widgets.{group}", "--wait=false")


def test_what_does_not_compile_is_told_before_anything_is_applied_and_a_kind_without_status_is_judged_whole(
    scenario: Scenario,
) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("settings", a=SECRET))

    def checked(expression: str) -> dict[str, Any]:
        return {"apply": {"healthChecks": [{"apiVersion": "v1", "kind": "ConfigMap", "current": expression}]}}

    scenario.want(**checked("data.ready =="))
    refused = scenario.until_says("Ready", "HealthCheckInvalid")["message"]
    before = scenario.there("configmap", "settings")
    scenario.change(checked("data.?ready.orValue('') == 'yes'"))
    waiting = scenario.until(lambda status: "is not true" in condition(status, "Healthy").get("message", ""))
    scenario.edit("configmap", "settings", {"data": {"ready": "yes"}})
    scenario.until_runs(digest)
    scenario.change(checked("data.a.size() > 1000"))
    scenario.until(lambda status: condition(status, "Healthy")["status"] != "True")
    scenario.change({"apply": {"healthChecks": None}})
    scenario.until_runs(digest)

    assert "spec.apply.healthChecks[0].current (ConfigMap) does not compile: 1:14: " in refused
    assert not before
    assert f"ConfigMap {scenario.namespace}/settings: `current`" in condition(waiting, "Healthy")["message"]

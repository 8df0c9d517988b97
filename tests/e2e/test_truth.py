"""What status says is true: of a spec that was not reached, of objects that are gone, of time that is over."""

import shutil
import time
from collections.abc import Iterator
from uuid import uuid4

import pytest
from tests.e2e.scenario import Scenario, condition, config_map, deployment, eventually, push
from tests.testbed.kubectl import Kubectl
from tests.testbed.registry import Registry
from tests.testbed.testbed import Testbed

AWAY = {"path": "^/v2/", "status": 503}
HANGS = {"path": "^/v2/", "delayMs": 120_000}
MOVED = {"source": {"ref": {"tag": "2.0.0"}}}


@pytest.fixture
def homes(kubectl: Kubectl) -> Iterator[str]:
    """A label that one node has, until the test takes it."""
    label = f"test-{uuid4().hex[:8]}"
    kubectl("label", "node", "node-1", f"{label}=here")
    yield label
    kubectl("label", "node", "node-1", f"{label}-")


def stateful(scenario: Scenario) -> str:
    """Apply a pattern of a Deployment and a ConfigMap, and wait until it is Ready; the digest."""
    digest = push(scenario.repository, "1.0.0", deployment("web"), config_map("settings"))
    scenario.want()
    scenario.until_runs(digest)
    return digest


def test_what_was_never_pulled_is_not_ready_however_often_the_registry_fails(
    own_registry: Registry, own_story: Scenario
) -> None:
    digest = stateful(own_story)

    own_registry.misbehave(AWAY)
    own_registry.forget_requests()
    own_story.change(MOVED)
    eventually(lambda: own_registry.requests().get("HEAD manifests", 0) >= 4)
    status = own_story.until(lambda found: condition(found, "Fetched")["status"] == "False")
    own_story.change({"source": {"ref": {"tag": "1.0.0"}}})
    back = own_story.until(lambda found: condition(found, "Ready")["status"] == "True")

    assert condition(status, "Ready")["status"] == "False"
    assert condition(status, "Ready")["reason"] == "RegistryUnavailable"
    assert status["digest"] == back["digest"] == digest
    assert condition(back, "Fetched")["status"] == "False"


def test_a_change_that_comes_with_a_suspension_waits_and_is_not_ready(
    own_registry: Registry, own_story: Scenario
) -> None:
    stateful(own_story)

    own_registry.misbehave(AWAY)
    own_story.change({**MOVED, "suspend": True})
    status = own_story.until(lambda found: found["status"] == "Suspended")

    assert condition(status, "Ready")["status"] == "Unknown"
    assert condition(status, "Ready")["message"].startswith("suspended; 2.0.0 waits; 1.0.0 (")


def test_a_suspended_pattern_says_that_its_objects_are_gone_also_after_a_restart(
    testbed: Testbed, scenario: Scenario
) -> None:
    digest = stateful(scenario)
    scenario.change({"suspend": True})
    suspended = scenario.until(lambda found: found["status"] == "Suspended")

    scenario.remove("deployment", "web")
    gone = scenario.until(lambda found: condition(found, "Ready")["status"] == "False")
    testbed.operator.stop()
    scenario.remove("configmap", "settings")
    testbed.operator.restart()
    lost = f"ConfigMap {scenario.namespace}/settings"
    both = scenario.until(lambda found: lost in condition(found, "Ready")["message"])
    scenario.change({"suspend": False})
    scenario.until_runs(digest)

    assert condition(suspended, "Ready")["status"] == "True"
    assert condition(gone, "Ready")["message"] == f"suspended; Deployment {scenario.namespace}/web: is gone"
    assert condition(gone, "Healthy")["reason"] == "Unhealthy"
    assert f"Deployment {scenario.namespace}/web: is gone" in condition(both, "Ready")["message"]
    assert both["status"] == "Suspended"


def test_what_runs_is_judged_without_the_artifact_while_the_registry_hangs(
    testbed: Testbed, own_registry: Registry, own_story: Scenario
) -> None:
    digest = stateful(own_story)

    testbed.operator.stop()
    shutil.rmtree(testbed.directory / "cache")
    own_story.remove("configmap", "settings")
    own_registry.misbehave(HANGS)
    testbed.operator.restart()
    began = time.monotonic()
    before = own_story.until(lambda found: condition(found, "Ready")["status"] == "False")
    own_story.remove("deployment", "web")
    after = own_story.until(lambda found: "Deployment" in condition(found, "Healthy")["message"])
    took = time.monotonic() - began
    own_registry.behave()
    own_story.request()
    own_story.until_runs(digest)

    assert condition(before, "Healthy")["message"] == f"ConfigMap {own_story.namespace}/settings: is gone"
    assert condition(after, "Ready")["status"] == condition(after, "Healthy")["status"] == "False"
    assert f"Deployment {own_story.namespace}/web: is gone" in condition(after, "Ready")["message"]
    assert took < 35  # and the registry is asked for 40 s


def test_a_workload_that_falls_ill_long_after_its_rollout_has_the_whole_time(scenario: Scenario, homes: str) -> None:
    web = deployment("web")
    web["spec"]["template"]["spec"]["nodeSelector"] = {homes: "here"}
    digest = push(scenario.repository, "1.0.0", web)
    scenario.want(timeout="4s")
    scenario.until_runs(digest)
    time.sleep(4)  # the time of the rollout is over: there is nothing to wait for

    scenario.kubectl("label", "node", "node-1", f"{homes}-")
    scenario.kubectl("-n", scenario.namespace, "delete", "pods", "-l", "app=web", "--wait=false")
    waits = scenario.until(lambda found: condition(found, "Ready")["status"] != "True")
    late = scenario.until(lambda found: condition(found, "Ready")["reason"] == "HealthTimeout")
    scenario.kubectl("label", "node", "node-1", f"{homes}=here")
    scenario.until_runs(digest)

    assert condition(waits, "Ready")["reason"] == "WaitingForHealth"
    assert "Deployment" in condition(late, "Ready")["message"]

"""The component finalizer-policy on a real API server: patterns are created with the finalizer, and no create fails."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.scenario import Scenario, condition, config_map, deployment, push
from tests.testbed.paths import ROOT
from tests.testbed.testbed import Testbed

COMPONENT = ROOT / "manifests" / "components" / "finalizer-policy"
PARTS = ("-f", COMPONENT / "policy.yaml", "-f", COMPONENT / "binding.yaml")
FINALIZER, AHEAD = "pattern-operator.io/finalizer", "pattern-operator.io/writeAhead"


@pytest.fixture
def policy(testbed: Testbed) -> Iterator[None]:
    """The policy is in effect: it takes a moment after it is applied."""
    kubectl = testbed.kubectl
    kubectl("apply", *PARTS)
    sample = {"apiVersion": "pattern-operator.io/v1alpha1", "kind": "DesignPattern", "metadata": {"name": "probe"}}
    sample["spec"] = {"source": {"url": "oci://registry.example/web", "ref": {"tag": "1.0.0"}}}
    try:
        for _ in range(100):
            if FINALIZER in created(testbed, sample)["metadata"].get("finalizers", []):
                break
        else:
            pytest.fail("the policy is not in effect")
        yield
    finally:
        kubectl("delete", *PARTS)


def created(testbed: Testbed, body: dict[str, Any]) -> dict[str, Any]:
    """The object as the API server would create it."""
    answer = testbed.kubectl("create", "--dry-run=server", "-o", "json", "-f", "-", stdin=json.dumps(body))
    found: dict[str, Any] = json.loads(answer)
    return found


@pytest.mark.usefixtures("policy")
def test_a_pattern_is_created_with_the_finalizer_runs_and_takes_its_objects_with_it(scenario: Scenario) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("a"), config_map("b"))

    scenario.want()
    at_once = scenario.get("dp", "web")["metadata"]
    status = scenario.until_runs(digest)
    later = scenario.get("dp", "web")["metadata"]
    scenario.delete()
    scenario.until_gone()

    assert at_once["finalizers"] == [FINALIZER]
    assert later["annotations"][AHEAD] == at_once["annotations"][AHEAD]  # the operator has written nothing ahead
    assert status["writeAhead"] == "created"
    ahead = json.loads(at_once["annotations"][AHEAD])
    assert ahead["namespaces"] == [scenario.namespace]
    assert {"ConfigMap", "Deployment.apps"} <= set(ahead["kinds"])
    assert scenario.names() == []


@pytest.mark.usefixtures("policy")
def test_what_the_author_put_there_is_kept_and_our_finalizer_is_there_once(testbed: Testbed) -> None:
    body = {
        "apiVersion": "pattern-operator.io/v1alpha1",
        "kind": "DesignPattern",
        "metadata": {
            "name": "web",
            "annotations": {"team": "a", AHEAD: "copied from another cluster"},
            "finalizers": ["example.com/theirs"],
        },
        "spec": {"source": {"url": "oci://registry.example/web", "ref": {"tag": "1.0.0"}}},
    }

    first = created(testbed, body)["metadata"]
    body["metadata"]["finalizers"] = [FINALIZER, "example.com/theirs"]  # type: ignore[index]
    second = created(testbed, body)["metadata"]  # who names it does not depend on the policy

    assert first["finalizers"] == ["example.com/theirs", FINALIZER]
    assert second["finalizers"] == [FINALIZER, "example.com/theirs"]
    assert first["annotations"]["team"] == "a"
    assert json.loads(first["annotations"][AHEAD])["id"] == "created"


def test_no_create_fails_while_the_policy_comes_and_goes(testbed: Testbed, scenario: Scenario) -> None:
    """And who is created without it gets the finalizer from the operator."""
    digest = push(scenario.repository, "1.0.0", config_map("a"))
    body = {
        "apiVersion": "pattern-operator.io/v1alpha1",
        "kind": "DesignPattern",
        "metadata": {"name": "web"},
        "spec": {"source": {"url": "oci://registry.example/web", "ref": {"tag": "1.0.0"}}},
    }
    for _ in range(3):
        testbed.kubectl("apply", *PARTS)
        for _ in range(3):
            created(testbed, body)  # kubectl fails where the API server refuses
        testbed.kubectl("delete", *PARTS)
        created(testbed, body)
    scenario.want()
    scenario.until_runs(digest)

    assert scenario.get("dp", "web")["metadata"]["finalizers"] == [FINALIZER]


@pytest.mark.usefixtures("policy")
def test_a_kind_that_the_policy_does_not_name_is_put_on_record_by_the_operator(scenario: Scenario) -> None:
    budget = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "web"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}},
    }
    digest = push(scenario.repository, "1.0.0", config_map("a"), budget)

    scenario.want()
    status = scenario.until(lambda found: found.get("digest") == digest)
    ahead = json.loads(scenario.get("dp", "web")["metadata"]["annotations"][AHEAD])

    assert condition(status, "Applied")["status"] == "True"
    assert "PodDisruptionBudget.policy" in ahead["kinds"]


@pytest.mark.usefixtures("policy")
def test_what_an_operator_made_that_was_killed_is_found_by_what_the_policy_wrote_ahead(
    testbed: Testbed, scenario: Scenario, tmp_path: Path
) -> None:
    push(scenario.repository, "1.0.0", config_map("first"), deployment("web", replicas=0))
    scenario.want(apply={"wait": False})
    scenario.until_object("configmap", "first", lambda found: found is not None)
    testbed.operator.kill()
    scenario.delete()
    testbed.operator.restart()
    scenario.until_gone()

    assert scenario.names() == []
    assert scenario.names("deployment") == []

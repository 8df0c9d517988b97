"""The component finalizer-policy on a real API server: patterns are created with the finalizer, and no create fails."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.e2e.scenario import Scenario, config_map, push
from tests.testbed.paths import ROOT
from tests.testbed.testbed import Testbed

COMPONENT = ROOT / "manifests" / "components" / "finalizer-policy"
PARTS = ("-f", COMPONENT / "policy.yaml", "-f", COMPONENT / "binding.yaml")
FINALIZER = "pattern-operator.io/finalizer"


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
    scenario.until_runs(digest)
    scenario.delete()
    scenario.until_gone()

    assert at_once["finalizers"] == [FINALIZER]
    assert scenario.names() == []


@pytest.mark.usefixtures("policy")
def test_what_the_author_put_there_is_kept_and_our_finalizer_is_there_once(testbed: Testbed) -> None:
    body = {
        "apiVersion": "pattern-operator.io/v1alpha1",
        "kind": "DesignPattern",
        "metadata": {
            "name": "web",
            "finalizers": ["example.com/theirs"],
        },
        "spec": {"source": {"url": "oci://registry.example/web", "ref": {"tag": "1.0.0"}}},
    }

    first = created(testbed, body)["metadata"]
    body["metadata"]["finalizers"] = [FINALIZER, "example.com/theirs"]  # type: ignore[index]
    second = created(testbed, body)["metadata"]

    assert first["finalizers"] == ["example.com/theirs", FINALIZER]
    assert second["finalizers"] == [FINALIZER, "example.com/theirs"]


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

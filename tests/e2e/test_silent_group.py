"""An aggregated API of somebody else that does not answer costs nobody else anything."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from tests.e2e.scenario import Scenario, condition, config_map, eventually, push, widget, widgets


@pytest.fixture
def silent(scenario: Scenario) -> Iterator[str]:
    """A group whose APIService leads nowhere, as the API server has noticed."""
    group = f"s{uuid4().hex[:8]}.example.com"
    name = f"v1.{group}"
    service = {"name": "nowhere", "namespace": scenario.namespace, "port": 443}
    spec = {"group": group, "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 100}
    scenario.kubectl.apply(
        {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": name},
            "spec": {**spec, "insecureSkipTLSVerify": True, "service": service},
        }
    )
    path = ("get", "--raw", "/apis")
    eventually(lambda: group in scenario.kubectl(*path))
    yield group
    scenario.kubectl("delete", "apiservice", name, "--ignore-not-found")


def test_a_definition_is_pruned_and_deleted_although_another_group_is_silent(
    scenario: Scenario, group: str, silent: str
) -> None:
    other = f"x{group}"
    push(scenario.repository, "1.0.0", widgets(group), widget(group, "w"), widgets(other), config_map("stays"))
    second = push(scenario.repository, "2.0.0", widgets(group), widget(group, "w"), config_map("stays"))
    scenario.want()
    scenario.until_says("Ready", "Ready")

    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    scenario.until_runs(second)
    eventually(lambda: not scenario.there("crd", f"widgets.{other}"))
    scenario.delete()
    scenario.until_gone()

    eventually(lambda: not scenario.there("crd", f"widgets.{group}"))


def test_a_namespace_waits_for_a_silent_group_and_says_which(scenario: Scenario, silent: str) -> None:
    name = f"{scenario.namespace}-own"
    push(scenario.repository, "1.0.0", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    scenario.want()
    scenario.until_says("Ready", "Ready")

    scenario.delete()
    said = scenario.until(lambda status: condition(status, "Ready")["reason"] == "ApiServerUnavailable")
    scenario.kubectl("delete", "apiservice", f"v1.{silent}")
    scenario.until_gone()

    message = condition(said, "Ready")["message"]
    assert f"it is not known to be empty: the API server behind the group {silent} does not answer" in message

"""What a manifest writes empty and the cluster fills stays as the cluster fills it."""

import base64
import json
from typing import Any

import pytest
from tests.e2e.scenario import Scenario, config_map, eventually, push
from tests.testbed.testbed import Testbed

RBAC = "rbac.authorization.k8s.io"


def hook(name: str, **bundle: str) -> dict[str, Any]:
    """A webhook that is asked about nothing."""
    rule = {"apiGroups": ["no.such"], "apiVersions": ["*"], "operations": ["CREATE"], "resources": ["x"]}
    client = {**bundle, "service": {"name": "nowhere", "namespace": "default", "path": "/x"}}
    webhook = {"name": "a.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None"}
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": name},
        "webhooks": [{**webhook, "failurePolicy": "Ignore", "clientConfig": client, "rules": [rule]}],
    }


@pytest.mark.parametrize("bundle", ["", "Cg=="])
def test_an_authority_that_is_injected_stays_where_the_manifest_has_a_blank_one(
    testbed: Testbed, scenario: Scenario, bundle: str
) -> None:
    name = f"{scenario.namespace}-hook"
    digest = push(scenario.repository, "1.0.0", hook(name, caBundle=bundle), config_map("other"))
    scenario.want()
    scenario.until_runs(digest)
    authority = base64.b64encode(testbed.controlplane.admin.ca.read_bytes()).decode()
    path = "/webhooks/0/clientConfig/caBundle"
    patch = json.dumps([{"op": "add", "path": path, "value": authority}])
    scenario.kubectl("patch", "validatingwebhookconfiguration", name, "--type=json", "-p", patch)

    scenario.edit("configmap", "other", {"data": {"a": "drift"}})  # what drifts is still repaired
    eventually(lambda: scenario.get("configmap", "other")["data"] == {"a": "1"})
    scenario.request()

    assert scenario.get("validatingwebhookconfiguration", name)["webhooks"][0]["clientConfig"]["caBundle"] == authority
    assert "Drifted" not in scenario.condition("Applied")["reason"]
    scenario.delete()
    scenario.until_gone()


def test_an_aggregated_role_keeps_the_rules_that_the_controller_gives_it(scenario: Scenario) -> None:
    name = f"{scenario.namespace}-all"
    selector = {"matchLabels": {"aggregate-to": name}}
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
    role = {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole"}
    part = {**role, "metadata": {"name": f"{name}-part", "labels": {"aggregate-to": name}}, "rules": rules}
    whole = {**role, "metadata": {"name": name}, "aggregationRule": {"clusterRoleSelectors": [selector]}, "rules": []}
    push(scenario.repository, "1.0.0", part, whole)
    scenario.want()
    scenario.until_says("Ready", "Ready")
    scenario.until_object("clusterrole", name, lambda found: found["rules"] == rules)

    scenario.edit("clusterrole", f"{name}-part", {"rules": []})  # what drifts is still repaired, and brings an apply
    eventually(lambda: scenario.events("DriftRepaired"))
    second = push(scenario.repository, "2.0.0", {**part, "rules": [*rules, *rules]}, whole)
    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    scenario.until_runs(second)
    eventually(lambda: scenario.get("clusterrole", name)["rules"])

    assert not any(f"{name} was changed" in each["message"] for each in scenario.events("DriftRepaired"))
    shown = scenario.kubectl.json("get", "clusterrole", name, "--show-managed-fields")["metadata"]["managedFields"]
    managers = {each["manager"] for each in shown if "f:rules" in each.get("fieldsV1", {})}
    assert managers == {"clusterrole-aggregation-controller"}
    scenario.delete()
    scenario.until_gone()


def test_a_claim_that_is_bound_goes_on_being_applied_with_its_empty_volume_name(scenario: Scenario) -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, "storageClassName": ""}
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "c"}}
    push(scenario.repository, "1.0.0", {**claim, "spec": {**spec, "volumeName": ""}})
    labelled = {**claim, "metadata": {"name": "c", "labels": {"a": "b"}}, "spec": {**spec, "volumeName": ""}}
    scenario.want()
    scenario.until(lambda status: status.get("inventory", {}).get("count") == 1)
    scenario.until_object("pvc", "c", lambda found: found is not None)
    scenario.edit("pvc", "c", {"spec": {"volumeName": "pv-1"}})  # as binding does
    push(scenario.repository, "2.0.0", labelled)

    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    found = scenario.until_object("pvc", "c", lambda found: found["metadata"].get("labels", {}).get("a") == "b")

    assert found["spec"]["volumeName"] == "pv-1"

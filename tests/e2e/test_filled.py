"""What a manifest writes empty and the cluster fills stays as the cluster fills it."""

import base64
import json
from typing import Any

import pytest
from tests.e2e.story import Story, config_map, eventually, push
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
    testbed: Testbed, story: Story, bundle: str
) -> None:
    name = f"{story.namespace}-hook"
    digest = push(story.repository, "1.0.0", hook(name, caBundle=bundle), config_map("other"))
    story.want()
    story.until_runs(digest)
    authority = base64.b64encode(testbed.controlplane.admin.ca.read_bytes()).decode()
    path = "/webhooks/0/clientConfig/caBundle"
    patch = json.dumps([{"op": "add", "path": path, "value": authority}])
    story.kubectl("patch", "validatingwebhookconfiguration", name, "--type=json", "-p", patch)

    story.edit("configmap", "other", {"data": {"a": "drift"}})  # what drifts is still put right
    eventually(lambda: story.get("configmap", "other")["data"] == {"a": "1"})
    story.request()

    assert story.get("validatingwebhookconfiguration", name)["webhooks"][0]["clientConfig"]["caBundle"] == authority
    assert "Drifted" not in story.condition("Applied")["reason"]
    story.delete()
    story.until_gone()


def test_an_aggregated_role_keeps_the_rules_that_the_controller_gives_it(story: Story) -> None:
    name = f"{story.namespace}-all"
    selector = {"matchLabels": {"aggregate-to": name}}
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
    role = {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole"}
    part = {**role, "metadata": {"name": f"{name}-part", "labels": {"aggregate-to": name}}, "rules": rules}
    whole = {**role, "metadata": {"name": name}, "aggregationRule": {"clusterRoleSelectors": [selector]}, "rules": []}
    push(story.repository, "1.0.0", part, whole)
    story.want()
    story.until_says("Ready", "Ready")
    story.until_object("clusterrole", name, lambda found: found["rules"] == rules)

    story.edit("clusterrole", f"{name}-part", {"rules": []})  # what drifts is still put right, and brings an apply
    eventually(lambda: story.events("DriftRepaired"))
    second = push(story.repository, "2.0.0", {**part, "rules": [*rules, *rules]}, whole)
    story.change({"source": {"ref": {"tag": "2.0.0"}}})
    story.until_runs(second)
    eventually(lambda: story.get("clusterrole", name)["rules"])

    assert not any(f"{name} was changed" in each["message"] for each in story.events("DriftRepaired"))
    shown = story.kubectl.json("get", "clusterrole", name, "--show-managed-fields")["metadata"]["managedFields"]
    managers = {each["manager"] for each in shown if "f:rules" in each.get("fieldsV1", {})}
    assert managers == {"clusterrole-aggregation-controller"}
    story.delete()
    story.until_gone()


def test_a_claim_that_is_bound_goes_on_being_applied_with_its_empty_volume_name(story: Story) -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, "storageClassName": ""}
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "c"}}
    push(story.repository, "1.0.0", {**claim, "spec": {**spec, "volumeName": ""}})
    labelled = {**claim, "metadata": {"name": "c", "labels": {"a": "b"}}, "spec": {**spec, "volumeName": ""}}
    story.want()
    story.until(lambda status: status.get("inventory", {}).get("count") == 1)
    story.until_object("pvc", "c", lambda found: found is not None)
    story.edit("pvc", "c", {"spec": {"volumeName": "pv-1"}})  # as binding does
    push(story.repository, "2.0.0", labelled)

    story.change({"source": {"ref": {"tag": "2.0.0"}}})
    found = story.until_object("pvc", "c", lambda found: found["metadata"].get("labels", {}).get("a") == "b")

    assert found["spec"]["volumeName"] == "pv-1"

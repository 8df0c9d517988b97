"""Webhooks that refuse changes: what docs/operations.md says of them works, and no object is forgotten for one."""

import json
import threading
from typing import Any

import pytest
from tests.e2e.scenario import Scenario, condition, config_map, eventually, push
from tests.testbed.gate import webhook
from tests.testbed.kubectl import KubectlFailed
from tests.testbed.testbed import Testbed

KIND = "validatingwebhookconfiguration"


def test_the_way_out_of_a_webhook_that_refuses_everything_works(scenario: Scenario) -> None:
    name = f"{scenario.namespace}-locks"
    rule = {"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*"]}
    configuration = unanswered(name, rule, scenario=scenario)
    push(scenario.repository, "1.0.0", configuration)
    scenario.want()
    scenario.until_object(KIND, name, lambda found: found is not None)
    with pytest.raises(KubectlFailed, match="failed calling webhook"):
        eventually(lambda: scenario.make(config_map("c")))  # the API server learns of a webhook a moment later
    uid = scenario.get(KIND, name)["metadata"]["uid"]
    scenario.remove(KIND, name)
    scenario.until_object(KIND, name, lambda found: found is not None and found["metadata"]["uid"] != uid)  # comes back

    scenario.kubectl("annotate", KIND, name, "pattern-operator.io/reconcile=disabled")
    patch = json.dumps([{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Ignore"}])
    scenario.kubectl("patch", KIND, name, "--type=json", "-p", patch)

    def takes_changes() -> bool:
        try:
            scenario.make(config_map("c"))
        except KubectlFailed:
            return False
        return True

    eventually(takes_changes)
    scenario.delete()
    scenario.until_gone()
    assert not scenario.there(KIND, name)


def test_a_version_that_removes_a_webhook_which_refuses_it_is_applied(scenario: Scenario) -> None:
    name = f"{scenario.namespace}-gate"
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["configmaps"]}
    configuration = unanswered(name, rule, scenario=scenario)
    first = push(scenario.repository, "1.0.0", configuration)
    second = push(scenario.repository, "2.0.0", config_map("b"))
    scenario.want()
    scenario.until_runs(first)
    with pytest.raises(KubectlFailed, match="failed calling webhook"):
        eventually(lambda: scenario.make(config_map("c")))  # the API server learns of a webhook a moment later

    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    scenario.until_runs(second)

    assert scenario.there("configmap", "b")
    assert not scenario.there(KIND, name)


class NoUpdates:
    """Refuses every update as if somebody had been faster."""

    def __init__(self) -> None:
        self.in_force = threading.Event()

    def admit(self, review: dict[str, Any]) -> dict[str, Any]:
        self.in_force.set()
        request = review["request"]
        response: dict[str, Any] = {"uid": request["uid"], "allowed": request["operation"] != "UPDATE"}
        if not response["allowed"]:
            response["status"] = {"code": 409, "reason": "Conflict", "message": "changes are not allowed"}
        return {**review, "response": response}


def test_an_object_whose_update_a_webhook_refuses_with_409_is_not_forgotten(
    testbed: Testbed, scenario: Scenario
) -> None:
    first = push(scenario.repository, "1.0.0", config_map("c", v="1"), config_map("d"))
    push(scenario.repository, "2.0.0", config_map("c", v="2"), config_map("d"))
    third = push(scenario.repository, "3.0.0", config_map("d"))
    scenario.want(retryInterval="1s")
    scenario.until_runs(first)

    space, kubectl = scenario.namespace, scenario.kubectl
    with webhook(NoUpdates(), "configmaps", namespace=space, kubectl=kubectl, authority=testbed.authority):
        scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
        scenario.until_says("Applied", "ApplyFailed")
        refused = scenario.status
    scenario.change({"source": {"ref": {"tag": "3.0.0"}}})
    scenario.until_runs(third)

    assert refused["inventory"]["count"] == 2
    assert "gate.testbed.example" in condition(refused, "Applied")["message"]
    eventually(lambda: not scenario.there("configmap", "c"))


OWNER = "pattern-operator.io/owner"


def without_label(name: str, *, namespace: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A mutating policy that takes the owner label off each ConfigMap of a namespace, and its binding."""
    api = {"apiVersion": "admissionregistration.k8s.io/v1"}
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"], "operations": ["CREATE", "UPDATE"]}
    has_label = f'has(object.metadata.labels) && "{OWNER}" in object.metadata.labels'
    remove = f"[JSONPatch{{op: 'remove', path: '/metadata/labels/{OWNER.replace('/', '~1')}'}}]"
    spec = {
        "failurePolicy": "Fail",
        "reinvocationPolicy": "Never",
        "matchConstraints": {"resourceRules": [rule]},
        "matchConditions": [
            {"name": "ours", "expression": f'object.metadata.namespace == "{namespace}" && {has_label}'}
        ],
        "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": remove}}],
    }
    bound = {**api, "kind": "MutatingAdmissionPolicyBinding", "metadata": {"name": name}, "spec": {"policyName": name}}
    return {**api, "kind": "MutatingAdmissionPolicy", "metadata": {"name": name}, "spec": spec}, bound


def test_a_policy_that_takes_the_owner_label_off_is_told_and_once_it_is_gone_all_is_well(scenario: Scenario) -> None:
    name = f"{scenario.namespace}-labels"
    policy, binding = without_label(name, namespace=scenario.namespace)
    digest = push(scenario.repository, "1.0.0", config_map("c"), config_map("d"))
    push(scenario.repository, "2.0.0", config_map("e"))
    probe = config_map("probe")
    probe["metadata"] |= {"labels": {OWNER: "somebody", "other": "label"}}

    scenario.kubectl.apply(policy)
    scenario.kubectl.apply(binding)

    def is_in_force() -> bool:
        scenario.make(probe)
        found = scenario.get("configmap", "probe")["metadata"]["labels"]
        scenario.remove("configmap", "probe")
        return OWNER not in found

    try:
        eventually(is_in_force)
        scenario.want(retryInterval="1s")
        told, status = scenario.until_says("Ready", "OwnerLabelRemoved"), scenario.status
        other = scenario.another("other")
        other.want(ref={"tag": "2.0.0"})
        other.until_says("Ready", "OwnerLabelRemoved")
        other.delete()
        other.until_gone()
    finally:
        scenario.remove("mutatingadmissionpolicybinding", name)
        scenario.remove("mutatingadmissionpolicy", name)
    scenario.until_runs(digest)
    scenario.delete()
    scenario.until_gone()

    assert f"ConfigMap {scenario.namespace}/c: was applied, and stored without the label {OWNER}" in told["message"]
    assert status["inventory"]["count"] == 2
    assert any("somebody removed our owner label" in each["message"] for each in other.events("Kept"))
    assert not scenario.there("configmap", "c")


def unanswered(name: str, rule: dict[str, Any], *, scenario: Scenario) -> dict[str, Any]:
    """A webhook configuration that refuses what ``rule`` says, in the test's own namespace: nobody answers it."""
    space = {"matchLabels": {"kubernetes.io/metadata.name": scenario.namespace}}
    client = {"service": {"name": "nowhere", "namespace": scenario.namespace, "path": "/x"}}
    webhook: dict[str, Any] = {
        "name": "a.example.com",
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "rules": [rule],
    }
    webhook |= {"failurePolicy": "Fail", "clientConfig": client, "namespaceSelector": space, "timeoutSeconds": 1}
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": name},
        "webhooks": [webhook],
    }

"""What docs/operations.md says of a webhook that refuses every change works."""

import json
from typing import Any

import pytest
from tests.e2e.story import Story, config_map, eventually, push
from tests.testbed.kubectl import KubectlFailed

KIND = "validatingwebhookconfiguration"


def test_the_way_out_of_a_webhook_that_refuses_everything_works(story: Story) -> None:
    name = f"{story.namespace}-locks"
    rule = {"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*"]}
    configuration = unanswered(name, rule, story=story)
    push(story.repository, "1.0.0", configuration)
    story.want()
    story.until_object(KIND, name, lambda found: found is not None)
    with pytest.raises(KubectlFailed, match="failed calling webhook"):
        for _ in range(100):  # the API server learns of a webhook a moment after it is there
            story.make(config_map("c"))
    uid = story.get(KIND, name)["metadata"]["uid"]
    story.remove(KIND, name)
    story.until_object(KIND, name, lambda found: found is not None and found["metadata"]["uid"] != uid)  # comes back

    story.kubectl("annotate", KIND, name, "pattern-operator.io/reconcile=disabled")
    patch = json.dumps([{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Ignore"}])
    story.kubectl("patch", KIND, name, "--type=json", "-p", patch)

    def takes_changes() -> bool:
        try:
            story.make(config_map("c"))
        except KubectlFailed:
            return False
        return True

    eventually(takes_changes)
    story.delete()
    story.until_gone()
    assert not story.there(KIND, name)


def test_a_version_that_removes_a_webhook_which_refuses_it_is_applied(story: Story) -> None:
    name = f"{story.namespace}-gate"
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["configmaps"]}
    configuration = unanswered(name, rule, story=story)
    first = push(story.repository, "1.0.0", configuration)
    second = push(story.repository, "2.0.0", config_map("b"))
    story.want()
    story.until_runs(first)
    with pytest.raises(KubectlFailed, match="failed calling webhook"):
        for _ in range(100):  # the API server learns of a webhook a moment after it is there
            story.make(config_map("c"))

    story.change({"source": {"ref": {"tag": "2.0.0"}}})
    story.until_runs(second)

    assert story.there("configmap", "b")
    assert not story.there(KIND, name)


def unanswered(name: str, rule: dict[str, Any], *, story: Story) -> dict[str, Any]:
    """A webhook configuration that refuses what ``rule`` says, in the test's own namespace: nobody answers it."""
    space = {"matchLabels": {"kubernetes.io/metadata.name": story.namespace}}
    client = {"service": {"name": "nowhere", "namespace": story.namespace, "path": "/x"}}
    webhook = {"name": "a.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None", "rules": [rule]}
    webhook |= {"failurePolicy": "Fail", "clientConfig": client, "namespaceSelector": space, "timeoutSeconds": 1}
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": name},
        "webhooks": [webhook],
    }

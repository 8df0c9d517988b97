"""Argo CD's health of a DesignPattern, by the script that is shipped for it."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.argocd import ENTRY, HEALTH, judge, script
from tests.testbed.kubectl import BINARY, Kubectl

DELETED = {"deletionTimestamp": "2026-07-27T10:00:00Z"}
NOT_YET = "the operator has not looked at it yet"
STALE = "the operator has not looked at this generation yet"


def condition(kind: str, status: str, message: str = "", *, of: int = 2, reason: str = "Any") -> dict[str, Any]:
    moment = "2026-07-27T10:00:00Z"
    made = {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": moment}
    return {**made, "observedGeneration": of}


def pattern(
    *conditions: dict[str, Any], of: int | None = 2, metadata: dict[str, Any] | None = None, **spec: Any
) -> dict[str, Any]:
    status: dict[str, Any] = {"conditions": list(conditions), "observedGeneration": of}
    return {
        "apiVersion": "pattern-operator.io/v1alpha1",
        "kind": "DesignPattern",
        "metadata": {"name": "web", "generation": 2, **(metadata or {})},
        "spec": spec,
        "status": status,
    }


READY = condition("Ready", "True", "1.0.0 runs")
FAILED = condition("Ready", "False", "the registry refused the credentials")
STALLED = condition("Stalled", "True", "the registry refused the credentials")
BUSY = condition("Reconciling", "True", "applying")
WAITS = condition("Ready", "Unknown", "waiting for Deployment web")


@pytest.mark.parametrize(
    ("obj", "status", "message"),
    [
        pytest.param(pattern(READY), "Healthy", "1.0.0 runs", id="ready"),
        pytest.param(pattern(condition("Ready", "True")), "Healthy", "it is ready", id="ready without a word"),
        pytest.param(pattern(condition("Applied", "True"), READY), "Healthy", "1.0.0 runs", id="ready beside others"),
        pytest.param(pattern(READY, condition("Stalled", "False")), "Healthy", "1.0.0 runs", id="not stalled, said"),
        pytest.param(
            pattern(READY, condition("Verified", "False")), "Healthy", "1.0.0 runs", id="an update is refused"
        ),
        pytest.param(pattern(READY, suspend=False), "Healthy", "1.0.0 runs", id="not suspended, said"),
        pytest.param(pattern(FAILED, STALLED), "Degraded", FAILED["message"], id="stalled"),
        pytest.param(pattern(STALLED, FAILED, BUSY), "Degraded", FAILED["message"], id="stalled and reconciling"),
        pytest.param(pattern(READY, STALLED), "Degraded", "1.0.0 runs", id="stalled and ready"),
        pytest.param(pattern(FAILED), "Degraded", FAILED["message"], id="not ready, and nothing goes on"),
        pytest.param(pattern(FAILED, BUSY), "Progressing", FAILED["message"], id="failed and retried"),
        pytest.param(pattern(WAITS, BUSY), "Progressing", WAITS["message"], id="waiting for objects"),
        pytest.param(pattern(WAITS), "Progressing", WAITS["message"], id="nobody knows"),
        pytest.param(pattern(READY, BUSY), "Progressing", "1.0.0 runs", id="ready and reconciling, as kstatus"),
        pytest.param(pattern(READY, suspend=True), "Suspended", "1.0.0 runs", id="suspended"),
        pytest.param(pattern(WAITS, suspend=True), "Suspended", WAITS["message"], id="suspended and unknown"),
        pytest.param(
            pattern(FAILED, STALLED, suspend=True), "Suspended", FAILED["message"], id="suspended and stalled"
        ),
        pytest.param(pattern(READY, of=1, suspend=True), "Suspended", "1.0.0 runs", id="suspended in this generation"),
        pytest.param(pattern(suspend=True), "Suspended", "spec.suspend is true", id="suspended before it ran"),
        pytest.param(pattern(), "Progressing", NOT_YET, id="no conditions"),
        pytest.param(pattern(condition("Fetched", "True")), "Progressing", NOT_YET, id="no condition Ready"),
        pytest.param({**pattern(), "status": None}, "Progressing", NOT_YET, id="no status"),
        pytest.param({**pattern(), "status": {}}, "Progressing", NOT_YET, id="an empty status"),
        pytest.param(
            {**pattern(), "status": "?", "spec": None}, "Progressing", NOT_YET, id="a status of another shape"
        ),
        pytest.param(
            {**pattern(), "status": {"conditions": ["x", {}]}}, "Progressing", NOT_YET, id="no conditions really"
        ),
        pytest.param(pattern(READY, of=1), "Progressing", STALE, id="a stale status"),
        pytest.param(pattern(READY, of=None), "Progressing", STALE, id="a status of no generation"),
        pytest.param(pattern(condition("Ready", "True", of=1)), "Progressing", STALE, id="a stale Ready"),
        pytest.param(pattern(FAILED, STALLED, of=1), "Progressing", STALE, id="stalled before the spec was mended"),
        pytest.param(pattern(READY, metadata=DELETED), "Progressing", "1.0.0 runs", id="deleted"),
        pytest.param(pattern(metadata=DELETED), "Progressing", "it is being deleted", id="deleted before it ran"),
        pytest.param(pattern(FAILED, BUSY, metadata=DELETED), "Progressing", FAILED["message"], id="objects go"),
        pytest.param(pattern(FAILED, STALLED, metadata=DELETED), "Degraded", FAILED["message"], id="objects do not go"),
        pytest.param(
            pattern(READY, metadata=DELETED, suspend=True), "Progressing", "1.0.0 runs", id="deleted, suspended"
        ),
    ],
)
def test_each_status_has_its_health(obj: dict[str, Any], status: str, message: str) -> None:
    assert judge(obj) == (status, message)


def test_the_script_is_added_to_what_argocd_cm_holds_already(kubectl: Kubectl, namespace: str) -> None:
    there: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "argocd-cm"},
        "data": {"url": "here"},
    }
    kubectl.apply({**there, "metadata": {**there["metadata"], "namespace": namespace}})
    command = ("apply", "--server-side", "--field-manager=designpattern-health", "-f", "manifests/argocd/health.yaml")

    kubectl("-n", namespace, *command)

    data = kubectl.json("-n", namespace, "get", "configmap", "argocd-cm")["data"]
    assert (len(data), data["url"]) == (2, "here")
    assert script() in data.values()


def test_the_script_is_a_patch_for_kustomize(tmp_path: Path) -> None:
    (tmp_path / "health.yaml").write_bytes(HEALTH.read_bytes())
    (tmp_path / "argocd-cm.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm}\ndata: {url: here}\n"
    )
    (tmp_path / "kustomization.yaml").write_text("resources: [argocd-cm.yaml]\npatches: [{path: health.yaml}]\n")

    built = subprocess.run([BINARY, "kustomize", str(tmp_path)], capture_output=True, check=True).stdout

    assert yaml.safe_load(built)["data"] == {"url": "here", ENTRY: script()}

"""Built-in kinds that kstatus has no rule for are not called healthy where their status says otherwise."""

from datetime import UTC, datetime
from typing import Any

import pytest

from pattern_operator.apply import HealthState, health_of

NOW = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)
CURRENT, IN_PROGRESS, FAILED = HealthState.CURRENT, HealthState.IN_PROGRESS, HealthState.FAILED
AUTOSCALER = "autoscaling/v2/HorizontalPodAutoscaler"
REQUEST = "certificates.k8s.io/v1/CertificateSigningRequest"
VOLUME = "v1/PersistentVolume"
FLOW = "flowcontrol.apiserver.k8s.io/v1/FlowSchema"


def conditions(*each: tuple[str, str, str]) -> dict[str, Any]:
    return {"conditions": [{"type": kind, "status": status, "reason": reason} for kind, status, reason in each]}


@pytest.mark.parametrize(
    ("kind", "status", "state", "fact"),
    [
        (AUTOSCALER, {}, CURRENT, "exists"),
        (AUTOSCALER, conditions(("AbleToScale", "True", "ReadyForNewScale")), CURRENT, "exists"),
        (
            AUTOSCALER,
            conditions(("AbleToScale", "False", "FailedGetScale")),
            IN_PROGRESS,
            "cannot scale its target: FailedGetScale",
        ),
        (
            AUTOSCALER,
            conditions(("AbleToScale", "True", "Any"), ("ScalingActive", "False", "FailedGetResourceMetric")),
            CURRENT,
            "does not scale its target now: FailedGetResourceMetric",
        ),
        (AUTOSCALER, conditions(("ScalingActive", "False", "ScalingDisabled")), CURRENT, "exists"),
        (REQUEST, {}, IN_PROGRESS, "is not approved yet: kubectl certificate approve"),
        (REQUEST, conditions(("Denied", "True", "No")), FAILED, "is denied: No"),
        (
            REQUEST,
            conditions(("Approved", "True", "Yes"), ("Failed", "True", "SignerValidationFailure")),
            FAILED,
            "cannot be signed: SignerValidationFailure",
        ),
        (REQUEST, conditions(("Approved", "True", "Yes")), IN_PROGRESS, "is not signed yet"),
        (REQUEST, conditions(("Approved", "True", "Yes")) | {"certificate": "Yg=="}, CURRENT, "has its certificate"),
        (VOLUME, {}, IN_PROGRESS, "is not available yet"),
        (VOLUME, {"phase": "Available"}, CURRENT, "is there"),
        (VOLUME, {"phase": "Bound"}, CURRENT, "is there"),
        (VOLUME, {"phase": "Released"}, CURRENT, "is there"),
        (VOLUME, {"phase": "Failed", "message": "no plugin"}, FAILED, "has failed: no plugin"),
        (VOLUME, {"phase": "Failed", "reason": "NoPlugin"}, FAILED, "has failed: NoPlugin"),
        (VOLUME, {"phase": "Failed"}, FAILED, "has failed: it could not be reclaimed"),
        (FLOW, conditions(("Dangling", "True", "NotFound")), IN_PROGRESS, "takes no effect: NotFound"),
        (FLOW, conditions(("Dangling", "False", "Found")), CURRENT, "exists"),
    ],
)
def test_what_status_says(kind: str, status: dict[str, Any], state: HealthState, fact: str) -> None:
    api_version, _, name = kind.rpartition("/")
    health = health_of({"apiVersion": api_version, "kind": name, "metadata": {"name": "x"}, "status": status}, now=NOW)

    assert (health.state, health.message) == (state, f"{name} x: {fact}")


def test_an_autoscaler_that_scales_nothing_is_healthy_and_said_to_be_so() -> None:
    status = conditions(("ScalingActive", "False", "FailedGetResourceMetric"))
    body = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {}, "status": status}

    assert health_of(body, now=NOW).notable

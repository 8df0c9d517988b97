"""Health of built-in kinds that kstatus has no rule for, though their status says that they do not do their work.

Sources: the types of k8s.io/api (``autoscaling/v2``, ``certificates/v1``, ``core/v1`` PersistentVolume,
``flowcontrol/v1``), whose comments give the conditions and phases that are read here.
"""

from collections.abc import Callable
from typing import Final

from pattern_operator.api.fields import text
from pattern_operator.apply.health_result import Result, current, failed, progress
from pattern_operator.apply.object_view import ObjectView, words_at

NOT_SCALING: Final = "does not scale its target now"


def _autoscaler(view: ObjectView) -> Result:
    """In a cluster without metrics it never scales, and its target runs all the same: that is said, no more."""
    able, active = view.condition("AbleToScale"), view.condition("ScalingActive")
    if able.status == "False":
        return progress(f"cannot scale its target: {able.words}")
    if active.status == "False" and active.reason != "ScalingDisabled":  # its target is scaled to 0, as somebody wants
        return current(f"{NOT_SCALING}: {active.words}")
    return current("exists")


def _signing_request(view: ObjectView) -> Result:
    for name, word in (("Denied", "is denied"), ("Failed", "cannot be signed")):
        if view.is_true(name):
            return failed(f"{word}: {view.condition(name).words}")
    if not view.is_true("Approved"):
        return progress("is not approved yet: kubectl certificate approve")
    return current("has its certificate") if view.status.get("certificate") else progress("is not signed yet")


def _volume(view: ObjectView) -> Result:
    phase = text(view.status.get("phase"))
    if phase == "Failed":
        words = words_at(view.status, "message") or words_at(view.status, "reason") or "it could not be reclaimed"
        return failed(f"has failed: {words}")
    return progress("is not available yet") if phase in ("", "Pending") else current("is there")


def _flow_schema(view: ObjectView) -> Result:
    dangling = view.condition("Dangling")
    return progress(f"takes no effect: {dangling.words}") if dangling.status == "True" else current("exists")


RULES: Final[dict[tuple[str, str], Callable[[ObjectView], Result]]] = {
    ("autoscaling", "HorizontalPodAutoscaler"): _autoscaler,
    ("certificates.k8s.io", "CertificateSigningRequest"): _signing_request,
    ("", "PersistentVolume"): _volume,
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"): _flow_schema,
}

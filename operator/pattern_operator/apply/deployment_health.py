"""What a Deployment must show in its status to be healthy: as kstatus has it, and what a paused one waits for.

Source: kubernetes-sigs/cli-utils, ``pkg/kstatus/status/core.go`` (``deploymentConditions``).
"""

from typing import Final

from pattern_operator.api.fields import MAX_NAME, integer, mapping_at
from pattern_operator.api.names import FIELD_MANAGER
from pattern_operator.apply.health_result import Result, current, failed, progress
from pattern_operator.apply.object_view import ObjectView
from pattern_operator.quote import foreign

NO_DEADLINE: Final = 2**31 - 1  # spec.progressDeadlineSeconds that turns the Progressing condition off
PAUSED: Final = "is paused (spec.paused)"


def deployment(view: ObjectView) -> Result:
    """Judge a Deployment."""
    return _paused(view) if view.spec.get("paused") is True else _rollout(view)


def _paused(view: ObjectView) -> Result:
    """Its controller goes on to count, and ``updated`` are those of the template that is desired now."""
    desired, updated, available = view.desired(), view.count("updatedReplicas"), view.count("availableReplicas")
    whole = desired == view.count("replicas") == updated == available == view.count("readyReplicas")
    counted = f"{updated} of {desired} replicas updated, {available} available"
    return (current if whole else progress)(f"{PAUSED}, {counted}: {_resumed(view)}")


def _rollout(view: ObjectView) -> Result:
    progressing = view.condition("Progressing")
    if progressing.reason == "ProgressDeadlineExceeded":
        return failed(f"exceeded its progress deadline: {progressing.words}")
    desired, replicas, updated = view.desired(), view.count("replicas"), view.count("updatedReplicas")
    available, ready = view.count("availableReplicas"), view.count("readyReplicas")
    refused = view.condition("ReplicaFailure")  # by a quota, pod security, a webhook
    if refused.status == "True" and desired > view.count("readyReplicas"):
        return progress(f"{ready} of {desired} replicas ready, and more cannot be created: {refused.words}")
    if desired > replicas:
        return progress(f"{replicas} of {desired} replicas created")
    if desired > updated:
        return progress(f"{updated} of {desired} replicas updated")
    if replicas > desired:
        return progress(f"{replicas - desired} surplus replicas still to be ended")
    if updated > available:
        return progress(f"{available} of {updated} replicas available")
    if desired > ready:
        return progress(f"{ready} of {desired} replicas ready")
    no_deadline = integer(view.spec.get("progressDeadlineSeconds"), NO_DEADLINE) == NO_DEADLINE
    if not no_deadline and not (progressing.status == "True" and progressing.reason == "NewReplicaSetAvailable"):
        return progress(f"its new ReplicaSet is not available: {progressing.words}")
    if not view.is_true("Available"):
        return progress(f"not available: {view.condition('Available').words}")
    return current(f"{available} of {desired} replicas available")


def _resumed(view: ObjectView) -> str:
    """How a paused Deployment goes on: who holds the field says whether the artifact asks for the pause."""
    holders = [each for each in view.meta.managers if "f:paused" in mapping_at(each.fields, "f:spec")]
    if any(each.name == FIELD_MANAGER and each.operation == "Apply" for each in holders):
        return "the artifact says so; take spec.paused out of it"
    by = f"paused by {foreign(holders[0].name, MAX_NAME)}; " if holders else ""
    return f"{by}kubectl rollout resume deployment/{view.meta.name} -n {view.meta.namespace}"

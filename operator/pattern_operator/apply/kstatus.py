"""What each built-in kind must show in its status to be healthy: the rules of kstatus, kind by kind.

Source: kubernetes-sigs/cli-utils, ``pkg/kstatus/status/core.go``. Where kstatus and what users expect part, users win:
a running Job is in progress, a Service of type LoadBalancer needs an address, a Pod that failed has failed (those that
belong to a workload are judged by it), and OnDelete waits for no update, but for pods that run.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from pattern_operator.api.fields import MAX_NAME, integer, mapping, mappings, mappings_at, text
from pattern_operator.apply.deployment_health import deployment
from pattern_operator.apply.health_result import HealthState, Result, current, failed, progress
from pattern_operator.apply.object_view import ObjectView, words_at

SCHEDULE_WINDOW: Final = timedelta(seconds=15)  # kstatus, core.go: a pod that finds no node at once may find one soon
MAX_CONTAINERS: Final = 5  # containers that a message names
ON_DELETE: Final = "updated when its pods are deleted (OnDelete)"


def _replica_set(view: ObjectView) -> Result:
    if view.is_true("ReplicaFailure"):
        return progress(f"cannot create replicas: {view.condition('ReplicaFailure').words}")
    desired, replicas = view.desired(), view.count("replicas")
    for counter, word in (("fullyLabeledReplicas", "labeled"), ("availableReplicas", "available")):
        if desired > view.count(counter):
            return progress(f"{view.count(counter)} of {desired} replicas {word}")
    if desired > view.count("readyReplicas"):
        return progress(f"{view.count('readyReplicas')} of {desired} replicas ready")
    if replicas > desired:
        return progress(f"{replicas - desired} surplus replicas still to be ended")
    return current(f"{view.count('availableReplicas')} of {desired} replicas available")


def _stateful_set(view: ObjectView) -> Result:
    strategy = mapping(view.spec.get("updateStrategy"))
    desired, replicas, updated = view.desired(), view.count("replicas"), view.count("updatedReplicas")
    if desired > replicas:
        return progress(f"{replicas} of {desired} replicas created")
    if desired > view.count("readyReplicas"):
        return progress(f"{view.count('readyReplicas')} of {desired} replicas ready")
    if integer(view.spec.get("minReadySeconds"), 0) > 0 and desired > view.count("availableReplicas"):
        return progress(f"{view.count('availableReplicas')} of {desired} replicas available (minReadySeconds)")
    if replicas > desired:
        return progress(f"{replicas - desired} surplus replicas still to be ended")
    if strategy.get("type") == "OnDelete":
        return current(ON_DELETE)
    partition = integer(mapping(strategy.get("rollingUpdate")).get("partition"), -1)
    if partition >= 0:
        if updated < desired - partition:
            return progress(f"{updated} of {desired - partition} replicas above the partition updated")
        return current(f"{desired} replicas ready, updated above partition {partition}")
    if desired > view.count("currentReplicas"):
        return progress(f"{view.count('currentReplicas')} of {desired} replicas current")
    if view.status.get("currentRevision") != view.status.get("updateRevision"):
        return progress("still rolling from its current revision to the new one")
    return current(f"{desired} of {desired} replicas ready")


def _daemon_set(view: ObjectView) -> Result:
    on_delete = mapping(view.spec.get("updateStrategy")).get("type") == "OnDelete"
    if "observedGeneration" not in view.status:
        return progress("its controller has not seen it yet")
    desired = integer(view.status.get("desiredNumberScheduled"), -1)
    if desired < 0:
        return progress("the number of nodes it should run on is not known yet")
    for counter, word in (
        ("currentNumberScheduled", "scheduled"),
        ("updatedNumberScheduled", "updated"),
        ("numberAvailable", "available"),
        ("numberReady", "ready"),
    ):
        if desired > view.count(counter) and not (on_delete and word == "updated"):
            return progress(f"{view.count(counter)} of {desired} pods {word}")
    return current(ON_DELETE if on_delete else f"{desired} of {desired} pods ready")


def _job(view: ObjectView) -> Result:
    active, succeeded, broken = view.count("active"), view.count("succeeded"), view.count("failed")
    if view.is_true("Complete"):
        return current(f"complete, {succeeded} pods succeeded")
    if view.is_true("Failed"):
        return failed(f"failed: {view.condition('Failed').words}")
    # A Job has no observedGeneration: of one that is resumed the condition is of before, until its controller sees it.
    if view.is_true("Suspended") and view.spec.get("suspend") is True:
        return current("suspended")
    if not view.status.get("startTime"):
        return progress("not started yet")
    return progress(f"running: {active} pods active, {succeeded} succeeded, {broken} failed")


def pod(view: ObjectView, now: datetime) -> Result:
    """Judge a pod: the one kind whose health depends on the time."""
    phase = text(view.status.get("phase"))
    if phase == "Succeeded":
        return current("has completed")
    if phase == "Failed":
        words = words_at(view.status, "message") or words_at(view.status, "reason") or "a container failed"
        return failed(f"has ended without success: {words}")
    if phase == "Running":
        return _running_pod(view)
    scheduled = view.condition("PodScheduled")
    if phase == "Pending" and scheduled.status == "False" and scheduled.reason == "Unschedulable":
        return _unschedulable_pod(view, now)
    return progress(f"phase {phase}" if phase else "not seen by the scheduler or a node yet")


def _running_pod(view: ObjectView) -> Result:
    if view.is_true("Ready"):
        return current("is ready")
    crashing = [
        text(container.get("name"))[:MAX_NAME]
        for container in mappings(view.status.get("containerStatuses"))
        if mapping(mapping(container.get("state")).get("waiting")).get("reason") == "CrashLoopBackOff"
    ]
    if crashing:
        return failed(f"crashing again and again: container {', '.join(crashing[:MAX_CONTAINERS])}; see its logs")
    return progress(f"running and not ready: {view.condition('Ready').words}")


def _unschedulable_pod(view: ObjectView, now: datetime) -> Result:
    words = view.condition("PodScheduled").words
    created = _time(view.meta.created)
    if created is None or now - created >= SCHEDULE_WINDOW:
        return failed(f"finds no node: {words}")
    return HealthState.IN_PROGRESS, f"finds no node yet: {words}", min(created, now) + SCHEDULE_WINDOW


def _pvc(view: ObjectView) -> Result:
    phase = text(view.status.get("phase"))
    return current("is bound") if phase == "Bound" else progress(f"not bound, phase {phase or 'unknown'}")


def _service(view: ObjectView) -> Result:
    if view.spec.get("type") != "LoadBalancer":
        return current("exists")
    if not view.spec.get("clusterIP"):
        return progress("has no cluster address yet")
    if not any(mappings_at(view.status, "loadBalancer", "ingress")):
        return progress("its load balancer has no address yet")
    return current("its load balancer has an address")


def _crd(view: ObjectView) -> Result:
    names, established = view.condition("NamesAccepted"), view.condition("Established")
    if names.status == "False":
        return failed(f"its names are refused: {names.words}")
    if established.status == "False" and established.reason != "Installing":
        return failed(f"not established: {established.words}")
    return current("is established") if established.status == "True" else progress("not established yet")


def _api_service(view: ObjectView) -> Result:
    available = view.condition("Available")
    if available.status == "True":
        return current("is available")
    reason = f"{available.reason}: " if available.reason and available.message else ""
    return progress(f"not available: {reason}{available.words}" if available.status else "not available yet")


def _pdb(_: ObjectView) -> Result:
    return current("exists")  # its conditions speak of the pods, not of itself


RULES: Final[dict[tuple[str, str], Callable[[ObjectView], Result]]] = {
    ("apps", "Deployment"): deployment,
    ("apps", "ReplicaSet"): _replica_set,
    ("", "ReplicationController"): _replica_set,
    ("apps", "StatefulSet"): _stateful_set,
    ("apps", "DaemonSet"): _daemon_set,
    ("batch", "Job"): _job,
    ("", "PersistentVolumeClaim"): _pvc,
    ("", "Service"): _service,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _crd,
    ("policy", "PodDisruptionBudget"): _pdb,
    ("apiregistration.k8s.io", "APIService"): _api_service,
}


def _time(value: object) -> datetime | None:
    """Read an RFC 3339 time; None when it is none."""
    try:
        time = datetime.fromisoformat(text(value))
    except ValueError:
        return None
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)

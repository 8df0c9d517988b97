"""What each built-in kind must show in its status to be healthy: the rules of kstatus, kind by kind.

Source: kubernetes-sigs/cli-utils, ``pkg/kstatus/status/core.go``. Where kstatus and what users expect part, users win:
a running Job is in progress, a Service of type LoadBalancer needs an address, a Pod that failed has failed (those that
belong to a workload are judged by it), and OnDelete waits for no update, but for pods that run.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Self

from pattern_operator.api.fields import (
    MAX_NAME,
    ObjectMeta,
    conditions_of,
    integer,
    mapping,
    mapping_at,
    mappings,
    mappings_at,
    text,
    text_at,
)
from pattern_operator.api.names import FIELD_MANAGER
from pattern_operator.quote import foreign

SCHEDULE_WINDOW: Final = timedelta(seconds=15)  # kstatus, core.go: a pod that finds no node at once may find one soon
MAX_WORDS: Final = 1024  # characters of a controller's message that are kept
MAX_CONTAINERS: Final = 5  # containers that a message names
NO_DEADLINE: Final = 2**31 - 1  # spec.progressDeadlineSeconds that turns the Progressing condition off


PAUSED: Final = "is paused (spec.paused)"
ON_DELETE: Final = "updated when its pods are deleted (OnDelete)"


class HealthState(StrEnum):
    """The states of kstatus, in its own words."""

    CURRENT = "Current"
    IN_PROGRESS = "InProgress"
    FAILED = "Failed"
    TERMINATING = "Terminating"
    NOT_FOUND = "NotFound"  # never of a body: for who expected an object and found none


# The state, the fact for people, and from when on the same status may be judged differently.
Result = tuple[HealthState, str, datetime | None]


@dataclass(frozen=True, slots=True)
class ConditionView:
    """The parts of a condition that are judged; all empty for one that is not there."""

    status: str = ""
    reason: str = ""
    message: str = ""
    generation: int = -1  # that it speaks of (``observedGeneration``); -1 where it does not say

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Self:
        """Read an entry of ``status.conditions``."""
        generation = integer(entry.get("observedGeneration"), -1)
        return cls(text(entry.get("status")), words_at(entry, "reason"), words_at(entry, "message"), generation)

    @property
    def words(self) -> str:
        """What the condition says, for people."""
        return self.message or self.reason or "its controller says no more"


class ObjectView:
    """The parts of a body that rules look at, whatever shape the body has."""

    def __init__(self, body: object) -> None:
        self.meta = ObjectMeta.of(body)
        self.spec = mapping_at(body, "spec")
        self.status = mapping_at(body, "status")
        self.kind = (text_at(body, "apiVersion").rpartition("/")[0], text_at(body, "kind")[:MAX_NAME])
        self.conditions = {text(c.get("type")): ConditionView.of(c) for c in conditions_of(body)}

    def condition(self, name: str) -> ConditionView:
        """Return the condition of that type; one that says nothing when there is none."""
        return self.conditions.get(name) or ConditionView()

    def is_true(self, name: str) -> bool:
        """Whether the condition is there, and True."""
        return self.condition(name).status == "True"

    def desired(self) -> int:
        """``spec.replicas``, which is 1 when absent."""
        return integer(self.spec.get("replicas"), 1)

    def count(self, name: str) -> int:
        """A counter of the status, which is left out when it is 0."""
        return integer(self.status.get(name), 0)


def _deployment(view: ObjectView) -> Result:
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
    if view.is_true("Suspended"):
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
    ("apps", "Deployment"): _deployment,
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


def current(fact: str) -> Result:
    """Return: it does what it is for."""
    return HealthState.CURRENT, fact, None


def progress(fact: str) -> Result:
    """Return: it is on its way, and nobody needs to act."""
    return HealthState.IN_PROGRESS, fact, None


def failed(fact: str) -> Result:
    """Return: it will not come right by itself."""
    return HealthState.FAILED, fact, None


def words_at(body: object, name: str) -> str:
    """What a controller says at ``name``: as much of it as people read, and no credential that it repeats."""
    return foreign(text_at(body, name), MAX_WORDS)


def _time(value: object) -> datetime | None:
    """Read an RFC 3339 time; None when it is none."""
    try:
        time = datetime.fromisoformat(text(value))
    except ValueError:
        return None
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)

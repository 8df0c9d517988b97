"""The health of built-in kinds, a table a kind: what status says, and what it means."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pattern_operator.apply import HealthState, health_of
from pattern_operator.apply.kstatus import SCHEDULE_WINDOW

NOW = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)
CURRENT, IN_PROGRESS, FAILED = HealthState.CURRENT, HealthState.IN_PROGRESS, HealthState.FAILED

Row = tuple[dict[str, Any], dict[str, Any], HealthState, str]


def condition(kind: str, status: str = "True", *, reason: str = "", message: str = "") -> dict[str, str]:
    return {"type": kind, "status": status, "reason": reason, "message": message}


def replicas(created: int, updated: int, available: int, ready: int) -> dict[str, Any]:
    """The counters of a Deployment, as its controller writes them: what is 0 is left out."""
    counters = {"replicas": created, "updatedReplicas": updated, "availableReplicas": available, "readyReplicas": ready}
    return {name: count for name, count in counters.items() if count}


def holds(kind: str, table: dict[str, Row]) -> list[Any]:
    """Make the table of one kind a table of tests."""
    api_version, _, name = kind.rpartition("/")
    return [pytest.param(api_version, name, *row, id=f"{name}: {words}") for words, row in table.items()]


AVAILABLE = [condition("Available"), condition("Progressing", reason="NewReplicaSetAvailable")]
DEADLINE = {"progressDeadlineSeconds": 600}

DEPLOYMENT: dict[str, Row] = {
    "nothing is created yet": (
        {"replicas": 2} | DEADLINE,
        {},
        IN_PROGRESS,
        "0 of 2 replicas created",
    ),
    "an error of before that did no harm": (
        {"replicas": 2},
        replicas(2, 2, 2, 2) | {"conditions": [*AVAILABLE, condition("ReplicaFailure", message="exceeded quota")]},
        CURRENT,
        "2 of 2 replicas available",
    ),
    "half is updated": (
        {"replicas": 2} | DEADLINE,
        replicas(3, 1, 2, 2),
        IN_PROGRESS,
        "1 of 2 replicas updated",
    ),
    "old replicas are left": (
        {"replicas": 2} | DEADLINE,
        replicas(3, 2, 2, 2),
        IN_PROGRESS,
        "1 surplus replicas still to be ended",
    ),
    "not all are available": (
        {"replicas": 2} | DEADLINE,
        replicas(2, 2, 1, 2),
        IN_PROGRESS,
        "1 of 2 replicas available",
    ),
    "not all are ready": (
        {"replicas": 2} | DEADLINE,
        replicas(2, 2, 2, 1),
        IN_PROGRESS,
        "1 of 2 replicas ready",
    ),
    "the new ReplicaSet is not available": (
        DEADLINE,
        replicas(1, 1, 1, 1) | {"conditions": [condition("Progressing", reason="ReplicaSetUpdated")]},
        IN_PROGRESS,
        "its new ReplicaSet is not available: ReplicaSetUpdated",
    ),
    "it is not available": (
        DEADLINE,
        replicas(1, 1, 1, 1) | {"conditions": [AVAILABLE[1], condition("Available", "False", message="too few")]},
        IN_PROGRESS,
        "not available: too few",
    ),
    "it exceeded its deadline": (
        DEADLINE,
        {"conditions": [condition("Progressing", "False", reason="ProgressDeadlineExceeded", message="timed out")]},
        FAILED,
        "exceeded its progress deadline: timed out",
    ),
    "it has one replica where it names no number": (
        DEADLINE,
        replicas(1, 1, 1, 1) | {"conditions": AVAILABLE},
        CURRENT,
        "1 of 1 replicas available",
    ),
    "it is scaled to nothing": (
        {"replicas": 0} | DEADLINE,
        {"conditions": AVAILABLE},
        CURRENT,
        "0 of 0 replicas available",
    ),
    "it has no deadline, and so no condition Progressing": (
        {"progressDeadlineSeconds": 2_147_483_647},
        replicas(1, 1, 1, 1) | {"conditions": [AVAILABLE[0]]},
        CURRENT,
        "1 of 1 replicas available",
    ),
}


def paused_by(manager: str, *, operation: str = "Update") -> dict[str, Any]:
    """A Deployment, half of it updated, that this manager has paused."""
    entry = {"manager": manager, "operation": operation, "fieldsV1": {"f:spec": {"f:paused": {}}}}
    others = {"manager": "pattern-operator", "operation": "Apply", "fieldsV1": {"f:spec": {"f:replicas": {}}}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "team", "managedFields": [others, entry]},
        "spec": {"replicas": 2, "paused": True} | DEADLINE,
        "status": replicas(3, 1, 2, 2)
        | {"conditions": [condition("Progressing", "Unknown", reason="DeploymentPaused")]},
    }


@pytest.mark.parametrize(
    ("body", "remedy"),
    [
        (
            paused_by("kubectl-rollout"),
            "paused by kubectl-rollout; kubectl rollout resume deployment/web -n team",
        ),
        (paused_by("a-pipeline"), "paused by a-pipeline; kubectl rollout resume deployment/web -n team"),
        (
            paused_by("pattern-operator", operation="Apply"),
            "the artifact says so; take spec.paused out of it",
        ),
        (paused_by("pattern-operator"), "paused by pattern-operator; kubectl rollout resume deployment/web -n team"),
    ],
)
def test_a_paused_deployment_says_so_and_how_it_goes_on(body: dict[str, Any], remedy: str):
    health = health_of(body, now=NOW)

    assert health.state is IN_PROGRESS
    assert health.message == (
        f"Deployment team/web: is paused (spec.paused), 1 of 2 replicas updated, 2 available: {remedy}"
    )


def test_a_paused_deployment_that_is_whole_is_healthy_and_says_so():
    health = health_of({**paused_by("kubectl-rollout"), "status": replicas(2, 2, 2, 2)}, now=NOW)

    assert (health.state, health.notable) == (CURRENT, True)
    assert "is paused (spec.paused), 2 of 2 replicas updated" in health.message


READY_SET = {"replicas": 2, "readyReplicas": 2, "currentReplicas": 2, "updatedReplicas": 2}
REVISIONS = {"currentRevision": "a", "updateRevision": "a"}

STATEFUL_SET: dict[str, Row] = {
    "nothing is created yet": ({"replicas": 2}, {}, IN_PROGRESS, "0 of 2 replicas created"),
    "not all are ready": (
        {"replicas": 2},
        READY_SET | REVISIONS | {"readyReplicas": 1},
        IN_PROGRESS,
        "1 of 2 replicas ready",
    ),
    "it has too many": (
        {"replicas": 1},
        READY_SET | REVISIONS,
        IN_PROGRESS,
        "1 surplus replicas still to be ended",
    ),
    "not all are current": (
        {"replicas": 2},
        READY_SET | REVISIONS | {"currentReplicas": 1},
        IN_PROGRESS,
        "1 of 2 replicas current",
    ),
    "it rolls": (
        {"replicas": 2},
        READY_SET | {"currentRevision": "a", "updateRevision": "b"},
        IN_PROGRESS,
        "still rolling from its current revision to the new one",
    ),
    "it is updated as far as the partition asks": (
        {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}},
        {"replicas": 3, "readyReplicas": 3, "updatedReplicas": 1, "currentRevision": "a", "updateRevision": "b"},
        CURRENT,
        "3 replicas ready, updated above partition 2",
    ),
    "the partition is not reached": (
        {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 1}}},
        {"replicas": 3, "readyReplicas": 3, "updatedReplicas": 1},
        IN_PROGRESS,
        "1 of 2 replicas above the partition updated",
    ),
    "a partition of none asks for all": (
        {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 0}}},
        {"replicas": 3, "readyReplicas": 3, "updatedReplicas": 2},
        IN_PROGRESS,
        "2 of 3 replicas above the partition updated",
    ),
    "its pods must be ready for a second": (
        {"replicas": 2, "minReadySeconds": 1},
        {"replicas": 2, "readyReplicas": 2, "availableReplicas": 1},
        IN_PROGRESS,
        "1 of 2 replicas available (minReadySeconds)",
    ),
    "it is updated by hand, and no pod runs": (
        {"replicas": 2, "updateStrategy": {"type": "OnDelete"}},
        {"replicas": 2},
        IN_PROGRESS,
        "0 of 2 replicas ready",
    ),
    "its pods are ready, and not for as long as they must be": (
        {"replicas": 2, "minReadySeconds": 120},
        READY_SET | REVISIONS | {"availableReplicas": 1},
        IN_PROGRESS,
        "1 of 2 replicas available (minReadySeconds)",
    ),
    "its pods are ready for as long as they must be": (
        {"replicas": 2, "minReadySeconds": 120},
        READY_SET | REVISIONS | {"availableReplicas": 2},
        CURRENT,
        "2 of 2 replicas ready",
    ),
    "it is updated by hand": (
        {"replicas": 2, "updateStrategy": {"type": "OnDelete"}},
        READY_SET,
        CURRENT,
        "updated when its pods are deleted (OnDelete)",
    ),
    "all is well": ({"replicas": 2}, READY_SET | REVISIONS, CURRENT, "2 of 2 replicas ready"),
}

EVERYWHERE = {
    "observedGeneration": 1,
    "desiredNumberScheduled": 2,
    "currentNumberScheduled": 2,
    "updatedNumberScheduled": 2,
    "numberAvailable": 2,
    "numberReady": 2,
}

REPLICATION_CONTROLLER: dict[str, Row] = {
    "no pod is ready": (
        {"replicas": 2},
        {"replicas": 2, "fullyLabeledReplicas": 2},
        IN_PROGRESS,
        "0 of 2 replicas available",
    ),
    "all is well": (
        {"replicas": 2},
        {"replicas": 2, "fullyLabeledReplicas": 2, "readyReplicas": 2, "availableReplicas": 2},
        CURRENT,
        "2 of 2 replicas available",
    ),
}

DAEMON_SET: dict[str, Row] = {
    "its controller has not seen it": ({}, {}, IN_PROGRESS, "its controller has not seen it yet"),
    "nobody knows how many it should have": (
        {},
        {"observedGeneration": 1},
        IN_PROGRESS,
        "the number of nodes it should run on is not known yet",
    ),
    "not all are scheduled": ({}, EVERYWHERE | {"currentNumberScheduled": 1}, IN_PROGRESS, "1 of 2 pods scheduled"),
    "not all are updated": ({}, EVERYWHERE | {"updatedNumberScheduled": 0}, IN_PROGRESS, "0 of 2 pods updated"),
    "not all are available": ({}, EVERYWHERE | {"numberAvailable": 1}, IN_PROGRESS, "1 of 2 pods available"),
    "not all are ready": ({}, EVERYWHERE | {"numberReady": 1}, IN_PROGRESS, "1 of 2 pods ready"),
    "no node wants it": (
        {},
        {"observedGeneration": 1, "desiredNumberScheduled": 0},
        CURRENT,
        "0 of 0 pods ready",
    ),
    "all is well": ({}, EVERYWHERE, CURRENT, "2 of 2 pods ready"),
}

REPLICA_SET: dict[str, Row] = {
    "it may not create pods": (
        {},
        {"conditions": [condition("ReplicaFailure", message="exceeded quota")]},
        IN_PROGRESS,
        "cannot create replicas: exceeded quota",
    ),
    "nothing is there yet": ({"replicas": 1}, {}, IN_PROGRESS, "0 of 1 replicas labeled"),
    "not all are available": ({}, {"fullyLabeledReplicas": 1}, IN_PROGRESS, "0 of 1 replicas available"),
    "not all are ready": (
        {},
        {"fullyLabeledReplicas": 1, "availableReplicas": 1},
        IN_PROGRESS,
        "0 of 1 replicas ready",
    ),
    "it has too many": (
        {"replicas": 0},
        {"replicas": 1},
        IN_PROGRESS,
        "1 surplus replicas still to be ended",
    ),
    "all is well": (
        {},
        {"replicas": 1, "fullyLabeledReplicas": 1, "availableReplicas": 1, "readyReplicas": 1},
        CURRENT,
        "1 of 1 replicas available",
    ),
}

JOB: dict[str, Row] = {
    "it has not started": ({}, {}, IN_PROGRESS, "not started yet"),
    "it runs": (
        {},
        {"startTime": "2026-05-01T11:59:00Z", "active": 1, "failed": 2},
        IN_PROGRESS,
        "running: 1 pods active, 0 succeeded, 2 failed",
    ),
    "it is done": (
        {},
        {"conditions": [condition("Complete")], "succeeded": 3},
        CURRENT,
        "complete, 3 pods succeeded",
    ),
    "it failed": (
        {},
        {"conditions": [condition("Failed", reason="BackoffLimitExceeded", message="tried 6 times")]},
        FAILED,
        "failed: tried 6 times",
    ),
    "it is suspended": ({"suspend": True}, {"conditions": [condition("Suspended")]}, CURRENT, "suspended"),
    "it is to be suspended": ({"suspend": True}, {}, IN_PROGRESS, "not started yet"),
    "it is resumed": ({"suspend": False}, {"conditions": [condition("Suspended")]}, IN_PROGRESS, "not started yet"),
    "it will fail": (
        {},
        {"conditions": [condition("FailureTarget")], "startTime": "2026-05-01T11:59:00Z"},
        IN_PROGRESS,
        "running: 0 pods active, 0 succeeded, 0 failed",
    ),
}

CRASHING = [
    {"name": "main", "state": {"waiting": {"reason": "CrashLoopBackOff"}}},
    {"name": "side", "state": {"running": {}}},
]

POD: dict[str, Row] = {
    "nobody has seen it": ({}, {}, IN_PROGRESS, "not seen by the scheduler or a node yet"),
    "it waits for its images": ({}, {"phase": "Pending"}, IN_PROGRESS, "phase Pending"),
    "it runs and is ready": ({}, {"phase": "Running", "conditions": [condition("Ready")]}, CURRENT, "is ready"),
    "it runs and is not ready": (
        {},
        {"phase": "Running", "conditions": [condition("Ready", "False", message="probe failed")]},
        IN_PROGRESS,
        "running and not ready: probe failed",
    ),
    "it crashes again and again": (
        {},
        {"phase": "Running", "containerStatuses": CRASHING},
        FAILED,
        "crashing again and again: container main; see its logs",
    ),
    "it is ready in spite of a container that crashes": (
        {},
        {"phase": "Running", "conditions": [condition("Ready")], "containerStatuses": CRASHING},
        CURRENT,
        "is ready",
    ),
    "it has done its work": ({}, {"phase": "Succeeded"}, CURRENT, "has completed"),
    "it failed": ({}, {"phase": "Failed"}, FAILED, "has ended without success: a container failed"),
    "it was evicted": (
        {},
        {"phase": "Failed", "reason": "Evicted", "message": "the node was low on memory"},
        FAILED,
        "has ended without success: the node was low on memory",
    ),
    "it failed and says no more than why": (
        {},
        {"phase": "Failed", "reason": "DeadlineExceeded"},
        FAILED,
        "has ended without success: DeadlineExceeded",
    ),
    "its scheduling waits for a gate": (
        {},
        {"phase": "Pending", "conditions": [condition("PodScheduled", "False", reason="SchedulingGated")]},
        IN_PROGRESS,
        "phase Pending",
    ),
    "it has a node again": (
        {},
        {"phase": "Pending", "conditions": [condition("PodScheduled", "True", reason="Unschedulable")]},
        IN_PROGRESS,
        "phase Pending",
    ),
    "it found no node before it was lost": (
        {},
        {"phase": "Unknown", "conditions": [condition("PodScheduled", "False", reason="Unschedulable")]},
        IN_PROGRESS,
        "phase Unknown",
    ),
    "its node is lost": ({}, {"phase": "Unknown"}, IN_PROGRESS, "phase Unknown"),
}

PVC: dict[str, Row] = {
    "it waits for a volume": ({}, {"phase": "Pending"}, IN_PROGRESS, "not bound, phase Pending"),
    "it has lost its volume": ({}, {"phase": "Lost"}, IN_PROGRESS, "not bound, phase Lost"),
    "nobody has seen it": ({}, {}, IN_PROGRESS, "not bound, phase unknown"),
    "it is bound": ({}, {"phase": "Bound"}, CURRENT, "is bound"),
}

ADDRESS = {"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}}
BALANCER = {"type": "LoadBalancer", "clusterIP": "10.0.0.1"}

SERVICE: dict[str, Row] = {
    "an ordinary one exists": ({"type": "ClusterIP"}, {}, CURRENT, "exists"),
    "one without a type exists": ({}, {}, CURRENT, "exists"),
    "a load balancer without address of its own": (
        {"type": "LoadBalancer"},
        ADDRESS,
        IN_PROGRESS,
        "has no cluster address yet",
    ),
    "a load balancer that has no address": (
        BALANCER,
        {"loadBalancer": {}},
        IN_PROGRESS,
        "its load balancer has no address yet",
    ),
    "a load balancer that has one": (BALANCER, ADDRESS, CURRENT, "its load balancer has an address"),
}

CRD: dict[str, Row] = {
    "nobody has seen it": ({}, {}, IN_PROGRESS, "not established yet"),
    "it is being installed": (
        {},
        {"conditions": [condition("Established", "False", reason="Installing")]},
        IN_PROGRESS,
        "not established yet",
    ),
    "its names are taken": (
        {},
        {"conditions": [condition("NamesAccepted", "False", message="widgets is in use")]},
        FAILED,
        "its names are refused: widgets is in use",
    ),
    "it will not be established": (
        {},
        {"conditions": [condition("Established", "False", reason="NotAccepted", message="no")]},
        FAILED,
        "not established: no",
    ),
    "it is established": (
        {},
        {"conditions": [condition("NamesAccepted"), condition("Established")]},
        CURRENT,
        "is established",
    ),
}

BUDGET: dict[str, Row] = {
    "what it allows is no matter of its own": (
        {},
        {"conditions": [condition("DisruptionAllowed", "False", reason="InsufficientPods")]},
        CURRENT,
        "exists",
    ),
}


@pytest.mark.parametrize(
    ("api_version", "kind", "spec", "status", "state", "words"),
    [
        *holds("apps/v1/Deployment", DEPLOYMENT),
        *holds("apps/v1/StatefulSet", STATEFUL_SET),
        *holds("apps/v1/DaemonSet", DAEMON_SET),
        *holds("v1/ReplicationController", REPLICATION_CONTROLLER),
        *holds("apps/v1/ReplicaSet", REPLICA_SET),
        *holds("batch/v1/Job", JOB),
        *holds("v1/Pod", POD),
        *holds("v1/PersistentVolumeClaim", PVC),
        *holds("v1/Service", SERVICE),
        *holds("apiextensions.k8s.io/v1/CustomResourceDefinition", CRD),
        *holds("policy/v1/PodDisruptionBudget", BUDGET),
    ],
)
def test_what_a_status_means(
    api_version: str, kind: str, spec: dict[str, Any], status: dict[str, Any], state: HealthState, words: str
):
    body = {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": "it", "generation": 1},
        "spec": spec,
        "status": status,
    }

    health = health_of(body, now=NOW)

    assert health.state is state
    assert health.message == f"{kind} it: {words}"


@pytest.mark.parametrize(
    ("age", "state", "again"),
    [
        pytest.param(timedelta(0), IN_PROGRESS, True, id="just made, it may find a node soon"),
        pytest.param(SCHEDULE_WINDOW - timedelta(seconds=1), IN_PROGRESS, True, id="and until the window closes"),
        pytest.param(SCHEDULE_WINDOW, FAILED, False, id="then it has failed"),
        pytest.param(timedelta(days=-1), IN_PROGRESS, True, id="a clock that is behind fails nobody"),
        pytest.param(None, FAILED, False, id="without a time of its making it is not waited for"),
    ],
)
def test_a_pod_that_finds_no_node(age: timedelta | None, state: HealthState, again: bool):
    metadata = {"name": "it"} | ({"creationTimestamp": (NOW - age).isoformat()} if age is not None else {})
    unscheduled = condition("PodScheduled", "False", reason="Unschedulable", message="0/2 nodes fit")
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "status": {"phase": "Pending", "conditions": [unscheduled]},
    }

    health = health_of(body, now=NOW)

    assert health.state is state
    assert "0/2 nodes fit" in health.message
    assert (health.recheck_at is not None) is again
    assert health.recheck_at is None or NOW < health.recheck_at <= NOW + SCHEDULE_WINDOW


@pytest.mark.parametrize("created", ["2026-05-01T14:00:00+02:00", "2026-05-01T12:00:00", "2026-05-01T12:00:00Z"])
def test_the_making_of_a_pod_is_read_in_whatever_zone_it_is_written(created: str):
    unscheduled = condition("PodScheduled", "False", reason="Unschedulable", message="0/2 nodes fit")
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "it", "creationTimestamp": created},
        "status": {"phase": "Pending", "conditions": [unscheduled]},
    }

    assert health_of(body, now=NOW).recheck_at == NOW + SCHEDULE_WINDOW


def test_a_kind_that_only_sounds_built_in_has_no_rule():
    body = {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": "it"}}

    assert health_of(body | {"spec": {"type": "LoadBalancer"}}, now=NOW).state is CURRENT


def test_what_a_controller_says_is_one_short_line_without_a_credential():
    message = "cannot reach\nhttps://me:tulipwood@db \x1b[31m password=tulipwood " + "x " * 100_000
    body = {
        "apiVersion": "example.com/v1",
        "kind": "Widget",
        "metadata": {"name": "w"},
        "status": {"conditions": [{"type": "Ready", "status": "False", "message": message}]},
    }

    said = health_of(body, now=NOW).message

    assert said.startswith("Widget w: not ready: cannot reach https://***@db")
    assert "tulipwood" not in said
    assert said.isprintable()
    assert len(said.encode()) < 1200

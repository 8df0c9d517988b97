"""What holds for every kind, custom ones among them, and that no JSON can break it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.apply import HealthState, health_of
from pattern_operator.apply.health import RULES, needs_status

NOW = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)


def widget(*conditions: tuple[str, str], generation: int = 2, seen: object = 2, **metadata: Any) -> dict[str, Any]:
    """A custom object; each condition is a type and a status, and says `because`."""
    status: dict[str, Any] = {
        "conditions": [{"type": kind, "status": truth, "message": "because"} for kind, truth in conditions]
    }
    if seen is not None:
        status["observedGeneration"] = seen
    return {
        "apiVersion": "example.com/v1",
        "kind": "Widget",
        "metadata": {"name": "w", "generation": generation, **metadata},
        "status": status,
    }


@pytest.mark.parametrize(
    ("body", "state", "fact"),
    [
        pytest.param(widget(), HealthState.CURRENT, "exists", id="what says nothing is healthy by existing"),
        pytest.param(widget(seen=None), HealthState.CURRENT, "exists", id="who does not count generations, too"),
        pytest.param(
            widget(seen=1), HealthState.IN_PROGRESS, "its controller has seen generation 1 of 2", id="an old status"
        ),
        pytest.param(widget(("Ready", "True")), HealthState.CURRENT, "is ready", id="ready"),
        pytest.param(widget(("Ready", "False")), HealthState.IN_PROGRESS, "not ready: because", id="not ready"),
        pytest.param(widget(("Ready", "Unknown")), HealthState.IN_PROGRESS, "not ready: because", id="perhaps ready"),
        pytest.param(
            widget(("Reconciling", "True"), ("Ready", "True")), HealthState.IN_PROGRESS, "because", id="on its way"
        ),
        pytest.param(widget(("Stalled", "True"), ("Ready", "True")), HealthState.FAILED, "because", id="stalled"),
        pytest.param(
            widget(("Reconciling", "True"), ("Stalled", "True")),
            HealthState.IN_PROGRESS,
            "because",
            id="who still tries has not failed",
        ),
        pytest.param(
            widget(("Stalled", "False"), ("Reconciling", "False"), ("Ready", "True")),
            HealthState.CURRENT,
            "is ready",
            id="conditions that are false say nothing",
        ),
        pytest.param(
            widget(("Ready", "True"), deletionTimestamp="2026-05-01T11:00:00Z"),
            HealthState.TERMINATING,
            "is being deleted",
            id="on its way out",
        ),
        pytest.param(
            widget(("Stalled", "True"), seen=1),
            HealthState.IN_PROGRESS,
            "its controller has seen generation 1 of 2",
            id="an old failure is not a failure",
        ),
        pytest.param(
            widget(("Scaled", "False")), HealthState.CURRENT, "exists", id="other conditions are its own affair"
        ),
    ],
)
def test_what_holds_for_every_kind(body: dict[str, Any], state: HealthState, fact: str):
    health = health_of(body, now=NOW)

    assert (health.state, health.message) == (state, f"Widget w: {fact}")
    assert health.recheck_at is None


def test_a_condition_without_words_says_so():
    body = widget(("Ready", "False"))
    body["status"]["conditions"] = [{"type": "Ready", "status": "False"}]

    assert health_of(body, now=NOW).message == "Widget w: not ready: its controller says no more"


@pytest.mark.parametrize(
    ("group", "kind", "needed"),
    [
        ("", "ConfigMap", False),
        ("", "Secret", False),
        ("rbac.authorization.k8s.io", "Role", False),
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration", False),
        ("", "Service", True),
        ("", "Pod", True),
        ("apps", "Deployment", True),
        ("example.com", "Widget", True),
        ("example.com", "Secret", True),
        ("flowcontrol.apiserver.k8s.io", "FlowSchema", True),
    ],
)
def test_whose_health_is_in_its_status(group: str, kind: str, needed: bool):
    assert needs_status(group=group, kind=kind) is needed


@pytest.mark.parametrize(("group", "kind"), RULES)
def test_no_kind_with_a_rule_is_watched_without_its_status_but_by_choice(group: str, kind: str):
    assert needs_status(group=group, kind=kind)


WORDS = st.sampled_from(
    [
        "metadata",
        "spec",
        "status",
        "conditions",
        "type",
        "reason",
        "message",
        "Ready",
        "True",
        "False",
        "Progressing",
        "Available",
        "Unschedulable",
        "PodScheduled",
        "CrashLoopBackOff",
        "phase",
        "Pending",
        "Running",
        "Failed",
        "replicas",
        "readyReplicas",
        "observedGeneration",
        "generation",
        "containerStatuses",
        "state",
        "waiting",
        "creationTimestamp",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00+14:00",
        "updateStrategy",
        "rollingUpdate",
        "partition",
        "loadBalancer",
        "ingress",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=6),
    max_leaves=25,
)
KINDS = st.sampled_from([(f"{group}/v1" if group else "v1", kind) for group, kind in (*RULES, ("", "Pod"))])


@given(body=st.dictionaries(WORDS | st.sampled_from(["apiVersion", "kind"]), JSON, max_size=6))
def test_any_json_has_a_health(body: dict[str, Any]):
    assert health_of(body, now=NOW).state in HealthState


@given(kind=KINDS, metadata=JSON, spec=JSON, status=JSON)
def test_whatever_a_controller_writes_into_a_built_in_kind_it_has_a_health(
    kind: tuple[str, str], metadata: Any, spec: Any, status: Any
):
    api_version, name = kind
    body = {"apiVersion": api_version, "kind": name, "metadata": metadata, "spec": spec, "status": status}

    health = health_of(body, now=NOW)

    assert health.message
    assert health.recheck_at is None or health.recheck_at > NOW


ON_DELETE = "updated when its pods are deleted (OnDelete)"


def workload(kind: str, **status: Any) -> dict[str, Any]:
    """A workload whose pods are updated when somebody deletes them; none is yet."""
    spec = {"updateStrategy": {"type": "OnDelete"}, "replicas": 3}
    metadata = {"name": "agent", "namespace": "team", "generation": 2}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": spec, "status": status}


@pytest.mark.parametrize("kind", ["DaemonSet", "StatefulSet"])
def test_what_is_updated_by_hand_is_healthy_and_said_to_be_so(kind: str):
    pods = {"desiredNumberScheduled": 3, "currentNumberScheduled": 3, "numberReady": 3, "numberAvailable": 3}
    old = {"replicas": 3, "readyReplicas": 3, "updatedReplicas": 0, "updatedNumberScheduled": 0}
    health = health_of(workload(kind, observedGeneration=2, **pods, **old), now=NOW)

    assert (health.state, health.notable) == (HealthState.CURRENT, True)
    assert health.message == f"{kind} team/agent: {ON_DELETE}"


@pytest.mark.parametrize("kind", ["DaemonSet", "StatefulSet"])
def test_what_is_updated_by_hand_is_not_healthy_before_its_pods_run(kind: str):
    pods = {"desiredNumberScheduled": 3, "currentNumberScheduled": 3, "numberReady": 0}
    health = health_of(workload(kind, observedGeneration=2, **pods, replicas=3, readyReplicas=0), now=NOW)

    assert health.state is HealthState.IN_PROGRESS
    assert "0 of 3" in health.message


@pytest.mark.parametrize("kind", ["DaemonSet", "StatefulSet"])
def test_what_its_controller_has_not_seen_is_in_progress_however_it_is_updated(kind: str):
    assert health_of(workload(kind, observedGeneration=1), now=NOW).state is HealthState.IN_PROGRESS


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [("pattern-operator.io/v1alpha1", "DesignPattern"), ("kustomize.toolkit.fluxcd.io/v1", "Kustomization")],
)
def test_a_status_that_only_the_crd_has_set_says_that_nobody_has_seen_the_object(api_version: str, kind: str):
    metadata = {"name": "inner", "namespace": "team", "generation": 1}
    body = {"apiVersion": api_version, "kind": kind, "metadata": metadata, "status": {"observedGeneration": -1}}

    health = health_of(body, now=NOW)

    assert health.state is HealthState.IN_PROGRESS
    assert health.message == f"{kind} team/inner: its controller has not seen it yet"


@pytest.mark.parametrize("status", [{}, {"observedGeneration": None}, {"observedGeneration": "x"}, {"phase": "Bound"}])
def test_a_status_without_a_generation_says_nothing_of_who_has_seen_the_object(status: dict[str, Any]):
    metadata = {"name": "w", "namespace": "team", "generation": 1}
    body = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": metadata, "status": status}

    assert health_of(body, now=NOW).state is HealthState.CURRENT


def api_service(*conditions: dict[str, str]) -> dict[str, Any]:
    metadata = {"name": "v1.metrics.example"}
    status = {"conditions": list(conditions)}
    return {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": metadata, "status": status}


@pytest.mark.parametrize(
    ("conditions", "state", "words"),
    [
        pytest.param([], HealthState.IN_PROGRESS, "not available yet", id="nobody has looked"),
        pytest.param(
            [{"type": "Available", "status": "False", "reason": "MissingEndpoints", "message": "no endpoints"}],
            HealthState.IN_PROGRESS,
            "not available: MissingEndpoints: no endpoints",
            id="nothing is behind it",
        ),
        pytest.param(
            [{"type": "Available", "status": "False", "reason": "ServiceNotFound"}],
            HealthState.IN_PROGRESS,
            "not available: ServiceNotFound",
            id="a reason alone",
        ),
        pytest.param([{"type": "Available", "status": "True"}], HealthState.CURRENT, "is available", id="available"),
    ],
)
def test_an_api_service_is_healthy_when_it_is_available(conditions, state: HealthState, words: str):
    health = health_of(api_service(*conditions), now=NOW)

    assert (health.state, health.message) == (state, f"APIService v1.metrics.example: {words}")


@pytest.mark.parametrize(("seen", "state"), [(2, HealthState.CURRENT), (1, HealthState.IN_PROGRESS)])
def test_a_condition_of_an_older_generation_says_nothing_of_this_one(seen: int, state: HealthState):
    ready = {"type": "Ready", "status": "True", "observedGeneration": seen}
    metadata = {"name": "it", "namespace": "team", "generation": 2}
    body = {"apiVersion": "a.example/v1", "kind": "Thing", "metadata": metadata, "status": {"conditions": [ready]}}

    assert health_of(body, now=NOW).state is state


def test_a_deployment_whose_pods_are_refused_says_by_what():
    refused = {
        "type": "ReplicaFailure",
        "status": "True",
        "reason": "FailedCreate",
        "message": 'pods "web-1" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2',
    }
    body = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "team", "generation": 1},
        "spec": {"replicas": 3},
        "status": {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2}
        | {"conditions": [refused]},
    }

    health = health_of(body, now=NOW)

    assert health.state is HealthState.IN_PROGRESS
    assert health.message.startswith("Deployment team/web: 2 of 3 replicas ready, and more cannot be created: ")
    assert "exceeded quota: small" in health.message


@pytest.mark.parametrize(
    ("seen", "words"),
    [(-1, "its controller has not seen it yet"), (0, "its controller has seen generation 0 of 2")],
)
def test_what_a_controller_has_not_seen_is_on_its_way(seen: int, words: str):
    body = {
        "apiVersion": "example.com/v1",
        "kind": "Widget",
        "metadata": {"name": "w", "generation": 2},
        "status": {"observedGeneration": seen},
    }

    assert health_of(body, now=datetime(2026, 5, 1, tzinfo=UTC)).message == f"Widget w: {words}"


def test_what_is_healthy_by_existing_is_so_whatever_its_status_says_and_needs_no_word() -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "status": {"phase": "Failed"}}

    health = health_of(body, now=NOW)

    assert (health.state, health.notable) == (HealthState.CURRENT, False)


@pytest.mark.parametrize(
    ("seen", "state"),
    [
        ("1", HealthState.IN_PROGRESS),
        ("-1", HealthState.IN_PROGRESS),
        ("2", HealthState.CURRENT),
        ("7d6f8", HealthState.CURRENT),
        ("2.0", HealthState.CURRENT),
        ("", HealthState.CURRENT),
    ],
)
def test_a_generation_that_is_written_as_text_counts_as_its_number(seen: str, state: HealthState):
    """As of Argo Rollouts; text that is no whole number says nothing."""
    body = widget(("Ready", "True"), seen=seen, generation=2)

    assert health_of(body, now=NOW).state is state

"""What is said of objects that are on their way, where more than one thing may be missing."""

from datetime import UTC, datetime
from typing import Any

import pytest

from pattern_operator.apply import HealthState
from pattern_operator.apply.health import health_of

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def service(spec: dict[str, Any], ingress: list[Any]) -> dict[str, Any]:
    metadata = {"name": "s", "namespace": "team"}
    status = {"loadBalancer": {"ingress": ingress}}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec, "status": status}


@pytest.mark.parametrize(
    ("body", "state", "words"),
    [
        (service({"type": "LoadBalancer"}, []), HealthState.IN_PROGRESS, "has no cluster address yet"),
        (
            service({"type": "LoadBalancer", "clusterIP": "10.0.0.1"}, []),
            HealthState.IN_PROGRESS,
            "its load balancer has no address yet",
        ),
        (
            service({"type": "LoadBalancer", "clusterIP": "10.0.0.1"}, [{"ip": "192.0.2.1"}]),
            HealthState.CURRENT,
            "its load balancer has an address",
        ),
        (service({"type": "ClusterIP"}, []), HealthState.CURRENT, "exists"),
    ],
    ids=["no cluster address", "no address", "an address", "no load balancer"],
)
def test_a_service_says_what_it_waits_for(body: dict[str, Any], state: HealthState, words: str) -> None:
    health = health_of(body, now=NOW)

    assert (health.state, health.message) == (state, f"Service team/s: {words}")


@pytest.mark.parametrize(
    ("generation", "state"),
    [(None, HealthState.CURRENT), (1, HealthState.CURRENT), (2, HealthState.IN_PROGRESS)],
    ids=["counts none", "of this one", "of an older one"],
)
def test_a_condition_counts_for_the_generation_that_it_is_of(generation: int | None, state: HealthState) -> None:
    condition = {"type": "Ready", "status": "True", "observedGeneration": 1}
    metadata: dict[str, Any] = {"name": "w"} | ({} if generation is None else {"generation": generation})
    body = {
        "apiVersion": "example.com/v1",
        "kind": "Widget",
        "metadata": metadata,
        "status": {"conditions": [condition]},
    }

    assert health_of(body, now=NOW).state is state

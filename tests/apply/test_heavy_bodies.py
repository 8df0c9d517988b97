"""What is looked at of an object is bounded: everybody's events are told in the same loop."""

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.cputime import cpu_time
from tests.looplag import MOST

from pattern_operator.api.object import ObjectKey
from pattern_operator.apply.existing import read
from pattern_operator.apply.health import HealthState
from pattern_operator.apply.managed.observation import Observation
from pattern_operator.limits import MAX_READ_CONTAINERS

NOW = datetime(2026, 1, 1, tzinfo=UTC)
META = {"name": "a", "namespace": "shop", "uid": "u", "resourceVersion": "5", "generation": 1}
MANY = MAX_READ_CONTAINERS


def widget(**more: Any) -> dict[str, Any]:
    return {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": META} | more


BODIES = {
    "conditions": widget(status={"conditions": [{}] * MANY}),
    "conditions of one type": widget(status={"conditions": [{"type": "Ready", "status": "False"}] * MANY}),
    "managers": widget(metadata=META | {"managedFields": [{}] * MANY}),
    "fields of ours": widget(
        metadata=META
        | {
            "managedFields": [
                {
                    "manager": "pattern-operator",
                    "operation": "Apply",
                    "fieldsV1": {f"f:{number}": {} for number in range(MANY)},
                }
            ]
        }
    ),
    "fields that another has, too": widget(
        metadata=META
        | {
            "managedFields": [
                {
                    "manager": name,
                    "operation": "Apply",
                    "fieldsV1": {f"f:{number}": {} for number in range(MANY // 2)},
                }
                for name in ("pattern-operator", "kubectl")
            ]
        }
    ),
    "owners": widget(metadata=META | {"ownerReferences": [{}] * MANY}),
    "finalizers": widget(metadata=META | {"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["a"] * MANY}),
    "containers": widget(apiVersion="v1", kind="Pod", status={"phase": "Running", "containerStatuses": [{}] * MANY}),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_body_of_many_parts_is_looked_at_in_a_moment(body: dict[str, Any]):
    key = ObjectKey("example.com", body["kind"], "shop", "a")

    def look() -> None:
        Observation.of(body, key=key, now=NOW)
        read(body)

    assert cpu_time(look, enough=MOST) < MOST


def test_the_first_conditions_count():
    conditions = [{"type": "Ready", "status": "False", "message": "not yet"}, *({"type": str(n)} for n in range(1000))]
    key = ObjectKey("example.com", "Widget", "shop", "a")

    seen = Observation.of(widget(status={"conditions": conditions}), key=key, now=NOW)

    assert seen.health.state is HealthState.IN_PROGRESS

"""What a Lease says, whatever is written in it, and what is written into it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kube.fake_collection import Collection

from pattern_operator.kube import ApiError
from pattern_operator.kube.resourcelock import MAX_TRANSITIONS, LeaderElectionRecord, LeaseLock
from pattern_operator.kube.wellknown import LEASE

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)
STAMP = "2026-01-02T03:04:05.678901Z"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(json_values, json_values)
def test_no_shape_of_a_lease_raises(body: Any, value: Any):
    fields = ("holderIdentity", "leaseDurationSeconds", "acquireTime", "renewTime", "leaseTransitions")

    LeaderElectionRecord.of(body)
    LeaderElectionRecord.of({"spec": body})
    held = LeaderElectionRecord.of({"spec": dict.fromkeys(fields, value)})

    assert isinstance(held.holder, str)
    assert held.duration is None or 0 < held.duration < 2**31
    assert 0 <= held.transitions < 2**31


@pytest.mark.parametrize(
    ("value", "transitions"), [(MAX_TRANSITIONS, MAX_TRANSITIONS), (MAX_TRANSITIONS + 1, 0), (1, 1), (True, 0)]
)
def test_a_count_of_transitions_is_one_that_the_api_has(value: Any, transitions: int):
    assert LeaderElectionRecord.of({"spec": {"leaseTransitions": value}}).transitions == transitions


async def written(leases: Collection, holder: str, *, duration: float = 30.0) -> dict[str, Any]:
    """The spec of the Lease after ``a`` wrote it as it is now."""
    async with leases.serve() as session:
        lock = LeaseLock(session, namespace="team", name="leader", identity="a", now=lambda: NOW)
        await lock.write(holder, duration=duration, seen=leases.objects.get(("team", "leader")))
    spec: dict[str, Any] = leases.objects["team", "leader"]["spec"]
    return spec


async def test_the_first_holder_writes_no_transition():
    assert await written(Collection(LEASE), "a") == {
        "holderIdentity": "a",
        "leaseDurationSeconds": 30,
        "acquireTime": STAMP,
        "renewTime": STAMP,
        "leaseTransitions": 0,
    }


@pytest.mark.parametrize(
    ("before", "acquired", "transitions"),
    [
        pytest.param({"holderIdentity": "a", "leaseTransitions": 4, "acquireTime": "x"}, "x", 4, id="a renewal"),
        pytest.param({"holderIdentity": "b", "leaseTransitions": 4, "acquireTime": "x"}, STAMP, 5, id="a takeover"),
        pytest.param({"holderIdentity": "", "leaseTransitions": 4}, STAMP, 5, id="one that was given back"),
        pytest.param(
            {"holderIdentity": "b", "leaseTransitions": MAX_TRANSITIONS}, STAMP, MAX_TRANSITIONS, id="the last"
        ),
    ],
)
async def test_who_takes_over_counts_and_who_renews_does_not(before, acquired, transitions):
    leases = Collection(LEASE)
    leases.put("leader", spec=before)

    spec = await written(leases, "a")

    assert (spec["acquireTime"], spec["leaseTransitions"], spec["renewTime"]) == (acquired, transitions, STAMP)


async def test_a_lease_is_never_written_for_less_than_the_second_that_the_api_takes():
    assert (await written(Collection(LEASE), "", duration=0.2))["leaseDurationSeconds"] == 1


async def test_of_two_who_write_what_they_saw_one_is_refused():
    leases = Collection(LEASE)
    seen = dict(leases.put("leader", spec={"holderIdentity": ""}))
    seen["metadata"] = dict(seen["metadata"])
    leases.put("leader", spec={"holderIdentity": "b"})

    async with leases.serve() as session:
        lock = LeaseLock(session, namespace="team", name="leader", identity="a", now=lambda: NOW)
        with pytest.raises(ApiError) as refusal:
            await lock.write("a", duration=30.0, seen=seen)

    assert refusal.value.reason == "Conflict"

"""What two states of an object say about whether somebody wrote it, where managedFields names nobody."""

from dataclasses import replace

import pytest
from tests.apply.managed.observations import observation

from pattern_operator.apply.managed.observation import is_untracked

SEEN = observation(generation=3, fingerprint=b"ours!", applied_at=100, trail=b"same")


@pytest.mark.parametrize(
    ("before", "after", "untracked"),
    [
        pytest.param({}, {"version": 8}, False, id="nothing of what is desired changed"),
        pytest.param({}, {"version": 8, "generation": 4}, True, id="changed, and nobody is named"),
        pytest.param({}, {"generation": 4}, False, id="the same version"),
        pytest.param({}, {"version": 8, "generation": 4, "uid": "new"}, False, id="another object"),
        pytest.param({}, {"version": 8, "generation": 4, "trail": b"new"}, False, id="changed, and somebody is named"),
        pytest.param({}, {"version": 8, "applied_at": 101, "trail": b"new"}, True, id="in our name"),
        pytest.param({}, {"version": 8, "applied_at": 0}, False, id="the time of ours is not known any more"),
        pytest.param({"applied_at": 0}, {"version": 8, "applied_at": 101}, False, id="it was not known"),
        pytest.param({"fingerprint": b""}, {"version": 8, "generation": 4}, False, id="nothing of it was ours"),
        pytest.param({"generation": 0}, {"version": 8, "generation": 1}, False, id="its kind begins to count"),
        pytest.param({"generation": 0}, {"version": 8, "generation": 0}, False, id="its kind counts none"),
        pytest.param(
            {"generation": 0},
            {"version": 8, "generation": 0, "applied_last": True},
            True,
            id="its kind counts none, and nobody wrote it after us",
        ),
    ],
)
def test_a_change_that_managed_fields_does_not_tell_of_is_seen(
    before: dict[str, object], after: dict[str, object], untracked: bool
):
    first = replace(SEEN, **before)  # type: ignore[arg-type] # as given
    then = replace(first, **after)  # type: ignore[arg-type] # as given

    assert is_untracked(first, then) is untracked

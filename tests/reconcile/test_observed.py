"""What the watches alone let status say: of a pattern that waits for a registry, and of one that is suspended."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from tests.reconcile.pattern import (
    ENTRIES,
    KEYS,
    LATER,
    NEWER,
    NOW,
    REVISION,
    WELL,
    conditions,
    message,
    moved_to,
    pattern,
    results,
)

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.reason import Reason
from pattern_operator.api.stage import Stage
from pattern_operator.api.status import Status
from pattern_operator.apply import Health, HealthState
from pattern_operator.errors import Stalled, Transient
from pattern_operator.reconcile import status
from pattern_operator.reconcile.observed import observed, suspended, what_waits
from pattern_operator.reconcile.results import Results

GONE = Health(HealthState.NOT_FOUND, "Deployment web: is gone")
BUSY = Health(HealthState.IN_PROGRESS, "Deployment web: 0 of 1 replicas available")
ILL = Health(HealthState.FAILED, "Deployment web: failed")
AWAY = Transient(reason=Reason.REGISTRY_UNAVAILABLE, message="registry.example does not answer.")


def first() -> Status:
    """The status of a pattern of which 1.0.0 was applied in full."""
    return status.after(pattern(), results(), now=NOW)


def see(health: Health | None, *, overdue: bool = False) -> Results:
    return Results(stage=Stage.HEALTH, health=health, overdue=overdue)


def suspended_with(spec: dict[str, Any] | None = None, *, found: Status | None = None, **more: Any) -> DesignPattern:
    return pattern(status=found or first(), generation=2, spec={**(spec or {}), "suspend": True}, **more)


# --- while something else goes on -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("health", "overdue", "ready", "general"),
    [
        (GONE, False, ("False", "Unhealthy"), {"Stalled"}),
        (ILL, False, ("False", "Unhealthy"), {"Stalled"}),
        (BUSY, False, ("Unknown", "WaitingForHealth"), {"Reconciling"}),
        (BUSY, True, ("False", "HealthTimeout"), {"Stalled"}),
        (WELL, False, ("True", "Ready"), set()),
    ],
)
def test_what_happens_to_what_runs_is_said_although_nothing_can_be_pulled(health, overdue, ready, general):
    found = observed(pattern(status=first()), see(health, overdue=overdue), now=LATER)

    assert conditions(found)["Ready"] == ready
    assert conditions(found)["Healthy"][0] == ready[0]
    assert {"Reconciling", "Stalled"} & conditions(found).keys() == general
    if health is not WELL:
        assert "Deployment web" in message(found, "Ready")


def test_where_all_is_as_it_was_nothing_changes():
    assert observed(pattern(status=first()), see(WELL), now=LATER) == first()
    assert observed(pattern(status=first()), see(None), now=LATER) == first()
    assert observed(pattern(), see(WELL), now=LATER) == Status()


def test_of_a_spec_that_was_not_looked_at_yet_nothing_is_said_but_of_the_health_of_what_runs():
    newer = pattern(status=first(), generation=2, spec=moved_to("2.0.0"))

    found = observed(newer, see(GONE), now=LATER)

    assert conditions(found)["Healthy"] == ("False", "Unhealthy")
    assert conditions(found)["Ready"] == ("True", "Ready")  # of the generation before, as it says
    assert found.observed_generation == 1
    assert {each.observed_generation for each in found.conditions} == {1}


def test_a_failure_stays_what_ready_speaks_of():
    newer = pattern(status=first(), generation=2, spec=moved_to("2.0.0"))
    broken = status.after(newer, Results(policy=KEYS, failure=AWAY, health=WELL), now=NOW)

    found = observed(msgspec.structs.replace(newer, status=broken), see(GONE), now=LATER)

    assert conditions(found)["Ready"] == ("False", "RegistryUnavailable")
    assert conditions(found)["Healthy"] == ("False", "Unhealthy")


def test_that_what_runs_is_not_verified_stays_what_ready_speaks_of():
    found = observed(pattern(status=lost()), see(GONE), now=LATER)

    assert conditions(found)["Ready"] == ("False", "SignatureUntrusted")
    assert conditions(found)["Healthy"] == ("False", "Unhealthy")


# --- a suspended pattern --------------------------------------------------------------------------------------------


def test_a_suspended_pattern_still_says_what_runs():
    found = suspended(suspended_with(), see(WELL), now=LATER)

    assert (found.status, found.revision, found.observed_generation) == ("Suspended", str(REVISION), 2)
    assert conditions(found)["Ready"] == ("True", "Ready")
    assert message(found, "Ready") == f"suspended; {REVISION.display_name} runs: 2 objects"


@pytest.mark.parametrize(
    ("health", "overdue", "ready"),
    [
        (GONE, False, ("False", "Unhealthy")),
        (ILL, False, ("False", "Unhealthy")),
        (BUSY, False, ("Unknown", "WaitingForHealth")),
        (BUSY, True, ("False", "HealthTimeout")),
    ],
)
def test_a_suspended_pattern_tells_of_the_health_of_what_runs(health, overdue, ready):
    found = suspended(suspended_with(), see(health, overdue=overdue), now=LATER)

    assert conditions(found)["Ready"] == conditions(found)["Healthy"] == ready
    assert message(found, "Ready") == f"suspended; {health.message}"
    assert "Reconciling" not in conditions(found)
    assert found.status == "Suspended"


def test_a_suspended_pattern_that_does_not_wait_for_health_is_ready_without():
    spec = {"apply": {"wait": False}}
    first = status.after(pattern(spec=spec), results(), now=NOW)

    found = suspended(suspended_with(spec, found=first), see(GONE), now=LATER)

    assert conditions(found)["Ready"][0] == "True"
    assert conditions(found)["Healthy"] == ("False", "Unhealthy")


def test_a_spec_that_was_changed_with_the_suspension_is_not_ready_and_waits():
    found = suspended(suspended_with(moved_to("2.0.0")), see(WELL), now=LATER)

    assert conditions(found)["Ready"] == ("Unknown", "Suspended")
    assert message(found, "Ready") == (
        f"suspended; 2.0.0 waits; {REVISION.display_name} runs: 2 objects; set spec.suspend: false to resume"
    )
    assert conditions(found)["Healthy"] == ("True", "Succeeded")


def test_what_waits_hides_no_ill_health_of_what_runs():
    found = suspended(suspended_with(moved_to("2.0.0")), see(GONE), now=LATER)

    assert "Deployment web: is gone" in message(found, "Ready")


SEMVER = {"source": {"url": "oci://registry.example/web", "ref": {"semver": ">=2"}}}
BY_DIGEST = {"source": {"url": "oci://registry.example/web", "ref": {"digest": str(NEWER.digest)}}}


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (moved_to("2.0.0"), "2.0.0"),
        (moved_to("2.0.0+b"), "2.0.0_b"),
        (SEMVER, "the changed spec (a version of '>=2')"),
        (BY_DIGEST, f"digest {NEWER.digest}"),
        ({"apply": {"prune": False}}, "the changed spec"),
        ({"source": {"url": "oci://other.example/web", "ref": {"tag": "1.0.0"}}}, "the changed spec"),
    ],
)
def test_what_waits_is_named_as_the_spec_names_it(spec, words):
    assert what_waits(suspended_with(spec)) == words


def test_a_tag_that_was_found_moved_before_the_suspension_waits():
    moved = type(NEWER)("1.0.0", NEWER.digest)
    found = status.after(pattern(status=first()), Results(policy=KEYS, revision=moved, failure=AWAY), now=NOW)

    after = suspended(suspended_with(found=found), see(WELL), now=LATER)

    assert conditions(after)["Ready"] == ("Unknown", "Suspended")
    assert f"suspended; {moved.display_name} waits" in message(after, "Ready")


def test_a_pattern_that_was_suspended_from_the_start_says_so():
    found = suspended(pattern(spec={"suspend": True}), see(None), now=NOW)

    assert conditions(found) == {"Ready": ("Unknown", "Suspended")}
    assert message(found, "Ready") == "suspended before anything was applied; set spec.suspend: false to resume"


def test_a_pattern_that_is_suspended_while_it_waits_waits_no_longer():
    waits = status.waiting(pattern(), "asks registry.example for tag 1.0.0", now=NOW)

    found = suspended(pattern(status=waits), see(None), now=LATER)

    assert conditions(found) == {"Ready": ("Unknown", "Suspended")}


def test_a_pattern_of_which_a_part_was_applied_does_not_say_that_nothing_was():
    part = status.ahead(pattern(), ENTRIES[:1], to=REVISION, now=NOW)

    found = suspended(suspended_with(found=part), see(WELL), now=LATER)

    assert message(found, "Ready").startswith("suspended before all of it was applied")


def lost() -> Status:
    """The status of a pattern that runs what nobody who is trusted signed, as was found since."""
    refused = Stalled(reason=Reason.SIGNATURE_UNTRUSTED, message="signed by a stranger")
    made = Results(stage=Stage.VERIFY, revision=REVISION, policy=KEYS, failure=refused, health=WELL)
    return status.after(pattern(status=first()), made, now=NOW)


def test_that_what_runs_is_not_verified_is_not_hidden_by_the_suspension():
    found = suspended(suspended_with(found=lost()), see(WELL), now=LATER)

    assert conditions(found)["Ready"] == ("False", "SignatureUntrusted")


def test_trust_that_is_lost_is_not_back_because_the_registry_refused_the_operator_since():
    denied = Stalled(reason=Reason.ACCESS_DENIED, message="denied: correct the credentials.")
    made = Results(stage=Stage.SOURCE, failure=denied, health=WELL)
    refused = status.after(pattern(status=lost()), made, now=NOW)

    found = suspended(suspended_with(found=refused), see(WELL), now=LATER)

    assert conditions(found)["Verified"] == ("False", "SignatureUntrusted")
    assert conditions(found)["Ready"][0] == "False"


def test_a_pattern_that_failed_before_anybody_verified_it_is_suspended_as_any_other():
    denied = Stalled(reason=Reason.ACCESS_DENIED, message="denied: correct the credentials.")
    failed = status.after(pattern(), Results(stage=Stage.SOURCE, failure=denied), now=NOW)

    found = suspended(suspended_with(found=failed), see(None), now=LATER)

    assert conditions(found)["Ready"] == ("Unknown", "Suspended")


def test_a_suspended_pattern_says_what_drifted():
    drifted = "ConfigMap team/a was changed by kubectl-edit"

    found = suspended(suspended_with(), replace(see(WELL), drifted=(drifted,)), now=LATER)

    assert conditions(found)["Applied"] == ("True", "Drifted")
    assert drifted in message(found, "Applied")

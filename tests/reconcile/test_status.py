"""From what a run made to status: every way a run can end, in the words that users and kstatus read."""

from dataclasses import replace
from datetime import timedelta
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
    VERIFIED,
    WELL,
    moved_to,
    pattern,
    results,
)

from pattern_operator import limits
from pattern_operator.api.condition import Condition
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Repository
from pattern_operator.api.repair import MadeRepair, Repair
from pattern_operator.api.report import ComponentReport, Outcome, Rendering
from pattern_operator.api.stage import Stage
from pattern_operator.api.status import GeneratedComponent, Inventory, SkippedComponent, Status
from pattern_operator.api.verification import VerificationResult, VerifiedSignature
from pattern_operator.apply import Health, HealthState
from pattern_operator.errors import Stalled, Transient, Waiting
from pattern_operator.reconcile import status
from pattern_operator.reconcile.comparison import Comparison, unpacked
from pattern_operator.reconcile.deployed_artifact import DeployedArtifact
from pattern_operator.reconcile.results import Leaving, Results

BUSY = Health(HealthState.IN_PROGRESS, "Deployment web: 1 of 2 replicas available")
ILL = Health(HealthState.FAILED, "Job once: failed: BackoffLimitExceeded")
REFUSED = Stalled(reason=Reason.SIGNATURE_UNTRUSTED, message="signed by a stranger: sign it with one of the keys.")
AWAY = Transient(reason=Reason.REGISTRY_UNAVAILABLE, message="registry.example does not answer; it is retried.")


def conditions(found: Status) -> dict[str, tuple[str, str]]:
    return {each.type: (each.status, each.reason) for each in found.conditions}


def condition(found: Status, kind: str) -> Condition:
    return next(each for each in found.conditions if each.type == kind)


def running(**more: object) -> DesignPattern:
    """A pattern whose first version was applied and is well."""
    return pattern(status=status.after(pattern(), results(), now=NOW), **more)


def test_a_whole_run_says_what_runs_and_who_signed():
    found = status.after(pattern(), results(), now=NOW)

    assert conditions(found) == {
        "Ready": ("True", "Ready"),
        "Fetched": ("True", "Succeeded"),
        "Verified": ("True", "Succeeded"),
        "Rendered": ("True", "Succeeded"),
        "Applied": ("True", "Succeeded"),
        "Healthy": ("True", "Succeeded"),
    }
    assert condition(found, "Ready").message == f"{REVISION.display_name} runs: 2 objects"
    assert condition(found, "Verified").message == "verified by release-team"
    assert (found.version, found.revision, found.digest) == ("1.0.0", str(REVISION), str(REVISION.digest))
    assert found.last_applied_revision == found.last_attempted_revision == str(REVISION)
    assert [each.authority for each in found.verified_by] == ["release-team"]
    assert (found.inventory.count, found.inventory.entries) == (2, ENTRIES)
    assert found.history[0].applied_at == "2026-11-25T12:00:00Z"
    assert found.observed_generation == 1


@pytest.mark.parametrize(
    ("ended", "words"),
    [(0, ""), (1, ", 1 of which ended and is gone"), (2, ", 2 of which ended and are gone")],
)
def test_what_ended_and_is_gone_is_not_said_to_run(ended: int, words: str):
    healthy = Health(HealthState.CURRENT, "all is healthy", ended=ended)

    found = status.after(pattern(), results(health=healthy), now=NOW)

    assert condition(found, "Ready").message == f"{REVISION.display_name} runs: 2 objects{words}"


def test_beside_a_digest_it_is_said_that_the_tag_was_not_looked_up():
    source = {"url": "oci://registry.example/web", "ref": {"tag": "1.0.0", "digest": str(REVISION.digest)}}
    pinned = pattern(spec={"source": source})
    found = status.after(pinned, results(), now=NOW)
    elsewhere = status.after(pinned, results(revision=NEWER), now=NOW)

    words = "; the digest decides; tag 1.0.0 was not looked up"
    assert condition(found, "Ready").message == f"{REVISION.display_name} runs: 2 objects{words}"
    assert condition(found, "Fetched").message == f"pulled {REVISION}{words}"
    assert "looked up" not in condition(elsewhere, "Fetched").message
    assert "looked up" not in condition(running().status, "Ready").message


def test_the_same_again_changes_nothing():
    before = running()

    again = results(verification=None, rendering=None, inventory=None, applied=False)

    assert status.after(before, again, now=LATER) == before.status


def test_where_nobody_asked_verified_is_unknown():
    found = status.after(pattern(), results(verification=VerificationResult(required=False)), now=NOW)

    assert conditions(found)["Verified"] == ("Unknown", "NoPolicy")
    assert conditions(found)["Ready"] == ("True", "Ready")


@pytest.mark.parametrize(
    ("health", "overdue", "ready", "general"),
    [
        pytest.param(BUSY, False, ("Unknown", "WaitingForHealth"), {"Reconciling"}, id="in results"),
        pytest.param(BUSY, True, ("False", "HealthTimeout"), {"Stalled"}, id="too long"),
        pytest.param(ILL, False, ("False", "Unhealthy"), {"Stalled"}, id="failed"),
        pytest.param(WELL, True, ("True", "Ready"), set(), id="well, however late"),
    ],
)
def test_ready_waits_for_health(health, overdue, ready, general):
    found = conditions(status.after(pattern(), results(health=health, overdue=overdue), now=NOW))

    assert found["Ready"] == ready
    assert {"Reconciling", "Stalled"} & found.keys() == general


def test_without_wait_ready_does_not_ask_for_health():
    found = conditions(status.after(pattern(spec={"apply": {"wait": False}}), results(health=BUSY), now=NOW))

    assert found["Ready"] == ("True", "Ready")
    assert found["Healthy"] == ("Unknown", "WaitingForHealth")


def test_a_refused_update_leaves_what_runs_as_it_is():
    before = running()
    refused = results(
        stage=Stage.VERIFY,
        revision=NEWER,
        verification=None,
        rendering=None,
        failure=REFUSED,
        inventory=None,
        applied=False,
    )

    found = status.after(before, refused, now=LATER)

    assert conditions(found) == {
        "Ready": ("False", "SignatureUntrusted"),
        "Stalled": ("True", "SignatureUntrusted"),
        "Fetched": ("True", "Succeeded"),
        "Verified": ("False", "SignatureUntrusted"),
        "Rendered": ("True", "Succeeded"),
        "Applied": ("True", "Succeeded"),
        "Healthy": ("True", "Succeeded"),
    }
    assert (found.version, found.revision) == ("1.0.0", str(REVISION))
    assert found.last_attempted_revision == str(NEWER)
    assert found.inventory == before.status.inventory


def test_a_registry_that_is_away_does_not_make_what_runs_unready():
    found = status.after(running(), Results(failure=AWAY, health=WELL), now=LATER)

    assert conditions(found)["Ready"] == ("True", "Ready")
    assert conditions(found)["Fetched"] == ("False", "RegistryUnavailable")
    assert not {"Reconciling", "Stalled"} & conditions(found).keys()


def test_while_a_registry_is_away_ready_still_tells_of_health():
    found = status.after(running(), Results(failure=AWAY, health=ILL), now=LATER)

    assert conditions(found)["Ready"] == ("False", "Unhealthy")


@pytest.mark.parametrize(
    "failure",
    [
        Transient(reason=Reason.APPLY_FAILED, message="1 of 2 objects could not be applied: ..."),
        Waiting(reason=Reason.KIND_NOT_FOUND, message="1 of 2 objects could not be applied: ..."),
    ],
)
def test_a_failure_that_may_pass_is_reconciling_and_not_stalled(failure):
    partly = results(stage=Stage.APPLY, applied=False, health=None, failure=failure)

    found = status.after(pattern(), partly, now=NOW)

    assert conditions(found)["Ready"] == ("False", str(failure.reason))
    assert conditions(found)["Applied"] == ("False", str(failure.reason))
    assert conditions(found)["Reconciling"] == ("True", str(failure.reason))
    assert "Stalled" not in conditions(found)
    assert found.inventory.count == 2
    assert (found.revision, found.last_applied_revision) == ("", "")


def test_what_heals_is_neither_stalled_nor_reconciling_any_more():
    stalled = status.after(pattern(), Results(stage=Stage.VERIFY, revision=REVISION, failure=REFUSED), now=NOW)

    healed = status.after(pattern(status=stalled), results(), now=LATER)

    assert not {"Reconciling", "Stalled"} & conditions(healed).keys()


def test_a_transition_time_changes_with_the_status_alone():
    before = running()
    busy = status.after(before, results(health=BUSY), now=LATER)

    assert condition(busy, "Ready").last_transition_time == "2026-11-25T13:00:00Z"
    assert condition(busy, "Fetched").last_transition_time == "2026-11-25T12:00:00Z"


@pytest.mark.parametrize(
    ("met", "words"),
    [
        ((), "verified by release-team"),
        (("a",), "verified by release-team, as TrustPolicy a requires"),
        (("a", "b"), "verified by release-team, as each of TrustPolicies a, b requires"),
    ],
)
def test_the_policies_that_an_artifact_meets_are_named(met: tuple[str, ...], words: str):
    verification = replace(VERIFIED, met=met)

    assert condition(status.after(pattern(), results(verification=verification), now=NOW), "Verified").message == words


def test_drift_that_is_left_is_told_in_applied():
    found = status.after(pattern(), results(drifted=("ConfigMap team/a was changed by kubectl-edit",)), now=NOW)

    assert conditions(found)["Applied"] == ("True", "Drifted")
    assert "ConfigMap team/a was changed by kubectl-edit" in condition(found, "Applied").message
    assert "ConfigMap team/a was changed by kubectl-edit" in condition(found, "Ready").message  # as -o wide shows it
    assert conditions(found)["Ready"] == ("True", "Ready")


def test_drift_is_told_and_its_end_too_while_something_else_fails():
    drifts = status.after(running(), Results(failure=AWAY, health=WELL, drifted=("ConfigMap team/a ...",)), now=LATER)
    again = status.after(pattern(status=drifts), Results(failure=AWAY, health=WELL), now=LATER)

    assert conditions(drifts)["Applied"] == ("True", "Drifted")
    assert "ConfigMap team/a" in condition(drifts, "Ready").message
    assert conditions(again)["Applied"] == ("True", "Succeeded")


def test_a_tag_with_a_build_is_shown_as_the_version_that_it_stands_for():
    revision = type(REVISION)("1.2.3_b", REVISION.digest)

    found = status.after(msgspec.structs.replace(pattern()), results(revision=revision), now=NOW)

    assert (found.version, found.history[0].version) == ("1.2.3+b", "1.2.3+b")
    assert found.revision == f"1.2.3_b@{REVISION.digest}"


def test_the_design_version_stands_where_there_is_no_tag():
    by_digest = msgspec.structs.replace(pattern())
    revision = type(REVISION)("", REVISION.digest)
    rendering = Rendering(objects=(), format="Meshery", version="0.0.7")

    found = status.after(by_digest, results(revision=revision, rendering=rendering), now=NOW)

    assert (found.version, found.design_version) == ("0.0.7", "0.0.7")
    assert found.revision == f"@{REVISION.digest}"


def test_components_are_counted_and_only_so_many_are_named():
    many = limits.MAX_STATUS_ENTRIES + 7
    refused = tuple(ComponentReport(str(n), f"pod-{n}", "Pod", Outcome.REFUSED, "X", "why") for n in range(many))
    repair = MadeRepair(Repair.MERGE_LIST_ENTRIES, "doubled port left out")
    mended = ComponentReport("a", "web", "Service", Outcome.RENDERED, repairs=(repair,) * many)

    found = status.after(pattern(), results(rendering=Rendering((), (*refused, mended))), now=NOW)

    assert found.render is not None
    assert (found.render.rendered, found.render.refused) == (1, many)
    assert len(found.render.refusals) == len(found.render.repairs) == limits.MAX_STATUS_ENTRIES
    assert found.render.repairs[0] == "Service web: doubled port left out"
    assert [each.name for each in found.render.refusals[:2]] == ["pod-0", "pod-1"]


def test_status_says_what_was_rendered_where_it_was_refused_and_how_many_repairs_of_each_name_there_were():
    refused = ComponentReport(
        "1", "web", "Pod", Outcome.REFUSED, "X", "why", path="design.yml", position="components[3]", line=12
    )
    repairs = tuple(
        MadeRepair(name, "why") for name in (Repair.DROP_STATUS, Repair.MAKE_NAME_VALID, Repair.DROP_STATUS)
    )
    mended = ComponentReport("a", "web", "Service", Outcome.RENDERED, repairs=repairs)
    rendering = Rendering((), (refused, mended), format="Meshery", name="shop", version="1.0.0")

    found = status.after(pattern(), results(rendering=rendering), now=NOW).render

    assert found is not None
    assert (found.format, found.name, found.version) == ("Meshery", "shop", "1.0.0")
    assert found.refusals[0].where == "design.yml, line 12, components[3]"
    assert [(each.name, each.count) for each in found.repair_counts] == [("DropStatus", 2), ("MakeNameValid", 1)]


def test_a_component_without_a_name_is_named_by_its_id():
    reports = [
        ComponentReport("7", "", "Pod", outcome, "Alias", "why") for outcome in (Outcome.REFUSED, Outcome.SKIPPED)
    ]

    found = status.after(pattern(), results(rendering=Rendering((), tuple(reports))), now=NOW)

    assert found.render is not None
    assert [each.name for each in found.render.refusals] == ["7"]
    assert [each.name for each in found.render.skips] == ["7"]


def test_what_a_chart_makes_up_and_what_helm_writes_of_itself_are_named_and_nothing_else_is():
    many = limits.MAX_STATUS_ENTRIES + 7
    made = [("NotDeterministic", "data.p of Secret s-0 comes out"), ("BuildMetadata", "labels"), ("", "hook")]
    reports = tuple(
        ComponentReport(f"{n}{reason}", f"s-{n}", "Secret", Outcome.RENDERED, reason, message)
        for n in range(many)
        for reason, message in made
    )

    found = status.after(pattern(), results(rendering=Rendering((), reports)), now=NOW)

    assert found.render is not None
    assert len(found.render.generated) == limits.MAX_STATUS_ENTRIES
    assert found.render.generated[:3] == tuple(
        GeneratedComponent(name=name, kind="Secret", message=message)
        for name, message in (("s-0", made[0][1]), ("s-0", made[1][1]), ("s-1", made[0][1]))
    )


def test_skipped_components_are_named_with_the_reason_but_drawings_are_not():
    many = limits.MAX_STATUS_ENTRIES + 7
    drawings = tuple(ComponentReport(str(n), f"n-{n}", "Comment", Outcome.SKIPPED, "Annotation") for n in range(many))
    pods = tuple(ComponentReport(str(n), f"pod-{n}", "Pod", Outcome.SKIPPED, "Alias", "why") for n in range(many))

    found = status.after(pattern(), results(rendering=Rendering((), (*drawings, *pods))), now=NOW)

    assert found.render is not None
    assert found.render.skipped == 2 * many
    assert len(found.render.skips) == limits.MAX_STATUS_ENTRIES
    assert found.render.skips[0] == SkippedComponent(name="pod-0", kind="Pod", reason="Alias")


def test_healthy_speaks_of_what_was_applied():
    found = status.after(pattern(), results(), now=NOW)

    assert condition(found, "Healthy").message == "every object that was applied is healthy"


def test_a_long_message_is_cut_to_what_people_read():
    failure = Stalled(reason=Reason.DOCUMENT_INVALID, message="x" * 10_000)

    found = status.after(pattern(), Results(stage=Stage.RENDER, revision=REVISION, failure=failure), now=NOW)

    assert len(condition(found, "Ready").message.encode()) == limits.MAX_STATUS_MESSAGE


def test_an_apply_that_lasts_says_what_is_applied_and_leaves_the_inventory_as_it_is():
    before = Status(inventory=Inventory(count=2, entries=ENTRIES), last_applied_state="something-older")

    found = status.applying(pattern(status=before), revision=REVISION, now=NOW)

    assert (found.inventory, found.last_applied_state) == (before.inventory, "")
    assert conditions(found)["Ready"] == ("Unknown", "Progressing")
    assert conditions(found)["Reconciling"] == ("True", "Progressing")
    assert conditions(found)["Applied"] == ("Unknown", "Progressing")
    assert found.last_attempted_revision == str(REVISION)
    assert found.revision == ""


def test_an_apply_that_is_tried_again_says_what_is_wrong_until_that_is_corrected():
    refused = Transient(reason=Reason.APPLY_FAILED, message="it is refused")
    made = results(stage=Stage.APPLY, applied=False, health=None, failure=refused)
    failed = pattern(status=status.after(pattern(), made, now=NOW))

    again = status.applying(failed, revision=REVISION, now=LATER)
    newer = status.applying(failed, revision=NEWER, now=LATER)

    assert again == failed.status
    assert (newer.applying_revision, conditions(newer)["Ready"]) == (str(NEWER), ("Unknown", "Progressing"))


def test_a_request_is_answered_by_a_whole_run_and_not_before():
    asked = pattern(annotations={"pattern-operator.io/requestedAt": "now"})

    assert status.applying(asked, revision=REVISION, now=NOW).last_handled_reconcile_at == ""
    assert status.after(asked, results(), now=NOW).last_handled_reconcile_at == "now"


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ("system:serviceaccount:team:deployer", f"applied {REVISION.display_name} as ServiceAccount team/deployer"),
        (None, f"applied {REVISION.display_name} with the operator's own rights"),
    ],
)
def test_applied_says_in_whose_name(user: str | None, words: str):
    found = status.after(pattern(), results(user=user), now=NOW)
    again = status.after(pattern(status=found), results(user=user, rendering=None, applied=False), now=LATER)

    assert condition(found, "Applied").message == words
    assert condition(again, "Applied") == condition(found, "Applied")


def test_what_is_waited_for_is_said_before_anything_is_known():
    found = status.waiting(pattern(), "asks registry.example for tag 1.0.0", now=NOW)

    assert conditions(found) == {"Ready": ("Unknown", "Progressing"), "Reconciling": ("True", "Progressing")}
    assert condition(found, "Ready").message == "asks registry.example for tag 1.0.0"
    assert (found.status, found.observed_generation) == ("Progressing", 1)


def test_what_is_waited_for_does_not_hide_that_the_newest_spec_was_never_looked_at():
    """A registry that is away leaves Ready only to what was asked for before."""
    newest = {"generation": 2, "spec": moved_to("2.0.0")}
    waits = status.waiting(running(**newest), "asks registry.example for tag 2.0.0", now=LATER)

    found = status.after(pattern(status=waits, **newest), Results(failure=AWAY, health=WELL), now=LATER)

    assert (waits.observed_generation, waits.revision) == (1, str(REVISION))
    assert conditions(waits)["Applied"] == ("True", "Succeeded")
    assert conditions(found)["Ready"] == ("False", "RegistryUnavailable")


def test_a_status_is_silent_until_it_speaks_of_the_newest_spec():
    new, runs, changed = pattern(), running(), running(generation=2)
    waits = pattern(status=status.waiting(changed, "asks", now=LATER), generation=2)

    assert [status.is_silent(each) for each in (new, runs, changed, waits)] == [True, False, True, False]


def test_a_deletion_says_what_is_left_and_why():
    left = Waiting(reason=Reason.DELETING, message="1 object left: Deployment.apps team/web: is being deleted.")

    found = status.deleting(running(), ENTRIES[1:], error=left, now=LATER)

    assert conditions(found)["Ready"] == ("False", "Deleting")
    assert conditions(found)["Reconciling"] == ("True", "Deleting")
    assert found.inventory.entries == ENTRIES[1:]


def test_a_pattern_that_is_being_deleted_shows_that_it_goes_whatever_is_in_the_way():
    error = Transient(reason=Reason.FORBIDDEN, message="may not")

    found = status.deleting(running(), ENTRIES, error=error, now=NOW)

    assert found.status == "Deleting"
    assert conditions(found)["Ready"] == ("False", "Forbidden")
    assert conditions(found)["Reconciling"] == ("True", "Deleting")


def test_of_a_status_that_does_not_fit_only_ready_and_why_is_said():
    large = Stalled(reason=Reason.STATUS_TOO_LARGE, message="too large: make it smaller.")

    found = status.unwritable(running(), large, now=NOW)

    assert conditions(found) == {"Ready": ("False", "StatusTooLarge"), "Stalled": ("True", "StatusTooLarge")}


def test_what_still_goes_is_said_before_what_else_is_to_be_known():
    made = results(leaving=Leaving(message="1 object goes"), drifted=("a drifted",), notes=("b is paused",))

    said = condition(status.after(pattern(), made, now=NOW), "Applied").message

    assert said.partition("; ")[2] == "1 object goes; a drifted; b is paused"


def test_history_keeps_as_many_as_the_spec_says():
    found = pattern(spec={"rollout": {"historyLimit": 2}})
    for number in range(4):
        revision = type(REVISION)(f"1.0.{number}", REVISION.digest)
        after = status.after(found, results(revision=revision), now=NOW + timedelta(hours=number))
        found = msgspec.structs.replace(found, status=after)

    assert [each.version for each in found.status.history] == ["1.0.3", "1.0.2"]


def test_who_is_not_verified_any_longer_is_not_named_any_more():
    lost = Results(stage=Stage.VERIFY, revision=REVISION, failure=REFUSED, health=WELL)

    found = status.after(running(), lost, now=LATER)

    assert (found.verified_by, found.signers) == ((), "")
    assert found.revision == str(REVISION)
    assert conditions(found)["Verified"] == ("False", "SignatureUntrusted")


def test_the_table_names_each_authority_once():
    signed = [VerifiedSignature(name, "bundle", where) for name, where in (("b", "1"), ("a", "2"), ("b", "3"))]
    verification = VerificationResult(required=True, verified_by=tuple(signed))

    assert status.after(pattern(), results(verification=verification), now=NOW).signers in ("a, b", "b, a")


@pytest.mark.parametrize(
    "kept",
    [
        pytest.param(Results(stage=Stage.VERIFY, revision=NEWER, failure=REFUSED), id="an update is refused"),
        pytest.param(Results(stage=Stage.VERIFY, revision=REVISION, failure=AWAY), id="nobody could be asked"),
    ],
)
def test_who_signed_what_runs_is_named_as_long_as_nothing_says_otherwise(kept):
    found = status.after(running(), kept, now=LATER)

    assert [each.authority for each in found.verified_by] == ["release-team"]


def test_where_what_runs_cannot_be_seen_ready_stays_as_it_was():
    found = status.after(running(), Results(failure=AWAY), now=LATER)

    assert conditions(found)["Ready"] == ("True", "Ready")
    assert conditions(found)["Fetched"] == ("False", "RegistryUnavailable")


def test_what_is_about_to_exist_comes_into_status_and_nothing_else_is_said_where_nothing_new_is_asked_for():
    """As of an object that is used as it is, and that each run may come to own."""
    known = Comparison("sent", {ENTRIES[0].id: b"12345678"})
    found = status.after(pattern(), results(inventory=ENTRIES[:1], comparison=known), now=NOW)
    pending = (ENTRIES[0], msgspec.structs.replace(ENTRIES[1], pending=True))

    planned = status.ahead(pattern(status=found), pending, to=None, now=LATER)

    assert planned.inventory == Inventory(count=2, entries=pending)
    assert (planned.conditions, planned.last_applied_state) == (found.conditions, found.last_applied_state)
    assert (planned.applying_revision, unpacked(planned)) == ("", known)


def test_where_the_cluster_leaves_what_is_applied_status_says_so_with_what_is_about_to_exist():
    found = status.after(pattern(), results(), now=NOW)

    planned = status.ahead(pattern(status=found), ENTRIES, to=NEWER, now=LATER)

    assert condition(planned, "Ready").message == "applying 2.0.0 (" + NEWER.digest.short + ")"
    assert (planned.last_applied_state, planned.applying_revision) == ("", str(NEWER))
    assert unpacked(planned).sent == ""


def test_of_what_had_not_begun_nothing_is_there_in_part():
    before = status.after(pattern(), results(), now=NOW)
    planned = status.ahead(pattern(status=before), ENTRIES, to=NEWER, now=LATER)

    found = status.not_begun(pattern(status=planned), before).status

    assert (found.applying_revision, found.applying_state) == ("", "")
    assert found.inventory == planned.inventory


def test_of_what_was_deleted_because_it_lost_its_trust_nothing_is_said_to_be_applied_or_healthy():
    withdrawn = DeployedArtifact(Repository("registry.example", "web"), REVISION)
    made = results(stage=Stage.VERIFY, failure=REFUSED, withdrawn=withdrawn, inventory=(), applied=False, health=None)

    found = conditions(status.after(running(), made, now=LATER))

    assert found["Ready"] == ("False", "SignatureUntrusted")
    assert not {"Applied", "Healthy"} & set(found)


def test_the_objects_and_the_components_that_there_are_are_counted():
    reports = [ComponentReport(str(n), "x", "Pod", outcome) for n, outcome in enumerate([Outcome.RENDERED] * 2)]
    skipped = ComponentReport("9", "y", "Pod", Outcome.SKIPPED, "Alias", "why")
    image = ComponentReport("spec.render.images[0]", "", "", Outcome.SKIPPED, "MatchesNothing", "why")

    made = results(rendering=Rendering(objects=(), format="Meshery", components=(*reports, skipped, image)))

    said = condition(status.after(pattern(), made, now=NOW), "Rendered").message
    assert said == "0 objects of Meshery: 2 components rendered, 1 component skipped"


def test_of_a_design_without_components_it_is_said_that_it_has_none():
    made = results(rendering=Rendering(objects=(), format="Meshery"))

    said = condition(status.after(pattern(), made, now=NOW), "Rendered").message
    assert said == "0 objects of Meshery: it has no components"


def test_what_is_awaited_no_longer_in_vain_does_not_stay_stalled_while_a_registry_is_away():
    late = status.after(running(), results(health=ILL, overdue=True), now=NOW)

    found = status.after(pattern(status=late), Results(stage=Stage.SOURCE, policy=KEYS, failure=AWAY), now=LATER)

    assert "Stalled" in conditions(late)
    assert "Stalled" not in conditions(found)


# --- what is on record ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unknown", ["revision", "policy"])
def test_a_part_of_what_is_not_known_is_not_on_record(unknown: str):
    made = results(**{"stage": Stage.APPLY, "failure": AWAY, "applied": False, "partly": True, unknown: None})

    found = status.after(running(), made, now=LATER)

    assert (found.applying_revision, found.applying_state) == ("", "")


def test_where_health_cannot_be_awaited_nothing_is_said_to_be_applied_as_asked():
    found = status.after(pattern(), results(failure=REFUSED, applied=False), now=NOW)

    assert found.last_applied_state == ""


ANOTHER = VerificationResult(required=True, verified_by=(VerifiedSignature("another-team", "bundle", "here"),))


@pytest.mark.parametrize(
    ("made", "signers"),
    [
        pytest.param({}, ["another-team"], id="what runs, and nothing was applied"),
        pytest.param({"failure": AWAY}, ["release-team"], id="a run that failed"),
        pytest.param({"stage": Stage.RENDER}, ["release-team"], id="a run that did not come to the end"),
        pytest.param({"revision": NEWER}, ["release-team"], id="another artifact"),
        pytest.param({"revision": None}, ["release-team"], id="no artifact"),
    ],
)
def test_who_signed_what_runs_is_said_as_it_was_found_last(made: dict[str, Any], signers: list[str]):
    again = results(**{"applied": False, "verification": ANOTHER, **made})

    found = status.after(running(), again, now=LATER)

    assert [each.authority for each in found.verified_by] == signers

"""What the page of a pattern shows of it: its way, who signed it, its history and its objects."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.foreign_bodies import JUNK

from pattern_operator.console.pattern_detail import MAX_LINES, MAX_OBJECTS, PatternDetail

DIGEST = f"sha256:{'0a1b2c3d4e5f' * 5}6789"


def condition(kind, status, reason="Because", message="so it is"):
    return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": "2026-01-01"}


def pattern(**status):
    metadata = {"name": "web", "namespace": "shop", "generation": 2}
    return {"metadata": metadata, "spec": {"source": {"url": "oci://r/web"}}, "status": status}


def test_the_way_is_told_step_by_step():
    conditions = [
        condition("Fetched", "True"),
        condition("Verified", "False", "Unsigned", "sign it"),
        condition("Applied", "Unknown"),
    ]

    detail = PatternDetail.of(pattern(conditions=conditions))

    assert [(step.name, step.sign) for step in detail.steps] == [
        ("Fetched", "ok"),
        ("Verified", "failed"),
        ("Rendered", "pending"),
        ("Applied", "unknown"),
        ("Healthy", "pending"),
    ]
    assert (detail.steps[1].reason, detail.steps[1].message) == ("Unsigned", "sign it")


@pytest.mark.parametrize(("seen", "outdated"), [(1, True), (2, False), (-1, False)])
def test_a_status_of_an_older_spec_is_said(seen, outdated):
    assert PatternDetail.of(pattern(observedGeneration=seen)).outdated is outdated


def test_a_revision_that_was_tried_is_named_where_it_does_not_run():
    failing = PatternDetail.of(pattern(revision="1@a", lastAttemptedRevision="2@b"))
    running = PatternDetail.of(pattern(revision="2@b", lastAttemptedRevision="2@b"))

    assert (failing.revision, failing.attempted) == ("1@a", "2@b")
    assert (running.revision, running.attempted) == ("2@b", "")


def test_signers_history_refusals_and_objects_are_named():
    detail = PatternDetail.of(
        pattern(
            verifiedBy=[{"authority": "release", "format": "bundle", "where": "referrer sha256:0a"}],
            history=[{"version": "1", "revision": f"1@{DIGEST}", "appliedAt": "2026-01-01", "verifiedBy": ["a", "b"]}],
            render={"refusals": [{"kind": "Pod", "name": "x", "reason": "Invalid"}], "repairs": ["made a name valid"]},
            inventory={
                "count": 3,
                "entries": [{"id": "shop_web_apps_Deployment"}, {"id": "_web__Node"}, {"id": "junk"}],
            },
        )
    )

    assert detail.signers[0].columns == ("release", "", "", "bundle", "referrer sha256:0a", "")
    assert detail.history[0].columns == ("1", f"1@{DIGEST}", "2026-01-01", "a, b")
    assert detail.refusals[0].columns == ("Pod", "x", "Invalid", "", "")
    assert detail.repairs == ("made a name valid",)
    assert [line.columns for line in detail.objects] == [("Deployment.apps", "shop", "web"), ("Node", "", "web")]
    assert detail.object_count == 3


def test_lists_without_end_are_cut():
    many = [{"id": f"shop_web-{number}_apps_Deployment"} for number in range(3 * MAX_OBJECTS)]

    detail = PatternDetail.of(pattern(inventory={"entries": many}, history=[{}] * 999, verifiedBy=[{}] * 999))

    assert (len(detail.objects), len(detail.history), len(detail.signers)) == (MAX_OBJECTS, MAX_LINES, MAX_LINES)


@given(junk=st.sampled_from(JUNK))
def test_any_status_can_be_shown(junk):
    names = ("conditions", "revision", "verifiedBy", "history", "render", "inventory", "observedGeneration")
    for body in (junk, {"status": junk}, {"metadata": junk, "spec": junk}, pattern(**dict.fromkeys(names, junk))):
        assert len(PatternDetail.of(body).steps) == 5
    for name in names:
        assert PatternDetail.of(pattern(**{name: [junk]})).name == "web"
    PatternDetail.of(
        pattern(inventory={"entries": [junk, {"id": junk}]}, render={"refusals": [junk], "repairs": [junk]})
    )

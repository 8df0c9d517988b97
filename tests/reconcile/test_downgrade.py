"""A tag that moved leads forward, or is refused where a policy that enforces says so."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from tests.reconcile.pattern import NEWER, REVISION, pattern

from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, Revision
from pattern_operator.api.status import HistoryEntry, Status, VerifiedBy
from pattern_operator.api.verification import (
    PolicyMode,
    PolicySource,
    Requirement,
    VerificationPolicy,
    VerificationResult,
    VerifiedSignature,
)
from pattern_operator.errors import Stalled, Untrusted
from pattern_operator.reconcile.desired import DesiredState, desired_state
from pattern_operator.reconcile.downgrade import refuse_downgrade

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
RUNNING = Revision("stable", NEWER.digest)
BACK = Revision("stable", REVISION.digest)
GUARD = PolicySource(name="release", allow_downgrade=False)
STATUS = Status(
    revision=str(RUNNING),
    digest=str(RUNNING.digest),
    history=(HistoryEntry(revision=str(RUNNING)), HistoryEntry(revision=str(BACK))),
    verified_by=(
        VerifiedBy(authority="a", format="bundle", where="r", signed_at="2026-11-27T12:00:00Z"),
        VerifiedBy(authority="b", format="bundle", where="r"),
        VerifiedBy(authority="c", format="bundle", where="r", signed_at="nonsense"),
    ),
)


def desired(revision: Revision, *sources: PolicySource) -> DesiredState:
    requirements = tuple(Requirement(source=each, authorities=()) for each in sources or (GUARD,))
    return desired_state(pattern(), revision, VerificationPolicy(requirements))


def signed(at: datetime | None = None) -> VerificationResult:
    return VerificationResult(required=True, verified_by=(VerifiedSignature("a", "bundle", "r", signed_at=at),))


def test_what_ran_before_is_refused():
    with pytest.raises(Stalled) as refusal:
        refuse_downgrade(pattern(status=STATUS), desired(BACK), signed(), running=RUNNING)

    assert refusal.value.reason is Reason.DOWNGRADE_REFUSED
    assert not isinstance(refusal.value, Untrusted)  # it is no verdict on what runs
    assert "which ran before, and TrustPolicy release does not allow that" in refusal.value.message
    assert f"set source.ref.digest to {BACK.digest}, or source.ref.tag to another tag" in refusal.value.message


def test_what_was_signed_before_what_runs_is_refused():
    unknown = Revision("stable", Digest.of(b"three"))

    with pytest.raises(Stalled, match="which was signed on 2026-11-27 11:59, before what runs"):
        refuse_downgrade(pattern(status=STATUS), desired(unknown), signed(NOW - timedelta(minutes=1)), running=RUNNING)


@pytest.mark.parametrize(
    ("revision", "result", "running"),
    [
        (Revision("stable", Digest.of(b"three")), signed(NOW + timedelta(minutes=1)), RUNNING),
        (Revision("stable", Digest.of(b"three")), signed(NOW), RUNNING),
        (Revision("stable", Digest.of(b"three")), signed(), RUNNING),
        (Revision("older", BACK.digest), signed(), RUNNING),
        (RUNNING, signed(NOW - timedelta(days=1)), RUNNING),
    ],
    ids=["newer", "of the same time", "of no known time", "another tag", "the same artifact"],
)
def test_what_is_newer_or_asked_for_is_no_downgrade(revision, result, running):
    refuse_downgrade(pattern(status=STATUS), desired(revision), result, running=running)


@pytest.mark.parametrize("ref", [{"digest": str(BACK.digest)}, {"tag": "stable", "digest": str(BACK.digest)}])
def test_a_digest_in_the_spec_is_what_the_user_asks_for(ref):
    spec = {"source": {"url": "oci://registry.example/web", "ref": ref}}
    back = Revision(ref.get("tag", ""), BACK.digest)
    running = Revision(back.tag, NEWER.digest)

    refuse_downgrade(pattern(status=STATUS, spec=spec), desired(back), signed(), running=running)


@pytest.mark.parametrize(
    "sources",
    [
        (replace(GUARD, allow_downgrade=True),),
        (replace(GUARD, mode=PolicyMode.WARN),),
        (PolicySource(),),
    ],
    ids=["it is allowed", "it only warns", "the pattern's own"],
)
def test_without_a_policy_that_guards_a_tag_may_move_back(sources):
    refuse_downgrade(pattern(status=STATUS), desired(BACK, *sources), signed(), running=RUNNING)


def test_one_of_several_policies_is_enough_to_guard():
    lax = replace(GUARD, name="lax", allow_downgrade=True)

    with pytest.raises(Stalled, match="TrustPolicy release does not allow that"):
        refuse_downgrade(pattern(status=STATUS), desired(BACK, lax, GUARD), signed(), running=RUNNING)


@pytest.mark.parametrize(
    ("ran", "older"),
    [
        pytest.param("2026-11-27T12:00:00", True, id="a time without a zone is one of UTC"),
        pytest.param("2026-11-27T13:30:00+02:00", False, id="a time of another zone"),
    ],
)
def test_when_what_runs_was_signed_is_read_in_its_zone(ran: str, older: bool):
    status = msgspec.structs.replace(
        STATUS, verified_by=(VerifiedBy(authority="a", format="bundle", where="r", signed_at=ran),)
    )
    unknown, at = Revision("stable", Digest.of(b"three")), NOW - timedelta(minutes=15)

    if older:
        with pytest.raises(Stalled, match="which was signed on 2026-11-27 11:45, before what runs"):
            refuse_downgrade(pattern(status=status), desired(unknown), signed(at), running=RUNNING)
    else:
        refuse_downgrade(pattern(status=status), desired(unknown), signed(at), running=RUNNING)


RANGE = {"source": {"url": "oci://registry.example/web", "ref": {"semver": ">=1.0.0"}}}


def test_a_range_does_not_lead_by_a_new_tag_to_what_ran_before():
    """No signature is of a tag: who controls the registry can give an old artifact a higher version."""
    higher = Revision("9.0.0", REVISION.digest)

    with pytest.raises(Stalled, match=r"the tag 9\.0\.0 is newer than stable, and leads back to .* which ran before"):
        refuse_downgrade(pattern(status=STATUS, spec=RANGE), desired(higher), signed(), running=RUNNING)


def test_a_range_leads_to_a_new_version_whenever_it_was_signed():
    new = Revision("9.0.0", Digest.of(b"new"))

    refuse_downgrade(pattern(status=STATUS, spec=RANGE), desired(new), signed(NOW - timedelta(days=9)), running=RUNNING)

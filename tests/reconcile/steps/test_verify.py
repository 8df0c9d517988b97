"""Whether the digest is signed is asked once for a digest and a policy, and no answer is never taken for one."""

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import structs
from tests.reconcile.pattern import NEWER, REVISION, VERIFIED, pattern

from pattern_operator.api.artifact import Signature, SignatureFormat
from pattern_operator.api.authority_spec import Attestation
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Repository, Revision
from pattern_operator.api.verification import TrustedAuthority, VerificationPolicy, VerificationResult
from pattern_operator.errors import PatternError, Stalled, Transient, Untrusted
from pattern_operator.reconcile.checked import Checked, SignedArtifact
from pattern_operator.reconcile.desired import DesiredState, desired_state
from pattern_operator.reconcile.steps.verify import MAX_KEPT, WARNED_AGAIN, Verified, asks_registry, verify
from pattern_operator.source import ConnectionWaits, FetchedSignatures

POLICY = VerificationPolicy.of(TrustedAuthority.of_key("release-team", b"key"))
OTHER = VerificationPolicy.of(TrustedAuthority.of_key("another-team", b"other"))
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
WARNED = VerificationResult(required=True, unmet=("trial",), warnings=("TrustPolicy trial is not met: no.",))
HELD = FetchedSignatures((Signature(SignatureFormat.COSIGN, "here", "", b"signature"),))
WAITS = ConnectionWaits(lambda: 0.0)


class Signatures:
    """A registry with signatures of the release team, or without an answer."""

    def __init__(
        self,
        *,
        away: PatternError | None = None,
        refuses: PatternError | None = None,
        found: FetchedSignatures | None = None,
        warns: bool = False,
    ) -> None:
        self.warns = warns
        self.away, self.refuses = away, refuses
        self.found = FetchedSignatures() if found is None else found
        self.asked: list[str] = []

    async def signatures(self, *_: Any, **__: Any) -> FetchedSignatures:
        self.asked.append("signatures")
        if self.away is not None:
            raise self.away
        return self.found

    async def check(self, _: Any, desired: DesiredState, found: FetchedSignatures) -> VerificationResult:
        self.asked.append("check" if found is not HELD else "check what is held")
        if self.refuses is not None and not (found is HELD and self.found is HELD):
            raise self.refuses
        if self.warns:
            return WARNED
        return VERIFIED if desired.policy.requirements else VerificationResult(required=False)


def wanted(policy: VerificationPolicy = POLICY, revision: Any = REVISION) -> DesiredState:
    return desired_state(pattern(), revision, policy)


async def verified(
    port: Signatures, desired: DesiredState, known: Checked | None = None, *, login: str = "", now: datetime = NOW
) -> Verified:
    return await verify(pattern(), desired, known, login=login, now=now, port=port, waits=WAITS)


def checked(revision: Revision = REVISION, policy: VerificationPolicy = POLICY, **others: Any) -> Checked:
    """The verdict that ``revision`` passes ``policy``."""
    artifact = SignedArtifact(wanted().repository, revision.digest, others.pop("login", ""))
    return Checked(artifact, policy, others.pop("result", VERIFIED), **others)


async def test_what_was_verified_is_remembered_for_this_digest_and_policy():
    found = await verified(Signatures(), wanted())

    assert (found.result, found.checked) == (VERIFIED, checked())


async def test_what_is_known_is_not_asked_again():
    port, known = Signatures(), checked()

    assert (await verified(port, wanted(), known)).result == VERIFIED
    assert port.asked == []


@pytest.mark.parametrize(
    "desired", [wanted(OTHER), wanted(revision=NEWER)], ids=["other keys", "another digest of the same keys"]
)
async def test_what_is_known_of_something_else_proves_nothing(desired: DesiredState):
    port = Signatures()

    await verified(port, desired, checked())

    assert port.asked == ["signatures", "check"]


async def test_without_a_policy_no_registry_is_asked():
    port = Signatures()

    assert not (await verified(port, wanted(VerificationPolicy()))).result.required
    assert port.asked == ["check"]


async def test_a_registry_that_does_not_answer_is_not_read_as_unsigned():
    port = Signatures(away=Transient(reason=Reason.REGISTRY_UNAVAILABLE, message="it is away"))

    with pytest.raises(Transient, match="it is away"):
        await verified(port, wanted())
    assert port.asked == ["signatures"]


async def test_a_refusal_is_raised_as_it_is():
    refusal = Stalled(reason=Reason.SIGNATURE_MISSING, message="no signature: sign it")

    with pytest.raises(Stalled, match="no signature: sign it"):
        await verified(Signatures(refuses=refusal), wanted())


@pytest.mark.parametrize(
    ("policy", "known", "asks"),
    [
        (POLICY, None, True),
        (POLICY, checked(NEWER), True),
        (POLICY, checked(policy=OTHER), True),
        (POLICY, checked(), False),
        (VerificationPolicy(), None, False),
    ],
    ids=["nothing is known", "another digest is", "another policy is", "it is known", "no signature is required"],
)
async def test_a_registry_is_waited_for_only_where_signatures_are_read(
    policy: VerificationPolicy, known: Checked | None, asks: bool
):
    port = Signatures()

    await verified(port, wanted(policy), known)

    assert asks_registry(wanted(policy), known, login="", now=NOW) is asks
    assert ("signatures" in port.asked) is asks


# --- another policy, and the signatures that are at hand ---


async def test_what_was_read_for_the_last_verdict_is_kept_where_it_is_little():
    little, much = HELD, FetchedSignatures((replace(HELD.signatures[0], payload=b"x" * 20_000),))
    partial = replace(HELD, failures=(Transient(reason=Reason.REGISTRY_UNAVAILABLE, message="away"),))

    kept = [(await verified(Signatures(found=each), wanted())).checked.signatures for each in (little, much, partial)]

    assert kept == [little, None, None]


async def test_another_policy_is_tried_on_what_is_held_and_no_registry_is_asked():
    port = Signatures(found=HELD)

    found = await verified(port, wanted(OTHER), checked(signatures=HELD))

    assert port.asked == ["check what is held"]
    assert (found.checked.policy, found.checked.signatures) == (OTHER, HELD)


async def test_where_what_is_held_does_not_prove_enough_the_registry_is_asked():
    refusal = Stalled(reason=Reason.SIGNATURE_UNTRUSTED, message="not by them")
    port = Signatures(refuses=refusal)

    with pytest.raises(Stalled, match="not by them"):
        await verified(port, wanted(OTHER), checked(signatures=HELD))

    assert port.asked == ["check what is held", "signatures", "check"]


@pytest.mark.parametrize(
    "known",
    [
        checked(NEWER, signatures=HELD),
        checked(login="another", signatures=HELD),
        Checked(SignedArtifact(Repository("other.example", "web"), REVISION.digest), POLICY, VERIFIED, HELD),
    ],
    ids=["another digest", "other credentials", "another repository"],
)
async def test_what_is_held_of_something_else_is_not_tried(known: Checked):
    port = Signatures()

    await verified(port, wanted(OTHER), known)

    assert port.asked == ["signatures", "check"]


async def test_what_is_held_is_not_tried_where_attestations_are_asked_for_that_were_not_read():
    spec = Attestation(name="scan", predicate_type="https://example.org/scan")
    key = TrustedAuthority.of_key("release-team", b"key")
    attested = VerificationPolicy.of(replace(key, spec=structs.replace(key.spec, attestations=(spec,))))
    port = Signatures()

    await verified(port, wanted(attested), checked(signatures=HELD))

    assert port.asked == ["signatures", "check"]


@pytest.mark.parametrize(
    "known",
    [
        checked(login="another"),
        Checked(SignedArtifact(Repository("other.example", "web"), REVISION.digest), POLICY, VERIFIED),
        checked(result=replace(VERIFIED, until=NOW)),
    ],
    ids=["other credentials", "another repository", "a signature that is too old by now"],
)
async def test_a_verdict_holds_for_nothing_else(known: Checked):
    port = Signatures()

    await verified(port, wanted(), known)

    assert port.asked == ["signatures", "check"]


async def test_a_verdict_holds_until_a_signature_is_too_old():
    port, known = Signatures(), checked(result=replace(VERIFIED, until=NOW + timedelta(seconds=1)))

    await verified(port, wanted(), known)

    assert port.asked == []


async def test_what_a_policy_only_warns_of_is_looked_for_again_after_a_while():
    away = Transient(reason=Reason.REGISTRY_UNAVAILABLE, message="the referrers could not be listed.")
    port = Signatures(warns=True, found=FetchedSignatures(failures=(away,)))

    found = await verified(port, wanted())
    known = replace(found.checked, signatures=HELD)
    await verified(port, wanted(), known, now=NOW + WARNED_AGAIN - timedelta(seconds=1))
    before = list(port.asked)
    await verified(port, wanted(), known, now=NOW + WARNED_AGAIN)

    assert found.result.until == NOW + WARNED_AGAIN
    assert found.result.warnings == ("TrustPolicy trial is not met: no.", "the referrers could not be listed.")
    assert before == ["signatures", "check"]
    assert port.asked == [*before, "check what is held", "signatures", "check"]


@pytest.mark.parametrize(("more", "is_kept"), [(0, True), (1, False)])
async def test_the_payload_and_the_annotations_of_what_is_kept_count(more: int, is_kept: bool):
    signature = replace(HELD.signatures[0], payload=b"x" * (MAX_KEPT - 10 + more), annotations={"name": "values"})
    found = FetchedSignatures((signature,))

    kept = (await verified(Signatures(found=found), wanted())).checked.signatures

    assert (kept is not None) is is_kept


@pytest.mark.parametrize(
    ("until", "looked_at"),
    [(timedelta(minutes=1), timedelta(minutes=1)), (timedelta(hours=1), WARNED_AGAIN)],
    ids=["a signature is too old before", "a signature is too old later"],
)
async def test_what_is_warned_of_is_looked_for_again_when_the_first_of_both_is_due(
    until: timedelta, looked_at: timedelta, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sys.modules[__name__], "WARNED", replace(WARNED, until=NOW + until))

    found = await verified(Signatures(warns=True), wanted())

    assert found.result.until == NOW + looked_at


async def test_of_what_could_not_be_asked_for_the_first_is_warned_of():
    away = [Transient(reason=Reason.REGISTRY_UNAVAILABLE, message=f"{each} is away.") for each in ("one", "two")]

    found = await verified(Signatures(warns=True, found=FetchedSignatures(failures=tuple(away))), wanted())

    assert found.result.warnings == (*WARNED.warnings, "one is away.")


# --- a signature that the registry has no longer ---

LOST = Signature(SignatureFormat.BUNDLE, "referrer", "", b"lost")


class Lost(Signatures):
    """A registry whose signatures are not enough, and which has lost one that is."""

    async def check(self, _: Any, desired: DesiredState, found: FetchedSignatures) -> VerificationResult:
        if LOST in found.signatures and desired.policy == POLICY:
            return VERIFIED
        judged = frozenset(each.digest for each in found.signatures)
        raise Untrusted(reason=Reason.SIGNATURE_MISSING, message="not enough: sign it", judged=judged)


async def test_a_signature_that_the_registry_has_no_longer_proves_what_it_did():
    known = checked(signatures=FetchedSignatures((LOST,))).asked_again()

    found = await verified(Lost(found=HELD), wanted(), known)

    assert found.checked.signatures == FetchedSignatures((*HELD.signatures, LOST))


async def test_a_verdict_is_on_what_the_registry_has_and_what_it_had():
    with pytest.raises(Untrusted) as refused:
        await verified(Lost(found=HELD), wanted(OTHER), checked(signatures=FetchedSignatures((LOST,))))

    assert refused.value.judged == {HELD.signatures[0].digest, LOST.digest}


async def test_what_was_found_with_other_credentials_adds_nothing_to_a_verdict():
    with pytest.raises(Untrusted) as refused:
        await verified(Lost(), wanted(), checked(login="another", signatures=FetchedSignatures((LOST,))))

    assert refused.value.judged == frozenset()


async def test_where_much_is_found_what_counts_is_kept(monkeypatch: pytest.MonkeyPatch):
    much = replace(HELD.signatures[0], payload=b"x" * 20_000)
    counts = replace(VERIFIED, verified_by=(replace(VERIFIED.verified_by[0], digest=LOST.digest),))

    async def check(*_: object) -> VerificationResult:
        return counts

    monkeypatch.setattr(Signatures, "check", check)
    found = await verified(Signatures(found=FetchedSignatures((much, LOST))), wanted())

    assert found.checked.signatures == FetchedSignatures((LOST,))

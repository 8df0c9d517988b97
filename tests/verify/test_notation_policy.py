"""A policy with a notation authority: who signs, what is asked of issuers, and what other authorities make of it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.verify import pki, signing
from tests.verify.notary import ALICE, COSE, JWS, MALLORY, TARGET, Notary
from tests.verify.pki import CODE_SIGNING
from tests.verify.signing import NOW
from tests.verify.x509.test_revocation import crl, crl_at

from pattern_operator.api.artifact import Signature, SignatureFormat
from pattern_operator.api.authority_spec import Authority, Notation, TrustStore
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Repository
from pattern_operator.api.verification import TrustedAuthority, VerificationPolicy
from pattern_operator.errors import Stalled, Untrusted
from pattern_operator.verify import revocation_checks, undecided
from pattern_operator.verify.x509.revocation import RevocationAnswer

REPOSITORY = Repository("registry.example", "patterns/web")
URL = "http://crl.example/a"
LEAF = "CN=signer,O=Notary,ST=WA,C=US"
TOMORROW = NOW + timedelta(days=1)
ROOT = pki.root("C=US,ST=WA,O=Notary,CN=root")
REVOCABLE = Notary(ROOT.issue("C=US,ST=WA,O=Notary,CN=signer", extensions=[*CODE_SIGNING, crl_at(URL)]), (ROOT,))


def of(signer: Notary, media_type: str = JWS) -> Signature:
    content = signer.sign(media_type, signing_time=NOW - timedelta(hours=1))
    return Signature(SignatureFormat.NOTATION, "referrer sha256:0a", media_type, content)


def authority(signer: Notary = ALICE, *, name: str = "release", **changed) -> TrustedAuthority:
    spec = Notation(
        **{"trust_stores": (TrustStore("ca", "acme"),), "trusted_identities": ("*",), "revocation": "Skip", **changed}
    )
    return TrustedAuthority(name, Authority(name=name, notation=spec), (("notation.trustStores[0]", signer.root.pem),))


def verify(*signatures, policy=None, target=TARGET, **others):
    policy = policy or VerificationPolicy.of(authority())
    return signing.verify(TARGET.digest, signatures, policy=policy, target=target, **others)


def refusal(*signatures, **options) -> Stalled:
    with pytest.raises(Stalled) as refused:
        verify(*signatures, **options)
    return refused.value


@pytest.mark.parametrize("kind", [JWS, COSE])
def test_the_result_names_the_subject_of_the_signer(kind):
    (signed,) = verify(of(ALICE, kind)).verified_by

    assert (signed.authority, signed.format, signed.identity) == ("release", "notation", LEAF)


def test_a_stranger_is_refused_with_the_reason():
    error = refusal(of(MALLORY))

    assert error.reason is Reason.SIGNATURE_UNTRUSTED
    assert "none of its chain is in a trust store of type ca" in error.message


def test_a_signature_of_another_artifact_is_called_so():
    other = replace(TARGET, digest=signing.OTHER)
    with pytest.raises(Stalled) as refused:
        policy = VerificationPolicy.of(authority())
        signing.verify(other.digest, [of(ALICE)], policy=policy, target=other)

    assert refused.value.reason is Reason.SIGNATURE_OF_ANOTHER_ARTIFACT


def test_without_the_descriptor_nothing_is_believed():
    assert "which are not known here" in refusal(of(ALICE), target=None).message


def test_a_key_is_not_asked_of_an_envelope_nor_a_trust_store_of_a_bundle():
    keys = signing.policy_of(signing.ALICE)

    assert "is a signature of the Notary Project, which is not asked for" in refusal(of(ALICE), policy=keys).message
    for make in (signing.cosign, signing.bundle):
        with pytest.raises(Stalled, match="not a signature of the Notary Project"):
            signing.verify(signing.ARTIFACT, [make()], policy=VerificationPolicy.of(authority()))


def test_where_the_repository_must_be_named_an_envelope_does_not_do():
    strict = signing.naming_the_repository(VerificationPolicy.of(authority(), signing.BOB.authority()))

    assert "names no repository" in refusal(of(ALICE), policy=strict, repository=REPOSITORY).message


def test_audit_verifies_nobody_who_is_not_trusted():
    audit = VerificationPolicy.of(authority(level="audit"))

    assert "which is only logged" in refusal(of(MALLORY), policy=audit).message
    assert verify(of(ALICE), policy=audit).verified_by


def test_what_is_only_logged_is_a_warning_of_the_result():
    lenient = VerificationPolicy.of(authority(level="permissive"))
    (warning,) = verify(of(ALICE), policy=lenient, now=NOW + timedelta(days=999)).warnings

    assert "expired at" in warning


def test_required_metadata_is_required():
    assert (
        "is required" in refusal(of(ALICE), policy=VerificationPolicy.of(authority(user_metadata={"a": "b"}))).message
    )


def test_trust_material_that_cannot_be_used_is_an_error_of_the_policy():
    broken = TrustedAuthority("release", authority().spec, (("notation.trustStores[0]", b"no"),))

    assert refusal(of(ALICE), policy=VerificationPolicy.of(broken)).reason is Reason.KEY_INVALID


# --- revocation -----------------------------------------------------------------------------------------------------


def asked(*signatures, policy, target=TARGET):
    return revocation_checks(signatures, policy=policy, target=target, now=NOW)


CHECKED = VerificationPolicy.of(authority(REVOCABLE, revocation="Check"))


def test_only_signatures_that_hold_are_asked_about_and_each_once():
    signed = of(REVOCABLE)
    (check,) = asked(signed, signed, of(ALICE), signing.cosign(), policy=CHECKED)

    assert (check.certificate, check.crls) == (REVOCABLE.leaf.certificate, (URL,))
    assert asked(of(REVOCABLE), policy=VerificationPolicy.of(authority(REVOCABLE))) == ()
    assert asked(of(REVOCABLE), policy=VerificationPolicy.of(authority(revocation="Check"))) == ()
    assert asked(of(REVOCABLE), policy=CHECKED, target=None) == ()


@pytest.mark.parametrize("kind", [JWS, COSE])
def test_the_answer_decides_and_says_when_to_ask_again(kind):
    (check,) = asked(of(REVOCABLE), policy=CHECKED)
    good = crl(by=REVOCABLE.root, this=NOW, until=TOMORROW)
    bad = crl(REVOCABLE.leaf, by=REVOCABLE.root, this=NOW, until=TOMORROW)

    def judged(content):
        return verify(of(REVOCABLE, kind), policy=CHECKED, answers={check: RevocationAnswer(crls={URL: content})})

    assert judged(good).until == TOMORROW
    for content, reason in ((bad, "which was revoked at"), (b"no", "which may have been revoked")):
        with pytest.raises(Stalled, match=reason):
            judged(content)
    assert "which may have been revoked" in refusal(of(REVOCABLE, kind), policy=CHECKED).message


@pytest.mark.parametrize(
    ("content", "is_known"),
    [(crl(REVOCABLE.leaf, by=REVOCABLE.root, this=NOW, until=TOMORROW), True), (b"no", False)],
    ids=["revoked", "unknown"],
)
def test_where_it_is_not_known_whether_who_signed_is_revoked_nobody_is_told_to_sign(content, is_known):
    (check,) = asked(of(REVOCABLE), policy=CHECKED)
    answers = {check: RevocationAnswer(crls={URL: content})}
    with pytest.raises(Untrusted) as refusal:
        verify(of(REVOCABLE), policy=CHECKED, answers=answers)

    error = undecided(refusal.value, answers, now=NOW)

    assert ("`notation sign " in error.message) is is_known
    assert error.reason is (refusal.value.reason if is_known else Reason.REVOCATION_UNKNOWN)
    assert "which " in error.message

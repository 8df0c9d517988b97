"""A signature counts when it is intact, by somebody whom the policy trusts, for this artifact, and in force."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from tests.verify import pki
from tests.verify.notary import (
    ALICE,
    AUTHORITY,
    COSE,
    JWS,
    LEAVE_OUT,
    MALLORY,
    OTHER,
    STAMP,
    TARGET,
    Notary,
    accepted,
    cose_with,
    descriptor,
    judge,
    jws_with,
    read_or_reason,
    rejection,
    trusting,
    with_revocation,
)
from tests.verify.pki import CODE_SIGNING, NOW, YEAR
from tests.verify.tsa import Tsa

from pattern_operator.verify.notation import Level, StoreType, TimestampMode, revocation_checks
from pattern_operator.verify.outcome import NotationSigner, UnauthenticatedSigner, Verified
from pattern_operator.verify.parsed_signature import Rejection

TSA = Tsa.make()
SECOND = timedelta(seconds=1)
KINDS = pytest.mark.parametrize("kind", [JWS, COSE], ids=["jws", "cose"])


# --- what holds -------------------------------------------------------------------------------------------------------


@KINDS
def test_a_signature_tells_who_signed(kind):
    leaf = ALICE.leaf.certificate

    assert accepted(ALICE.sign(kind), kind) == Verified(
        NotationSigner("CN=signer,O=Notary,ST=WA,C=US", leaf.fingerprint, leaf.key_fingerprint)
    )


@KINDS
@pytest.mark.parametrize(
    "key",
    [
        *(ec.generate_private_key(curve()) for curve in (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)),
        *(pki.rsa_key(bits) for bits in (2048, 3072, 4096)),
    ],
    ids=["P-256", "P-384", "P-521", "2048", "3072", "4096"],
)
def test_each_key_has_its_algorithm(kind, key):
    signer = Notary.make(key)

    accepted(signer.sign(kind), kind, authority=signer.authority())


@KINDS
def test_a_self_signed_leaf_may_be_trusted_itself(kind):
    alone = Notary.alone()

    accepted(alone.sign(kind), kind, authority=alone.authority())
    assert "none of its chain is in a trust store" in rejection(alone.sign(kind), kind)


@KINDS
def test_any_certificate_of_the_chain_may_be_trusted(kind):
    for trusted in ALICE.above:
        accepted(ALICE.sign(kind), kind, authority=trusting((StoreType.CA, trusted)))


@KINDS
def test_the_signed_annotations_are_told_and_may_be_required(kind):
    payload = json.dumps({"targetArtifact": descriptor(annotations={"version": "1.4", "build": "7"})}).encode()
    signed = ALICE.sign(kind, payload=payload)

    assert accepted(signed, kind).annotations == {"version": "1.4", "build": "7"}
    accepted(signed, kind, authority=ALICE.authority(user_metadata={"version": "1.4"}))
    for name, value in (("version", "1.5"), ("other", "1.4")):
        assert "is required" in rejection(signed, kind, authority=ALICE.authority(user_metadata={name: value}))


@KINDS
def test_a_signature_holds_until_just_before_it_expires(kind):
    signed = ALICE.sign(kind, expiry=NOW)

    accepted(signed, kind, now=NOW - timedelta(microseconds=1))
    for late in (NOW, NOW + SECOND):
        assert "expired at 2026-05-01T12:00:00Z, as its signer set it" in rejection(signed, kind, now=late)


# --- whom it is by ----------------------------------------------------------------------------------------------------


@KINDS
def test_who_is_not_in_the_trust_store_is_refused(kind):
    assert "none of its chain is in a trust store of type ca" in rejection(MALLORY.sign(kind), kind)


@KINDS
def test_a_trust_store_of_another_type_is_not_asked(kind):
    signed, authority = ALICE.sign(kind), ALICE.sign(kind, scheme=AUTHORITY)

    assert "type ca" in rejection(signed, kind, authority=ALICE.authority(kind=StoreType.SIGNING_AUTHORITY))
    assert "type signingAuthority" in rejection(authority, kind)
    assert accepted(authority, kind, authority=ALICE.authority(kind=StoreType.SIGNING_AUTHORITY)).signed_at


@KINDS
@pytest.mark.parametrize(
    "identities, trusted",
    [
        (["x509.subject: C=US, ST=WA, O=Notary"], True),
        (["x509.subject:CN=signer,O=Notary,ST=WA,C=US"], True),
        (["x509.subject: C=US, ST=WA, O=Other", "x509.subject: C=US, ST=WA, O=Notary"], True),
        (["x509.subject: C=US, ST=WA, O=Notary, CN=other"], False),
        (["x509.subject: C=US, ST=WA, O=Notary, OU=any"], False),
        (["x509.subject: C=US, ST=WA, O=notary"], False),
    ],
    ids=range(6),
)
def test_the_subject_must_have_what_a_trusted_identity_has(kind, identities, trusted):
    found = judge(ALICE.sign(kind), kind, authority=ALICE.authority(identities=identities))

    assert isinstance(found, Verified) == trusted
    if isinstance(found, Rejection):
        assert "which is not one of the trusted identities" in found.why


@KINDS
def test_a_subject_with_an_attribute_twice_is_nobody(kind):
    twice = Notary.make(subject="C=US,ST=WA,O=Notary,O=Other,CN=signer")
    named = twice.authority(identities=["x509.subject: C=US, ST=WA, O=Notary"])

    assert "not one of the trusted identities" in rejection(twice.sign(kind), kind, authority=named)


# --- the artifact -----------------------------------------------------------------------------------------------------


@KINDS
def test_a_signature_of_another_artifact_says_which(kind):
    found = judge(ALICE.sign(kind), kind, target=OTHER)

    assert isinstance(found, Rejection)
    assert (found.about_another, found.key_is_right) == (TARGET.digest, True)
    assert found.why == f"signs {TARGET.digest}"


@KINDS
@pytest.mark.parametrize("changed", [{"size": 529}, {"media_type": "application/vnd.oci.image.index.v1+json"}])
def test_size_and_media_type_must_be_those_that_are_signed(kind, changed):
    assert "and it " in rejection(ALICE.sign(kind), kind, target=replace(TARGET, **changed))


@KINDS
@pytest.mark.parametrize(
    "payload, reason",
    [
        (b"", "payload"),
        (b"[]", "is not a JSON object"),
        (b"{}", "has no object targetArtifact"),
        ({"targetArtifact": []}, "has no object targetArtifact"),
        ({"targetArtifact": descriptor(), "also": 1}, "has a payload with 'also', which is not understood"),
        ({"targetArtifact": descriptor(data="AA==")}, "has a payload with 'data', which is not understood"),
        ({"targetArtifact": descriptor(digest=LEAVE_OUT)}, "without media type, digest and size"),
        ({"targetArtifact": descriptor(mediaType=7)}, "without media type, digest and size"),
        ({"targetArtifact": descriptor(size="528")}, "without media type, digest and size"),
        ({"targetArtifact": descriptor(size=528.0)}, "without media type, digest and size"),
        ({"targetArtifact": descriptor(size=True)}, "without media type, digest and size"),
        ({"targetArtifact": descriptor(digest="md5:00")}, "signs 'md5:00', which is not a digest that is known"),
        ({"targetArtifact": descriptor(annotations={"a": 1})}, "annotations that are not a map of strings"),
        (json.dumps({"targetArtifact": descriptor()})[:-1].encode() + b',"targetArtifact":{}}', "same name twice"),
    ],
    ids=range(14),
)
def test_a_payload_is_one_descriptor_and_nothing_else(kind, payload, reason):
    content = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    if content == b"" and kind == COSE:
        reason = "is not valid JSON"

    assert reason in rejection(ALICE.sign(kind, payload=content), kind)


def test_a_descriptor_may_say_what_image_spec_lets_it_say():
    stated = descriptor(artifactType="a/b", urls=["https://a"], platform={"os": "linux", "architecture": "arm64"})

    accepted(ALICE.jws(payload=json.dumps({"targetArtifact": stated}).encode()), JWS)


# --- the time of signing ----------------------------------------------------------------------------------------------

SHORT = Notary.make(not_before=NOW - timedelta(days=2), not_after=NOW - timedelta(days=1))
THEN = NOW - timedelta(days=1, hours=1)


@KINDS
def test_without_a_tsa_the_chain_must_be_valid_now(kind):
    signed = SHORT.sign(kind, stamped_by=TSA, stamp={"time": THEN})

    assert accepted(signed, kind, authority=SHORT.authority(), now=NOW - timedelta(days=1)).signed_at == ()
    assert "expired at" in rejection(signed, kind, authority=SHORT.authority())
    assert "is valid from" in rejection(signed, kind, authority=SHORT.authority(), now=NOW - timedelta(days=3))


@KINDS
@pytest.mark.parametrize("mode", TimestampMode)
def test_a_timestamp_keeps_a_signature_valid_whose_certificate_expired(kind, mode):
    authority = SHORT.authority(tsas=[TSA], verify_timestamp=mode)
    signed = SHORT.sign(kind, stamped_by=TSA, stamp={"time": THEN})

    assert accepted(signed, kind, authority=authority).signed_at == (THEN,)


@KINDS
@pytest.mark.parametrize(
    "options, reason",
    [
        ({}, "has no timestamp"),
        ({"stamped_by": Tsa.make(), "stamp": {"time": THEN}}, "does not lead to a trusted root"),
        ({"stamped_by": TSA, "stamp": {"time": THEN, "message": b"another"}}, "was made for another message"),
        ({"stamped_by": TSA, "stamp": {"time": NOW}}, "expired at"),
        ({"stamped_by": TSA, "stamp": {"time": NOW - timedelta(days=1)}}, "expired at"),  # less the accuracy
        ({"stamped_by": TSA, "stamp": {"time": NOW - timedelta(days=2)}}, "is valid from"),
        ({"unprotected": {STAMP: "AA=="}}, "that is not CMS signed data"),
    ],
    ids=range(7),
)
def test_a_timestamp_that_is_looked_at_must_be_good(kind, options, reason):
    if kind == COSE and STAMP in options.get("unprotected", {}):
        options = {"unprotected": {STAMP: b"\0"}}
    authority = SHORT.authority(tsas=[TSA])

    assert reason in rejection(SHORT.sign(kind, **options), kind, authority=authority)


@KINDS
def test_a_timestamp_is_not_looked_at_before_it_is_needed(kind):
    late = ALICE.authority(tsas=[TSA], verify_timestamp=TimestampMode.AFTER_CERTIFICATE_EXPIRY)

    accepted(ALICE.sign(kind, unprotected={STAMP: "AA==" if kind == JWS else b"\0"}), kind, authority=late)
    assert "has no timestamp" in rejection(ALICE.sign(kind), kind, authority=ALICE.authority(tsas=[TSA]))
    assert "has no timestamp" in rejection(ALICE.sign(kind), kind, authority=late, now=NOW + 2 * YEAR)


@KINDS
def test_a_signing_authority_vouches_for_the_time_itself(kind):
    authority = SHORT.authority(kind=StoreType.SIGNING_AUTHORITY, tsas=[TSA])
    signed = SHORT.sign(kind, scheme=AUTHORITY, signing_time=THEN)

    assert accepted(signed, kind, authority=authority).signed_at == (THEN,)
    for time, reason in ((NOW, "expired at"), (NOW - timedelta(days=2, seconds=1), "is valid from")):
        assert reason in rejection(SHORT.sign(kind, scheme=AUTHORITY, signing_time=time), kind, authority=authority)


# --- levels -----------------------------------------------------------------------------------------------------------


@KINDS
def test_permissive_only_warns_of_expiry_and_time(kind):
    authority = SHORT.authority(tsas=[TSA], level=Level.PERMISSIVE)
    found = accepted(SHORT.sign(kind, signing_time=THEN, expiry=THEN + SECOND), kind, authority=authority)

    assert isinstance(found.signer, NotationSigner)
    assert found.warnings == ("expired at 2026-04-30T11:00:01Z, as its signer set it", "has no timestamp")


@KINDS
@pytest.mark.parametrize(
    "options",
    [
        {"scheme": AUTHORITY, "signing_time": NOW},
        {"scheme": AUTHORITY, "signing_time": NOW - timedelta(days=3)},
        {"stamped_by": TSA, "stamp": {"time": NOW}},
    ],
    ids=["authority, too late", "authority, too early", "TSA, too late"],
)
def test_a_time_that_is_only_logged_to_be_wrong_is_no_time(kind, options):
    store = StoreType.SIGNING_AUTHORITY if "scheme" in options else StoreType.CA
    authority = SHORT.authority(kind=store, tsas=[TSA], level=Level.PERMISSIVE)
    found = accepted(SHORT.sign(kind, **options), kind, authority=authority)

    assert (len(found.warnings), found.signed_at) == (1, ())


@KINDS
def test_audit_takes_no_time_from_a_stranger(kind):
    audit = ALICE.authority(kind=StoreType.SIGNING_AUTHORITY, level=Level.AUDIT)

    assert accepted(MALLORY.sign(kind, scheme=AUTHORITY), kind, authority=audit).signed_at == ()


@KINDS
def test_permissive_enforces_everything_else(kind):
    permissive = ALICE.authority(level=Level.PERMISSIVE, user_metadata={"a": "b"})

    assert "none of its chain" in rejection(MALLORY.sign(kind), kind, authority=permissive)
    assert "is required" in rejection(ALICE.sign(kind), kind, authority=permissive)
    assert "signs sha256" in rejection(ALICE.sign(kind), kind, authority=permissive, target=OTHER)


@KINDS
def test_audit_never_calls_a_stranger_verified(kind):
    found = accepted(MALLORY.sign(kind), kind, authority=ALICE.authority(level=Level.AUDIT))

    assert found.signer == UnauthenticatedSigner("CN=signer,O=Notary,ST=WA,C=US")
    assert "none of its chain is in a trust store of type ca" in found.warnings[0]


@KINDS
def test_audit_enforces_integrity_and_artifact(kind):
    audit = ALICE.authority(level=Level.AUDIT, user_metadata={"a": "b"})
    changed = jws_with(ALICE.jws(), signature="AAAA") if kind == JWS else cose_with(ALICE.cose(), 3, b"\0")

    assert "does not fit" in rejection(changed, kind, authority=audit)
    assert "is required" in rejection(MALLORY.sign(kind), kind, authority=audit)
    stranger = judge(MALLORY.sign(kind), kind, authority=audit, target=OTHER)
    assert isinstance(stranger, Rejection)
    assert (stranger.about_another, stranger.key_is_right) == (None, False)


# --- revocation -------------------------------------------------------------------------------------------------------


def pointing(*urls):
    points = [x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None) for url in urls]
    return (x509.CRLDistributionPoints(points), False)


def test_who_is_not_trusted_does_not_choose_what_is_asked():
    revocable = Notary.make(extensions=[*CODE_SIGNING, pointing("http://crl.example/a")])
    envelope = read_or_reason(revocable.jws(), JWS)
    assert not isinstance(envelope, str)

    def urls(authority, target=TARGET):
        return [url for check in revocation_checks(envelope, target, authority, NOW) for url in check.crls]

    assert urls(with_revocation(revocable.authority())) == ["http://crl.example/a"]
    assert urls(revocable.authority()) == []
    assert urls(with_revocation(revocable.authority()), OTHER) == []
    assert urls(with_revocation(ALICE.authority())) == []
    assert urls(with_revocation(ALICE.authority(level=Level.AUDIT))) == []


def test_what_is_not_answered_fails_where_it_is_enforced():
    revocable = Notary.make(extensions=[*CODE_SIGNING, pointing("http://crl.example/a")])
    unknown = "which may have been revoked: it has not been asked for"

    assert unknown in rejection(revocable.jws(), JWS, authority=with_revocation(revocable.authority()))
    lenient = with_revocation(revocable.authority(level=Level.PERMISSIVE))
    assert unknown in accepted(revocable.jws(), JWS, authority=lenient).warnings[0]

"""An envelope is read as it was signed, or not at all; what is signed cannot be changed, nor read in two ways."""

import json
import tracemalloc
from datetime import timedelta

import cbor2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.cputime import cpu_time
from tests.examples import examples
from tests.verify import pki
from tests.verify.notary import (
    ALICE,
    AUTHENTIC,
    AUTHORITY,
    COSE,
    EXPIRY,
    JWS,
    LEAVE_OUT,
    OTHER,
    PREFIX,
    SCHEME,
    STAMP,
    TIME,
    Notary,
    accepted,
    b64,
    b64url,
    cose_with,
    descriptor,
    judge,
    jws_with,
    rejection,
)
from tests.verify.pki import NOW, YEAR
from tests.verify.tsa import Tsa

from pattern_operator.limits import MAX_CHAIN, MAX_SIGNATURE_BLOB
from pattern_operator.verify.notation import StoreType
from pattern_operator.verify.parsed_signature import Rejection

TSA = Tsa.make()
SECOND = timedelta(seconds=1)
KINDS = pytest.mark.parametrize("kind", [JWS, COSE], ids=["jws", "cose"])


# --- integrity --------------------------------------------------------------------------------------------------------


def test_what_is_signed_cannot_be_changed_afterwards():
    changes = {"payload": json.dumps({"targetArtifact": descriptor(OTHER)}).encode(), "expiry": NOW + YEAR}
    other = json.loads(ALICE.jws(**changes))
    for name in ("payload", "protected", "signature"):
        assert "does not fit the certificate in it" in rejection(jws_with(ALICE.jws(), **{name: other[name]}), JWS)

    for place, name in ((0, "protected"), (2, "payload"), (3, "signature")):
        value = cbor2.loads(ALICE.cose(**changes)).value[place]
        assert "does not fit the certificate in it" in rejection(cose_with(ALICE.cose(), place, value), COSE), name


@KINDS
@pytest.mark.parametrize("named", ["ES384", "PS256"])
def test_an_algorithm_that_does_not_belong_to_the_key_is_refused(kind, named):
    assert "does not fit the certificate in it" in rejection(ALICE.sign(kind, protected={"alg": named}), kind)


@KINDS
@pytest.mark.parametrize("named", ["none", "HS256", "RS256", "EdDSA", "ps256", 256, None, ["ES256"], LEAVE_OUT])
def test_an_algorithm_that_is_not_used_is_refused(kind, named):
    assert "is not used" in rejection(ALICE.sign(kind, protected={"alg": named}), kind)


@KINDS
def test_an_ecdsa_signature_in_der_is_refused(kind):
    der = ALICE.leaf.key.sign(b"x", ec.ECDSA(hashes.SHA256()))
    changed = jws_with(ALICE.jws(), signature=b64url(der)) if kind == JWS else cose_with(ALICE.cose(), 3, der)

    assert "does not fit the certificate in it" in rejection(changed, kind)


@KINDS
@pytest.mark.parametrize("key", [pki.rsa_key(1024), pki.rsa_key(2560), ed25519.Ed25519PrivateKey.generate()])
def test_a_key_that_a_signer_may_not_have_is_refused(kind, key):
    signer = Notary.make(key)

    assert "does not fit the certificate in it" in rejection(signer.sign(kind), kind, authority=signer.authority())


# --- the envelope -----------------------------------------------------------------------------------------------------


@KINDS
@pytest.mark.parametrize(
    "options, reason",
    [
        ({"protected": {"cty": "application/json"}}, "signs a payload of type"),
        ({"protected": {"cty": LEAVE_OUT}}, "signs a payload of type nothing"),
        ({"protected": {SCHEME: "notary.x509.other"}}, "has the signing scheme 'notary.x509.other'"),
        ({"protected": {SCHEME: 7}}, "has the signing scheme"),
        ({"protected": {SCHEME: LEAVE_OUT}}, "has the signing scheme nothing"),
        ({"protected": {"crit": []}}, "list of critical attributes"),
        ({"protected": {"crit": [EXPIRY]}}, "does not have"),
        ({"expiry": NOW + timedelta(hours=1), "protected": {"crit": [EXPIRY]}}, f"does not mark {SCHEME} as critical"),
        ({"protected": {"crit": [SCHEME, SCHEME]}}, "names a critical attribute twice"),
        ({"protected": {"crit": [SCHEME, 7]}}, "or one that is not text"),
        (
            {"protected": {"crit": [SCHEME, "some"], "some": 1}},
            "has a critical attribute 'some' that is not",
        ),
        ({"protected": {"crit": [SCHEME, EXPIRY]}}, f"names a critical attribute {EXPIRY} that it does not have"),
        ({"protected": {"crit": [SCHEME]}, "expiry": NOW + YEAR}, f"does not mark {EXPIRY} as critical"),
        ({"protected": {"crit": [SCHEME]}, "scheme": AUTHORITY}, f"does not mark {AUTHENTIC} as critical"),
        ({"protected": {TIME: LEAVE_OUT}}, f"does not have {TIME}"),
        ({"protected": {AUTHENTIC: LEAVE_OUT, "crit": [SCHEME]}, "scheme": AUTHORITY}, f"does not have {AUTHENTIC}"),
        ({"protected": {TIME: "x"}, "scheme": AUTHORITY}, f"and not {TIME}"),
        ({"protected": {AUTHENTIC: "x"}}, f"and not {AUTHENTIC}"),
        ({"protected": {f"{PREFIX}verificationPlugin": "a"}}, "asks for a verification plugin"),
        ({"protected": {f"{PREFIX}verificationPluginMinVersion": "1"}}, "asks for a verification plugin"),
        ({"expiry": NOW - timedelta(hours=1)}, "expires before it was made"),
        ({"protected": {TIME: "yesterday"}}, "has "),
        ({"protected": {TIME: 7}}, "has "),
        ({"chain": []}, f"does not have 1 to {MAX_CHAIN} certificates"),
        ({"chain": [ALICE.leaf.certificate.der] * (MAX_CHAIN + 1)}, f"does not have 1 to {MAX_CHAIN} certificates"),
        ({"chain": [b"\x30\x00"]}, "has a certificate that is not a valid X.509 certificate"),
        ({"unprotected": {"crit": [SCHEME], 2: [SCHEME]}}, "in both of its headers"),
        ({"unprotected": {SCHEME: "notary.x509"}}, "in both of its headers"),
        ({"payload": b""}, "payload"),
    ],
    ids=range(29),
)
def test_an_envelope_that_is_wrong_in_one_way_is_refused(kind, options, reason):
    if kind == COSE and (options.get("unprotected") or {}).get("crit"):
        options = {"unprotected": {2: [SCHEME]}}
    if kind == JWS and (options.get("unprotected") or {}).get("crit"):
        options = {"unprotected": {"crit": [SCHEME]}}
    if kind == COSE and options.get("payload") == b"":
        reason = "is not valid JSON"

    assert reason in rejection(ALICE.sign(kind, **options), kind)


@KINDS
@pytest.mark.parametrize("scheme", ["notary.x509", AUTHORITY])
def test_what_need_not_be_understood_does_not_matter(kind, scheme):
    signed = ALICE.sign(
        kind,
        scheme=scheme,
        protected={"com.example.note": "hello"},
        unprotected={f"{PREFIX}signingAgent": "test/1", "com.example.other": [1]},
    )
    trusted = StoreType.CA if scheme == "notary.x509" else StoreType.SIGNING_AUTHORITY

    accepted(signed, kind, authority=ALICE.authority(kind=trusted))


@pytest.mark.parametrize("name", ["alg", "crit", "cty", SCHEME, EXPIRY, AUTHENTIC])
@KINDS
def test_what_belongs_into_the_signed_header_may_not_stand_outside(kind, name):
    label = {"alg": 1, "crit": 2, "cty": 3}.get(name, name) if kind == COSE else name
    signed = ALICE.sign(kind, protected={name: LEAVE_OUT}, unprotected={label: [SCHEME]})

    assert "outside of what is signed" in rejection(signed, kind)


@pytest.mark.parametrize("name", ["signingAgent", "SigningAgent"])
@pytest.mark.parametrize("value", [7, None, {}])
@KINDS
def test_a_signing_agent_is_text(kind, value, name):
    assert "signing agent that is not text" in rejection(ALICE.sign(kind, unprotected={PREFIX + name: value}), kind)


GOOD = ALICE.jws()
PADDED = json.loads(GOOD)["payload"] + "="


@pytest.mark.parametrize(
    "content, reason",
    [
        (b"", "is not valid JSON"),
        (b"[]", "is not a JSON object"),
        (GOOD + b" {}", "is not valid JSON"),
        (GOOD[:-1] + b', "payload": "e30"}', "has the same name twice"),
        (jws_with(GOOD, signatures=[]), "does not have just the members"),
        (ALICE.jws(envelope={"header": LEAVE_OUT}), "does not have just the members"),
        (jws_with(GOOD, Payload="e30"), "does not have just the members"),
        (jws_with(GOOD, payload=7), "has no text 'payload'"),
        (jws_with(GOOD, payload=PADDED), "has a 'payload' that is not"),
        (jws_with(GOOD, signature=json.loads(GOOD)["signature"] + "\n"), "has a 'signature' that is not"),
        (jws_with(GOOD, signature="+/+/"), "has a 'signature' that is not"),
        (jws_with(GOOD, payload="e31"), "has a 'payload' that is not canonical"),
        (jws_with(GOOD, protected=b64url(b'{"alg":"ES256","alg":"ES256"}')), "has the same name twice"),
        (jws_with(GOOD, protected=b64url(b"[]")), "is not a JSON object"),
        (jws_with(GOOD, header=[]), "has no object 'header'"),
        (ALICE.jws(unprotected={"x5c": LEAVE_OUT}), "has no list 'x5c'"),
        (ALICE.jws(unprotected={"x5c": [7]}), "has a 'x5c' that is not text"),
        (ALICE.jws(unprotected={"x5c": [b64url(b"\xff" * 4)]}), "has a 'x5c' that is not base64"),
        (ALICE.jws(unprotected={STAMP: 7}), f"has a '{STAMP}' that is not text"),
        (ALICE.jws(protected={TIME: "2026-05-01T12:00:00"}), "is not one of RFC 3339"),
        (ALICE.jws(protected={TIME: "2026-05-01 12:00:00Z"}), "is not one of RFC 3339"),
        (ALICE.jws(protected={TIME: "2026-13-01T12:00:00Z"}), "which does not exist"),
        (ALICE.jws(protected={TIME: "0001-01-01T00:00:00+23:59"}), "which does not exist"),
        (ALICE.cose(), "is not UTF-8"),
    ],
    ids=range(24),
)
def test_what_is_not_a_jws_envelope_is_refused(content, reason):
    assert reason in rejection(content, JWS)


def test_a_time_may_have_an_offset_and_fractions():
    early = ALICE.jws(expiry=NOW, protected={EXPIRY: "2026-05-01T14:00:00.5+02:00"})

    accepted(early, JWS, now=NOW)
    assert "expired at" in rejection(early, JWS, now=NOW + SECOND)


ENVELOPE = ALICE.cose()


def tagged(tag, value):
    return cbor2.dumps(cbor2.CBORTag(tag, value))


@pytest.mark.parametrize(
    "content, reason",
    [
        (b"", "ends too early"),
        (ENVELOPE + b"\0", "has bytes after its end"),
        (ENVELOPE[1:], "is not a tagged COSE_Sign1"),
        (ALICE.cose(envelope={"tag": 98}), "is not a tagged COSE_Sign1"),
        (b"\xd8\x12" + ENVELOPE[1:], "is not written in the shortest way"),
        (b"\xd2\x9f" + ENVELOPE[2:] + b"\xff", "has an item of indefinite length"),
        (ALICE.cose(envelope={"signature": LEAVE_OUT}), "does not have the four parts"),
        (ALICE.cose(envelope={"more": b""}), "does not have the four parts"),
        (ALICE.cose(envelope={"payload": None}), "does not have the four parts"),
        (ALICE.cose(envelope={"protected": {}}), "does not have the four parts"),
        (ALICE.cose(envelope={"protected": b""}), "ends too early"),
        (ALICE.cose(envelope={"protected": b"\x80"}), "has no protected header"),
        (ALICE.cose(envelope={"protected": b"\xa2\x01\x26\x01\x26"}), "has the same label twice"),
        (ALICE.cose(protected={"crit": "x"}), "has no list of critical attributes"),
        (ALICE.cose(unprotected={33: LEAVE_OUT}), "has no list of certificates"),
        (ALICE.cose(unprotected={33: ALICE.leaf.certificate.der}), "has no list of certificates"),
        (ALICE.cose(unprotected={33: ["x"]}), "has a certificate that is not a byte string"),
        (ALICE.cose(unprotected={STAMP: "x"}), "that is not a byte string"),
        (ALICE.cose(protected={TIME: cbor2.CBORTag(0, "2026-05-01T12:00:00Z")}), "whole seconds"),
        (ALICE.cose(protected={TIME: cbor2.CBORTag(1, True)}), "whole seconds"),
        (ALICE.cose(protected={TIME: cbor2.CBORTag(1, 1.5)}), "is not an integer"),
        (ALICE.cose(protected={TIME: cbor2.CBORTag(1, 2**63)}), "does not exist"),
        (ALICE.jws(), "ends too early"),
    ],
    ids=range(23),
)
def test_what_is_not_a_cose_envelope_is_refused(content, reason):
    assert reason in rejection(content, COSE)


def test_another_media_type_is_not_an_envelope():
    assert "is neither application/jose+json nor application/cose" in rejection(ALICE.jws(), "application/json")


# --- hostile bytes ----------------------------------------------------------------------------------------------------


@settings(max_examples=examples(300))
@given(st.binary(max_size=400), st.sampled_from([JWS, COSE]))
def test_random_bytes_are_refused(content, kind):
    assert isinstance(judge(content, kind), Rejection)


@pytest.mark.parametrize(
    "content, kind",
    [
        (b"[" * MAX_SIGNATURE_BLOB, JWS),
        (b'{"a":' * (MAX_SIGNATURE_BLOB // 5), JWS),
        (b'{"payload":"' + b"e" * (MAX_SIGNATURE_BLOB - 20) + b'"}', JWS),
        (ALICE.jws(unprotected={"x5c": [b64(b"\x30\x84\xff\xff\xff\xff" + b"\0" * 60_000)] * 8}), JWS),
        (b"\x81" * MAX_SIGNATURE_BLOB, COSE),
        (b"\xa1\x01" * (MAX_SIGNATURE_BLOB // 2), COSE),
        (b"\xd2" * MAX_SIGNATURE_BLOB, COSE),
        (b"\xd2\x84\x5a\x00\x0f\xff\x00" + b"\x81" * (MAX_SIGNATURE_BLOB - 7), COSE),
    ],
    ids=range(8),
)
def test_what_is_as_large_as_it_may_be_takes_little_time_and_memory(content, kind):
    tracemalloc.start()
    assert isinstance(judge(content, kind), Rejection)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert most < 16 * 2**20
    assert cpu_time(lambda: isinstance(judge(content, kind), Rejection), enough=0.05) < 0.05


def test_an_offset_has_fewer_than_sixty_minutes():
    late, wrong = "2026-05-01T12:00:00+00:59", "2026-05-01T12:00:00+00:60"

    assert "which is not one of RFC 3339" in rejection(ALICE.sign(JWS, protected={TIME: wrong}), JWS)
    assert not isinstance(judge(ALICE.sign(JWS, protected={TIME: late}), JWS), Rejection)


def test_the_time_of_signing_may_be_critical_in_cose_alone():
    options = {"protected": {"crit": [SCHEME, TIME]}}

    assert f"names {TIME} as critical, which it is not" in rejection(ALICE.sign(JWS, **options), JWS)
    assert not isinstance(judge(ALICE.sign(COSE, **options), COSE), Rejection)

import base64
import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.verify import pki
from tests.verify.signing import (
    ALICE,
    ARTIFACT,
    BOB,
    BUNDLE,
    OTHER,
    SIGNED,
    base64_text,
    bundle,
    bundle_document,
    policy_of,
    statement,
    verify,
)

from pattern_operator.api.artifact import Signature, SignatureFormat
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_REGISTRY_VALUES, MAX_SUBJECTS
from pattern_operator.verify.dsse import pre_authentication_encoding

OLDER_SPELLING = "application/vnd.dev.sigstore.bundle+json;version=0.3"
FILE_SIGNATURE = {"messageDigest": {"algorithm": "SHA2_256", "digest": "QUFB"}, "signature": "QUFB"}
CERTIFICATE = pki.root().issue("CN=Signer", extensions=pki.CODE_SIGNING).certificate.der
ALIKE = Digest(ARTIFACT.algorithm, ARTIFACT.hex[:-1] + ("0" if ARTIFACT.hex[-1] != "0" else "1"))


def refusal_of(signature: Signature) -> Stalled:
    with pytest.raises(Stalled) as refusal:
        verify(ARTIFACT, [signature], policy=policy_of(ALICE))
    return refusal.value


def altered(**fields: Any) -> Signature:
    """A good bundle with other fields at the top; one that is ``...`` is left out."""
    document = bundle_document() | fields
    return bundle({name: value for name, value in document.items() if value is not ...})


def enveloped(**fields: Any) -> Signature:
    """A good bundle with other fields of the envelope; one that is ``...`` is left out."""
    envelope = bundle_document()["dsseEnvelope"] | fields
    return altered(dsseEnvelope={name: value for name, value in envelope.items() if value is not ...})


def signing(document: object) -> Signature:
    """A good bundle around another document."""
    return bundle(bundle_document(document))


def as_url_safe(text: str) -> str:
    return text.translate(str.maketrans("+/", "-_"))


@pytest.mark.parametrize(
    "signature",
    [
        pytest.param(bundle(), id="as cosign writes it"),
        pytest.param(altered(mediaType=OLDER_SPELLING), id="older spelling inside"),
        pytest.param(dataclasses.replace(bundle(), media_type=OLDER_SPELLING), id="older spelling of the layer"),
        pytest.param(altered(verificationMaterial={"publicKey": {}}), id="no hint"),
        pytest.param(altered(messageSignature=None), id="null is absent"),
        pytest.param(
            altered(verificationMaterial={"publicKey": {"hint": "x"}, "certificate": None, "tlogEntries": []}),
            id="no log entries",
        ),
        pytest.param(
            signing(statement(predicate={"any": ["thing"]}, more="ignored")), id="unknown field of the statement"
        ),
        pytest.param(
            signing(statement(subject=[{"digest": {"sha256": OTHER.hex}}, {"digest": {"sha256": ARTIFACT.hex}}])),
            id="second subject",
        ),
        pytest.param(
            signing(statement(subject=[{"name": "web", "digest": {"sha1": "0" * 40, "sha256": ARTIFACT.hex}}])),
            id="second algorithm",
        ),
    ],
)
def test_a_bundle_that_names_the_digest_is_good(signature):
    result = verify(ARTIFACT, [signature], policy=policy_of(ALICE))

    assert len(result.verified_by) == 1


@pytest.mark.parametrize("spelled", [str, as_url_safe], ids=["standard", "url-safe"])
@pytest.mark.parametrize("padded", [str, lambda text: text.rstrip("=")], ids=["padded", "not padded"])
def test_base64_is_read_in_each_way_that_protojson_allows(spelled, padded):
    envelope = bundle_document(statement(predicate={"of": "ÿ>?~~~"}))["dsseEnvelope"]
    envelope["payload"] = padded(spelled(envelope["payload"]))
    envelope["signatures"][0]["sig"] = padded(spelled(envelope["signatures"][0]["sig"]))

    result = verify(ARTIFACT, [altered(dsseEnvelope=envelope)], policy=policy_of(ALICE))

    assert len(result.verified_by) == 1


def test_a_sha512_digest_is_found_among_the_subjects():
    artifact = Digest.of(b"the artifact", "sha512")

    result = verify(artifact, [signing(statement(artifact))], policy=policy_of(ALICE))

    assert len(result.verified_by) == 1


def test_the_signed_bytes_are_those_of_the_dsse_protocol():
    encoded = pre_authentication_encoding("{ü}".encode())

    assert encoded == "DSSEv1 28 application/vnd.in-toto+json 4 {ü}".encode()


@pytest.mark.parametrize(
    ("signature", "says"),
    [
        pytest.param(dataclasses.replace(bundle(), media_type="application/json"), "has media type", id="media type"),
        pytest.param(bundle(b""), "is not valid JSON", id="empty"),
        pytest.param(bundle(b"[]"), "is not a JSON object", id="list"),
        pytest.param(bundle(b"{}"), "says that it is nothing", id="nothing in it"),
        pytest.param(
            bundle(json.dumps(bundle_document()).encode()[:-1] + b', "mediaType": "x"}'), "same name twice", id="twice"
        ),
        pytest.param(
            altered(verificationMaterial={"publicKey": {}, "tlogEntries": [0] * MAX_REGISTRY_VALUES}),
            "more than 20000 values",
            id="many values",
        ),
        pytest.param(altered(mediaType=...), "says that it is nothing", id="no version"),
        pytest.param(altered(mediaType=["x"]), "has a 'mediaType' that is not a string", id="version is a list"),
        *[
            pytest.param(altered(mediaType=other), "and not a bundle v0.1, v0.2 or v0.3", id=other)
            for other in [
                "application/vnd.dev.sigstore.bundle+json;version=0.1",
                "application/vnd.dev.sigstore.bundle+json;version=0.2",
                "application/vnd.dev.sigstore.bundle.v0.4+json",
                "application/vnd.dev.sigstore.bundle.v0.3.1+json",
                BUNDLE.upper(),
            ]
        ],
        pytest.param(altered(more=1), "a field 'more'", id="unknown field"),
        pytest.param(altered(dsse_envelope={}), "a field 'dsse_envelope'", id="original protobuf name"),
        pytest.param(altered(verificationMaterial=...), "has no object 'verificationMaterial'", id="no material"),
        pytest.param(altered(verificationMaterial=[]), "that is not an object", id="material is a list"),
        pytest.param(altered(verificationMaterial={}), "exactly one of publicKey", id="material is empty"),
        pytest.param(
            altered(verificationMaterial={"publicKey": {}, "certificate": {}}),
            "exactly one of publicKey",
            id="two materials",
        ),
        pytest.param(
            altered(verificationMaterial={"publicKey": {"key": "x"}}), "a field 'key'", id="key in the bundle"
        ),
        pytest.param(altered(verificationMaterial={"publicKey": "x"}), "that is not an object", id="key is text"),
        pytest.param(altered(dsseEnvelope=...), "exactly one of messageSignature", id="no content"),
        pytest.param(altered(messageSignature=FILE_SIGNATURE), "exactly one of messageSignature", id="two contents"),
        pytest.param(altered(dsseEnvelope="x"), "that is not an object", id="envelope is text"),
        pytest.param(enveloped(more=1), "a field 'more'", id="unknown field of the envelope"),
        pytest.param(enveloped(signatures=...), "exactly one signature", id="no signatures"),
        pytest.param(enveloped(signatures=[]), "exactly one signature", id="empty signatures"),
        pytest.param(enveloped(signatures={"sig": "QUFB"}), "exactly one signature", id="signatures is an object"),
        pytest.param(
            enveloped(signatures=bundle_document()["dsseEnvelope"]["signatures"] * 2), "exactly one signature", id="two"
        ),
        pytest.param(enveloped(signatures=["x"]), "that is not an object", id="signature is text"),
        pytest.param(enveloped(signatures=[{}]), "has no 'sig'", id="signature is empty"),
        pytest.param(enveloped(signatures=[{"sig": 1}]), "has no 'sig'", id="signature is a number"),
        pytest.param(enveloped(signatures=[{"sig": "QUFB", "cert": "x"}]), "a field 'cert'", id="signature with more"),
        pytest.param(enveloped(signatures=[{"sig": "!"}]), "is not base64", id="signature is not base64"),
        pytest.param(enveloped(signatures=[{"sig": "QU\nFB"}]), "is not base64", id="signature has a line break"),
        pytest.param(enveloped(signatures=[{"sig": "+-_/"}]), "is not base64", id="both alphabets"),
        pytest.param(enveloped(signatures=[{"sig": "QQ="}]), "is not base64", id="half of its padding"),
        pytest.param(enveloped(signatures=[{"sig": "QU+_"}]), "is not base64", id="plus and underscore"),
        pytest.param(enveloped(signatures=[{"sig": "QU/-"}]), "is not base64", id="slash and minus"),
        pytest.param(enveloped(signatures=[{"sig": "QR"}]), "not canonical base64", id="unused bits set"),
        pytest.param(
            altered(verificationMaterial={"certificate": {"rawBytes": "QUFB"}}),
            "is not a valid X.509 certificate",
            id="not a certificate",
        ),
        pytest.param(
            altered(verificationMaterial={"x509CertificateChain": {}}), "v0.3 does not have", id="certificate chain"
        ),
        pytest.param(
            bundle(bundle_document(payload_type="application/json")), "type 'application/json'", id="other payload type"
        ),
        pytest.param(enveloped(payloadType=...), "of type nothing", id="no payload type"),
        pytest.param(enveloped(payload=...), "has no 'payload'", id="no payload"),
        pytest.param(enveloped(payload="%"), "is not base64", id="payload is not base64"),
    ],
)
def test_what_is_not_a_bundle_is_refused_as_unreadable(signature, says):
    refusal = refusal_of(signature)

    assert refusal.reason is Reason.SIGNATURE_INVALID
    assert says in refusal.message


@pytest.mark.parametrize(
    ("signature", "says"),
    [
        pytest.param(
            altered(verificationMaterial={"certificate": {"rawBytes": base64_text(CERTIFICATE)}}),
            "with a certificate",
            id="certificate",
        ),
        pytest.param(
            altered(dsseEnvelope=..., messageSignature=FILE_SIGNATURE), "not made with a key", id="signed file"
        ),
        pytest.param(
            bundle(bundle_document(signer=BOB) | {"verificationMaterial": {"publicKey": {"hint": ALICE.pem.decode()}}}),
            "another key",
            id="hint names the key, and another key signed",
        ),
        pytest.param(enveloped(payload=base64_text(b"{}")), "was changed", id="payload swapped"),
        pytest.param(
            enveloped(signatures=[{"sig": base64_text(ALICE.sign(json.dumps(statement()).encode()))}]),
            "was changed",
            id="signed without the encoding of DSSE",
        ),
    ],
)
def test_a_bundle_that_no_required_key_signed_is_untrusted(signature, says):
    refusal = refusal_of(signature)

    assert refusal.reason is Reason.SIGNATURE_UNTRUSTED
    assert says in refusal.message


@pytest.mark.parametrize(
    ("document", "says"),
    [
        pytest.param(statement(_type="https://in-toto.io/Statement/v2"), "Statement/v2", id="newer statement"),
        pytest.param(statement(_type=None), "of type nothing", id="no type"),
        pytest.param(
            statement(predicateType="https://example.org/scan/v1"), "is not an approval", id="other predicate"
        ),
        pytest.param(statement(predicateType=SIGNED + "/"), "is not an approval", id="longer predicate"),
        pytest.param(statement(predicateType=SIGNED.upper()), "is not an approval", id="predicate in capitals"),
        pytest.param(statement(predicateType=[SIGNED]), "has no predicateType", id="predicate is a list"),
        pytest.param(statement(predicateType=None), "has no predicateType", id="no predicate"),
        pytest.param(
            statement(predicate=[0] * MAX_REGISTRY_VALUES), "statement that has more than 20000", id="many values"
        ),
        pytest.param(statement(subject=None), "has no subject", id="no subject"),
        pytest.param(statement(subject=[]), "has no subject", id="empty subject"),
        pytest.param(
            statement(subject={"digest": {"sha256": ARTIFACT.hex}}), "has no subject", id="subject is not a list"
        ),
        pytest.param(statement(subject=[ARTIFACT.hex]), "subject without digest", id="subject is text"),
        pytest.param(statement(subject=[{"name": str(ARTIFACT)}]), "subject without digest", id="digest in the name"),
        pytest.param(statement(subject=[{"digest": str(ARTIFACT)}]), "subject without digest", id="digest is text"),
        pytest.param(
            statement(subject=[{"digest": {"sha256": ARTIFACT.hex}}] * (MAX_SUBJECTS + 1)), "subjects", id="too many"
        ),
        pytest.param(statement(subject=[{"digest": {}}]), "signs no digest", id="empty digest"),
        pytest.param(statement(subject=[{"digest": {"sha1": "0" * 40}}]), "signs no digest", id="SHA-1"),
        pytest.param(statement(subject=[{"digest": {"sha256": None}}]), "signs no digest", id="digest is null"),
        pytest.param(
            statement(subject=[{"digest": {"sha512": ARTIFACT.hex}}]),
            "signs no digest",
            id="digest of another algorithm",
        ),
        pytest.param(
            statement(subject=[{"digest": {"sha256": ARTIFACT.hex.upper()}}]),
            "signs no digest",
            id="digest in capitals",
        ),
        pytest.param([statement()], "is not a JSON object", id="list"),
        pytest.param(b"not JSON", "is not valid JSON", id="no JSON"),
        pytest.param(
            json.dumps(statement(OTHER)).encode()[:-1] + b', "subject": []}', "same name twice", id="subject twice"
        ),
    ],
)
def test_a_statement_that_does_not_approve_the_digest_is_refused_though_the_signature_is_good(document, says):
    refusal = refusal_of(signing(document))

    assert refusal.reason is Reason.SIGNATURE_UNTRUSTED
    assert says in refusal.message


@pytest.mark.parametrize(
    "another", [OTHER, ALIKE, Digest.of(b"the artifact", "sha512")], ids=["other", "alike", "sha512"]
)
def test_a_statement_about_another_digest_is_of_another_artifact(another):
    refusal = refusal_of(signing(statement(another)))

    assert refusal.reason is Reason.SIGNATURE_OF_ANOTHER_ARTIFACT
    assert str(another) in refusal.message


def test_as_many_subjects_as_the_limit_are_read():
    subjects = [{"digest": {"sha256": OTHER.hex}}] * (MAX_SUBJECTS - 1) + [{"digest": {"sha256": ARTIFACT.hex}}]

    result = verify(ARTIFACT, [signing(statement(subject=subjects))], policy=policy_of(ALICE))

    assert len(result.verified_by) == 1


PAYLOAD = base64.b64decode(bundle_document()["dsseEnvelope"]["payload"])
SIGNATURE = base64.b64decode(bundle_document()["dsseEnvelope"]["signatures"][0]["sig"])
GOOD = bundle().payload


@given(place=st.integers(0, len(PAYLOAD) - 1), flip=st.integers(1, 255))
def test_one_changed_byte_of_the_statement_is_refused(place, flip):
    changed = bytearray(PAYLOAD)
    changed[place] ^= flip

    refusal = refusal_of(enveloped(payload=base64_text(bytes(changed))))

    assert refusal.reason is Reason.SIGNATURE_UNTRUSTED


@given(place=st.integers(0, len(SIGNATURE) - 1), flip=st.integers(1, 255))
def test_one_changed_byte_of_the_signature_is_refused(place, flip):
    message = pre_authentication_encoding(PAYLOAD)
    changed = bytearray(ALICE.sign(message))
    changed[place % len(changed)] ^= flip

    refusal = refusal_of(enveloped(signatures=[{"sig": base64_text(bytes(changed))}]))

    assert refusal.reason is Reason.SIGNATURE_UNTRUSTED


@given(content=st.binary())
def test_no_bytes_verify_or_raise_anything_but_a_refusal(content):
    refusal = refusal_of(bundle(content or b" "))

    assert refusal.reason is Reason.SIGNATURE_INVALID


NAMES = [
    "mediaType",
    "verificationMaterial",
    "publicKey",
    "dsseEnvelope",
    "payload",
    "payloadType",
    "signatures",
    "sig",
    "_type",
    "subject",
    "digest",
    "sha256",
    "predicateType",
]
TEXTS = st.sampled_from([BUNDLE, "application/vnd.in-toto+json", SIGNED, "https://in-toto.io/Statement/v1", "QUFB"])
JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | TEXTS | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(NAMES), inner),
)


@given(fields=st.dictionaries(st.sampled_from(NAMES), JSON, min_size=1))
def test_no_document_in_place_of_a_bundle_raises_anything_but_a_refusal(fields):
    without_key = bundle_document(signer=BOB) | fields

    refusal = refusal_of(Signature(SignatureFormat.BUNDLE, "referrer", BUNDLE, json.dumps(without_key).encode()))

    assert refusal.reason in {Reason.SIGNATURE_UNTRUSTED, Reason.SIGNATURE_INVALID}


@given(fields=st.dictionaries(st.sampled_from(["_type", "subject", "predicateType"]), JSON, min_size=1))
def test_no_statement_that_a_trusted_key_signed_raises_anything_but_a_refusal(fields):
    signature = signing(statement(OTHER) | fields)

    refusal = refusal_of(signature)

    assert refusal.reason in {Reason.SIGNATURE_UNTRUSTED, Reason.SIGNATURE_OF_ANOTHER_ARTIFACT}


@given(end=st.integers(0, len(GOOD) - 1))
def test_a_bundle_that_was_cut_off_is_refused(end):
    refusal = refusal_of(bundle(GOOD[:end] or b" "))

    assert refusal.reason is Reason.SIGNATURE_INVALID

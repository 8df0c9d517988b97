"""A bundle that is made is one that the operator's own verifier takes, for this digest and this key alone."""

import base64
import hashlib
import json

import pytest
from tests.verify.signing import verify

from pattern_operator.api.artifact import Signature, SignatureFormat
from pattern_operator.api.reference import Digest
from pattern_operator.api.verification import TrustedAuthority, VerificationPolicy
from pattern_operator.errors import Stalled
from pattern_operator.sign import PrivateKey, Statement, sign_statement
from pattern_operator.sign.bundle import MEDIA_TYPE

DIGEST, OTHER = Digest.of(b"the artifact"), Digest.of(b"another")
KEY = PrivateKey.generate()


def verified(bundle, digest=DIGEST, key=KEY):
    signature = Signature(SignatureFormat.BUNDLE, "referrer", MEDIA_TYPE, bundle)
    return verify(digest, [signature], policy=VerificationPolicy.of(TrustedAuthority.of_key("release", key.public_pem)))


@pytest.mark.parametrize("annotations", [{}, {"version": "1.0", "name": "web"}])
def test_what_is_signed_is_verified(annotations):
    bundle = sign_statement(Statement(DIGEST, annotations), key=KEY)

    assert [each.authority for each in verified(bundle).verified_by] == ["release"]


def test_it_counts_for_no_other_digest_and_no_other_key():
    bundle = sign_statement(Statement(DIGEST), key=KEY)

    with pytest.raises(Stalled, match="copied from another artifact"):
        verified(bundle, digest=OTHER)
    with pytest.raises(Stalled, match="made with another key"):
        verified(bundle, key=PrivateKey.generate())


def test_the_key_is_hinted_at_as_cosign_does():
    material = json.loads(sign_statement(Statement(DIGEST), key=KEY))["verificationMaterial"]

    assert base64.b64decode(material["publicKey"]["hint"]) == hashlib.sha256(KEY.spki).digest()


def test_the_statement_is_cosigns_with_annotations_in_the_subject():
    assert json.loads(Statement(DIGEST, {"b": "2", "a": "1"}).payload) == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"digest": {"sha256": DIGEST.hex}, "annotations": {"a": "1", "b": "2"}}],
        "predicateType": "https://sigstore.dev/cosign/sign/v1",
        "predicate": {},
    }


def test_equal_statements_have_equal_bytes():
    assert Statement(DIGEST, {"b": "2", "a": "1"}).message == Statement(DIGEST, {"a": "1", "b": "2"}).message
    assert Statement(DIGEST).message != Statement(DIGEST, {"a": "1"}).message != Statement(OTHER, {"a": "1"}).message

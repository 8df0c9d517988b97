"""Whom a signature says that it is by: told, and believed by nobody."""

import json

import pytest
from tests.verify.local_sigstore import BUNDLE, ISSUER, WORKFLOW, LocalSigstore, statement
from tests.verify.notary import ALICE, COSE, JWS
from tests.verify.test_notation_policy import LEAF, of

from pattern_operator.api.artifact import Signature, SignatureFormat
from pattern_operator.verify import Claim, claim_of
from pattern_operator.verify.parsed_signature import Rejection


def test_a_keyless_bundle_names_whom_its_certificate_does_whoever_issued_it():
    content = json.dumps(LocalSigstore().sign(statement(f"sha256:{'0a' * 32}"))).encode()

    found = claim_of(Signature(SignatureFormat.BUNDLE, "a", BUNDLE, content))

    assert found == Claim(identity=WORKFLOW, issuer=ISSUER)
    assert found.is_keyless


@pytest.mark.parametrize("kind", [JWS, COSE])
def test_a_notation_envelope_names_the_subject_of_its_certificate(kind):
    found = claim_of(of(ALICE, kind))

    assert found == Claim(identity=LEAF)
    assert not found.is_keyless


@pytest.mark.parametrize("form", list(SignatureFormat))
def test_what_cannot_be_read_names_nobody(form):
    assert isinstance(claim_of(Signature(form, "a", "application/json", b"{}")), Rejection)


def test_one_that_was_not_fetched_says_why():
    found = claim_of(Signature(SignatureFormat.BUNDLE, "a", BUNDLE, b"", unread="it is too large"))

    assert found == Rejection("was not read: it is too large")

"""Who signed, as far as a Sigstore instance proves it; whom a signature only names is never said to have signed."""

import json
from datetime import timedelta

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st
from tests.verify.local_sigstore import BUNDLE, ISSUER, WORKFLOW, LocalSigstore, statement
from tests.verify.pki import NOW

from pattern_operator.api.artifact import Signature, SignatureFormat
from pattern_operator.api.reference import Digest
from pattern_operator.catalog import signers_of
from pattern_operator.catalog.signers import MAX_SIGNERS
from pattern_operator.verify import Claim, claim_of

DIGEST = Digest.of(b"the artifact")
SIMPLE = "application/vnd.dev.cosign.simplesigning.v1+json"
LATER = NOW + timedelta(days=400)


@pytest.fixture(scope="module")
def local():
    return LocalSigstore()


def root(local):
    return json.dumps(local.trusted_root()).encode()


def bundle(local, digest=DIGEST, where="referrer a", **options):
    content = json.dumps(local.sign(statement(str(digest)), **options)).encode()
    return Signature(SignatureFormat.BUNDLE, where, BUNDLE, content)


def test_a_keyless_signature_is_proven_long_after_its_certificate_ended(local):
    (found,) = signers_of(DIGEST, [bundle(local)], now=LATER, trusted_root=root(local))

    assert (found.proven, found.identity, found.issuer, found.why) == (True, WORKFLOW, ISSUER, "")
    assert (found.format, found.where) == ("bundle", "referrer a")
    assert found.signed_at == NOW + timedelta(minutes=1)
    assert isinstance(found.log_index, int)


def test_so_is_one_of_classic_cosign(local):
    critical = {"identity": {"docker-reference": ""}, "image": {"docker-manifest-digest": str(DIGEST)}}
    content = json.dumps({"critical": critical | {"type": "cosign container image signature"}}).encode()
    layer = Signature(SignatureFormat.COSIGN, "a.sig layer 1", SIMPLE, content, local.annotations(content))

    (found,) = signers_of(DIGEST, [layer], now=LATER, trusted_root=root(local))

    assert (found.proven, found.identity) == (True, WORKFLOW)


@pytest.mark.parametrize("name", ["another artifact", "another instance", "no log", "the public root"])
def test_what_is_not_proven_is_named_and_says_why(local, name):
    signature = bundle(local, Digest.of(b"x") if name == "another artifact" else DIGEST)
    if name == "no log":
        signature = bundle(local, log=None)
    trusted = {"another instance": root(LocalSigstore()), "the public root": None}.get(name, root(local))

    (found,) = signers_of(DIGEST, [signature], now=LATER, trusted_root=trusted)

    assert (found.proven, found.identity, found.issuer) == (False, WORKFLOW, ISSUER)
    assert found.why
    assert (found.signed_at, found.log_index) == (None, None)


def test_of_several_each_is_judged_by_itself(local):
    other = local.certify(names=[x509.RFC822Name("ada@shop.example")])
    signatures = [
        bundle(local, by=other),
        bundle(LocalSigstore(), where="referrer b"),
        bundle(local, where="referrer c"),
    ]

    found = signers_of(DIGEST, signatures, now=LATER, trusted_root=root(local))

    assert [(each.identity, each.proven) for each in found] == [
        ("ada@shop.example", True),
        (WORKFLOW, False),
        (WORKFLOW, True),
    ]


def test_a_signature_of_a_key_names_nobody(local):
    made = local.sign(statement(str(DIGEST)))
    made["verificationMaterial"] = {"publicKey": {"hint": "release"}, "tlogEntries": []}
    signature = Signature(SignatureFormat.BUNDLE, "referrer a", BUNDLE, json.dumps(made).encode())

    (found,) = signers_of(DIGEST, [signature], now=LATER)

    assert (found.proven, found.identity, found.hint) == (False, "", "release")
    assert "public key" in found.why


def test_a_certificate_without_an_issuer_of_identities_is_one_of_somebodys_own(local):
    by = local.certify(issuer=None, issuer_v1=None)

    assert claim_of(bundle(local, by=by)) == Claim(identity=WORKFLOW)
    (found,) = signers_of(DIGEST, [bundle(local, by=by)], now=LATER, trusted_root=root(local))
    assert (found.proven, "certificate of its own authority" in found.why) == (False, True)


def test_a_certificate_that_names_two_issuers_names_nobody(local):
    by = local.certify(issuer_v1="https://other.example")

    (found,) = signers_of(DIGEST, [bundle(local, by=by)], now=LATER, trusted_root=root(local))

    assert (found.proven, found.identity, "two OIDC issuers" in found.why) == (False, "", True)


def test_attestations_are_no_signatures(local):
    attestation = Signature(SignatureFormat.BUNDLE, "a", BUNDLE, b"{}", predicate_type="https://slsa.dev/provenance/v1")

    assert signers_of(DIGEST, [attestation], now=LATER) == ()


def test_one_that_could_not_be_read_says_so():
    unread = Signature(SignatureFormat.BUNDLE, "a", BUNDLE, b"", unread="it is too large")

    (found,) = signers_of(DIGEST, [unread], now=LATER)

    assert (found.proven, found.why) == (False, "it was not read: it is too large")


def test_of_many_signatures_the_first_are_judged(local):
    signature = bundle(local)

    found = signers_of(DIGEST, [signature] * (MAX_SIGNERS + 1), now=LATER, trusted_root=root(local))

    assert [each.proven for each in found] == [True] * MAX_SIGNERS + [False]
    assert "was not looked at" in found[-1].why


def test_a_name_that_is_too_long_is_not_judged(local):
    by = local.certify(names=[x509.UniformResourceIdentifier("https://a.example/" + "a" * 2000)])

    (found,) = signers_of(DIGEST, [bundle(local, by=by)], now=LATER, trusted_root=root(local))

    assert (found.proven, "too long" in found.why) == (False, True)
    assert len(found.identity) <= 1024


@given(st.binary(max_size=100), st.sampled_from(list(SignatureFormat)), st.sampled_from([BUNDLE, SIMPLE, "a/b", ""]))
def test_no_bytes_raise(payload, form, media_type):
    (found,) = signers_of(DIGEST, [Signature(form, "a", media_type, payload)], now=LATER)

    assert not found.proven

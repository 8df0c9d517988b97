"""The chain of a signer is whole and in order, and every certificate in it is made for its place."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from tests.verify import pki
from tests.verify.notary import (
    ALICE,
    COSE,
    JWS,
    MALLORY,
    Notary,
    judge,
    rejection,
    trusting,
)
from tests.verify.pki import CA, CODE_SIGNING, extended, key_usage
from tests.verify.tsa import Tsa

from pattern_operator.verify.notation import Level, StoreType
from pattern_operator.verify.outcome import Verified

TSA = Tsa.make()
SECOND = timedelta(seconds=1)
KINDS = pytest.mark.parametrize("kind", [JWS, COSE], ids=["jws", "cose"])


# --- the certificates -------------------------------------------------------------------------------------------------

LEAF, BETWEEN, ROOT = (each.certificate.der for each in (ALICE.leaf, *ALICE.above))


@KINDS
@pytest.mark.parametrize(
    "chain, reason",
    [
        ([LEAF], "is not issued by"),
        ([LEAF, BETWEEN], "is not issued by"),
        ([LEAF, ROOT], "is not issued by"),
        ([LEAF, ROOT, BETWEEN], "is not issued by"),
        ([LEAF, BETWEEN, ROOT, ROOT], "is self-signed and not the last"),
        ([LEAF, LEAF, BETWEEN, ROOT], "is not issued by"),
        ([LEAF, BETWEEN, MALLORY.root.certificate.der], "is not issued by"),
        ([ROOT], "does not fit the certificate in it"),
        ([MALLORY.leaf.certificate.der, BETWEEN, ROOT], "does not fit the certificate in it"),
    ],
    ids=range(9),
)
def test_the_chain_must_be_whole_and_in_order(kind, chain, reason):
    assert reason in rejection(ALICE.sign(kind, chain=chain), kind)


SIGNS = (key_usage("digital_signature"), True)
SIGNS_CERTIFICATES = (key_usage("key_cert_sign"), True)


@pytest.mark.parametrize(
    "extensions, reason",
    [
        ([SIGNS], None),
        ([(key_usage("digital_signature", "content_commitment"), True)], None),
        ([SIGNS, (extended("codeSigning", "1.2.3.4"), True)], None),
        ([*CODE_SIGNING, (x509.BasicConstraints(ca=False, path_length=None), True)], None),
        ([], "has no critical key usage"),
        ([(SIGNS[0], False)], "has no critical key usage"),
        ([*CODE_SIGNING, CA], "may issue certificates"),
        *(
            ([(key_usage("digital_signature", each), True)], "with one that a signer may not have")
            for each in ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign")
        ),
        ([(key_usage("content_commitment"), True)], "has a key usage without digitalSignature"),
        *(
            ([SIGNS, (extended("codeSigning", each), False)], "with one that a signer may not have")
            for each in ("any", "serverAuth", "clientAuth", "emailProtection", "timeStamping", "OCSPSigning")
        ),
        ([SIGNS, (extended("1.2.3.4"), False)], "has an extended key usage without codeSigning"),
        ([*CODE_SIGNING, (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2"), b"x"), True)], "not understood"),
    ],
    ids=range(21),
)
def test_a_leaf_must_be_for_signing_and_nothing_else(extensions, reason):
    signer = Notary.make(extensions=extensions)
    found = judge(signer.jws(), JWS, authority=signer.authority())

    assert isinstance(found, Verified) if reason is None else reason in found.why


@pytest.mark.parametrize(
    "options, reason",
    [
        ({"extensions": [(CA[0], False), (key_usage("key_cert_sign"), True)]}, "has no critical basic constraints"),
        ({"extensions": [(key_usage("key_cert_sign"), True)]}, "has no critical basic constraints"),
        ({"extensions": [CA]}, "has no critical key usage keyCertSign"),
        ({"extensions": [CA, (key_usage("key_cert_sign"), False)]}, "has no critical key usage keyCertSign"),
        ({"extensions": [CA, (key_usage("crl_sign"), True)]}, "has no critical key usage keyCertSign"),
        ({"digest": hashes.SHA224()}, "is signed with sha224, which is too weak"),
        ({"key": pki.rsa_key(1024)}, "has a key that has 1024 bits"),
        ({"extensions": [CA, SIGNS_CERTIFICATES, (extended("serverAuth"), False)]}, "may not issue certificates for"),
    ],
    ids=range(8),
)
@pytest.mark.parametrize("place", ["intermediate", "root"])
def test_an_authority_must_be_one(options, reason, place):
    root = pki.root(**(options if place == "root" else {}))
    between = pki.intermediate(root, **(options if place == "intermediate" else {}))
    signer = Notary(between.issue("CN=signer", extensions=CODE_SIGNING), (between, root))

    assert reason in rejection(signer.jws(), JWS, authority=trusting((StoreType.CA, ALICE.root), level=Level.AUDIT))


def test_a_path_length_holds():
    root = pki.root(extensions=[(x509.BasicConstraints(ca=True, path_length=0), True), SIGNS_CERTIFICATES])
    between = pki.intermediate(root)
    signer = Notary(between.issue("CN=signer", extensions=CODE_SIGNING), (between, root))

    assert "may have at most 0 authorities below it" in rejection(signer.jws(), JWS, authority=signer.authority())

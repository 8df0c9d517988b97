"""What an authority trusts is read once, and refused with a reason where it could not be meant so."""

import pytest
from tests.verify import pki
from tests.verify.notary import ALICE, Notary

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_TRUST_STORES, MAX_TRUSTED_IDENTITIES
from pattern_operator.verify.notation import StoreType, load_authority

ROOT = ALICE.root
IDENTITY = "x509.subject: C=US, ST=WA, O=Notary"


def load(*stores, identities=("*",)):
    given = [(kind, "store", content) for kind, content in stores]
    return load_authority("release", stores=given, identities=identities)


def refusal(*stores, identities=("*",)) -> Stalled:
    with pytest.raises(Stalled) as refused:
        load(*stores, identities=identities)
    return refused.value


def test_certificates_are_found_by_the_type_of_their_store():
    leaf, tsa = Notary.alone().leaf, pki.root("CN=TSA")
    loaded = load((StoreType.CA, ROOT.pem + leaf.pem), (StoreType.TSA, tsa.pem), (StoreType.CA, pki.root().pem))

    assert loaded.certificates(StoreType.CA)[:2] == (ROOT.certificate, leaf.certificate)
    assert loaded.certificates(StoreType.TSA) == (tsa.certificate,)
    assert loaded.certificates(StoreType.SIGNING_AUTHORITY) == ()


@pytest.mark.parametrize(
    "kind, content, reason",
    [
        (StoreType.CA, b"", "is not a valid X.509 certificate"),
        (StoreType.CA, ROOT.pem.replace(b"MII", b"MIx"), "is not a valid X.509 certificate"),
        (StoreType.CA, ALICE.leaf.pem, "which neither is self-signed nor issues certificates"),
        (StoreType.SIGNING_AUTHORITY, ALICE.leaf.pem, "which neither is self-signed nor issues certificates"),
        (StoreType.TSA, Notary.alone().leaf.pem, "which is not the root of a timestamping authority"),
        (StoreType.TSA, ALICE.above[0].pem, "which is not the root of a timestamping authority"),
    ],
    ids=range(6),
)
def test_a_trust_store_that_cannot_be_meant_is_refused(kind, content, reason):
    error = refusal((StoreType.CA, ROOT.pem), (kind, content))

    assert error.reason is Reason.KEY_INVALID
    assert error.message.startswith("the trust store 'store' of authority 'release' ")
    assert reason in error.message


@pytest.mark.parametrize(
    "identities, reason",
    [
        ([], f"must have 1 to {MAX_TRUSTED_IDENTITIES} trusted identities"),
        (["*"] * 2, "which is neither * alone nor begins with x509.subject:"),
        (["*", IDENTITY], "which is neither * alone nor begins with x509.subject:"),
        ([IDENTITY] * (MAX_TRUSTED_IDENTITIES + 1), f"must have 1 to {MAX_TRUSTED_IDENTITIES} trusted identities"),
        (["C=US, ST=WA, O=Notary"], "which is neither * alone nor begins with x509.subject:"),
        (["x509.subject: C=US, ST=WA"], "without O"),
        (["x509.subject: CN=a"], "without C, ST, O"),
        (["x509.subject:"], "is not a list of attributes"),
        (["x509.subject: C=US, ST=WA, O=a, O=b"], "has the attribute O twice"),
        ([IDENTITY] * 2, "which is already trusted as"),
        ([IDENTITY, f"{IDENTITY}, CN=a"], "which is already trusted as"),
        ([f"{IDENTITY}, CN=a", IDENTITY], "which is already trusted as"),
    ],
    ids=range(12),
)
def test_trusted_identities_that_could_be_misunderstood_are_refused(identities, reason):
    error = refusal((StoreType.CA, ROOT.pem), identities=identities)

    assert error.reason is Reason.INVALID_SPEC
    assert reason in error.message


def test_an_authority_by_which_nobody_could_sign_is_refused():
    for stores in ((), ((StoreType.TSA, ROOT.pem),)):
        assert "so that nobody could sign" in refusal(*stores).message


def test_more_trust_stores_than_the_limit_are_refused():
    stores = [(StoreType.CA, ROOT.pem)] * (MAX_TRUST_STORES + 1)

    assert f"more than {MAX_TRUST_STORES} trust stores" in refusal(*stores).message

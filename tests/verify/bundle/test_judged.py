"""What sigstore-python cannot judge rests on our own checks; what it can is still asked of it."""

import base64
from datetime import timedelta
from unittest.mock import Mock

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from tests.verify import pki
from tests.verify.bundle.test_keyless import STATEMENT, judge
from tests.verify.local_sigstore import LocalSigstore, text
from tests.verify.tsa import SHA512, Tsa, pss

from pattern_operator.verify.bundle import second_opinion
from pattern_operator.verify.bundle.judged import is_chain_judged
from pattern_operator.verify.outcome import Verified
from pattern_operator.verify.parsed_signature import Rejection
from pattern_operator.verify.trusted_root import Authority, Validity

CERT_SIGN = (pki.key_usage("key_cert_sign"), True)
POLICIES = x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier("1.3.6.1.4.1.57264.1"), None)])


@pytest.fixture
def asked(monkeypatch):
    found = Mock(wraps=second_opinion._ask)
    monkeypatch.setattr(second_opinion, "_ask", found)
    return found


def stamped(local, *, log="v2", **options):
    """A bundle with a timestamp of its own making."""
    document = local.sign(STATEMENT, log=log)
    signature = base64.b64decode(document["dsseEnvelope"]["signatures"][0]["sig"])
    stamp = local.tsa.respond(**{"message": signature, "time": local.now + timedelta(minutes=1), **options})
    document["verificationMaterial"]["timestampVerificationData"] = {
        "rfc3161Timestamps": [{"signedTimestamp": text(stamp)}]
    }
    return document


def both_orders(local):
    pair = (local.tsa.identity.certificate.der, local.tsa.root.certificate.der)
    return pair, pair[::-1]


def test_a_timestamp_with_certificates_in_another_order_than_that_of_der_is_good(asked):
    local = LocalSigstore()
    for order in both_orders(local):
        outcome = judge(stamped(local, certificates=order), root=local.trusted_root(), timestamp_required=True)
        assert isinstance(outcome, Verified), outcome

    assert asked.call_count == 1  # of the order that rfc3161-client reads


def test_where_a_log_proves_the_time_as_well_it_is_asked_about_that(asked):
    local = LocalSigstore()
    for order in both_orders(local):
        assert isinstance(judge(stamped(local, log="v1", certificates=order), root=local.trusted_root()), Verified)

    assert asked.call_count == 2


def test_a_timestamp_by_ed25519_is_good(asked):
    local = LocalSigstore(tsa=Tsa.make(ed25519.Ed25519PrivateKey.generate()))

    assert isinstance(judge(stamped(local, digest=SHA512), root=local.trusted_root()), Verified)
    assert asked.call_count == 0


def test_a_timestamp_that_it_reads_and_does_not_confirm_is_refused():
    local = LocalSigstore(tsa=Tsa.make(pki.rsa_key(2048)))  # cosign refuses RSASSA-PSS, too

    outcome = judge(stamped(local, signature_algorithm=pss()), root=local.trusted_root())

    assert isinstance(outcome, Rejection)
    assert "is not confirmed by sigstore-python" in outcome.why


@pytest.mark.parametrize(
    "extensions",
    [
        pytest.param([(x509.BasicConstraints(ca=True, path_length=None), False), CERT_SIGN], id="not critical"),
        pytest.param([pki.CA], id="no key usage, as `openssl req -x509` has none"),
    ],
)
def test_an_authority_may_be_as_rfc_5280_lets_it_be(extensions, asked):
    local = LocalSigstore()
    local.issuer = pki.intermediate(local.root, "CN=Fulcio,O=Test", extensions=extensions)

    assert isinstance(judge(local.sign(STATEMENT), root=local.trusted_root()), Verified)
    assert asked.call_count == 0


def test_certificate_policies_may_be_critical(asked):
    local = LocalSigstore()
    document = local.sign(STATEMENT, by=local.certify(more=[(POLICIES, True)]))

    assert isinstance(judge(document, root=local.trusted_root()), Verified)
    assert asked.call_count == 0


def chain_is_judged(leaf, *authorities, at):
    trusted = [Authority(tuple(each.certificate for each in authorities), Validity(at))]
    return is_chain_judged(leaf.certificate, trusted, [at])


@pytest.mark.parametrize("wrong", ["another CA of the same name", "expired", "an extension that is not known", "no CA"])
def test_whatever_else_is_wrong_with_a_chain_is_asked_about(wrong):
    local = LocalSigstore()
    issuer = pki.intermediate(local.root, "CN=Fulcio,O=Test", extensions=[pki.CA])  # out of the profile as well
    leaf, at = local.certify(signer=issuer), local.now
    assert not chain_is_judged(leaf, issuer, local.root, at=at)

    match wrong:
        case "another CA of the same name":
            issuer = pki.intermediate(local.root, "CN=Fulcio,O=Test", extensions=[pki.CA])
        case "expired":
            at += timedelta(hours=1)
        case "an extension that is not known":
            unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"x")
            leaf = local.certify(signer=issuer, more=[(unknown, True)])
        case _:
            issuer = pki.intermediate(local.root, "CN=Fulcio,O=Test", extensions=[], key=ec_key())
            leaf = local.certify(signer=issuer)

    assert chain_is_judged(leaf, issuer, local.root, at=at)


def ec_key():
    return ec.generate_private_key(ec.SECP256R1())

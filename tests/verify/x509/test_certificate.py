"""Certificates of any shape are read at once, or refused with a reason."""

import warnings

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.cputime import cpu_time
from tests.examples import examples
from tests.verify import pki

from pattern_operator.limits import MAX_CERTIFICATE, MAX_CERTIFICATES
from pattern_operator.verify.x509.certificate import InvalidCertificate, read_certificate, read_certificates

ROOT = pki.root()
LEAF = ROOT.issue("CN=leaf", extensions=pki.CODE_SIGNING)
DER = LEAF.certificate.der


def refusal(content: bytes) -> str:
    with pytest.raises(InvalidCertificate) as refused:
        read_certificates(content)
    return str(refused.value)


def test_der_and_pem_are_the_same_certificate():
    assert read_certificates(DER) == read_certificates(LEAF.pem) == (LEAF.certificate,)


def test_a_file_may_have_several_and_text_between_them():
    found = read_certificates(b"# ours\n" + LEAF.pem + b"\n# its root\n" + ROOT.pem)

    assert found == (LEAF.certificate, ROOT.certificate)


def test_a_certificate_is_known_by_the_hash_of_its_bytes():
    assert LEAF.certificate.fingerprint == LEAF.certificate.parsed.fingerprint(hashes.SHA256()).hex()


@pytest.mark.parametrize(
    "content, reason",
    [
        (b"", "is not a valid X.509 certificate"),
        (b"text", "is not a valid X.509 certificate"),
        (DER + b"\0", "is not a valid X.509 certificate"),
        (DER[:-1], "is not a valid X.509 certificate"),
        (b"\0" * (MAX_CERTIFICATE + 1), f"has more than {MAX_CERTIFICATE} bytes"),
        (LEAF.pem * (MAX_CERTIFICATES + 1), f"has more than {MAX_CERTIFICATES} certificates"),
        (LEAF.pem.replace(b"-----END", b"-----BEGIN"), "has a PEM block without begin or end"),
        (LEAF.pem.replace(b"CERTIFICATE", b"X509 CRL"), "has a PEM block that is not a CERTIFICATE"),
        (LEAF.pem.replace(b"BEGIN CERTIFICATE", b"BEGIN X509 CRL"), "has a PEM block that is not valid"),
        (LEAF.pem.replace(b"MII", b"MIx"), "is not a valid X.509 certificate"),
        (
            LEAF.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + LEAF.pem,
            "is a private key, which must not be here: remove it, and treat it as disclosed",
        ),
    ],
    ids=range(11),
)
def test_what_is_not_a_file_of_certificates_is_refused(content, reason):
    assert refusal(content) == reason


def test_an_extension_that_cannot_be_read_is_known_at_once():
    usage = "0603551d0f0101ff04040302%s80"  # a BIT STRING of 7 unused bits, and of 8, which it cannot have
    der = DER.replace(bytes.fromhex(usage % "07"), bytes.fromhex(usage % "08"))

    assert der != DER
    assert refusal(der) == "is not a valid X.509 certificate"


@pytest.mark.parametrize(
    "key, weakness",
    [
        (pki.rsa_key(1024), "has 1024 bits; RSA must have 2048 to 8192"),
        (pki.rsa_key(2048, 3), "has a public exponent below 65537, with which signatures can be forged"),
        (ec.generate_private_key(ec.SECP256K1()), "is on a curve that is not used: P-256, P-384 and P-521 are"),
        (
            ed448.Ed448PrivateKey.generate(),
            "is of a kind that is not used: ECDSA (P-256, P-384, P-521), RSA and Ed25519 are",
        ),
        (ed25519.Ed25519PrivateKey.generate(), None),
        (pki.rsa_key(2048), None),
    ],
    ids=range(6),
)
def test_a_key_that_may_not_be_used_is_known(key, weakness):
    found = ROOT.issue("CN=x", key=key).certificate

    assert found.key_weakness == weakness
    assert (found.key is None) == (weakness is not None)


@pytest.mark.parametrize(
    "issuer, digest, weakness",
    [
        (ROOT, hashes.SHA256(), None),
        (ROOT, hashes.SHA512(), None),
        (ROOT, hashes.SHA224(), "is signed with sha224, which is too weak"),
        (pki.root(key=ed25519.Ed25519PrivateKey.generate()), None, None),
        (pki.root(key=ed448.Ed448PrivateKey.generate()), None, "is signed with an algorithm that is not used"),
    ],
    ids=range(5),
)
def test_a_signature_with_a_weak_hash_is_known(issuer, digest, weakness):
    assert issuer.issue("CN=x", digest=digest).certificate.signature_weakness == weakness


def test_critical_extensions_that_are_not_understood_are_known():
    strange = x509.ObjectIdentifier("1.2.3.4")
    found = ROOT.issue(
        "CN=x", extensions=[(x509.UnrecognizedExtension(strange, b"x"), True), (x509.OCSPNoCheck(), False)]
    )

    assert found.certificate.unknown_critical == ("1.2.3.4",)


def test_the_ends_of_the_validity_belong_to_it():
    certificate = LEAF.certificate

    assert certificate.is_valid_at(certificate.not_before)
    assert certificate.is_valid_at(certificate.not_after)
    assert not certificate.is_valid_at(certificate.not_after.replace(microsecond=1))


def test_an_issuer_is_known_by_name_and_signature():
    namesake = pki.root()

    assert LEAF.certificate.is_issued_by(ROOT.certificate)
    assert not LEAF.certificate.is_issued_by(namesake.certificate)
    assert not LEAF.certificate.is_issued_by(pki.root("CN=other", key=ROOT.key).certificate)


def test_a_signature_has_one_encoding():
    while (der := ROOT.issue("CN=even").certificate.der)[-1] % 2:
        pass
    signature = read_certificate(der).parsed.signature
    unused = len(der) - len(signature) - 1
    assert der[unused] == 0

    with pytest.raises(InvalidCertificate, match="does not end with a whole byte"):
        read_certificate(der[:unused] + b"\1" + der[unused + 1 :])


class _Enormous:
    """As a private key, of which nobody has more than the public half."""

    def __init__(self, bits: int, exponent: int) -> None:
        self._numbers = rsa.RSAPublicNumbers(exponent, (1 << bits) - 1)

    def public_key(self) -> rsa.RSAPublicKey:
        return self._numbers.public_key()


@pytest.mark.parametrize("bits, exponent", [(16_384, (1 << 64) - 1), (3_072, (1 << 3_000) - 1)], ids=range(2))
def test_a_key_that_takes_long_to_compute_with_is_not_computed_with(bits, exponent):
    slow = pki.make("CN=slow", issuer=ROOT, key=_Enormous(bits, exponent), extensions=[pki.CA])
    leaf = pki.make("CN=leaf", issuer=ROOT, issuer_name="CN=slow").certificate

    assert slow.certificate.is_oversized
    assert not leaf.is_issued_by(slow.certificate)
    assert cpu_time(lambda: leaf.is_issued_by(slow.certificate), enough=0.002) < 0.002


@settings(max_examples=examples(300))
@given(st.binary(max_size=400))
def test_random_bytes_are_refused(content):
    with warnings.catch_warnings(), pytest.raises(InvalidCertificate):
        warnings.simplefilter("error")
        read_certificates(content)


@settings(max_examples=examples(500))
@given(place=st.integers(0, len(DER) - 1), value=st.integers(0, 255))
def test_a_certificate_with_any_byte_changed_is_read_or_refused(place, value):
    changed = DER[:place] + bytes([value]) + DER[place + 1 :]
    try:
        found = read_certificate(changed)
    except InvalidCertificate:
        return
    assert found.der == changed
    assert (changed == DER) == found.is_issued_by(ROOT.certificate)

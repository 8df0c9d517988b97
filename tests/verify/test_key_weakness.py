"""Keys with which anyone could sign are refused wherever keys are read: policies, trusted roots and certificates."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.verify import pki
from tests.verify.local_sigstore import LocalSigstore

from pattern_operator.errors import Stalled
from pattern_operator.verify.key import UnusableKey, from_cryptography, load
from pattern_operator.verify.trusted_root import load_trusted_root
from pattern_operator.verify.x509.certificate import read_certificate

FIELD = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
PRIMES = (pki.rsa_key(4096).private_numbers().p, pki.rsa_key(4096).private_numbers().p)  # of 2048 bits each
HALF = pki.rsa_key(2048).private_numbers()  # whose primes have 1024 bits


def add(one, other):
    """The sum of two points of edwards25519 (RFC 8032 section 5.1.4), in affine coordinates."""
    (x, y), (u, v) = one, other
    d = -121665 * pow(121666, -1, FIELD)
    product = d * x * y * u * v
    return (
        (x * v + y * u) * pow(1 + product, -1, FIELD) % FIELD,
        (y * v + x * u) * pow(1 - product, -1, FIELD) % FIELD,
    )


def points_of_small_order():
    """All eight, made of one of order eight: what the order of the base point leaves of a point that is not on it."""
    y = int.from_bytes(bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little")
    d = -121665 * pow(121666, -1, FIELD)
    square = (y * y - 1) * pow(d * y * y + 1, -1, FIELD) % FIELD
    x = pow(square, (FIELD + 3) // 8, FIELD)
    x = x if x * x % FIELD == square else x * pow(2, (FIELD - 1) // 4, FIELD) % FIELD
    assert x * x % FIELD == square
    found = [(0, 1)]
    while (point := add(found[-1], (x, y))) != (0, 1):
        found.append(point)
    return found


def encodings(y):
    """Each text of 32 bytes that readers which do not ask for the canonical one take for this y, with either sign."""
    for each in (y, y + FIELD):
        if each < 2**255:
            for sign in (0, 2**255):
                yield (each + sign).to_bytes(32, "little")


WEAK_POINTS = sorted({text for _, y in points_of_small_order() for text in encodings(y)})


def ed25519_of(raw):
    return ed25519.Ed25519PublicKey.from_public_bytes(raw)


def pem_of(key):
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def modulus(number, exponent=65_537):
    return rsa.RSAPublicNumbers(exponent, number).public_key()


WEAK_MODULI = {
    "even": HALF.public_numbers.n + 1,
    "with a factor 3": 3 * PRIMES[0],
    "with a factor 751": 751 * PRIMES[0],
    "a square": HALF.p**2,
    "a prime": PRIMES[0],
    "a cube of a prime": pki.rsa_key(2048).private_numbers().p ** 3,
}


def test_there_are_eight_points_and_their_fourteen_texts():
    assert len(points_of_small_order()) == 8
    assert len(WEAK_POINTS) == 14


@pytest.mark.parametrize("raw", WEAK_POINTS, ids=bytes.hex)
def test_a_point_of_small_order_is_refused_however_it_is_written(raw):
    with pytest.raises(Stalled, match=r"small order|RFC 8032"):
        load(pem_of(ed25519_of(raw)), name="release")


@pytest.mark.parametrize("y", range(FIELD, 2**255))
@pytest.mark.parametrize("sign", [0, 2**255])
def test_a_point_that_is_not_written_canonically_is_refused(y, sign):
    with pytest.raises(UnusableKey, match="RFC 8032"):
        from_cryptography(ed25519_of((y + sign).to_bytes(32, "little")))


@pytest.mark.parametrize("_", range(20))
def test_a_key_that_was_generated_is_taken(_):
    key = ed25519.Ed25519PrivateKey.generate().public_key()

    assert from_cryptography(key).arithmetic is key


@pytest.mark.parametrize("kind", WEAK_MODULI)
def test_a_modulus_whose_factors_anyone_can_find_is_refused(kind):
    with pytest.raises(Stalled, match="whose factors anyone can find"):
        load(pem_of(modulus(WEAK_MODULI[kind])), name="release")


@pytest.mark.parametrize("bits", [2048, 3072])
def test_a_modulus_that_was_generated_is_taken(bits):
    key = pki.rsa_key(bits).public_key()

    assert load(pem_of(key), name="release").arithmetic == key


def certificate_of(key):
    """A certificate of a key of which nobody has the private half, by somebody else."""
    issuer = pki.root()
    day = datetime(2026, 1, 1, tzinfo=UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(pki.name("CN=weak"))
        .issuer_name(issuer.certificate.subject)
        .public_key(key)
        .serial_number(1)
        .not_valid_before(day)
        .not_valid_after(day + timedelta(days=1))
        .sign(issuer.key, hashes.SHA256())
    )
    return read_certificate(built.public_bytes(Encoding.DER))


@pytest.mark.parametrize("kind", ["with a factor 3", "a square"])
def test_a_certificate_of_such_a_modulus_has_no_key(kind):
    assert certificate_of(modulus(WEAK_MODULI[kind])).key_weakness == "has a modulus whose factors anyone can find"


def test_a_certificate_of_a_point_of_small_order_has_no_key():
    assert "small order" in (certificate_of(ed25519_of(bytes(32))).key_weakness or "")


@pytest.mark.parametrize("of", ["tlogs", "ctlogs"])
@pytest.mark.parametrize(
    "key, details",
    [(ed25519_of(WEAK_POINTS[0]), "PKIX_ED25519"), (modulus(PRIMES[0]), "PKIX_RSA_PKCS1V15_2048_SHA256")],
    ids=["small order", "prime"],
)
def test_a_log_with_such_a_key_is_refused(of, key, details):
    root = LocalSigstore().trusted_root()
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    root[of][0]["publicKey"] |= {"rawBytes": base64.b64encode(spki).decode(), "keyDetails": details}

    with pytest.raises(Stalled, match="weak"):
        load_trusted_root(json.dumps(root).encode(), name="release")

import subprocess
from math import factorial, gcd
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import example, given
from hypothesis import strategies as st
from tests.verify.signing import ALICE, BOB, RSA_2048, SIGNERS, base64_text, type_of_private_key

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_PUBLIC_KEY
from pattern_operator.verify.key import (
    Algorithm,
    Scheme,
    UnusableKey,
    from_cryptography,
    load,
    verify_as,
    verify_signature,
)

DATA = Path(__file__).parent.parent / "data"
MESSAGE = b"what is signed"
SMALL_FACTORS = factorial(751)
WEAK_RSA = rsa.generate_private_key(65537, 1024)  # noqa: S505 - it is refused


def public_pem(key: PrivateKeyTypes, *, form: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, form)


def private_pem(
    key: type_of_private_key, *, form: PrivateFormat = PrivateFormat.PKCS8, password: bytes | None = None
) -> bytes:
    return key.private_bytes(Encoding.PEM, form, BestAvailableEncryption(password) if password else NoEncryption())


def refusal_of(pem: bytes) -> Stalled:
    with pytest.raises(Stalled) as refusal:
        load(pem, name="release")
    return refusal.value


def pem_block(label: str, body: str = "QUFB") -> bytes:
    return f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n".encode()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("certificate")
    (folder / "key.pem").write_bytes(private_pem(ALICE.key))
    command = ["openssl", "req", "-x509", "-new", "-key", str(folder / "key.pem"), "-subj", "/CN=release"]
    return subprocess.run(command, check=True, capture_output=True).stdout


@pytest.mark.parametrize("signer", SIGNERS.values(), ids=SIGNERS.keys())
def test_a_signature_of_the_key_is_good_and_of_nothing_else(signer):
    key = load(signer.pem, name="release")

    signature = signer.sign(MESSAGE)

    assert verify_signature(key, signature, MESSAGE)
    assert not verify_signature(key, signature, MESSAGE + b".")
    assert not verify_signature(key, signature + b"\0", MESSAGE)
    assert not verify_signature(key, b"", MESSAGE)
    assert not verify_signature(key, BOB.sign(MESSAGE), MESSAGE)


@pytest.mark.parametrize("signer", SIGNERS.values(), ids=SIGNERS.keys())
@given(signature=st.binary(max_size=600), message=st.binary(max_size=64))
def test_no_bytes_are_a_signature_or_raise(signer, signature, message):
    key = load(signer.pem, name="release")

    assert verify_signature(key, signature, message) is False


def test_p256_takes_sha256_and_no_other_hash():
    key, private = load(ALICE.pem, name="release"), ALICE.key
    assert isinstance(private, ec.EllipticCurvePrivateKey)

    for algorithm in (hashes.SHA1(), hashes.SHA384(), hashes.SHA512()):  # noqa: S303 - it is refused
        assert not verify_signature(key, private.sign(MESSAGE, ec.ECDSA(algorithm)), MESSAGE)


def test_two_texts_of_one_key_are_one_key():
    text = ALICE.pem.decode()

    written = load(text.encode(), name="a")
    windows = load(text.replace("\n", "\r\n").encode(), name="b")
    commented = load(f"the key of the release team\n{text}\n\n".encode(), name="c")

    assert written == windows == commented
    assert len({written, windows, commented}) == 1
    assert written != load(BOB.pem, name="a")


def test_the_fingerprint_is_that_of_openssl():
    der = ALICE.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    digest = subprocess.run(["openssl", "dgst", "-sha256", "-r"], input=der, check=True, capture_output=True).stdout

    fingerprint = load(ALICE.pem, name="release").fingerprint

    assert len(fingerprint) == 12
    assert digest.decode().startswith(fingerprint)


@pytest.mark.parametrize(
    ("pem", "says"),
    [
        pytest.param(b"", "is not PEM", id="nothing"),
        pytest.param(b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA someone", "is not PEM", id="SSH key"),
        pytest.param(b"\x30\x59\x30\x13", "is not PEM", id="DER"),
        pytest.param(ALICE.pem + BOB.pem, "has 2 PEM blocks", id="two keys"),
        pytest.param(ALICE.pem * 100, "more than 16384 bytes", id="long"),
        pytest.param(private_pem(ALICE.key), "is a private key", id="private key"),
        pytest.param(
            private_pem(ALICE.key, form=PrivateFormat.TraditionalOpenSSL), "is a private key", id="EC private key"
        ),
        pytest.param(private_pem(ALICE.key, password=b"x"), "is a private key", id="encrypted private key"),
        pytest.param(pem_block("ENCRYPTED SIGSTORE PRIVATE KEY"), "is a private key", id="cosign.key"),
        pytest.param(private_pem(ALICE.key) + ALICE.pem, "is a private key", id="both halves"),
        pytest.param(public_pem(RSA_2048, form=PublicFormat.PKCS1), "another kind", id="PKCS#1"),
        pytest.param(pem_block("PGP PUBLIC KEY BLOCK"), "another kind", id="PGP"),
        pytest.param(pem_block("PUBLIC KEY"), "cannot be read", id="empty structure"),
        pytest.param(pem_block("PUBLIC KEY", "%%%"), "cannot be read", id="no base64"),
        pytest.param(ALICE.pem[:60], "cannot be read", id="cut off"),
        pytest.param(
            (DATA / "signature-vectors/sigstore-conformance/wrong-key.pub").read_bytes(),
            "cannot be read",
            id="no point",
        ),
        pytest.param(public_pem(ed448.Ed448PrivateKey.generate()), "of a kind that is not used", id="Ed448"),
        pytest.param(public_pem(x25519.X25519PrivateKey.generate()), "of a kind that is not used", id="X25519"),
        pytest.param(public_pem(dsa.generate_private_key(2048)), "of a kind that is not used", id="DSA"),
        pytest.param(public_pem(ec.generate_private_key(ec.SECP256K1())), "a curve that is not used", id="secp256k1"),
        pytest.param(public_pem(ec.generate_private_key(ec.SECP224R1())), "a curve that is not used", id="P-224"),
        pytest.param(public_pem(WEAK_RSA), "has 1024 bits", id="RSA 1024"),
        pytest.param(public_pem(rsa.generate_private_key(3, 2048)), "public exponent", id="RSA with exponent 3"),
    ],
)
def test_what_is_not_a_usable_public_key_is_refused_with_what_it_is_instead(pem, says):
    refusal = refusal_of(pem)

    assert refusal.reason is Reason.KEY_INVALID
    assert says in refusal.message
    assert "release" in refusal.message
    assert refusal.message.endswith("`cosign generate-key-pair` writes.")


def test_a_certificate_is_refused_with_the_way_to_its_key(certificate):
    refusal = refusal_of(certificate)

    assert "openssl x509 -pubkey" in refusal.message


@pytest.mark.parametrize(
    "pem",
    [private_pem(ALICE.key), pem_block("PUBLIC KEY", "c2VjcmV0IHRleHQ="), b"secret text", b"-----BEGIN secret-----"],
    ids=["private key", "structure", "text", "label"],
)
def test_a_refusal_never_shows_what_the_key_holds(pem):
    body = {line for line in pem.decode().splitlines() if line and "PRIVATE" not in line and "PUBLIC" not in line}

    refusal = refusal_of(pem)

    assert body
    assert not any(line in refusal.diagnostics() for line in body)
    assert "secret text" not in refusal.diagnostics()


@given(
    pem=st.binary() | st.binary().map(lambda body: b"-----BEGIN PUBLIC KEY-----" + body + b"-----END PUBLIC KEY-----")
)
def test_no_bytes_in_place_of_a_key_raise_anything_but_a_refusal(pem):
    refusal = refusal_of(pem)

    assert refusal.reason is Reason.KEY_INVALID


FORM = 26  # where the byte is that says how the point is written
HYBRID = (6, 7)  # the same point as 4 has, which is not compressed (SEC 1 of 1999, section 2.3.3: X9.62)


@given(place=st.integers(0, 90), flip=st.integers(1, 255))
@example(place=FORM, flip=4 ^ 6)
@example(place=FORM, flip=4 ^ 7)
def test_a_changed_byte_of_a_key_is_refused_or_another_key(place, flip):
    der = bytearray(ALICE.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    der[place] ^= flip

    try:
        key = load(pem_block("PUBLIC KEY", base64_text(bytes(der))), name="release")
    except Stalled as refusal:
        assert refusal.reason is Reason.KEY_INVALID
    else:
        assert key != load(ALICE.pem, name="release") or der[FORM] in HYBRID


@pytest.mark.parametrize("bits", [2048, 8192])
def test_an_rsa_key_of_a_size_at_the_limits_is_taken(bits):
    taken = load(rsa_of(bits), name="release").arithmetic

    assert isinstance(taken, rsa.RSAPublicKey)
    assert taken.key_size == bits


@pytest.mark.parametrize("bits", [2047, 8193])
def test_an_rsa_key_of_a_size_beyond_the_limits_is_refused(bits):
    assert f"has {bits} bits; RSA must have 2048 to 8192" in refusal_of(rsa_of(bits)).message


@pytest.mark.parametrize("exponent", [65_537, 65_539])
def test_an_rsa_key_with_a_large_exponent_is_taken(exponent):
    taken = load(rsa_of(2048, exponent=exponent), name="release").arithmetic

    assert isinstance(taken, rsa.RSAPublicKey)
    assert taken.public_numbers().e == exponent


def test_an_rsa_key_with_an_exponent_below_the_limit_is_refused():
    assert "has a public exponent below 65537" in refusal_of(rsa_of(2048, exponent=65_535)).message


def rsa_of(bits: int, *, exponent: int = 65_537) -> bytes:
    """The PEM of an RSA key of this size; nobody has its private half."""
    return rsa_pem(next(n for n in range((1 << bits) - 1, 0, -2) if gcd(n, SMALL_FACTORS) == 1), exponent=exponent)


def rsa_pem(modulus: int, *, exponent: int = 65_537) -> bytes:
    key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def test_a_key_as_long_as_the_limit_is_read():
    padded = ALICE.pem + b"\n" * (MAX_PUBLIC_KEY - len(ALICE.pem))

    assert load(padded, name="release") == load(ALICE.pem, name="release")


# --- an algorithm that is named --------------------------------------------------------------------------------------

KEYS: dict[Scheme, Any] = {
    Scheme.ECDSA: ALICE.key,
    Scheme.RSA_PKCS1: RSA_2048,
    Scheme.RSA_PSS: RSA_2048,
    Scheme.ED25519: ed25519.Ed25519PrivateKey.generate(),
}


def signed_as(scheme, digest, *, salt=None):
    key = KEYS[scheme]
    match scheme:
        case Scheme.ECDSA:
            return key.sign(MESSAGE, ec.ECDSA(digest))
        case Scheme.RSA_PKCS1:
            return key.sign(MESSAGE, padding.PKCS1v15(), digest)
        case Scheme.RSA_PSS:
            return key.sign(MESSAGE, padding.PSS(padding.MGF1(digest), salt or digest.digest_size), digest)
        case _:
            return key.sign(MESSAGE)


@pytest.mark.parametrize("scheme", Scheme)
def test_a_signature_holds_for_the_algorithm_that_made_it_and_no_other(scheme):
    signature = signed_as(scheme, hashes.SHA256())
    holds = {
        (each, name)
        for each in Scheme
        for name, digest in (("sha256", hashes.SHA256()), ("sha384", hashes.SHA384()))
        if verify_as(from_cryptography(KEYS[scheme].public_key()), Algorithm(each, digest), signature, MESSAGE)
    }

    assert holds == {(scheme, "sha256"), *([(scheme, "sha384")] if scheme is Scheme.ED25519 else [])}


def test_the_salt_of_pss_is_as_long_as_the_hash():
    key = from_cryptography(RSA_2048.public_key())
    digest = hashes.SHA256()

    assert not verify_as(key, Algorithm(Scheme.RSA_PSS, digest), signed_as(Scheme.RSA_PSS, digest, salt=20), MESSAGE)


def test_a_key_of_another_kind_is_not_taken():
    with pytest.raises(UnusableKey, match="is of a kind that is not used"):
        from_cryptography(x25519.X25519PrivateKey.generate().public_key())

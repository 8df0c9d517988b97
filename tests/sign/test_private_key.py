"""Private keys of every kind and wrapping that authors have are read; nothing else is."""

import subprocess

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from pattern_operator.sign import InvalidPrivateKey, PrivateKey, WrongPassword, is_encrypted, read_private_key
from pattern_operator.sign.private_key import MAX_PRIVATE_KEY
from pattern_operator.verify.key import load, verify_signature

P256 = ec.generate_private_key(ec.SECP256R1())
KEYS = {
    "P-256": P256,
    "P-384": ec.generate_private_key(ec.SECP384R1()),
    "P-521": ec.generate_private_key(ec.SECP521R1()),
    "RSA 2048": rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "Ed25519": ed25519.Ed25519PrivateKey.generate(),
}


def pem(key, form=PrivateFormat.PKCS8, password=None):
    encryption = NoEncryption() if password is None else serialization.BestAvailableEncryption(password)
    return key.private_bytes(Encoding.PEM, form, encryption)


@pytest.mark.parametrize("kind", KEYS)
def test_what_a_key_signs_is_verified_with_its_public_half_and_no_other(kind):
    key = read_private_key(pem(KEYS[kind]), password=None)

    public = load(key.public_pem, name="release")
    signature = key.sign(b"message")

    assert verify_signature(public, signature, b"message")
    assert not verify_signature(public, signature, b"another")
    assert public.spki == key.spki
    assert not verify_signature(load(PrivateKey.generate().public_pem, name="x"), signature, b"message")


@pytest.mark.parametrize("kind", ["P-256", "RSA 2048"])
@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_keys_of_openssl_are_read_with_and_without_a_password(kind, form):
    plain, encrypted = pem(KEYS[kind], form), pem(KEYS[kind], form, b"secret")

    assert (is_encrypted(plain), is_encrypted(encrypted)) == (False, True)
    spki = read_private_key(plain, password=None).spki
    assert read_private_key(encrypted, password=b"secret").spki == spki
    with pytest.raises(WrongPassword):
        read_private_key(encrypted, password=b"Secret")


def test_the_parameters_that_openssl_writes_before_a_key_are_passed_over():
    made = subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey"], capture_output=True, check=True)

    assert made.stdout.startswith(b"-----BEGIN EC PARAMETERS-----")
    assert len(read_private_key(made.stdout, password=None).spki) == 91


def test_a_new_key_is_of_cosigns_kind_and_another_one_each_time():
    one, other = PrivateKey.generate(), PrivateKey.generate()

    assert one.spki != other.spki
    key = load(one.public_pem, name="new").arithmetic
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"


def test_a_key_does_not_show_itself():
    key = PrivateKey.generate()

    assert "Private" in repr(key)
    assert key.pkcs8.hex() not in repr(key)
    assert "arithmetic" not in repr(key)


WEAK = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - which is what is refused
PUBLIC = P256.public_key().public_bytes(Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is not PEM"),
        (b"\xff" * 10, "is not PEM"),
        (b" " * (MAX_PRIVATE_KEY + 1), f"has more than {MAX_PRIVATE_KEY} bytes"),
        (PUBLIC, "is a public key: the private one signs, as cosign.key"),
        (pem(P256) * 2, "has 2 PEM blocks: keep the one of the key"),
        (pem(P256).replace(b"PRIVATE KEY", b"CERTIFICATE"), "is a PEM block of another kind"),
        (pem(KEYS["Ed25519"], PrivateFormat.OpenSSH), "is a PEM block of another kind"),
        (pem(P256)[:60] + pem(P256)[90:], "cannot be read: its base64, its structure or its curve is wrong"),
        (pem(WEAK), "has 1024 bits; RSA must have 2048 to 8192"),
        (pem(ec.generate_private_key(ec.SECP256K1())), "is on a curve that is not used: P-256, P-384 and P-521 are"),
        (pem(dsa.generate_private_key(2048)), "is of a kind that is not used"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_such_key_is_refused_with_the_reason(content, says):
    with pytest.raises(InvalidPrivateKey) as refused:
        read_private_key(content, password=None)

    assert str(refused.value).startswith(says)

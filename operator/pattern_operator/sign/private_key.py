"""Private keys as authors have them, and signing with one. The arithmetic is cryptography's.

Formats: cosign's encrypted file (``encrypted_key``), PKCS#8 with or without a password, and the older PEM of openssl.
Kinds and hashes: those that both ``verify`` and cosign's own ``verify`` take (docs/adr/0020).
"""

import re
from dataclasses import dataclass, field
from typing import Final, Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_pem_private_key,
)

from pattern_operator.limits import KIB, MAX_RSA_BITS, MIN_RSA_BITS
from pattern_operator.sign.encrypted_key import LABELS, WrongPassword, decrypt_key
from pattern_operator.strict_json import InvalidDocument

MAX_PRIVATE_KEY: Final = 64 * KIB  # bytes of its file; RSA 8192 in cosign's has 9 KiB
_CURVES: Final = frozenset({ec.SECP256R1.name, ec.SECP384R1.name, ec.SECP521R1.name})
_BLOCK: Final = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,64})-----")
_OPENSSL_ENCRYPTED: Final = b"Proc-Type: 4,ENCRYPTED"  # RFC 1421 section 4.6.1.1

_Arithmetic = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | Ed25519PrivateKey


class InvalidPrivateKey(Exception):
    """The file is not a private key that is used; the text is a clause that follows its name."""


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A private key of a kind that is accepted; it is never shown."""

    _arithmetic: _Arithmetic = field(repr=False)

    @classmethod
    def generate(cls) -> Self:
        """A new key of the kind that ``cosign generate-key-pair`` makes: ECDSA on P-256."""
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @property
    def pkcs8(self) -> bytes:
        """The key itself, unencrypted, as DER."""
        return self._arithmetic.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())

    @property
    def public_pem(self) -> bytes:
        """The public half, as in cosign.pub."""
        return self._arithmetic.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    @property
    def spki(self) -> bytes:
        """The DER of the public half."""
        return self._arithmetic.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, message: bytes) -> bytes:
        """The signature over ``message``: ECDSA as DER, RSA PKCS#1 v1.5, both with SHA-256, or pure Ed25519."""
        match self._arithmetic:
            case ec.EllipticCurvePrivateKey() as curve:
                return curve.sign(message, ec.ECDSA(hashes.SHA256()))
            case rsa.RSAPrivateKey() as modulus:
                return modulus.sign(message, padding.PKCS1v15(), hashes.SHA256())
            case edwards:
                return edwards.sign(message)


def is_encrypted(pem: bytes) -> bool:
    """Whether a password is needed to read the key in ``pem``."""
    labels = {label.decode("ascii") for label in _BLOCK.findall(pem)}
    return bool(labels & LABELS) or "ENCRYPTED PRIVATE KEY" in labels or _OPENSSL_ENCRYPTED in pem


def read_private_key(pem: bytes, *, password: bytes | None) -> PrivateKey:
    """Read the file of a private key; ``password`` is only given where ``is_encrypted``.

    Takes some 0.2 s and 64 MiB for a key of cosign, by its design.

    Raises:
        InvalidPrivateKey: it is none, or of a kind that is not used.
        WrongPassword: the password does not open it.
    """
    if wrong := _not_one_private_key(pem):
        raise InvalidPrivateKey(wrong)
    key = _loaded(pem, password=password)
    if not isinstance(key, _Arithmetic):
        raise InvalidPrivateKey("is of a kind that is not used: ECDSA (P-256, P-384, P-521), RSA and Ed25519 are")
    match key:
        case ec.EllipticCurvePrivateKey() if key.curve.name not in _CURVES:
            raise InvalidPrivateKey("is on a curve that is not used: P-256, P-384 and P-521 are")
        case rsa.RSAPrivateKey() if not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
            raise InvalidPrivateKey(f"has {key.key_size} bits; RSA must have {MIN_RSA_BITS} to {MAX_RSA_BITS}")
    return PrivateKey(key)


def _not_one_private_key(pem: bytes) -> str | None:
    """Say what is wrong with the wrapping; mistakes that people make have an answer of their own."""
    if len(pem) > MAX_PRIVATE_KEY:
        return f"has more than {MAX_PRIVATE_KEY} bytes"
    labels = _BLOCK.findall(pem)
    if not labels:
        return "is not PEM"
    if len(labels) > 1 and labels[0] != b"EC PARAMETERS":  # which openssl ecparam writes before the key
        return f"has {len(labels)} PEM blocks: keep the one of the key"
    if labels[-1] == b"PUBLIC KEY":
        return "is a public key: the private one signs, as cosign.key"
    if not labels[-1].endswith(b"PRIVATE KEY") or labels[-1].startswith(b"OPENSSH"):
        return "is a PEM block of another kind"
    return None


def _loaded(pem: bytes, *, password: bytes | None) -> object:
    try:
        if any(label.decode("ascii") in LABELS for label in _BLOCK.findall(pem)):
            return load_der_private_key(decrypt_key(pem, password=password or b""), password=None)
        return load_pem_private_key(pem, password=password)
    except InvalidDocument as error:
        raise InvalidPrivateKey(f"is not a key as cosign writes it: it {error}") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        if password is not None and is_encrypted(pem):
            raise WrongPassword from error
        raise InvalidPrivateKey("cannot be read: its base64, its structure or its curve is wrong") from error

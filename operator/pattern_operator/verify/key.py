"""Public keys as users give them, and the arithmetic of a signature, all of which is cryptography's.

Algorithms: sigstore protobuf-specs 0.5, ``PublicKeyDetails``, as far as cosign 3 makes such keys: ECDSA on P-256, P-384
and P-521, RSA PKCS#1 v1.5 with SHA-256, and Ed25519 (RFC 8032, pure). Ed25519ph, which cosign 3 makes of an Ed25519
key, is in ``ed25519ph``: logs, certificates and tokens do not use it.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_PUBLIC_KEY
from pattern_operator.quote import quoted
from pattern_operator.verify.key_weakness import Arithmetic, weakness_of, weakness_of_trusted

ED25519_SIGNATURE: Final = 64  # bytes, RFC 8032 section 5.1.6
_BLOCK: Final = re.compile(rb"-----BEGIN ([A-Z0-9 ]{0,64})-----")
_RIGHT: Final = "Give one PEM block PUBLIC KEY, as in the file cosign.pub that `cosign generate-key-pair` writes"

# cosign 3.1.3 signs with the hash that belongs to the curve and its own `verify` tries SHA-256, which cosign 2 used for
# every curve; sigstore-go 1.2 (verify/signature.go, compatVerifier) takes both. So do we: forging under either needs
# the private key.
_ECDSA_HASHES: Final[dict[str, tuple[hashes.HashAlgorithm, ...]]] = {
    ec.SECP256R1.name: (hashes.SHA256(),),
    ec.SECP384R1.name: (hashes.SHA384(), hashes.SHA256()),
    ec.SECP521R1.name: (hashes.SHA512(), hashes.SHA256()),
}


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key of a kind that is accepted. Two are equal when they are the same key, however they were written.

    ``spki`` is the DER of its SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7), as cryptography writes it.
    """

    spki: bytes
    arithmetic: Arithmetic = field(compare=False)

    @property
    def spki_hash(self) -> bytes:
        """The SHA-256 of the SPKI: what logs are called by, and what tells keys apart."""
        return hashlib.sha256(self.spki).digest()

    @property
    def fingerprint(self) -> str:
        """The first 12 hex digits of the SHA-256 of the SPKI: names the key for people, never chooses trust."""
        return self.spki_hash.hex()[:12]


class UnusableKey(ValueError):
    """A public key is of a kind that is not used, or weak; the message is a clause that says why."""


class Scheme(Enum):
    """How a signature is made, where the format names it."""

    RSA_PKCS1 = auto()  # RFC 8017 section 8.2
    RSA_PSS = auto()  # RFC 8017 section 8.1, with MGF1 of the same hash and a salt as long as the hash
    ECDSA = auto()  # the DER of RFC 3279 section 2.2.3
    ED25519 = auto()  # RFC 8032 section 5.1.7


@dataclass(frozen=True, slots=True)
class Algorithm:
    """A signature algorithm as a format names it: the scheme and its hash, which Ed25519 does not use."""

    scheme: Scheme
    hash: hashes.HashAlgorithm = field(compare=False)


def from_cryptography(key: object) -> PublicKey:
    """Take a public key that cryptography has read, of a certificate or a file.

    Raises:
        UnusableKey: it is of another kind, on another curve, or weak.
    """
    return _taken(key, weakness_of)


def trusted_from_cryptography(key: object) -> PublicKey:
    """As ``from_cryptography``, of a key that is trusted for itself: it is tried for more weaknesses."""
    return _taken(key, weakness_of_trusted)


def load(pem: bytes, *, name: str) -> PublicKey:
    """Read the PEM (RFC 7468 section 13) of a public key; ``name`` says in messages whose it is.

    Raises:
        Stalled: KEY_INVALID; the message says what the bytes are instead, without showing any of them.
    """
    if wrong := _not_one_public_key(pem):
        raise _invalid(name, wrong)
    try:
        key = load_pem_public_key(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _invalid(name, "cannot be read: its base64, its structure or its curve is wrong") from error
    try:
        return trusted_from_cryptography(key)
    except UnusableKey as error:
        raise _invalid(name, str(error)) from error


def verify_signature(key: PublicKey, signature: bytes, message: bytes) -> bool:
    """Whether ``signature`` over ``message`` was made with the private half of ``key``; false for any other bytes.

    ECDSA is the DER of RFC 3279 section 2.2.3, RSA is RFC 8017 section 8.2, Ed25519 is RFC 8032 section 5.1.7.
    """
    arithmetic = key.arithmetic
    match arithmetic:
        case ec.EllipticCurvePublicKey():
            checks = [
                partial(arithmetic.verify, signature, message, ec.ECDSA(algorithm))
                for algorithm in _ECDSA_HASHES[arithmetic.curve.name]
            ]
        case rsa.RSAPublicKey():
            checks = [partial(arithmetic.verify, signature, message, padding.PKCS1v15(), hashes.SHA256())]
        case _:
            checks = [partial(arithmetic.verify, signature, message)]
    return any(_passes(check) for check in checks)


def verify_as(key: PublicKey, algorithm: Algorithm, signature: bytes, message: bytes) -> bool:
    """Whether ``signature`` over ``message`` was made with ``key`` by just this ``algorithm``; false for any other.

    For formats that name the algorithm: a signature that another one would make does not hold.
    """
    match key.arithmetic, algorithm.scheme:
        case ec.EllipticCurvePublicKey() as curve, Scheme.ECDSA:
            return _passes(partial(curve.verify, signature, message, ec.ECDSA(algorithm.hash)))
        case rsa.RSAPublicKey() as modulus, Scheme.RSA_PKCS1:
            return _passes(partial(modulus.verify, signature, message, padding.PKCS1v15(), algorithm.hash))
        case rsa.RSAPublicKey() as modulus, Scheme.RSA_PSS:
            pss = padding.PSS(padding.MGF1(algorithm.hash), padding.PSS.DIGEST_LENGTH)
            return _passes(partial(modulus.verify, signature, message, pss, algorithm.hash))
        case Ed25519PublicKey() as point, Scheme.ED25519:
            return _passes(partial(point.verify, signature, message))
        case _:
            return False


def verify_digest(key: PublicKey, signature: bytes, digest: bytes, algorithm: str) -> bool:
    """Whether ``signature`` is over a message of which only the hash by ``algorithm`` (``sha256``) is known.

    As ``verify_signature``, which takes the same hashes for each kind of key. Ed25519 needs the message itself.
    """
    arithmetic = key.arithmetic
    match arithmetic:
        case ec.EllipticCurvePublicKey():
            known = [each for each in _ECDSA_HASHES[arithmetic.curve.name] if each.name == algorithm]
            return any(_passes(partial(arithmetic.verify, signature, digest, ec.ECDSA(Prehashed(it)))) for it in known)
        case rsa.RSAPublicKey() if algorithm == hashes.SHA256.name:
            check = partial(arithmetic.verify, signature, digest, padding.PKCS1v15(), Prehashed(hashes.SHA256()))
            return _passes(check)
        case _:
            return False


def could_make(key: PublicKey, signature: bytes) -> bool:
    """Whether ``signature`` has the form of one by a key of this kind and size; no more is known of it."""
    arithmetic = key.arithmetic
    match arithmetic:
        case ec.EllipticCurvePublicKey():
            try:
                return max(decode_dss_signature(signature)).bit_length() <= arithmetic.curve.key_size
            except ValueError:
                return False
        case rsa.RSAPublicKey():
            return len(signature) * 8 == arithmetic.key_size
        case _:
            return len(signature) == ED25519_SIGNATURE


def _passes(check: Callable[[], None]) -> bool:
    try:
        check()
    except InvalidSignature:
        return False
    return True


def _not_one_public_key(pem: bytes) -> str | None:
    """Say what is wrong with the wrapping of ``pem``: mistakes that people make have an answer of their own."""
    if len(pem) > MAX_PUBLIC_KEY:
        return f"has more than {MAX_PUBLIC_KEY} bytes"
    labels = _BLOCK.findall(pem)
    if any(b"PRIVATE KEY" in label for label in labels):
        return "is a private key, which must not be here: remove it, and treat it as disclosed"
    if not labels:
        return "is not PEM"
    if len(labels) > 1:
        return f"has {len(labels)} PEM blocks: make an authority of each"
    if b"CERTIFICATE" in labels[0]:
        return "is a certificate; its key is what counts: take it out with `openssl x509 -pubkey -noout`"
    if labels[0] != b"PUBLIC KEY":
        return "is a PEM block of another kind"
    return None


def _taken(key: object, weakness: Callable[[Arithmetic], str | None]) -> PublicKey:
    if not isinstance(key, Arithmetic):
        raise UnusableKey("is of a kind that is not used: ECDSA (P-256, P-384, P-521), RSA and Ed25519 are")
    if weak := weakness(key):
        raise UnusableKey(weak)
    return PublicKey(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), key)


def _invalid(name: str, wrong: str) -> Stalled:
    return Stalled(reason=Reason.KEY_INVALID, message=f"the key of authority {quoted(name)} {wrong}. {_RIGHT}.")

"""What an envelope of either kind is read into, and which algorithm belongs to which key.

Source: signature-specification.md, "Signature Algorithm Requirements": the algorithm follows from the key.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from pattern_operator.limits import MAX_CHAIN
from pattern_operator.strict_json import InvalidDocument
from pattern_operator.verify.key import Algorithm, PublicKey, Scheme, verify_as
from pattern_operator.verify.notation.attributes import SignedAttributes
from pattern_operator.verify.x509.certificate import Certificate, InvalidCertificate, read_certificate

JWS: Final = "application/jose+json"
COSE: Final = "application/cose"
PAYLOAD_TYPE: Final = "application/vnd.cncf.notary.payload.v1+json"


class EnvelopeAlgorithm(Enum):
    """The signature algorithms: their name in JWS (RFC 7518) and their number in COSE (RFC 9053)."""

    PS256 = -37
    PS384 = -38
    PS512 = -39
    ES256 = -7
    ES384 = -35
    ES512 = -36


@dataclass(frozen=True, slots=True)
class Envelope:
    """An envelope that was read: nothing in it is believed before ``is_intact``.

    ``signature`` is over ``message``, which states everything but ``chain`` and ``timestamp``. ``chain`` is from the
    leaf on, as it stands there. ``timestamp`` is an RFC 3161 token over the bytes of the signature.
    """

    message: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    payload: bytes = field(repr=False)
    algorithm: EnvelopeAlgorithm
    attributes: SignedAttributes
    chain: tuple[Certificate, ...] = field(repr=False)
    timestamp: bytes | None = field(repr=False)

    def is_intact(self) -> bool:
        """Whether the key of the leaf made the signature, by the algorithm that belongs to this key."""
        key = self.chain[0].key
        if key is None or algorithm_of(key) is not self.algorithm:
            return False
        chosen = _ALGORITHMS[self.algorithm]
        signature = self.signature
        if chosen.scheme is Scheme.ECDSA:
            size = _COORDINATE[self.algorithm]
            if len(signature) != 2 * size:
                return False
            halves = (signature[:size], signature[size:])  # RFC 7518 section 3.4, RFC 9053 section 2.1
            signature = encode_dss_signature(*(int.from_bytes(half, "big") for half in halves))
        return verify_as(key, chosen, signature, self.message)


def algorithm_of(key: PublicKey) -> EnvelopeAlgorithm | None:
    """The algorithm that belongs to a key; None where a signer may not use such a key."""
    match key.arithmetic:
        case rsa.RSAPublicKey() as modulus:
            return _RSA.get(modulus.key_size)
        case ec.EllipticCurvePublicKey() as curve:
            return _EC.get(curve.curve.name)
        case _:
            return None


def read_chain(certificates: list[bytes]) -> tuple[Certificate, ...]:
    """Read the certificates of an envelope, at most as many as a chain may have; raises InvalidDocument."""
    if not 1 <= len(certificates) <= MAX_CHAIN:
        raise InvalidDocument(f"does not have 1 to {MAX_CHAIN} certificates")
    try:
        return tuple(read_certificate(each) for each in certificates)
    except InvalidCertificate as error:
        raise InvalidDocument(f"has a certificate that {error}") from error


_RSA: Final[Mapping[int, EnvelopeAlgorithm]] = {
    2048: EnvelopeAlgorithm.PS256,
    3072: EnvelopeAlgorithm.PS384,
    4096: EnvelopeAlgorithm.PS512,
}
_EC: Final[Mapping[str, EnvelopeAlgorithm]] = {
    ec.SECP256R1.name: EnvelopeAlgorithm.ES256,
    ec.SECP384R1.name: EnvelopeAlgorithm.ES384,
    ec.SECP521R1.name: EnvelopeAlgorithm.ES512,
}
_ALGORITHMS: Final[Mapping[EnvelopeAlgorithm, Algorithm]] = {
    EnvelopeAlgorithm.PS256: Algorithm(Scheme.RSA_PSS, hashes.SHA256()),
    EnvelopeAlgorithm.PS384: Algorithm(Scheme.RSA_PSS, hashes.SHA384()),
    EnvelopeAlgorithm.PS512: Algorithm(Scheme.RSA_PSS, hashes.SHA512()),
    EnvelopeAlgorithm.ES256: Algorithm(Scheme.ECDSA, hashes.SHA256()),
    EnvelopeAlgorithm.ES384: Algorithm(Scheme.ECDSA, hashes.SHA384()),
    EnvelopeAlgorithm.ES512: Algorithm(Scheme.ECDSA, hashes.SHA512()),
}
_COORDINATE: Final[Mapping[EnvelopeAlgorithm, int]] = {  # bytes
    EnvelopeAlgorithm.ES256: 32,
    EnvelopeAlgorithm.ES384: 48,
    EnvelopeAlgorithm.ES512: 66,
}

"""Which hashes and signature algorithms a timestamp may name: SHA-256 or better everywhere, and none of two meanings.

Sources: RFC 5754 (SHA-2 in CMS), RFC 4055 (RSA), RFC 8419 (Ed25519).
"""

from collections.abc import Mapping
from typing import Final

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes

from pattern_operator.strict_json import InvalidDocument
from pattern_operator.verify.key import Algorithm, Scheme
from pattern_operator.verify.timestamp.structures import AlgorithmIdentifier, PssAlgorithm, PssHash

_Oid = x509.ObjectIdentifier
_MGF1: Final = _Oid("1.2.840.113549.1.1.8")
_PSS: Final = _Oid("1.2.840.113549.1.1.10")
_RSA: Final = _Oid("1.2.840.113549.1.1.1")
_ED25519: Final = _Oid("1.3.101.112")
_HASHES: Final[Mapping[_Oid, hashes.HashAlgorithm]] = {
    _Oid("2.16.840.1.101.3.4.2.1"): hashes.SHA256(),
    _Oid("2.16.840.1.101.3.4.2.2"): hashes.SHA384(),
    _Oid("2.16.840.1.101.3.4.2.3"): hashes.SHA512(),
}
_WITH_HASH: Final[Mapping[_Oid, Algorithm]] = {
    _Oid("1.2.840.113549.1.1.11"): Algorithm(Scheme.RSA_PKCS1, hashes.SHA256()),
    _Oid("1.2.840.113549.1.1.12"): Algorithm(Scheme.RSA_PKCS1, hashes.SHA384()),
    _Oid("1.2.840.113549.1.1.13"): Algorithm(Scheme.RSA_PKCS1, hashes.SHA512()),
    _Oid("1.2.840.10045.4.3.2"): Algorithm(Scheme.ECDSA, hashes.SHA256()),
    _Oid("1.2.840.10045.4.3.3"): Algorithm(Scheme.ECDSA, hashes.SHA384()),
    _Oid("1.2.840.10045.4.3.4"): Algorithm(Scheme.ECDSA, hashes.SHA512()),
}
SHA256: Final = hashes.SHA256()


def hash_of(identifier: AlgorithmIdentifier | PssHash, *, name: str) -> hashes.HashAlgorithm:
    """The hash that is named; raises InvalidDocument where it is none of SHA-2's. ``name`` says whose, in messages."""
    found = _HASHES.get(identifier.algorithm)
    if found is None:
        raise InvalidDocument(f"has a {name} that is not SHA-256, SHA-384 or SHA-512")
    return found


def signature_algorithm_of(identifier: AlgorithmIdentifier | PssAlgorithm, digest: hashes.HashAlgorithm) -> Algorithm:
    """The signature algorithm that is named.

    Raises:
        InvalidDocument: it is another one, or has another hash than ``digest``, that of the message (RFC 5652
            section 5.4: the signer uses one).
    """
    if isinstance(identifier, PssAlgorithm):
        algorithm = _pss(identifier)
    elif identifier.algorithm == _RSA:
        algorithm = Algorithm(Scheme.RSA_PKCS1, digest)
    elif identifier.algorithm == _ED25519:
        if identifier.parameters is not None or digest.name != "sha512":  # RFC 8419 sections 2.3 and 3.1
            raise InvalidDocument("has an Ed25519 signature with parameters, or with another digest than SHA-512")
        return Algorithm(Scheme.ED25519, digest)
    elif (named := _WITH_HASH.get(identifier.algorithm)) is not None:
        algorithm = named
    else:
        raise InvalidDocument("has a signature algorithm that is not used")
    if algorithm.scheme is Scheme.ECDSA and identifier.parameters is not None:
        raise InvalidDocument("has an ECDSA signature algorithm with parameters")
    if algorithm.hash.name != digest.name:
        raise InvalidDocument("has a signature algorithm of another hash than its digest algorithm")
    return algorithm


def read_signature_algorithm(identifier: asn1.TLV) -> AlgorithmIdentifier | PssAlgorithm:
    """Read an algorithm identifier; that of PSS has parameters of its own. Raises ValueError for any other."""
    try:
        found: AlgorithmIdentifier | PssAlgorithm = identifier.parse(AlgorithmIdentifier)
    except ValueError:
        found = identifier.parse(PssAlgorithm)
        if found.algorithm != _PSS:
            raise
    return found


def _pss(identifier: PssAlgorithm) -> Algorithm:
    parameters = identifier.parameters
    named = hash_of(parameters.hash, name="PSS hash")
    mask = hash_of(parameters.mask.parameters, name="PSS mask hash")
    if parameters.mask.algorithm != _MGF1 or mask.name != named.name or parameters.salt_length != named.digest_size:
        raise InvalidDocument("has PSS parameters that are not used: MGF1 and salt must be those of the hash")
    return Algorithm(Scheme.RSA_PSS, named)

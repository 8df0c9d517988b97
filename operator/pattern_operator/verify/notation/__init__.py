"""Signatures of the Notary Project: a JWS or COSE envelope around the descriptor of an artifact, with certificates.

Specifications: notaryproject/specifications, specs/signature-specification.md, signature-envelope-jws.md,
signature-envelope-cose.md and trust-store-trust-policy.md; where they leave something open, as notation-go 1.3 does it.

    envelope      what both kinds of envelope are read into, and which algorithm belongs to which key
    jws, cose     the two kinds; cbor reads what COSE is written in
    attributes    what is signed beside the payload: scheme, times, and what must be understood
    certificates  what the chain of a signer must be
    payload       the descriptor that is signed
    authority     whom a policy trusts, and what of a signature it enforces
    verify        an envelope, an artifact and an authority -> outcome
"""

from pattern_operator.verify.notation.authority import (
    Level,
    NotationAuthority,
    RevocationMode,
    StoreType,
    TimestampMode,
    TrustStore,
    load_authority,
)
from pattern_operator.verify.notation.envelope import Envelope
from pattern_operator.verify.notation.verify import read_envelope, revocation_checks, verify_notation

__all__ = [
    "Envelope",
    "Level",
    "NotationAuthority",
    "RevocationMode",
    "StoreType",
    "TimestampMode",
    "TrustStore",
    "load_authority",
    "read_envelope",
    "revocation_checks",
    "verify_notation",
]

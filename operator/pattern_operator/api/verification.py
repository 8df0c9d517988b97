"""Which signatures a digest needs, and the result of their verification."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """An authority of ``spec.verify`` with its key: the name that people read, and the PEM of a public key."""

    name: str
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class VerificationPolicy:
    """The authorities of which ``threshold`` different ones must have signed; without any, no signature is required."""

    authorities: tuple[TrustedKey, ...] = ()
    threshold: int = 1


@dataclass(frozen=True, slots=True)
class VerifiedSignature:
    """The valid signature of one authority: whose, in which format, and where in the registry."""

    authority: str
    format: str
    where: str


@dataclass(frozen=True, slots=True)
class VerificationResult:
    """Who signed a digest. ``required`` is false where the policy has no authority; then ``verified_by`` is empty."""

    required: bool
    verified_by: tuple[VerifiedSignature, ...] = ()

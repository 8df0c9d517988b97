"""What must be proven of a digest, by whose signatures, and the result of their verification.

A ``VerificationPolicy`` is all that holds for one DesignPattern: its own ``spec.verify``, and each TrustPolicy that
matches it. It has the content of Secrets and ConfigMaps, not where that comes from: with the same content it is equal.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from pattern_operator.api.authority_spec import Attestation, Authority
from pattern_operator.api.material_spec import Key
from pattern_operator.api.reason import Reason
from pattern_operator.api.requirements_spec import SignedRepository


@dataclass(frozen=True, slots=True)
class TrustedAuthority:
    """An authority of a policy, and the content that its references lead to.

    ``spec`` has no reference and no text of what ``material`` has: pairs of the field, as in ``keyless.trustedRoot``,
    and its content.
    """

    name: str
    spec: Authority
    material: tuple[tuple[str, bytes], ...] = field(repr=False)

    @classmethod
    def of_key(cls, name: str, pem: bytes) -> Self:
        """The authority that signs with one public key, of which this is the PEM."""
        return cls(name, Authority(key=Key()), (("key", pem),))

    def content(self, name: str) -> bytes | None:
        """The content of a field; None where the authority does not have it."""
        return next((content for each, content in self.material if each == name), None)


class PolicyMode(StrEnum):
    """What a policy that is not met does."""

    ENFORCE = "Enforce"
    WARN = "Warn"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySource:
    """Where a requirement comes from: a TrustPolicy, or with an empty ``name`` the pattern's own ``spec.verify``.

    ``version`` is the UID and generation of the TrustPolicy: a verdict never outlives the policy that it is by.
    """

    name: str = ""
    version: str = ""
    mode: PolicyMode = PolicyMode.ENFORCE
    prune: bool = False  # what runs is deleted when it does not pass any longer
    allow_downgrade: bool = True

    def __str__(self) -> str:
        return f"TrustPolicy {self.name}" if self.name else "spec.verify"


OWN_POLICY = PolicySource()


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """What one policy requires: ``threshold`` of its authorities must have signed, each with a signer of its own."""

    source: PolicySource = OWN_POLICY
    authorities: tuple[TrustedAuthority, ...]
    threshold: int = 1
    repository: SignedRepository = field(default_factory=SignedRepository)
    max_age: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusablePolicy:
    """A TrustPolicy that matches and cannot be used: nothing meets it. ``message`` says why, and the next step."""

    source: PolicySource
    reason: Reason
    message: str


class Unsigned(StrEnum):
    """What becomes of an artifact of which nothing is required."""

    ALLOW = "Allow"
    DENY = "Deny"


@dataclass(frozen=True, slots=True)
class VerificationPolicy:
    """All that must be proven: each of the requirements. Without any that enforces, ``unsigned`` decides."""

    requirements: tuple[Requirement | UnusablePolicy, ...] = ()
    unsigned: Unsigned = Unsigned.ALLOW

    @classmethod
    def of(cls, *authorities: TrustedAuthority, threshold: int = 1) -> Self:
        """The policy that requires signatures of these alone."""
        return cls((Requirement(authorities=authorities, threshold=threshold),))

    @property
    def requires_signatures(self) -> bool:
        """Whether signatures have to be looked at."""
        return bool(self.requirements)

    @property
    def enforces(self) -> bool:
        """Whether anything is refused that does not meet it."""
        return any(each.source.mode is PolicyMode.ENFORCE for each in self.requirements)

    @property
    def of_cluster(self) -> "VerificationPolicy":
        """What TrustPolicies require of it, without the pattern's own."""
        return replace(self, requirements=tuple(each for each in self.requirements if each.source.name))

    @property
    def own(self) -> "VerificationPolicy":
        """What the pattern requires itself, without TrustPolicies."""
        return replace(self, requirements=tuple(each for each in self.requirements if not each.source.name))

    @property
    def predicates(self) -> frozenset[str]:
        """The types of predicates that attestations must have."""
        return frozenset(each.predicate_type for each in self._attestations)

    @property
    def has_conditions(self) -> bool:
        """Whether an attestation has a condition, which is judged in a process of its own."""
        return any(each.condition is not None for each in self._attestations)

    @property
    def _attestations(self) -> Iterator[Attestation]:
        return (
            attestation
            for each in self.requirements
            if isinstance(each, Requirement)
            for authority in each.authorities
            for attestation in authority.spec.attestations
        )


@dataclass(frozen=True, slots=True)
class VerifiedSignature:
    """A valid signature of one authority: whose, in which format, where in the registry, and what it proves.

    ``key_id`` is the hex SHA-256 of the public key (SPKI); a certificate has ``identity`` and ``issuer`` in its place.
    ``log_index`` and ``signed_at`` are what a log or a timestamp authority proves. ``policies`` are the names of the
    TrustPolicies for which it counts. ``digest`` is that of the signature itself (``Signature.digest``).
    """

    authority: str
    format: str
    where: str
    key_id: str = ""
    identity: str = ""
    issuer: str = ""
    log_index: int | None = None
    signed_at: datetime | None = None
    policies: tuple[str, ...] = ()
    digest: str = ""


@dataclass(frozen=True, slots=True)
class VerificationResult:
    """Who signed a digest. ``required`` is false where nothing is; then ``verified_by`` is empty.

    ``met``, ``unmet`` and ``undecided`` (not known to be the one or the other) are names of TrustPolicies; those that
    are not met only warn, as ``warnings`` say. ``until`` is when the result has to be found again, because a signature
    is then too old.
    """

    required: bool
    verified_by: tuple[VerifiedSignature, ...] = ()
    met: tuple[str, ...] = ()
    unmet: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    until: datetime | None = None

    @property
    def all_met(self) -> bool:
        """Whether every policy is met, also those that only warn."""
        return not self.unmet and not self.undecided

    @property
    def signed_at(self) -> datetime | None:
        """The newest time at which the digest is proven to have been signed."""
        return max((each.signed_at for each in self.verified_by if each.signed_at is not None), default=None)

    @property
    def signatures(self) -> tuple[str, ...]:
        """The digests of the signatures that count."""
        return tuple(sorted({each.digest for each in self.verified_by if each.digest}))


def fingerprint(content: bytes) -> str:
    """The first 12 hex digits of the SHA-256 of ``content``: names it for people."""
    return hashlib.sha256(content).hexdigest()[:12]

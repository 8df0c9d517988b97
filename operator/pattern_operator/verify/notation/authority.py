"""Whom a policy trusts to sign, and what of a signature it enforces: trust-store-trust-policy.md.

Read once, into values of which nothing can fail later.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import permutations
from typing import Final

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_TRUST_STORES, MAX_TRUSTED_IDENTITIES
from pattern_operator.verify.encoding import quoted, shortened
from pattern_operator.verify.x509.certificate import Certificate, InvalidCertificate, read_certificates
from pattern_operator.verify.x509.distinguished_name import InvalidName, attributes_of, read_name
from pattern_operator.verify.x509.revocation import RevocationAnswer, RevocationCheck

_ANYBODY: Final = "*"
_SUBJECT: Final = "x509.subject:"
_REQUIRED: Final = ("C", "ST", "O")  # "Trusted Identities Constraints": without them a name says too little


class Level(StrEnum):
    """What is enforced; what is not is only a warning. Integrity, artifact and metadata always are."""

    STRICT = "strict"  # everything
    PERMISSIVE = "permissive"  # all but timestamp, expiry and revocation
    AUDIT = "audit"  # none of authenticity, timestamp, expiry and revocation


class StoreType(StrEnum):
    """What the certificates of a trust store are trusted for."""

    CA = "ca"  # signers, scheme notary.x509
    SIGNING_AUTHORITY = "signingAuthority"  # signers, scheme notary.x509.signingAuthority
    TSA = "tsa"  # timestamps


class TimestampMode(StrEnum):
    """When timestamps are looked at, where there is a store of type ``tsa``."""

    ALWAYS = "always"
    AFTER_CERTIFICATE_EXPIRY = "afterCertExpiry"


class RevocationMode(StrEnum):
    """Whether authorities are asked for revoked certificates."""

    CHECK = "Check"
    SKIP = "Skip"  # for clusters from which they are not reached


@dataclass(frozen=True, slots=True)
class TrustStore:
    """Certificates under one type; the name is for people."""

    type: StoreType
    name: str
    certificates: tuple[Certificate, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class NotationAuthority:
    """Who may sign, and how strictly this is judged.

    ``identities`` are attributes that the subject of a leaf must have, any one of the sets; None: any subject will do.
    ``user_metadata`` are annotations that must be signed. ``answers`` are what was fetched for ``revocation_checks``; a
    check without an answer is one whose result is not known.
    """

    name: str
    stores: tuple[TrustStore, ...]
    identities: tuple[Mapping[str, str], ...] | None
    level: Level
    verify_timestamp: TimestampMode
    revocation: RevocationMode
    user_metadata: Mapping[str, str]
    answers: Mapping[RevocationCheck, RevocationAnswer] = field(default_factory=dict, compare=False, repr=False)

    @property
    def annotations(self) -> Mapping[str, str]:
        """The annotations that must be signed, as other authorities have them."""
        return self.user_metadata

    @property
    def attestations(self) -> tuple[()]:
        """None: the Notary Project has no attestations."""
        return ()

    @property
    def trusted(self) -> Hashable:
        """What is trusted: two authorities with the same are one signer."""
        identities = None if self.identities is None else tuple(frozenset(each.items()) for each in self.identities)
        return (self.stores, identities)

    def __str__(self) -> str:
        return f"{shortened(self.name)} (trust stores {shortened(', '.join(each.name for each in self.stores))})"

    def certificates(self, kind: StoreType) -> tuple[Certificate, ...]:
        """The certificates of all stores of one type."""
        return tuple(each for store in self.stores if store.type is kind for each in store.certificates)

    def trusts_subject(self, leaf: Certificate) -> bool:
        """Whether the subject of a leaf has all attributes of one of the trusted identities."""
        if self.identities is None:
            return True
        subject = attributes_of(leaf.subject)
        return subject is not None and any(identity.items() <= subject.items() for identity in self.identities)


def load_authority(
    name: str,
    *,
    stores: Iterable[tuple[StoreType, str, bytes]],
    identities: Iterable[str],
    level: Level = Level.STRICT,
    verify_timestamp: TimestampMode = TimestampMode.ALWAYS,
    revocation: RevocationMode = RevocationMode.CHECK,
    user_metadata: Mapping[str, str] | None = None,
) -> NotationAuthority:
    """Read the trust material of an authority: of each store its type, name and certificates, in PEM or DER.

    ``identities`` are ``*`` alone, or texts such as ``x509.subject: C=US, ST=WA, O=Notary``.

    Raises:
        Stalled: KEY_INVALID or INVALID_SPEC; the message names the authority, and what of it cannot be used and why.
    """
    loaded = tuple(_store(name, kind, store, content) for kind, store, content in stores)
    if not any(store.type is not StoreType.TSA for store in loaded):
        raise _invalid(name, "has no trust store of type ca or signingAuthority, so that nobody could sign")
    if len(loaded) > MAX_TRUST_STORES:
        raise _invalid(name, f"has more than {MAX_TRUST_STORES} trust stores")
    return NotationAuthority(
        name=name,
        stores=loaded,
        identities=_identities(name, list(identities)),
        level=level,
        verify_timestamp=verify_timestamp,
        revocation=revocation,
        user_metadata=dict(user_metadata or {}),
    )


def _store(authority: str, kind: StoreType, name: str, content: bytes) -> TrustStore:
    try:
        certificates = read_certificates(content)
    except InvalidCertificate as error:
        raise _unusable(authority, name, str(error)) from error
    for certificate in certificates:
        self_signed = certificate.is_issued_by(certificate)
        if kind is StoreType.TSA and not (self_signed and certificate.is_authority):
            raise _unusable(authority, name, f"has {certificate}, which is not the root of a timestamping authority")
        if not (self_signed or certificate.is_authority):
            raise _unusable(authority, name, f"has {certificate}, which neither is self-signed nor issues certificates")
    return TrustStore(kind, name, certificates)


def _identities(authority: str, texts: list[str]) -> tuple[Mapping[str, str], ...] | None:
    if texts == [_ANYBODY]:
        return None
    if not 1 <= len(texts) <= MAX_TRUSTED_IDENTITIES:
        raise _invalid(authority, f"must have 1 to {MAX_TRUSTED_IDENTITIES} trusted identities, or * alone")
    found = tuple(_identity(authority, text) for text in texts)
    for (one, wide), (other, narrow) in permutations(zip(texts, found, strict=True), 2):
        if wide.items() <= narrow.items():  # trust-store-trust-policy.md, "Trusted Identities Constraints"
            raise _invalid(authority, f"trusts {quoted(other)}, which is already trusted as {quoted(one)}")
    return found


def _identity(authority: str, text: str) -> Mapping[str, str]:
    if not text.startswith(_SUBJECT):
        raise _invalid(
            authority, f"has the trusted identity {quoted(text)}, which is neither * alone nor begins with {_SUBJECT}"
        )
    try:
        attributes = read_name(text.removeprefix(_SUBJECT))
    except InvalidName as error:
        raise _invalid(authority, f"has the trusted identity {quoted(text)}, which {error}") from error
    if missing := [name for name in _REQUIRED if name not in attributes]:
        raise _invalid(authority, f"has the trusted identity {quoted(text)} without {', '.join(missing)}")
    return attributes


def _unusable(authority: str, store: str, wrong: str) -> Stalled:
    return Stalled(
        reason=Reason.KEY_INVALID,
        message=f"the trust store {quoted(store)} of authority {quoted(authority)} {wrong}. Give certificates in PEM,"
        " as `notation certificate add` takes them.",
    )


def _invalid(authority: str, wrong: str) -> Stalled:
    return Stalled(
        reason=Reason.INVALID_SPEC, message=f"the authority {quoted(authority)} {wrong}: correct the policy."
    )

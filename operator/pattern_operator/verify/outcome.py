"""What the verification of one signature ends in: who signed, when, and what was signed, or why it does not count.

Every format reads a signature, trusts nothing in it, and judges it against one authority at a time that is handed in.
Whatever is wrong with a signature is a ``Rejection``, never an exception: another one beside it may be good.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pattern_operator.verify.parsed_signature import Rejection


@dataclass(frozen=True, slots=True)
class KeySigner:
    """The owner of a public key: ``fingerprint`` is the SHA-256 of its SubjectPublicKeyInfo, in hex."""

    fingerprint: str


@dataclass(frozen=True, slots=True)
class CertificateSigner:
    """Whom a certificate names: a subject alternative name, and who says so.

    ``issuer`` is the OIDC issuer of a keyless signature, or the subject of the root of one's own CA. ``fingerprint`` is
    the SHA-256 of the DER of the certificate, in hex, and ``key`` that of the SubjectPublicKeyInfo in it.
    """

    identity: str
    issuer: str
    fingerprint: str
    key: str


@dataclass(frozen=True, slots=True)
class NotationSigner:
    """Whom the certificate of a Notary Project signature names: its subject, as RFC 4514 writes it.

    ``fingerprint`` is the SHA-256 of the DER of the certificate, in hex, and ``key`` that of the SubjectPublicKeyInfo
    in it.
    """

    subject: str
    fingerprint: str
    key: str


@dataclass(frozen=True, slots=True)
class UnauthenticatedSigner:
    """Whom a signature names where its policy only logs that nobody trusted says so (level ``audit`` of notation).

    It must never be shown as verified.
    """

    subject: str


Signer = KeySigner | CertificateSigner | NotationSigner | UnauthenticatedSigner


@dataclass(frozen=True, slots=True)
class LogEntry:
    """An entry of a transparency log that was verified; ``log_id`` is the SHA-256 of the log's key, in hex."""

    log_id: str
    index: int
    integrated_at: datetime | None


@dataclass(frozen=True, slots=True)
class Statement:
    """What an in-toto statement says of the artifact: ``predicate`` is its JSON."""

    predicate_type: str
    predicate: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Verified:
    """One signature that holds, for one authority.

    ``signed_at`` are the times that somebody trusted vouched for. ``annotations`` are signed; ``reference`` is the
    repository that the signature was made for, where it names one. ``warnings`` are checks that failed and that the
    policy only logs: clauses that follow the name of the signature. ``until`` is when it has to be judged again, where
    somebody is asked whether it still holds.
    """

    signer: Signer
    signed_at: tuple[datetime, ...] = ()
    log_entries: tuple[LogEntry, ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)
    reference: str | None = None
    statement: Statement | None = None
    warnings: tuple[str, ...] = ()
    until: datetime | None = None


Outcome = Verified | Rejection

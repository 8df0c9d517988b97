"""Whom a signature is judged by: trust material as the core takes it, read once, and what must be proven besides."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pattern_operator.verify.encoding import shortened
from pattern_operator.verify.key import PublicKey
from pattern_operator.verify.matcher import Matcher
from pattern_operator.verify.notation.authority import NotationAuthority
from pattern_operator.verify.trusted_root import Authority as Issuer
from pattern_operator.verify.trusted_root import Log, TrustedRoot
from pattern_operator.verify.x509.certificate import Certificate


@dataclass(frozen=True, slots=True)
class LogPolicy:
    """The transparency logs that are trusted. An entry that is there must hold, even where none is ``required``."""

    logs: tuple[Log, ...]
    required: bool = True


@dataclass(frozen=True, slots=True)
class TimestampPolicy:
    """The timestamp authorities (RFC 3161) that are trusted, and whether one of them must have seen the signature."""

    authorities: tuple[Issuer, ...]
    required: bool = True


@dataclass(frozen=True, slots=True)
class AttestationPolicy:
    """A statement that must be signed: the exact type of its predicate, and a CEL condition on it."""

    name: str
    predicate_type: str
    condition: str | None = None


@dataclass(frozen=True, slots=True)
class KeyAuthority:
    """Public keys, any of which signs for the authority, up to ``valid_until``.

    Without ``log`` or ``timestamp``, log entries or timestamps are not looked at: nobody is trusted for them.
    """

    name: str
    keys: tuple[PublicKey, ...]
    log: LogPolicy | None = None
    timestamp: TimestampPolicy | None = None
    valid_until: datetime | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)
    attestations: tuple[AttestationPolicy, ...] = ()

    @property
    def trusted(self) -> Hashable:
        """What is trusted: two authorities with the same are one signer."""
        return self.keys

    def __str__(self) -> str:
        return f"{shortened(self.name)} (key {', '.join(each.fingerprint for each in self.keys)})"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signs without a key: a subject of the certificate, and the OIDC issuer that it was proven to."""

    subject: Matcher
    issuer: Matcher

    def __str__(self) -> str:
        return f"{self.subject}, as {self.issuer} says"


@dataclass(frozen=True, slots=True)
class KeylessAuthority:
    """Identities in certificates of the authorities of a trusted root, which live for minutes.

    ``log_required`` and ``timestamp_required`` say what proves when the signature was made: without any time that is
    proven, no signature holds. ``sct_required``: the certificate must be in a certificate transparency log.
    """

    name: str
    identities: tuple[Identity, ...]
    trusted_root: TrustedRoot
    log_required: bool = True
    timestamp_required: bool = False
    sct_required: bool = True
    annotations: Mapping[str, str] = field(default_factory=dict)
    attestations: tuple[AttestationPolicy, ...] = ()

    @property
    def trusted(self) -> Hashable:
        """What is trusted: two authorities with the same are one signer."""
        return self.identities

    def __str__(self) -> str:
        return f"{shortened(self.name)} ({shortened(' or '.join(map(str, self.identities)))})"


@dataclass(frozen=True, slots=True)
class CertificateAuthority:
    """A certification authority of one's own, and whom its certificates must name.

    Each kind of name that is given must be there: one of ``emails``, one of ``dns_names``, one of ``uris``. One of them
    must be given: else whoever has any certificate of the roots might sign.
    """

    name: str
    roots: tuple[Certificate, ...]
    intermediates: tuple[Certificate, ...] = ()
    emails: tuple[str, ...] = ()
    dns_names: tuple[str, ...] = ()
    uris: tuple[str, ...] = ()
    log: LogPolicy | None = None
    timestamp: TimestampPolicy | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)
    attestations: tuple[AttestationPolicy, ...] = ()

    @property
    def trusted(self) -> Hashable:
        """What is trusted: two authorities with the same are one signer."""
        return (self.roots, self.emails, self.dns_names, self.uris)

    def __str__(self) -> str:
        return f"{shortened(self.name)} ({shortened(', '.join((*self.emails, *self.dns_names, *self.uris)))})"


Authority = KeyAuthority | KeylessAuthority | CertificateAuthority | NotationAuthority

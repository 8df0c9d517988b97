"""Decides what a Notary Project signature is worth to an authority: trust-store-trust-policy.md, "Steps".

The steps are those of the specification, in its order: integrity, authenticity (whom the chain leads to, and whose name
is on it), the artifact and metadata that are signed, expiry, the time of signing, revocation. Which are enforced is
the level's; what is not is a warning. Only a signature whose authenticity was found names a verified signer.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from pattern_operator.api.artifact import Descriptor
from pattern_operator.strict_json import InvalidDocument
from pattern_operator.verify.encoding import quoted
from pattern_operator.verify.notation.attributes import SigningScheme
from pattern_operator.verify.notation.authority import (
    Level,
    NotationAuthority,
    RevocationMode,
    StoreType,
    TimestampMode,
)
from pattern_operator.verify.notation.certificates import unfit_chain
from pattern_operator.verify.notation.cose import read_cose
from pattern_operator.verify.notation.envelope import COSE, JWS, Envelope
from pattern_operator.verify.notation.jws import read_jws
from pattern_operator.verify.notation.payload import SignedTarget, read_payload
from pattern_operator.verify.outcome import NotationSigner, Outcome, UnauthenticatedSigner, Verified
from pattern_operator.verify.parsed_signature import MalformedSignature, Rejection
from pattern_operator.verify.x509.chain import Chain, outside_validity
from pattern_operator.verify.x509.revocation import (
    NotRevoked,
    RevocationAnswer,
    RevocationCheck,
    Revoked,
    Status,
    Unknown,
    judge,
)
from pattern_operator.verify.x509.revocation import revocation_checks as checks_of

_READERS: Final[Mapping[str, Callable[[bytes], Envelope]]] = {JWS: read_jws, COSE: read_cose}
_STORES: Final = {
    SigningScheme.X509: StoreType.CA,
    SigningScheme.SIGNING_AUTHORITY: StoreType.SIGNING_AUTHORITY,
}


def read_envelope(content: bytes, *, media_type: str) -> Envelope | MalformedSignature:
    """Read an envelope, of the kind that its media type says, and trust nothing in it. Total for any bytes."""
    reader = _READERS.get(media_type)
    if reader is None:
        return MalformedSignature(f"has media type {quoted(media_type)} and is neither {JWS} nor {COSE}")
    try:
        return reader(content)
    except InvalidDocument as error:
        return MalformedSignature(str(error))


def verify_notation(envelope: Envelope, target: Descriptor, authority: NotationAuthority, now: datetime) -> Outcome:
    """Judge an envelope that was read, for an artifact and an authority.

    Returns:
        ``Verified``, or the first check that failed and is enforced. Under level ``audit`` the signer may be an
        ``UnauthenticatedSigner``: the signature is intact and for this artifact, and nobody trusted made it.
    """
    judged = _judge(envelope, target, authority, now)
    if isinstance(judged, Rejection):
        return judged
    statuses = [_revocation(check, authority, now) for check in _checks(judged, authority)]
    failures = [each.failure for each in statuses if each.failure is not None]
    if failures and authority.level is Level.STRICT:
        return Rejection(failures[0], key_is_right=True)
    leaf = envelope.chain[0]
    subject = leaf.subject.rfc4514_string()
    return Verified(
        signer=NotationSigner(subject, leaf.fingerprint, leaf.key_fingerprint)
        if judged.authentic
        else UnauthenticatedSigner(subject),
        signed_at=judged.time.signed_at if judged.authentic else (),
        annotations=judged.target.annotations,
        warnings=(*judged.warnings, *failures),
        until=min((each.until for each in statuses if each.until is not None), default=None),
    )


def revocation_checks(
    envelope: Envelope, target: Descriptor, authority: NotationAuthority, now: datetime
) -> tuple[RevocationCheck, ...]:
    """What has to be asked before ``verify_notation`` can say yes; nothing for a signature that is refused anyhow.

    So no URL is asked that an unknown signer chose.
    """
    judged = _judge(envelope, target, authority, now)
    return () if isinstance(judged, Rejection) else _checks(judged, authority)


@dataclass(frozen=True, slots=True)
class _Time:
    """When a signature was made, as far as somebody trusted says so; ``chains`` are of who said it.

    With a ``failure`` it proves no time.
    """

    signed_at: tuple[datetime, ...] = ()
    chains: tuple[Chain, ...] = ()
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class _Judged:
    """A signature that passed every check that is enforced, but revocation; ``chains`` are those that it rests on."""

    target: SignedTarget
    authentic: bool
    time: _Time
    chains: tuple[Chain, ...]
    warnings: tuple[str, ...]


def _judge(envelope: Envelope, target: Descriptor, authority: NotationAuthority, now: datetime) -> _Judged | Rejection:
    if not envelope.is_intact():
        return Rejection("was changed: its signature does not fit the certificate in it")
    if wrong := unfit_chain(envelope.chain):
        return Rejection(wrong)
    untrusted = _untrusted(envelope, authority)
    if untrusted is not None and authority.level is not Level.AUDIT:
        return Rejection(untrusted)
    signed = _signed_target(envelope, target, authority)
    if isinstance(signed, Rejection):
        return signed if untrusted is None else Rejection(signed.why)
    time = _time(envelope, authority, now)
    failures = [why for why in (_expired(envelope, now), time.failure) if why is not None]
    if failures and authority.level is Level.STRICT:
        return Rejection(failures[0], key_is_right=True)
    warnings = [why for why in (untrusted, *failures) if why is not None]
    return _Judged(signed, untrusted is None, time, (envelope.chain, *time.chains), tuple(warnings))


def _untrusted(envelope: Envelope, authority: NotationAuthority) -> str | None:
    """Why nobody whom the authority trusts made the signature; None where somebody did."""
    kind, leaf = _STORES[envelope.attributes.scheme], envelope.chain[0]
    if not set(envelope.chain) & set(authority.certificates(kind)):
        return f"has the certificate {leaf}, and none of its chain is in a trust store of type {kind}"
    if not authority.trusts_subject(leaf):
        return f"has the certificate {leaf}, which is not one of the trusted identities"
    return None


def _signed_target(envelope: Envelope, target: Descriptor, authority: NotationAuthority) -> SignedTarget | Rejection:
    try:
        signed = read_payload(envelope.payload)
    except InvalidDocument as error:
        return Rejection(str(error), key_is_right=True)
    if mismatch := signed.mismatch(target):
        return replace(mismatch, key_is_right=True)
    for name, value in authority.user_metadata.items():
        if signed.annotations.get(name) != value:
            found = quoted(signed.annotations.get(name))
            return Rejection(f"signs {found} as {quoted(name)}, and {quoted(value)} is required", key_is_right=True)
    return signed


def _expired(envelope: Envelope, now: datetime) -> str | None:
    expiry = envelope.attributes.expiry
    return None if expiry is None or now < expiry else f"expired at {expiry:%Y-%m-%dT%H:%M:%SZ}, as its signer set it"


def _time(envelope: Envelope, authority: NotationAuthority, now: datetime) -> _Time:
    """Find a time of signing at which the chain was valid: "Authentic Timestamp" of the specification."""
    chain, attributes = envelope.chain, envelope.attributes
    if attributes.scheme is SigningScheme.SIGNING_AUTHORITY:
        failure = _invalid_at(chain, attributes.signing_time)
        return _Time(() if failure else (attributes.signing_time,), failure=failure)
    roots = authority.certificates(StoreType.TSA)
    late = authority.verify_timestamp is TimestampMode.AFTER_CERTIFICATE_EXPIRY
    if not roots or (late and not any(now > certificate.not_after for certificate in chain)):
        return _Time(failure=_invalid_at(chain, now))
    if envelope.timestamp is None:
        return _Time(failure="has no timestamp")
    from pattern_operator.verify.timestamp import Encoding, verify_timestamp  # loaded where a policy asks for it

    stamp = verify_timestamp(envelope.timestamp, envelope.signature, encoding=Encoding.TOKEN, roots=roots)
    if isinstance(stamp, Rejection):
        return _Time(failure=f"has a timestamp that {stamp.why}")
    failure = _invalid_at(chain, stamp.earliest) or _invalid_at(chain, stamp.latest)
    return _Time(() if failure else (stamp.time,), (stamp.chain,), failure)


def _invalid_at(chain: Chain, time: datetime) -> str | None:
    wrong = outside_validity(chain, time)
    return None if wrong is None else f"has a certificate chain in which {wrong}"


def _checks(judged: _Judged, authority: NotationAuthority) -> tuple[RevocationCheck, ...]:
    """What to ask for; nothing of a chain that nobody trusts."""
    if authority.revocation is RevocationMode.SKIP or not judged.authentic:
        return ()
    return tuple(check for chain in judged.chains for check in checks_of(chain))


@dataclass(frozen=True, slots=True)
class _Revocation:
    """What is known of a certificate that may have been revoked."""

    check: RevocationCheck
    status: Status

    @property
    def until(self) -> datetime | None:
        return None if isinstance(self.status, Unknown) else self.status.until

    @property
    def failure(self) -> str | None:
        """Why the certificate may not be trusted any more, or why this is not known."""
        match self.status:
            case Revoked(at=at):
                return f"has the certificate {self.check.certificate}, which was revoked at {at:%Y-%m-%dT%H:%M:%SZ}"
            case Unknown(why=why):
                return f"has the certificate {self.check.certificate}, which may have been revoked: it {why}"
            case NotRevoked():
                return None


def _revocation(check: RevocationCheck, authority: NotationAuthority, now: datetime) -> _Revocation:
    return _Revocation(check, judge(check, authority.answers.get(check, RevocationAnswer()), now=now))

"""Reads whom an authority trusts beside or in place of a key: identities, certificates, logs and timestamp authorities.

Where a policy names no trusted root, the one of Sigstore's public instance counts, as sigstore-python 4.5 ships it
(``public_trusted_root.json``): nothing is fetched. A release of the operator renews it.
"""

import re
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from typing import Final

from pattern_operator.api import authority_spec as spec
from pattern_operator.api.reason import Reason
from pattern_operator.api.verification import TrustedAuthority
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_LOG_KEYS
from pattern_operator.quote import quoted
from pattern_operator.verify import key
from pattern_operator.verify.authority import (
    AttestationPolicy,
    CertificateAuthority,
    Identity,
    KeylessAuthority,
    LogPolicy,
    TimestampPolicy,
)
from pattern_operator.verify.matcher import Exactly, Matcher, compile_pattern
from pattern_operator.verify.trusted_root import Authority as Issuer
from pattern_operator.verify.trusted_root import Log, TrustedRoot, Validity, load_trusted_root, log_of_key
from pattern_operator.verify.x509.certificate import Certificate, InvalidCertificate, read_certificates

ALWAYS: Final = Validity(datetime.min.replace(tzinfo=UTC))  # what a policy lists is believed as long as it does
_PUBLIC_ROOT: Final = "public_trusted_root.json"
_PEM: Final = re.compile(rb"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----", re.DOTALL)


def load_keyless(
    trusted: TrustedAuthority, keyless: spec.Keyless, attestations: tuple[AttestationPolicy, ...]
) -> KeylessAuthority:
    """Read the identities and the trusted root of an authority; raises Stalled as ``load_authority``."""
    root = _trusted_root(trusted, "keyless.trustedRoot")
    log, timestamp = load_log(trusted), load_timestamp(trusted)
    if log is not None and trusted.content("transparencyLog.trustedRoot") is not None:
        root = replace(root, logs=log.logs)
    if timestamp is not None:
        root = replace(root, timestamp_authorities=(*root.timestamp_authorities, *timestamp.authorities))
    return KeylessAuthority(
        trusted.name,
        tuple(_identity(each, name=trusted.name) for each in keyless.identities),
        root,
        log_required=log is None or log.required,
        timestamp_required=timestamp is not None and timestamp.required,
        annotations=dict(trusted.spec.annotations),
        attestations=attestations,
    )


def load_certificates(
    trusted: TrustedAuthority, certificates: spec.Certificates, attestations: tuple[AttestationPolicy, ...]
) -> CertificateAuthority:
    """Read the certificates of a CA of one's own, and whom they must name; raises Stalled as ``load_authority``."""
    subject = certificates.subject
    if not (subject.emails or subject.dns_names or subject.uris):
        raise _invalid(trusted, "names nobody: give one of certificates.subject.emails, dnsNames or uris")
    intermediates = trusted.content("certificates.intermediates")
    return CertificateAuthority(
        trusted.name,
        _certificates(trusted, "certificates.roots"),
        _certificates(trusted, "certificates.intermediates") if intermediates is not None else (),
        emails=subject.emails,
        dns_names=subject.dns_names,
        uris=subject.uris,
        log=load_log(trusted),
        timestamp=load_timestamp(trusted),
        annotations=dict(trusted.spec.annotations),
        attestations=attestations,
    )


def load_log(trusted: TrustedAuthority) -> LogPolicy | None:
    """Read which logs are trusted, by their keys or a trusted root; None where the policy speaks of none."""
    wanted = trusted.spec.transparency_log
    if wanted is None:
        return None
    pem = trusted.content("transparencyLog.keys")
    if pem is not None:
        return LogPolicy(_logs(trusted, pem), wanted.required)
    return LogPolicy(_trusted_root(trusted, "transparencyLog.trustedRoot").logs, wanted.required)


def load_timestamp(trusted: TrustedAuthority) -> TimestampPolicy | None:
    """Read which timestamp authorities are trusted, by their roots; None where the policy speaks of none.

    Certificates that are not self-issued are those between a root and what it stamps with.
    """
    wanted = trusted.spec.timestamp
    if wanted is None:
        return None
    certificates = _certificates(trusted, "timestamp.certificates")
    roots = [each for each in certificates if each.is_self_issued]
    if not roots:
        raise _invalid(trusted, "has no root certificate in timestamp.certificates: add the self-signed one")
    between = tuple(each for each in certificates if not each.is_self_issued)
    # One that is not a CA at the head would count alone (``sigstore.proof``): those of a CA come first.
    chain = tuple(sorted(between, key=lambda each: not each.is_authority))
    return TimestampPolicy(tuple(Issuer((*chain, root), ALWAYS) for root in roots), wanted.required)


def public_trusted_root() -> bytes:
    """The TrustedRoot of Sigstore's public instance."""
    return files("pattern_operator.verify").joinpath(_PUBLIC_ROOT).read_bytes()


def _trusted_root(trusted: TrustedAuthority, field: str) -> TrustedRoot:
    content = trusted.content(field)
    return load_trusted_root(public_trusted_root() if content is None else content, name=trusted.name)


def _logs(trusted: TrustedAuthority, pem: bytes) -> tuple[Log, ...]:
    blocks = _PEM.findall(pem)
    if not blocks or len(blocks) > MAX_LOG_KEYS:
        raise _invalid(trusted, f"must have 1 to {MAX_LOG_KEYS} PEM blocks PUBLIC KEY in transparencyLog.keys")
    if _PEM.sub(b"", pem).find(b"-----BEGIN") >= 0:
        raise _invalid(trusted, "has something else than public keys in transparencyLog.keys: remove it")
    return tuple(log_of_key(key.load(block, name=trusted.name), valid=ALWAYS) for block in blocks)


def _certificates(trusted: TrustedAuthority, field: str) -> tuple[Certificate, ...]:
    try:
        return read_certificates(trusted.content(field) or b"")
    except InvalidCertificate as error:
        raise _invalid(
            trusted, f"has {field} that cannot be used, because it {error}: give PEM certificates"
        ) from error


def _identity(identity: spec.Identity, *, name: str) -> Identity:
    return Identity(
        subject=_matcher(identity.subject, identity.subject_reg_exp, name=name),
        issuer=_matcher(identity.issuer, identity.issuer_reg_exp, name=name),
    )


def _matcher(text: str | None, pattern: str | None, *, name: str) -> Matcher:
    """How a name is compared: exactly one of the two has to be given, and neither is ever skipped."""
    if text and pattern is None:
        return Exactly(text)
    if pattern is not None and text is None:
        return compile_pattern(pattern, name=name)
    raise Stalled(
        reason=Reason.INVALID_SPEC,
        message=f"an identity of authority {quoted(name)} needs exactly one of issuer and issuerRegExp, and exactly one"
        " of subject and subjectRegExp: correct the policy.",
    )


def _invalid(trusted: TrustedAuthority, wrong: str) -> Stalled:
    return Stalled(reason=Reason.KEY_INVALID, message=f"the authority {quoted(trusted.name)} {wrong}.")

"""What a registry's answer, or its silence, means for the pattern: one place turns HTTP into the errors of the house.

Statuses: OCI distribution-spec 1.1, "Error Codes"; RFC 9110 section 15; RFC 6585 section 4 (429).
"""

import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

import aiohttp

from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest
from pattern_operator.errors import PatternError, Stalled, Transient
from pattern_operator.source.document import children, shown, text
from pattern_operator.strictjson import InvalidDocument, read_object

_MAX_RETRY_AFTER: Final = timedelta(hours=6)  # Docker Hub's window for pulls; more than this is a mistake
_HEALED_BY_TIME: Final = frozenset({9, 10})  # OpenSSL: X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED


def refused(
    status: int,
    *,
    what: str,
    said: str = "",
    headers: Mapping[str, str],
    identified: bool,
    now: datetime,
) -> PatternError:
    """The error for a status that is no success.

    Args:
        status: the HTTP status.
        what: the request in words, as in ``registry.example: GET manifest 1.4.2 of team/web``.
        said: the registry's own message, see ``message_of``.
        headers: of the answer; ``Retry-After`` is honoured.
        identified: whether credentials were sent.
        now: the time that a date in ``Retry-After`` is compared with.
    """
    quoted = f" ({said})" if said else ""
    if status == 429:
        return Transient(
            reason=Reason.REGISTRY_THROTTLED,
            message=f"{what}: the registry asked to slow down (429){quoted}; it is asked again later.",
            retry_after=retry_after(headers, now=now),
        )
    if status >= 500 or status in (408, 425):
        return Transient(
            reason=Reason.REGISTRY_UNAVAILABLE,
            message=f"{what}: the registry failed with {status}{quoted}; it is asked again later.",
            retry_after=retry_after(headers, now=now),
        )
    if status == 404:
        return Stalled(
            reason=Reason.ARTIFACT_NOT_FOUND,
            message=f"{what}: the registry has no such thing (404){quoted}: correct source.url or source.ref, or push.",
        )
    if status in (401, 403):
        return _not_allowed(status, what=what, quoted=quoted, identified=identified)
    return Stalled(
        reason=Reason.ARTIFACT_UNSUPPORTED,
        message=f"{what}: the registry answered {status}{quoted}, which is not what an OCI registry does: "
        "check that source.url names one.",
    )


def _not_allowed(status: int, *, what: str, quoted: str, identified: bool) -> Stalled:
    if status == 403:
        known = "the credentials are not allowed to do this" if identified else "nobody may do this without credentials"
        return Stalled(
            reason=Reason.ACCESS_DENIED,
            message=f"{what}: {known} (403){quoted}: grant access to the repository, or correct source.secretRef.",
        )
    if identified:
        return Stalled(
            reason=Reason.AUTHENTICATION_FAILED,
            message=f"{what}: the registry refused the credentials (401){quoted}: correct the Secret of "
            "source.secretRef.",
        )
    return Stalled(
        reason=Reason.AUTHENTICATION_REQUIRED,
        message=f"{what}: the registry wants credentials (401){quoted}: set source.secretRef to a docker config with "
        "an entry for it, or correct source.url, for some registries say this of repositories they do not have.",
    )


def unreachable(error: Exception, *, what: str) -> PatternError:
    """The error for a request that got no answer, or half of one."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return _distrusted(error.certificate_error, what=what)
    if isinstance(error, aiohttp.ClientSSLError):
        return _no_tls(error.os_error, what=what)
    if isinstance(error, TimeoutError):
        why = "it did not answer in time"
    elif isinstance(error, aiohttp.ClientConnectorError):
        why = f"it cannot be reached ({shown(error.strerror or type(error.os_error).__name__)})"
    elif isinstance(error, UnicodeError):
        why = "it cannot be reached (its name is none that DNS knows)"
    else:
        why = f"the connection broke ({type(error).__name__})"
    return Transient(reason=Reason.REGISTRY_UNAVAILABLE, message=f"{what}: {why}; it is asked again later.")


def _distrusted(refusal: Exception, *, what: str) -> PatternError:
    if isinstance(refusal, ssl.SSLCertVerificationError) and refusal.verify_code in _HEALED_BY_TIME:
        return Transient(  # nobody would change the spec for it
            reason=Reason.TLS_FAILED,
            message=f"{what}: {shown(refusal.verify_message)}: who runs the registry must renew it, unless a clock is "
            "wrong; it is asked again later.",
        )
    why = shown(str(getattr(refusal, "verify_message", "")) or type(refusal).__name__)
    return Stalled(
        reason=Reason.TLS_FAILED,
        message=f"{what}: the registry's certificate was refused ({why}): it must be for this host and from a "
        "known authority. A registry without TLS needs source.insecure: true.",
    )


def _no_tls(error: OSError, *, what: str) -> PatternError:
    said = shown(str(error))
    if isinstance(error, ssl.SSLError) and "_ALERT_" in (error.reason or ""):  # the other side speaks TLS, and says no
        return Transient(
            reason=Reason.TLS_FAILED,
            message=f"{what}: the registry ended the TLS handshake ({said}); it is asked again later.",
        )
    return Stalled(
        reason=Reason.TLS_FAILED,
        message=f"{what}: there is no TLS ({said}): a registry that speaks plain http needs source.insecure: true.",
    )


def another_digest(what: str, *, wanted: Digest, found: Digest) -> Stalled:
    """The error for content that is not what its digest names."""
    return Stalled(
        reason=Reason.DIGEST_MISMATCH,
        message=f"{what}: the registry sent {found} where {wanted} was named: it, or something before it, changed the "
        "content. Nothing of it is used: find out who did, and push again.",
    )


def another_size(what: str, *, size: int, found: str) -> Stalled:
    """The error for content that is longer or shorter than its descriptor says."""
    return Stalled(
        reason=Reason.SIZE_MISMATCH,
        message=f"{what}: the registry sent {found} bytes where the descriptor says {size}. Nothing of it is used: "
        "push the artifact again.",
    )


def message_of(body: bytes, *, secrets: tuple[str, ...] = ()) -> str:
    """The registry's own words out of an error response, shortened; never one of ``secrets``, should it echo them.

    Shape: distribution-spec 1.1, "Error Codes": ``{"errors": [{"code": ..., "message": ..., "detail": ...}]}``.
    """
    try:
        errors = children(read_object(body), "errors")[:2]
        said = "; ".join(": ".join(filter(None, (text(each, "code"), text(each, "message")))) for each in errors)
    except InvalidDocument:
        return ""
    for secret in sorted(secrets, key=len, reverse=True):  # one may be a part of another
        said = said.replace(secret, "***")
    return shown(said, length=240)


def retry_after(headers: Mapping[str, str], *, now: datetime) -> timedelta | None:
    """``Retry-After`` (RFC 9110 section 10.2.3), seconds or a date, at most some hours; None without a usable one."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return min(timedelta(seconds=int(value[:9])), _MAX_RETRY_AFTER)
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, OverflowError):  # the latter for a year of many digits
        return None
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    return min(max(date - now, timedelta()), _MAX_RETRY_AFTER)

"""What a registry's answer, or its silence, means for the pattern: one place turns HTTP into the errors of the house.

Statuses: OCI distribution-spec 1.1, "Error Codes"; RFC 9110 section 15; RFC 6585 section 4 (429).
"""

import errno
import os
import re
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

import aiohttp

from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest
from pattern_operator.errors import PatternError, Stalled, Transient
from pattern_operator.source.json_fields import children, shown, text
from pattern_operator.source.registry.network import AddressRefused
from pattern_operator.strict_json import InvalidDocument, read_object

_MAX_RETRY_AFTER: Final = timedelta(hours=6)  # Docker Hub's window for pulls; more than this is a mistake
_MAX_DATE: Final = 64  # characters; an HTTP date has 29
_MAX_ERRORS: Final = 2  # of an answer that are shown
_QUOTED: Final = 120  # characters of a registry's own words that a message shows
_OF_THIS_HOST: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS, errno.ENOMEM})
_HEALED_BY_TIME: Final = frozenset({9, 10})  # OpenSSL: X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED


def from_status(
    status: int,
    *,
    context: str,
    said: str = "",
    headers: Mapping[str, str],
    identified: bool,
    now: datetime,
    lacking: str = "",
) -> PatternError:
    """The error for a status that is no success.

    Args:
        status: the HTTP status.
        context: the request in words, as in ``registry.example: GET manifest 1.4.2 of team/web``.
        said: what the registry itself says, see ``error_codes`` and ``error_text``.
        headers: of the answer; ``Retry-After`` is honoured.
        identified: whether credentials were sent.
        now: the time that a date in ``Retry-After`` is compared with.
        lacking: why there are no credentials to send although the user gave some, as a sentence without its dot.
    """
    quoted = f" ({said})" if said else ""
    if status == 429:
        return Transient(
            reason=Reason.REGISTRY_THROTTLED,
            message=f"{context}: the registry asked to slow down (429){quoted}; it is asked again later.",
            retry_after=retry_after(headers, now=now),
        )
    if status >= 500 or status in (408, 425):
        return Transient(
            reason=Reason.REGISTRY_UNAVAILABLE,
            message=f"{context}: the registry failed with {status}{quoted}; it is asked again later.",
            retry_after=retry_after(headers, now=now),
        )
    if status == 404:
        return Stalled(
            reason=Reason.ARTIFACT_NOT_FOUND,
            message=f"{context}: the registry has no such thing (404){quoted}: correct source.url or source.ref, or"
            " push.",
        )
    if status in (401, 403):
        return _not_allowed(status, context=context, quoted=quoted, identified=identified, lacking=lacking)
    return Stalled(
        reason=Reason.ARTIFACT_UNSUPPORTED,
        message=f"{context}: the registry answered {status}{quoted}, which is not what an OCI registry does: "
        "check that source.url names one.",
    )


def _not_allowed(status: int, *, context: str, quoted: str, identified: bool, lacking: str) -> Stalled:
    if lacking and not identified:
        return Stalled(
            reason=Reason.ACCESS_DENIED if status == 403 else Reason.AUTHENTICATION_REQUIRED,
            message=f"{context}: the registry wants credentials ({status}){quoted}, and {lacking}: add one, or set"
            " source.secretRef to a docker config with an entry for it.",
        )
    if status == 403:
        known = "the credentials are not allowed to do this" if identified else "nobody may do this without credentials"
        return Stalled(
            reason=Reason.ACCESS_DENIED,
            message=f"{context}: {known} (403){quoted}: grant access to the repository, or correct source.secretRef.",
        )
    if identified:
        return Stalled(
            reason=Reason.AUTHENTICATION_FAILED,
            message=f"{context}: the registry refused the credentials (401){quoted}: correct the Secret of "
            "source.secretRef.",
        )
    return Stalled(
        reason=Reason.AUTHENTICATION_REQUIRED,
        message=f"{context}: the registry wants credentials (401){quoted}: set source.secretRef to a docker config"
        " with an entry for it, or correct source.url, for some registries say this of repositories they do not have.",
    )


def from_redirect_status(
    status: int, *, context: str, host: str, headers: Mapping[str, str], now: datetime
) -> Transient:
    """The error for a status of ``host``, which is not the registry but where it sent us.

    What another host says proves nothing about us or the artifact, and none of it is quoted: it may be one that only
    the operator can reach.
    """
    throttled = status == 429
    return Transient(
        reason=Reason.REGISTRY_THROTTLED if throttled else Reason.REGISTRY_UNAVAILABLE,
        message=f"{context}: the registry sent us to {host}, which answered {status}; it is asked again later.",
        retry_after=retry_after(headers, now=now) if throttled or status >= 500 else None,
    )


def no_response(context: str, *, host: str, seconds: float) -> Transient:
    """The error for a request whose answer does not begin."""
    return Transient(
        reason=Reason.REGISTRY_UNAVAILABLE,
        message=f"{context}: {host} did not answer within {seconds:.0f} s; it is asked again later.",
    )


def from_connection_error(error: Exception, *, context: str, host: str = "") -> PatternError:
    """The error for a request that got no answer, or half of one; ``host`` is where the registry sent us, if it did."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return _distrusted(error.certificate_error, context=context)
    if isinstance(error, aiohttp.ClientSSLError):
        return _no_tls(error.os_error, context=context)
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, AddressRefused):
        return _address_refused(context, host=host)
    own = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(own, OSError) and own.errno in _OF_THIS_HOST:
        return _cannot_connect(own, context=context)
    sent = f"the registry sent us to {host}, and " if host else ""
    if isinstance(error, TimeoutError):
        why = "it did not answer in time"
    elif isinstance(error, aiohttp.ClientConnectorDNSError):
        why = "it cannot be reached (its name cannot be looked up)"
    elif isinstance(error, aiohttp.ClientConnectorError):
        why = f"it cannot be reached ({_why(error.os_error)})"
    elif isinstance(error, UnicodeError | aiohttp.InvalidURL):
        why = "it cannot be reached (its name is none that DNS knows)"
    else:
        why = f"the connection broke ({_broken(error)})"
    return Transient(reason=Reason.REGISTRY_UNAVAILABLE, message=f"{context}: {sent}{why}; it is asked again later.")


def _broken(error: Exception) -> str:
    """How a connection ended in the middle of an answer, without words of the other side."""
    match error:
        case aiohttp.ServerDisconnectedError():
            return "the other side closed it before it answered"
        case aiohttp.ClientPayloadError():
            return "the answer ended early"
        case aiohttp.ClientResponseError():
            return "the answer is not HTTP"
        case OSError():
            return _why(error)
    return "for an unknown reason"


def _why(error: OSError) -> str:
    """What the system says of an address that does not answer, without the address: it may be one of the cluster's."""
    return os.strerror(error.errno) if error.errno else "the system gives no reason"


def _cannot_connect(error: OSError, *, context: str) -> Transient:
    """The registry was not even tried: what a connection needs is used up here."""
    return Transient(
        reason=Reason.OPERATOR_BUSY,
        message=f"{context}: no connection can be made from here ({_why(error)}), so the registry was not asked; it is"
        " tried again later. Where that goes on, look at this host's open files and ports, not at the registry.",
    )


def _address_refused(context: str, *, host: str) -> Transient:
    if host:
        return Transient(
            reason=Reason.ADDRESS_REFUSED,
            message=f"{context}: the registry sends us to {host}, whose address is private, link-local or loopback, or "
            "otherwise less public than the registry's own: it is not followed. Let the registry name a public host.",
        )
    return Transient(
        reason=Reason.ADDRESS_REFUSED,
        message=f"{context}: the registry's address is not a public one, and the operator connects to no other "
        "(--registry-network=Public): use a registry on the internet, or ask who runs the operator.",
    )


def _distrusted(refusal: Exception, *, context: str) -> PatternError:
    if isinstance(refusal, ssl.SSLCertVerificationError) and refusal.verify_code in _HEALED_BY_TIME:
        return Transient(  # nobody would change the spec for it
            reason=Reason.TLS_FAILED,
            message=f"{context}: {shown(refusal.verify_message)}: who runs the registry must renew it, unless a clock"
            " is wrong; it is asked again later.",
        )
    why = shown(str(getattr(refusal, "verify_message", "")) or type(refusal).__name__)
    return Stalled(
        reason=Reason.TLS_FAILED,
        message=f"{context}: the registry's certificate was refused ({why}): it must be for this host and from a "
        "known authority. A registry without TLS needs source.insecure: true.",
    )


def _no_tls(error: OSError, *, context: str) -> PatternError:
    said = shown(str(error))
    if isinstance(error, ssl.SSLError) and "_ALERT_" in (error.reason or ""):  # the other side speaks TLS, and says no
        return Transient(
            reason=Reason.TLS_FAILED,
            message=f"{context}: the registry ended the TLS handshake ({said}); it is asked again later.",
        )
    return Stalled(
        reason=Reason.TLS_FAILED,
        message=f"{context}: there is no TLS ({said}): a registry that speaks plain http needs source.insecure: true.",
    )


def digest_mismatch(context: str, *, wanted: Digest, found: Digest | None) -> Stalled:
    """The error for content that is not what its digest names.

    ``found`` is None where another host than the registry sent it: the hash of what only the operator can read would
    let others guess it.
    """
    sent = found if found is not None else "other content"
    named = wanted if found is not None else "a digest"
    return Stalled(
        reason=Reason.DIGEST_MISMATCH,
        message=f"{context}: the registry sent {sent} where {named} was named: it, or something before it, changed the "
        "content. Nothing of it is used: find out who did, and push again.",
    )


def size_mismatch(context: str, *, size: int, sent: str) -> Stalled:
    """The error for content that is longer or shorter than its descriptor says; ``sent`` says how long, if anything."""
    return Stalled(
        reason=Reason.SIZE_MISMATCH,
        message=f"{context}: the registry sent {sent} bytes where the descriptor says {size}. Nothing of it is used: "
        "push the artifact again.",
    )


def not_a_manifest(context: str, *, host: str) -> Transient:
    """The error for an answer of another host than the registry that is not a manifest; nothing of it is quoted."""
    return Transient(
        reason=Reason.REGISTRY_UNAVAILABLE,
        message=f"{context}: the registry sent us to {host}, which answered something that is not a manifest; it is"
        " asked again later.",
    )


_CODES: Final = frozenset(  # distribution-spec 1.1, "Error Codes", and what registries in use add to them
    {
        *("BLOB_UNKNOWN", "BLOB_UPLOAD_INVALID", "BLOB_UPLOAD_UNKNOWN", "DIGEST_INVALID", "MANIFEST_BLOB_UNKNOWN"),
        *("MANIFEST_INVALID", "MANIFEST_UNKNOWN", "MANIFEST_UNVERIFIED", "NAME_INVALID", "NAME_UNKNOWN"),
        *("SIZE_INVALID", "TAG_INVALID", "UNAUTHORIZED", "DENIED", "UNSUPPORTED", "TOOMANYREQUESTS", "UNKNOWN"),
        *("NOT_FOUND", "FORBIDDEN", "UNAVAILABLE", "INTERNAL_ERROR", "PAGINATION_NUMBER_INVALID", "PRECONDITION"),
    }
)
_OPAQUE: Final = re.compile(r"[A-Za-z0-9+/_=.~%-]{20,}")  # as tokens, keys and hashes look; words are shorter
_SECRETLY: Final = re.compile(r"(?i)\b(bearer|basic|token|password|passwd|secret|authorization)\b\W{0,3}\S+")


def error_codes(body: bytes) -> str:
    """The error codes in an error response of the registry itself, as far as they are known ones.

    Shape: distribution-spec 1.1, "Error Codes": ``{"errors": [{"code": ..., "message": ..., "detail": ...}]}``.
    """
    return "; ".join(code for code, _ in _errors(body) if code)


def error_text(body: bytes) -> str:
    """The known codes, and a few of the registry's own words: only where it was told no secret that it could echo."""
    return "; ".join(filter(None, (": ".join(filter(None, (code, _harmless(said)))) for code, said in _errors(body))))


def _errors(body: bytes) -> list[tuple[str, str]]:
    """Code, or nothing where it is not a known one, and message of the first errors."""
    try:
        errors = children(read_object(body), "errors")[:_MAX_ERRORS]
        said = [(text(each, "code").upper(), text(each, "message")) for each in errors]
    except InvalidDocument:
        return []
    return [(code if code in _CODES else "", message) for code, message in said]


def _harmless(message: str) -> str:
    """Foreign words in one line, without what may be a credential."""
    return shown(_OPAQUE.sub("***", _SECRETLY.sub(r"\1 ***", shown(message, length=240))), length=_QUOTED)


def retry_after(headers: Mapping[str, str], *, now: datetime) -> timedelta | None:
    """``Retry-After`` (RFC 9110 section 10.2.3), seconds or a date, at most some hours; None without a usable one."""
    value = headers.get("Retry-After", "")[:_MAX_DATE].strip()
    if value.isascii() and value.isdigit():
        return min(timedelta(seconds=int(value[:9])), _MAX_RETRY_AFTER)
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, OverflowError):  # the latter for a year of many digits
        return None
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    return min(max(date - now, timedelta()), _MAX_RETRY_AFTER)

"""What a registry's answer, or none, means for the pattern: HTTP statuses as the errors of the product.

Statuses: OCI distribution-spec 1.1, "Error Codes"; RFC 9110 section 15; RFC 6585 section 4 (429).
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest
from pattern_operator.errors import PatternError, Stalled, Transient

_MAX_RETRY_AFTER: Final = timedelta(hours=6)  # Docker Hub's window for pulls; more than this is a mistake
_MAX_DATE: Final = 64  # characters; an HTTP date has 29


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
    """The error for a status that is not a success.

    Args:
        status: the HTTP status.
        context: the request in words, as in ``registry.example: GET manifest 1.4.2 of team/web``.
        said: what the registry itself says, see ``error_body``.
        headers: of the answer; ``Retry-After`` is honoured.
        identified: whether credentials were sent.
        now: the time that a date in ``Retry-After`` is compared with.
        lacking: why there are no credentials to send although the user gave some, as a sentence without its dot.
    """
    quoted = f" ({said})" if said else ""
    if status == 429:
        return Transient(
            reason=Reason.REGISTRY_THROTTLED,
            message=f"{context}: the registry asked to slow down (429){quoted}; it is retried later.",
            retry_after=retry_after(headers, now=now),
        )
    if status >= 500 or status in (408, 425):
        return Transient(
            reason=Reason.REGISTRY_UNAVAILABLE,
            message=f"{context}: the registry failed with {status}{quoted}; it is retried later.",
            retry_after=retry_after(headers, now=now),
        )
    if status == 404:
        return Stalled(
            reason=Reason.ARTIFACT_NOT_FOUND,
            message=f"{context}: the registry does not have it (404){quoted}: correct source.url or source.ref, or"
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
    if status == 403 and identified:
        return Stalled(
            reason=Reason.ACCESS_DENIED,
            message=f"{context}: the credentials are not allowed to do this (403){quoted}: grant access to the"
            " repository; or renew the Secret of source.secretRef, because some registries say this of credentials that"
            " have expired (those of Amazon ECR last 12 hours); or correct source.url, because some say it of missing"
            " repositories.",
        )
    if status == 403:
        return Stalled(
            reason=Reason.ACCESS_DENIED,
            message=f"{context}: this is not allowed without credentials (403){quoted}: set source.secretRef to a"
            " docker config with an entry for it, or correct source.url, because some registries say this of missing"
            " repositories.",
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
        " with an entry for it, or correct source.url, because some registries say this of missing repositories.",
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
        message=f"{context}: the registry sent us to {host}, which answered {status}; it is retried later.",
        retry_after=retry_after(headers, now=now) if throttled or status >= 500 else None,
    )


def no_response(context: str, *, host: str, seconds: float) -> Transient:
    """The error for a request whose answer does not begin."""
    return Transient(
        reason=Reason.REGISTRY_UNAVAILABLE,
        message=f"{context}: {host} did not answer within {seconds:.0f} s; it is retried later.",
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


def not_by_digest(context: str, *, wanted: Digest, tag: str, found: Digest) -> Transient:
    """The error where the registry named ``wanted`` for ``tag``, does not have it, and has ``found`` under the tag."""
    return Transient(
        reason=Reason.REGISTRY_UNAVAILABLE,
        message=f"{context}: the registry does not have it (404), and what it has as tag {tag} is {found}: {tag} was"
        " pushed again, or the registry is a proxy cache that is behind. Nothing of it is used; it is retried later.",
    )


def web_page(context: str, *, host: str) -> Transient:
    """The error for a web page in the place of what a registry has."""
    return Transient(
        reason=Reason.REGISTRY_UNAVAILABLE,
        message=f"{context}: {host} answered with a web page and not with what a registry has there: a proxy or a login"
        " page may be in between, or it is not a registry. Check source.url, and the way there; it is retried later.",
    )


def not_content(context: str, *, host: str, foreign: bool) -> Transient:
    """The error for a web page; of another host than the registry nobody is told what it has."""
    return not_a_manifest(context, host=host) if foreign else web_page(context, host=host)


def not_a_manifest(context: str, *, host: str) -> Transient:
    """The error for an answer of another host than the registry that is not a manifest; nothing of it is quoted."""
    return Transient(
        reason=Reason.REGISTRY_UNAVAILABLE,
        message=f"{context}: the registry sent us to {host}, which answered something that is not a manifest; it is"
        " retried later.",
    )


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

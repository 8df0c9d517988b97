"""What the API server refuses, as far as it was understood, and what it could not be asked."""

import os
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final, Self

import aiohttp
import orjson

from pattern_operator.api.fields import MAX_NAME, MAX_WORD, integer, integer_at, mapping, mapping_at, number_of, text
from pattern_operator.api.removed import removed
from pattern_operator.kube.decoding_messages import UNREADABLE_ENTRY
from pattern_operator.kube.denial_messages import DENIAL
from pattern_operator.kube.json_size import is_too_large
from pattern_operator.kube.kind_suggestion import NextStep, ServedKinds
from pattern_operator.kube.request_content import NO_CONTENT, RequestContent
from pattern_operator.kube.status_message import StatusCause, causes_of, reason_word, redacted
from pattern_operator.limits import MAX_STATUS_MESSAGE
from pattern_operator.quote import first_few, foreign, one_line

# metav1.StatusReason is missing where a proxy or a load balancer answered instead of the API server.
_REASONS: Final = {400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 405: "MethodNotAllowed"}
_REASONS.update({406: "NotAcceptable", 409: "Conflict", 410: "Gone", 413: "RequestEntityTooLarge", 422: "Invalid"})
_REASONS.update({429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable", 504: "Timeout"})

_GROUPS: Final = 5  # that a message names
_ERRORS: Final = range(400, 600)
_WORDS: Final = 200  # characters of what the system says, where no answer came
_FOR_EVER: Final = 10**9  # seconds: a longer time is not a time to wait

# Server-side apply answers 500 InternalError to a field that the schema does not have or that has another type. It is
# the manifest that is wrong, and no retry helps (seen with Kubernetes 1.37).
# So does what it cannot read as the kind it is, such as a value that is to be base64.
_NOT_THE_KIND: Final = ("failed to create typed patch object", "failed to convert new object")
_PASSES: Final = "conversion webhook for "  # what it could not be read by may be there again
# etcd takes no larger objects; the answer is a 500 or a 413, and no retry helps.
_TOO_LARGE: Final = "etcdserver: request is too large"


class CredentialsError(Exception):
    """There are no credentials for an API server, or they cannot be used; the message says what to do."""


class ApiError(Exception):
    """An answer of the API server that is not a success (metav1.Status).

    ``code`` is the HTTP status (0 when there was no answer), ``reason`` the word programs decide by (``NotFound``,
    ``Conflict``, ``Invalid``, ``Forbidden``, ``AlreadyExists``...). ``message`` and ``causes`` are what was understood
    of the server's words, without the values that they quote (``kube.status_message``): they may be shown. Of what has
    ``MAX_CAUSES`` causes there may have been more. ``about`` is the name of the object that it speaks of (``details``),
    to compare with and not to show; empty where it speaks of none, as where nothing is served at the path.
    """

    def __init__(
        self,
        *,
        code: int,
        reason: str,
        message: str,
        causes: tuple[StatusCause, ...] = (),
        retry_after: timedelta | None = None,
        about: str = "",
    ) -> None:
        super().__init__(message)
        self.about = about
        self.code = code
        self.reason = reason
        self.message = message
        self.causes = causes
        self.retry_after = retry_after

    @property
    def is_denial(self) -> bool:
        """Whether an admission webhook or policy said no, which may be with any code, reason, causes and ``about``."""
        return DENIAL.match(self.message) is not None

    @property
    def is_namespace_terminating(self) -> bool:
        """Whether nothing can be created in the namespace, because it is being deleted (a cause of ``core/v1``)."""
        return not self.is_denial and any(cause.reason == "NamespaceTerminating" for cause in self.causes)

    def __str__(self) -> str:
        return f"{self.message} ({self.code} {self.reason})" if self.code else f"{self.message} ({self.reason})"

    @classmethod
    def from_status(cls, status: object) -> "ApiError":
        """Take a ``Status`` object, as a response or as the object of an ERROR event of a watch."""
        code = integer_at(status, "code")
        return _of(code=code if code in _ERRORS else 500, status=mapping(status), retry_after=None, request=NO_CONTENT)


class ApiUnavailable(ApiError):
    """It may work later: no connection, no answer in time, 429 after the retries, or a fault of the server (5xx)."""

    @classmethod
    def unreachable(cls, server: str, *, error: Exception) -> Self:
        """No answer came from ``server``: the cause says why."""
        if isinstance(error, TimeoutError):
            return cls(code=0, reason="Timeout", message=f"the API server at {server} did not answer in time")
        return cls(code=0, reason="Unreachable", message=f"the API server at {server} cannot be reached: {_why(error)}")

    @classmethod
    def without_credentials(cls, server: str, *, error: CredentialsError) -> Self:
        """Nothing was asked, because there are no credentials: a plugin failed or a file is unreadable."""
        return cls(code=0, reason="NoCredentials", message=f"the API server at {server} cannot be asked: {error}")


def _why(error: Exception) -> str:
    """Why no answer came, in the system's words: those of aiohttp repeat what a broken answer holds."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            refusal = error.certificate_error
            why = foreign(str(getattr(refusal, "verify_message", "") or refusal), _WORDS)
            return f"its certificate is refused ({why})"
        case aiohttp.ClientConnectorDNSError():
            return "its name cannot be looked up"
        case aiohttp.ClientConnectorError() if error.os_error.errno:
            return os.strerror(error.os_error.errno)
        case OSError() if str(error):
            return foreign(str(error), _WORDS)
    return "the connection broke"


class AnswerTooLarge(ApiUnavailable):
    """The answer is longer than what is read of it; where it is a list, a smaller page may do."""

    def __init__(self, most: int) -> None:
        message = f"the API server's answer is longer than the {most >> 20} MiB that are read"
        super().__init__(code=0, reason="AnswerTooLarge", message=message)


class GroupUnavailable(ApiUnavailable):
    """The aggregated API server that has a group does not answer: nobody can say which kinds the group has."""

    def __init__(self, group: str, *others: str) -> None:
        named = first_few([one_line(each, MAX_WORD) for each in (group, *others)], _GROUPS)
        which = f"servers behind the groups {named} do" if others else f"server behind the group {named} does"
        message = f"the API {which} not answer: see kubectl get apiservices"
        super().__init__(code=HTTPStatus.SERVICE_UNAVAILABLE, reason="ServiceUnavailable", message=message)


def not_served_yet(name: str) -> ApiUnavailable:
    """The failure of what would need a kind that is defined and not served at the moment (``plural.group``, or so)."""
    message = f"the API server does not serve {one_line(name, MAX_NAME)} at the moment, although it is defined"
    return ApiUnavailable(code=HTTPStatus.SERVICE_UNAVAILABLE, reason="ServiceUnavailable", message=message)


class KindNotFound(Exception):
    """The API server serves no such kind: its CRD is missing, Kubernetes removed it, or another version is served.

    ``kinds`` are those that it has: one of them may be meant. ``fact`` says what is missing without its dot, and
    ``next_step``, where the fact does not say it, what to do.
    """

    def __init__(
        self,
        *,
        group: str,
        version: str | None,
        kind: str,
        served: tuple[str, ...] = (),
        kinds: ServedKinds | None = None,
    ) -> None:
        self.group = group
        self.version = version
        self.kind = kind
        self.served = served
        name = f"{kind}.{group}" if group else kind
        self.next_step: NextStep | None = None
        if gone := removed(f"{group}/{version}", kind):
            self.fact = str(gone)
        elif served:
            self.fact = f"the API server serves {name} as {', '.join(served)}, not as {version}"
        else:
            self.fact = f"the API server has no kind {name}"
            self.next_step = NextStep(group, kind, kinds or ServedKinds({}))
        super().__init__(self.fact)

    def __str__(self) -> str:
        return self.fact if self.next_step is None else f"{self.fact}: {self.next_step}"


def is_unreadable_entry(error: ApiError) -> bool:
    """Whether an apply was refused because the object cannot be read in the version of an entry of managedFields."""
    return error.message.startswith(UNREADABLE_ENTRY)


def from_response(
    *,
    code: int,
    retry_after: str | None,
    body: bytes | None,
    content_type: str = "",
    request: RequestContent = NO_CONTENT,
) -> ApiError:
    """Make the error from a response.

    Args:
        code: the HTTP status.
        retry_after: the ``Retry-After`` header, in seconds.
        body: the whole body; None where it is larger than what is read, or did not come in time. Of what is built of
            too much nothing is read.
        content_type: the header; only its class is told, and only of what is not a Status.
        request: what the server was asked with: no value of it is repeated.
    """
    try:
        status = orjson.loads(body) if body is not None and not is_too_large(body) else None
    except orjson.JSONDecodeError:
        status = None
    if isinstance(status, dict) and status.get("kind") == "Status":
        return _of(code=code, status=status, retry_after=retry_after, request=request)
    what = "a body that could not be read whole" if body is None else _what(body, content_type)
    message = f"the API server answered {code} with {what}"
    return _made(code=code, reason=_REASONS.get(code, "Unknown"), message=message, causes=(), retry_after=retry_after)


def _what(body: bytes, content_type: str) -> str:
    """What came in place of a Status, in words that are none of its own."""
    if not body:
        return "no words"
    if body.strip() == _NO_PATH:
        return "no such path: where a CRD defines the kind, its status.conditions say why it is not served"
    kind = content_type.partition(";")[0].strip().lower()
    word = _CONTENT_TYPES.get(kind, "something else" if kind else "no content type")
    return f"a body that is not a Status ({word})"


_NO_PATH: Final = b"404 page not found"  # net/http: what is asked for is not a path of the server, or not yet
_CONTENT_TYPES: Final = {
    "application/json": "JSON",
    "text/html": "HTML",
    "text/plain": "text",
    "application/yaml": "YAML",
}


def _of(*, code: int, status: Mapping[str, Any], retry_after: str | None, request: RequestContent) -> ApiError:
    details = mapping_at(status, "details")
    reason = reason_word(status.get("reason")) or _REASONS.get(code, "Unknown")
    causes = causes_of(details.get("causes"), request=request)
    message = redacted(status, causes=causes, request=request) or reason
    if message.startswith((*_NOT_THE_KIND, UNREADABLE_ENTRY)) and _PASSES not in message:
        code, reason = HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid"
    elif message == _TOO_LARGE:
        code, reason = HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "RequestEntityTooLarge"
    asked = retry_after if _int(retry_after) else str(_int(details.get("retryAfterSeconds")))
    about = text(details.get("name"))[:MAX_NAME]
    return _made(code=code, reason=reason, message=message, causes=causes, retry_after=asked, about=about)


def _made(
    *, code: int, reason: str, message: str, causes: tuple[StatusCause, ...], retry_after: str | None, about: str = ""
) -> ApiError:
    seconds = _int(retry_after)
    again = code == HTTPStatus.TOO_MANY_REQUESTS or code >= HTTPStatus.INTERNAL_SERVER_ERROR
    kind = ApiUnavailable if again and not DENIAL.match(message) else ApiError
    return kind(
        code=code,
        reason=reason,
        message=one_line(message, MAX_STATUS_MESSAGE),
        causes=causes,
        retry_after=timedelta(seconds=seconds) if seconds else None,
        about=about,
    )


def _int(value: object) -> int:
    """Read a number that may be text; a date in ``Retry-After`` (the API server sends none) counts as absent."""
    found = number_of(value) if isinstance(value, str) else integer(value)
    return found if 0 < found < _FOR_EVER else 0

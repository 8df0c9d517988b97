"""What a refusal of the API server means for a pattern: the reason, what the server says, and the next step.

What is shown of the server's words has no value of an object in it (``kube.servertext``).
"""

import re
from http import HTTPStatus
from typing import Final

from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.apply.outcome import ApplyFailure
from pattern_operator.kube import ApiError
from pattern_operator.kube.servertext import MAX_CAUSES

# Each validator has its own words for a field that an object keeps for life (core, apps, rbac, storage validation).
_IMMUTABLE: Final = re.compile(
    r"\bimmutable\b|may not change once set|cannot change roleRef"
    r"|updates? to \w[\w ]{0,40}(?: for fields other than .*)?"
    r" (?:are|is) forbidden|pod updates may not change fields"
)
_FIELDS: Final = 20  # fields of a conflict that a message names


def refusal(key: ObjectKey, error: ApiError, *, otherwise: Reason = Reason.APPLY_FAILED) -> ApplyFailure:
    """The failure that ``error`` is for the object; ``otherwise`` is its reason when nothing more special fits."""
    reason, message = _judge(error, otherwise)
    return ApplyFailure(key, reason, message, error.retry_after)


def is_away(error: ApiError) -> bool:
    """Whether the API server does not answer, or still asks to slow down after the session's own tries.

    The rest of a run is not tried then: each request would wait as long, and make it worse.
    """
    return error.code in (0, HTTPStatus.TOO_MANY_REQUESTS)


def is_missing_namespace(error: ApiError) -> bool:
    """Whether the API server has not got (or not seen) the namespace yet, rather than the kind."""
    return error.code == HTTPStatus.NOT_FOUND and error.message.startswith('namespaces "')


def is_of_another_uid(error: ApiError) -> bool:
    """Whether the object that was looked at is not there any more: another took its place, or none."""
    if error.code == HTTPStatus.CONFLICT:
        return not any(cause.reason == "FieldManagerConflict" for cause in error.causes)
    return error.code == HTTPStatus.UNPROCESSABLE_ENTITY and any(c.field == "metadata.uid" for c in error.causes)


def _judge(error: ApiError, otherwise: Reason) -> tuple[Reason, str]:
    match error.code:
        case 0 | 429 | 502 | 503 | 504:
            return Reason.API_SERVER_UNAVAILABLE, error.message
        case HTTPStatus.CONFLICT if managers := _managers(error):
            return Reason.CONFLICT, (
                f"set spec.apply.conflicts: Take to take these fields over, or remove them from the pattern: {managers}"
            )
        case HTTPStatus.NOT_FOUND if is_missing_namespace(error):
            return otherwise, f"{error.message}. Create the namespace, or add it to the pattern."
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return otherwise, (
                f"{error.message}: the object is larger than the API server takes (1.5 MiB with what it adds). Make it"
                " smaller, or split it."
            )
        case HTTPStatus.UNPROCESSABLE_ENTITY | HTTPStatus.FORBIDDEN if _IMMUTABLE.search(error.message):
            return otherwise, (
                f"{error.message}. The field cannot be changed on an object that exists: delete the object, so that it"
                " is made anew, or give it another name in the pattern."
            )
        case HTTPStatus.FORBIDDEN:
            return _forbidden(error, otherwise)
    return otherwise, error.message


def _forbidden(error: ApiError, otherwise: Reason) -> tuple[Reason, str]:
    """403 is also what quotas, pod security and other admission say; only RBAC names a user and a verb."""
    if any(cause.reason == "NamespaceTerminating" for cause in error.causes):
        return otherwise, f"{error.message}. It is applied again; let the deletion of the namespace end."
    if "cannot impersonate" in error.message:  # the operator itself is refused: no right of the account would help
        return Reason.FORBIDDEN, (
            f"{error.message}. Name another account in spec.apply.serviceAccountName, or let the operator impersonate"
            " this one (ClusterRole pattern-operator-follower, resourceNames)."
        )
    if "cannot" in error.message and "User" in error.message:
        return Reason.FORBIDDEN, f"{error.message}. Grant that account this verb on this resource."
    return otherwise, error.message


def _managers(error: ApiError) -> str:
    """Who holds which fields, the first few of them: ``field manager "kubectl" holds .data.a, .data.b``."""
    held: dict[str, list[str]] = {}
    conflicts = [cause for cause in error.causes if cause.reason == "FieldManagerConflict"]
    for cause in conflicts[:_FIELDS]:
        held.setdefault(cause.message.removeprefix("conflict with "), []).append(cause.field)
    text = "; ".join(f"field manager {manager} holds {', '.join(fields)}" for manager, fields in held.items())
    at_least = "at least " if len(error.causes) == MAX_CAUSES else ""
    rest = len(conflicts) - _FIELDS
    return f"{text} and {at_least}{rest} more" if rest > 0 else text

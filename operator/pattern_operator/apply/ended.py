"""Objects that end by themselves: what has done its part is not missed when it goes, and is not done again.

A Job that is complete or failed, and a Pod whose containers have ended, may be removed by anybody: by its
``ttlSecondsAfterFinished``, by the pod garbage collector, by hand. To make it again would be to run it again. So that a
restart of the operator does not do that either, status keeps a mark: how it ended, and of which content.
"""

import hashlib
from typing import Final

from pattern_operator.api.fields import ObjectMeta, has_condition, text_at
from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.apply.intent import intent

MARK_BYTES: Final = 8
_WELL: Final = b"endC"
_ILL: Final = b"endF"
_CONTENT_BYTES: Final = MARK_BYTES - len(_WELL)
_JOB: Final = ("batch", "Job")
_POD: Final = ("", "Pod")
NOT_AGAIN: Final = (
    "has ended and is gone: it is not run again until it is changed in the pattern, or has another name there"
)


def may_end(key: ObjectKey) -> bool:
    """Whether objects of the kind end by themselves."""
    return (key.group, key.kind) in (_JOB, _POD)


def has_ended(body: object, *, key: ObjectKey) -> bool:
    """Whether a Job or Pod has ended, well or not, and not only because somebody deletes it."""
    if not may_end(key) or ObjectMeta.of(body).deleting:
        return False
    if (key.group, key.kind) == _JOB:
        return has_condition(body, "Complete") or has_condition(body, "Failed")
    return text_at(body, "status", "phase") in ("Succeeded", "Failed")


def content_of(wanted: Object) -> bytes:
    """What stands for what is run; empty for kinds that do not end, and for what cannot be sent."""
    if not may_end(wanted.key):
        return b""
    try:
        return hashlib.blake2b(intent(wanted), digest_size=_CONTENT_BYTES).digest()
    except ValueError:
        return b""


def mark(*, well: bool, content: bytes) -> bytes:
    """How an object ended, and of which content, in place of its fingerprint."""
    return (_WELL if well else _ILL) + (content or bytes(_CONTENT_BYTES))


def read_mark(fingerprint: bytes) -> tuple[bool, bytes] | None:
    """Whether it ended well, and of which content; None for the fingerprint of what has not ended."""
    if len(fingerprint) != MARK_BYTES or fingerprint[:-_CONTENT_BYTES] not in (_WELL, _ILL):
        return None
    return fingerprint.startswith(_WELL), fingerprint[-_CONTENT_BYTES:]


def gone_ill(key: ObjectKey) -> str:
    """What is said of an object that failed and is gone, where its own words are not known any more."""
    return (
        f"{key.kind} {key.namespace}/{key.name}: failed, and is gone; it is not run again until the pattern changes it"
    )

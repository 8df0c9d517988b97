"""Objects that end by themselves: what has done its part is not missed when it goes, and is not done again.

A Job that is complete or failed, and a Pod whose containers have ended, may be removed by anybody: by its
``ttlSecondsAfterFinished``, by the pod garbage collector, by hand. To make it again would be to run it again. So that a
restart of the operator does not do that either, status keeps a mark: how it stood, and of which content.

What ends and is removed while nobody looks leaves no trace of either. It may have ended, so it is run again only for
whoever asks for it. A Job without a TTL stays when it ends: where it is missing, somebody deleted it, and it is made
again.
"""

import hashlib
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from pattern_operator.api.fields import ObjectMeta, has_condition, mapping_at, text_at
from pattern_operator.api.names import REQUESTED_AT_ANNOTATION
from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.apply.apply_body import apply_body

MARK_BYTES: Final = 8
CONTENT_BYTES: Final = 3
_SEEN_BYTES: Final = 4  # of the fingerprint that a mark keeps
_JOB: Final = ("batch", "Job")
_POD: Final = ("", "Pod")
NOT_RERUN: Final = "has ended and is gone: it is not run again until the pattern changes it, or gives it another name"
MAY_HAVE_FINISHED: Final = (
    "is not there any more, or lost its owner label, and may have ended while no operator looked: it is not run again"
    " until the pattern changes it or gives it another name. To run it again as it is, annotate the DesignPattern with"
    f" {REQUESTED_AT_ANNOTATION}=<anything new>"
)


class FinishState(Enum):
    """How an object stood that ends by itself; each begins its records."""

    SUCCEEDED = b"endC"
    FAILED = b"endF"
    UNKNOWN = b"endU"  # gone, and nobody saw whether it had ended
    RUNNING_EPHEMERAL = b"r"  # and may end and be gone at once
    RUNNING = b"s"  # until somebody deletes it


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What status keeps of an object that ends by itself, in place of its fingerprint.

    ``content`` is empty where nobody knows it. ``observed`` is the beginning of the fingerprint of what has not ended.
    """

    state: FinishState
    content: bytes = b""
    observed: bytes = b""

    def __bytes__(self) -> bytes:
        """The mark as status keeps it, ``MARK_BYTES`` long."""
        return (self.state.value + self.content.ljust(CONTENT_BYTES, b"\0") + self.observed).ljust(MARK_BYTES, b"\0")

    def same(self, fingerprint: bytes) -> bytes | None:
        """``fingerprint`` where the object had it, else what no object has; None where nothing is to be compared."""
        if not self.observed.strip(b"\0"):
            return None
        return fingerprint if fingerprint.startswith(self.observed) else bytes(self)


def can_finish(key: ObjectKey) -> bool:
    """Whether objects of the kind end by themselves."""
    return key.group_kind in (_JOB, _POD)


def is_ephemeral(body: object, *, key: ObjectKey) -> bool:
    """Whether the object, once it has ended, may be gone without anybody deleting it."""
    if key.group_kind == _JOB:
        return mapping_at(body, "spec").get("ttlSecondsAfterFinished") is not None
    return key.group_kind == _POD and text_at(body, "spec", "restartPolicy") in ("Never", "OnFailure")


def has_finished(body: object, *, key: ObjectKey) -> bool:
    """Whether a Job or Pod has ended, well or not, and not only because somebody deletes it."""
    if not can_finish(key) or ObjectMeta.of(body).deleting:
        return False
    if key.group_kind == _JOB:
        return has_condition(body, "Complete") or has_condition(body, "Failed")
    return text_at(body, "status", "phase") in ("Succeeded", "Failed")


def content_hash(desired: Object) -> bytes:
    """What stands for what is run; empty for kinds that do not end, and for what cannot be sent."""
    if not can_finish(desired.key):
        return b""
    try:
        return hashlib.blake2b(apply_body(desired), digest_size=CONTENT_BYTES).digest()
    except ValueError:
        return b""


def running_record(*, ephemeral: bool, content: bytes, fingerprint: bytes) -> bytes:
    """The mark of an object that has not ended; ``ephemeral``: it may end and be gone at once."""
    return bytes(
        RunRecord(
            FinishState.RUNNING_EPHEMERAL if ephemeral else FinishState.RUNNING, content, fingerprint[:_SEEN_BYTES]
        )
    )


def read_record(known: bytes, *, key: ObjectKey) -> RunRecord | None:
    """The mark of an object; None for a fingerprint, and for all kinds that do not end."""
    if len(known) != MARK_BYTES or not can_finish(key):
        return None
    for state in FinishState:
        if known.startswith(state.value):
            rest = known[len(state.value) :]
            content = rest[:CONTENT_BYTES] if rest[:CONTENT_BYTES].strip(b"\0") else b""
            observed = rest[CONTENT_BYTES:] if state in (FinishState.RUNNING_EPHEMERAL, FinishState.RUNNING) else b""
            return RunRecord(state, content, observed)
    return None


def record_without_content(known: bytes, *, entry: str) -> bytes | None:
    """The mark of the object of this id in an inventory, without what stands for its content; None where it is none."""
    try:
        record = read_record(known, key=ObjectKey.parse(entry))
    except ValueError:
        return None
    return bytes(replace(record, content=b"")) if record is not None else None


def is_run_record(known: bytes, *, entry: str) -> bool:
    """Whether it is the mark of the object of this id in an inventory."""
    try:
        return read_record(known, key=ObjectKey.parse(entry)) is not None
    except ValueError:
        return False


def failed_and_gone(key: ObjectKey) -> str:
    """What is said of an object that failed and is gone, where its own words are not known any more."""
    return (
        f"{key.kind} {key.namespace}/{key.name}: failed, and is gone; it is not run again until the pattern changes it"
    )


def gone_unobserved(key: ObjectKey) -> str:
    """What is said of an object that is gone, and may have ended while nobody looked."""
    return f"{key.kind} {key.namespace}/{key.name}: {MAY_HAVE_FINISHED}"

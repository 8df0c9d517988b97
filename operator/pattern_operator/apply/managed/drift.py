"""Whether managed objects are as they were applied, now and after a restart. Pure.

After a restart nothing is known but what status kept: the fingerprint of each object as it was applied, or how it
stood where it ends by itself (``fingerprints``, ``restore``).
"""

from collections.abc import Iterable
from dataclasses import replace
from enum import Enum

from pattern_operator.api.object import ObjectKey
from pattern_operator.apply.finished import FinishState, RunRecord, can_finish, read_record
from pattern_operator.apply.managed.fingerprint import fields_of, is_of_time
from pattern_operator.apply.managed.managed_object import IN_OUR_NAME, PENDING, ManagedObject
from pattern_operator.apply.managed.observation import Observation


class DriftState(Enum):
    """What is known of an object beside what it was like when it was applied."""

    IN_SYNC = "as it was applied"
    IN_SYNC_WITH_NOTE = "as it was applied, and only an apply finds out what is to be told of it"
    DRIFTED = "changed by others, or gone"
    UNKNOWN = "no watch tells, nothing is known to compare with, or a request has no answer"


def drift_state(managed: ManagedObject) -> DriftState:
    """Whether an object that a watch shows is as it was applied."""
    if not managed.expected:
        return DriftState.UNKNOWN
    if managed.drifted:
        return DriftState.DRIFTED
    if managed.desired is None or managed.is_to_compare or managed.unanswered:
        return DriftState.UNKNOWN
    # It is to be skipped, and would have drifted if it were not.
    skipped = managed.pending or managed.desired != managed.observed.fingerprint
    if managed.present and (skipped or managed.observed.scaled_by):
        return DriftState.IN_SYNC_WITH_NOTE
    return DriftState.IN_SYNC


def drifted(objects: Iterable[ManagedObject], *, now: float) -> tuple[ObjectKey, ...]:
    """The objects that are not as they were applied, sorted; without those whose repair is backed off at ``now``."""
    return tuple(sorted(each.key for each in objects if each.drifted and not each.backoff.is_waiting(now)))


def to_compare(objects: Iterable[ManagedObject]) -> frozenset[ObjectKey]:
    """The objects that drifted and were written again since: maybe they are as desired now."""
    return frozenset(each.key for each in objects if each.needs_comparison and each.present and each.drifted)


def untracked(objects: Iterable[ManagedObject]) -> frozenset[ObjectKey]:
    """The objects that were changed while managedFields was not: their values are to be compared."""
    return frozenset(each.key for each in objects if each.is_to_compare)


def conflicts(objects: Iterable[ManagedObject]) -> tuple[str, ...]:
    """Who changes which object again after each repair, a sentence each: repairs of these are backed off."""
    return tuple(_conflict(each) for each in objects if each.backoff.is_active and each.drifted)


def _conflict(managed: ManagedObject) -> str:
    who = managed.changed_by or "somebody"
    said = f"{managed.key.display_name} is changed again after each repair by {who}"
    if who == IN_OUR_NAME:
        return f"{said}: look for a second operator that runs, and for who applies with that name"
    if not managed.reverted_fields:
        return said
    fields = ", ".join(managed.reverted_fields)
    return f"{said} ({fields}): leave that out of the artifact, or list it in spec.apply.ignoreDifferences"


def is_changed_again(managed: ManagedObject, before: Observation) -> bool:
    """Whether an object that has drifted was written since ``before``, as far as its kind lets that be told."""
    return managed.drifted and (managed.observed.writers != before.writers or not managed.observed.generation)


def fingerprints(objects: Iterable[ManagedObject]) -> dict[str, bytes]:
    """What ``restore`` needs to know of the objects after a restart, by inventory id, as far as it is known."""
    known = ((each.key, each.fingerprint) for each in objects if each.expected)
    return {str(key): fingerprint for key, fingerprint in known if fingerprint}


def record_to_restore(key: ObjectKey, *, known: bytes, is_indexed: bool) -> RunRecord | None:
    """How an object stood that ends by itself, by what ``fingerprints`` told of it; None for what does not end."""
    record = read_record(known, key=key)
    if record is None and can_finish(key) and not is_indexed:
        return RunRecord(FinishState.UNKNOWN)  # an older operator kept no record of what runs
    return record


def compare(managed: ManagedObject, desired: bytes) -> None:
    """Compare with the fields that our apply would own of the object if it were applied.

    What was applied since the operator started is known better.
    """
    if managed.expected and managed.desired is None:
        managed.desired = desired


def restore_fingerprint(managed: ManagedObject, known: bytes) -> None:
    """Compare with what ``fingerprints`` told of the object before a restart.

    Where our fields are the same and our apply was at another time, somebody applied in our name meanwhile, or the
    answer to an apply of ours was lost: then the values are to be compared, or it is sent.
    """
    if not managed.expected or managed.desired is not None:
        return
    if known == PENDING:
        managed.pending = True
        return
    managed.desired = fields_of(known)
    if managed.desired == managed.observed.fingerprint and not is_of_time(known, managed.observed.applied_at):
        managed.untracked = True


def restore(managed: ManagedObject, record: RunRecord) -> None:
    """Compare an object that ends by itself with how it stood before a restart.

    What had ended, or may have ended since, is not missed when it is gone.
    """
    if not managed.expected or managed.desired is not None:
        return
    managed.content = managed.content or record.content
    if record.state in (FinishState.RUNNING_EPHEMERAL, FinishState.RUNNING) and managed.present:
        managed.desired = record.same(managed.observed.fingerprint)
        return
    finish = FinishState.UNKNOWN if record.state is FinishState.RUNNING_EPHEMERAL else record.state
    if record.content or finish is not FinishState.UNKNOWN:  # else who applies it decides
        managed.desired = managed.observed.fingerprint
    if not managed.present and finish is not FinishState.RUNNING:
        managed.observed = managed.observed.gone(finish, key=managed.key)


def record_comparison(managed: ManagedObject, writers: bytes | None) -> None:
    """What drifted was compared by its values: those are as desired, as these ``writers`` left them; None: others."""
    managed.equal_writers, managed.needs_comparison = writers or b"", False
    managed.untracked, managed.differs = False, managed.differs and writers is None


def record_values(managed: ManagedObject, *, version: int, same: bool) -> None:
    """The values that the pattern owns, as they were at ``version``, were compared with what an apply leaves."""
    managed.differs = not same and not managed.is_taken
    if managed.observed.version <= version:  # else it was changed meanwhile, and is compared again
        managed.untracked = managed.needs_comparison = False
        if same:
            managed.answered_at = managed.observed.applied_at


def rerun_finished(managed: ManagedObject) -> None:
    """Somebody asks for it: what is gone, and may have ended while nobody looked, counts as missing."""
    if managed.observed.end_unobserved:
        managed.observed = replace(managed.observed, finished=False, end_unobserved=False)

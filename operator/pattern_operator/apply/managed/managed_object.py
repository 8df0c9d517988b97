"""One object that a pattern owns, as compact as a thousand patterns ask for: never the object itself. Pure."""

from dataclasses import dataclass, field, replace
from typing import Final

from pattern_operator.api.fields import ObjectMeta
from pattern_operator.api.health_check import HealthCheck
from pattern_operator.api.names import FIELD_MANAGER
from pattern_operator.api.object import ObjectKey
from pattern_operator.apply import fieldset
from pattern_operator.apply.co_owners import MAX_REMAINING, RemainingField
from pattern_operator.apply.drift_backoff import DriftBackoff
from pattern_operator.apply.finished import FinishState, RunRecord, can_finish, running_record
from pattern_operator.apply.health import Health, HealthState, where
from pattern_operator.apply.managed.field_managers import manager_that_took, missing_fields
from pattern_operator.apply.managed.fingerprint import FINGERPRINT_BYTES, pack
from pattern_operator.apply.managed.observation import EXISTS, Observation, is_untracked
from pattern_operator.apply.managed.pacing import Pacing
from pattern_operator.kube.fieldpath import name_or_mask

PENDING: Final = b"owed".ljust(FINGERPRINT_BYTES, b"\0")  # in place of a fingerprint: the desired state was not sent
IS_CHECKED: Final = "its health check is being evaluated"
IN_OUR_NAME: Final = f"somebody else as the field manager {FIELD_MANAGER}"


@dataclass(slots=True, eq=False)
class ObjectCheck:
    """The health check of an object. ``answer`` is the last one that holds; ``epoch`` counts what made one invalid."""

    check: HealthCheck
    answer: Health | None = None
    epoch: int = 0
    tries: int = 0  # in a row that found nothing out

    def invalidate(self) -> None:
        """The object is another one than that of which there is, or will be, an answer."""
        self.answer, self.epoch, self.tries = None, self.epoch + 1, 0


@dataclass(slots=True, eq=False)
class ManagedObject:
    """What is known of one managed object.

    ``owner`` is the pattern it is filed under, ``observed`` the newest state of it. ``expected``: a pattern applied it
    since the operator started and wants it there. ``desired`` is the fingerprint of that apply, None where changes by
    others are welcome. ``pending``: the desired state was not sent, because the object was to be skipped; it drifts
    once it is not any more. ``present`` is false for an object that is gone, since ``deleted_version``, and that is
    expected or just being applied.
    """

    key: ObjectKey
    owner: str
    observed: Observation
    expected: bool = False
    present: bool = True
    deleted_version: int = 0
    desired: bytes | None = None
    answered_at: int = 0  # ``Observation.applied_at`` of the last answer to an apply of this process; 0: of none
    pending: bool = False
    backoff: DriftBackoff = field(default_factory=DriftBackoff)
    fields_before_drift: fieldset.Fields | None = None  # ours when it drifted, until the drift is repaired
    field_hashes: bytes = b""  # of the fields that our last apply owned (``fieldset.hashes_of``); empty after a restart
    equal_writers: bytes = b""  # the ``writers`` whose object had all desired values, whoever holds the fields
    needs_comparison: bool = False  # it was written again since it drifted: maybe it is as desired now
    untracked: bool = False  # it was changed, by nobody or in our name: its values are to be compared
    differs: bool = False  # a field of ours has another value, and no other manager has it
    reverted_fields: tuple[str, ...] = ()  # the first few that somebody took before the last repair
    left_behind: tuple[RemainingField, ...] = ()  # that left the pattern and stayed (``remaining``)
    cause: str = ""  # why it is not healthy, as its pods tell it
    considered_healthy: tuple[str, int, str] | None = None  # uid and version of which it is healthy, and why
    content: bytes = b""  # of what ends by itself: what was applied (``finished.content_hash``)
    sent: tuple[str, bytes] | None = None  # its UID when it was last applied whole, and what stands for what was sent
    unanswered: bool = False  # a change was sent since the last answer to an apply: it may be made or not
    message_pacing: Pacing | None = None  # once its health has another message
    comparison_pacing: Pacing | None = None  # once it is changed untracked
    state_pacing: Pacing | None = None  # once its health changes
    check: ObjectCheck | None = None  # what judges it in place of the built-in way

    @property
    def drifted(self) -> bool:
        """Whether the object is gone, or somebody took or removed a field of ours; never while it is to be skipped."""
        if not self.expected or (self.present and (self.observed.paused or self.observed.deleting)):
            return False
        if not self.present:
            return not self.observed.finished
        return self.pending or self.differs or self.is_taken

    @property
    def is_taken(self) -> bool:
        """Whether managedFields says that somebody took or removed a field of ours, and the values may be others."""
        lost = self.desired is not None and self.desired != self.observed.fingerprint
        return lost and self.equal_writers != self.observed.writers

    @property
    def is_to_compare(self) -> bool:
        """Whether only a comparison of its values tells if the object is as it was applied."""
        skipped = not self.present or self.observed.paused or self.observed.deleting
        return self.untracked and self.expected and self.desired is not None and not skipped

    @property
    def changed_by(self) -> str:
        """The field manager that holds a field that was ours, or who used our name; empty where none is known to."""
        taker = manager_that_took(self.observed.other_managers, hashes=self.field_hashes, desired=self.desired)
        in_our_name = self.differs and self.answered_at not in (0, self.observed.applied_at)
        return IN_OUR_NAME if not taker and in_our_name else taker

    @property
    def fingerprint(self) -> bytes:
        """What status keeps of the object, or how it stands if it ends by itself; empty where nothing is known."""
        if self.pending:
            return PENDING
        if self.untracked or self.differs:
            return b""  # our fields are as they were, and say nothing: after a restart the object is compared
        if not can_finish(self.key):
            return pack(self.desired, applied_at=self.observed.applied_at) if self.desired else b""
        if not self.observed.finished:
            ephemeral = (
                self.present and self.observed.ephemeral
            )  # what was observed to go while it ran is to be made again
            return running_record(ephemeral=ephemeral, content=self.content, fingerprint=self.desired or b"")
        if self.observed.end_unobserved:
            return bytes(RunRecord(FinishState.UNKNOWN, self.content))
        failed = self.observed.health.state is HealthState.FAILED
        return bytes(RunRecord(FinishState.FAILED if failed else FinishState.SUCCEEDED, self.content))

    @property
    def health(self) -> Health:
        """The health of the object, also when there is none."""
        if self.observed.finished and (self.observed.deleting or not self.present):
            notable = self.observed.end_unobserved or self.observed.health.state is HealthState.FAILED
            return self.observed.health if notable else EXISTS
        if self.present and self.check is not None and not self.observed.deleting:
            return self.check.answer or Health(HealthState.IN_PROGRESS, f"{where(self.key)}: {IS_CHECKED}")
        if self.present and self.considered_healthy is not None:
            uid, version, why = self.considered_healthy
            if (uid, version) == (self.observed.uid, self.observed.version):
                return Health(HealthState.CURRENT, f"{where(self.key)}: {why}", notable=True)
        if self.present:
            return self.observed.health
        return Health(HealthState.NOT_FOUND, f"{where(self.key)}: is gone")

    @property
    def remaining(self) -> tuple[RemainingField, ...]:
        """The fields that left the pattern and are there all the same, because another manager has them."""
        if not self.left_behind or not self.present:
            return ()
        held = dict[str, set[int]]()
        for each in self.observed.other_managers:
            held.setdefault(name_or_mask(each.name), set()).update(fieldset.read_hashes(each.hashes))
        return tuple(each for each in self.left_behind if each.hash in held.get(each.manager, ()))

    def carries_label_of(self, owner: str) -> bool:
        """Whether the object is there, and names ``owner`` in its label."""
        return self.present and self.observed.label == owner

    def has_finished(self, content: bytes) -> bool:
        """Whether the object is gone after it ended by itself, and was of this ``content`` (``content_hash``)."""
        return not self.present and self.observed.finished and bool(content) and self.content == content

    def after(self, observed: Observation) -> Observation:
        """A newer state of the object; one that has ended stays so while it is taken away."""
        if self.observed.finished and not observed.finished and self.observed.uid == observed.uid:
            return replace(observed, finished=True, health=self.observed.health)
        return observed

    def is_last_known(self, meta: ObjectMeta) -> bool:
        """Whether this is the state of the object that was told of last."""
        return (meta.uid, meta.version) == (self.observed.uid, self.observed.version)

    def record_apply(
        self,
        answer: Observation,
        *,
        desired: bytes | None,
        fields: fieldset.Fields,
        content: bytes,
        remaining: tuple[RemainingField, ...] = (),
    ) -> None:
        """Take the answer to our own apply, which owns ``fields``: from here on the object is to stay like this.

        ``remaining`` are the fields that left the pattern by it, and stay.

        A watch may be ahead of the answer; then what it told stays, and is compared with ``desired`` (None: changes by
        others are welcome).
        """
        newest = self.observed.version if self.present else self.deleted_version
        if self.check is not None and newest < answer.version:  # else a watch has told of it, and of its check
            self.check.invalidate()
        if newest <= answer.version:
            self.present, self.observed = True, self.after(answer)
        self.left_behind = tuple(dict.fromkeys((*self.remaining, *remaining)))[:MAX_REMAINING]
        self.content, self.field_hashes, self.sent, self.unanswered = content, fieldset.hashes_of(fields), None, False
        if self.fields_before_drift is not None:
            self.reverted_fields = missing_fields(fields, self.fields_before_drift)
            self.fields_before_drift = None
        self.expected, self.pending = True, False
        self.equal_writers, self.needs_comparison = b"", False
        self.differs, self.untracked = False, is_untracked(answer, self.observed)
        self.desired, self.answered_at = desired, answer.applied_at

    def record_request(self) -> None:
        """A change of the object is about to be sent: what it is like is not known until an apply is answered."""
        self.sent, self.unanswered = None, True

    def remember_sent(self, sent: bytes) -> None:
        """The last apply of this very object was with what ``sent`` stands for; the next request makes that unknown."""
        if not self.unanswered:
            self.sent = (self.observed.uid, sent)

    def was_sent(self, sent: bytes) -> bool:
        """Whether the object is there, and its last apply was with what ``sent`` stands for."""
        return self.present and self.sent == (self.observed.uid, sent)

    def record_deletion(self, version: int) -> None:
        """The object is gone since ``version``."""
        self.present, self.deleted_version = False, version

    def stop_expecting(self) -> None:
        """It left its pattern: nothing is compared with it any more."""
        self.expected, self.desired, self.pending, self.field_hashes = False, None, False, b""
        self.sent, self.left_behind = None, ()
        self.untracked = self.differs = False

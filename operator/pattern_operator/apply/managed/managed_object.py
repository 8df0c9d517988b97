"""One object that a pattern owns, as compact as a thousand patterns ask for: never the object itself."""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from itertools import islice
from typing import Final, Self

import orjson

from pattern_operator.api.fields import ManagedFieldsEntry, ObjectMeta, finalizers_of, integer, mapping_at, shallow
from pattern_operator.api.names import (
    ADOPTED_ANNOTATION,
    DISABLED,
    FIELD_MANAGER,
    RECONCILE_ANNOTATION,
)
from pattern_operator.api.object import Body, ObjectKey
from pattern_operator.apply import fieldset
from pattern_operator.apply.annotations import Retention, retention_of
from pattern_operator.apply.autoscaler import scaler_of, sets_replicas
from pattern_operator.apply.drift_backoff import DriftBackoff
from pattern_operator.apply.existing import ADOPTED
from pattern_operator.apply.finished import (
    FinishState,
    RunRecord,
    can_finish,
    failed_and_gone,
    gone_unobserved,
    has_finished,
    is_ephemeral,
    running_record,
)
from pattern_operator.apply.health import Health, HealthState, health_of, needs_status, where
from pattern_operator.apply.managed.field_managers import MAX_MANAGERS_COMPARED, OtherManager, marks_of, taker
from pattern_operator.apply.managed.pacing import Pacing
from pattern_operator.apply.ownership import label_of
from pattern_operator.apply.replaced_fields import is_touched
from pattern_operator.kube.fieldpath import field_path

_NAMED: Final = 3  # fields that are named of an object that somebody else writes, too
FINGERPRINT_BYTES: Final = 8  # told apart are states of one object, by chance and not by malice


PENDING: Final = b"owed".ljust(FINGERPRINT_BYTES, b"\0")  # in place of a fingerprint: what is desired was not sent


class DriftState(Enum):
    """What is known of an object beside what it was like when it was applied."""

    IN_SYNC = "as it was applied"
    IN_SYNC_WITH_NOTE = "as it was applied, and only an apply finds out what is to be told of it"
    DRIFTED = "changed by others, or gone"
    UNKNOWN = "no watch tells, or nothing is known to compare with"


@dataclass(frozen=True, slots=True)
class Observation:
    """What is taken from an object as the API server gave it.

    ``fingerprint`` is empty when we do not manage fields of it. ``finalizers`` are kept only while it is being deleted.
    ``finished``: it has ended by itself, well or not (``health``), and is not missed when it goes.
    """

    uid: str
    version: int  # resourceVersion; comparable within a kind since Kubernetes 1.35 (KEP-5504)
    label: str
    fingerprint: bytes
    paused: bool
    kept: Retention
    adopted: bool
    deleting: bool
    finalizers: tuple[str, ...]
    finished: bool
    health: Health
    generation: int  # 0 where the kind counts none: then any change may be one of what is desired
    writers: bytes  # a hash of the generation, of who writes what is desired of it, and when each did last
    other_managers: tuple[OtherManager, ...]  # other managers of what is desired of it, who wrote last first
    scaled_by: str  # the manager that has its replicas through the subresource scale, and is not a kubectl
    scales: bool  # our apply set its replicas
    touched: bool  # people have changed something of it by hand
    ephemeral: bool = False  # it may end and be gone at once (``finished.is_ephemeral``)
    end_unobserved: bool = False  # it is gone, and nobody saw whether it had ended

    @classmethod
    def of(cls, body: Body, *, key: ObjectKey, now: datetime) -> Self:
        """Look at ``body``, which may be metadata alone where existence is health."""
        meta = ObjectMeta.of(body)
        managers, deleting = meta.managers, meta.deleting
        return cls(
            uid=meta.uid,
            version=meta.version,
            label=label_of(meta.raw),
            fingerprint=fingerprint(managers),
            paused=meta.annotation(RECONCILE_ANNOTATION) == DISABLED,
            kept=retention_of(mapping_at(meta.raw, "annotations")),
            adopted=meta.annotation(ADOPTED_ANNOTATION) == ADOPTED,
            deleting=deleting,
            finalizers=finalizers_of(body) if deleting else (),
            finished=has_finished(body, key=key),
            health=_health(body, key=key, now=now),
            generation=generation_of(meta),
            writers=writers_of(meta),
            other_managers=_other_managers(managers),
            scaled_by=scaler_of(managers),
            scales=sets_replicas(managers),
            touched=is_touched(managers),
            ephemeral=is_ephemeral(body, key=key),
        )

    def gone(self, stood: FinishState, *, key: ObjectKey) -> Self:
        """The object, which went after it had ended so; for ``UNSEEN`` nobody knows whether it had."""
        if stood is FinishState.UNKNOWN:
            health = Health(HealthState.CURRENT, gone_unobserved(key), notable=True)
            return replace(self, finished=True, end_unobserved=True, health=health)
        return replace(self, finished=True, health=_EXISTS if stood is FinishState.SUCCEEDED else _ill(key))


@dataclass(slots=True, eq=False)
class ManagedObject:
    """What is known of one owned object.

    ``owner`` is the pattern it is filed under, ``observed`` the newest state of it. ``expected``: a pattern applied it
    since the operator started and wants it there. ``desired`` is the fingerprint of that apply, None where changes by
    others are welcome. ``pending``: what is desired was not sent, because the object was to be skipped; it drifts once
    it is not any more. ``present`` is false for an object that is gone, since the version ``gone``, and that is
    expected or just being applied.
    """

    key: ObjectKey
    owner: str
    observed: Observation
    expected: bool = False
    present: bool = True
    gone: int = 0
    desired: bytes | None = None
    pending: bool = False
    backoff: DriftBackoff = field(default_factory=DriftBackoff)
    kept_fields: fieldset.Fields | None = None  # that we still had when it drifted, until it is put right
    marks: bytes = (
        b""  # of the fields that our last apply owned (``other_managers``); empty where it was in another life
    )
    alike: bytes = b""  # the ``writers`` whose object had all values that are desired, whoever holds the fields
    doubtful: bool = False  # it was written again since it drifted: maybe it is as desired now
    lost_fields: tuple[str, ...] = ()  # the first few that somebody took before the last repair
    cause: str = ""  # why it is not healthy, as its pods tell it
    excuse: tuple[str, int, str] | None = None  # uid and version of which it is healthy all the same, and why
    content: bytes = b""  # of what ends by itself: what was applied
    words: Pacing | None = None  # of what it says, once it says something else
    states: Pacing | None = None  # of its health, once it changes

    @property
    def drifted(self) -> bool:
        """Whether the object is gone, or somebody took or removed a field of ours; never while it is to be skipped."""
        if not self.expected or (self.present and (self.observed.paused or self.observed.deleting)):
            return False
        if not self.present:
            return not self.observed.finished
        lost = self.desired is not None and self.desired != self.observed.fingerprint
        return self.pending or (lost and self.alike != self.observed.writers)

    @property
    def changed_by(self) -> str:
        """The field manager that holds a field that was ours; empty where none is known to."""
        return taker(self.observed.other_managers, marks=self.marks, desired=self.desired)

    def has_finished(self, content: bytes) -> bool:
        """Whether the object is gone after it ended by itself, and was of this ``content`` (``content_hash``)."""
        return not self.present and self.observed.finished and bool(content) and self.content == content

    @property
    def fingerprint(self) -> bytes:
        """What status keeps of the object, or how it stands if it ends by itself; empty where nothing is known."""
        if self.pending:
            return PENDING
        if not can_finish(self.key):
            return self.desired or b""
        if not self.observed.finished:
            ephemeral = (
                self.present and self.observed.ephemeral
            )  # what was observed to go while it ran is to be made again
            return running_record(ephemeral=ephemeral, content=self.content, fingerprint=self.desired or b"")
        if self.observed.end_unobserved:
            return bytes(RunRecord(FinishState.UNKNOWN, self.content))
        failed = self.observed.health.state is HealthState.FAILED
        return bytes(RunRecord(FinishState.FAILED if failed else FinishState.SUCCEEDED, self.content))

    def after(self, observed: Observation) -> Observation:
        """A newer state of the object; one that has ended stays so while it is taken away."""
        if self.observed.finished and not observed.finished and self.observed.uid == observed.uid:
            return replace(observed, finished=True, health=self.observed.health)
        return observed

    @property
    def health(self) -> Health:
        """The health of the object, also when there is none."""
        if self.observed.finished and (self.observed.deleting or not self.present):
            told = self.observed.end_unobserved or self.observed.health.state is HealthState.FAILED
            return self.observed.health if told else _EXISTS
        if self.present and self.excuse is not None and self.excuse[:2] == (self.observed.uid, self.observed.version):
            return Health(HealthState.CURRENT, f"{where(self.key)}: {self.excuse[2]}", notable=True)
        if self.present:
            return self.observed.health
        return Health(HealthState.NOT_FOUND, f"{where(self.key)}: is gone")


def our_fields(body: object) -> fieldset.Fields:
    """The fields that our apply owns on an object."""
    ours = (entry for entry in ObjectMeta.of(body).managers if _is_ours(entry) and not entry.subresource)
    return fieldset.read(next((entry.fields for entry in ours), None))


def lost(before: fieldset.Fields, after: fieldset.Fields) -> tuple[str, ...]:
    """The names of the first few fields in ``before`` that ``after`` has not, without values."""
    paths = islice(fieldset.leaves(fieldset.difference(before, after)), _NAMED)
    return tuple(field_path(fieldset.words(path)) for path in paths)


def fingerprint(managers: Iterable[ManagedFieldsEntry]) -> bytes:
    """A hash of the fields that our apply owns, out of ``metadata.managedFields``; empty when it owns none.

    Whoever changes or removes a field of ours takes it from our entry (server-side apply, "Field management"), with
    ``kubectl edit``, a scale, a forced apply or a controller alike; applying again restores the very same entry.
    Changes of fields that we do not own, status among them, leave it alone.
    """
    for entry in managers:
        if _is_ours(entry) and not entry.subresource:
            return _hash(entry.fields)
    return b""


def _hash(fields: object) -> bytes:
    return hashlib.blake2b(_written(fields), digest_size=FINGERPRINT_BYTES).digest()


def _written(fields: object) -> bytes:
    """``fields`` as bytes, the same for the same fields; what no JSON writer takes counts as nothing."""
    try:
        return orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:  # nested deeper than it goes: the API server keeps 10,000 levels
        return orjson.dumps(shallow(fields), option=orjson.OPT_SORT_KEYS)


def _is_ours(entry: ManagedFieldsEntry) -> bool:
    return (entry.name, entry.operation) == (FIELD_MANAGER, "Apply")


def generation_of(meta: ObjectMeta) -> int:
    """How often what is desired of the object was changed; 0 where its kind does not count."""
    return integer(meta.raw.get("generation"), 0)


def writers_of(meta: ObjectMeta) -> bytes:
    """Another one after each change of what is desired.

    Where the kind counts no generations, two changes by one manager within a second are not told apart.
    """
    managers = meta.managers
    others = (each for each in managers if each.subresource != "status")
    return _hash(
        [
            generation_of(meta),
            fingerprint(managers).hex(),
            *([each.name, each.operation, each.subresource, each.time] for each in others),
        ]
    )


def _other_managers(managers: Collection[ManagedFieldsEntry]) -> tuple[OtherManager, ...]:
    """The managers of desired fields (``kubectl scale`` is one) but for our apply, and what they hold."""
    others = [entry for entry in managers if entry.subresource != "status" and not _is_ours(entry)]
    if not others:
        return ()
    ours = next((entry.fields for entry in managers if _is_ours(entry) and not entry.subresource), None)
    have = fieldset.read(ours)
    latest = sorted(others, key=lambda entry: entry.time, reverse=True)[:MAX_MANAGERS_COMPARED]
    fields = ((entry.name, fieldset.difference(fieldset.read(entry.fields), have)) for entry in latest)
    return tuple(OtherManager(name, marks_of(held), _hash(fieldset.union(have, held))) for name, held in fields if held)


def _health(body: Body, *, key: ObjectKey, now: datetime) -> Health:
    health = health_of(body, now=now)
    if health.state is HealthState.CURRENT and not needs_status(group=key.group, kind=key.kind):
        return _EXISTS
    return health


def _ill(key: ObjectKey) -> Health:
    return Health(HealthState.FAILED, failed_and_gone(key))


_EXISTS: Final = Health(HealthState.CURRENT, "")  # shared: most objects are healthy by existing

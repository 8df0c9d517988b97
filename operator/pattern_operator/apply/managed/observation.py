"""What is taken from an object as the API server gave it, as compact as a thousand patterns ask for. Pure."""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Self

import orjson

from pattern_operator.api.fields import ManagedFieldsEntry, ObjectMeta, finalizers_of, integer, mapping_at, shallow
from pattern_operator.api.names import ADOPTED_ANNOTATION, DISABLED, FIELD_MANAGER, RECONCILE_ANNOTATION
from pattern_operator.api.object import Body, ObjectKey
from pattern_operator.apply import fieldset
from pattern_operator.apply.annotations import Retention, retention_of
from pattern_operator.apply.co_owners import CoOwner, co_owners, our_fields
from pattern_operator.apply.data import deletes_claims
from pattern_operator.apply.existing import ADOPTED, is_ours
from pattern_operator.apply.finished import FinishState, failed_and_gone, gone_unobserved, has_finished, is_ephemeral
from pattern_operator.apply.health import Health, HealthState, health_of, needs_status
from pattern_operator.apply.managed.field_managers import MAX_MANAGERS_COMPARED, OtherManager
from pattern_operator.apply.managed.fingerprint import FIELDS_BYTES, seconds_of
from pattern_operator.apply.ownership import label_of
from pattern_operator.apply.replaced_fields import is_touched
from pattern_operator.apply.replicas import scaler_of, sets_replicas

_HASH_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Observation:
    """One state of an object.

    ``fingerprint`` is empty when we do not manage fields of it. ``finalizers`` are kept only while it is being deleted.
    ``finished``: it has ended by itself, well or not (``health``), and is not missed when it goes.
    """

    uid: str
    version: int  # resourceVersion; comparable within a kind since Kubernetes 1.35 (KEP-5504)
    label: str
    fingerprint: bytes
    applied_at: int  # when our apply changed it last, in seconds since 1970; 0 where managedFields does not say so
    paused: bool
    retention: Retention
    adopted: bool
    deleting: bool
    finalizers: tuple[str, ...]
    finished: bool
    health: Health
    generation: int  # 0 where the kind counts none: then any change may be one of the desired fields
    writers: bytes  # a hash of the generation, of who writes the desired fields, and when each did last
    trail: bytes  # a hash of managedFields; where the kind counts generations without those of status
    other_managers: tuple[OtherManager, ...]  # other managers of the desired fields, who wrote last first
    scaled_by: str  # the manager that has its replicas through the subresource scale, and is not a kubectl
    scales: bool  # our apply set its replicas
    touched: bool  # people have changed something of it by hand
    ephemeral: bool = False  # it may end and be gone at once (``finished.is_ephemeral``)
    deletes_claims: bool = False  # claims that a controller has made for it go with it (``data``)
    applied_last: bool = False  # no entry of managedFields is newer than that of our apply
    co_owners: tuple[CoOwner, ...] = ()  # other managers of fields that our apply has, too
    end_unobserved: bool = False  # it is gone, and nobody saw whether it had ended

    @classmethod
    def of(cls, body: Body, *, key: ObjectKey, now: datetime) -> Self:
        """Look at ``body``, which may be metadata alone where existence is health.

        Of an object with more fields than are compared, nobody is named who shares or took some.
        """
        meta = ObjectMeta.of(body)
        managers, deleting = meta.managers, meta.deleting
        ours = fingerprint(managers)
        compared = managers if fieldset.are_comparable(each.fields for each in managers) else ()
        return cls(
            uid=meta.uid,
            version=meta.version,
            label=label_of(meta.raw),
            fingerprint=ours,
            applied_at=_applied_at(managers),
            paused=meta.annotation(RECONCILE_ANNOTATION) == DISABLED,
            retention=retention_of(mapping_at(meta.raw, "annotations")),
            adopted=meta.annotation(ADOPTED_ANNOTATION) == ADOPTED,
            deleting=deleting,
            finalizers=finalizers_of(body) if deleting else (),
            finished=has_finished(body, key=key),
            health=_health(body, key=key, now=now),
            generation=generation_of(meta),
            writers=_writers(generation_of(meta), ours, managers),
            trail=_trail(generation_of(meta), managers),
            other_managers=_other_managers(compared),
            scaled_by=scaler_of(managers),
            scales=sets_replicas(managers),
            touched=is_touched(managers),
            ephemeral=is_ephemeral(body, key=key),
            deletes_claims=deletes_claims(body),
            applied_last=_applied_last(managers),
            co_owners=co_owners(compared),
        )

    def gone(self, finish: FinishState, *, key: ObjectKey) -> Self:
        """The object, which went after it had ended so; for ``UNKNOWN`` nobody knows whether it had."""
        if finish is FinishState.UNKNOWN:
            health = Health(HealthState.CURRENT, gone_unobserved(key), notable=True)
            return replace(self, finished=True, end_unobserved=True, health=health)
        failed = Health(HealthState.FAILED, failed_and_gone(key))
        return replace(self, finished=True, health=EXISTS if finish is FinishState.SUCCEEDED else failed)


EXISTS: Final = Health(HealthState.CURRENT, "")  # shared: most objects are healthy by existing


def own_fields(body: object) -> fieldset.Fields:
    """The fields that our apply owns on an object."""
    return our_fields(ObjectMeta.of(body).managers)


def fingerprint(managers: Iterable[ManagedFieldsEntry]) -> bytes:
    """A hash of the fields that our apply owns, out of ``metadata.managedFields``; empty when it owns none.

    Whoever changes or removes a field of ours takes it from our entry (server-side apply, "Field management"), with
    ``kubectl edit``, a scale, a forced apply or a controller alike; applying again restores the very same entry.
    Changes of fields that we do not own, status among them, leave it alone.
    """
    return next((_hash(entry.fields)[:FIELDS_BYTES] for entry in managers if is_ours(entry)), b"")


def generation_of(meta: ObjectMeta) -> int:
    """How often the desired state of the object was changed; 0 where its kind does not count."""
    return integer(meta.raw.get("generation"), 0)


def writers_of(meta: ObjectMeta) -> bytes:
    """Another one after each change of the desired fields.

    Where the kind counts no generations, two changes by one manager within a second are not told apart.
    """
    managers = meta.managers
    return _writers(generation_of(meta), fingerprint(managers), managers)


def _writers(generation: int, ours: bytes, managers: Iterable[ManagedFieldsEntry]) -> bytes:
    others = (each for each in managers if each.subresource != "status")
    return _hash(
        [generation, ours.hex(), *([each.name, each.operation, each.subresource, each.time] for each in others)]
    )


def _applied_at(managers: Iterable[ManagedFieldsEntry]) -> int:
    return next((seconds_of(entry.time) for entry in managers if is_ours(entry)), 0)


def _applied_last(managers: Collection[ManagedFieldsEntry]) -> bool:
    """The API server writes all times in one form, in which the later one is the greater text."""
    ours = next((entry.time for entry in managers if is_ours(entry)), "")
    return all(entry.time <= ours for entry in managers)


def _trail(generation: int, managers: Collection[ManagedFieldsEntry]) -> bytes:
    """Another one after each change of the desired fields that the API server could attribute to somebody.

    Where the kind counts no generations, also after each of status: what changes nothing of it is of neither then.
    """
    entries = (each for each in managers if each.subresource != "status" or not generation)
    return _hash([[each.name, each.operation, each.subresource, each.time, each.fields] for each in entries])


def is_untracked(before: Observation, after: Observation) -> bool:
    """Whether the desired fields may have been changed between the two, and managedFields names nobody else for it.

    It is in our name where the time of our entry is another one: no apply was on its way. It is in nobody's where
    managedFields is the same; two changes by one manager within a second look so, too. Where the kind counts no
    generations, only one in our name within the second of our last apply is meant: no entry is newer then.
    """
    if before.uid != after.uid or not before.fingerprint or before.version == after.version:
        return False
    if before.applied_at and after.applied_at and before.applied_at != after.applied_at:
        return True
    if before.trail != after.trail:
        return False
    return after.generation > before.generation > 0 or (after.applied_last and not after.generation)


def _hash(fields: object) -> bytes:
    return hashlib.blake2b(_written(fields), digest_size=_HASH_BYTES).digest()


def _written(fields: object) -> bytes:
    """``fields`` as bytes, the same for the same fields; what no JSON writer takes counts as nothing."""
    try:
        return orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:  # nested deeper than it goes: the API server keeps 10,000 levels
        return orjson.dumps(shallow(fields), option=orjson.OPT_SORT_KEYS)


def _other_managers(managers: Collection[ManagedFieldsEntry]) -> tuple[OtherManager, ...]:
    """The managers of desired fields (``kubectl scale`` is one) but for our apply, and what they hold."""
    others = [entry for entry in managers if entry.subresource != "status" and not _is_own(entry)]
    if not others:
        return ()
    have = fieldset.read(next((entry.fields for entry in managers if is_ours(entry)), None))
    latest = sorted(others, key=lambda entry: entry.time, reverse=True)[:MAX_MANAGERS_COMPARED]
    fields = ((entry.name, fieldset.difference(fieldset.read(entry.fields), have)) for entry in latest)
    return tuple(
        OtherManager(name, fieldset.hashes_of(held), _hash(fieldset.union(have, held))[:FIELDS_BYTES])
        for name, held in fields
        if held
    )


def _is_own(entry: ManagedFieldsEntry) -> bool:
    """Whether our apply wrote it, be it through a subresource."""
    return entry.name == FIELD_MANAGER and entry.operation == "Apply"


def _health(body: Body, *, key: ObjectKey, now: datetime) -> Health:
    health = health_of(body, now=now)
    if health.state is HealthState.CURRENT and not needs_status(group=key.group, kind=key.kind):
        return EXISTS
    return health

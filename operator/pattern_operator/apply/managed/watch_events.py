"""What the watches tell of managed objects: which event changes what is known, and what a pattern is told of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from pattern_operator.api.fields import ObjectMeta
from pattern_operator.api.names import HOOK_LABEL
from pattern_operator.api.object import Body, ObjectKey
from pattern_operator.apply.finished import FinishState
from pattern_operator.apply.health import Health, HealthState, where
from pattern_operator.apply.managed.checks import ManagedChecks
from pattern_operator.apply.managed.drift import is_changed_again
from pattern_operator.apply.managed.in_flight import InFlight
from pattern_operator.apply.managed.index import Index
from pattern_operator.apply.managed.managed_object import ManagedObject
from pattern_operator.apply.managed.notification import NotificationKind, Notifier
from pattern_operator.apply.managed.observation import Observation, is_untracked, own_fields
from pattern_operator.apply.managed.unlisted import UnlistedObjects
from pattern_operator.apply.ownership import label_of
from pattern_operator.internal_errors import InternalErrors
from pattern_operator.kube import Resource, WatchEvent, WatchEventType

DEFECT: Final = "internal error of the operator while it read the object; its log says where"


class WatchEvents:
    """Takes what the watches tell into ``index``, and lets ``notifier`` tell the patterns.

    ``listed`` says of a key whether a pattern has it in its inventory: of others nothing is kept but in ``unlisted``.
    ``forget`` takes an object out of the index, and ends the watch of a kind that no object is left of.
    """

    def __init__(
        self,
        index: Index,
        *,
        notifier: Notifier,
        checks: ManagedChecks,
        in_flight: InFlight,
        unlisted: UnlistedObjects,
        listed: Callable[[ObjectKey], bool],
        forget: Callable[[ManagedObject], None],
        now: Callable[[], datetime],
        errors: InternalErrors,
    ) -> None:
        self._index = index
        self._notifier = notifier
        self._checks = checks
        self._in_flight = in_flight
        self._unlisted = unlisted
        self._listed = listed
        self._forget = forget
        self._now = now
        self._errors = errors

    def handle(self, resource: Resource, event: WatchEvent) -> None:
        """Take one event. Never raises: a defect costs this object, and is shown with the health of its pattern."""
        meta = ObjectMeta.of(event.object)
        key = ObjectKey(resource.group, resource.kind, meta.namespace, meta.name)
        try:
            if event.type is WatchEventType.DELETED:
                self._deleted(event.object, key=key, meta=meta)
            else:
                self._changed(resource, event.object, key=key, meta=meta)
        except Exception as error:  # a defect costs this object
            self._errors.record("managed_object", error)
            if (managed := self._index.get(key)) is not None:
                health = Health(HealthState.FAILED, f"{where(key)}: {DEFECT}")
                managed.observed = replace(managed.observed, health=health)
                self._notifier.notify(managed, NotificationKind.HEALTH)

    def is_relevant(self, key: ObjectKey) -> bool:
        """Whether anything is kept of an object."""
        managed = self._index.get(key)
        return key in self._in_flight or (managed is not None and managed.expected) or self._listed(key)

    def restored(self, resource: Resource) -> None:
        """etcd was restored from a backup: what is told of the kind from now on is newer, whatever its version says."""
        for managed in self._index:
            if managed.key.group_kind == resource.group_kind:
                managed.observed, managed.deleted_version = replace(managed.observed, version=0), 0
                managed.sent = None  # the backup may be older than the last apply, and have its fields all the same

    def drift(self, managed: ManagedObject, *, kind: NotificationKind = NotificationKind.DRIFTED) -> None:
        """Tell of drift, unless an apply of the pattern itself is on its way, whose effect this may be."""
        if not self._in_flight.has(managed.key, managed.owner):
            self._notifier.drift(managed, kind=kind)

    def recheck_later(self, managed: ManagedObject, body: Body) -> None:
        """Judge the same body again when time alone may change its health; it is kept until then, not longer.

        A body that is not the last one known, as the answer to an apply that a watch was faster than, changes nothing.
        """
        if managed.health.recheck_at is not None and managed.is_last_known(ObjectMeta.of(body)):
            pause = (managed.health.recheck_at - self._now()).total_seconds()
            self._notifier.recheck(managed, pause, lambda: self._recheck(managed, body))

    def _deleted(self, body: Body, *, key: ObjectKey, meta: ObjectMeta) -> None:
        self._unlisted.discard(key)
        managed = self._index.get(key)
        if managed is None or not managed.present or _is_late(meta, managed):
            return
        last = managed.after(Observation.of(body, key=key, now=self._now()))
        if last.finished:  # it ended and was removed at once
            managed.observed = last
        elif managed.observed.ephemeral and not meta.created:  # nobody saw it go
            managed.observed = managed.observed.gone(FinishState.UNKNOWN, key=key)
        if managed.expected or key in self._in_flight:
            managed.record_deletion(meta.version)
            self.drift(managed, kind=NotificationKind.GONE)
        else:
            self._forget(managed)
            self._notifier.notify(managed, NotificationKind.GONE)

    def _changed(self, resource: Resource, body: Body, *, key: ObjectKey, meta: ObjectMeta) -> None:
        managed = self._index.get(key)
        if not self.is_relevant(key):
            if not meta.label(HOOK_LABEL):  # what a hook made stays as long as it may, and is in no inventory
                self._unlisted.note(key, label=label_of(meta.raw))
            if managed is not None:
                self._forget(managed)
            return
        if managed is not None and managed.present and 0 < meta.version <= managed.observed.version:
            return  # the echo of our own apply, or older: most events are, so nothing of it is looked at
        observed = Observation.of(body, key=key, now=self._now())
        if managed is None:
            managed = self._index.file(key, owner=observed.label, observed=observed)
        else:
            self._update(managed, observed)
            if managed.drifted and managed.fields_before_drift is None:
                managed.fields_before_drift = own_fields(body)
        self._checks.saw(managed, body, resource)
        self.recheck_later(managed, body)

    def _update(self, managed: ManagedObject, observed: Observation) -> None:
        if not managed.expected and observed.label != managed.owner:
            managed = self._index.file(managed.key, owner=observed.label, observed=observed)
        was_drifted, health, before = managed.drifted, managed.health, managed.observed
        self._invalidate_check(managed, observed)
        managed.present, managed.observed = True, managed.after(observed)
        if managed.health.state is HealthState.CURRENT:
            managed.cause = ""
        if is_untracked(before, observed) and not self._in_flight.has(managed.key, managed.owner):
            managed.untracked = True
        if managed.drifted and not was_drifted:
            self.drift(managed)
        elif managed.is_to_compare and not managed.drifted:
            self._notifier.untracked(managed)
        elif is_changed_again(managed, before):
            managed.needs_comparison = True
            self._notifier.health_message(managed)
        if managed.health.state is not health.state:
            self._notifier.health_state(managed)
        elif managed.expected and managed.observed.paused is not before.paused:  # status says which are skipped
            self._notifier.notify(managed, NotificationKind.HEALTH)
        elif managed.health.message != health.message:
            self._notifier.health_message(managed)

    def _invalidate_check(self, managed: ManagedObject, observed: Observation) -> None:
        """What a health check found says nothing of another object or generation, nor of the effect of our apply."""
        before = managed.observed
        same = managed.present and (before.uid, before.generation) == (observed.uid, observed.generation)
        if managed.check is not None and (not same or self._in_flight.has(managed.key, managed.owner)):
            managed.check.invalidate()

    def _recheck(self, managed: ManagedObject, body: Body) -> None:
        if managed.present and managed.is_last_known(ObjectMeta.of(body)):
            self._update(managed, Observation.of(body, key=managed.key, now=self._now()))
            self.recheck_later(managed, body)  # the clock of the machine was set back, or time matters once more


def _is_late(meta: ObjectMeta, managed: ManagedObject) -> bool:
    """Whether a deletion is older than what is known of the object.

    For an object that vanished unseen nothing but its name, uid and last known version is told: then the uid decides,
    because a uid never comes back.
    """
    if meta.uid != managed.observed.uid:
        return True
    return bool(meta.created) and 0 < meta.version < managed.observed.version

"""What is known of the owned objects in the cluster, from watches alone: who drifted, who is healthy, who is gone.

Nothing here changes the cluster, and nothing is asked that a watch tells. After a restart there is nothing to compare
with: each pattern is applied once, which changes nothing and sets the fingerprints.
"""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final

from pattern_operator.aio import Tasks
from pattern_operator.api.fields import ObjectMeta
from pattern_operator.api.object import Body, ObjectKey
from pattern_operator.apply.annotations import IF_ABSENT
from pattern_operator.apply.finished import FinishState, RunRecord, can_finish, read_record
from pattern_operator.apply.health import Health, HealthState, where
from pattern_operator.apply.managed.field_managers import marks_of
from pattern_operator.apply.managed.managed_object import (
    PENDING,
    DriftState,
    ManagedObject,
    Observation,
    lost,
    our_fields,
)
from pattern_operator.apply.managed.notification import Notification, NotificationKind
from pattern_operator.apply.managed.pacing import Pacing
from pattern_operator.apply.managed.unlisted import UnlistedObjects
from pattern_operator.apply.managed.watches import Watches
from pattern_operator.apply.ownership import label_of
from pattern_operator.apply.result import summarize
from pattern_operator.apply.timers import Timers
from pattern_operator.kube import ApiError, Resource, Session, WatchEvent, WatchEventType

FREE_CHANGES: Final = 5  # changes of an object's health in a row that are told at once
DEFECT: Final = "the operator failed on what the API server says of it, by a defect of its own; its log says where"

# The worst first.
_SEVERITY: Final = (
    HealthState.FAILED,
    HealthState.NOT_FOUND,
    HealthState.TERMINATING,
    HealthState.IN_PROGRESS,
    HealthState.CURRENT,
)


_WELL_OR_GOING: Final = frozenset({HealthState.CURRENT, HealthState.TERMINATING})


class ManagedObjects:
    """The owned objects of all patterns. ``on_change(owner id, event)`` is called in the loop and must not raise.

    ``tasks`` runs the watches; ``now`` gives a time with a time zone; ``on_problem`` is told of kinds that cannot be
    watched. ``listed`` says of a key whether a pattern has it in its inventory: of others nothing is kept, whatever
    label they carry, and ``on_unlisted(owner label, key)`` is told of the first of each owner.
    """

    def __init__(
        self,
        session: Session,
        *,
        tasks: Tasks,
        on_change: Callable[[str, Notification], None],
        now: Callable[[], datetime],
        on_problem: Callable[[Resource, ApiError], None] | None = None,
        listed: Callable[[ObjectKey], bool] = lambda _: True,
        on_unlisted: Callable[[str, ObjectKey], None] = lambda *_: None,
    ) -> None:
        self._on_change = on_change
        self._now = now
        self._listed = listed
        self._errors = session.internal_errors
        self._timers = Timers(self._errors)
        self._unlisted = UnlistedObjects(on_first=on_unlisted)
        self._watches = Watches(
            session,
            tasks=tasks,
            on_change=self._changed,
            on_problem=on_problem,
            on_restored=self._restored,
            remembers=self._matters,
        )
        self._managed: dict[ObjectKey, ManagedObject] = {}
        self._owned: dict[str, dict[ObjectKey, ManagedObject]] = {}
        self._kinds: dict[tuple[str, str], int] = {}  # how many objects there are of each
        # Whose answer is under way: a watch may show its effect first. Others only name the object, maybe in vain.
        self._applying: dict[ObjectKey, set[str]] = {}

    # --- what is asked ----------------------------------------------------------------------------------------------

    def get(self, key: ObjectKey) -> ManagedObject | None:
        """What is known of an object; None says that no watch has told of it."""
        return self._managed.get(key)

    def is_watched(self, key: ObjectKey) -> bool:
        """Whether a watch would tell of a change to the object."""
        return self._watches.is_watched((key.group, key.kind))

    def resource_of(self, key: ObjectKey) -> Resource | None:
        """Where the kind of an object is served, as the watch that is in step knows it."""
        return self._watches.resource_of((key.group, key.kind))

    def is_terminating(self, key: ObjectKey) -> bool:
        """Whether a watch says that the object is being deleted."""
        managed = self._managed.get(key)
        return managed is not None and managed.present and managed.observed.deleting

    def is_known_absent(self, key: ObjectKey) -> bool:
        """Whether the object is not there, or carries no owner label, when nothing is known of it."""
        return self.is_watched(key) and not self._unlisted.may_have(key)

    def drifted(self, owner: str) -> tuple[ObjectKey, ...]:
        """The objects of a pattern that are not as they were applied, sorted; without those with backed-off repairs."""
        now = asyncio.get_running_loop().time()
        return tuple(
            sorted(
                managed.key for managed in self._of(owner) if managed.drifted and not managed.backoff.is_waiting(now)
            )
        )

    def health(self, owner: str, *, keys: Collection[ObjectKey] | None = None) -> Health:
        """The worst health among the objects that the pattern applied (or the ``keys`` of them), and who says what.

        ``recheck_at`` is when the judgement may change without any event; a ``HEALTH`` event is told then.
        """
        expected = [c for c in self._of(owner) if c.expected and (keys is None or c.key in keys)]
        if not expected:
            return Health(HealthState.CURRENT, "no object is followed")
        worst = min((managed.health.state for managed in expected), key=_SEVERITY.index)
        if worst is HealthState.CURRENT:
            notable = sorted(managed.health.message for managed in expected if managed.health.notable)
            unsure = tuple(sorted(managed.health.message for managed in expected if managed.observed.end_unobserved))
            words = summarize([f"{len(expected)} objects are healthy", *notable])
            return Health(worst, words, notable=bool(notable), unsure=unsure)
        ill = [managed for managed in expected if managed.health.state is not HealthState.CURRENT]
        ill.sort(key=lambda managed: (_SEVERITY.index(managed.health.state), managed.key))
        moments = [managed.health.recheck_at for managed in ill if managed.health.recheck_at is not None]
        return Health(worst, summarize(self._words(managed) for managed in ill), min(moments, default=None))

    def unhealthy(self, owner: str) -> tuple[ObjectKey, ...]:
        """The objects of a pattern that are there and not healthy, the worst first."""
        ill = [c for c in self._of(owner) if c.expected and c.present and c.health.state not in _WELL_OR_GOING]
        return tuple(c.key for c in sorted(ill, key=lambda c: (_SEVERITY.index(c.health.state), c.key)))

    def explain(self, key: ObjectKey, cause: str) -> None:
        """Say with the health of an object why it is as it is; told as a change of its health."""
        managed = self._managed.get(key)
        if managed is not None and managed.cause != cause and managed.health.state not in _WELL_OR_GOING:
            managed.cause = cause
            self._tell(managed, NotificationKind.HEALTH)

    def consider_healthy(self, key: ObjectKey, words: str) -> None:
        """Take an object that is on its way for healthy until it changes; told as a change of its health."""
        managed = self._managed.get(key)
        if managed is not None and managed.present and managed.health.state is HealthState.IN_PROGRESS:
            managed.excuse = (managed.observed.uid, managed.observed.version, words)
            self._tell(managed, NotificationKind.HEALTH)

    def expects_any(self, owner: str) -> bool:
        """Whether any object of the pattern counts for its health."""
        return any(managed.expected for managed in self._of(owner))

    def drift_state(self, key: ObjectKey, *, owner: str) -> DriftState:
        """Whether an object of the pattern is as it was applied."""
        managed = self._managed.get(key)
        if managed is None or managed.owner != owner or not managed.expected or not self.is_watched(key):
            return DriftState.UNKNOWN
        if managed.drifted:
            return DriftState.DRIFTED
        if managed.desired is None:
            return DriftState.UNKNOWN
        paused = (
            managed.pending or managed.desired != managed.observed.fingerprint
        )  # and would have drifted if it were not
        return (
            DriftState.IN_SYNC_WITH_NOTE
            if managed.present and (paused or managed.observed.scaled_by)
            else DriftState.IN_SYNC
        )

    def all_drifted(self, owner: str) -> frozenset[ObjectKey]:
        """The objects of a pattern that are not as they were applied, those while its repairs are backed off too."""
        return frozenset(managed.key for managed in self._of(owner) if managed.drifted)

    def fingerprints(self, owner: str) -> dict[str, bytes]:
        """What ``compare`` needs to know of the objects after a restart, by inventory id, as far as it is known."""
        known = ((managed.key, managed.fingerprint) for managed in self._of(owner) if managed.expected)
        return {str(key): fingerprint for key, fingerprint in known if fingerprint}

    def paused(self, owner: str) -> tuple[ObjectKey, ...]:
        """The objects of a pattern that a watch shows to be skipped, as somebody annotated them so, sorted."""
        managed_objects = (each for each in self._of(owner) if each.expected and each.present and each.observed.paused)
        return tuple(sorted(each.key for each in managed_objects if self.is_watched(each.key)))

    def is_pending(self, key: ObjectKey, *, owner: str) -> bool:
        """Whether what the pattern wants of an object was not sent because it was to be skipped."""
        managed = self._managed.get(key)
        return managed is not None and managed.owner == owner and managed.expected and managed.pending

    def to_compare(self, owner: str) -> frozenset[ObjectKey]:
        """The objects of a pattern that drifted and were written again since: maybe they are as desired now."""
        return frozenset(each.key for each in self._of(owner) if each.doubtful and each.present and each.drifted)

    def conflicts(self, owner: str) -> tuple[str, ...]:
        """Who changes which object again after each repair, a sentence each: repairs of these are spaced out."""
        return tuple(
            _contested(managed) for managed in self._of(owner) if managed.backoff.is_active and managed.drifted
        )

    # --- what is told -----------------------------------------------------------------------------------------------

    async def ready(self, resource: Resource) -> None:
        """Follow a kind, and wait until what exists of it is known (or that it cannot be known)."""
        await self._watches.ready(resource)

    def follow(self, resource: Resource) -> None:
        """Follow a kind: at the start for the kinds of all inventories."""
        self._watches.start(resource)

    @contextlib.contextmanager
    def applying(self, key: ObjectKey, *, owner: str) -> Iterator[None]:
        """While ``owner`` applies the object: what a watch shows of its effect is not taken for drift.

        It ends with ``record``, which looks whether somebody was faster; a failed apply is retried by who asked for it.
        Of an object of another pattern everything is told to that one meanwhile.
        """
        before = self._managed.get(key)
        repairing = before is not None and before.drifted
        self._applying.setdefault(key, set()).add(owner)
        try:
            yield
        finally:
            answered = not self._is_applying(key, owner)
            self._answered(key, owner)
            managed = self._managed.get(key)
            if managed is not None and repairing and answered:
                managed.backoff.record_repair(asyncio.get_running_loop().time())
            if managed is not None and not managed.expected and not managed.present and key not in self._applying:
                self._drop(managed)

    def record(
        self,
        body: Body,
        *,
        key: ObjectKey,
        owner: str,
        resource: Resource,
        content: bytes = b"",
        policy: str = "",
    ) -> None:
        """Take the answer to our own apply: from here on the object is to stay like this.

        ``content`` is of what ends by itself (``finished.content_hash``). ``policy`` is how the artifact asks to have
        the object applied (``apply_policy_of``): somebody else's annotation on the live object does not count.

        A watch may be ahead of the answer; then what it told stays, and is compared with the answer.
        """
        self._watches.start(resource)
        answer = Observation.of(body, key=key, now=self._now())
        managed = self._file(key, owner=owner, observed=answer)
        newest = managed.observed.version if managed.present else managed.gone
        if newest <= answer.version:
            managed.present, managed.observed = True, managed.after(answer)
        managed.content = content
        self._answered(key, owner)
        ours = our_fields(body)
        managed.marks = marks_of(ours)
        if managed.kept_fields is not None:
            managed.lost_fields, managed.kept_fields = lost(ours, managed.kept_fields), None
        managed.expected, managed.pending, managed.alike, managed.doubtful = True, False, b"", False
        managed.desired = None if policy == IF_ABSENT else answer.fingerprint
        self._watches.remember(key, body)
        self._look_again(managed, body)
        if managed.drifted:
            self._tell_drift(managed)

    def observe(self, body: Body, *, key: ObjectKey) -> ManagedObject | None:
        """Take what was read of an object that came into an inventory after a watch had told of it."""
        observed = Observation.of(body, key=key, now=self._now())
        managed = self._managed.get(key)
        if managed is None and observed.label:
            managed = self._file(key, owner=observed.label, observed=observed)
            self._watches.remember(key, body)
        return managed

    def expect(self, key: ObjectKey, *, owner: str) -> None:
        """Let an object of ``owner`` that is known, and was left alone on purpose, count for the health of its pattern.

        One that carries another pattern's label is that one's: to name its key gives no part in it.
        """
        managed = self._managed.get(key)
        if managed is not None and managed.owner == owner:
            managed.expected = True

    def mark_pending(self, key: ObjectKey, *, owner: str) -> None:
        """As ``expect``, of an object that was not sent what is desired of it: that is made up for once it may be."""
        self.expect(key, owner=owner)
        managed = self._managed.get(key)
        if managed is not None and managed.owner == owner:
            managed.pending = True
            if managed.drifted:  # a watch was faster: nothing else tells of it
                self._tell_drift(managed)

    def mark_missing(self, key: ObjectKey, *, owner: str) -> None:
        """Let an object that ``owner`` had, and that no watch shows any more, count as gone.

        Where no watch would show it nothing is said.
        """
        if key not in self._managed and self.is_known_absent(key):
            nothing = Observation.of({}, key=key, now=self._now())
            managed = self._file(key, owner=owner, observed=replace(nothing, label=owner))
            managed.expected, managed.present = True, False

    def compare(self, key: ObjectKey, *, owner: str, desired: bytes) -> None:
        """Compare an object with the fingerprint that it had when it was applied, or would have if it were.

        One that is gone counts as gone. What was applied in this life is known better.
        """
        if key not in self._managed:
            self.mark_missing(key, owner=owner)
        managed = self._managed.get(key)
        if managed is not None and managed.owner == owner and managed.expected and managed.desired is None:
            if desired == PENDING:
                managed.pending = True
                return
            managed.desired = desired

    def restore(self, key: ObjectKey, *, owner: str, known: bytes) -> None:
        """Compare an object with what ``fingerprints`` told of it before a restart.

        What had ended, or may have ended since, is not missed when it is gone.
        """
        stood = read_record(known, key=key)
        if stood is None and can_finish(key) and key not in self._managed:
            stood = RunRecord(FinishState.UNKNOWN)  # an older operator kept no marks of what runs
        if stood is None:
            if known:
                self.compare(key, owner=owner, desired=known)
            return
        if key not in self._managed:
            self.mark_missing(key, owner=owner)
        managed = self._managed.get(key)
        if managed is None or managed.owner != owner or not managed.expected or managed.desired is not None:
            return
        managed.content = managed.content or stood.content
        if stood.stood in (FinishState.RUNNING_EPHEMERAL, FinishState.RUNNING) and managed.present:
            managed.desired = stood.same(managed.observed.fingerprint)
            return
        how = FinishState.UNKNOWN if stood.stood is FinishState.RUNNING_EPHEMERAL else stood.stood
        if stood.content or how is not FinishState.UNKNOWN:  # else who applies it decides
            managed.desired = managed.observed.fingerprint
        if not managed.present and how is not FinishState.RUNNING:
            managed.observed = managed.observed.gone(how, key=key)

    def rerun_finished(self, owner: str) -> None:
        """Somebody asks for it: what is gone, and may have ended while nobody looked, counts as missing."""
        for managed in self._of(owner):
            if managed.observed.end_unobserved:
                managed.observed = replace(managed.observed, finished=False, end_unobserved=False)

    def record_comparison(self, key: ObjectKey, *, owner: str, writers: bytes | None) -> None:
        """An object that drifted was compared by its values: those are as desired, as these ``writers`` left them.

        None: they are others. What was compared is doubtful no more.
        """
        managed = self._managed.get(key)
        if managed is not None and managed.owner == owner and managed.expected:
            managed.alike, managed.doubtful = writers or b"", False

    def release(self, keys: Collection[ObjectKey], *, owner: str) -> None:
        """Expect these objects of a pattern no longer: they left it. Those that are gone are forgotten at once.

        What another pattern has stays with it: an inventory may name what was refused.
        """
        for key in keys:
            managed = self._managed.get(key)
            if managed is not None and managed.owner == owner:
                managed.expected, managed.desired, managed.pending, managed.marks = False, None, False, b""
                if not managed.present:
                    self._drop(managed)

    def forget(self, owner: str) -> None:
        """A pattern is gone: nothing is expected of its objects any more."""
        self.release([managed.key for managed in self._of(owner)], owner=owner)

    def close(self) -> None:
        """Tell nothing any more."""
        self._timers.close()

    # --- what the watches tell --------------------------------------------------------------------------------------

    def _changed(self, resource: Resource, change: WatchEvent) -> None:
        meta = ObjectMeta.of(change.object)
        key = ObjectKey(resource.group, resource.kind, meta.namespace, meta.name)
        try:
            self._take(change, key=key, meta=meta)
        except Exception as error:  # a defect costs this object, and is shown on its pattern
            self._errors.record("managed_object", error)
            if (managed := self._managed.get(key)) is not None:
                health = Health(HealthState.FAILED, f"{where(key)}: {DEFECT}")
                managed.observed = replace(managed.observed, health=health)
                self._tell(managed, NotificationKind.HEALTH)

    def _matters(self, key: ObjectKey) -> bool:
        managed = self._managed.get(key)
        return key in self._applying or (managed is not None and managed.expected) or self._listed(key)

    def _take(self, change: WatchEvent, *, key: ObjectKey, meta: ObjectMeta) -> None:
        managed = self._managed.get(key)
        if change.type is WatchEventType.DELETED:
            self._unlisted.discard(key)
            if managed is not None and managed.present and not _is_late(meta, managed):
                last = managed.after(Observation.of(change.object, key=key, now=self._now()))
                if last.finished:  # it ended and was removed at once
                    managed.observed = last
                elif managed.observed.ephemeral and not meta.created:  # nobody saw it go
                    managed.observed = managed.observed.gone(FinishState.UNKNOWN, key=key)
                self._vanished(managed, version=meta.version)
            return
        if not self._matters(key):
            self._unlisted.note(key, label=label_of(meta.raw))
            if managed is not None:
                self._drop(managed)
            return
        observed = Observation.of(change.object, key=key, now=self._now())
        if managed is None:
            managed = self._file(key, owner=observed.label, observed=observed)
        elif managed.present and 0 < observed.version <= managed.observed.version:
            return  # the echo of our own apply, or older
        else:
            self._update(managed, observed)
            if managed.drifted and managed.kept_fields is None:
                managed.kept_fields = our_fields(change.object)
        self._look_again(managed, change.object)

    def _restored(self, resource: Resource) -> None:
        """etcd was restored from a backup: what is told of the kind from now on is newer, whatever its version says."""
        for managed in self._managed.values():
            if (managed.key.group, managed.key.kind) == (resource.group, resource.kind):
                managed.observed, managed.gone = replace(managed.observed, version=0), 0

    def _is_applying(self, key: ObjectKey, owner: str) -> bool:
        return owner in self._applying.get(key, ())

    def _answered(self, key: ObjectKey, owner: str) -> None:
        owners = self._applying.get(key, set())
        owners.discard(owner)
        if not owners:
            self._applying.pop(key, None)

    def _update(self, managed: ManagedObject, observed: Observation) -> None:
        if not managed.expected and observed.label != managed.owner:
            managed = self._file(managed.key, owner=observed.label, observed=observed)
        drifted, before, observed_before = managed.drifted, managed.health, managed.observed
        managed.present, managed.observed = True, managed.after(observed)
        if managed.health.state is HealthState.CURRENT:
            managed.cause = ""
        if managed.drifted and not drifted:
            self._tell_drift(managed)
        elif managed.drifted and (
            managed.observed.writers != observed_before.writers or not managed.observed.generation
        ):
            managed.doubtful = True
            self._tell_words(managed)
        if managed.health.state is not before.state:
            self._tell_state(managed)
        elif (
            managed.expected and managed.observed.paused is not observed_before.paused
        ):  # status says which objects are skipped
            self._tell(managed, NotificationKind.HEALTH)
        elif managed.health.message != before.message:
            self._tell_words(managed)

    def _vanished(self, managed: ManagedObject, *, version: int) -> None:
        if managed.expected or managed.key in self._applying:
            managed.present, managed.gone = False, version
            self._tell_drift(managed, kind=NotificationKind.GONE)
        else:
            self._drop(managed)
            self._tell(managed, NotificationKind.GONE)

    # --- telling ----------------------------------------------------------------------------------------------------

    def _tell(self, managed: ManagedObject, kind: NotificationKind) -> None:
        with self._errors.contain("managed_object_notification"):
            self._on_change(managed.owner, Notification(kind, managed.key))

    def _tell_drift(self, managed: ManagedObject, *, kind: NotificationKind = NotificationKind.DRIFTED) -> None:
        """Tell at once; when somebody undoes each repair, again when it is time for the next, ever later one."""
        if self._is_applying(managed.key, managed.owner):
            return
        loop = asyncio.get_running_loop()
        pause = managed.backoff.pause(loop.time())
        self._tell(managed, kind)
        if pause:
            self._timers.set(("drift", managed.key), pause, self._tell, managed, kind)

    def _tell_state(self, managed: ManagedObject) -> None:
        """Another health is told at once, unless it changes to and fro."""
        managed.states = managed.states or Pacing(free=FREE_CHANGES)
        pause = managed.states.wait(asyncio.get_running_loop().time())
        if pause:
            self._tell_health_in(pause, managed)
            return
        managed.words = None
        self._timers.cancel(("health", managed.key))
        self._tell(managed, NotificationKind.HEALTH)

    def _tell_words(self, managed: ManagedObject) -> None:
        """Words change often while an object makes progress, and some never end: they are told ever less often."""
        if managed.expected and ("health", managed.key) not in self._timers:
            managed.words = managed.words or Pacing()
            self._tell_health_in(managed.words.wait(asyncio.get_running_loop().time()), managed)

    def _tell_health_in(self, pause: float, managed: ManagedObject) -> None:
        if ("health", managed.key) not in self._timers:
            self._timers.set(("health", managed.key), pause, self._tell, managed, NotificationKind.HEALTH)

    def _look_again(self, managed: ManagedObject, body: Body) -> None:
        """Judge the same body again when time alone may change the judgement; it is kept until then, not longer."""
        if managed.health.recheck_at is not None:
            pause = (managed.health.recheck_at - self._now()).total_seconds()
            self._timers.set(("judge", managed.key), pause, self._judge_again, managed, body)

    def _judge_again(self, managed: ManagedObject, body: Body) -> None:
        observed = Observation.of(body, key=managed.key, now=self._now())
        if managed.present and (managed.observed.uid, managed.observed.version) == (observed.uid, observed.version):
            self._update(managed, observed)

    # --- filing -----------------------------------------------------------------------------------------------------

    def _of(self, owner: str) -> Iterator[ManagedObject]:
        return iter(self._owned.get(owner, {}).values())

    def _file(self, key: ObjectKey, *, owner: str, observed: Observation) -> ManagedObject:
        """The object of this key, filed under ``owner``; made from ``observed`` when there is none."""
        managed = self._managed.get(key)
        if managed is None:
            managed = self._managed[key] = ManagedObject(key, owner, observed)
            self._unlisted.discard(key)
            kind = (key.group, key.kind)
            self._kinds[kind] = self._kinds.get(kind, 0) + 1
        elif managed.owner != owner:
            self._unfile(managed)
            managed.owner = owner
        self._owned.setdefault(owner, {})[key] = managed
        return managed

    def _unfile(self, managed: ManagedObject) -> None:
        siblings = self._owned[managed.owner]
        del siblings[managed.key]
        if not siblings:
            del self._owned[managed.owner]

    def _drop(self, managed: ManagedObject) -> None:
        """Forget an object; a kind that no object is left of is followed no longer."""
        del self._managed[managed.key]
        self._unfile(managed)
        for timer in ("drift", "health", "judge"):
            self._timers.cancel((timer, managed.key))
        kind = (managed.key.group, managed.key.kind)
        self._kinds[kind] -= 1
        if not self._kinds[kind]:
            del self._kinds[kind]
            self._watches.stop(kind)

    def _words(self, managed: ManagedObject) -> str:
        if self.is_watched(managed.key):
            because = f": {managed.cause}" if managed.cause and managed.present else ""
            return f"{managed.health.message}{because}"
        return f"{managed.health.message} (as it was applied: the operator cannot watch {managed.key.kind} objects)"


def _contested(managed: ManagedObject) -> str:
    who = managed.changed_by or "somebody"
    said = f"{managed.key.display_name} is changed again after each repair by {who}"
    if not managed.lost_fields:
        return said
    fields = ", ".join(managed.lost_fields)
    return f"{said} ({fields}): leave that out of the artifact, or list it in spec.apply.ignoreDifferences"


def _is_late(meta: ObjectMeta, managed: ManagedObject) -> bool:
    """Whether a deletion is older than what is known of the object.

    For an object that vanished unseen nothing but its name, uid and last known version is told: then the uid decides,
    for a uid never comes back.
    """
    if meta.uid != managed.observed.uid:
        return True
    return bool(meta.created) and 0 < meta.version < managed.observed.version

"""Records what is applied, deleted and expected of the managed objects, and watches what becomes of them.

Nothing here changes the cluster, and nothing is asked that a watch tells. After a restart there is nothing to compare
with: each pattern is applied once, which changes nothing and sets the fingerprints.
"""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from pattern_operator.aio import Tasks
from pattern_operator.api.object import Body, ObjectKey
from pattern_operator.apply.annotations import IF_ABSENT
from pattern_operator.apply.co_owners import RemainingField
from pattern_operator.apply.health import HealthState
from pattern_operator.apply.managed import drift
from pattern_operator.apply.managed.checks import Checks, Judge, ManagedChecks, NoJudge
from pattern_operator.apply.managed.health import is_unhealthy
from pattern_operator.apply.managed.in_flight import InFlight
from pattern_operator.apply.managed.index import Index
from pattern_operator.apply.managed.managed_object import ManagedObject
from pattern_operator.apply.managed.managed_view import ManagedView
from pattern_operator.apply.managed.notification import Listener, NotificationKind, Notifier
from pattern_operator.apply.managed.observation import Observation, own_fields
from pattern_operator.apply.managed.unlisted import UnlistedObjects
from pattern_operator.apply.managed.watch_events import WatchEvents
from pattern_operator.apply.managed.watches import Watches
from pattern_operator.kube import ApiError, Resource, Session


class ManagedObjects(ManagedView):
    """The managed objects of all patterns. ``on_change(owner id, notification)`` is called in the loop.

    ``tasks`` runs the watches; ``now`` gives a time with a time zone; ``on_problem`` is told of kinds that cannot be
    watched. ``listed`` says of a key whether a pattern has it in its inventory: of others nothing is kept, whatever
    label they carry, and ``on_unlisted(owner label, key)`` is told of each. ``judge`` evaluates health checks.
    """

    def __init__(
        self,
        session: Session,
        *,
        tasks: Tasks,
        on_change: Listener,
        now: Callable[[], datetime],
        on_problem: Callable[[Resource, ApiError], None] | None = None,
        listed: Callable[[ObjectKey], bool] = lambda _: True,
        on_unlisted: Callable[[str, ObjectKey], None] = lambda *_: None,
        judge: Judge | None = None,
    ) -> None:
        self._now = now
        index, unlisted = Index(), UnlistedObjects(on_found=on_unlisted)
        self._in_flight = InFlight()
        self._notifier = Notifier(on_change, errors=session.internal_errors)
        self._checks = ManagedChecks(
            index,
            judge=NoJudge() if judge is None else judge,
            notifier=self._notifier,
            tasks=tasks,
            errors=session.internal_errors,
        )
        self._events = WatchEvents(
            index,
            notifier=self._notifier,
            checks=self._checks,
            in_flight=self._in_flight,
            unlisted=unlisted,
            listed=listed,
            forget=self._forget,
            now=now,
            errors=session.internal_errors,
        )
        watches = Watches(
            session,
            tasks=tasks,
            on_change=self._events.handle,
            on_problem=on_problem,
            on_restored=self._events.restored,
            remembers=self._events.is_relevant,
        )
        super().__init__(index, watches=watches, unlisted=unlisted)

    async def ready(self, resource: Resource) -> None:
        """Watch a kind, and wait until what exists of it is known (or that it cannot be known)."""
        await self._watches.ready(resource)

    @contextlib.contextmanager
    def applying(self, key: ObjectKey, *, owner: str) -> Iterator[None]:
        """While ``owner`` applies the object: what a watch shows of its effect is not taken for drift.

        It ends with ``record``, which looks whether somebody was faster; a failed apply is retried by who asked for it.
        Of an object of another pattern everything is told to that one meanwhile.
        """
        before = self._index.get(key)
        repairing = before is not None and before.drifted
        self._in_flight.add(key, owner)
        try:
            yield
        finally:
            answered = not self._in_flight.has(key, owner)
            self._in_flight.remove(key, owner)
            managed = self._index.get(key)
            if managed is not None and repairing and answered:
                managed.backoff.record_repair(asyncio.get_running_loop().time())
            if managed is not None and not managed.expected and not managed.present and key not in self._in_flight:
                self._forget(managed)

    def record_request(self, key: ObjectKey) -> None:
        """A change of the object is about to be sent, whosever it is: its answer may be lost, and the change be made.

        Until the answer to an apply is recorded, the object counts as sent with nothing that is known.
        """
        if (managed := self._index.get(key)) is not None:
            managed.record_request()

    def record(
        self,
        body: Body,
        *,
        key: ObjectKey,
        owner: str,
        resource: Resource,
        content: bytes = b"",
        policy: str = "",
        remaining: tuple[RemainingField, ...] = (),
    ) -> None:
        """Take the answer to our own apply: from here on the object is to stay like this.

        ``content`` is of what ends by itself (``finished.content_hash``). ``policy`` is how the artifact asks to have
        the object applied (``apply_policy_of``): somebody else's annotation on the live object does not count.
        ``remaining`` are the fields that left the pattern by this apply, and stay.
        """
        self._watches.start(resource)
        answer = Observation.of(body, key=key, now=self._now())
        managed = self._index.file(key, owner=owner, observed=answer)
        self._in_flight.remove(key, owner)
        desired = None if policy == IF_ABSENT else answer.fingerprint
        managed.record_apply(answer, desired=desired, fields=own_fields(body), content=content, remaining=remaining)
        self._watches.remember(key, body)
        self._checks.applied(managed, body, resource)
        self._events.recheck_later(managed, body)
        if managed.drifted:
            self._events.drift(managed)
        elif managed.is_to_compare:
            self._notifier.untracked(managed)

    def remember_sent(self, sent: Mapping[ObjectKey, bytes], *, owner: str) -> None:
        """These objects of a pattern were last applied with what stands there for what is sent (``is_as_sent``)."""
        for key, each in sent.items():
            if (managed := self._index.owned(key, owner)) is not None and managed.expected:
                managed.remember_sent(each)

    def observe(self, body: Body, *, key: ObjectKey) -> ManagedObject | None:
        """Take what was read of an object that came into an inventory after a watch had told of it."""
        observed = Observation.of(body, key=key, now=self._now())
        managed = self._index.get(key)
        if managed is None and observed.label:
            managed = self._index.file(key, owner=observed.label, observed=observed)
            self._watches.remember(key, body)
        return managed

    def expect(self, key: ObjectKey, *, owner: str) -> None:
        """Count a known object of ``owner`` that was skipped on purpose for the health of its pattern.

        One that carries another pattern's label is that one's: to name its key gives no part in it.
        """
        if (managed := self._index.owned(key, owner)) is not None:
            managed.expected = True

    def mark_pending(self, key: ObjectKey, *, owner: str) -> None:
        """As ``expect``, of an object that was not sent what is desired of it: that is made up for once it may be."""
        if (managed := self._index.owned(key, owner)) is not None:
            managed.expected = managed.pending = True
            if managed.drifted:  # a watch was faster: nothing else tells of it
                self._events.drift(managed)

    def mark_missing(self, key: ObjectKey, *, owner: str) -> None:
        """Let an object that ``owner`` had, and that no watch shows any more, count as gone.

        Where no watch would show it nothing is said.
        """
        if key not in self._index and self.is_known_absent(key):
            nothing = Observation.of({}, key=key, now=self._now())
            managed = self._index.file(key, owner=owner, observed=replace(nothing, label=owner))
            managed.expected, managed.present = True, False

    def compare(self, key: ObjectKey, *, owner: str, desired: bytes) -> None:
        """Compare an object with the fields that our apply would own of it if it were applied.

        One that is gone counts as gone. What was applied since the operator started is known better.
        """
        self.mark_missing(key, owner=owner)
        if (managed := self._index.owned(key, owner)) is not None:
            drift.compare(managed, desired)

    def restore(self, key: ObjectKey, *, owner: str, known: bytes) -> None:
        """Compare an object with what ``fingerprints`` told of it before a restart."""
        record = drift.record_to_restore(key, known=known, is_indexed=key in self._index)
        if record is None and not known:
            return
        self.mark_missing(key, owner=owner)
        if (managed := self._index.owned(key, owner)) is None:
            return
        if record is None:
            drift.restore_fingerprint(managed, known)
        else:
            drift.restore(managed, record)

    def record_comparison(self, key: ObjectKey, *, owner: str, writers: bytes | None) -> None:
        """An object that drifted was compared by its values: those are as desired, as these ``writers`` left them.

        None: they are others.
        """
        managed = self._index.owned(key, owner)
        if managed is not None and managed.expected:
            drift.record_comparison(managed, writers)

    def record_values(self, key: ObjectKey, *, owner: str, version: int, same: bool) -> None:
        """The values that the pattern owns, as they were at ``version``, were compared with what an apply leaves."""
        managed = self._index.owned(key, owner)
        if managed is not None and managed.expected:
            drift.record_values(managed, version=version, same=same)
            if managed.differs and managed.backoff.is_active:
                self._events.drift(managed)

    def rerun_finished(self, owner: str) -> None:
        """Somebody asks for it: what is gone, and may have ended while nobody looked, counts as missing."""
        for managed in self._index.of(owner):
            drift.rerun_finished(managed)

    def explain(self, key: ObjectKey, cause: str) -> None:
        """Say with the health of an object why it is as it is; told as a change of its health."""
        managed = self._index.get(key)
        if managed is not None and managed.cause != cause and is_unhealthy(managed):
            managed.cause = cause
            self._notifier.notify(managed, NotificationKind.HEALTH)

    def consider_healthy(self, key: ObjectKey, why: str) -> None:
        """Take an object that is on its way for healthy until it changes; told as a change of its health."""
        managed = self._index.get(key)
        if managed is not None and managed.present and managed.health.state is HealthState.IN_PROGRESS:
            managed.considered_healthy = (managed.observed.uid, managed.observed.version, why)
            self._notifier.notify(managed, NotificationKind.HEALTH)

    def use_checks(self, owner: str, checks: Checks) -> None:
        """A pattern's objects are judged by these health checks from now on; told as changes of health."""
        self._checks.use(owner, checks)

    async def judged(self, owner: str) -> None:
        """Wait until the objects of a pattern that have health checks are judged, for some seconds at most."""
        await self._checks.answered(owner)

    def release(self, keys: Collection[ObjectKey], *, owner: str) -> None:
        """Stop expecting these objects of a pattern: they left it. Those that are gone are forgotten at once.

        What another pattern has stays with it: an inventory may name what was refused.
        """
        for key in keys:
            managed = self._index.owned(key, owner)
            if managed is not None:
                managed.stop_expecting()
                if not managed.present:
                    self._forget(managed)

    def forget(self, owner: str) -> None:
        """A pattern is gone: nothing is expected of its objects any more."""
        self.release([managed.key for managed in self._index.of(owner)], owner=owner)
        self._checks.forget(owner)

    def close(self) -> None:
        """Tell nothing any more."""
        self._checks.close()
        self._notifier.close()

    def _forget(self, managed: ManagedObject) -> None:
        """Forget an object; a kind that no object is left of is not watched any more."""
        self._index.remove(managed)
        self._notifier.cancel(managed.key)
        self._checks.dismiss(managed.key)
        kind = managed.key.group_kind
        if not self._index.has_kind(kind):
            self._watches.stop(kind)

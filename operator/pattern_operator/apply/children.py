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
from pattern_operator.api.fields import ObjectMeta, mapping_at
from pattern_operator.api.object import Body, ObjectKey
from pattern_operator.apply.child import OWED, Child, Comparing, Sighting, lost, our_fields
from pattern_operator.apply.childevent import ChildEvent, ChildEventKind
from pattern_operator.apply.ended import Mark, Stood, may_end, read_mark
from pattern_operator.apply.followed import Followed
from pattern_operator.apply.health import Health, HealthState, where
from pattern_operator.apply.outcome import told
from pattern_operator.apply.ownership import label_of, ssa_of
from pattern_operator.apply.pace import Pace
from pattern_operator.apply.takers import marks_of
from pattern_operator.apply.timers import Timers
from pattern_operator.apply.unlisted import Unlisted
from pattern_operator.apply.wishes import IF_ABSENT
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


class Children:
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
        on_change: Callable[[str, ChildEvent], None],
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
        self._unlisted = Unlisted(on_first=on_unlisted)
        self._followed = Followed(
            session,
            tasks=tasks,
            on_change=self._changed,
            on_problem=on_problem,
            on_restored=self._restored,
            remembers=self._matters,
        )
        self._children: dict[ObjectKey, Child] = {}
        self._owned: dict[str, dict[ObjectKey, Child]] = {}
        self._kinds: dict[tuple[str, str], int] = {}  # how many children there are of each
        # Whose answer is under way: a watch may show its effect first. Others only name the object, maybe in vain.
        self._applying: dict[ObjectKey, set[str]] = {}

    # --- what is asked ----------------------------------------------------------------------------------------------

    def get(self, key: ObjectKey) -> Child | None:
        """What is known of an object; None says that no watch has told of it."""
        return self._children.get(key)

    def sees(self, key: ObjectKey) -> bool:
        """Whether a watch would tell of a change to the object."""
        return self._followed.sees((key.group, key.kind))

    def resource_of(self, key: ObjectKey) -> Resource | None:
        """Where the kind of an object is served, as the watch that is in step knows it."""
        return self._followed.resource_of((key.group, key.kind))

    def is_going(self, key: ObjectKey) -> bool:
        """Whether a watch says that the object is being deleted."""
        child = self._children.get(key)
        return child is not None and child.present and child.seen.deleting

    def knows(self, key: ObjectKey) -> bool:
        """Whether the object is not there, or carries no owner label, when nothing is known of it."""
        return self.sees(key) and not self._unlisted.may_have((key.group, key.kind))

    def drifted(self, owner: str) -> tuple[ObjectKey, ...]:
        """The objects of a pattern that are not as they were applied, sorted; without those in a quarrel's pause."""
        now = asyncio.get_running_loop().time()
        return tuple(
            sorted(child.key for child in self._of(owner) if child.drifted and not child.quarrel.is_quiet(now))
        )

    def health(self, owner: str, *, keys: Collection[ObjectKey] | None = None) -> Health:
        """The worst health among the objects that the pattern applied (or the ``keys`` of them), and who says what.

        ``again_at`` is when the judgement may change without any event; a ``HEALTH`` event is told then.
        """
        expected = [c for c in self._of(owner) if c.expected and (keys is None or c.key in keys)]
        if not expected:
            return Health(HealthState.CURRENT, "no object is followed")
        worst = min((child.health.state for child in expected), key=_SEVERITY.index)
        if worst is HealthState.CURRENT:
            notable = sorted(child.health.message for child in expected if child.health.notable)
            unsure = tuple(sorted(child.health.message for child in expected if child.seen.unseen))
            words = told([f"{len(expected)} objects are healthy", *notable])
            return Health(worst, words, notable=bool(notable), unsure=unsure)
        ill = [child for child in expected if child.health.state is not HealthState.CURRENT]
        ill.sort(key=lambda child: (_SEVERITY.index(child.health.state), child.key))
        moments = [child.health.again_at for child in ill if child.health.again_at is not None]
        return Health(worst, told(self._words(child) for child in ill), min(moments, default=None))

    def ill(self, owner: str) -> tuple[ObjectKey, ...]:
        """The objects of a pattern that are there and not healthy, the worst first."""
        ill = [c for c in self._of(owner) if c.expected and c.present and c.health.state not in _WELL_OR_GOING]
        return tuple(c.key for c in sorted(ill, key=lambda c: (_SEVERITY.index(c.health.state), c.key)))

    def explain(self, key: ObjectKey, cause: str) -> None:
        """Say with the health of an object why it is as it is; told as a change of its health."""
        child = self._children.get(key)
        if child is not None and child.cause != cause and child.health.state not in _WELL_OR_GOING:
            child.cause = cause
            self._tell(child, ChildEventKind.HEALTH)

    def excuse(self, key: ObjectKey, words: str) -> None:
        """Take an object that is on its way for healthy until it changes; told as a change of its health."""
        child = self._children.get(key)
        if child is not None and child.present and child.health.state is HealthState.IN_PROGRESS:
            child.excuse = (child.seen.uid, child.seen.version, words)
            self._tell(child, ChildEventKind.HEALTH)

    def expects_any(self, owner: str) -> bool:
        """Whether any object of the pattern counts for its health."""
        return any(child.expected for child in self._of(owner))

    def comparing(self, key: ObjectKey, *, owner: str) -> Comparing:
        """Whether an object of the pattern is as it was applied."""
        child = self._children.get(key)
        if child is None or child.owner != owner or not child.expected or not self.sees(key):
            return Comparing.UNKNOWN
        if child.drifted:
            return Comparing.OTHER
        if child.wanted is None:
            return Comparing.UNKNOWN
        let_be = child.owed or child.wanted != child.seen.fingerprint  # and would have drifted if it were not
        return Comparing.NOTED if child.present and (let_be or child.seen.scaled_by) else Comparing.SAME

    def differing(self, owner: str) -> frozenset[ObjectKey]:
        """The objects of a pattern that are not as they were applied, those in a quarrel's pause too."""
        return frozenset(child.key for child in self._of(owner) if child.drifted)

    def fingerprints(self, owner: str) -> dict[str, bytes]:
        """What ``compare`` needs to know of the objects after a restart, by inventory id, as far as it is known."""
        known = ((child.key, child.fingerprint) for child in self._of(owner) if child.expected)
        return {str(key): fingerprint for key, fingerprint in known if fingerprint}

    def let_be(self, owner: str) -> tuple[ObjectKey, ...]:
        """The objects of a pattern that a watch shows to be let be, as somebody annotated them so, sorted."""
        children = (each for each in self._of(owner) if each.expected and each.present and each.seen.paused)
        return tuple(sorted(each.key for each in children if self.sees(each.key)))

    def owes(self, key: ObjectKey, *, owner: str) -> bool:
        """Whether what the pattern wants of an object was not sent because it was to be let be."""
        child = self._children.get(key)
        return child is not None and child.owner == owner and child.expected and child.owed

    def doubtful(self, owner: str) -> frozenset[ObjectKey]:
        """The objects of a pattern that drifted and were written again since: maybe they are as wanted now."""
        return frozenset(each.key for each in self._of(owner) if each.doubtful and each.present and each.drifted)

    def contested(self, owner: str) -> tuple[str, ...]:
        """Who changes which object again after each repair, a sentence each: repairs of these are spaced out."""
        return tuple(_contested(child) for child in self._of(owner) if child.quarrel.going_on and child.drifted)

    # --- what is told -----------------------------------------------------------------------------------------------

    async def ready(self, resource: Resource) -> None:
        """Follow a kind, and wait until what exists of it is known (or that it cannot be known)."""
        await self._followed.ready(resource)

    def follow(self, resource: Resource) -> None:
        """Follow a kind: at the start for the kinds of all inventories."""
        self._followed.start(resource)

    @contextlib.contextmanager
    def applying(self, key: ObjectKey, *, owner: str) -> Iterator[None]:
        """While ``owner`` applies the object: what a watch shows of its effect is not taken for drift.

        It ends with ``record``, which looks whether somebody was faster; a failed apply is retried by who asked for it.
        Of an object of another pattern everything is told to that one meanwhile.
        """
        before = self._children.get(key)
        repairing = before is not None and before.drifted
        self._applying.setdefault(key, set()).add(owner)
        try:
            yield
        finally:
            answered = not self._is_applying(key, owner)
            self._answered(key, owner)
            child = self._children.get(key)
            if child is not None and repairing and answered:
                child.quarrel.repaired(asyncio.get_running_loop().time())
            if child is not None and not child.expected and not child.present and key not in self._applying:
                self._drop(child)

    def record(self, body: Body, *, key: ObjectKey, owner: str, resource: Resource, content: bytes = b"") -> None:
        """Take the answer to our own apply: from here on the object is to stay like this.

        ``content`` is of what ends by itself (``ended.content_of``).

        A watch may be ahead of the answer; then what it told stays, and is compared with the answer.
        """
        self._followed.start(resource)
        answer = Sighting.of(body, key=key, now=self._now())
        child = self._file(key, owner=owner, seen=answer)
        newest = child.seen.version if child.present else child.gone
        if newest <= answer.version:
            child.present, child.seen = True, child.after(answer)
        child.content = content
        self._answered(key, owner)
        ours = our_fields(body)
        child.marks = marks_of(ours)
        if child.kept_fields is not None:
            child.lost_fields, child.kept_fields = lost(ours, child.kept_fields), None
        child.expected, child.owed, child.alike, child.doubtful = True, False, b"", False
        child.wanted = None if ssa_of(mapping_at(body, "metadata")) == IF_ABSENT else answer.fingerprint
        self._followed.remember(key, body)
        self._look_again(child, body)
        if child.drifted:
            self._tell_drift(child)

    def observe(self, body: Body, *, key: ObjectKey) -> Child | None:
        """Take what was read of an object that came into an inventory after a watch had told of it."""
        seen = Sighting.of(body, key=key, now=self._now())
        child = self._children.get(key)
        if child is None and seen.label:
            child = self._file(key, owner=seen.label, seen=seen)
            self._followed.remember(key, body)
        return child

    def expect(self, key: ObjectKey, *, owner: str) -> None:
        """Let an object of ``owner`` that is known, and was left alone on purpose, count for the health of its pattern.

        One that carries another pattern's label is that one's: to name its key gives no part in it.
        """
        child = self._children.get(key)
        if child is not None and child.owner == owner:
            child.expected = True

    def owe(self, key: ObjectKey, *, owner: str) -> None:
        """As ``expect``, of an object that was not sent what is wanted of it: that is made up for once it may be."""
        self.expect(key, owner=owner)
        child = self._children.get(key)
        if child is not None and child.owner == owner:
            child.owed = True
            if child.drifted:  # a watch was faster: nothing else tells of it
                self._tell_drift(child)

    def miss(self, key: ObjectKey, *, owner: str) -> None:
        """Let an object that ``owner`` had, and that no watch shows any more, count as gone.

        Where no watch would show it nothing is said.
        """
        if key not in self._children and self.knows(key):
            nothing = Sighting.of({}, key=key, now=self._now())
            child = self._file(key, owner=owner, seen=replace(nothing, label=owner))
            child.expected, child.present = True, False

    def compare(self, key: ObjectKey, *, owner: str, wanted: bytes) -> None:
        """Compare an object with the fingerprint that it had when it was applied, or would have if it were.

        One that is gone counts as gone. What was applied in this life is known better.
        """
        if key not in self._children:
            self.miss(key, owner=owner)
        child = self._children.get(key)
        if child is not None and child.owner == owner and child.expected and child.wanted is None:
            if wanted == OWED:
                child.owed = True
                return
            child.wanted = wanted

    def recall(self, key: ObjectKey, *, owner: str, known: bytes) -> None:
        """Compare an object with what ``fingerprints`` told of it before a restart.

        What had ended, or may have ended since, is not missed when it is gone.
        """
        stood = read_mark(known, key=key)
        if stood is None and may_end(key) and key not in self._children:
            stood = Mark(Stood.UNSEEN)  # an older operator kept no marks of what runs
        if stood is None:
            if known:
                self.compare(key, owner=owner, wanted=known)
            return
        if key not in self._children:
            self.miss(key, owner=owner)
        child = self._children.get(key)
        if child is None or child.owner != owner or not child.expected or child.wanted is not None:
            return
        child.content = child.content or stood.content
        if stood.stood in (Stood.RUNS, Stood.STAYS) and child.present:
            child.wanted = stood.same(child.seen.fingerprint)
            return
        how = Stood.UNSEEN if stood.stood is Stood.RUNS else stood.stood
        if stood.content or how is not Stood.UNSEEN:  # else who applies it decides
            child.wanted = child.seen.fingerprint
        if not child.present and how is not Stood.STAYS:
            child.seen = child.seen.gone(how, key=key)

    def run_again(self, owner: str) -> None:
        """Somebody asks for it: what is gone, and may have ended while nobody looked, counts as missing."""
        for child in self._of(owner):
            if child.seen.unseen:
                child.seen = replace(child.seen, finished=False, unseen=False)

    def liken(self, key: ObjectKey, *, owner: str, writers: bytes | None) -> None:
        """An object that drifted was compared by its values: those are as wanted, as these ``writers`` left them.

        None: they are others. What was compared is doubtful no more.
        """
        child = self._children.get(key)
        if child is not None and child.owner == owner and child.expected:
            child.alike, child.doubtful = writers or b"", False

    def release(self, keys: Collection[ObjectKey], *, owner: str) -> None:
        """Expect these objects of a pattern no longer: they left it. Those that are gone are forgotten at once.

        What another pattern has stays with it: an inventory may name what was refused.
        """
        for key in keys:
            child = self._children.get(key)
            if child is not None and child.owner == owner:
                child.expected, child.wanted, child.owed, child.marks = False, None, False, b""
                if not child.present:
                    self._drop(child)

    def forget(self, owner: str) -> None:
        """A pattern is gone: nothing is expected of its objects any more."""
        self.release([child.key for child in self._of(owner)], owner=owner)

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
            if (child := self._children.get(key)) is not None:
                health = Health(HealthState.FAILED, f"{where(key)}: {DEFECT}")
                child.seen = replace(child.seen, health=health)
                self._tell(child, ChildEventKind.HEALTH)

    def _matters(self, key: ObjectKey) -> bool:
        child = self._children.get(key)
        return key in self._applying or (child is not None and child.expected) or self._listed(key)

    def _take(self, change: WatchEvent, *, key: ObjectKey, meta: ObjectMeta) -> None:
        child = self._children.get(key)
        if change.type is WatchEventType.DELETED:
            if child is not None and child.present and not _is_late(meta, child):
                last = child.after(Sighting.of(change.object, key=key, now=self._now()))
                if last.finished:  # it ended and was removed at once
                    child.seen = last
                elif child.seen.fleeting and not meta.created:  # nobody saw it go
                    child.seen = child.seen.gone(Stood.UNSEEN, key=key)
                self._vanished(child, version=meta.version)
            return
        if not self._matters(key):
            self._unlisted.note(key, label=label_of(meta.raw))
            if child is not None:
                self._drop(child)
            return
        seen = Sighting.of(change.object, key=key, now=self._now())
        if child is None:
            child = self._file(key, owner=seen.label, seen=seen)
        elif child.present and 0 < seen.version <= child.seen.version:
            return  # the echo of our own apply, or older
        else:
            self._update(child, seen)
            if child.drifted and child.kept_fields is None:
                child.kept_fields = our_fields(change.object)
        self._look_again(child, change.object)

    def _restored(self, resource: Resource) -> None:
        """etcd was restored from a backup: what is told of the kind from now on is newer, whatever its version says."""
        for child in self._children.values():
            if (child.key.group, child.key.kind) == (resource.group, resource.kind):
                child.seen, child.gone = replace(child.seen, version=0), 0

    def _is_applying(self, key: ObjectKey, owner: str) -> bool:
        return owner in self._applying.get(key, ())

    def _answered(self, key: ObjectKey, owner: str) -> None:
        owners = self._applying.get(key, set())
        owners.discard(owner)
        if not owners:
            self._applying.pop(key, None)

    def _update(self, child: Child, seen: Sighting) -> None:
        if not child.expected and seen.label != child.owner:
            child = self._file(child.key, owner=seen.label, seen=seen)
        drifted, before, seen_before = child.drifted, child.health, child.seen
        child.present, child.seen = True, child.after(seen)
        if child.health.state is HealthState.CURRENT:
            child.cause = ""
        if child.drifted and not drifted:
            self._tell_drift(child)
        elif child.drifted and (child.seen.writers != seen_before.writers or not child.seen.generation):
            child.doubtful = True
            self._tell_words(child)
        if child.health.state is not before.state:
            self._tell_state(child)
        elif child.expected and child.seen.paused is not seen_before.paused:  # status says which objects are let be
            self._tell(child, ChildEventKind.HEALTH)
        elif child.health.message != before.message:
            self._tell_words(child)

    def _vanished(self, child: Child, *, version: int) -> None:
        if child.expected or child.key in self._applying:
            child.present, child.gone = False, version
            self._tell_drift(child, kind=ChildEventKind.GONE)
        else:
            self._drop(child)
            self._tell(child, ChildEventKind.GONE)

    # --- telling ----------------------------------------------------------------------------------------------------

    def _tell(self, child: Child, kind: ChildEventKind) -> None:
        with self._errors.contain("child_callback"):
            self._on_change(child.owner, ChildEvent(kind, child.key))

    def _tell_drift(self, child: Child, *, kind: ChildEventKind = ChildEventKind.DRIFTED) -> None:
        """Tell at once; when somebody undoes each repair, again when it is time for the next, ever later one."""
        if self._is_applying(child.key, child.owner):
            return
        loop = asyncio.get_running_loop()
        pause = child.quarrel.pause(loop.time())
        self._tell(child, kind)
        if pause:
            self._timers.set(("drift", child.key), pause, self._tell, child, kind)

    def _tell_state(self, child: Child) -> None:
        """Another health is told at once, unless it changes to and fro."""
        child.states = child.states or Pace(free=FREE_CHANGES)
        pause = child.states.wait(asyncio.get_running_loop().time())
        if pause:
            self._tell_health_in(pause, child)
            return
        child.words = None
        self._timers.cancel(("health", child.key))
        self._tell(child, ChildEventKind.HEALTH)

    def _tell_words(self, child: Child) -> None:
        """Words change often while an object makes progress, and some never end: they are told ever less often."""
        if child.expected and ("health", child.key) not in self._timers:
            child.words = child.words or Pace()
            self._tell_health_in(child.words.wait(asyncio.get_running_loop().time()), child)

    def _tell_health_in(self, pause: float, child: Child) -> None:
        if ("health", child.key) not in self._timers:
            self._timers.set(("health", child.key), pause, self._tell, child, ChildEventKind.HEALTH)

    def _look_again(self, child: Child, body: Body) -> None:
        """Judge the same body again when time alone may change the judgement; it is kept until then, not longer."""
        if child.health.again_at is not None:
            pause = (child.health.again_at - self._now()).total_seconds()
            self._timers.set(("judge", child.key), pause, self._judge_again, child, body)

    def _judge_again(self, child: Child, body: Body) -> None:
        seen = Sighting.of(body, key=child.key, now=self._now())
        if child.present and (child.seen.uid, child.seen.version) == (seen.uid, seen.version):
            self._update(child, seen)

    # --- filing -----------------------------------------------------------------------------------------------------

    def _of(self, owner: str) -> Iterator[Child]:
        return iter(self._owned.get(owner, {}).values())

    def _file(self, key: ObjectKey, *, owner: str, seen: Sighting) -> Child:
        """The child of this key, filed under ``owner``; made from ``seen`` when there is none."""
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = Child(key, owner, seen)
            kind = (key.group, key.kind)
            self._kinds[kind] = self._kinds.get(kind, 0) + 1
        elif child.owner != owner:
            self._unfile(child)
            child.owner = owner
        self._owned.setdefault(owner, {})[key] = child
        return child

    def _unfile(self, child: Child) -> None:
        siblings = self._owned[child.owner]
        del siblings[child.key]
        if not siblings:
            del self._owned[child.owner]

    def _drop(self, child: Child) -> None:
        """Forget an object; a kind that no object is left of is followed no longer."""
        del self._children[child.key]
        self._unfile(child)
        for timer in ("drift", "health", "judge"):
            self._timers.cancel((timer, child.key))
        kind = (child.key.group, child.key.kind)
        self._kinds[kind] -= 1
        if not self._kinds[kind]:
            del self._kinds[kind]
            self._followed.stop(kind)

    def _words(self, child: Child) -> str:
        if self.sees(child.key):
            because = f": {child.cause}" if child.cause and child.present else ""
            return f"{child.health.message}{because}"
        return f"{child.health.message} (as it was applied: the operator cannot watch {child.key.kind} objects)"


def _contested(child: Child) -> str:
    who = child.changed_by or "somebody"
    said = f"{child.key.display_name} is changed again after each repair by {who}"
    if not child.lost_fields:
        return said
    fields = ", ".join(child.lost_fields)
    return f"{said} ({fields}): leave that out of the artifact, or list it in spec.apply.ignoreDifferences"


def _is_late(meta: ObjectMeta, child: Child) -> bool:
    """Whether a deletion is older than what is known of the object.

    For an object that vanished unseen nothing but its name, uid and last known version is told: then the uid decides,
    for a uid never comes back.
    """
    if meta.uid != child.seen.uid:
        return True
    return bool(meta.created) and 0 < meta.version < child.seen.version

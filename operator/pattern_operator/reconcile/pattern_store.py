"""What the watch told of every DesignPattern: the newest state of each, and whether a change is one to act on."""

import hashlib
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator
from typing import Any, Final

import msgspec

from pattern_operator.api.condition import ConditionType
from pattern_operator.api.designpattern import DesignPattern, decode
from pattern_operator.api.fields import ObjectMeta, list_at, mapping_at, number_of, text_at
from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.status import Inventory, Status
from pattern_operator.apply.ownership import owner_id
from pattern_operator.reconcile.contained_patterns import ContainedPatterns, id_of
from pattern_operator.reconcile.dependency_state import DependencyState
from pattern_operator.reconcile.listed_names import ListedNames
from pattern_operator.reconcile.write_ahead import keep_ahead

_SENT: Final = 3  # statuses of a pattern that are remembered: one may have lost its answer before another was refused


class PatternKey(msgspec.Struct, frozen=True, order=True, gc=False):
    """Namespace and name of a DesignPattern."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


def key_of(pattern: DesignPattern) -> PatternKey:
    """The key a pattern is queued and stored under."""
    return PatternKey(pattern.metadata.namespace, pattern.metadata.name)


class PatternStore:
    """The newest known state of every DesignPattern, from watch events and from the answers to our own writes."""

    def __init__(self, *, on_change: Callable[["PatternKey"], None] = lambda _: None) -> None:
        """``on_change`` is called with a pattern that came, went, or is another to those that depend on it."""
        self._on_change = on_change
        self._depends_on: dict[PatternKey, tuple[int, tuple[PatternKey, ...]]] = {}  # by its artifact; of a generation
        self._patterns: dict[PatternKey, DesignPattern] = {}
        self._by_owner: dict[str, PatternKey] = {}
        self._unpacked: dict[PatternKey, tuple[bytes, Inventory]] = {}  # by the digest of its compressed text
        self._listed: Counter[str] = Counter()  # how many inventories name an object
        self._names: dict[PatternKey, ListedNames] = {}
        self._contained = ContainedPatterns()
        self._lost_ahead: set[PatternKey] = set()  # of which somebody removed what is written ahead
        self._sent: dict[PatternKey, deque[Status]] = {}  # what this process wrote last, whether answered or not

    def __iter__(self) -> Iterator[DesignPattern]:
        return iter(tuple(self._patterns.values()))

    def __len__(self) -> int:
        return len(self._patterns)

    def get(self, key: PatternKey) -> DesignPattern | None:
        """The newest state of a pattern, or None where there is none."""
        return self._patterns.get(key)

    def count_ready(self, status: str) -> int:
        """How many patterns have this status of Ready; one without a status counts as Unknown."""
        return sum(_ready(pattern) == status for pattern in self._patterns.values())

    def owned_by(self, owner: str) -> PatternKey | None:
        """The pattern whose objects carry this owner label."""
        return self._by_owner.get(owner)

    def lists(self, key: ObjectKey) -> bool:
        """Whether a pattern has the object in its inventory, be it its own or only about to be."""
        return str(key) in self._listed

    def has(self, pattern: PatternKey, key: ObjectKey) -> bool:
        """Whether a pattern has the object in its inventory; all is its own where that, or the pattern, is unreadable.

        Costs the same for however many objects: it is asked for each object that any pattern wants.
        """
        known, names = self._patterns.get(pattern), self._names.get(pattern)
        if known is None or known.status.inventory.compressed:
            return True
        return names is not None and (str(key) in names.listed or names.any_spoilt())

    def line(self, pattern: DesignPattern) -> tuple[DesignPattern, ...]:
        """The pattern itself, the pattern that applied it, the one that applied that, and so on."""
        line: dict[PatternKey, DesignPattern] = {}
        current: DesignPattern | None = pattern
        while current is not None and key_of(current) not in line:
            line[key_of(current)] = current
            holder = self.owned_by(current.metadata.labels.owner)
            current = self.get(holder) if holder is not None else None
        return tuple(line.values())

    def ancestors(self, pattern: DesignPattern) -> frozenset[PatternKey]:
        """The names of its ``line``."""
        return frozenset(key_of(each) for each in self.line(pattern))

    def contained(self, pattern: PatternKey) -> frozenset[str]:
        """The ids of the DesignPatterns in the inventory of a pattern."""
        return self._contained.of(id_of(pattern.namespace, pattern.name))

    def count_below(self, pattern: PatternKey, *, most: int) -> int:
        """How many DesignPatterns are below a pattern, by inventories; not all where there are more than ``most``."""
        return len(self.below([id_of(pattern.namespace, pattern.name)], most=most))

    def below(self, patterns: Collection[str], *, most: int) -> frozenset[str]:
        """The ids of those below ``patterns`` (ids), by inventories; not all where there are more than ``most``."""
        return self._contained.below(patterns, most=most)

    def note_dependencies(self, key: PatternKey, dependencies: tuple[PatternKey, ...]) -> None:
        """The artifact of a pattern, as its spec is now, names these."""
        known = self._patterns.get(key)
        if known is None or dependencies == self.dependencies_of(key):
            return
        self._depends_on[key] = (known.metadata.generation, dependencies)
        self._on_change(key)

    def dependencies_of(self, key: PatternKey) -> tuple[PatternKey, ...]:
        """What was noted of the artifact of a pattern; nothing where its spec is another one since."""
        generation, dependencies = self._depends_on.get(key, (0, ()))
        known = self._patterns.get(key)
        return dependencies if known is not None and known.metadata.generation == generation else ()

    def upsert(self, body: dict[str, Any]) -> PatternKey | None:
        """Take in a state; the key when it asks for work, None when it is old, or only our own status.

        Raises:
            msgspec.ValidationError: the resource is not what the CRD admits.
        """
        return self.take(self.read(body))

    def read(self, body: dict[str, Any]) -> DesignPattern:
        """Read a state; the inventory that is known of its pattern is not unpacked again.

        Raises:
            msgspec.ValidationError: the resource is not what the CRD admits.
        """
        meta = ObjectMeta.of(body)
        text = text_at(body, "status", "inventory", "compressed")
        if not text:
            self._unpacked.pop(PatternKey(meta.namespace, meta.name), None)
            return decode(body)
        key, content = PatternKey(meta.namespace, meta.name), hashlib.sha256(text.encode()).digest()
        known = self._unpacked.get(key)
        if known is not None and known[0] == content and not list_at(body, "status", "inventory", "entries"):
            status = {**mapping_at(body, "status"), "inventory": {}}
            pattern = decode({**body, "status": status})
            whole = msgspec.structs.replace(pattern.status, inventory=known[1])
            return msgspec.structs.replace(pattern, status=whole)
        pattern = decode(body)
        if key in self._patterns and not pattern.status.inventory.compressed:
            self._unpacked[key] = (content, pattern.status.inventory)
        return pattern

    def is_known(self, namespace: str, name: str, uid: str, resource_version: str) -> bool:
        """Whether this very version of a pattern was taken in, as the answer to a write of ours."""
        known = self._patterns.get(PatternKey(namespace, name))
        return known is not None and (known.metadata.uid, known.metadata.resource_version) == (uid, resource_version)

    def take(self, pattern: DesignPattern) -> PatternKey | None:
        """Take in a state that was read; as ``upsert``."""
        key = key_of(pattern)
        before = self._patterns.get(key)
        # Of two patterns of one name as well: kopf tells of each by a task of its own, so of the older one last, maybe.
        if before is not None and _version(before) > _version(pattern):
            return None
        if before is not None and before.metadata.uid != pattern.metadata.uid:
            self._by_owner.pop(owner_id(before.metadata.uid), None)
        ahead = pattern.metadata.annotations.write_ahead
        if before is not None:
            pattern = keep_ahead(before, pattern)
        loses = pattern.metadata.annotations.write_ahead != ahead
        newly_lost = loses and key not in self._lost_ahead
        (self._lost_ahead.add if loses else self._lost_ahead.discard)(key)
        self._patterns[key] = pattern
        self._list(key, before, pattern)
        self._by_owner[owner_id(pattern.metadata.uid)] = key
        if before is None or DependencyState.of(before) != DependencyState.of(pattern):
            self._on_change(key)
        if before is None or _asked(before) != _asked(pattern) or _mended(before, pattern) or newly_lost:
            return key
        return key if lacks_finalizer(pattern) and not lacks_finalizer(before) else None

    def lost_ahead(self, key: PatternKey) -> bool:
        """Whether somebody removed, or changed, what is written ahead of a pattern and not in its status yet."""
        return key in self._lost_ahead

    def note_sent(self, key: PatternKey, status: Status) -> None:
        """This process is about to write a status."""
        self._sent.setdefault(key, deque(maxlen=_SENT)).append(status)

    def was_sent(self, key: PatternKey, status: Status) -> bool:
        """Whether the status of a pattern is one that this process wrote last, be it without an answer."""
        return status in self._sent.get(key, ())

    def keep_owner(self, key: PatternKey, *, uid: str) -> None:
        """Know that a pattern exists although it cannot be read: what carries its owner label is not free."""
        self._by_owner[owner_id(uid)] = key

    def forget_owner(self, uid: str) -> None:
        """A pattern with this UID no longer exists."""
        self._by_owner.pop(owner_id(uid), None)

    def forget(self, key: PatternKey) -> None:
        """Drop a pattern that is gone."""
        self._unpacked.pop(key, None)
        self._lost_ahead.discard(key)
        self._sent.pop(key, None)
        pattern = self._patterns.pop(key, None)
        if pattern is not None:
            self._by_owner.pop(owner_id(pattern.metadata.uid), None)
            self._list(key, pattern, None)
            self._depends_on.pop(key, None)
            self._on_change(key)

    def _list(self, key: PatternKey, before: DesignPattern | None, after: DesignPattern | None) -> None:
        """Count the entries of ``after`` in place of those of ``before``."""
        old = before.status.inventory.entries if before is not None else ()
        new = after.status.inventory.entries if after is not None else ()
        hook = _hook(after)
        if old == new and _hook(before) == hook:
            return
        was, now = self._names.pop(key, None) or ListedNames(), frozenset((*(each.id for each in new), *hook))
        self._contained.note(id_of(key.namespace, key.name), [each.id for each in new])
        added = now - was.listed
        self._listed.update(added)
        for name in was.listed - now:
            self._listed[name] -= 1
            if not self._listed[name]:
                del self._listed[name]
        if now:
            self._names[key] = ListedNames(now, unread=added | (was.unread & now), spoilt=was.spoilt & now)


def _hook(pattern: DesignPattern | None) -> tuple[str, ...]:
    """The id of the object of the hook that is under way."""
    hooks = pattern.status.hooks if pattern is not None else None
    return (hooks.hook,) if hooks is not None and hooks.hook else ()


def lacks_finalizer(pattern: DesignPattern) -> bool:
    """Whether it may have objects, and nothing keeps it until they are gone: ``kubectl replace`` drops finalizers."""
    inventory, metadata = pattern.status.inventory, pattern.metadata
    has_objects = bool(inventory.entries or inventory.compressed)
    return has_objects and metadata.finalizers.ours is None and not metadata.deletion_timestamp


def _ready(pattern: DesignPattern) -> str:
    found = (each.status for each in pattern.status.conditions if each.type == ConditionType.READY)
    return next(found, "Unknown")


def _version(pattern: DesignPattern) -> int:
    # Resource versions of one kind are comparable numbers since Kubernetes 1.35 (KEP-5504).
    return number_of(pattern.metadata.resource_version)


def _mended(before: DesignPattern, after: DesignPattern) -> bool:
    """Whether somebody corrected the inventory that could not be read, as its message asks; nothing else tells."""
    # Not status.status: that of a pattern that is being deleted says so, whatever its Ready says.
    unreadable = any(
        each.type == ConditionType.READY and each.reason == Reason.INVALID_STATUS for each in before.status.conditions
    )
    return unreadable and before.status.inventory != after.status.inventory


def _asked(pattern: DesignPattern) -> tuple[object, ...]:
    """What of a pattern only its users change, or the pattern that holds it, and let it go."""
    metadata = pattern.metadata
    return (
        metadata.uid,
        metadata.generation,
        metadata.deletion_timestamp,
        metadata.annotations.requested_at,
        metadata.annotations.released,
        metadata.labels.owner,
    )

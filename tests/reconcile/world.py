"""A world in memory for whole runs: a registry, a cluster, one DesignPattern, and the real Reconciler between them.

The ports are the only fakes. The world keeps what must always hold, and fails the test at the moment it does not:
nothing unverified is applied, and nothing is created that is not on record. ``kill_at`` ends the process at a write.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import msgspec
from tests.reconcile.world_hooks import HookCluster, HookObjects

from pattern_operator.api.artifact import Signature, SignatureFormat
from pattern_operator.api.dependency import Dependency
from pattern_operator.api.designpattern import DesignPattern, decode, with_inventory
from pattern_operator.api.generated import GeneratedFields
from pattern_operator.api.health_check import HealthCheck
from pattern_operator.api.hook import Hook
from pattern_operator.api.metadata import Finalizers
from pattern_operator.api.names import FIELD_MANAGER
from pattern_operator.api.object import Body, Object, ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, Reference, Repository, Revision
from pattern_operator.api.report import Rendering
from pattern_operator.api.stage import Stage
from pattern_operator.api.status import Inventory, InventoryEntry, Status
from pattern_operator.api.verification import (
    TrustedAuthority,
    VerificationPolicy,
    VerificationResult,
    VerifiedSignature,
)
from pattern_operator.apply import (
    ApplyFailure,
    ApplyResult,
    DriftState,
    FinalizeResult,
    Health,
    HealthState,
    Notification,
    NotificationKind,
    PruneResult,
    ScopedObjects,
    inventory,
)
from pattern_operator.apply.co_owners import RemainingField
from pattern_operator.apply.need import Need, PatternNeeded
from pattern_operator.errors import Stalled, Transient, Undecided, Untrusted, Waiting
from pattern_operator.internal_errors import InternalErrors
from pattern_operator.reconcile import PatternKey, PatternStore, Ports, Reconciler, State, Waker
from pattern_operator.reconcile.comparison import Sent
from pattern_operator.reconcile.dependencies import Unmet, keys_of, never_met, unmet
from pattern_operator.reconcile.desired import DesiredState
from pattern_operator.reconcile.held_patterns import ids_of, left_behind, not_made
from pattern_operator.reconcile.pattern_store import key_of
from pattern_operator.reconcile.registry_login import NO_LOGIN, Login, SecretVersion
from pattern_operator.reconcile.repositories import Found
from pattern_operator.reconcile.status_writer import PatternDeleted
from pattern_operator.reconcile.subscriptions import Subscriptions
from pattern_operator.reconcile.write_ahead import Ahead, keep_ahead, kept_ahead
from pattern_operator.sandbox import BuildRefused
from pattern_operator.source import FetchedSignatures
from pattern_operator.source.held_version import Resolution
from pattern_operator.telemetry import Metrics

KEY = PatternKey("team", "web")
WEB = Repository("registry.example", "web")
SIGNED = {"verify": {"authorities": [{"name": "release-team", "key": {"data": "PEM"}}]}}  # of a spec
OWNER = "u-1"
OURS, NONE = Finalizers(count=1, ours=0), Finalizers()
MAX_RUNS = 60  # until the world is at rest: more is a pattern that never is


def digest_of(name: str) -> Digest:
    return Digest.of(name.encode())


def key_to(name: str) -> ObjectKey:
    return ObjectKey("", "ConfigMap", "team", name)


def signature_of(name: str, *, by: str = "release-team") -> Signature:
    """Of the artifact of that name."""
    return Signature(SignatureFormat.BUNDLE, "referrer", "", f"{name} by {by}".encode())


def mark(content: str) -> bytes:
    return hashlib.sha256(content.encode()).digest()[:8]


class Broken(AssertionError):
    """What must always hold does not."""


class Killed(BaseException):
    """The process ends here, between two instructions."""


@dataclass
class Artifact:
    """Objects by name; all of them hold the name of the artifact."""

    objects: tuple[str, ...]
    signed: bool = True
    refused: bool = False  # it will not render, whatever is tried
    hooks: tuple[Hook, ...] = ()
    depends_on: tuple[Dependency, ...] = ()
    checks: tuple[HealthCheck, ...] = ()


class Managed:
    """What the watches tell: in step with the cluster, and lost with the process."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._live = world.live
        self._wanted: dict[ObjectKey, bytes | None] = {}  # None: it counts, and is compared with nothing
        self._sent: dict[ObjectKey, bytes] = {}
        self.unhealthy_keys: set[ObjectKey] = set()
        self.unanswered: set[ObjectKey] = set()
        self.staying: dict[ObjectKey, tuple[RemainingField, ...]] = {}  # fields that left and that others have
        self.in_our_name: set[ObjectKey] = set()  # changed without another manager, and not compared since

    def record(self, key: ObjectKey, content: str) -> None:
        self._wanted[key] = mark(content)
        self.unanswered.discard(key)
        self.in_our_name.discard(key)
        self._sent.pop(key, None)

    def remember_sent(self, sent: Mapping[ObjectKey, bytes], *, owner: str) -> None:
        self._sent |= sent

    def is_as_sent(self, key: ObjectKey, *, owner: str, sent: bytes) -> bool:
        in_sync = self.drift_state(key, owner=owner) is DriftState.IN_SYNC
        return in_sync and key in self._live and self._sent.get(key) == sent

    def get(self, key: ObjectKey) -> Any:
        if key not in self._wanted:
            return None
        return SimpleNamespace(
            present=key in self._live, pending=False, changed_by="someone", observed=SimpleNamespace(label=OWNER)
        )

    def is_watched(self, key: ObjectKey) -> bool:
        return key in self._live

    def is_known_absent(self, _: ObjectKey) -> bool:
        return True

    def is_terminating(self, _: ObjectKey) -> bool:
        return False

    def drifted(self, _: str) -> tuple[ObjectKey, ...]:
        return tuple(sorted(key for key in self._wanted if self._is_drifted(key)))

    def _is_drifted(self, key: ObjectKey) -> bool:
        wanted = self._wanted[key]
        if key not in self._live:
            return True
        if key in self.in_our_name:
            return False
        return wanted is not None and wanted != mark(self._live[key])

    def all_drifted(self, owner: str) -> frozenset[ObjectKey]:
        return frozenset(self.drifted(owner))

    def to_compare(self, _: str) -> frozenset[ObjectKey]:
        return frozenset()

    def untracked(self, _: str) -> frozenset[ObjectKey]:
        return frozenset(self.in_our_name)

    def conflicts(self, _: str) -> tuple[str, ...]:
        return ()

    def paused(self, _: str) -> tuple[ObjectKey, ...]:
        return ()

    def remaining(self, _: str) -> dict[ObjectKey, tuple[RemainingField, ...]]:
        return self.staying

    def is_pending(self, _: ObjectKey, *, owner: str) -> bool:
        return False

    def is_unanswered(self, key: ObjectKey, *, owner: str) -> bool:
        return key in self.unanswered

    def drift_state(self, key: ObjectKey, *, owner: str) -> DriftState:
        if self._wanted.get(key) is None or key in self.in_our_name:
            return DriftState.UNKNOWN
        return DriftState.DRIFTED if self._is_drifted(key) else DriftState.IN_SYNC

    def fingerprints(self, _: str) -> dict[str, bytes]:
        return {str(key): wanted for key, wanted in self._wanted.items() if wanted is not None}

    def expects_any(self, _: str) -> bool:
        return bool(self._wanted)

    def health(self, _: str) -> Health:
        for key in sorted(self._wanted):
            if key not in self._live:
                return Health(HealthState.NOT_FOUND, f"{key.display_name}: is gone")
            if key in self.unhealthy_keys:
                return Health(HealthState.IN_PROGRESS, f"{key.display_name}: is starting")
        return Health(HealthState.CURRENT, "all objects are healthy")

    def release(self, keys: Iterable[ObjectKey], *, owner: str) -> None:
        pattern = self._world.pattern
        for key in keys:
            self._wanted.pop(key, None)
            self._sent.pop(key, None)
            if pattern is not None and not pattern.spec.apply.prune and key in self._live:
                self._world.abandoned.add(key.name)

    def expect(self, key: ObjectKey, *, owner: str) -> None:
        self._wanted.setdefault(key, None)

    def mark_missing(self, key: ObjectKey, *, owner: str) -> None:
        self._wanted.setdefault(key, None)

    def restore(self, key: ObjectKey, *, owner: str, known: bytes) -> None:
        self._wanted[key] = known or None

    def rerun_finished(self, _: str) -> None:
        return

    def use_checks(self, _: str, checks: Collection[HealthCheck]) -> None:
        self._world.checks.append(tuple(checks))

    async def judged(self, _: str) -> None:
        return

    def forget(self, _: str) -> None:
        self._wanted.clear()


class World:
    """The registry, the cluster and the pattern, all of which outlive the process; ``restart`` begins another one."""

    def __init__(self, **spec: Any) -> None:
        self.clock = 0.0
        self.tags: dict[str, str] = {}
        self.names: list[str] = []  # of all artifacts that were ever pushed
        self.artifacts: dict[str, Artifact] = {}
        self.live: dict[ObjectKey, str] = {}  # what each object holds
        self.program_version = ""  # is in every object, where it is set
        self.made_up: set[str] = set()  # objects with a value that is another each time they are rendered
        self.made: dict[ObjectKey, str] = {}  # that value of each, as it was applied
        self.renderings = 0
        self.refuses: set[ObjectKey] = set()
        self.stuck: set[ObjectKey] = set()  # a finalizer holds them
        self.going: set[ObjectKey] = set()  # their deletion was asked for
        self.kept: set[str] = set()  # objects that ask to stay when they leave
        self.away = False  # the registry
        self.values_missing = False  # a Secret of them does not exist
        self.policy = VerificationPolicy()  # of the cluster, beside what the pattern asks for itself
        self.refusing: set[str] = set()  # TrustPolicies that nothing meets
        self.elsewhere = VerificationPolicy()  # of every repository but the first
        self.tags_elsewhere: dict[str, str] = {}
        self.undecided: set[str] = set()  # TrustPolicies of which it is not known whether they are met
        self.verdict_ends: datetime | None = None  # when what is found has to be found again
        self.on_layers: Callable[[], None] = lambda: None  # what happens while layers are fetched
        self.hidden: set[str] = set()  # artifacts whose signatures the registry does not show
        self.foreign: set[str] = set()  # artifacts that somebody else signed, too
        self.verdicts: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
        self.asked: list[str] = []
        self.writes = 0
        self.events: list[tuple[str, str]] = []
        self.removed: list[ObjectKey] = []
        self.withdrawn = False  # all of the pattern was deleted because it is not trusted
        self.applied: list[str] = []  # the names of the artifacts of which something was sent
        self.adopted: set[str] = set()  # objects that were taken for somebody else's
        self.abandoned: set[str] = set()  # objects that a spec asked to leave in the cluster
        self.defects: list[str] = []
        self.unlabelled: set[ObjectKey] = set()  # objects whose owner label somebody took off
        self.annotation: tuple[InventoryEntry, ...] = ()  # what is written ahead, as the API server has it
        self.inventoried = False  # status has an inventory
        self.checks: list[tuple[HealthCheck, ...]] = []  # that were put to use, in this order
        self.bad_expressions: dict[str, str] = {}  # of health checks, and why
        self.steps = 0  # moments at which the process can end: before and after each write
        self.kill_at: int | None = None
        self.hooks = HookObjects(self)
        self.values: bytes | None = None  # what Secrets make of the parameters
        self.gate: asyncio.Event | None = None  # that whatever is applied waits for
        self._version = 1
        self.pattern: DesignPattern | None = decode(
            {
                "metadata": {
                    "name": KEY.name,
                    "namespace": KEY.namespace,
                    "uid": OWNER,
                    "generation": 1,
                    "resourceVersion": "1",
                },
                "spec": {"source": {"url": "oci://registry.example/web", "ref": {"tag": "stable"}}, **spec},
            }
        )
        self.due: dict[PatternKey, float] = {}
        self.restart()

    # --- what others do ---

    def push(
        self,
        tag: str,
        name: str,
        *objects: str,
        signed: bool = True,
        refused: bool = False,
        hooks: tuple[Hook, ...] = (),
        depends_on: tuple[Dependency, ...] = (),
        checks: tuple[HealthCheck, ...] = (),
    ) -> None:
        """Give a tag to an artifact."""
        self.artifacts[str(digest_of(name))] = Artifact(objects, signed, refused, hooks, depends_on, checks)
        self.tags[tag] = name
        self.names.append(name)

    def change(self, **spec: Any) -> None:
        """The user changes sections of the spec."""
        assert self.pattern is not None
        body = msgspec.to_builtins(self.pattern.spec) | spec
        metadata = self.pattern.metadata
        changed = decode({"metadata": {"name": "web", "namespace": "team"}, "spec": body}).spec
        self.pattern = msgspec.structs.replace(
            self.pattern,
            spec=changed,
            metadata=msgspec.structs.replace(
                metadata, generation=metadata.generation + 1, resource_version=self._next_version()
            ),
        )
        self._watched()

    def request(self, when: str) -> None:
        """The user asks for a run (``requestedAt``)."""
        assert self.pattern is not None
        metadata = self.pattern.metadata
        annotations = msgspec.structs.replace(metadata.annotations, requested_at=when)
        metadata = msgspec.structs.replace(metadata, annotations=annotations, resource_version=self._next_version())
        self.pattern = msgspec.structs.replace(self.pattern, metadata=metadata)
        self._watched()

    def mark_released(self, *, released: bool) -> None:
        """The pattern that made this one lets it go, or somebody takes it over."""
        assert self.pattern is not None
        metadata = self.pattern.metadata
        annotations = msgspec.structs.replace(metadata.annotations, released=released)
        metadata = msgspec.structs.replace(metadata, annotations=annotations, resource_version=self._next_version())
        self.pattern = msgspec.structs.replace(self.pattern, metadata=metadata)
        self._watched()

    def annotate(self, *entries: InventoryEntry) -> None:
        """Somebody changes what the operator has written ahead, or removes it."""
        assert self.pattern is not None
        self.annotation = entries
        metadata = msgspec.structs.replace(self.pattern.metadata, resource_version=self._next_version())
        self.pattern = self._read(msgspec.structs.replace(self.pattern, metadata=metadata))
        self._watched()

    def replace(self) -> None:
        """Somebody writes the whole manifest: what only the operator puts into metadata is gone."""
        assert self.pattern is not None
        metadata = msgspec.structs.replace(self.pattern.metadata, finalizers=NONE)
        self.pattern = msgspec.structs.replace(self.pattern, metadata=metadata)
        self.annotate()

    def delete(self) -> None:
        """The user deletes the pattern."""
        assert self.pattern is not None
        metadata = msgspec.structs.replace(
            self.pattern.metadata, deletion_timestamp="2026-11-25T12:00:00Z", resource_version=self._next_version()
        )
        if metadata.finalizers.ours is None:
            self._gone()
            return
        self.pattern = msgspec.structs.replace(self.pattern, metadata=metadata)
        self._watched()

    def drift(self, name: str, content: str | None) -> None:
        """Somebody changes an object, or deletes it."""
        key = key_to(name)
        known = key in self.managed._wanted
        if content is None:
            known |= self.live.pop(key, None) is not None  # of what left the pattern watches tell that it is gone
            kind = NotificationKind.GONE
        else:
            self.live[key] = content
            kind = NotificationKind.DRIFTED
        if known:
            self.waker.noticed(KEY, Notification(kind, key))

    def overwrite(self, name: str, content: str) -> None:
        """Somebody changes an object as the field manager of the operator: only its values say so."""
        self.managed.in_our_name.add(key_to(name))
        self.drift(name, content)

    def let_go(self, name: str) -> None:
        """The finalizer of an object is taken off: if its deletion was asked for, it is gone then."""
        key = key_to(name)
        self.stuck.discard(key)
        if key in self.going:
            self.going.discard(key)
            self.drift(name, None)

    def becomes(self, name: str, *, unhealthy: bool) -> None:
        """The health of an object changes."""
        key = key_to(name)
        (self.managed.unhealthy_keys.add if unhealthy else self.managed.unhealthy_keys.discard)(key)
        self.waker.noticed(KEY, Notification(NotificationKind.HEALTH, key))

    def artifacts_of(self, name: str) -> Artifact:
        return self.artifacts[str(digest_of(name))]

    def name_of(self, digest: str) -> str:
        return next(each for each in self.names if str(digest_of(each)) == digest)

    def restart(self) -> None:
        """Another process takes over: all that was remembered is lost."""
        self.due = {}
        self.others = Subscriptions(wake=lambda key: self.waker.found(key))
        self.patterns = PatternStore(
            on_change=lambda key: self.others.happened(PatternNeeded(key.namespace, key.name), by=key)
        )
        self.managed = Managed(self)
        self.waker = Waker(self, clock=lambda: self.clock)
        self._cpu = ThreadPoolExecutor(1)
        self.reconciler = self._reconciler()
        if self.pattern is not None:
            self.patterns.take(self.pattern)
            self.waker.asked(KEY)

    def show(self, other: DesignPattern) -> None:
        """The watch tells of another pattern, which this world does not run."""
        self.patterns.take(other)

    def _wait_for_patterns(self, key: PatternKey, needs: Collection[Need]) -> None:
        self.others.wait(key, [each for each in needs if isinstance(each, PatternNeeded)])

    def _reconciler(self, kept: dict[str, State] | None = None) -> Reconciler:
        registry: Any = Registry(self)  # the facades are built of clients of a registry and a server: none is here
        cluster: Any = Cluster(self)
        ports = Ports(repositories=registry, cluster=cluster, clock=lambda: self.clock, jitter=lambda: 0.5)
        writer: Any = StatusWriter(self)
        prerequisites: Any = SimpleNamespace(
            during=self.others.during, wait=self._wait_for_patterns, released=lambda *_, **__: None
        )
        recorder: Any = SimpleNamespace(
            event=lambda _, *, kind, reason, action, note: self.events.append((reason, note)),
            aggregate=lambda _, *, reason, action, notes: self.events.extend((reason, note) for note in notes),
        )
        return Reconciler(
            patterns=self.patterns,
            ports=ports,
            prerequisites=prerequisites,
            writer=writer,
            recorder=recorder,
            metrics=Metrics(),
            internal_errors=InternalErrors(self.defects.append),
            now=self.now,
            waker=self.waker,
            kept=kept,
        )

    # --- time ---

    def now(self) -> datetime:
        return datetime(2026, 11, 25, 12, tzinfo=UTC) + timedelta(seconds=self.clock)

    def add(self, key: PatternKey, *, delay: float = 0.0) -> None:
        """The queue's way in."""
        due = self.clock + max(delay, 0.0)
        self.due[key] = min(due, self.due.get(key, due))

    async def run_once(self) -> float | None:
        """One run, whoever woke it."""
        self.due.pop(KEY, None)
        try:
            delay = await self.reconciler.run(KEY)
        except Killed:
            self.kill_at = None
            self.restart()
            return None
        if self.defects:
            raise Broken(f"a defect: {self.defects}")
        if delay is not None:
            self.add(KEY, delay=delay)
        return delay

    async def settle(self, seconds: float = 5.0) -> None:
        """Run whatever is due within so many seconds, or until the process is killed."""
        end, is_to_die = self.clock + seconds, self.kill_at is not None
        for _ in range(MAX_RUNS):
            due = self.due.get(KEY)
            if due is None or due > end:
                self.clock = end
                return
            self.clock = max(self.clock, due)
            await self.run_once()
            if is_to_die and self.kill_at is None:
                return
        raise Broken("the pattern is never at rest")

    # --- what is there ---

    @property
    def status(self) -> Status:
        assert self.pattern is not None
        return self.pattern.status

    @property
    def ready(self) -> tuple[str, str]:
        found = next(each for each in self.status.conditions if each.type == "Ready")
        return found.status, found.reason

    @property
    def state(self) -> State:
        return self.reconciler._states._states.get(OWNER) or State()

    def holds(self, name: str, *objects: str) -> bool:
        """Whether the cluster has exactly these objects, of this artifact."""
        return self.live == {key_to(each): name for each in objects}

    def close(self) -> None:
        self._cpu.shutdown()

    # --- the API server's part ---

    def step(self) -> None:
        """The process may end here."""
        self.steps += 1
        if self.kill_at is not None and self.steps >= self.kill_at:
            raise Killed

    @property
    def recorded(self) -> frozenset[str]:
        """The ids of the objects that the cluster has on record."""
        return frozenset(each.id for each in (self.status.inventory.entries if self.inventoried else self.annotation))

    def _read(self, pattern: DesignPattern) -> DesignPattern:
        """As a process reads it that knows nothing else (``decode``)."""
        ahead = None if self.inventoried else self.annotation
        annotations = msgspec.structs.replace(pattern.metadata.annotations, write_ahead=ahead)
        metadata = msgspec.structs.replace(pattern.metadata, annotations=annotations)
        found = msgspec.structs.replace(pattern, metadata=metadata)
        return found if ahead is None else with_inventory(found, Inventory(count=len(ahead), entries=ahead))

    def _next_version(self) -> str:
        self._version += 1
        return str(self._version)

    def _watched(self) -> None:
        assert self.pattern is not None
        if self.patterns.take(self.pattern) is not None:
            self.waker.asked(KEY)

    def _gone(self) -> None:
        self.pattern = None
        self.reconciler.forget(KEY, uid=OWNER)

    def write(
        self,
        asked: DesignPattern,
        *,
        status: Status | None = None,
        finalizers: Finalizers | None = None,
        ahead: tuple[InventoryEntry, ...] = (),
    ) -> DesignPattern:
        """A patch of status, or of metadata; the answer is what the real writer makes of it."""
        self.step()
        if self.pattern is None:
            raise PatternDeleted(key_of(asked))
        metadata = msgspec.structs.replace(self.pattern.metadata, resource_version=self._next_version())
        if finalizers is not None:
            metadata = msgspec.structs.replace(metadata, finalizers=finalizers)
        self.annotation = ahead or self.annotation
        if status is not None:
            ahead_of_status = bool(asked.metadata.annotations.write_ahead)
            self.inventoried |= ahead_of_status or status.inventory != asked.status.inventory
        newest = msgspec.structs.replace(
            self.pattern, metadata=metadata, status=self.pattern.status if status is None else status
        )
        self.writes += 1
        newest = self.pattern = self._read(newest)
        if metadata.deletion_timestamp and metadata.finalizers.ours is None:
            self.pattern = None
        else:
            self._watched()
        self.step()
        newest = keep_ahead(asked, newest)
        unwritten = newest.metadata.annotations.write_ahead
        merged = msgspec.structs.replace(
            asked.metadata,
            annotations=msgspec.structs.replace(asked.metadata.annotations, write_ahead=unwritten),
            finalizers=metadata.finalizers,
            resource_version=metadata.resource_version,
        )
        return msgspec.structs.replace(asked, metadata=merged, status=newest.status)


@dataclass
class StatusWriter:
    """Writes into the world, and nothing when nothing changed."""

    world: World

    async def first_status(self, pattern: DesignPattern, status: Status) -> None:
        await self.status(pattern, status)

    async def status(self, pattern: DesignPattern, status: Status) -> DesignPattern:
        unwritten = pattern.metadata.annotations.write_ahead
        return pattern if status == pattern.status and not unwritten else self.world.write(pattern, status=status)

    async def add_finalizer(self, pattern: DesignPattern) -> DesignPattern:
        if pattern.metadata.finalizers.ours is not None:
            return pattern
        return await self.write_ahead(pattern, kept_ahead(pattern))

    async def write_ahead(self, pattern: DesignPattern, ahead: Ahead | None) -> DesignPattern:
        return self.world.write(pattern, finalizers=OURS, ahead=ahead.entries if ahead is not None else ())

    async def remove_finalizer(self, pattern: DesignPattern) -> DesignPattern:
        return pattern if pattern.metadata.finalizers.ours is None else self.world.write(pattern, finalizers=NONE)


@dataclass
class Registry:
    """The port of registries, Secrets and the sandbox."""

    world: World
    checked: set[Digest] = field(default_factory=set)

    def secret_version(self, _: DesignPattern) -> SecretVersion:
        return NO_LOGIN.secret

    def forget(self, _: PatternKey) -> None:
        return

    def now(self) -> datetime:
        return self.world.now()

    def note_verdict(
        self, _: DesignPattern, policy: VerificationPolicy, *, met: Iterable[str], unmet: Iterable[str]
    ) -> None:
        assert {*met, *unmet} <= {each.source.name for each in policy.requirements}
        self.world.verdicts.append((tuple(met), tuple(unmet)))

    async def login(self, _: DesignPattern) -> Login:
        return NO_LOGIN

    def _ask(self, what: str) -> None:
        self.world.asked.append(what)
        if self.world.away:
            raise Transient(reason=Reason.REGISTRY_UNAVAILABLE, message="the registry is away; it is retried.")

    async def look_up(self, _: DesignPattern, reference: Reference, **__: Any) -> Found:
        tag = reference.tag or ""
        if reference.digest is not None:
            return Found(Resolution(Revision(tag, reference.digest)), 0)
        try:
            self._ask("tag")
        except Transient as error:
            return Found(error, 0)
        tags = self.world.tags if reference.repository == WEB else self.world.tags_elsewhere
        if tag not in tags:
            missing = Stalled(reason=Reason.ARTIFACT_NOT_FOUND, message=f"there is no tag {tag}: push it.")
            return Found(missing, 0)
        return Found(Resolution(Revision(tag, digest_of(tags[tag]))), 0)

    async def policy(self, pattern: DesignPattern, repository: Repository) -> VerificationPolicy:
        own = VerificationPolicy.of(TrustedAuthority.of_key("release-team", b"key")).requirements
        asked = own if pattern.spec.verify is not None else ()
        policy = self.world.policy if repository == WEB else self.world.elsewhere
        return VerificationPolicy((*asked, *policy.requirements))

    async def parameters(self, pattern: DesignPattern, *, account: str | None) -> bytes:
        if self.world.values_missing:
            raise Waiting(reason=Reason.PARAMETERS_NOT_FOUND, message="Secret team/a does not exist: create it.")
        return self.world.values or (pattern.spec.render.parameters or "{}").encode()

    async def manifest(self, _: DesignPattern, desired: Any, **__: Any) -> Any:
        return SimpleNamespace(context=str(desired.revision), types=())

    async def signatures(self, _: DesignPattern, desired: Any, **__: Any) -> FetchedSignatures:
        self._ask("signatures")
        name = self.world.name_of(str(desired.revision.digest))
        shown = self.world.artifacts_of(name).signed and name not in self.world.hidden
        found = (signature_of(name),) if shown else ()
        foreign = (signature_of(name, by="somebody"),) if name in self.world.foreign else ()
        return FetchedSignatures((*found, *foreign))

    async def check(self, _: DesignPattern, desired: DesiredState, found: FetchedSignatures) -> VerificationResult:
        digest = desired.revision.digest
        if not desired.policy.requirements:
            return VerificationResult(required=False)
        signature = signature_of(self.world.name_of(str(digest)))
        judged = frozenset(each.digest for each in found.signatures)
        unmet = [each.source for each in desired.policy.requirements if each.source.name in self.world.refusing]
        if unmet:
            raise Untrusted(
                reason=Reason.SIGNATURE_UNTRUSTED,
                message="not signed by them: let them sign it.",
                unmet=tuple(each.name for each in unmet),
                prune=any(each.prune for each in unmet),
                judged=judged,
            )
        names = tuple(each.source.name for each in desired.policy.requirements)
        if self.world.undecided.intersection(names):
            met = tuple(each for each in names if each not in self.world.undecided)
            raise Undecided(reason=Reason.OPERATOR_BUSY, message="it is not known. It is tried again.", met=met)
        if signature not in found.signatures:
            sources = [each.source for each in desired.policy.requirements if each.source.name]
            raise Untrusted(
                reason=Reason.SIGNATURE_UNTRUSTED if judged else Reason.SIGNATURE_MISSING,
                message="nobody signed it: sign it.",
                unmet=tuple(each.name for each in sources),
                prune=any(each.prune for each in sources),
                judged=judged,
            )
        self.checked.add(digest)
        signed = (VerifiedSignature("release-team", "bundle", signature.where, digest=signature.digest),)
        return VerificationResult(required=True, verified_by=signed, until=self.world.verdict_ends)

    @asynccontextmanager
    async def layers(self, _: DesignPattern, desired: Any, *__: Any, **___: Any) -> AsyncIterator[Any]:
        if desired.policy.requirements and desired.revision.digest not in self.checked:
            raise Broken("layers of an artifact that was not verified are pulled")
        self.world.on_layers()
        yield desired.revision

    @asynccontextmanager
    async def built(self, _: DesignPattern, __: Any, layers: Revision) -> AsyncIterator[Rendering]:
        artifact = self.world.artifacts[str(layers.digest)]
        if artifact.refused:
            raise BuildRefused(Stage.RENDER, Stalled(reason=Reason.NOT_A_PATTERN, message="it is not a pattern."))
        name = self.world.name_of(str(layers.digest))
        objects = tuple(
            Object.of(
                {
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "metadata": {"name": each, "namespace": "team"},
                    "data": {"of": name},
                }
            )
            for each in artifact.objects
        )
        self.world.renderings += 1
        made_up = [each for each in objects if each.key.name in self.world.made_up]
        for each in made_up:
            each.body["data"]["made"] = str(self.world.renderings)
        generated = tuple(GeneratedFields(each.key, (("data", "made"),)) for each in made_up)
        if self.world.program_version:
            for each in objects:
                each.body["data"]["made"] = self.world.program_version
            generated = tuple(GeneratedFields(each.key, (), (("data", "made"),)) for each in objects)
        yield Rendering(
            objects=objects,
            format="Manifests",
            hooks=artifact.hooks,
            generated=generated,
            depends_on=artifact.depends_on,
            health_checks=artifact.checks,
        )


class Transfers:
    """What patterns hand over: nothing."""

    def __getattr__(self, _: str) -> Any:
        return lambda *_, **__: None


@dataclass
class Cluster(HookCluster):
    """The port of the cluster."""

    world: World
    transfers: Transfers = field(default_factory=Transfers)

    @property
    def managed(self) -> Managed:
        return self.world.managed

    def account(self, _: DesignPattern) -> None:
        return None

    def cpu(self, _: DesignPattern) -> Any:
        return self.world._cpu

    def line(self, pattern: DesignPattern) -> tuple[DesignPattern, ...]:
        return self.world.patterns.line(pattern)

    def not_made(self, pattern: DesignPattern, held: Collection[PatternKey]) -> frozenset[PatternKey]:
        return not_made(pattern, held, patterns=self.world.patterns)

    def left_behind(self, pattern: DesignPattern) -> DesignPattern | None:
        return left_behind(self.line(pattern), patterns=self.world.patterns)

    def count_below(self, pattern: DesignPattern, *, most: int) -> int:
        return self.world.patterns.count_below(key_of(pattern), most=most)

    def unmet_dependencies(
        self, pattern: DesignPattern, of_artifact: Sequence[Dependency], *, held: Collection[PatternKey]
    ) -> Unmet | None:
        known = self.world.patterns
        known.note_dependencies(key_of(pattern), keys_of(pattern, of_artifact))
        return unmet(pattern, of_artifact, contained=ids_of(held), patterns=known, cross_namespace=True)

    def dependencies_never_met(self, pattern: DesignPattern, of_artifact: Sequence[Dependency]) -> Unmet | None:
        known, key = self.world.patterns, key_of(pattern)
        known.note_dependencies(key, keys_of(pattern, of_artifact))
        return never_met(pattern, of_artifact, contained=known.contained(key), patterns=known, cross_namespace=True)

    async def check_errors(self, _: DesignPattern, expressions: Collection[str]) -> dict[str, str]:
        bad = self.world.bad_expressions
        return {each: bad[each] for each in expressions if each in bad}

    def check(self, *_: Any) -> None:
        return

    def wait_only(self, *_: Any) -> None:
        return

    async def place(self, _: DesignPattern, objects: Iterable[Object]) -> ScopedObjects:
        return ScopedObjects(tuple(objects))

    async def digest(self, _: DesignPattern, objects: Collection[Object]) -> Sent:
        each = {one.key: hashlib.sha256(f"{one.key}{one.body}".encode()).digest() for one in objects}
        return Sent(hashlib.sha256(b"".join(each.values())).hexdigest()[:24], each)

    async def read_live(
        self, _: DesignPattern, objects: Collection[Object], take: Callable[[Object, Body], Awaitable[Object]]
    ) -> dict[ObjectKey, Object]:
        there = [each for each in objects if each.key in self.world.live.keys() - self.world.unlabelled]
        ours = {"metadata": {"managedFields": [{"manager": FIELD_MANAGER, "operation": "Apply", "fieldsV1": {}}]}}
        bodies = {
            key: {**ours, "data": {"of": of, "made": self.world.made[key]}} for key, of in self.world.live.items()
        }
        return {each.key: await take(each, bodies[each.key]) for each in there}

    async def idle_rules(self, *_: Any) -> tuple[str, ...]:
        return ()

    async def is_resumed(self, *_: Any) -> bool:
        return True

    async def compare(self, _: DesignPattern, objects: Collection[Object]) -> tuple[ApplyFailure, ...]:
        self.world.managed.in_our_name.difference_update(each.key for each in objects)
        return ()

    async def name_holders(
        self, _: DesignPattern, failures: Collection[ApplyFailure], *__: Any
    ) -> tuple[ApplyFailure, ...]:
        return tuple(failures)

    async def blocking_admission(self, *_: Any) -> frozenset[ObjectKey]:
        return frozenset()

    async def watch(self, **_: Any) -> None:
        return

    async def send(
        self,
        pattern: DesignPattern,
        objects: Collection[Object],
        *,
        owned: Collection[ObjectKey],
        on_applied: Any = None,
    ) -> ApplyResult:
        applied: list[ObjectKey] = []
        failures: list[ApplyFailure] = []
        created: set[ObjectKey] = set()
        configured: set[ObjectKey] = set()
        if self.world.gate is not None:
            await self.world.gate.wait()
        if {each.source.name for each in self.world.policy.requirements} & self.world.refusing:
            raise Broken("objects are applied although a policy of the cluster is not met")
        for each in objects:
            name = each.body["data"]["of"]
            self._check(pattern, each.key, name)
            if each.key in self.world.refuses:
                failures.append(ApplyFailure(each.key, Reason.APPLY_FAILED, "it is refused"))
                continue
            self.world.step()
            is_foreign = each.key in self.world.live and each.key in self.world.unlabelled
            if is_foreign and each.key not in owned and self.managed.get(each.key) is None:
                self.world.adopted.add(each.key.name)
            self.world.unlabelled.discard(each.key)
            (configured if each.key in self.world.live else created).add(each.key)
            self.world.live[each.key] = name
            self.world.made[each.key] = each.body["data"].get("made", "")
            self.world.applied.append(name)
            self.world.abandoned.discard(each.key.name)
            self.managed.record(each.key, name)
            applied.append(each.key)
            if on_applied is not None:
                on_applied(each, each.body)
            self.world.step()
        absent = frozenset(each.key for each in failures if each.key not in self.world.live)
        return ApplyResult(
            tuple(applied), (), tuple(failures), absent, created=frozenset(created), configured=frozenset(configured)
        )

    def _check(self, pattern: DesignPattern, key: ObjectKey, name: str) -> None:
        if pattern.spec.verify is not None and not self.world.artifacts[str(digest_of(name))].signed:
            raise Broken(f"{name}, which nobody signed, is applied")
        assert self.world.pattern is not None
        if str(key) not in self.world.recorded:
            raise Broken(f"{key} is about to exist, and neither status nor what is written ahead names it")
        if self.world.pattern.metadata.finalizers.ours is None:
            raise Broken(f"{key} is about to exist, and no finalizer keeps the pattern until it is gone")

    async def prune(self, _: DesignPattern, entries: Collection[InventoryEntry]) -> PruneResult:
        keys = [inventory.key_of(each) for each in entries]
        assert self.world.hooks.live.keys().isdisjoint(keys), "what a hook made is pruned"
        self._check_prune(keys)
        return self._delete(entries)

    def _delete(self, entries: Collection[InventoryEntry]) -> PruneResult:
        keys = [inventory.key_of(each) for each in entries]
        going = tuple(each for each in entries if inventory.key_of(each) in self.world.stuck & set(self.world.live))
        gone = tuple(key for key in keys if key not in self.world.stuck or key not in self.world.live)
        self._remove(gone)
        self.world.going.update(inventory.key_of(each) for each in going)
        return PruneResult(deleted=gone, remaining=going)

    async def delete(self, _: DesignPattern, entries: Collection[InventoryEntry]) -> FinalizeResult:
        self._check_withdrawal()
        pruned = self._delete(entries)
        if not pruned.remaining:
            return FinalizeResult()
        return FinalizeResult(
            entries=pruned.remaining, error=Waiting(reason=Reason.DELETING, message="something is left")
        )

    def _check_prune(self, keys: Collection[ObjectKey]) -> None:
        pattern = self.world.pattern
        if pattern is None or pattern.metadata.deletion_timestamp or not self.world.applied:
            return
        desired = {key_to(each) for each in self.world.artifacts_of(self.world.applied[-1]).objects}
        if desired & set(keys):
            raise Broken("something that is desired is pruned")
        if not desired <= set(self.world.live):
            raise Broken("something is pruned before all that is desired is there")

    def _check_withdrawal(self) -> None:
        """Only a policy that refuses what runs and says so deletes it: neither an absence nor another artifact does."""
        pattern = self.world.pattern
        if pattern is None or pattern.metadata.deletion_timestamp:
            return
        self.world.withdrawn = True
        asking = {each.source.name for each in self.world.policy.requirements if each.source.prune}
        if not asking & self.world.refusing:
            raise Broken("what runs is deleted, and no policy that asks for it refuses it")

    def _remove(self, keys: Iterable[ObjectKey]) -> None:
        for key in keys:
            if key in self.world.unlabelled:
                self.world.abandoned.add(key.name)
                continue
            self.world.step()
            if self.world.live.pop(key, None) is not None:
                self.world.removed.append(key)
            self.world.step()

    def forget(self, owner: str) -> None:
        self.managed.forget(owner)


def names(status: Status) -> set[str]:
    """The names of the inventory."""
    return {inventory.key_of(each).name for each in status.inventory.entries}

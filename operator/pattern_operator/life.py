"""One life of the operator: everything is made here, put together, run, and taken down.

State lives in the cluster; a life only remembers. When one ends by an error (kopf takes a watch error other than 410
for fatal), the next begins with nothing, in the same process, and finds everything again.
"""

import asyncio
import logging
import time
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import kopf

from pattern_operator import handlers
from pattern_operator.aio import TasksStillRunning, background_tasks, cancel_within
from pattern_operator.api.fields import ObjectMeta
from pattern_operator.api.object import ObjectKey
from pattern_operator.apply import (
    Applier,
    Deleter,
    DryRun,
    ManagedObjects,
    Notification,
    NotificationKind,
    Protected,
    Transfers,
    excess_permissions,
    operator_rbac,
)
from pattern_operator.apply.pod_diagnosis import diagnose_pods
from pattern_operator.apply.pvc_diagnosis import PVC, diagnose_pvc
from pattern_operator.executors import Executors
from pattern_operator.internal_errors import InternalErrors
from pattern_operator.kube import (
    ApiError,
    CredentialsError,
    Discovery,
    Endpoint,
    LeaderElector,
    OwnPermissions,
    Resource,
    Session,
    holder_is_dead,
    identity,
    lease_namespace,
    load,
    objects,
    user_name,
)
from pattern_operator.kube.wellknown import DESIGN_PATTERN
from pattern_operator.reconcile import (
    Awaited,
    Cluster,
    Existence,
    Explainer,
    Holders,
    Line,
    PatternKey,
    Patterns,
    Ports,
    Queue,
    Reconciler,
    Referents,
    Registries,
    Repositories,
    Restored,
    State,
    Tenancy,
    Waker,
    Writer,
    note_change,
)
from pattern_operator.sandbox import Sandbox, WorkerLimits
from pattern_operator.shutdown import Shutdown
from pattern_operator.source import (
    Cache,
    DnsResolver,
    Network,
    PullRecords,
    PullSecretReader,
    RegistryNetwork,
    TokenCache,
)
from pattern_operator.telemetry import EventRecorder, HealthServer, Metrics, about_name, observe_loop_lag
from pattern_operator.watchdog import Watchdog

logger = logging.getLogger(__name__)

LEASE = "pattern-operator"
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0  # seconds between lives that end by an error
LONG_LIFE = 60.0  # seconds after which the next life begins without the memory of earlier failures
GRACE = 10.0  # seconds between being told to end and being cancelled; ``shutdown.GRACE`` is the hard end
KOPF_GRACE = 3.0  # seconds that kopf has to end once it is cancelled


class CrdMissing(Exception):
    """The API server does not know DesignPatterns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the command line says."""

    kubeconfig: Path | None
    context: str | None
    lease_namespace: str | None
    cache_directory: Path
    cache_size: int  # bytes
    metrics: tuple[str, int]  # host and port
    concurrency: int
    workers: WorkerLimits = field(default_factory=WorkerLimits)
    registry_network: RegistryNetwork = RegistryNetwork.ANY
    tenancy: Tenancy


@dataclass(slots=True)
class Process:
    """What outlives a life: who told it to end, what was counted, and what the probes say."""

    settings: Settings
    executors: Executors
    shutdown: Shutdown
    metrics: Metrics = field(default_factory=Metrics)
    state: str = "starting"  # for people who ask /readyz
    ready: bool = False
    leads: bool = False
    awaited: LeaderElector | None = None
    watchdog: Watchdog | None = None  # of the work, while there is some
    line: Line | None = None  # of patterns that wait, while there is work
    own_permissions: OwnPermissions | None = None  # what the API server refuses, while there is work
    kept: dict[str, State] = field(default_factory=dict)  # of patterns, from one life to the next
    internal_errors: InternalErrors = field(init=False)

    def __post_init__(self) -> None:
        self.internal_errors = InternalErrors(self.metrics.internal_error)

    @property
    def stop_requested(self) -> asyncio.Event:
        """Set by SIGTERM and SIGINT."""
        return self.shutdown.requested

    def open_session(self, endpoint: Endpoint) -> AbstractAsyncContextManager[Session]:
        """A session whose requests and internal errors are counted."""
        return Session.open(endpoint, on_request=self.metrics.request, internal_errors=self.internal_errors)

    def take_stray_error(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """What was raised where nobody waits for it: in a call of the loop, or a task that was forgotten."""
        error = context.get("exception")
        if isinstance(error, Exception):
            self.internal_errors.record("loop", error)

    def complaint(self) -> str:
        """What does not go on and should; empty while all does, and while there is nothing to do."""
        if self.watchdog is None:
            return ""
        self.watchdog.look()
        return self.watchdog.complaint

    def probe(self) -> tuple[bool, str]:
        """Whether the process is ready to do its part, and its state in words."""
        if self.awaited is not None and self.awaited.holder:
            return True, f"stands by: {self.awaited.holder} holds the Lease"
        if self.awaited is not None and self.awaited.problem:
            return False, self.awaited.problem
        complaint = self.complaint()
        if complaint:
            return False, complaint
        if self.own_permissions is not None and self.own_permissions.complaint:
            return False, self.own_permissions.complaint
        crowd = self.line.words if self.line is not None else ""
        return self.ready, f"{self.state}; {crowd}" if crowd else self.state


async def live(settings: Settings) -> int:
    """Live until SIGTERM or SIGINT, one life after the other; the exit code."""
    host, port = settings.metrics
    async with AsyncExitStack() as stack:
        process = Process(settings, stack.enter_context(Executors.open()), Shutdown())
        process.shutdown.install_signal_handlers()
        asyncio.get_running_loop().set_exception_handler(process.take_stray_error)
        probes = HealthServer(metrics=process.metrics, readiness=process.probe, liveness_error=process.complaint)
        try:
            bound = await stack.enter_async_context(probes.serve(host=host, port=port))
        except OSError as error:
            logger.critical("cannot listen: address=%s:%s: %s; choose another --metrics-bind", host or "*", port, error)
            return 1
        logger.info("metrics and probes listen: address=%s:%s", host or "*", bound)
        lag = asyncio.create_task(
            observe_loop_lag(process.metrics.loop_lag, held=process.metrics.loop_held), name="loop lag"
        )
        stack.callback(lag.cancel)
        await _live_on(process)
    logger.info("ended as told")
    return 0


async def _live_on(process: Process) -> None:
    pause = FIRST_PAUSE
    while not process.stop_requested.is_set():
        begun = time.monotonic()
        await _until_told(process, _survive(process))
        process.ready, process.awaited, process.watchdog, process.line = False, None, None, None
        process.own_permissions = None
        if time.monotonic() - begun > LONG_LIFE:
            pause = FIRST_PAUSE
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await process.stop_requested.wait()
        pause = min(pause * 2, LONGEST_PAUSE)


async def _survive(process: Process) -> None:
    """Live once; whatever ends it is logged, and is not an end of the process."""
    try:
        await _live_once(process)
    except (CredentialsError, CrdMissing, ApiError, Restored) as error:
        process.state = f"cannot work: {error}"
        logger.error("cannot work, trying again: %s", error)  # noqa: TRY400 - the message is all there is to know
    except TasksStillRunning as error:  # to begin anew would be to do the same work twice at once
        process.state = f"ends: {error}"
        process.shutdown.exit_now(str(error))
    except Exception as error:  # a defect, kopf's or ours: the cluster holds all state, so to begin anew is safe
        process.state = "begins anew after a failure: see the log"
        process.internal_errors.record("life", error)
        logger.exception("a life ended by an error, beginning anew")


async def _until_told(process: Process, work: Coroutine[None, None, None]) -> None:
    """Wait for ``work``; who leads when the end is told ends by itself, who only waits is cancelled."""
    working, ending = asyncio.create_task(work), asyncio.create_task(process.stop_requested.wait())
    await asyncio.wait({working, ending}, return_when=asyncio.FIRST_COMPLETED)
    ending.cancel()
    if process.leads and not working.done():
        await asyncio.wait({working}, timeout=GRACE)
    working.cancel()
    await asyncio.wait({working})
    if not working.cancelled():
        working.result()


async def _live_once(process: Process) -> None:
    settings = process.settings
    endpoint = await load(disk=process.executors.disk, kubeconfig=settings.kubeconfig, context=settings.context)
    namespace = settings.lease_namespace or lease_namespace()
    process.state = f"looks for the Lease {namespace}/{LEASE}: the log says what is in the way"
    # kopf closes the session that it is given, and the Lease is given back after kopf: so each has its own.
    async with process.open_session(endpoint) as session:
        lease = LeaderElector(
            session, namespace=namespace, name=LEASE, identity=identity(), holder_is_dead=holder_is_dead
        )
        process.awaited = lease
        async with lease.acquire() as lost, process.open_session(endpoint) as working:
            logger.info("leads: lease=%s/%s server=%s", namespace, LEASE, endpoint.server)
            process.leads, process.awaited = True, None
            try:
                await _lead(process, working, lost=lost)
            finally:
                process.leads = False


async def _lead(process: Process, session: Session, *, lost: asyncio.Event) -> None:
    """Put the parts together, find what there is, and work until told to end or the Lease is lost."""
    settings, clock = process.settings, asyncio.get_running_loop().time
    user = await user_name(session)
    protected = Protected.of(user, lease=(settings.lease_namespace or lease_namespace(), LEASE))
    protected = replace(protected, rbac=await operator_rbac(session, protected=protected))
    account = f" account={protected.account.user}" if protected.account.user != user else ""
    logger.info("works as: user=%s%s", user or "(unknown)", account)
    logger.info("rules: %s", _rules(settings))
    too_much = (
        await excess_permissions(session, protected=protected) if settings.tenancy.require_service_account else ""
    )
    if too_much:
        logger.warning("too many rights: %s", too_much)
    patterns = Patterns()
    queue = Queue[PatternKey](clock=clock, lanes=lambda key: reconciler.lanes(key))
    waker = Waker(queue, clock=clock)

    def noticed(owner: str, event: Notification) -> None:
        key = patterns.owned_by(owner)
        if key is not None:
            logger.debug(
                "managed changed: pattern=%s object=%s event=%s",
                key,
                event.key,
                event.kind,
                extra=about_name(key.namespace, key.name),
            )
            waker.noticed(key, event)

    def changed(owner: str, event: Notification) -> None:
        noticed(owner, event)
        if event.kind is NotificationKind.GONE:
            awaited.released([event.key])

    transfers = Transfers(on_change=noticed, errors=process.internal_errors)

    def asked(key: PatternKey) -> None:
        note_change(patterns.get(key), transfers=transfers)
        waker.asked(key)

    async with (
        Network.open(settings.registry_network, resolver=DnsResolver()) as network,
        Sandbox.open(executors=process.executors, limits=settings.workers) as sandbox,
        background_tasks() as behind,
    ):
        discovery = Discovery(session)
        managed_objects = ManagedObjects(
            session,
            tasks=behind,
            on_change=changed,
            now=_now,
            on_problem=_cannot_watch,
            listed=patterns.lists,
            on_unlisted=lambda owner, key: _log_unlisted(patterns.owned_by(owner), key),
        )
        behind.at_end(managed_objects.close)
        behind.at_end(transfers.close)
        cache = Cache(settings.cache_directory, max_size=settings.cache_size, disk=process.executors.disk)
        awaited = Awaited(session, discovery, wake=waker.found, tasks=behind)
        tenancy = replace(settings.tenancy, own_user=protected.user)
        cluster = Cluster(
            patterns=patterns,
            managed=managed_objects,
            discovery=discovery,
            applier=Applier(
                session,
                discovery,
                managed_objects=managed_objects,
                holder=Holders(patterns),
                protected=protected,
                transfers=transfers,
            ),
            deleter=Deleter(
                session, discovery, managed_objects=managed_objects, protected=protected, transfers=transfers
            ),
            dry_run=DryRun(session, discovery, managed_objects=managed_objects),
            transfers=transfers,
            protected=protected,
            tenancy=tenancy,
            executors=process.executors,
        )
        repositories = Repositories(
            registries=Registries(
                network=network,
                configs=PullSecretReader(cpu=process.executors.cpu),
                tokens=TokenCache(),
                pull_records=PullRecords(),
                cache=cache,
                executors=process.executors,
            ),
            referents=Referents(session, wake=waker.found, tasks=behind),
            sandbox=sandbox,
            executors=process.executors,
        )
        recorder = EventRecorder(
            session, instance=identity(), now=_now, clock=clock, on_dropped=process.metrics.event_dropped
        )
        behind.create_task(recorder.run(), name="events")
        writer = Writer(session, patterns, wake=waker.asked, cpu=process.executors.cpu)
        reconciler = Reconciler(
            patterns=patterns,
            ports=Ports(repositories=repositories, cluster=cluster, clock=clock),
            awaited=awaited,
            writer=writer,
            recorder=recorder,
            metrics=process.metrics,
            internal_errors=process.internal_errors,
            now=_now,
            waker=waker,
            kept=process.kept,
        )

        def keep() -> None:
            process.kept = reconciler.what_is_kept()

        behind.at_end(keep)
        watchdog = Watchdog(clock=clock, overdue=lambda: queue.overdue, watches=lambda: session.watches)
        process.metrics.watch_patterns(patterns.count_ready, lambda: queue.overdue)
        process.metrics.watch_share(lambda: queue.largest_share)
        for key in await _find_all(session, patterns):
            asked(key)
        explainer = Explainer(
            patterns=patterns,
            managed_objects=managed_objects,
            tenancy=tenancy,
            look=lambda key, user: (diagnose_pvc if (key.group, key.kind) == PVC else diagnose_pods)(
                session, discovery, key, impersonate=user
            ),
            tasks=behind,
            internal_errors=process.internal_errors,
        )
        run = explainer.after(watchdog.tracking(reconciler.run))
        behind.create_task(queue.work(run, concurrency=settings.concurrency), name="queue")
        behind.create_task(watchdog.watch_over(), name="watchdog")
        existence = Existence(session, patterns, on_gone=lambda key, uid: reconciler.forget(key, uid=uid))
        behind.create_task(existence.run(), name="existence")
        line = Line(queue, patterns, writer, workers=settings.concurrency, now=_now, clock=clock)
        behind.create_task(line.watch(process.internal_errors), name="line")
        process.watchdog, process.line, process.own_permissions = watchdog, line, session.own_permissions
        process.state, process.ready = f"works; too many rights: {too_much}" if too_much else "works", True
        registry = handlers.registry(
            session=session, patterns=patterns, wake=asked, reconciler=reconciler, stop=behind.end
        )
        await _watch(process, registry, ends=(process.stop_requested, lost, behind.ended))
        await behind.end()
        behind.check()


async def _find_all(session: Session, patterns: Patterns) -> list[PatternKey]:
    """List what there is, the oldest first. Of each body only what is read is kept, before the next is built."""
    found: set[tuple[str, PatternKey]] = set()
    try:
        async for body in objects.each(session, DESIGN_PATTERN):
            key = handlers.decode_or_log(body, patterns=patterns)
            if key is not None:
                found.add((ObjectMeta.of(body).created, key))
    except ApiError as error:
        if error.code == HTTPStatus.NOT_FOUND:
            raise CrdMissing(
                f"the API server at {session.server} has no kind DesignPattern: apply crds/"
                " (kubectl apply --server-side -k crds)"
            ) from error
        raise
    return [key for _, key in sorted(found)]


async def _watch(
    process: Process, registry: kopf.OperatorRegistry, *, ends: tuple[asyncio.Event, asyncio.Event, asyncio.Event]
) -> None:
    """Let kopf watch DesignPatterns until one of ``ends``.

    Raises:
        TasksStillRunning: kopf does not end.
    """
    stop = asyncio.Event()
    waiting = [asyncio.create_task(each.wait(), name="end") for each in ends]
    for task in waiting:
        task.add_done_callback(lambda _: stop.set())
    watching = asyncio.create_task(_run_kopf(process, registry, stop=stop), name="kopf")
    try:
        await asyncio.wait({watching, *waiting}, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait({watching}, timeout=GRACE)  # it ends by itself, in good order
    finally:
        for task in waiting:
            task.cancel()
        await cancel_within({watching}, grace=KOPF_GRACE)
    if not watching.cancelled():
        watching.result()


async def _run_kopf(process: Process, registry: kopf.OperatorRegistry, *, stop: asyncio.Event) -> None:
    existing = asyncio.all_tasks()
    # Without an identity kopf asks the system for its user's name, and an image's user 65532 has none.
    tasks = await kopf.spawn_tasks(
        registry=registry,
        identity=identity(),  # type: ignore[arg-type]  # a NewType of str that kopf does not export
        standalone=True,
        clusterwide=True,
        stop_flag=stop,
    )
    process.shutdown.install_signal_handlers()  # kopf takes them for itself
    await kopf.run_tasks(tasks, ignored=existing)


def _rules(settings: Settings) -> str:
    """The rules in force for all patterns, as the flags that set them."""
    tenancy = settings.tenancy
    return " ".join(
        (
            f"--concurrency={settings.concurrency}",
            f"--registry-network={settings.registry_network.value}",
            f"--require-service-account={str(tenancy.require_service_account).lower()}",
            f"--default-service-account={tenancy.default_service_account or '(none)'}",
            f"--no-cross-namespace={str(not tenancy.cross_namespace).lower()}",
        )
    )


def _cannot_watch(resource: Resource, error: ApiError) -> None:
    logger.warning("cannot watch: resource=%s.%s: %s", resource.plural, resource.group, error)


def _log_unlisted(pattern: PatternKey | None, key: ObjectKey) -> None:
    """Once for each owner: whoever may label objects can make any number of them."""
    whose = f"DesignPattern {pattern}" if pattern else "a DesignPattern that does not exist"
    logger.warning(
        "not followed: object=%s carries the owner label of %s and is not in its inventory. Take the label"
        " pattern-operator.io/owner off, unless it was left there on purpose; others of the same label are not logged.",
        key,
        whose,
        extra=about_name(pattern.namespace, pattern.name) if pattern else None,
    )


def _now() -> datetime:
    return datetime.now(UTC)

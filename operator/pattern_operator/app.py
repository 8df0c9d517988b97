"""Puts the parts of the operator together, and runs them as long as this process leads. Nothing else happens here."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from pattern_operator import __version__, handlers
from pattern_operator.aio import BackgroundTasks, background_tasks
from pattern_operator.api.reason import Reason
from pattern_operator.api.stage import Stage
from pattern_operator.apply import (
    Applier,
    Deleter,
    DryRun,
    ManagedObjects,
    Notification,
    NotificationKind,
    Protected,
    Transfers,
)
from pattern_operator.apply.pod_diagnosis import diagnose_pods
from pattern_operator.apply.pvc_diagnosis import PVC, diagnose_pvc
from pattern_operator.health import Running
from pattern_operator.kopf_runner import run_kopf
from pattern_operator.kube import ApiError, Discovery, Resource, Session
from pattern_operator.manager import CannotRun, Process
from pattern_operator.reconcile import (
    Cluster,
    ConfigSources,
    DeletionWatch,
    OwnerLookup,
    PatternKey,
    PatternStore,
    Policies,
    PolicyStatusWriter,
    Ports,
    Prerequisites,
    Queue,
    QueueReport,
    Reconciler,
    Registries,
    Repositories,
    Restored,
    StatusWriter,
    TrustPolicies,
    UnlistedReport,
    Verdicts,
    Waker,
    WorkloadDiagnosis,
    note_change,
)
from pattern_operator.reconcile.config_sources import Reader
from pattern_operator.reconcile.reporting import record_event
from pattern_operator.reconcile.revocation import IssuerAnswers
from pattern_operator.resources import Resources
from pattern_operator.source import IssuerClient, PullRecords, PullSecretReader, TokenCache
from pattern_operator.startup import load_patterns, own_account, until_rbac_is_read
from pattern_operator.telemetry import EventRecorder, about_name
from pattern_operator.watchdog import Watchdog

logger = logging.getLogger(__name__)


async def run_app(process: Process, session: Session, *, lost: asyncio.Event) -> None:
    """Reconcile DesignPatterns until the process is to stop or ``lost`` is set: another one leads.

    Raises:
        CannotRun: the CRDs are missing, etcd was restored from a backup, or own RBAC is known only now.
        ApiError: the API server could not be asked what there is.
        TasksStillRunning: some task does not end.
        Exception: a part failed; the others have ended.
    """
    account = await own_account(process, session)
    async with Resources.open(process, session) as resources, background_tasks() as tasks:
        parts = _build(process, session, tasks=tasks, resources=resources, protected=account.protected)
        for key in await load_patterns(session, parts.patterns):
            parts.request(key)
        process.phase = _start(process, session, parts, tasks=tasks, excess_permissions=account.excess_permissions)
        if not account.rbac_was_read:
            tasks.create_task(until_rbac_is_read(session, protected=account.protected), name="own-rbac")
        registry = handlers.registry(
            session=session,
            patterns=parts.patterns,
            wake=parts.request,
            reconciler=parts.reconciler,
            stop=tasks.stop,
        )
        await run_kopf(registry, shutdown=process.shutdown, until=(process.stop_requested, lost, tasks.failed))
        await tasks.stop()
        try:
            tasks.check()
        except Restored as error:
            raise CannotRun(str(error)) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What is put together; nothing of it runs yet. ``request`` wakes a pattern that somebody changed."""

    patterns: PatternStore
    trust: TrustPolicies
    policy_status_writer: PolicyStatusWriter
    queue: Queue[PatternKey]
    cluster: Cluster
    writer: StatusWriter
    recorder: EventRecorder
    reconciler: Reconciler
    request: Callable[[PatternKey], None]


def _build(
    process: Process,
    session: Session,
    *,
    tasks: BackgroundTasks,
    resources: Resources,
    protected: Protected,
) -> _Parts:
    """Make the reconciler and all that it needs."""
    clock = asyncio.get_running_loop().time
    patterns = PatternStore()
    queue = Queue[PatternKey](clock=clock, lanes=lambda key: reconciler.lanes(key))
    waker = Waker(queue, clock=clock)

    def notify(owner: str, notification: Notification) -> None:
        key = patterns.owned_by(owner)
        if key is not None:
            _log_notification(key, notification)
            waker.noticed(key, notification)

    def changed(owner: str, notification: Notification) -> None:
        notify(owner, notification)
        if notification.kind is NotificationKind.GONE:
            prerequisites.released([notification.key])

    def request(key: PatternKey) -> None:
        note_change(patterns.get(key), transfers=transfers, now=_now())
        waker.asked(key)

    discovery = Discovery(session)
    transfers = Transfers(on_change=notify, errors=process.internal_errors)
    managed_objects = ManagedObjects(
        session,
        tasks=tasks,
        on_change=changed,
        now=_now,
        on_problem=_log_watch_problem,
        listed=patterns.lists,
        on_unlisted=lambda owner, key: unlisted_report.note(owner, key),
    )
    unlisted_report = UnlistedReport(
        patterns,
        is_there=managed_objects.may_be_unlisted,
        emit=partial(record_event, resources.recorder),
        errors=process.internal_errors,
    )
    tasks.on_stop(unlisted_report.close)
    tasks.on_stop(managed_objects.close)
    tasks.on_stop(transfers.close)
    prerequisites = Prerequisites(session, discovery, wake=waker.found, tasks=tasks)
    tenancy = replace(process.settings.tenancy, own_user=protected.user)
    cluster = Cluster(
        patterns=patterns,
        managed=managed_objects,
        discovery=discovery,
        applier=Applier(
            session,
            discovery,
            managed_objects=managed_objects,
            holder=OwnerLookup(patterns),
            protected=protected,
            transfers=transfers,
        ),
        deleter=Deleter(session, discovery, managed_objects=managed_objects, protected=protected, transfers=transfers),
        dry_run=DryRun(session, discovery, managed_objects=managed_objects),
        transfers=transfers,
        protected=protected,
        tenancy=tenancy,
        executors=process.executors,
    )

    def config_changed(reader: Reader) -> None:
        if isinstance(reader, PatternKey):
            waker.found(reader)
        else:
            trust.material_changed(reader)

    config_sources = ConfigSources(session, wake=config_changed, tasks=tasks)
    trust = TrustPolicies(session, patterns, wake=waker.found, forget=lambda key: policies.forget(key), tasks=tasks)
    policies = Policies(config_sources, trust, namespace=process.lease_namespace, unsigned=process.settings.unsigned)
    verdicts = Verdicts(on_change=trust.changed.set)
    repositories = Repositories(
        registries=Registries(
            network=resources.network,
            configs=PullSecretReader(cpu=process.executors.cpu),
            tokens=TokenCache(),
            pull_records=PullRecords(),
            cache=resources.cache,
            executors=process.executors,
        ),
        config_sources=config_sources,
        policies=policies,
        verdicts=verdicts,
        sandbox=resources.sandbox,
        executors=process.executors,
        revocation=IssuerAnswers(
            IssuerClient(resources.network, f"pattern-operator/{__version__}"),
            executors=process.executors,
            now=lambda: datetime.now(UTC),
        ),
    )
    writer = StatusWriter(session, patterns, wake=waker.asked, cpu=process.executors.cpu)
    reconciler = Reconciler(
        patterns=patterns,
        ports=Ports(
            repositories=repositories,
            cluster=cluster,
            clock=clock,
            aside=lambda key: lambda after: queue.aside(key, after),
        ),
        prerequisites=prerequisites,
        writer=writer,
        recorder=resources.recorder,
        metrics=process.metrics,
        internal_errors=process.internal_errors,
        now=_now,
        waker=waker,
        kept=process.kept,
    )
    policy_status_writer = PolicyStatusWriter(
        session,
        trust=trust,
        policies=policies,
        patterns=patterns,
        verdicts=verdicts,
        cpu=process.executors.cpu,
        now=_now,
    )
    return _Parts(
        patterns=patterns,
        trust=trust,
        policy_status_writer=policy_status_writer,
        queue=queue,
        cluster=cluster,
        writer=writer,
        recorder=resources.recorder,
        reconciler=reconciler,
        request=request,
    )


def _start(
    process: Process, session: Session, parts: _Parts, *, tasks: BackgroundTasks, excess_permissions: str
) -> Running:
    """Begin the work in ``tasks``; what the probes look at from now on."""
    clock, queue, reconciler = asyncio.get_running_loop().time, parts.queue, parts.reconciler

    def keep() -> None:
        process.kept = reconciler.what_is_kept()

    tasks.on_stop(keep)
    explainer = WorkloadDiagnosis(
        patterns=parts.patterns,
        managed_objects=parts.cluster.managed,
        tenancy=parts.cluster.tenancy,
        look=lambda key, user: (diagnose_pvc if key.group_kind == PVC else diagnose_pods)(
            session, parts.cluster.discovery, key, impersonate=user
        ),
        on_cause=lambda pattern, words: parts.recorder.event(
            pattern, kind="Warning", reason=Reason.UNHEALTHY, action=Stage.HEALTH.value, note=words
        ),
        tasks=tasks,
        internal_errors=process.internal_errors,
    )
    watchdog = Watchdog(clock=clock, overdue=lambda: queue.overdue, watches=lambda: session.watches)
    run = explainer.after(watchdog.tracking(reconciler.run))
    deletion_watch = DeletionWatch(session, parts.patterns, on_gone=lambda key, uid: reconciler.forget(key, uid=uid))
    concurrency = process.settings.concurrency
    queue_report = QueueReport(
        queue,
        parts.patterns,
        parts.writer,
        workers=concurrency,
        now=_now,
        clock=clock,
        report_repair=reconciler.report_waiting_repair,
    )
    process.metrics.watch_patterns(parts.patterns.count_ready, lambda: queue.overdue)
    process.metrics.watch_share(lambda: queue.largest_share)
    parts.trust.start()
    tasks.create_task(parts.policy_status_writer.run(process.internal_errors), name="policy status")
    tasks.create_task(parts.recorder.run(), name="events")
    tasks.create_task(queue.work(run, concurrency=concurrency), name="queue")
    tasks.create_task(watchdog.watch_over(), name="watchdog")
    tasks.create_task(deletion_watch.run(), name="deletion watch")
    tasks.create_task(queue_report.watch(process.internal_errors), name="queue report")
    return Running(
        watchdog=watchdog,
        own_permissions=session.own_permissions,
        queue_report=queue_report,
        message=f"works; too many rights: {excess_permissions}" if excess_permissions else "works",
    )


def _log_notification(pattern: PatternKey, notification: Notification) -> None:
    logger.debug(
        "managed object changed: pattern=%s object=%s event=%s",
        pattern,
        notification.key,
        notification.kind,
        extra=about_name(pattern.namespace, pattern.name),
    )


def _log_watch_problem(resource: Resource, error: ApiError) -> None:
    logger.warning("cannot watch: resource=%s.%s: %s", resource.plural, resource.group, error)


def _now() -> datetime:
    return datetime.now(UTC)

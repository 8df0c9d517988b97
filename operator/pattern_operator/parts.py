"""Puts the parts of the operator together; nothing of it runs yet."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from pattern_operator import __version__
from pattern_operator.aio import BackgroundTasks
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
from pattern_operator.apply.hooks import HookObjects
from pattern_operator.conditions.process import ConditionProcesses
from pattern_operator.health_checks.processes import CheckProcesses
from pattern_operator.kube import ApiError, Discovery, Resource, Session
from pattern_operator.kube.capabilities import ServerCapabilities
from pattern_operator.manager import Process
from pattern_operator.reconcile import (
    Cluster,
    ConfigSources,
    ObjectJudge,
    OwnerLookup,
    PatternKey,
    PatternStore,
    Policies,
    PolicyStatusWriter,
    Ports,
    Prerequisites,
    Queue,
    Reconciler,
    Registries,
    Repositories,
    StatusWriter,
    TrustPolicies,
    UnlistedReport,
    Verdicts,
    Waker,
    note_change,
)
from pattern_operator.reconcile.config_sources import Reader
from pattern_operator.reconcile.reporting import record_event
from pattern_operator.reconcile.revocation import IssuerAnswers
from pattern_operator.resources import Resources
from pattern_operator.source import AddressSpace, IssuerClient, PullRecords, PullSecretReader, TokenCache
from pattern_operator.telemetry import EventRecorder, about_name

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
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


def build(
    process: Process,
    session: Session,
    *,
    tasks: BackgroundTasks,
    resources: Resources,
    protected: Protected,
) -> Parts:
    """Make the reconciler and all that it needs."""
    clock = asyncio.get_running_loop().time
    patterns = PatternStore(on_change=lambda key: prerequisites.pattern_changed(key))
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
    checks = CheckProcesses(process.executors)
    tenancy = replace(process.settings.tenancy, own_user=protected.user)
    managed_objects = ManagedObjects(
        session,
        tasks=tasks,
        on_change=changed,
        now=_now,
        on_problem=_log_watch_problem,
        listed=patterns.lists,
        on_unlisted=lambda owner, key: unlisted_report.note(owner, key),
        judge=ObjectJudge(checks, patterns=patterns, session=session, discovery=discovery, tenancy=tenancy),
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
    tasks.on_stop(checks.close)
    prerequisites = Prerequisites(session, discovery, wake=waker.found, tasks=tasks)
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
        hooks=HookObjects(session, discovery, managed_objects=managed_objects),
        transfers=transfers,
        protected=protected,
        tenancy=tenancy,
        executors=process.executors,
        checks=checks,
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
    conditions = ConditionProcesses()

    def issuers(reach: AddressSpace) -> IssuerAnswers:
        client = IssuerClient(resources.network, f"pattern-operator/{__version__}", reach)
        return IssuerAnswers(client, executors=process.executors, now=lambda: datetime.now(UTC))

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
        capabilities=ServerCapabilities(session, discovery),
        executors=process.executors,
        conditions=conditions,
        revocation=issuers(AddressSpace.HOST),
        own_revocation=issuers(AddressSpace.PUBLIC),
        secrets=resources.secrets,
    )
    writer = StatusWriter(session, patterns, wake=waker.asked, cpu=process.executors.cpu, secrets=resources.secrets)
    reconciler = Reconciler(
        patterns=patterns,
        ports=Ports(
            repositories=repositories,
            cluster=cluster,
            clock=clock,
            aside=lambda key: lambda after: queue.aside(key, after),
            secrets=resources.secrets,
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
        conditions=conditions,
        cpu=process.executors.cpu,
        now=_now,
        report=process.metrics.trust_policies,
    )
    return Parts(
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

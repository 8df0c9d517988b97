"""Runs the parts of the operator as long as this process leads."""

import asyncio
from datetime import UTC, datetime

from pattern_operator import handlers
from pattern_operator.aio import BackgroundTasks, background_tasks
from pattern_operator.api.reason import Reason
from pattern_operator.api.stage import Stage
from pattern_operator.apply.pod_diagnosis import diagnose_pods
from pattern_operator.apply.pvc_diagnosis import PVC, diagnose_pvc
from pattern_operator.health import Running
from pattern_operator.kopf_runner import run_kopf
from pattern_operator.kube import Session
from pattern_operator.manager import CannotRun, Process
from pattern_operator.parts import Parts, build
from pattern_operator.reconcile import (
    DeletionWatch,
    QueueReport,
    Restored,
    WorkloadDiagnosis,
)
from pattern_operator.resources import Resources
from pattern_operator.startup import load_patterns, own_account, until_rbac_is_read
from pattern_operator.watchdog import Watchdog


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
        parts = build(process, session, tasks=tasks, resources=resources, protected=account.protected)
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


def _start(
    process: Process, session: Session, parts: Parts, *, tasks: BackgroundTasks, excess_permissions: str
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


def _now() -> datetime:
    return datetime.now(UTC)

"""Runs the operator until SIGTERM or SIGINT: leader election, restarts after an error, shutdown in time.

All state is in the cluster; the process holds only caches. So work that ends by an error starts again with nothing, in
the same process, and finds everything again. What the work is, ``app`` says.
"""

import asyncio
import logging
import time
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from pattern_operator.aio import TasksStillRunning
from pattern_operator.executors import Executors
from pattern_operator.health import Electing, NotReady, Phase, Starting, is_leader, liveness_error, readiness
from pattern_operator.internal_errors import InternalErrors
from pattern_operator.kube import (
    ApiError,
    CredentialsError,
    Endpoint,
    LeaderElector,
    Session,
    holder_is_dead,
    identity,
    lease_namespace,
    load,
)
from pattern_operator.reconcile import State
from pattern_operator.settings import Settings
from pattern_operator.shutdown import Shutdown
from pattern_operator.telemetry import HealthServer, Metrics, observe_loop_lag

logger = logging.getLogger(__name__)

LEASE_NAME = "pattern-operator"
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0  # seconds before work that ended by an error starts again
STABLE_RUN = 60.0  # seconds after which earlier failures no longer lengthen the pause
GRACE = 10.0  # seconds between the signal and the cancellation of the work; ``shutdown.GRACE`` is the hard end


class CannotRun(Exception):
    """The work cannot start, or not go on; the message says why. It is retried, and no traceback is logged."""


@dataclass(slots=True)
class Process:
    """What outlives one run. ``phase`` is what the process does now, ``kept`` what the next run may still believe."""

    settings: Settings
    executors: Executors
    shutdown: Shutdown
    metrics: Metrics = field(default_factory=Metrics)
    phase: Phase = field(default=NotReady("starting"))
    kept: dict[str, State] = field(default_factory=dict)  # of patterns, by UID
    internal_errors: InternalErrors = field(init=False)

    def __post_init__(self) -> None:
        self.internal_errors = InternalErrors(self.metrics.internal_error)

    @property
    def stop_requested(self) -> asyncio.Event:
        """Set by SIGTERM and SIGINT."""
        return self.shutdown.requested

    @property
    def lease_namespace(self) -> str:
        """Where the Lease is."""
        return self.settings.lease_namespace or lease_namespace()

    def open_session(self, endpoint: Endpoint) -> AbstractAsyncContextManager[Session]:
        """A session whose requests and internal errors are counted."""
        return Session.open(endpoint, on_request=self.metrics.request, internal_errors=self.internal_errors)

    def record_stray_error(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Count what was raised where nobody waits for it: in a call of the loop, or a task that was forgotten."""
        error = context.get("exception")
        if isinstance(error, Exception):
            self.internal_errors.record("loop", error)


class Work(Protocol):
    """What the leader does until the process is to stop or ``lost`` is set. It may raise anything."""

    async def __call__(self, process: Process, session: Session, /, *, lost: asyncio.Event) -> None:
        """Work as the leader."""


async def run(settings: Settings, work: Work) -> int:
    """Run until SIGTERM or SIGINT; the exit code."""
    host, port = settings.metrics
    async with AsyncExitStack() as stack:
        process = Process(settings, stack.enter_context(Executors.open()), Shutdown())
        process.shutdown.install_signal_handlers()
        asyncio.get_running_loop().set_exception_handler(process.record_stray_error)
        probes = HealthServer(
            metrics=process.metrics,
            readiness=lambda: readiness(process.phase),
            liveness_error=lambda: liveness_error(process.phase),
        )
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
        await run_with_restarts(process, work)
    logger.info("stopped as requested")
    return 0


async def run_with_restarts(process: Process, work: Work) -> None:
    """Run ``work`` again and again until the process is to stop, with a pause after each end that grows."""
    pause = FIRST_PAUSE
    while not process.stop_requested.is_set():
        started = time.monotonic()
        await _until_stop(process, run_once(process, work))
        if time.monotonic() - started > STABLE_RUN:
            pause = FIRST_PAUSE
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await process.stop_requested.wait()
        pause = min(pause * 2, LONGEST_PAUSE)


async def _until_stop(process: Process, once: Coroutine[None, None, None]) -> None:
    """Wait for ``once``. When the process is to stop, a leader has a grace to end by itself; a candidate has none."""
    running, stopping = asyncio.create_task(once), asyncio.create_task(process.stop_requested.wait())
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if is_leader(process.phase) and not running.done():
        await asyncio.wait({running}, timeout=GRACE)
    running.cancel()
    await asyncio.wait({running})
    if not running.cancelled():
        running.result()


async def run_once(process: Process, work: Work) -> None:
    """Run ``work`` as the leader; whatever ends it is logged, and is not the end of the process."""
    try:
        await run_as_leader(process, work)
        process.phase = NotReady("starts again: it does not lead any more")
    except (CredentialsError, CannotRun, ApiError) as error:
        process.phase = NotReady(f"cannot work: {error}")
        logger.error("cannot work, trying again: %s", error)  # noqa: TRY400 - the message is all there is to know
    except TasksStillRunning as error:  # to start again would be to do the same work twice at once
        process.phase = NotReady(f"exits: {error}")
        process.shutdown.exit_now(str(error))
    except Exception as error:  # a defect, kopf's or ours: the cluster holds all state, so a restart is safe
        process.phase = NotReady("restarts after a failure: see the log")
        process.internal_errors.record("manager", error)
        logger.exception("the work ended by an error, restarting")


async def run_as_leader(process: Process, work: Work) -> None:
    """Become the leader, and run ``work`` as long as this process is.

    Raises:
        CredentialsError: nothing says how to reach the API server.
        Exception: whatever ``work`` raises.
    """
    settings, namespace = process.settings, process.lease_namespace
    endpoint = await load(disk=process.executors.disk, kubeconfig=settings.kubeconfig, context=settings.context)
    # kopf closes the session that it is given, and the Lease is given back after kopf: so each has its own.
    async with process.open_session(endpoint) as session:
        elector = LeaderElector(
            session, namespace=namespace, name=LEASE_NAME, identity=identity(), holder_is_dead=holder_is_dead
        )
        message = f"looks for the Lease {namespace}/{LEASE_NAME}: the log says what is in the way"
        process.phase = Electing(elector, message)
        async with elector.acquire() as lost, process.open_session(endpoint) as working:
            logger.info("leads: lease=%s/%s server=%s", namespace, LEASE_NAME, endpoint.server)
            process.phase = Starting("leads, and reads what there is")
            await work(process, working, lost=lost)

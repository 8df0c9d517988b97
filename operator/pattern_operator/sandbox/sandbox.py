"""The sandbox as the steps of a pattern see it: layers in, a rendering out, or one typed error of that pattern."""

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final, Self

from pattern_operator.api.reason import Reason
from pattern_operator.api.report import Rendering
from pattern_operator.api.stage import Stage
from pattern_operator.errors import PatternError, Stalled, Transient
from pattern_operator.executors import Executors, run_in
from pattern_operator.limits import (
    KIB,
    MAX_OBJECT,
    MAX_OBJECT_VALUES,
    MAX_RENDERED,
    MAX_REPORT,
    MIB,
    RENDERING_MEMORY,
    SMALL_MEMORY,
)
from pattern_operator.sandbox import wire
from pattern_operator.sandbox.build import BuildRefused, Layers, Plan, build_if_small
from pattern_operator.sandbox.handover import as_files
from pattern_operator.sandbox.pool import CannotStart, Pool, WorkerDied, WorkerLimits
from pattern_operator.sandbox.shares import Shares, TooMuch

logger = logging.getLogger(__name__)

PATIENCE: Final = 60.0  # seconds that a pattern waits for a worker, or for memory, before it tries again later
_SMALL_COST: Final = 768 * KIB  # of what is built in a thread: a report on each of its parts, and its objects
_TRIES: Final = 2  # of a job whose worker somebody else killed: once may be bad luck
_TIMES: Final = "twice"  # the tries, in words


class Sandbox:
    """Builds renderings. For use by one event loop; ``open`` ends the workers with the block."""

    def __init__(self, *, executors: Executors, limits: WorkerLimits) -> None:
        self._executors = executors
        self._limits = limits
        self._pool = Pool(limits)
        # One worker is left for other namespaces, whoever comes with how much.
        self._workers = Shares(limits.count, share=max(1, limits.count - 1))
        self._memory = Shares(RENDERING_MEMORY, share=RENDERING_MEMORY // 3)
        self._small = Shares(SMALL_MEMORY, share=SMALL_MEMORY // 4)  # apart: small patterns never wait for large ones

    @classmethod
    @asynccontextmanager
    async def open(cls, *, executors: Executors, limits: WorkerLimits) -> AsyncIterator[Self]:
        """A sandbox whose workers end with the block."""
        sandbox = cls(executors=executors, limits=limits)
        try:
            yield sandbox
        finally:
            await sandbox._pool.close()

    @asynccontextmanager
    async def rendered(self, plan: Plan, layers: Layers, *, tenant: str) -> AsyncIterator[Rendering]:
        """The rendering of an artifact during the block, whose memory counts for ``tenant`` until it ends.

        ``layers`` are read before the block begins.

        Raises:
            BuildRefused: the artifact cannot be built: it is not a pattern, not safe, or takes more than one may. It is
                not to be retried.
            Transient: OPERATOR_BUSY: others take what there is; WORKER_FAILED: no worker does the job.
        """
        async with AsyncExitStack() as stack:
            yield await self._built(plan, layers, tenant=tenant, stack=stack)

    async def _built(self, plan: Plan, layers: Layers, *, tenant: str, stack: AsyncExitStack) -> Rendering:
        """Build it, and hold its memory until ``stack`` is closed."""
        cpu = self._executors.of(tenant).cpu
        async with AsyncExitStack() as small:
            await self._hold(self._small, _SMALL_COST, stack=small, tenant=tenant, context=plan.context)
            rendering = await run_in(cpu, build_if_small, plan, layers)
            if rendering is not None:
                stack.push_async_exit(small.pop_all())
                return rendering
        try:
            async with self._workers.hold(tenant, 1, patience=PATIENCE):
                answer = await self._ask(plan, layers, tenant=tenant)
                price = await run_in(cpu, wire.cost, answer)
                await self._hold(self._memory, price, stack=stack, tenant=tenant, context=plan.context)
                return self._rendering(await run_in(cpu, wire.decode_answer, answer), plan=plan)
        except TimeoutError as error:
            who = _who(tenant if self._workers.is_used_up(tenant, 1) else None)
            raise _busy(plan.context, "a process to render it in", who=who) from error
        except wire.BrokenAnswer as error:
            raise self._failed(plan, f"what it answered is not understood: {error}") from error

    async def _hold(self, memory: Shares, amount: int, *, stack: AsyncExitStack, tenant: str, context: str) -> None:
        try:
            await stack.enter_async_context(memory.hold(tenant, amount, patience=PATIENCE))
        except TooMuch as error:
            share = memory.share // MIB
            raise _refused(
                context, f"its objects and the report on them take more than {share} MiB of memory"
            ) from error
        except TimeoutError as error:
            who = _who(tenant if memory.is_used_up(tenant, amount) else None)
            raise _busy(context, "memory for its objects", who=who) from error

    async def _ask(self, plan: Plan, layers: Layers, *, tenant: str) -> bytes:
        """Let a worker do it; one that somebody else killed is replaced once."""
        message = wire.encode_request(wire.Request(plan=plan, layers=tuple(layer for layer, _ in layers)))
        for left in reversed(range(_TRIES)):
            try:
                with as_files([file for _, file in layers]) as files:
                    return await self._pool.run(tenant, message, files)
            except WorkerDied as death:
                if death.how == "killed" and left:
                    continue
                raise self._dead(plan, death) from death
            except CannotStart as error:
                raise Transient(
                    reason=Reason.OPERATOR_BUSY,
                    message=f"{plan.context}: no process to render it in can be started: {error}; it is retried."
                    " If this persists, give the operator more memory and processor time.",
                ) from error
        raise AssertionError("the last try returns or raises")

    def _dead(self, plan: Plan, death: WorkerDied) -> BuildRefused:
        limits = self._limits
        why = {
            "cpu": f"to unpack and render it takes more than {limits.cpu_seconds} s of a processor",
            "time": f"to unpack and render it takes more than {limits.seconds:.0f} s",
            "killed": f"the process that rendered it was killed {_TIMES}, as happens where memory is short",
            "crashed": f"the process that rendered it crashed (status {death.status})",
        }[death.how]
        logger.warning("a worker died: artifact=%s how=%s status=%s", plan.context, death.how, death.status)
        return _refused(plan.context, why)

    def _rendering(self, answer: Rendering | wire.TooLarge | wire.Defect, *, plan: Plan) -> Rendering:
        match answer:
            case Rendering():
                return answer
            case wire.TooLarge(limit=wire.MEMORY):
                most = self._limits.memory // MIB
                raise _refused(plan.context, f"to unpack and render it takes more than {most} MiB of memory")
            case wire.TooLarge(limit=wire.RENDERED):
                raise _refused(plan.context, f"its objects have more than {MAX_RENDERED // MIB} MiB together")
            case wire.TooLarge(limit=wire.OBJECT, name=title):
                found = title or "one of its objects"
                raise _refused(
                    plan.context, f"{found} has more than {MAX_OBJECT // MIB} MiB or {MAX_OBJECT_VALUES} values"
                )
            case wire.TooLarge():
                raise _refused(plan.context, f"the report on its components has more than {MAX_REPORT // MIB} MiB")
            case wire.Defect():
                raise self._failed(plan, f"internal error: {answer.where}")

    def _failed(self, plan: Plan, why: str) -> PatternError:
        logger.error("a worker failed: artifact=%s: %s", plan.context, why)
        return Transient(
            reason=Reason.INTERNAL_ERROR,
            message=f"{plan.context} could not be rendered because of an internal error of the operator; it is"
            " retried. Please report it with the operator's log.",
        )


def _refused(context: str, why: str) -> BuildRefused:
    error = Stalled(
        reason=Reason.RESOURCE_LIMIT_EXCEEDED,
        message=f"{context}: {why}, which is more than one pattern may. Split it, or name a part of it in"
        " spec.source.layer.path.",
    )
    return BuildRefused(Stage.RENDER, error)


def _who(tenant: str | None) -> str:
    """Who has what was waited for; ``tenant`` is the pattern's own namespace where that has its share."""
    return f"namespace {tenant} has its share in use" if tenant is not None else "other namespaces have it"


def _busy(context: str, thing: str, *, who: str) -> Transient:
    return Transient(
        reason=Reason.OPERATOR_BUSY,
        message=f"{context} waited for {PATIENCE:.0f} s for {thing}: {who}; it is retried. If this persists, see"
        " which patterns are large, or give the operator more memory and --workers.",
    )

"""The sandbox as the steps of a pattern see it: layers in, a rendering out, or one typed error of that pattern."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Final, Self

from pattern_operator.api.capabilities import Capabilities
from pattern_operator.api.hook import MAX_HOOKS
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
    RENDERING_CACHE,
    RENDERING_MEMORY,
    SMALL_MEMORY,
)
from pattern_operator.sandbox import run_wire, wire
from pattern_operator.sandbox.build import BuildRefused, Layers, Plan, build_if_small
from pattern_operator.sandbox.handover import as_files
from pattern_operator.sandbox.pool import CannotStart, Pool, WorkerDied, WorkerLimits
from pattern_operator.sandbox.programs import ProgramPaths, Programs, remove_left
from pattern_operator.sandbox.rendering_cache import RenderingCache, UnderWay, key_of_installation, rendering_key
from pattern_operator.sandbox.shares import Shares, TooMuch

Cluster = Callable[[], Awaitable[Capabilities]]  # what a chart may know of the cluster that it is rendered for

logger = logging.getLogger(__name__)

PATIENCE: Final = 60.0  # seconds that a pattern waits for a worker, or for memory, before it tries again later
_SMALL_COST: Final = 768 * KIB  # of what is built in a thread: a report on each of its parts, and its objects
_OF_CHARTS: Final = ("Auto", "Helm")  # formats
_TRIES: Final = 2  # of a job whose worker somebody else killed: once may be bad luck
_TIMES: Final = "twice"  # the tries, in words


class Sandbox:
    """Builds renderings. For use by one event loop; ``open`` ends the workers with the block."""

    def __init__(self, *, executors: Executors, limits: WorkerLimits, programs: Programs) -> None:
        self._executors = executors
        self._programs = programs
        self._limits = limits
        self._pool = Pool(limits)
        self._kept = RenderingCache(RENDERING_CACHE, share=RENDERING_CACHE // 4)
        self._under_way = UnderWay()
        # One worker is left for other namespaces, whoever comes with how much.
        self._workers = Shares(limits.count, share=max(1, limits.count - 1))
        self._memory = Shares(RENDERING_MEMORY, share=RENDERING_MEMORY // 3)
        self._small = Shares(SMALL_MEMORY, share=SMALL_MEMORY // 4)  # apart: small patterns never wait for large ones

    @classmethod
    @asynccontextmanager
    async def open(
        cls, *, executors: Executors, limits: WorkerLimits, programs: ProgramPaths | None = None
    ) -> AsyncIterator[Self]:
        """A sandbox whose workers end with the block; without ``programs`` it renders what needs none."""
        sandbox = cls(executors=executors, limits=limits, programs=Programs(programs or ProgramPaths()))
        await run_in(executors.disk, remove_left)
        try:
            yield sandbox
        finally:
            await sandbox._pool.close()

    @asynccontextmanager
    async def rendered(
        self, plan: Plan, layers: Layers, *, tenant: str, installation: str = "", cluster: Cluster | None = None
    ) -> AsyncIterator[Rendering]:
        """The rendering of an artifact during the block, whose memory counts for ``tenant`` until it ends.

        ``layers`` are read before the block begins. ``installation`` names what the artifact is rendered for: what is
        made up for it is remembered for it alone, and without a name is not remembered. ``cluster`` is asked for what
        may be a chart; what it raises, this raises.

        Raises:
            BuildRefused: the artifact cannot be built: it is not a pattern, not safe, or takes more than one may. It is
                not to be retried.
            Transient: OPERATOR_BUSY: others take what there is; WORKER_FAILED: no worker does the job.
        """
        async with AsyncExitStack() as stack:
            rendering = await self._built_if_small(plan, layers, tenant=tenant, stack=stack)
            if rendering is None:
                told = await _with_capabilities(plan, cluster)
                rendering = await self._built(told, layers, tenant=tenant, installation=installation, stack=stack)
            yield rendering

    async def _built_if_small(
        self, plan: Plan, layers: Layers, *, tenant: str, stack: AsyncExitStack
    ) -> Rendering | None:
        """Build it, and hold its memory until ``stack`` is closed."""
        cpu = self._executors.of(tenant).cpu
        async with AsyncExitStack() as small:
            await self._hold(self._small, _SMALL_COST, stack=small, tenant=tenant, context=plan.context)
            rendering = await run_in(cpu, build_if_small, plan, layers)
            if rendering is not None:
                stack.push_async_exit(small.pop_all())
            return rendering

    async def _built(
        self, plan: Plan, layers: Layers, *, tenant: str, installation: str, stack: AsyncExitStack
    ) -> Rendering:
        """Let a worker build it, or take what one built or builds; its memory is held until ``stack`` is closed."""
        cpu = self._executors.of(tenant).cpu
        message = wire.encode_request(wire.Request(plan=plan, layers=tuple(layer for layer, _ in layers)))
        key = await run_in(cpu, rendering_key, message, layers)
        async with self._under_way.first(tenant, key):
            own = key_of_installation(key, installation) if installation else b""
            return await self._kept_or_made(plan, message, layers, key=key, own=own, tenant=tenant, stack=stack)

    async def _kept_or_made(
        self, plan: Plan, message: bytes, layers: Layers, *, key: bytes, own: bytes, tenant: str, stack: AsyncExitStack
    ) -> Rendering:
        """As ``_built``; ``key`` is of an answer that all may get, ``own`` of one that is kept for one installation."""
        try:
            if (kept := self._kept.get(tenant, key) or self._kept.get(tenant, own)) is not None:
                return await self._decoded(kept, plan, tenant=tenant, stack=stack)
            async with self._workers.hold(tenant, 1, patience=PATIENCE):
                answer = await self._ask(plan, message, layers, tenant=tenant)
                rendering = await self._decoded(answer, plan, tenant=tenant, stack=stack)
        except TimeoutError as error:
            who = _who(tenant if self._workers.is_used_up(tenant, 1) else None)
            raise _busy(plan.context, "a process to render it in", who=who) from error
        except wire.BrokenAnswer as error:
            raise self._failed(plan, f"what it answered is not understood: {error}") from error
        if rendering.repeatable or own:
            self._kept.put(tenant, key if rendering.repeatable else own, answer)
        return rendering

    async def _decoded(self, answer: bytes, plan: Plan, *, tenant: str, stack: AsyncExitStack) -> Rendering:
        cpu = self._executors.of(tenant).cpu
        price = await run_in(cpu, wire.cost, answer)
        await self._hold(self._memory, price, stack=stack, tenant=tenant, context=plan.context)
        return self._rendering(await run_in(cpu, wire.decode_answer, answer), plan=plan)

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

    async def _ask(self, plan: Plan, message: bytes, layers: Layers, *, tenant: str) -> bytes:
        """Let a worker do it; one that somebody else killed is replaced once."""
        for left in reversed(range(_TRIES)):
            try:
                with as_files([file for _, file in layers]) as files:
                    programs = partial(self._run_program, tenant=tenant)
                    return await self._pool.run(tenant, message, files, programs=programs)
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

    async def _run_program(self, message: bytes, *, tenant: str) -> bytes:
        """Do the run that a worker asks for, and answer it; who has a worker has no other run at the same time."""
        executors = self._executors.of(tenant)
        run = await run_in(executors.cpu, run_wire.decode_run, message)
        try:
            output = await self._programs.run(run, disk=executors.disk)
        except Stalled as error:
            raise BuildRefused(Stage.RENDER, error) from error
        return await run_in(executors.cpu, run_wire.encode_output, output)

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
            case wire.TooLarge(limit=wire.HOOKS):
                raise _refused(plan.context, f"it has more than {MAX_HOOKS} hooks")
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


async def _with_capabilities(plan: Plan, cluster: Cluster | None) -> Plan:
    if cluster is None or plan.options.format not in _OF_CHARTS:
        return plan
    found = await cluster()
    options = replace(plan.options, kube_version=found.kube_version, api_versions=found.api_versions)
    return replace(plan, options=options)


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

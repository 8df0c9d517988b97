"""The rendering of what runs, made again of its artifact: for objects that drifted, no rendering is kept."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from pattern_operator import limits
from pattern_operator.api.report import Rendering
from pattern_operator.api.stage import Stage
from pattern_operator.reconcile.deadline import RegistryTimeout
from pattern_operator.reconcile.desired import DesiredState
from pattern_operator.reconcile.generated import with_kept_values
from pattern_operator.reconcile.run import Run
from pattern_operator.reconcile.state import Refused
from pattern_operator.reconcile.steps.fetch import fetch
from pattern_operator.reconcile.steps.render import Unbuildable, render
from pattern_operator.source import ResolvedManifest


@asynccontextmanager
async def running_rendering(run: Run, desired: DesiredState) -> AsyncIterator[Rendering]:
    """The rendering of what runs, during the block; its artifact was verified when it was applied.

    Raises:
        Stalled, Transient: as ``rendering_of``.
    """
    registry_timeout = run.uninterrupted_timeout(limits.MAX_RECALL_OF_REGISTRY)
    reading = run.repositories.manifest(run.pattern, desired, waits=registry_timeout.waits)
    artifact = await registry_timeout.wait(reading, stage=Stage.APPLY)
    async with rendering_of(run, desired, artifact, registry_timeout=registry_timeout) as rendering:
        yield rendering


@asynccontextmanager
async def rendering_of(
    run: Run, desired: DesiredState, artifact: ResolvedManifest, *, registry_timeout: RegistryTimeout
) -> AsyncIterator[Rendering]:
    """The rendering of an artifact that was verified, during the block.

    Raises:
        Stalled, Transient: it cannot be fetched or rendered; the state keeps what is so whatever is tried.
    """
    known = run.state.caches.why_unbuildable(desired)
    if known is not None:
        raise known.error
    async with AsyncExitStack() as stack:
        async with AsyncExitStack() as files:
            pulling = fetch(run.pattern, desired, artifact, port=run.repositories, waits=registry_timeout.waits)
            fetched = await registry_timeout.wait(files.enter_async_context(pulling), stage=Stage.SOURCE)
            building = render(run.pattern, desired, artifact, fetched.layers, port=run.repositories)
            try:
                rendering = await stack.enter_async_context(building)
            except Unbuildable as failed:
                run.state = run.state.with_unbuildable(Refused(desired, failed.stage, failed.error))
                raise failed.error from failed
        yield await with_kept_values(run.pattern, desired, rendering, objects=run.state.objects, port=run.cluster)

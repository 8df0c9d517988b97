"""Render: the objects and the report of an artifact's layers."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Protocol

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.report import Rendering
from pattern_operator.reconcile.desired import DesiredState, layer, options
from pattern_operator.reconcile.results import StepError
from pattern_operator.sandbox import BuildRefused, Plan
from pattern_operator.sandbox.build import Layers
from pattern_operator.source import ResolvedManifest


class SandboxPort(Protocol):
    """Where what strangers wrote is unpacked and rendered."""

    def built(  # noqa: D102 - see repositories.Repositories
        self, pattern: DesignPattern, plan: Plan, layers: Layers
    ) -> AbstractAsyncContextManager[Rendering]: ...


class Unbuildable(StepError):
    """The artifact will not render whatever is tried: its bytes alone say so."""


@asynccontextmanager
async def render(
    pattern: DesignPattern, desired: DesiredState, artifact: ResolvedManifest, layers: Layers, *, port: SandboxPort
) -> AsyncIterator[Rendering]:
    """The objects and the report during the block; ``layers`` are read before it begins.

    Raises:
        Unbuildable: the artifact is not a pattern, or takes more than one may.
        Transient: the operator is busy.
    """
    plan = Plan(
        context=artifact.context,
        types=artifact.types,
        selector=layer(desired.layer),
        options=options(pattern, desired),
    )
    async with AsyncExitStack() as stack:
        try:
            rendering = await stack.enter_async_context(port.built(pattern, plan, layers))
        except BuildRefused as refused:
            raise Unbuildable(refused.stage, refused.error) from refused.__cause__
        yield rendering

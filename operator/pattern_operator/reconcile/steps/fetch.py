"""Fetch: the layers of an artifact. They are pulled only once it is verified: until then only its manifest is read."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.reconcile.desired import DesiredState
from pattern_operator.sandbox.build import Layers
from pattern_operator.source import ConnectionWaits, ResolvedManifest


class ContentPort(Protocol):
    """Where artifacts are read."""

    def layers(  # noqa: D102 - see repositories.Repositories
        self, pattern: DesignPattern, desired: DesiredState, artifact: ResolvedManifest, *, waits: ConnectionWaits
    ) -> AbstractAsyncContextManager[Layers]: ...


@dataclass(frozen=True, slots=True)
class Fetched:
    """An artifact and its layers, each with checked content that is open for reading."""

    artifact: ResolvedManifest
    layers: Layers


@asynccontextmanager
async def fetch(
    pattern: DesignPattern,
    desired: DesiredState,
    artifact: ResolvedManifest,
    *,
    port: ContentPort,
    waits: ConnectionWaits,
) -> AsyncIterator[Fetched]:
    """The layers that the spec selects, during the block.

    Raises:
        Stalled: they are not what the manifest says, or the registry does not show them to us.
        Transient: the registry could not be asked.
    """
    async with port.layers(pattern, desired, artifact, waits=waits) as layers:
        yield Fetched(artifact, layers)

"""DesignPatterns as they change, for a command that waits or goes on: all is watched, and nothing is asked twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pattern_operator.api.fields import ObjectMeta
from pattern_operator.cli import output
from pattern_operator.cli.session import Cluster
from pattern_operator.kube import ApiError, Projection, Reflector, WatchEvent
from pattern_operator.reconcile import DESIGN_PATTERN

_Told = WatchEvent | ApiError | None  # None: the first list is complete


@asynccontextmanager
async def changes(
    here: Cluster, *, name: str = "", selector: str = ""
) -> AsyncIterator[AsyncIterator[list[WatchEvent]]]:
    """Lists of changes: what there is at first, by name (it may be nothing), and then each change as it comes.

    An API server that stops answering later is waited for, and that is said once. To ask for the next list raises:
        Stalled, Transient, UsageError: as ``Cluster.refused``, where even the first list is refused.
    """
    told: asyncio.Queue[_Told] = asyncio.Queue()
    watch = Reflector(
        here.session,
        DESIGN_PATTERN,
        projection=Projection.FULL,
        on_change=told.put_nowait,
        on_problem=told.put_nowait,
        namespace=here.namespace,
        label_selector=selector,
        field_selector=f"metadata.name={name}" if name else "",
    )

    async def say_when_synced() -> None:
        await watch.synced.wait()
        told.put_nowait(None)

    tasks = [asyncio.create_task(each, name="watch of patterns") for each in (watch.run(), say_when_synced())]
    try:
        yield _lists(told, here=here)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _lists(told: asyncio.Queue[_Told], *, here: Cluster) -> AsyncIterator[list[WatchEvent]]:
    first: list[WatchEvent] = []
    while (each := await told.get()) is not None:
        if isinstance(each, ApiError):
            raise here.refused(each, verb="read") from each
        first.append(each)
    yield sorted(first, key=_key)
    while True:
        each = await told.get()
        if isinstance(each, WatchEvent):
            yield [each]
        elif each is not None:
            output.complain(f"{each.message.rstrip('.')}; what changes meanwhile is shown when it answers again")


def _key(change: WatchEvent) -> tuple[str, str]:
    meta = ObjectMeta.of(change.object)
    return meta.namespace, meta.name

"""Watches DesignPatterns, for commands that wait or print changes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pattern_operator.api.fields import ObjectMeta
from pattern_operator.cli import output
from pattern_operator.cli.session import Cluster
from pattern_operator.kube import ApiError, Projection, Reflector, WatchEvent
from pattern_operator.kube.wellknown import DESIGN_PATTERN

_News = WatchEvent | ApiError | None  # None: the first list is complete


@asynccontextmanager
async def watch_patterns(
    here: Cluster, *, name: str = "", selector: str = ""
) -> AsyncIterator[AsyncIterator[list[WatchEvent]]]:
    """Lists of changes: first all patterns by name (there may be none), then each change as it comes.

    When the API server stops answering later, that is printed once, and the watch waits. The iterator raises:
        Stalled, Transient, UsageError: as ``Cluster.translate``, where even the first list is refused.
    """
    news: asyncio.Queue[_News] = asyncio.Queue()
    watch = Reflector(
        here.session,
        DESIGN_PATTERN,
        projection=Projection.FULL,
        on_change=news.put_nowait,
        on_problem=news.put_nowait,
        namespace=here.namespace,
        label_selector=selector,
        field_selector=f"metadata.name={name}" if name else "",
    )

    async def say_when_synced() -> None:
        await watch.synced.wait()
        news.put_nowait(None)

    tasks = [asyncio.create_task(each, name="watch of patterns") for each in (watch.run(), say_when_synced())]
    try:
        yield _lists(news, here=here)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _lists(news: asyncio.Queue[_News], *, here: Cluster) -> AsyncIterator[list[WatchEvent]]:
    first: list[WatchEvent] = []
    while (each := await news.get()) is not None:
        if isinstance(each, ApiError):
            raise here.translate(each, verb="read") from each
        first.append(each)
    yield sorted(first, key=_key)
    while True:
        each = await news.get()
        if isinstance(each, WatchEvent):
            yield [each]
        elif each is not None:
            output.print_error(f"{each.message.rstrip('.')}; what changes meanwhile is shown when it answers again")


def _key(change: WatchEvent) -> tuple[str, str]:
    meta = ObjectMeta.of(change.object)
    return meta.namespace, meta.name

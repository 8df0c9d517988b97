"""The tasks of one life, watches and the queue: they begin with it, and end with it, together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Background:
    """The tasks of one life: watches and the queue. They end together."""

    tasks: asyncio.TaskGroup
    holder: asyncio.Task[None]
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def end(self) -> None:
        """Cancel all, and wait until they are gone."""
        self.holder.cancel()
        await asyncio.wait({self.holder})

    def check(self) -> None:
        """Raise what a task failed with, if one did."""
        if not self.holder.cancelled() and (error := self.holder.exception()) is not None:
            raise error


@asynccontextmanager
async def background() -> AsyncIterator[Background]:
    """Give tasks a place to run beside the block; one that fails ends the others, and ``ended`` is set."""
    opened: asyncio.Future[asyncio.TaskGroup] = asyncio.get_running_loop().create_future()
    holder = asyncio.create_task(_hold(opened), name="background")
    made = Background(await opened, holder)
    holder.add_done_callback(lambda _: made.ended.set())
    try:
        yield made
    finally:
        await made.end()


async def _hold(opened: asyncio.Future[asyncio.TaskGroup]) -> None:
    """Keep a task group open in a task of its own, so that cancelling the task ends the group."""
    async with asyncio.TaskGroup() as tasks:
        opened.set_result(tasks)
        await asyncio.Event().wait()

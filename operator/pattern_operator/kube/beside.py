"""Work that goes on beside a block of code and ends with it, so that neither outlives the other unnoticed."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any


@asynccontextmanager
async def beside(work: Coroutine[Any, Any, None], *, name: str) -> AsyncIterator[asyncio.Task[None]]:
    """Run ``work`` in a task while the block runs, and end it with the block; its error is raised then."""
    task = asyncio.create_task(work, name=name)
    try:
        yield task
    finally:
        task.cancel()
        # Not `await task` with CancelledError suppressed: a cancellation that is meant for us would be lost with it.
        await asyncio.wait({task})
        if not task.cancelled():
            task.result()

"""Work that goes on beside a block of code and ends with it, so that neither outlives the other unnoticed."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from pattern_operator.aio import cancel_and_wait


@asynccontextmanager
async def beside(work: Coroutine[Any, Any, None], *, name: str) -> AsyncIterator[asyncio.Task[None]]:
    """Run ``work`` in a task while the block runs, and end it with the block; its error is raised then."""
    task = asyncio.create_task(work, name=name)
    try:
        yield task
    finally:
        await cancel_and_wait({task})
        if not task.cancelled():
            task.result()

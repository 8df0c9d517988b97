"""One at a time for each object: between the look at an object and its apply no other pattern may come."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from pattern_operator.api.object import ObjectKey


class Turns:
    """Lets the first of those who want an object go, and then the next.

    The field manager is the same for every pattern, so the API server would let the second of two that both found
    nothing take the object over from the first.
    """

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[ObjectKey, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def of(self, key: ObjectKey) -> AsyncIterator[None]:
        """Wait for one's turn with the object, and have it for the block."""
        lock = self._locks.get(key)
        if lock is None:
            lock = self._locks[key] = asyncio.Lock()
        async with lock:
            yield

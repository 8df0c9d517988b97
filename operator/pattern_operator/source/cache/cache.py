"""The cache of the operator: small content comes from memory, without a thread, and all of it is on a disk."""

import asyncio
from contextlib import AbstractAsyncContextManager, suppress
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final

from pattern_operator.api.reference import Digest
from pattern_operator.executors import NOBODY, Threads
from pattern_operator.limits import CACHE_MEMORY, MAX_SMALL_CONTENT
from pattern_operator.source.cache.disk import CacheWriter, DiskCache
from pattern_operator.source.cache.entry import Entry
from pattern_operator.source.cache.memory import MemoryCache
from pattern_operator.source.cache.write_behind import WriteBehind

CLOSING: Final = 2.0  # seconds in which the last contents are written; 4 MiB, which is all that may wait, take less


class Cache:
    """As ``DiskCache``, with what is small in memory as well, and written to the disk later. For one event loop.

    What was in memory is not hashed again. All methods raise Transient (CACHE_UNAVAILABLE) as ``DiskCache``; where a
    write that nobody waited for failed, the next one that brings content raises.
    """

    def __init__(self, directory: Path, *, max_size: int, disk: Threads, memory: int = CACHE_MEMORY) -> None:
        self._disk = DiskCache(directory, max_size=max_size, disk=disk)
        self._memory = MemoryCache(max_size=memory, max_content=MAX_SMALL_CONTENT)
        self._behind = WriteBehind(self._disk.put_all, disk=disk)

    async def get(self, digest: Digest, *, scope: str, tenant: str = NOBODY) -> bytes | None:
        """The content of ``scope`` that ``digest`` names, or None."""
        entry = Entry.of(scope, digest)
        content = self._memory.get(entry)
        if content is not None or self._disk.is_missing(digest, scope=scope):
            return content
        content = await self._disk.get(digest, scope=scope, tenant=tenant)
        if content is not None:
            self._memory.put(entry, content)
        return content

    async def open(self, digest: Digest, *, size: int, scope: str, tenant: str = NOBODY) -> BinaryIO | None:
        """The content of ``scope`` that ``digest`` names, open at its beginning; None where it is not there whole.

        It can be read to its end whatever becomes of the cache. The caller closes it.
        """
        if not self._memory.takes(size):
            if self._disk.is_missing(digest, scope=scope):
                return None
            return await self._disk.open(digest, size=size, scope=scope, tenant=tenant)
        content = await self.get(digest, scope=scope, tenant=tenant)
        return BytesIO(content) if content is not None and len(content) == size else None

    def writer(self, digest: Digest, *, scope: str, tenant: str = NOBODY) -> AbstractAsyncContextManager[CacheWriter]:
        """Write large content of ``scope`` piece by piece, as ``DiskCache.writer``."""
        return self._disk.writer(digest, scope=scope, tenant=tenant)

    async def put(self, digest: Digest, content: bytes, *, scope: str, tenant: str = NOBODY) -> None:
        """Keep ``content`` of ``scope``, whose digest the caller has checked."""
        entry = Entry.of(scope, digest)
        if not (self._memory.takes(len(content)) and self._behind.add(entry, content)):
            await self._disk.put(digest, content, scope=scope, tenant=tenant)
            self._behind.recovered()
        self._memory.put(entry, content)

    async def flush(self) -> None:
        """Wait until all that was put is on the disk."""
        await self._behind.flush()

    async def aclose(self) -> None:
        """Let all that was put come to the disk, within ``CLOSING`` seconds: what does not is pulled again some day.

        The next ``Cache`` of the directory, be it of this process, would take what is being written for left-overs.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSING):
                await self.flush()

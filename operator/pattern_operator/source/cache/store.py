"""What a pull needs of a cache, whichever it is."""

from contextlib import AbstractAsyncContextManager
from typing import BinaryIO, Protocol

from pattern_operator.api.reference import Digest
from pattern_operator.source.cache.disk import CacheWriter


class ContentStore(Protocol):
    """``Cache`` in the operator, ``DiskCache`` in a command: see there."""

    async def get(self, digest: Digest, *, scope: str, tenant: str = ...) -> bytes | None:
        """The content of ``scope`` that ``digest`` names, or None."""

    async def open(self, digest: Digest, *, size: int, scope: str, tenant: str = ...) -> BinaryIO | None:
        """As ``get``, open at its beginning."""

    def writer(self, digest: Digest, *, scope: str, tenant: str = ...) -> AbstractAsyncContextManager[CacheWriter]:
        """Write content piece by piece."""

    async def put(self, digest: Digest, content: bytes, *, scope: str, tenant: str = ...) -> None:
        """Keep ``content``, whose digest the caller has checked."""

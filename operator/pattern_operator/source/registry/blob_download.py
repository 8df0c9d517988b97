"""Reads the bytes of one blob as they come, and says whether they are those that its descriptor names."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import aiohttp

from pattern_operator.api.artifact import Descriptor
from pattern_operator.api.reference import Digest
from pattern_operator.errors import Transient
from pattern_operator.limits import KIB
from pattern_operator.source.registry import errors
from pattern_operator.source.registry.transport import encoded, host_of, is_encoded
from pattern_operator.source.registry.web_page import is_page

_PIECE: Final = 256 * KIB  # of a blob: small enough not to hold the event loop
Write = Callable[[bytes], Awaitable[None]]


class BlobDownload:
    """One answer with a blob; ``foreign``: of another host than the registry, of which nobody is told what it has.

    What is written is what the digest names only once ``finish`` returns.
    """

    def __init__(
        self, descriptor: Descriptor, response: aiohttp.ClientResponse, *, context: str, foreign: bool
    ) -> None:
        self._descriptor = descriptor
        self._context = context
        self._foreign = foreign
        self._changed = _changed(response, context=context, foreign=foreign)
        self._piece = bytearray()
        self._hash = hashlib.new(descriptor.digest.algorithm)
        self._length = 0

    async def read(self, chunks: AsyncIterator[bytes], *, write: Write) -> None:
        """Hand all but the last piece to ``write``; stop at the first byte too many.

        Raises:
            Stalled: SIZE_MISMATCH.
            Transient: REGISTRY_UNAVAILABLE: the answer says itself that it is something else.
        """
        size = self._descriptor.size
        async for chunk in chunks:
            self._piece += chunk
            self._length += len(chunk)
            self._hash.update(chunk)
            if self._length > size:
                sent = "other" if self._foreign else f"more than {size}"
                raise self._changed or errors.size_mismatch(self._context, size=size, sent=sent)
            if len(self._piece) >= _PIECE:
                await write(bytes(self._piece))
                self._piece.clear()

    async def finish(self, *, write: Write) -> None:
        """Hand the last piece to ``write``, where the whole is what the digest names.

        Raises:
            Stalled: SIZE_MISMATCH, DIGEST_MISMATCH.
            Transient: as ``read``.
        """
        digest, size = self._descriptor.digest, self._descriptor.size
        found = Digest(digest.algorithm, self._hash.hexdigest())
        if self._changed is not None and found != digest:
            raise self._changed
        if self._length < size:
            sent = "other" if self._foreign else str(self._length)
            raise errors.size_mismatch(self._context, size=size, sent=sent)
        if found != digest:
            raise errors.digest_mismatch(self._context, wanted=digest, found=None if self._foreign else found)
        await write(bytes(self._piece))


def _changed(response: aiohttp.ClientResponse, *, context: str, foreign: bool) -> Transient | None:
    """The error for an answer that is not the content and says why; None where it says nothing of the kind."""
    if is_encoded(response):
        return encoded(response, context=context, foreign=foreign)
    if is_page(response.headers.get("Content-Type", "")):
        return errors.not_content(context, host=host_of(response.url), foreign=foreign)
    return None

"""Content by digest on a disk, so that what was pulled once is not pulled again, also after a restart.

Layout: ``blobs/<algorithm>/<hex>`` as in an OCI image layout. A file's modification time is when it was last used.
"""

import asyncio
import os
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, InvalidReference
from pattern_operator.errors import Transient

_UNFINISHED: Final = ".unfinished-"
T = TypeVar("T")


class Cache:
    """At most ``max_size`` bytes of content; the least recently used goes first, but never what was just written.

    For any number of tasks and threads of one process. What is read is hashed again: a file that a disk or a person
    changed is removed, and is as if it had never been there. Both methods raise Transient (CACHE_UNAVAILABLE) when the
    directory cannot be used.
    """

    def __init__(self, directory: Path, *, max_size: int) -> None:
        self._directory = directory
        self._max_size = max_size
        self._lock = threading.Lock()
        self._sizes: OrderedDict[Digest, int] | None = None  # in order of use; None before the directory was looked at
        self._total = 0

    async def get(self, digest: Digest) -> bytes | None:
        """The content that ``digest`` names, or None."""
        return await asyncio.to_thread(self._guarded, lambda: self._get(digest))

    async def put(self, digest: Digest, content: bytes) -> None:
        """Keep ``content``, whose digest the caller has checked."""
        await asyncio.to_thread(self._guarded, lambda: self._put(digest, content))

    def _guarded(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except OSError as error:
            raise Transient(
                reason=Reason.CACHE_UNAVAILABLE,
                message=f"the cache directory {self._directory} cannot be used ({error.strerror}): it must be "
                "writable and have room; see --cache-dir and --cache-size.",
            ) from error

    def _get(self, digest: Digest) -> bytes | None:
        with self._lock:
            if digest not in self._opened():
                return None
        path = self._path(digest)
        try:
            content = path.read_bytes()
            intact = Digest.of(content, digest.algorithm) == digest
            if intact:
                os.utime(path)
        except FileNotFoundError:  # evicted since we looked, or removed by someone
            self._forget(digest)
            return None
        if not intact:
            self._forget(digest)
            return None
        with self._lock:
            if digest in self._opened():
                self._opened().move_to_end(digest)
        return content

    def _put(self, digest: Digest, content: bytes) -> None:
        with self._lock:
            self._opened()
        path = self._path(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, unfinished = tempfile.mkstemp(prefix=_UNFINISHED, dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(unfinished).replace(path)
        except BaseException:
            Path(unfinished).unlink(missing_ok=True)
            raise
        with self._lock:
            self._drop(digest)
            self._opened()[digest] = len(content)
            self._total += len(content)
            self._evict(keep=digest)

    def _evict(self, *, keep: Digest) -> None:
        while self._total > self._max_size and (oldest := next(iter(self._opened()))) != keep:
            self._path(oldest).unlink(missing_ok=True)
            self._drop(oldest)

    def _forget(self, digest: Digest) -> None:
        """Drop it with its file: someone may have put it anew since we looked, and a file is never left uncounted."""
        with self._lock:
            self._path(digest).unlink(missing_ok=True)
            self._drop(digest)

    def _drop(self, digest: Digest) -> None:
        self._total -= self._opened().pop(digest, 0)

    def _opened(self) -> OrderedDict[Digest, int]:
        """The content by age; looks at the directory once. The lock must be held."""
        if self._sizes is not None:
            return self._sizes
        self._directory.mkdir(parents=True, exist_ok=True)
        found: list[tuple[int, Digest, int]] = []
        for path in self._directory.glob("blobs/*/*"):
            if path.name.startswith(_UNFINISHED):  # a process ended while it wrote
                path.unlink(missing_ok=True)
                continue
            with suppress(InvalidReference, FileNotFoundError):  # not ours, or gone
                status = path.stat()
                found.append((status.st_mtime_ns, Digest.parse(f"{path.parent.name}:{path.name}"), status.st_size))
        self._sizes = OrderedDict((digest, size) for _, digest, size in sorted(found))
        self._total = sum(self._sizes.values())
        return self._sizes

    def _path(self, digest: Digest) -> Path:
        return self._directory / "blobs" / digest.algorithm / digest.hex

"""Content by repository and digest on a disk, so that what was pulled once is not pulled again, also after a restart.

Layout: ``<place>/<algorithm>/<hex>``, the place being a hash of where the content came from: what one repository gave
is not given to who asks another one (see ``readers``). A file's modification time is when it was last used.
"""

import hashlib
import os
import tempfile
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, TypeVar

from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, InvalidReference
from pattern_operator.errors import Transient
from pattern_operator.executors import run_in

_UNFINISHED: Final = ".unfinished-"
_CHUNK: Final = 1 << 18  # bytes read at once to be hashed
T = TypeVar("T")


@dataclass(frozen=True, slots=True, order=True)
class _Entry:
    """One piece of content: the name of its place's folder, and its digest."""

    place: str
    digest: Digest

    @classmethod
    def of(cls, place: str, digest: Digest) -> "_Entry":
        return cls(hashlib.sha256(place.encode()).hexdigest()[:32], digest)


class Cache:
    """At most ``max_size`` bytes of content; the least recently used goes first, but never what was just written.

    For any number of tasks and threads of one process. What is read is hashed again: a file that a disk or a person
    changed is removed, and is as if it had never been there. Both methods raise Transient (CACHE_UNAVAILABLE) when the
    directory cannot be used.
    """

    def __init__(self, directory: Path, *, max_size: int, disk: Executor) -> None:
        self._directory = directory
        self._disk = disk
        self._max_size = max_size
        self._lock = threading.Lock()
        self._sizes: OrderedDict[_Entry, int] | None = None  # in order of use; None before the directory was looked at
        self._total = 0

    async def get(self, digest: Digest, *, place: str) -> bytes | None:
        """The content of ``place`` that ``digest`` names, or None."""
        return await run_in(self._disk, self._guarded, lambda: self._get(_Entry.of(place, digest)))

    async def open(self, digest: Digest, *, size: int, place: str) -> BinaryIO | None:
        """The content of ``place`` that ``digest`` names, open at its beginning; None where it is not there whole.

        It can be read to its end whatever becomes of its file. The caller closes it.
        """
        return await run_in(self._disk, self._guarded, lambda: self._open(_Entry.of(place, digest), size))

    @asynccontextmanager
    async def writing(self, digest: Digest, *, place: str) -> AsyncIterator["Unfinished"]:
        """Write content of ``place`` piece by piece; nothing of it is kept unless ``Unfinished.finish`` is called."""
        unfinished = await run_in(self._disk, self._guarded, lambda: self._begin(_Entry.of(place, digest)))
        try:
            yield unfinished
        finally:
            unfinished.path.unlink(missing_ok=True)
            unfinished.file.close()

    async def put(self, digest: Digest, content: bytes, *, place: str) -> None:
        """Keep ``content`` of ``place``, whose digest the caller has checked."""
        await run_in(self._disk, self._guarded, lambda: self._put(_Entry.of(place, digest), content))

    def _guarded(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except OSError as error:
            raise Transient(
                reason=Reason.CACHE_UNAVAILABLE,
                message=f"the cache directory {self._directory} cannot be used ({error.strerror}): it must be "
                "writable and have room; see --cache-dir and --cache-size.",
            ) from error

    def _get(self, entry: _Entry) -> bytes | None:
        with self._lock:
            if entry not in self._opened():
                return None
        path = self._path(entry)
        try:
            content = path.read_bytes()
            intact = Digest.of(content, entry.digest.algorithm) == entry.digest
            if intact:
                os.utime(path)
        except FileNotFoundError:  # evicted since we looked, or removed by someone
            self._forget(entry)
            return None
        if not intact:
            self._forget(entry)
            return None
        with self._lock:
            if entry in self._opened():
                self._opened().move_to_end(entry)
        return content

    def _open(self, entry: _Entry, size: int) -> BinaryIO | None:
        with self._lock:
            if entry not in self._opened():
                return None
        try:
            file = self._path(entry).open("rb", buffering=0)
        except FileNotFoundError:  # evicted since we looked, or removed by someone
            self._forget(entry)
            return None
        try:
            if _is_intact(file, entry.digest, size):
                os.utime(file.fileno())
                with self._lock:
                    if entry in self._opened():
                        self._opened().move_to_end(entry)
                return file
        except BaseException:
            file.close()
            raise
        file.close()
        self._forget(entry)
        return None

    def _put(self, entry: _Entry, content: bytes) -> None:
        unfinished = self._begin(entry)
        try:
            _write_all(unfinished.file, content)
            self._finish(entry, unfinished.path, len(content))
        finally:
            unfinished.path.unlink(missing_ok=True)
            unfinished.file.close()

    def _begin(self, entry: _Entry) -> "Unfinished":
        with self._lock:
            self._opened()
        folder = self._path(entry).parent
        folder.mkdir(parents=True, exist_ok=True)
        handle, path = tempfile.mkstemp(prefix=_UNFINISHED, dir=folder)
        return Unfinished(self, entry, Path(path), os.fdopen(handle, "w+b", buffering=0))

    def _finish(self, entry: _Entry, unfinished: Path, size: int) -> None:
        unfinished.replace(self._path(entry))
        with self._lock:
            self._drop(entry)
            self._opened()[entry] = size
            self._total += size
            self._evict(keep=entry)

    async def _in_disk(self, work: Callable[[], T]) -> T:
        return await run_in(self._disk, self._guarded, work)

    def _evict(self, *, keep: _Entry) -> None:
        while self._total > self._max_size and (oldest := next(iter(self._opened()))) != keep:
            self._path(oldest).unlink(missing_ok=True)
            self._drop(oldest)

    def _forget(self, entry: _Entry) -> None:
        """Drop it with its file: someone may have put it anew since we looked, and a file is never left uncounted."""
        with self._lock:
            self._path(entry).unlink(missing_ok=True)
            self._drop(entry)

    def _drop(self, entry: _Entry) -> None:
        self._total -= self._opened().pop(entry, 0)

    def _opened(self) -> OrderedDict[_Entry, int]:
        """The content by age; looks at the directory once. The lock must be held."""
        if self._sizes is not None:
            return self._sizes
        self._directory.mkdir(parents=True, exist_ok=True)
        found: list[tuple[int, _Entry, int]] = []
        for path in self._directory.glob("*/*/*"):
            if path.name.startswith(_UNFINISHED):  # a process ended while it wrote
                path.unlink(missing_ok=True)
                continue
            with suppress(InvalidReference, FileNotFoundError):  # not ours, or gone
                digest, status = Digest.parse(f"{path.parent.name}:{path.name}"), path.stat()
                found.append((status.st_mtime_ns, _Entry(path.parts[-3], digest), status.st_size))
        self._sizes = OrderedDict((entry, size) for _, entry, size in sorted(found))
        self._total = sum(self._sizes.values())
        return self._sizes

    def _path(self, entry: _Entry) -> Path:
        return self._directory / entry.place / entry.digest.algorithm / entry.digest.hex


@dataclass(slots=True)
class Unfinished:
    """Content that is being written to a cache; ``path`` and ``file`` are the cache's own."""

    cache: Cache
    entry: _Entry
    path: Path
    file: BinaryIO
    size: int = 0

    async def write(self, piece: bytes) -> None:
        """Add ``piece``; raises Transient (CACHE_UNAVAILABLE)."""
        self.size += len(piece)
        await self.cache._in_disk(lambda: _write_all(self.file, piece))

    async def finish(self) -> BinaryIO:
        """Keep it, now that the caller has checked its digest; give it open at its beginning, for the caller to close.

        Raises:
            Transient: CACHE_UNAVAILABLE.
        """
        return await self.cache._in_disk(self._finish)

    def _finish(self) -> BinaryIO:
        handle = os.open(self.path, os.O_RDONLY)
        file = os.fdopen(handle, "rb", buffering=0)
        try:
            self.cache._finish(self.entry, self.path, self.size)
        except BaseException:
            file.close()
            raise
        return file


def _write_all(file: BinaryIO, piece: bytes) -> None:
    left = memoryview(piece)
    while left:
        left = left[file.write(left) :]


def _is_intact(file: BinaryIO, digest: Digest, size: int) -> bool:
    """Whether the content is what it is called; leaves the file at its beginning."""
    if os.fstat(file.fileno()).st_size != size:
        return False
    state = hashlib.new(digest.algorithm)
    while chunk := file.read(_CHUNK):
        state.update(chunk)
    file.seek(0)
    return Digest(digest.algorithm, state.hexdigest()) == digest

"""Content on a disk, so that what was pulled once is not pulled again, also after a restart.

Layout: ``<scope>/<algorithm>/<hex>``, the scope being a hash of where the content came from. A file's modification time
is when it was last used.
"""

import errno
import os
import re
import tempfile
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final, TypeVar

from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, InvalidReference
from pattern_operator.errors import Transient
from pattern_operator.executors import NOBODY, Threads, run_in
from pattern_operator.source.cache.entry import Entry, cost_of
from pattern_operator.source.cache.files import is_intact, remove_empty, write_all

_UNFINISHED: Final = ".unfinished-"
_SCOPE: Final = re.compile("[0-9a-f]{32}")
MAX_ENTRIES: Final = 50_000  # pieces of content: each takes an inode, and some 600 bytes of memory
_NO_FILES: Final = (errno.EMFILE, errno.ENFILE)
T = TypeVar("T")


class DiskCache:
    """At most ``max_size`` bytes of a disk; the least recently used goes first, but never what was just written.

    What counts is the room on the disk (``cost_of``), with what is still being written: a file of one byte takes a
    block, an inode and perhaps two folders. There are no more than ``MAX_ENTRIES`` pieces of content.

    For any number of tasks and threads of one process. What is read is hashed again: a file that a disk or a person
    changed is removed, and is as if it had never been there. ``tenant`` is whom the work of a method counts for. All
    raise Transient (CACHE_UNAVAILABLE) when the directory cannot be used.
    """

    def __init__(self, directory: Path, *, max_size: int, disk: Threads) -> None:
        self._directory = directory
        self._disk = disk
        self._max_size = max_size
        self._lock = threading.Lock()
        self._costs: OrderedDict[Entry, int] | None = None  # in order of use; None before the directory was looked at
        self._total = 0

    def is_missing(self, digest: Digest, *, scope: str) -> bool:
        """Whether the content is known not to be there, without a look at the disk; takes no time."""
        costs = self._costs
        return costs is not None and Entry.of(scope, digest) not in costs

    async def get(self, digest: Digest, *, scope: str, tenant: str = NOBODY) -> bytes | None:
        """The content of ``scope`` that ``digest`` names, or None."""
        return await self._in_disk(tenant, lambda: self._get(Entry.of(scope, digest)))

    async def open(self, digest: Digest, *, size: int, scope: str, tenant: str = NOBODY) -> BinaryIO | None:
        """The content of ``scope`` that ``digest`` names, open at its beginning; None where it is not there whole.

        It can be read to its end whatever becomes of its file. The caller closes it.
        """
        return await self._in_disk(tenant, lambda: self._open(Entry.of(scope, digest), size))

    @asynccontextmanager
    async def writer(self, digest: Digest, *, scope: str, tenant: str = NOBODY) -> AsyncIterator["CacheWriter"]:
        """Write content of ``scope`` piece by piece; nothing of it is kept unless ``CacheWriter.commit`` is called."""
        writer = await self._in_disk(tenant, lambda: self._open_writer(Entry.of(scope, digest), tenant))
        try:
            yield writer
        finally:
            await run_in(self._disk.of(tenant), self._discard, writer)

    async def put(self, digest: Digest, content: bytes, *, scope: str, tenant: str = NOBODY) -> None:
        """Keep ``content`` of ``scope``, whose digest the caller has checked."""
        await self._in_disk(tenant, lambda: self._put(Entry.of(scope, digest), content))

    def _guarded(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except OSError as error:
            says = f"the cache directory {self._directory} cannot be used ({error.strerror})"
            context = "it must be writable and have room; see --cache-dir and --cache-size."
            if error.errno in _NO_FILES:
                context = (
                    "the operator holds as many files and connections as its limit of open files lets it; raise it."
                )
            raise Transient(reason=Reason.CACHE_UNAVAILABLE, message=f"{says}: {context}") from error

    def _get(self, entry: Entry) -> bytes | None:
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

    def _open(self, entry: Entry, size: int) -> BinaryIO | None:
        with self._lock:
            if entry not in self._opened():
                return None
        try:
            file = self._path(entry).open("rb", buffering=0)
        except FileNotFoundError:  # evicted since we looked, or removed by someone
            self._forget(entry)
            return None
        try:
            if is_intact(file, entry.digest, size):
                os.utime(file.fileno())
                with self._lock:
                    if entry in self._opened():
                        self._opened().move_to_end(entry)
                return file
        except BaseException:  # whatever it is, nobody else closes the file
            file.close()
            raise
        file.close()
        self._forget(entry)
        return None

    def put_all(self, contents: Sequence[tuple[Entry, bytes]]) -> None:
        """Keep each content, whose digest the caller has checked. Blocks."""
        for entry, content in contents:
            self._guarded(partial(self._put, entry, content))

    def _put(self, entry: Entry, content: bytes) -> None:
        writer = self._open_writer(entry)
        try:
            write_all(writer.file, content)
            self._commit(writer, len(content))
        finally:
            self._discard(writer)

    def _open_writer(self, entry: Entry, tenant: str = NOBODY) -> "CacheWriter":
        with self._lock:  # else a folder that has become empty could be removed between the two
            self._opened()
            folder = self._path(entry).parent
            folder.mkdir(parents=True, exist_ok=True)
            handle, path = tempfile.mkstemp(prefix=_UNFINISHED, dir=folder)
        return CacheWriter(self, entry, Path(path), os.fdopen(handle, "w+b", buffering=0), tenant)

    def _add(self, writer: "CacheWriter", piece: bytes) -> None:
        with self._lock:
            writer.counted += len(piece)
            self._total += len(piece)
            self._evict()
        write_all(writer.file, piece)

    def _commit(self, writer: "CacheWriter", size: int) -> None:
        entry = writer.entry
        writer.path.replace(self._path(entry))
        with self._lock:
            self._uncount(writer)
            self._drop(entry)
            self._opened()[entry] = cost_of(size)
            self._total += cost_of(size)
            self._evict(keep=entry)

    def _discard(self, writer: "CacheWriter") -> None:
        """Nothing is left of what was not finished; what cannot be removed now is removed at the next start."""
        writer.file.close()
        with self._lock:
            self._uncount(writer)
            with suppress(OSError):
                writer.path.unlink()
            self._tidy(writer.entry)

    def _uncount(self, writer: "CacheWriter") -> None:
        self._total -= writer.counted
        writer.counted = 0

    async def _in_disk(self, tenant: str, work: Callable[[], T]) -> T:
        return await run_in(self._disk.of(tenant), self._guarded, work)

    def _evict(self, *, keep: Entry | None = None) -> None:
        entries = self._opened()
        while self._total > self._max_size or len(entries) > MAX_ENTRIES:
            oldest = next(iter(entries), keep)
            if oldest is None or oldest == keep:
                return
            self._remove(oldest)

    def _forget(self, entry: Entry) -> None:
        """Drop it with its file: someone may have put it anew since we looked, and a file is never left uncounted."""
        with self._lock:
            self._remove(entry)

    def _remove(self, entry: Entry) -> None:
        self._path(entry).unlink(missing_ok=True)
        self._drop(entry)
        self._tidy(entry)

    def _drop(self, entry: Entry) -> None:
        self._total -= self._opened().pop(entry, 0)

    def _tidy(self, entry: Entry) -> None:
        """Remove the folders of ``entry`` that are empty: anybody can name any number of repositories."""
        folder = self._path(entry).parent
        remove_empty(folder, folder.parent)

    def _opened(self) -> OrderedDict[Entry, int]:
        """The content by age; looks at the directory once. The lock must be held."""
        if self._costs is not None:
            return self._costs
        self._directory.mkdir(parents=True, exist_ok=True)
        found: list[tuple[int, Entry, int]] = []
        for path in self._directory.glob("*/*/*"):
            if path.name.startswith(_UNFINISHED):  # a process ended while it wrote
                path.unlink(missing_ok=True)
            with suppress(InvalidReference, FileNotFoundError):  # not ours, not finished, or gone
                digest, status = Digest.parse(f"{path.parent.name}:{path.name}"), path.stat()
                found.append((status.st_mtime_ns, Entry(path.parts[-3], digest), cost_of(status.st_size)))
        for scope in self._directory.iterdir():
            if _SCOPE.fullmatch(scope.name):
                remove_empty(*scope.glob("*"), scope)
        self._costs = OrderedDict((entry, cost) for _, entry, cost in sorted(found))
        self._total = sum(self._costs.values())
        return self._costs

    def _path(self, entry: Entry) -> Path:
        return self._directory / entry.scope / entry.digest.algorithm / entry.digest.hex


@dataclass(slots=True)
class CacheWriter:
    """Content that is being written to a cache; ``path`` and ``file`` are the cache's own."""

    cache: DiskCache
    entry: Entry
    path: Path
    file: BinaryIO
    tenant: str = NOBODY
    size: int = 0
    counted: int = 0  # bytes of it that the cache counts as being written

    async def write(self, piece: bytes) -> None:
        """Add ``piece``; raises Transient (CACHE_UNAVAILABLE)."""
        self.size += len(piece)
        await self.cache._in_disk(self.tenant, lambda: self.cache._add(self, piece))

    async def commit(self) -> BinaryIO:
        """Keep it, now that the caller has checked its digest; give it open at its beginning, for the caller to close.

        Raises:
            Transient: CACHE_UNAVAILABLE.
        """
        return await self.cache._in_disk(self.tenant, self._commit)

    def _commit(self) -> BinaryIO:
        handle = os.open(self.path, os.O_RDONLY)
        file = os.fdopen(handle, "rb", buffering=0)
        try:
            self.cache._commit(self, self.size)
        except BaseException:  # whatever it is, nobody else closes the file
            file.close()
            raise
        return file

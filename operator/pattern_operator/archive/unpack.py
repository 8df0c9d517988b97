"""Takes archives apart in memory, believing nothing: only regular files with plain names come out.

Formats: POSIX.1-2017 "pax" (ustar headers and extended headers), GNU long names, RFC 1952 (gzip). Own code, because the
standard library's tarfile reads far more than this, and bytes are unpacked that an attacker may have chosen
(CVE-2024-6232, CVE-2025-8194: a header could make it search or loop forever).
"""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import BinaryIO, Final

from pattern_operator.api.artifact import File
from pattern_operator.api.reason import Reason
from pattern_operator.archive.tarheader import (
    BLOCK,
    EntryType,
    Header,
    InvalidHeader,
    parse_global,
    parse_header,
    parse_pax,
)
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_UNPACK_RATIO, MAX_UNPACKED, MAX_UNPACKED_FILES, MIB
from pattern_operator.quote import quoted

_GZIP: Final = b"\x1f\x8b"
_USTAR: Final = slice(257, 262)
_CHUNK: Final = 64 * 1024
_MAX_GZIP_MEMBERS: Final = 32_768  # seekable variants begin one for each file
_RATIO_FROM: Final = MIB  # bytes unpacked: below, padding alone compresses better than any limit allows
_MAX_EXTENSION: Final = 64 * 1024  # bytes of a long name or an extended header
_MAX_ENTRIES: Final = 3 * MAX_UNPACKED_FILES  # a long name is an entry of its own, and folders are


def is_gzip(content: bytes) -> bool:
    """Whether ``content`` begins as RFC 1952 says."""
    return content.startswith(_GZIP)


def is_archive(content: BinaryIO) -> bool:
    """Whether ``content`` is a tar, plain or inside gzip, by its first header; it is left at its beginning."""
    start = content.read(BLOCK)
    content.seek(0)
    if is_gzip(start):
        try:
            start = next(inflated(content, size=0, context=""), b"")
        except Stalled:
            return False
        finally:
            content.seek(0)
    return start[_USTAR] == b"ustar"


def unpack(content: bytes, *, context: str) -> tuple[File, ...]:
    """All files of an archive that is in memory; raises as ``entries``."""
    found = entries(BytesIO(content), size=len(content), context=context, wants=lambda _path, _size: True)
    return tuple(File(path, file) for path, file in found)


def entries(
    content: BinaryIO, *, size: int, context: str, wants: Callable[[str, int], bool]
) -> Iterator[tuple[str, bytes]]:
    """The regular files of a tar, plain or inside gzip, in the order of the archive; blocks.

    ``wants`` is asked for each file, by its path and size, whether its content is to be read; else it is passed over
    without being held in memory. Folders are passed over. Whatever else a tar can hold is refused, and so are names
    that lead out of the archive or occur twice, and bytes after its end. ``size`` is that of ``content``, and
    ``context`` names the archive in messages.

    Raises:
        Stalled: ARCHIVE_REFUSED; ARTIFACT_TOO_LARGE: more than ``MAX_UNPACKED`` bytes or ``MAX_UNPACKED_FILES`` files.
            And what ``wants`` raises.
    """
    start = content.read(len(_GZIP))
    content.seek(0)
    reader = _Reader(
        inflated(content, size=size, context=context) if is_gzip(start) else _chunks(content), context=context
    )
    names: set[str] = set()
    for header in _headers(reader, context=context):
        if header.kind is not EntryType.FILE:
            continue
        if header.name in names:
            raise archive_refused(context, f"it holds {quoted(header.name)} twice")
        if len(names) >= MAX_UNPACKED_FILES:
            raise _too_large(context, f"more than {MAX_UNPACKED_FILES} files")
        names.add(header.name)
        reader.measure(header.size)
        if wants(header.name, header.size):
            yield header.name, reader.take(header.size)
        else:
            reader.skip(header.size)
        reader.skip(-header.size % BLOCK)


def archive_refused(context: str, why: str) -> Stalled:
    """The error for an archive that is not safe, or not whole."""
    return Stalled(
        reason=Reason.ARCHIVE_REFUSED,
        message=f"{context} is refused: {why}. Pack plain files and folders only, as `patternctl push` does.",
    )


def _too_large(context: str, why: str) -> Stalled:
    return Stalled(
        reason=Reason.ARTIFACT_TOO_LARGE,
        message=f"{context} unpacks to {why}, which is more than the operator takes: split the artifact.",
    )


def _headers(reader: "_Reader", *, context: str) -> Iterator[Header]:
    """Each entry with its final name and size; the reader stands at its content."""
    long_name, extended = "", dict[str, str]()
    for number in range(_MAX_ENTRIES):
        # Some archivers leave the two blocks of zeros out: the end of the bytes after a whole entry is an end as well.
        block = reader.take(BLOCK) if number == 0 or not reader.at_end() else b""
        if not any(block):
            if long_name or extended:
                raise archive_refused(context, "it ends with the name of a file that does not come")
            return reader.expect_zeros()
        try:
            header = parse_header(block, long_name=long_name, extended=extended)
            if header.kind in (EntryType.FILE, EntryType.FOLDER):
                long_name, extended = "", {}
                yield header
                continue
            if header.size > _MAX_EXTENSION:
                raise InvalidHeader("a header of it is extended beyond measure")
            content = reader.take(header.size)
            reader.skip(-header.size % BLOCK)
            if header.kind is EntryType.LONG_NAME:
                long_name = content.rstrip(b"\0").decode("utf-8")
            elif header.kind is EntryType.EXTENDED:
                extended = parse_pax(content)
            else:
                parse_global(content)
        except (InvalidHeader, UnicodeDecodeError) as error:
            why = "a name in it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
            raise archive_refused(context, why) from error
    raise _too_large(context, f"more than {_MAX_ENTRIES} entries")


def _chunks(content: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: content.read(_CHUNK), b"")


@dataclass(slots=True)
class _Reader:
    """Hands out exactly as many bytes as are asked for."""

    chunks: Iterator[bytes]
    context: str
    buffer: bytearray = field(default_factory=bytearray)
    taken: int = 0

    def measure(self, size: int) -> None:
        """Refuse what is more than all that may be taken, before it is."""
        if self.taken + size > MAX_UNPACKED:
            raise _too_large(self.context, f"more than {MAX_UNPACKED} bytes")

    def take(self, size: int) -> bytes:
        self.measure(size)
        self.taken += size
        while len(self.buffer) < size:
            self.buffer += self._next()
        if len(self.buffer) == size:  # a large file is not copied once more than it must be
            content, self.buffer = bytes(self.buffer), bytearray()
            return content
        content = bytes(memoryview(self.buffer)[:size])
        del self.buffer[:size]
        return content

    def at_end(self) -> bool:
        """Whether there is not one byte more."""
        while not self.buffer:
            chunk = next(self.chunks, None)
            if chunk is None:
                return True
            self.buffer += chunk
        return False

    def skip(self, size: int) -> None:
        """Pass over bytes without holding them."""
        self.measure(size)
        self.taken += size
        while len(self.buffer) < size:
            size -= len(self.buffer)
            self.buffer = bytearray(self._next())
        del self.buffer[:size]

    def _next(self) -> bytes:
        chunk = next(self.chunks, None)
        if chunk is None:
            raise archive_refused(self.context, "it ends too early, or is not a tar at all")
        return chunk

    def expect_zeros(self) -> None:
        """Read to the end: one reader would stop here, another would go on, so there must be nothing."""
        rest: bytes | None = bytes(self.buffer)
        while rest is not None:
            if rest.count(0) != len(rest):
                raise archive_refused(self.context, "something follows after its end")
            rest = next(self.chunks, None)


def inflated(content: BinaryIO, *, size: int, context: str) -> Iterator[bytes]:
    """The content of a gzip file, all members, in chunks, while neither size nor ratio is out of measure."""
    members, inflate, measured = 1, zlib.decompressobj(wbits=31), _Measured(size, context)
    for chunk in _chunks(content):
        rest = chunk
        while rest:
            if inflate.eof:
                rest = rest.lstrip(b"\0")  # gzip pads with zeros on tapes; everything else must be a next member
                if not rest:
                    break
                members, inflate = members + 1, zlib.decompressobj(wbits=31)
                if members > _MAX_GZIP_MEMBERS:
                    raise _too_large(context, f"more than {_MAX_GZIP_MEMBERS} parts")
            yield from measured.inflate(inflate, rest)
            rest = inflate.unused_data
    if not inflate.eof:
        raise archive_refused(context, "its compressed data end too early")


@dataclass(slots=True)
class _Measured:
    """How much came out of a gzip file of ``size`` bytes."""

    size: int
    context: str
    produced: int = 0

    def inflate(self, inflate: "zlib._Decompress", data: bytes) -> Iterator[bytes]:
        """What comes out of ``data``, in chunks."""
        while data and not inflate.eof:  # what waits inside comes with the next input, and the trailer is always one
            try:
                chunk = inflate.decompress(data, _CHUNK)
            except zlib.error as error:
                raise archive_refused(
                    self.context, "its compressed data are damaged, or something follows them"
                ) from error
            data = inflate.unconsumed_tail
            self.produced += len(chunk)
            self._refuse_bomb()
            if chunk:
                yield chunk

    def _refuse_bomb(self) -> None:
        if self.produced > MAX_UNPACKED:
            raise _too_large(self.context, f"more than {MAX_UNPACKED} bytes")
        if self.produced > _RATIO_FROM and self.produced > MAX_UNPACK_RATIO * self.size:
            raise archive_refused(
                self.context, f"it unpacks to more than {MAX_UNPACK_RATIO} times its size, as decompression bombs do"
            )

"""Takes archives apart in memory, believing nothing: only regular files with plain names come out.

Formats: POSIX.1-2017 "pax" (ustar headers and extended headers), GNU long names, RFC 1952 (gzip). Own code, for the
standard library's tarfile reads far more than this, and bytes are unpacked before anyone has vouched for them
(CVE-2024-6232, CVE-2025-8194: a header could make it search or loop for ever).
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from pattern_operator.api.artifact import File
from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_UNPACK_RATIO, MAX_UNPACKED, MAX_UNPACKED_FILES, MIB
from pattern_operator.source.tarheader import BLOCK, BadHeader, Header, Kind, parse_global, parse_header, parse_pax

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


def is_archive(content: bytes) -> bool:
    """Whether ``content`` is a tar, plain or inside gzip, by its first header."""
    try:
        start = next(iter(_Inflated(content)), b"") if is_gzip(content) else content[:BLOCK]
    except Stalled:
        return False
    return start[_USTAR] == b"ustar"


def unpack(content: bytes, *, what: str) -> tuple[File, ...]:
    """The regular files of a tar, plain or inside gzip, in the order of the archive; blocks, so call it in a thread.

    Folders are passed over. Whatever else a tar can hold is refused, and so are names that lead out of the archive or
    occur twice, and bytes after its end. ``what`` names the archive in messages.

    Raises:
        Stalled: ARCHIVE_REFUSED; ARTIFACT_TOO_LARGE: more than ``MAX_UNPACKED`` bytes or ``MAX_UNPACKED_FILES`` files.
    """
    chunks = iter(_Inflated(content, what=what)) if is_gzip(content) else _chunks(content)
    reader = _Reader(chunks, what=what)
    files: dict[str, File] = {}
    for header in _headers(reader, what=what):
        if header.kind is not Kind.FILE:
            continue
        if header.name in files:
            raise archive_refused(what, f"it holds {header.name!r} twice")
        if len(files) >= MAX_UNPACKED_FILES:
            raise _too_large(what, f"more than {MAX_UNPACKED_FILES} files")
        files[header.name] = File(header.name, reader.take(header.size))
        reader.take(-header.size % BLOCK)
    return tuple(files.values())


def archive_refused(what: str, why: str) -> Stalled:
    """The error for an archive that is not safe, or not whole."""
    return Stalled(
        reason=Reason.ARCHIVE_REFUSED,
        message=f"{what} is refused: {why}. Pack plain files and folders only, as `patternctl push` does.",
    )


def _too_large(what: str, why: str) -> Stalled:
    return Stalled(
        reason=Reason.ARTIFACT_TOO_LARGE,
        message=f"{what} unpacks to {why}, which is more than the operator takes: split the artifact.",
    )


def _headers(reader: "_Reader", *, what: str) -> Iterator[Header]:
    """Each entry with its final name and size; the reader stands at its content."""
    long_name, extended = "", dict[str, str]()
    for _ in range(_MAX_ENTRIES):
        block = reader.take(BLOCK)
        if not any(block):
            if long_name or extended:
                raise archive_refused(what, "it ends with the name of a file that does not come")
            return reader.expect_zeros()
        try:
            header = parse_header(block, long_name=long_name, extended=extended)
            if header.kind in (Kind.FILE, Kind.FOLDER):
                long_name, extended = "", {}
                yield header
                continue
            if header.size > _MAX_EXTENSION:
                raise BadHeader("a header of it is extended beyond measure")
            content = reader.take(header.size)
            reader.take(-header.size % BLOCK)
            if header.kind is Kind.LONG_NAME:
                long_name = content.rstrip(b"\0").decode("utf-8")
            elif header.kind is Kind.EXTENDED:
                extended = parse_pax(content)
            else:
                parse_global(content)
        except (BadHeader, UnicodeDecodeError) as error:
            why = "a name in it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
            raise archive_refused(what, why) from error
    raise _too_large(what, f"more than {_MAX_ENTRIES} entries")


def _chunks(content: bytes) -> Iterator[bytes]:
    view = memoryview(content)
    return (bytes(view[start : start + _CHUNK]) for start in range(0, len(view), _CHUNK))


@dataclass(slots=True)
class _Reader:
    """Hands out exactly as many bytes as are asked for."""

    chunks: Iterator[bytes]
    what: str
    buffer: bytearray = field(default_factory=bytearray)
    taken: int = 0

    def take(self, size: int) -> bytes:
        self.taken += size
        if self.taken > MAX_UNPACKED:
            raise _too_large(self.what, f"more than {MAX_UNPACKED} bytes")
        while len(self.buffer) < size:
            chunk = next(self.chunks, None)
            if chunk is None:
                raise archive_refused(self.what, "it ends too early, or is no tar at all")
            self.buffer += chunk
        content = bytes(memoryview(self.buffer)[:size])
        del self.buffer[:size]
        return content

    def expect_zeros(self) -> None:
        """Read to the end: one reader would stop here, another would go on, so there must be nothing."""
        rest: bytes | None = bytes(self.buffer)
        while rest is not None:
            if rest.count(0) != len(rest):
                raise archive_refused(self.what, "something follows after its end")
            rest = next(self.chunks, None)


@dataclass(slots=True)
class _Inflated:
    """The content of a gzip file, all members, in chunks, while neither size nor ratio is out of measure."""

    content: bytes
    what: str = "the archive"
    produced: int = 0

    def __iter__(self) -> Iterator[bytes]:
        members, inflate = 1, zlib.decompressobj(wbits=31)
        for chunk in _chunks(self.content):
            rest = chunk
            while rest:
                if inflate.eof:
                    rest = rest.lstrip(b"\0")  # gzip pads with zeros on tapes; everything else must be a next member
                    if not rest:
                        break
                    members, inflate = members + 1, zlib.decompressobj(wbits=31)
                    if members > _MAX_GZIP_MEMBERS:
                        raise _too_large(self.what, f"more than {_MAX_GZIP_MEMBERS} parts")
                yield from self._inflate(inflate, rest)
                rest = inflate.unused_data
        if not inflate.eof:
            raise archive_refused(self.what, "its compressed data end too early")

    def _inflate(self, inflate: "zlib._Decompress", data: bytes) -> Iterator[bytes]:
        full = True
        while (data or full) and not inflate.eof:  # after a full chunk more may wait inside, without any input
            try:
                chunk = inflate.decompress(data, _CHUNK)
            except zlib.error as error:
                raise archive_refused(
                    self.what, "its compressed data are damaged, or something follows them"
                ) from error
            data, full = inflate.unconsumed_tail, len(chunk) == _CHUNK
            self.produced += len(chunk)
            self._measure()
            if chunk:
                yield chunk

    def _measure(self) -> None:
        if self.produced > MAX_UNPACKED:
            raise _too_large(self.what, f"more than {MAX_UNPACKED} bytes")
        if self.produced > _RATIO_FROM and self.produced > MAX_UNPACK_RATIO * len(self.content):
            raise archive_refused(
                self.what, f"it unpacks to more than {MAX_UNPACK_RATIO} times its size, as decompression bombs do"
            )

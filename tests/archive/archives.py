"""Archives as other programs write them: tar by the standard library, and entries that it would not write."""

import gzip
import io
import tarfile
from collections.abc import Mapping

from pattern_operator.api.artifact import File

DESIGN = b"name: web\nschemaVersion: designs.meshery.io/v1beta1\n"
PACKAGE = b"version: 1.0.0\nname: web\n"
FILES = {"design.yml": DESIGN, "artifacthub-pkg.yml": PACKAGE}
END = bytes(1024)


def files(contents: Mapping[str, bytes] = FILES) -> tuple[File, ...]:
    return tuple(File(path, content) for path, content in contents.items())


def tar(
    contents: Mapping[str, bytes] = FILES, *, form: int = tarfile.PAX_FORMAT, folders: tuple[str, ...] = ()
) -> bytes:
    """An archive of files, after ``folders``."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for folder in folders:
            entry = tarfile.TarInfo(folder)
            entry.type = tarfile.DIRTYPE
            archive.addfile(entry)
        for path, content in contents.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def tgz(contents: Mapping[str, bytes] = FILES) -> bytes:
    return gzip.compress(tar(contents), mtime=0)


_FIELDS = {"mode": 100, "uid": 108, "raw_size": 124, "mtime": 136, "magic": 257, "devmajor": 329, "prefix": 345}


def entry(
    name: str | bytes, content: bytes = b"", *, flag: bytes = b"0", size: int | None = None, **raw: bytes
) -> bytes:
    """One entry of a ustar archive, whatever it says; ``raw`` are the bytes of its other fields."""
    header = bytearray(512)
    fields = {
        "mode": b"0000644",
        "raw_size": b"%011o" % (len(content) if size is None else size),
        "magic": b"ustar\x0000",
    }
    for field, value in {**fields, **raw}.items():
        header[_FIELDS[field] : _FIELDS[field] + len(value)] = value
    encoded = name if isinstance(name, bytes) else name.encode()
    header[: len(encoded)] = encoded
    header[156:157] = flag
    return summed(bytes(header)) + content + bytes(-len(content) % 512)


def summed(header: bytes) -> bytes:
    """Set the checksum of a header right."""
    blank = header[:148] + b" " * 8 + header[156:512]
    return blank[:148] + b"%06o\0 " % sum(blank) + blank[156:]


def pax(flag: bytes = b"x", **records: str) -> bytes:
    """An extended header, of the next entry or (flag g) of all that follow."""
    content = b"".join(record(name.replace("__", "."), value) for name, value in records.items())
    return entry("PaxHeader", content, flag=flag)


def record(name: str, value: str) -> bytes:
    """A record, whose length counts the digits of the length too."""
    rest = f" {name}={value}\n".encode()
    length = len(rest)
    while len(str(length)) + len(rest) != length:
        length = len(str(length)) + len(rest)
    return str(length).encode() + rest

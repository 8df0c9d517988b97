"""Reads one header of a tar archive: what kind of entry, its name and its size.

Format: POSIX.1-2017, "pax Interchange Format" (ustar header block, extended header); GNU tar manual, "Basic Tar
Format" (long names). Links, devices, sparse files and everything unknown are refused by being no ``Kind``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

BLOCK: Final = 512  # bytes; everything in a tar is padded to it
_MAX_NAME: Final = 1024  # bytes; Linux ends at 4,096, and people long before
_OCTAL: Final = re.compile(rb"[ ]*([0-7]+)[ \0]*")
_CHECKSUM: Final = slice(148, 156)
_REFUSED: Final = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a device",
    b"4": "a device",
    b"6": "a named pipe",
    b"S": "a sparse file",
}


class BadHeader(ValueError):
    """The header is not one that is read; the message is a clause that says why."""


class Kind(Enum):
    """The entries that are understood."""

    FILE = frozenset({b"0", b"\0"})
    FOLDER = frozenset({b"5"})
    EXTENDED = frozenset({b"x"})  # of the next entry
    IGNORED = frozenset({b"g"})  # of all that follow; git archive leaves a comment there
    LONG_NAME = frozenset({b"L"})


_KINDS: Final = {flag: kind for kind in Kind for flag in kind.value}


@dataclass(frozen=True, slots=True)
class Header:
    """An entry; ``name`` has ``/``, no ``.`` or ``..``, and is empty for what is no file."""

    kind: Kind
    name: str
    size: int


def parse_header(block: bytes, *, long_name: str = "", extended: Mapping[str, str]) -> Header:
    """Read a header block; ``long_name`` and ``extended`` come from the entries before it, and win.

    Raises:
        BadHeader: it is damaged, or of an entry that no pattern needs.
    """
    if _number(block[_CHECKSUM]) != sum(block) - sum(block[_CHECKSUM]) + 8 * ord(" "):
        raise BadHeader("a header of it is damaged, or it is no tar at all")
    flag = block[156:157]
    kind = _KINDS.get(flag)
    if kind in (Kind.EXTENDED, Kind.IGNORED, Kind.LONG_NAME):
        return Header(kind, "", _number(block[124:136]))
    name = extended.get("path") or long_name or _name(block)
    if kind is None or any(keyword.startswith("GNU.sparse") for keyword in extended):
        raise BadHeader(f"{name[:_MAX_NAME]!r} is {_REFUSED.get(flag, 'of an unknown kind')}")
    if kind is Kind.FILE and name.endswith("/") and flag == b"\0":
        kind = Kind.FOLDER  # as archives older than POSIX wrote them
    size = _decimal(extended["size"]) if "size" in extended else _number(block[124:136])
    if kind is Kind.FOLDER:
        if size:
            raise BadHeader("a folder in it has content")
        _parts(name)
        return Header(kind, "", 0)
    return Header(kind, safe_path(name), size)


def parse_pax(content: bytes) -> dict[str, str]:
    """Read the records of an extended header: ``<length> <keyword>=<value>\\n``, the length of all of it in decimal."""
    records: dict[str, str] = {}
    while content:
        digits, space, _ = content[:8].partition(b" ")
        length = int(digits) if space and digits.isdigit() else 0
        record = content[len(digits) + 1 : length]
        keyword, equals, value = record.partition(b"=")
        if length > len(content) or not equals or not value.endswith(b"\n"):
            raise BadHeader("an extended header of it is damaged")
        records[keyword.decode("utf-8")] = value[:-1].decode("utf-8")
        content = content[length:]
    return records


def safe_path(name: str) -> str:
    """``name`` as a path below the artifact's root: with ``/``, without ``.``, ``..`` or anything unprintable.

    Raises:
        BadHeader: it leads elsewhere, or is no name; the message is a clause that says why.
    """
    parts = _parts(name)
    if not parts or name.endswith(("/", "/.")):
        raise BadHeader(f"{name!r} is no name of a file")
    return "/".join(parts)


def _parts(name: str) -> list[str]:
    if len(name.encode("utf-8", "surrogatepass")) > _MAX_NAME:
        raise BadHeader(f"a name in it has more than {_MAX_NAME} bytes")
    if name.startswith("/"):
        raise BadHeader(f"{name!r} is an absolute path")
    if "\\" in name or not name.isprintable():
        raise BadHeader(f"{name!r} has letters that no path should have")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise BadHeader(f"{name!r} leads out of it")
    return parts


def _name(block: bytes) -> str:
    prefix = _text(block[345:500]) if block[257:263] == b"ustar\0" else ""  # GNU has times and sparse maps there
    name = _text(block[:100])
    return f"{prefix}/{name}" if prefix else name


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8")


def _number(field: bytes) -> int:
    match = _OCTAL.fullmatch(field.partition(b"\0")[0] + b"\0")
    if match is None:
        raise BadHeader("a header of it is damaged, or it is no tar at all")
    return int(match[1], 8)


def _decimal(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 20):
        raise BadHeader("a header of it has a size that is no number")
    return int(value)

"""Reads one header of a tar archive: what kind of entry, its name and its size.

Format: POSIX.1-2017, "pax Interchange Format" (ustar header block, extended header); GNU tar manual, "Basic Tar
Format" (long names). Links, devices, sparse files and everything unknown are refused by being no ``EntryType``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from pattern_operator.quote import quoted

BLOCK: Final = 512  # bytes; everything in a tar is padded to it
_MAX_NAME: Final = 1024  # bytes; Linux ends at 4,096, and people long before
_MAX_RECORDS: Final = 128  # of an extended header; archivers write a few, and extended attributes some dozen more
_OCTAL: Final = re.compile(rb"[ ]*([0-7]+)[ \0]*")
_OCTAL_OR_BLANK: Final = re.compile(rb"[ ]*[0-7]*[ ]*")
_SPARSE: Final = "GNU.sparse"
_CHECKSUM: Final = slice(148, 156)
_IGNORED: Final = (slice(100, 108), slice(108, 116), slice(116, 124), slice(136, 148), slice(329, 337), slice(337, 345))
_REFUSED: Final = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a device",
    b"4": "a device",
    b"6": "a named pipe",
    b"S": "a sparse file",
}


class InvalidHeader(ValueError):
    """The header is not one that is read; the message is a clause that says why."""


class EntryType(Enum):
    """The entries that are understood."""

    FILE = frozenset({b"0", b"\0"})
    FOLDER = frozenset({b"5"})
    EXTENDED = frozenset({b"x"})  # of the next entry
    GLOBAL = frozenset({b"g"})  # of all that follow; git archive leaves a comment there
    LONG_NAME = frozenset({b"L"})


_KINDS: Final = {flag: kind for kind in EntryType for flag in kind.value}


@dataclass(frozen=True, slots=True)
class Header:
    """An entry; ``name`` has ``/``, no ``.`` or ``..``, and is empty for what is not a file."""

    kind: EntryType
    name: str
    size: int


def parse_header(block: bytes, *, long_name: str = "", extended: Mapping[str, str]) -> Header:
    """Read a header block; ``long_name`` and ``extended`` come from the entries before it, and win.

    Raises:
        InvalidHeader: it is damaged, or of an entry that no pattern needs.
    """
    if _number(block[_CHECKSUM]) != sum(block) - sum(block[_CHECKSUM]) + 8 * ord(" "):
        raise InvalidHeader("a header of it is damaged, or it is not a tar at all")
    if not all(_is_number(block[field]) for field in _IGNORED):  # some readers stop at it, and say nothing
        raise InvalidHeader("a header of it has a field that is not a number")
    flag = block[156:157]
    kind = _KINDS.get(flag)
    if kind in (EntryType.EXTENDED, EntryType.GLOBAL, EntryType.LONG_NAME):
        return Header(kind, "", _number(block[124:136]))
    name = extended.get("path") or long_name or _name(block)
    if kind is None or any(keyword.startswith(_SPARSE) for keyword in extended):
        raise InvalidHeader(f"{quoted(name[:_MAX_NAME])} is {_REFUSED.get(flag, 'of an unknown kind')}")
    if kind is EntryType.FILE and name.endswith("/") and flag == b"\0":
        kind = EntryType.FOLDER  # as archives older than POSIX wrote them
    if extended.get("path", long_name) != long_name != "":
        raise InvalidHeader(f"{quoted(name[:_MAX_NAME])} has two names, and readers differ in which they believe")
    size = _number(block[124:136])
    if "size" in extended and _decimal(extended["size"]) != size:  # only where the header has no room for it: 8 GiB
        raise InvalidHeader(f"{quoted(name[:_MAX_NAME])} has two sizes, and readers differ in which they believe")
    if kind is EntryType.FOLDER:
        if size:
            raise InvalidHeader("a folder in it has content")
        _parts(name)
        return Header(kind, "", 0)
    return Header(kind, safe_path(name), size)


def parse_pax(content: bytes) -> dict[str, str]:
    """Read the records of an extended header: ``<length> <keyword>=<value>\\n``, the length of all of it in decimal."""
    records: dict[str, str] = {}
    start = 0
    for _ in range(_MAX_RECORDS + 1):
        if start == len(content):
            return records
        digits, space, _ = content[start : start + 8].partition(b" ")
        length = int(digits) if space and digits.isdigit() else 0
        keyword, equals, value = content[start + len(digits) + 1 : start + length].partition(b"=")
        if start + length > len(content) or not equals or not value.endswith(b"\n"):
            raise InvalidHeader("an extended header of it is damaged")
        records[keyword.decode("utf-8")] = value[:-1].decode("utf-8")
        start += length
    raise InvalidHeader(f"an extended header of it has more than {_MAX_RECORDS} records")


def parse_global(content: bytes) -> None:
    """Read the records of all entries that follow: some readers obey them, some do not, so they must not matter.

    Raises:
        InvalidHeader: they would change what the archive holds.
    """
    for keyword in parse_pax(content):
        if keyword in ("path", "size") or keyword.startswith(_SPARSE):
            raise InvalidHeader(f"a global header of it says what the {keyword} of every file is")


def safe_path(name: str) -> str:
    """``name`` as a path below the artifact's root: with ``/``, without ``.``, ``..`` or anything unprintable.

    Raises:
        InvalidHeader: it leads elsewhere, or is not a name; the message is a clause that says why.
    """
    parts = _parts(name)
    if not parts or name.endswith(("/", "/.")):
        raise InvalidHeader(f"{quoted(name)} is not a name of a file")
    return "/".join(parts)


def _parts(name: str) -> list[str]:
    if len(name.encode("utf-8", "surrogatepass")) > _MAX_NAME:
        raise InvalidHeader(f"a name in it has more than {_MAX_NAME} bytes")
    if name.startswith("/"):
        raise InvalidHeader(f"{quoted(name)} is an absolute path")
    if "\\" in name or not name.isprintable():
        raise InvalidHeader(f"{quoted(name)} has characters that a path must not have")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise InvalidHeader(f"{quoted(name)} leads out of it")
    return parts


def _name(block: bytes) -> str:
    prefix, name = _text(block[345:500]), _text(block[:100])
    if prefix and block[257:263] != b"ustar\0":  # GNU has other things there, and some readers take them for a name
        raise InvalidHeader(f"{quoted(name)} has a prefix, which its format does not know")
    return f"{prefix}/{name}" if prefix else name


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8")


def _number(field: bytes) -> int:
    match = _OCTAL.fullmatch(field.partition(b"\0")[0] + b"\0")
    if match is None:
        raise InvalidHeader("a header of it is damaged, or it is not a tar at all")
    return int(match[1], 8)


def _is_number(field: bytes) -> bool:
    """Whether a field is blank, octal or binary (GNU), as those of owner, mode, time and device are."""
    return field[0] in (0x80, 0xFF) or _OCTAL_OR_BLANK.fullmatch(field.partition(b"\0")[0]) is not None


def _decimal(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 20):
        raise InvalidHeader("a header of it has a size that is not a number")
    return int(value)

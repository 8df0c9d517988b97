"""Reads files of this machine without following a link, as nothing of an archive follows one.

A stranger's change can make ``x.yaml`` a link to ``/etc/passwd``, and the CI that publishes the folder would upload it.
So each part of a path is opened relative to the folder before it, with ``O_NOFOLLOW``: what was looked at is what is
read, whoever changes names meanwhile. Blocks.
"""

import errno
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_UNPACKED_FILES
from pattern_operator.quote import one_line, quoted

MAX_ENTRIES: Final = 20 * MAX_UNPACKED_FILES  # names that are looked at below a folder, other files included
MAX_DEPTH: Final = 64  # folders in each other; each is an open file
_HISTORY: Final = frozenset({".git", ".hg", ".svn"})  # of version control: neither a chart nor a kustomization has them
_BLOCK: Final = 1024 * 1024
# O_NONBLOCK: a FIFO is opened at once, and refused; without it open() waits for a writer.
_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
# What is open in this process: standard input, or what the shell opened for `<(...)`. No file tree leads to it.
_OWN: Final = re.compile(r"/dev/stdin|(?:/dev|/proc/self)/fd/([0-9]{1,6})")
_KINDS: Final = {
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """Open a file or folder, which is closed at the end.

    Of a relative path no part may be a link: it lies in what is published. The folders of an absolute one are the
    machine's own, and only its last part may not.

    Raises:
        Stalled: ARCHIVE_REFUSED: it is a link, or neither file nor folder.
        OSError: it cannot be opened.
    """
    folder: int | None = None
    try:
        if own := _OWN.fullmatch(str(path)):
            descriptor = folder = os.dup(int(own.group(1) or 0))
        elif path.is_absolute():
            folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
            descriptor = _open(path.name or ".", folder, where=path)
        else:
            descriptor = folder = os.open(".", os.O_RDONLY | os.O_CLOEXEC)
            parts = path.parts
            for position, part in enumerate(parts, start=1):
                descriptor = _open(part, folder, where=Path(*parts[:position]))
                os.close(folder)
                folder = descriptor
        try:
            yield descriptor
        finally:
            if descriptor != folder:
                os.close(descriptor)
    finally:
        if folder is not None:
            os.close(folder)


def documents(
    root: int, *, where: Path, suffixes: frozenset[str], most: int
) -> Iterator[tuple[tuple[str, ...], bytes]]:
    """The path below ``root``, an open folder, and the content of each file that ends so; hidden names are left out.

    Raises:
        Stalled: ARCHIVE_REFUSED: a link, a second name of a file, or what is neither file nor folder.
            ARTIFACT_TOO_LARGE: more than ``most`` bytes or ``MAX_UNPACKED_FILES`` files together.
    """
    chosen = _Chosen(_is_shown, lambda path: Path(path[-1]).suffix.lower() in suffixes)
    yield from _below(root, (), where=where, chosen=chosen, budget=_Budget(where, most))


def files(
    root: int, *, where: Path, reads: Callable[[str], bool], most: int
) -> Iterator[tuple[tuple[str, ...], bytes]]:
    """As ``documents``, of each file whose path ``reads`` names; hidden ones too, but no history of version control."""
    chosen = _Chosen(lambda name: name not in _HISTORY, lambda path: reads("/".join(path)))
    yield from _below(root, (), where=where, chosen=chosen, budget=_Budget(where, most))


def names(root: int, *, where: Path) -> list[str]:
    """The paths of all files below ``root``, sorted by folders; hidden ones and links are left out. Nothing is read.

    Raises:
        Stalled: ARTIFACT_TOO_LARGE: too many names, or folders in each other.
    """
    found: list[str] = []

    def note(path: tuple[str, ...]) -> bool:
        found.append("/".join(path))
        return False

    budget = _Budget(where, 0)
    for _ in _below(root, (), where=where, chosen=_Chosen(_is_shown, note, refuses_links=False), budget=budget):
        pass
    return found


@dataclass(frozen=True, slots=True)
class _Chosen:
    """Which names are looked at, which files are read, and whether a link is an error."""

    looks: Callable[[str], bool]
    reads: Callable[[tuple[str, ...]], bool]
    refuses_links: bool = True


def _is_shown(name: str) -> bool:
    return not name.startswith(".")


class _Budget:
    """What may still be read below one folder."""

    def __init__(self, where: Path, most: int) -> None:
        self._where = where
        self._entries, self._files, self._bytes = MAX_ENTRIES, MAX_UNPACKED_FILES, most

    def look(self, names: int) -> None:
        """Count names that were looked at."""
        self._entries -= names
        if self._entries < 0:
            raise too_large(self._where, f"more than {MAX_ENTRIES} names below it")

    def read(self, descriptor: int, *, where: Path) -> bytes:
        """Read one file of those that count together."""
        self._files -= 1
        if self._files < 0:
            raise too_large(self._where, f"more than {MAX_UNPACKED_FILES} files")
        content = read(descriptor, where=where, most=self._bytes)
        self._bytes -= len(content)
        return content


def _below(
    folder: int, at: tuple[str, ...], *, where: Path, chosen: _Chosen, budget: _Budget
) -> Iterator[tuple[tuple[str, ...], bytes]]:
    if len(at) > MAX_DEPTH:
        raise too_large(where, f"more than {MAX_DEPTH} folders in each other")
    found: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            budget.look(1)
            if chosen.looks(entry.name):
                found.append(entry.name)
    folders: list[str] = []
    for name in sorted(found):
        mode = os.lstat(name, dir_fd=folder).st_mode
        if stat.S_ISDIR(mode):
            folders.append(name)
        elif (chosen.refuses_links and stat.S_ISLNK(mode)) or chosen.reads((*at, name)):
            descriptor = _open(name, folder, where=where / name)
            try:
                _refuse_second_name(descriptor, where=where / name)
                yield (*at, name), budget.read(descriptor, where=where / name)
            finally:
                os.close(descriptor)
    for name in folders:
        descriptor = _open(name, folder, where=where / name)
        try:
            yield from _below(descriptor, (*at, name), where=where / name, chosen=chosen, budget=budget)
        finally:
            os.close(descriptor)


def read_below(root: int, path: tuple[str, ...], *, where: Path, most: int) -> bytes:
    """Read one file below ``root``, an open folder; no part of ``path`` may be a link.

    Raises:
        Stalled: ARCHIVE_REFUSED: a part is a link, or what is neither file nor folder. ARTIFACT_TOO_LARGE.
        OSError: it is not there, or cannot be read.
    """
    folder = os.dup(root)
    try:
        for position, part in enumerate(path, start=1):
            descriptor = _open(part, folder, where=where.joinpath(*path[:position]))
            os.close(folder)
            folder = descriptor
        return read(folder, where=where.joinpath(*path), most=most)
    finally:
        os.close(folder)


def read(descriptor: int, *, where: Path, most: int) -> bytes:
    """Read a file to its end; raises Stalled ARTIFACT_TOO_LARGE for one of more than ``most`` bytes."""
    content = bytearray()
    while data := os.read(descriptor, _BLOCK):
        content += data
        if len(content) > most:
            raise too_large(where, f"more than {most} bytes")
    return bytes(content)


def shown(path: Path) -> str:
    """The path as messages say it: between quotation marks where not all of it can be seen."""
    text = one_line(str(path))
    return text if text == str(path) else quoted(str(path))


def too_large(path: Path, why: str) -> Stalled:
    """The error for more than is read."""
    return Stalled(
        reason=Reason.ARTIFACT_TOO_LARGE,
        message=f"{shown(path)} has {why}, which is more than is read: name a part of it.",
    )


def _open(name: str, folder: int, *, where: Path) -> int:
    """Open ``name`` in an open folder: a file or a folder itself, and nothing that it leads to."""
    mode = os.lstat(name, dir_fd=folder).st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):  # a device is not even opened: that may do something
        raise _refused(where, _KINDS.get(stat.S_IFMT(mode), "neither file nor folder"))
    try:
        descriptor = os.open(name, _FLAGS, dir_fd=folder)
    except OSError as error:
        if error.errno == errno.ELOOP:  # it became one since it was looked at
            raise _refused(where, "a link") from error
        raise
    found = os.fstat(descriptor).st_mode
    if not (stat.S_ISREG(found) or stat.S_ISDIR(found)):
        os.close(descriptor)
        raise _refused(where, _KINDS.get(stat.S_IFMT(found), "neither file nor folder"))
    return descriptor


def _refuse_second_name(descriptor: int, *, where: Path) -> None:
    """A hard link in an archive is refused, and here nothing tells which of the names is the file's own."""
    if os.fstat(descriptor).st_nlink > 1:
        raise _refused(where, "a file with a second name (a hard link)")


def _refused(path: Path, kind: str) -> Stalled:
    return Stalled(
        reason=Reason.ARCHIVE_REFUSED,
        message=f"{shown(path)} is {kind}, which is not followed, as in an archive: put a copy of the file there.",
    )

"""What commands print for people: tables, colour where the terminal has it, progress."""

import io
import os
import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, TextIO

_CODES: Final = {"green": "32", "yellow": "33", "red": "31", "dim": "2"}
_LEAST: Final = 20  # characters of a last column that is cut, however narrow the terminal


def prepare() -> None:
    """Print characters that the terminal's encoding lacks as escapes, instead of failing."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def colour(text: str, name: str, *, stream: TextIO | None = None) -> str:
    """Colour ``text`` where ``stream`` is a terminal and NO_COLOR (no-color.org) is not set."""
    target = stream or sys.stdout
    if not target.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return f"\x1b[{_CODES[name]}m{text}\x1b[0m"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of columns three blanks apart, as kubectl prints them; an empty cell is ``<none>``."""
    filled = [list(header), *map(cells, rows)]
    return aligned(filled, widths_of(filled))


def cells(row: Sequence[str]) -> list[str]:
    """The cells of a row as they are shown."""
    return [plain(cell) or "<none>" for cell in row]


def widths_of(rows: Sequence[Sequence[str]]) -> list[int]:
    """The width of each column."""
    return [max(map(len, column)) for column in zip(*rows, strict=True)]


def aligned(rows: Sequence[Sequence[str]], widths: Sequence[int]) -> list[str]:
    """Rows as lines; a cell that is wider than its column moves what follows it."""
    return ["   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def plain(text: str) -> str:
    """``text`` on one line, without control characters: it may come from an artifact or a registry."""
    return "".join(letter if letter.isprintable() else "?" for letter in " ".join(text.split()))


def fitted(line: str) -> str:
    """``line``, cut to the width of the terminal; whole where standard output is none."""
    if not sys.stdout.isatty():
        return line
    width = max(shutil.get_terminal_size().columns, _LEAST)
    return line if len(line) <= width else f"{line[: width - 1]}\u2026"


def document(text: str) -> None:
    """Print a document for programs: UTF-8, whatever the terminal's encoding."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode())


def flush() -> None:
    """Flush standard output: the command goes on for long."""
    sys.stdout.flush()


def print_error(text: str) -> None:
    """Print an error on standard error."""
    print(f"patternctl: {text}", file=sys.stderr)


def progress(message: str) -> None:
    """Print progress for a person at a terminal; nothing where standard error is not one."""
    if sys.stderr.isatty():
        print(colour(message, "dim", stream=sys.stderr), file=sys.stderr)


def close() -> None:
    """Send what is buffered, or drop it where nobody reads any more: the interpreter would print_error at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

"""What commands print: a table for people, JSON or YAML for programs; colour only on a terminal that wants it."""

import os
import sys
from collections.abc import Sequence
from typing import Any, Final, TextIO

import orjson

_CODES: Final = {"green": "32", "yellow": "33", "red": "31", "dim": "2"}


def colour(text: str, name: str, *, stream: TextIO | None = None) -> str:
    """Colour ``text`` where ``stream`` is a terminal and NO_COLOR (no-color.org) is not set."""
    target = stream or sys.stdout
    if not target.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return f"\x1b[{_CODES[name]}m{text}\x1b[0m"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns three blanks apart, as kubectl prints them; an empty cell is ``<none>``."""
    filled = [list(header), *([cell or "<none>" for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in filled) for column in range(len(header))]
    return "\n".join(
        "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in filled
    )


def dump(value: Any, form: str) -> str:
    """``value`` as ``json`` or ``yaml``; several YAML documents when it is a list of Kubernetes objects."""
    if form == "json":
        return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    import yaml

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    if isinstance(value, list):
        return yaml.dump_all(value, Dumper=dumper, sort_keys=False, explicit_start=True).rstrip()
    return str(yaml.dump(value, Dumper=dumper, sort_keys=False)).rstrip()


def progress(message: str) -> None:
    """Tell a person who is waiting; programs, which have no terminal, are not bothered."""
    if sys.stderr.isatty():
        print(colour(message, "dim", stream=sys.stderr), file=sys.stderr)

"""What a command reads: a path, or ``-`` for standard input."""

import sys
from typing import TYPE_CHECKING, Final

from pattern_operator.cli import output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pattern_operator.api.artifact import File
    from pattern_operator.source.local_files import BeyondDocuments

STDIN: Final = "-"
_NAME: Final = "pattern.yml"  # of what has none; JSON is YAML


def read(text: str, *, beyond_documents: "BeyondDocuments | None" = None) -> "Sequence[File]":
    """The files at a path, or what comes through a pipe; raises as ``read_local`` and ``read_stream``."""
    from pathlib import Path

    from pattern_operator.api.reason import Reason
    from pattern_operator.errors import Stalled
    from pattern_operator.source import read_local, read_stream

    if text == STDIN:
        announce_stdin()
        return read_stream(sys.stdin.fileno(), context="standard input", name=_NAME)
    if not text:
        raise Stalled(
            reason=Reason.ARTIFACT_NOT_FOUND,
            message="the path is empty: name a file or folder, or - for standard input.",
        )
    return read_local(Path(text), beyond_documents=beyond_documents)


def announce_stdin() -> None:
    """Tell a person at a terminal that the command reads standard input."""
    if sys.stdin.isatty():
        output.progress("reading standard input; Ctrl-D ends it")

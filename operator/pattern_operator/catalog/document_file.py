"""Reads one small YAML file of an artifact, whatever is in it; and finds it, in whatever folder the artifact has it."""

from collections.abc import Collection, Sequence
from pathlib import PurePosixPath
from typing import Any, Final

from pattern_operator.api.artifact import File
from pattern_operator.api.fields import mapping
from pattern_operator.errors import PatternError
from pattern_operator.limits import KIB
from pattern_operator.quote import one_line, quoted
from pattern_operator.render.document import read

MAX_FILE: Final = 256 * KIB  # of a file that says what an artifact is; with a long README in it one has 60 KiB
_MAX_WORDS: Final = 400


class Unread(ValueError):
    """The file cannot be read; the message is a sentence that says why."""


def find(files: Sequence[File], names: Collection[str]) -> File | None:
    """The file of one of these names, in small letters, that is nearest to the root; of several the first by name.

    A folder that was pushed whole, as `oras push` and Meshery do, is a folder in the artifact, too.
    """
    found = [file for file in files if PurePosixPath(file.path).name.lower() in names]
    return min(found, key=lambda file: (file.path.count("/"), file.path), default=None)


def read_mapping(file: File) -> dict[str, Any]:
    """The first document of a file, where it is a mapping; else an empty one.

    Raises:
        Unread: it is too large, or neither YAML nor JSON.
    """
    if len(file.content) > MAX_FILE:
        raise Unread(f"{quoted(file.path)} is not read: it has more than {MAX_FILE // KIB} KiB.")
    try:
        return mapping(next((document.value for document in read(file)), None))
    except PatternError as error:
        raise Unread(f"{quoted(file.path)} is not read: {one_line(error.message, _MAX_WORDS)}") from None

"""The signature vectors of other projects (data/signature-vectors), unpacked once for all tests of a process."""

import json
import tarfile
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

_ARCHIVE = Path(__file__).parent / "data" / "signature-vectors" / "all-cases.tar.xz"


@cache
def _unpacked() -> "tempfile.TemporaryDirectory[str]":
    folder = tempfile.TemporaryDirectory(prefix="signature-vectors-")
    with tarfile.open(_ARCHIVE) as archive:
        archive.extractall(folder.name, filter="data")  # of this repository
    return folder


def folder() -> Path:
    """Where ``cases.json`` and the files that it names lie."""
    return Path(_unpacked().name) / "signature-vectors"


def cases(*formats: str) -> list[dict[str, Any]]:
    """The cases of these formats."""
    return [case for case in json.loads((folder() / "cases.json").read_bytes()) if case["format"] in formats]

"""Unpacks all signature vectors, once for a process."""

import json
import tarfile
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

ARCHIVE = Path(__file__).parent.parent / "data" / "signature-vectors" / "all-cases.tar.xz"


@cache
def _unpacked() -> tempfile.TemporaryDirectory[str]:
    folder = tempfile.TemporaryDirectory(prefix="signature-vectors-")
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder.name, filter="data")
    return folder


def folder() -> Path:
    """The folder of ``cases.json``, for as long as the process lives."""
    return next(Path(_unpacked().name).rglob("cases.json")).parent


def cases(form: str) -> Iterator[dict[str, Any]]:
    """The cases of one format."""
    for case in json.loads((folder() / "cases.json").read_bytes()):
        if case["format"] == form:
            yield case

"""Files and folders of the cache on a disk. All of it blocks, and raises OSError."""

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from pattern_operator.api.reference import Digest

_CHUNK: Final = 1 << 18  # bytes read at once to be hashed


def remove_empty(*folders: Path) -> None:
    """Remove those that are empty, in this order; what is not empty, not there or not a folder is skipped."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


def write_all(file: BinaryIO, piece: bytes) -> None:
    """Write all of ``piece`` to a file without a buffer."""
    left = memoryview(piece)
    while left:
        left = left[file.write(left) :]


def is_intact(file: BinaryIO, digest: Digest, size: int) -> bool:
    """Whether the content is what it is called; leaves the file at its beginning."""
    if os.fstat(file.fileno()).st_size != size:
        return False
    state = hashlib.new(digest.algorithm)
    while chunk := file.read(_CHUNK):
        state.update(chunk)
    file.seek(0)
    return Digest(digest.algorithm, state.hexdigest()) == digest

"""Layers as a worker can take them: open files, for only those go through a socket to another process."""

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from io import BytesIO
from typing import BinaryIO


@contextmanager
def as_files(layers: Sequence[BinaryIO]) -> Iterator[list[BinaryIO]]:
    """Each layer as a file with a descriptor, at its beginning; what is in memory is copied to one without a name."""
    with ExitStack() as stack:
        files: list[BinaryIO] = []
        for layer in layers:
            if isinstance(layer, BytesIO):
                file = stack.enter_context(_unnamed())
                file.write(layer.getbuffer())
            else:
                file = layer
            file.seek(0)
            files.append(file)
        yield files


def _unnamed() -> BinaryIO:
    """An empty file that has no name and needs no disk where the system can do so."""
    if sys.platform == "linux":
        return os.fdopen(os.memfd_create("layer", os.MFD_CLOEXEC), "w+b", buffering=0)
    return tempfile.TemporaryFile(buffering=0)

"""Tracing for coverage, off while a test measures time: it makes the code several times slower."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def off() -> Iterator[None]:
    """Trace nothing in the block (the mark of pytest-cov leaves the tracer of pytest-xdist on)."""
    here, elsewhere = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    try:
        yield
    finally:
        threading.settrace(elsewhere)
        sys.settrace(here)

"""Runs tests in a fork of this process, each for a limited time: what a mutant does ends with the fork."""

import contextlib
import mmap
import os
import resource
import signal
from collections.abc import Callable
from enum import IntEnum
from typing import Final

import hypothesis
from tools.mutation.job import UnitTest

PATIENCE: Final = 8.0  # seconds that a test has beside ten times of what it usually takes
MEMORY: Final = 3 << 30  # bytes of data of a fork: a loop that collects ends soon
_LEFT_OUT: Final = ("terminal", "cacheprovider", "cov")  # plugins that no mutant needs; the first prints
_IN_PLACE: Final = ("-o", "addopts=--import-mode=importlib")  # of options for what prints
OPTIONS: Final = ("-x", "-W", "ignore", *_IN_PLACE, *(f"-pno:{name}" for name in _LEFT_OUT))


def set_up_hypothesis() -> None:
    """Make property tests try the same examples each time, and not look for the smallest one that fails."""
    phases = hypothesis.Phase.explicit, hypothesis.Phase.generate
    hypothesis.settings.register_profile("mutation", phases=phases, database=None, derandomize=True, deadline=None)
    hypothesis.settings.load_profile("mutation")


class Exit(IntEnum):
    """How a fork ends."""

    PASSED = 0
    FAILED = 10
    CANNOT_SWAP = 11


class Fork:
    """Runs something in a fork whose tests each have a limited time, and tells which test it ended in."""

    def __init__(self) -> None:
        self._progress = mmap.mmap(-1, 8)

    def run(self, work: Callable[[], int]) -> tuple[int, int]:
        """The exit status (negative: a signal), and how many tests were begun."""
        self._write(0)
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                os._exit(_alone(work))
            os._exit(Exit.FAILED)
        _, status = os.waitpid(child, 0)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child, signal.SIGKILL)  # what it started
        return os.waitstatus_to_exitcode(status), int.from_bytes(self._progress[:8], "big")

    def begin(self, number: int, test: UnitTest) -> None:
        """In the fork: a test begins; a fork whose test takes too long is ended by SIGALRM."""
        self._write(number)
        signal.setitimer(signal.ITIMER_REAL, PATIENCE + 10 * test.seconds)

    def _write(self, number: int) -> None:
        self._progress[:8] = number.to_bytes(8, "big")


def _alone(work: Callable[[], int]) -> int:
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    return work()

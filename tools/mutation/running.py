"""Runs tests on a mutant: in a fork of a process that has imported what the tests need but for the package itself."""

import contextlib
import importlib.util
import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

import pytest

POLL = 0.02  # seconds between two looks at a fork


class Outcome(StrEnum):
    """What became of a mutant."""

    NOTICED = "noticed"
    UNNOTICED = "unnoticed"
    UNTESTED = "untested"  # no test runs the line


@dataclass(frozen=True, slots=True)
class Job:
    """A mutant of ``module`` (dotted), and the ids of the tests that run its line."""

    module: str
    text: str
    tests: tuple[str, ...]
    seconds: float


class _Loader(SourceFileLoader):
    """The mutated text in place of a module's own."""

    def __init__(self, fullname: str, path: str, text: str) -> None:
        super().__init__(fullname, path)
        self._text = text

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._text, self.path, "exec")


class _Finder:
    def __init__(self, module: str, text: str) -> None:
        self._module, self._text = module, text

    def find_spec(self, name: str, path: object = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Find the mutated module; others are found by who comes next."""
        del target
        if name != self._module or path is None:
            return None
        file = _file_of(name, [str(each) for each in path])  # type: ignore[attr-defined]
        packaged = [str(file.parent)] if file.name == "__init__.py" else None
        loader = _Loader(name, str(file), self._text)
        return importlib.util.spec_from_file_location(name, file, loader=loader, submodule_search_locations=packaged)


def _file_of(name: str, path: Sequence[str]) -> Path:
    last = name.rpartition(".")[2]
    choices = [Path(each) / tail for each in path for tail in (f"{last}.py", f"{last}/__init__.py")]
    return next(each for each in choices if each.exists())


def run(job: Job) -> Outcome:
    """Whether a test fails, or hangs, with the mutant."""
    if not job.tests:
        return Outcome.UNTESTED
    child = os.fork()
    if child == 0:
        os._exit(_tests(job))
    return Outcome.UNNOTICED if _wait(child, seconds=job.seconds) == 0 else Outcome.NOTICED


def _tests(job: Job) -> int:
    """In the fork: nothing of it is printed, and the first failure ends it."""
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    sys.meta_path.insert(0, _Finder(job.module, job.text))
    with contextlib.suppress(BaseException):
        options = ["-x", "-q", "-m", "not e2e", "--no-header", "-p", "no:cacheprovider", "-p", "no:cov", "-W", "ignore"]
        return int(pytest.main([*options, *job.tests]))
    return 1


def _wait(child: int, *, seconds: float) -> int:
    """The exit status of the fork; 1 where it had to be ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(POLL)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return 1

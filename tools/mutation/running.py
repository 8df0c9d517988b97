"""Runs tests on mutants, each in a fork: of a process that has collected the tests, or of one that imported nothing.

Two ways, because the first is forty times as fast and cannot do all: ``run_swapped`` puts the mutant's code into the
functions of the modules that its process has imported; ``Importing`` imports package and tests with the mutant.
A test that fails or hangs with a mutant is run without it, too: one that fails then tells nothing, and is left out.
"""

import contextlib
import gc
import importlib.util
import json
import mmap
import os
import resource
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Final

import hypothesis
import pytest
from tools.mutation.swapping import CannotSwapError, functions_below, swap

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


class Outcome(StrEnum):
    """What became of a mutant."""

    NOTICED = "noticed"
    UNNOTICED = "unnoticed"
    UNTESTED = "untested"  # no test runs the line


@dataclass(frozen=True, slots=True)
class UnitTest:
    """A test by its node id, and the seconds that it usually takes."""

    id: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Job:
    """A mutant of ``module`` (dotted) in ``file``, and the tests to run, in that order."""

    module: str
    file: Path
    text: str
    tests: tuple[UnitTest, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a job: noticed by which test."""

    outcome: Outcome
    test: str = ""


class _Exit(IntEnum):
    PASSED = 0
    FAILED = 10
    CANNOT_SWAP = 11


class _Fork:
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
            os._exit(_Exit.FAILED)
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


def run_swapped(jobs: Sequence[Job], package: Path, *, processes: int) -> Iterator[tuple[int, Ended | None]]:
    """What became of each job, by its number, as they end; None where it must be imported anew.

    Args:
        jobs: of modules of one package.
        package: its folder.
        processes: that each do a part of the jobs.

    Raises:
        RuntimeError: a process ended before its jobs were done.
    """
    if not jobs:
        return
    reading, writing = os.pipe()
    children = [_start(range(first, len(jobs), processes), jobs, package, writing) for first in range(processes)]
    os.close(writing)
    with os.fdopen(reading) as lines:
        for line in lines:
            number, outcome, test = json.loads(line)
            yield number, Ended(Outcome(outcome), test) if outcome else None
    statuses = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    if any(statuses):
        raise RuntimeError(f"the processes that try mutants ended with {statuses}: can the tests be collected?")


def _start(numbers: Sequence[int], jobs: Sequence[Job], package: Path, writing: int) -> int:
    """A process that does some of the jobs, and writes a line for each."""
    if child := os.fork():
        return child
    status = 1
    try:

        def tell(number: int, ended: Ended | None) -> None:
            row = [numbers[number], ended.outcome if ended else "", ended.test if ended else ""]
            os.write(writing, f"{json.dumps(row)}\n".encode())

        status = _Swapping.run([jobs[number] for number in numbers], package, tell)
    finally:
        os._exit(status)


@dataclass(slots=True, eq=False)
class _Swapping:
    """A plugin that runs the tests of jobs instead of all of them, and hands on what became of each.

    ``tell`` is given the number of the job, and None where it must be imported anew.
    """

    jobs: Sequence[Job]
    package: Path
    tell: Callable[[int, Ended | None], None]
    _sound: set[str] = field(default_factory=set)
    _unsound: set[str] = field(default_factory=set)
    _fork: _Fork = field(default_factory=_Fork)

    @classmethod
    def run(cls, jobs: Sequence[Job], package: Path, tell: Callable[[int, Ended | None], None]) -> int:
        """Collect the test files of the jobs once, and run each job; pytest's exit status."""
        files = sorted({test.id.partition("::")[0] for job in jobs for test in job.tests})
        with tempfile.TemporaryDirectory() as folder:
            plugin = cls(jobs, package, tell)
            return int(pytest.main([*OPTIONS, f"--basetemp={folder}/tests", *files], plugins=[plugin]))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {item.nodeid: item for item in session.items}
        folder = session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined] # it is private, and there is no other way to it
        functions = functions_below(self.package)
        gc.collect()
        gc.freeze()

        def trial(job: Job, *, mutated: bool) -> int:
            if mutated:
                try:
                    swap(job.file.read_text(), job.text, job.file, functions)
                except CannotSwapError:
                    return _Exit.CANNOT_SWAP
            todo = [(test, items[test.id]) for test in job.tests if test.id in items]
            for number, (test, item) in enumerate(todo):
                self._fork.begin(number, test)
                following = todo[number + 1][1] if number + 1 < len(todo) else None
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                if session.testsfailed:
                    return _Exit.FAILED
            return _Exit.PASSED

        for number, job in enumerate(self.jobs):
            known = replace(job, tests=tuple(test for test in job.tests if test.id in items))
            self.tell(number, self._job(known, trial))
            _empty(folder)
        return True

    def _job(self, job: Job, trial: "_Trial") -> Ended | None:
        while tests := tuple(test for test in job.tests if test.id not in self._unsound):
            now = replace(job, tests=tests)
            status, begun = self._fork.run(lambda now=now: trial(now, mutated=True))  # type: ignore[misc] # mypy infers no type of a lambda with a default
            if status == _Exit.CANNOT_SWAP:
                return None
            if status == _Exit.PASSED:
                return Ended(Outcome.UNNOTICED)
            if self._is_sound(now, tests[begun], trial):
                return Ended(Outcome.NOTICED, tests[begun].id)
        return Ended(Outcome.UNTESTED)

    def _is_sound(self, job: Job, test: UnitTest, trial: "_Trial") -> bool:
        """Whether a test passes without the mutant."""
        if test.id not in self._sound:
            alone = replace(job, tests=(test,))
            passed = self._fork.run(lambda: trial(alone, mutated=False))[0] == _Exit.PASSED
            (self._sound if passed else self._unsound).add(test.id)
        return test.id in self._sound


_Trial = Callable[..., int]


def _empty(folder: Path) -> None:
    for each in folder.iterdir():
        shutil.rmtree(each, ignore_errors=True)


class _Loader(SourceFileLoader):
    """The mutated text in place of a module's own."""

    def __init__(self, fullname: str, path: str, text: str) -> None:
        super().__init__(fullname, path)
        self._text = text

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._text, self.path, "exec")


@dataclass(frozen=True, slots=True)
class _Finder:
    job: Job

    def find_spec(self, name: str, path: object = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Find the mutated module; others are found by who comes next."""
        del target
        if name != self.job.module or path is None:
            return None
        file = self.job.file
        packaged = [str(file.parent)] if file.name == "__init__.py" else None
        loader = _Loader(name, str(file), self.job.text)
        return importlib.util.spec_from_file_location(name, file, loader=loader, submodule_search_locations=packaged)


@dataclass(slots=True, eq=False)
class _Limits:
    """A plugin: each test has a limited time."""

    fork: _Fork
    tests: Sequence[UnitTest]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        number = next((number for number, test in enumerate(self.tests) if test.id == item.nodeid), 0)
        self.fork.begin(number, self.tests[number])


@dataclass(slots=True)
class Importing:
    """Runs jobs of which each imports the package anew; the process that it runs in must not have imported it."""

    _sound: dict[tuple[str, ...], bool] = field(default_factory=dict)
    _fork: _Fork = field(default_factory=_Fork)

    def run(self, job: Job) -> Ended:
        """Run a job: the tests of each file together, because what is collected is imported."""
        files = dict.fromkeys(test.id.partition("::")[0] for test in job.tests)
        ended = Outcome.UNTESTED
        for file in files:
            now = replace(job, tests=tuple(test for test in job.tests if test.id.partition("::")[0] == file))
            status, begun = self._fork.run(lambda now=now: self._tests(now))  # type: ignore[misc] # mypy infers no type of a lambda with a default
            if status == _Exit.PASSED:
                ended = Outcome.UNNOTICED
            elif self._is_sound(now):
                return Ended(Outcome.NOTICED, now.tests[begun].id)
        return Ended(ended)

    def _is_sound(self, job: Job) -> bool:
        tests = tuple(test.id for test in job.tests)
        if tests not in self._sound:
            plain = replace(job, text=job.file.read_text())
            self._sound[tests] = self._fork.run(lambda: self._tests(plain))[0] == _Exit.PASSED
        return self._sound[tests]

    def _tests(self, job: Job) -> int:
        sys.meta_path.insert(0, _Finder(job))
        signal.setitimer(signal.ITIMER_REAL, 10 * PATIENCE)  # to collect
        folder = tempfile.mkdtemp()
        try:
            ids = [test.id for test in job.tests]
            code = pytest.main([*OPTIONS, f"--basetemp={folder}/tests", *ids], plugins=[_Limits(self._fork, job.tests)])
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return _Exit.PASSED if code == pytest.ExitCode.OK else _Exit.FAILED

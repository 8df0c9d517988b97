"""Tries mutants in forks of a process that has collected the tests: functions are given the mutant's code.

Forty times as fast as ``imported``, which is for what cannot be swapped. A test that fails or hangs with a mutant is
run without it, too: one that fails then tells nothing, and is left out.
"""

import gc
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from tools.mutation.fork import OPTIONS, Exit, Fork
from tools.mutation.job import Ended, Job, Outcome, UnitTest
from tools.mutation.swapping import CannotSwapError, functions_below, swap


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
    _fork: Fork = field(default_factory=Fork)

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
                    return Exit.CANNOT_SWAP
            todo = [(test, items[test.id]) for test in job.tests if test.id in items]
            for number, (test, item) in enumerate(todo):
                self._fork.begin(number, test)
                following = todo[number + 1][1] if number + 1 < len(todo) else None
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                if session.testsfailed:
                    return Exit.FAILED
            return Exit.PASSED

        for number, job in enumerate(self.jobs):
            known = replace(job, tests=tuple(test for test in job.tests if test.id in items))
            self.tell(number, self._job(known, trial))
            _empty(folder)
        return True

    def _job(self, job: Job, trial: "_Trial") -> Ended | None:
        while tests := tuple(test for test in job.tests if test.id not in self._unsound):
            now = replace(job, tests=tests)
            status, begun = self._fork.run(lambda now=now: trial(now, mutated=True))  # type: ignore[misc] # mypy infers no type of a lambda with a default
            if status == Exit.CANNOT_SWAP:
                return None
            if status == Exit.PASSED:
                return Ended(Outcome.UNNOTICED)
            if self._is_sound(now, tests[begun], trial):
                return Ended(Outcome.NOTICED, tests[begun].id)
        return Ended(Outcome.UNTESTED)

    def _is_sound(self, job: Job, test: UnitTest, trial: "_Trial") -> bool:
        """Whether a test passes without the mutant."""
        if test.id not in self._sound:
            alone = replace(job, tests=(test,))
            passed = self._fork.run(lambda: trial(alone, mutated=False))[0] == Exit.PASSED
            (self._sound if passed else self._unsound).add(test.id)
        return test.id in self._sound


_Trial = Callable[..., int]


def _empty(folder: Path) -> None:
    for each in folder.iterdir():
        shutil.rmtree(each, ignore_errors=True)

"""Tries mutants in forks of a process that imported nothing: package and tests are imported with the mutant.

As in ``swapped``, a test that fails without the mutant, too, tells nothing.
"""

import importlib.util
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import CodeType, ModuleType

import pytest
from tools.mutation.fork import OPTIONS, PATIENCE, Exit, Fork
from tools.mutation.job import Ended, Job, Outcome, UnitTest


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

    fork: Fork
    tests: Sequence[UnitTest]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        number = next((number for number, test in enumerate(self.tests) if test.id == item.nodeid), 0)
        self.fork.begin(number, self.tests[number])


@dataclass(slots=True)
class Importing:
    """Runs jobs of which each imports the package anew; the process that it runs in must not have imported it."""

    _sound: dict[tuple[str, ...], bool] = field(default_factory=dict)
    _fork: Fork = field(default_factory=Fork)

    def run(self, job: Job) -> Ended:
        """Run a job: the tests of each file together, because what is collected is imported."""
        files = dict.fromkeys(test.id.partition("::")[0] for test in job.tests)
        ended = Outcome.UNTESTED
        for file in files:
            now = replace(job, tests=tuple(test for test in job.tests if test.id.partition("::")[0] == file))
            status, begun = self._fork.run(lambda now=now: self._tests(now))  # type: ignore[misc] # mypy infers no type of a lambda with a default
            if status == Exit.PASSED:
                ended = Outcome.UNNOTICED
            elif self._is_sound(now):
                return Ended(Outcome.NOTICED, now.tests[begun].id)
        return Ended(ended)

    def _is_sound(self, job: Job) -> bool:
        tests = tuple(test.id for test in job.tests)
        if tests not in self._sound:
            plain = replace(job, text=job.file.read_text())
            self._sound[tests] = self._fork.run(lambda: self._tests(plain))[0] == Exit.PASSED
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
        return Exit.PASSED if code == pytest.ExitCode.OK else Exit.FAILED

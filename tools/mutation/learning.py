"""Which lines each unit test runs, and how long it takes: a record for each test file, made again when it is stale.

A record stands while its test file, and the modules that its tests run, have the text that they had. It is made by
running the file's tests once, traced by coverage. ``python -m tools.mutation.learning FILE...`` does so.
"""

import argparse
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

import msgspec
import pytest
from coverage import Coverage, CoverageData

P = ParamSpec("P")
T = TypeVar("T")

ROOT: Final = Path(__file__).parent.parent.parent
PACKAGE: Final = ROOT / "operator" / "pattern_operator"
PACKAGES: Final = ("verify", "source", "apply", "reconcile", "kube", "rollout")
BATCH: Final = 20  # test files that run together: what they told is kept when the next ones are stopped
UNIT_TESTS: Final = ("-m", "not e2e", "-q", "--no-header", "-p", "no:cacheprovider", "-p", "no:cov")


class RanTest(msgspec.Struct, frozen=True):
    """A test that passed: its seconds, and the lines that it ran of each module (by path below the package)."""

    seconds: float
    lines: dict[str, list[int]]


class Record(msgspec.Struct, frozen=True):
    """What the tests of one file ran.

    Attributes:
        test_file: digest of the file.
        modules: digest of each module that they ran, by path below the package.
        tests: by node id.
    """

    test_file: str
    modules: dict[str, str]
    tests: dict[str, RanTest]


class ImportedLines(msgspec.Struct, frozen=True):
    """The lines of a module that run when it is imported, or when tests are collected."""

    module: str  # digest
    lines: list[int]


def digest(file: Path) -> str:
    """What tells one text of a file from another; "" where there is none."""
    return sha256(file.read_bytes()).hexdigest()[:16] if file.exists() else ""


def test_files() -> list[Path]:
    """The files of unit tests that may run what is mutated: those of its packages, and those of what uses these."""
    folders = [ROOT / "tests" / package for package in PACKAGES]
    return [*(file for each in folders for file in each.rglob("test_*.py")), *(ROOT / "tests").glob("test_*.py")]


@dataclass(frozen=True, slots=True)
class Learned:
    """The records in a directory."""

    directory: Path

    def refresh(self) -> None:
        """Run the tests whose record is stale or missing.

        Raises:
            CalledProcessError: pytest could not run them. A test that fails ends nothing: it is not used.
        """
        stale = [str(file.relative_to(ROOT)) for file in test_files() if not self._stands(file)]
        for first in range(0, len(stale), BATCH):
            batch = stale[first : first + BATCH]
            print(f"Learning which lines the tests of {len(batch)} files run; {len(stale) - first} to go.", flush=True)
            command = [sys.executable, "-m", "tools.mutation.learning", "--directory", str(self.directory), *batch]
            subprocess.run(command, cwd=ROOT, check=True)

    def records(self) -> Iterator[Record]:
        """Those of all test files that exist."""
        for file in test_files():
            if (record := self._read(file)) is not None:
                yield record

    def imported(self) -> dict[str, set[int]]:
        """The lines that run on import, by the module's path below the package."""
        return {module: set(each.lines) for module, each in self._imported().items()}

    def write(self, files: Iterable[Path], ran: "_Ran", data: CoverageData) -> None:
        """Keep what a run of some test files told."""
        self.directory.mkdir(parents=True, exist_ok=True)
        lines = _lines_by_context(data)
        by_file: defaultdict[str, dict[str, RanTest]] = defaultdict(dict)
        for test, seconds in ran.seconds.items():
            by_file[test.partition("::")[0]][test] = RanTest(round(seconds, 4), lines.get(test, {}))
        for file in files:
            tests = by_file[str(file.relative_to(ROOT))]
            modules = sorted({module for test in tests.values() for module in test.lines})
            record = Record(digest(file), {module: digest(PACKAGE / module) for module in modules}, tests)
            self._path(file).write_bytes(msgspec.json.encode(record))
        known = self._imported()
        for module, now in lines.get("", {}).items():
            before = known.get(module)
            same = before is not None and before.module == digest(PACKAGE / module)
            every = sorted({*now, *(before.lines if before and same else ())})
            known[module] = ImportedLines(digest(PACKAGE / module), every)
        (self.directory / "imported.json").write_bytes(msgspec.json.encode(known))

    def _stands(self, file: Path) -> bool:
        record = self._read(file)
        return (
            record is not None
            and record.test_file == digest(file)
            and all(digest(PACKAGE / module) == known for module, known in record.modules.items())
        )

    def _read(self, file: Path) -> Record | None:
        path = self._path(file)
        return msgspec.json.decode(path.read_bytes(), type=Record) if path.exists() else None

    def _imported(self) -> dict[str, ImportedLines]:
        path = self.directory / "imported.json"
        return msgspec.json.decode(path.read_bytes(), type=dict[str, ImportedLines]) if path.exists() else {}

    def _path(self, file: Path) -> Path:
        return self.directory / f"{'.'.join(file.relative_to(ROOT).with_suffix('').parts)}.json"


def _lines_by_context(data: CoverageData) -> dict[str, dict[str, list[int]]]:
    """UnitTest ("" is not a test), module, lines."""
    found: defaultdict[str, dict[str, list[int]]] = defaultdict(dict)
    for file in data.measured_files():
        module = str(Path(file).relative_to(PACKAGE))
        for line, contexts in sorted(data.contexts_by_lineno(file).items()):
            for context in contexts:
                found[context].setdefault(module, []).append(line)
    return found


@dataclass(slots=True, eq=False)
class _Ran:
    """A plugin: names the test that runs to coverage, and keeps the seconds of each that passed."""

    coverage: Coverage
    seconds: dict[str, float] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self.coverage.switch_context(item.nodeid)
        begun = time.perf_counter()
        try:
            return (yield)
        finally:
            self.coverage.switch_context("")
            if item.nodeid not in self.failed:
                self.seconds[item.nodeid] = time.perf_counter() - begun

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not report.passed:
            self.failed.add(report.nodeid)


def _trace_threads() -> None:
    """Trace what the threads of pools do, also of those that began while a test traced nothing (``tests.tracing``)."""
    from pattern_operator.executors import Threads  # here: who tries mutants must not have imported the package

    submit = Threads.submit

    def traced(self: Threads, work: Callable[P, T], /, *args: P.args, **more: P.kwargs) -> "Future[T]":
        def run() -> T:
            if sys.gettrace() is None:
                sys.settrace(threading.gettrace())
            return work(*args, **more)

        return submit(self, run)

    Threads.submit = traced  # type: ignore[method-assign] # in this process alone


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the tests of some files, and keep which lines each of them ran."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutation.learning", description=__doc__)
    parser.add_argument("--directory", type=Path, required=True, help="where the records are kept")
    parser.add_argument("files", type=Path, nargs="+")
    options = parser.parse_args(arguments)
    coverage = Coverage(data_file=None, branch=False, source_pkgs=["pattern_operator"], config_file=False)
    coverage.start()
    _trace_threads()
    ran = _Ran(coverage)
    code = pytest.main([*UNIT_TESTS, *map(str, options.files)], plugins=[ran])
    coverage.stop()
    Learned(options.directory).write([file.absolute() for file in options.files], ran, coverage.get_data())
    for test in sorted(ran.failed):
        print(f"fails or is skipped by itself, and is not used: {test}")
    return 0 if code in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) else int(code)


if __name__ == "__main__":
    sys.exit(main())

"""Which tests are run for a mutant: those that run its line, fastest first, then those that may run it untraced."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tools.mutation.job import UnitTest
from tools.mutation.learning import PACKAGE, ROOT, Record
from tools.mutation.mutants import Mutant, mutants

MOST_SECONDS: Final = 60.0  # of the tests of one mutant, as they usually take
MOST_FILES: Final = 6  # of tests for a mutant that must be imported anew


@dataclass(frozen=True, slots=True)
class Place:
    """A mutant and the module that it is of."""

    file: Path
    mutant: Mutant

    @property
    def path(self) -> str:
        """The module's path below the package."""
        return str(self.file.relative_to(PACKAGE))

    @property
    def package(self) -> str:
        """The package of the module."""
        return self.file.relative_to(PACKAGE).parts[0]

    @property
    def module(self) -> str:
        """The module, dotted."""
        return ".".join(self.file.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")

    @property
    def name(self) -> str:
        """What tells the mutant from others as long as its function is not written anew: without a line."""
        return f"{self.path}: {self.mutant.function or '-'}: {self.mutant.change}"

    def __str__(self) -> str:
        return f"{self.path}:{self.mutant.line}: {self.mutant.function or '-'}: {self.mutant.change}"


def places(packages: Iterable[str]) -> list[Place]:
    """All mutants of some packages, or of modules (a path below the package)."""
    files = [file for package in packages for file in _files(PACKAGE / package)]
    return [Place(file, mutant) for file in files for mutant in mutants(file.read_text())]


def _files(path: Path) -> list[Path]:
    return [path] if path.suffix else sorted(path.rglob("*.py"))


class Selection:
    """The tests of each line, as records tell."""

    def __init__(self, records: Iterable[Record], imported: dict[str, set[int]]) -> None:
        self._seconds: dict[str, float] = {}
        self._lines: defaultdict[str, defaultdict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
        for record in records:
            for name, test in record.tests.items():
                self._seconds[name] = test.seconds
                for module, lines in test.lines.items():
                    for line in lines:
                        self._lines[module][line].append(name)
        self._imported = imported
        self._uses: dict[str, list[tuple[str, int]]] | None = None

    def runs_on_import(self, place: Place) -> bool:
        """Whether the line runs before any test."""
        return bool(place.mutant.names) or place.mutant.line in self._imported.get(place.path, ())

    def tests(self, place: Place) -> tuple[UnitTest, ...]:
        """The tests for a mutant: the module's own, its package's, others; the fastest first in each.

        After those of its line come those that only ran another line of a function that an exception resumes.
        """
        found = set(self._of_lines(place.path, place.mutant.lines))
        if place.mutant.line in place.mutant.lines and (exact := self._of_lines(place.path, [place.mutant.line])):
            found = set(exact)
        if self.runs_on_import(place):
            for module, line in self._lines_that_use(place.mutant.names):
                found.update(self._of_lines(module, [line]))
            found.update(test for test in self._seconds if self._is_own(place, test))
        return self._fastest(place, found, set(self._of_lines(place.path, place.mutant.resumed)) - found)

    def _of_lines(self, module: str, lines: Iterable[int]) -> list[str]:
        known: Mapping[int, list[str]] = self._lines.get(module, {})
        return [test for line in lines for test in known.get(line, ())]

    def _fastest(self, place: Place, *groups: Iterable[str]) -> tuple[UnitTest, ...]:
        folder = f"tests/{place.package}/"

        def order(test: str) -> tuple[bool, bool, float, str]:
            return not self._is_own(place, test), not test.startswith(folder), self._seconds[test], test

        chosen: list[UnitTest] = []
        seconds = 0.0
        for test in (test for tests in groups for test in sorted(tests, key=order)):
            seconds += self._seconds[test]
            if chosen and seconds > MOST_SECONDS:
                break
            chosen.append(UnitTest(test, self._seconds[test]))
        return tuple(self._few_files(chosen) if self.runs_on_import(place) else chosen)

    def _few_files(self, tests: Sequence[UnitTest]) -> list[UnitTest]:
        files = list(dict.fromkeys(test.id.partition("::")[0] for test in tests))[:MOST_FILES]
        return [test for test in tests if test.id.partition("::")[0] in files]

    def _is_own(self, place: Place, test: str) -> bool:
        file = Path(test.partition("::")[0])
        return file.stem.startswith(f"test_{place.file.stem}") and file.parts[1] == place.package

    def _lines_that_use(self, names: frozenset[str]) -> list[tuple[str, int]]:
        if self._uses is None:
            self._uses = _uses()
        return [use for name in names for use in self._uses.get(name, ())]


def _uses() -> dict[str, list[tuple[str, int]]]:
    """The lines of the package that use each name."""
    found: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
    for file in sorted(PACKAGE.rglob("*.py")):
        module = str(file.relative_to(PACKAGE))
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name):
                    found[name].append((module, node.lineno))
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                    found[name].append((module, node.body[-1].lineno))
    return found


def test_texts(tests: Iterable[UnitTest]) -> list[Path]:
    """The files of some tests."""
    return [ROOT / file for file in sorted({test.id.partition("::")[0] for test in tests})]

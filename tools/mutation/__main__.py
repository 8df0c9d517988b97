"""``make mutate``: makes small changes to the code, and tells those that no unit test notices.

First every unit test runs once, to learn which lines it runs (coverage contexts). Then a sample of mutants is tried,
each with the tests that run its line, two at a time. What is not noticed is printed as it is found, a line each, then
the score of each package; the last line is JSON.
"""

import argparse
import json
import multiprocessing
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from coverage import CoverageData
from tools.mutation.mutants import Mutant, mutants
from tools.mutation.running import Job, Outcome, run

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "operator" / "pattern_operator"
PACKAGES = ("verify", "source", "apply", "reconcile", "kube", "rollout")
MOST_TESTS = 60  # that are run for one mutant: those of the module's own file first
PRELOADED = ("aiohttp", "cryptography.x509", "hypothesis", "kopf", "msgspec", "orjson", "yaml", "prometheus_client")


@dataclass(frozen=True, slots=True)
class Place:
    """A mutant and the module it is of."""

    file: Path
    mutant: Mutant

    @property
    def package(self) -> str:
        """The package of the module."""
        return self.file.relative_to(PACKAGE).parts[0]

    @property
    def module(self) -> str:
        """The module, dotted."""
        return ".".join(self.file.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")

    def __str__(self) -> str:
        return f"{self.file.relative_to(PACKAGE)}:{self.mutant.line}: {self.mutant.change}"


class Selection:
    """Which tests run a line, as coverage's contexts tell."""

    def __init__(self, data: CoverageData) -> None:
        self._data = data

    def tests(self, place: Place) -> tuple[str, ...]:
        """The tests for a mutant, those of the module's own first; what runs at import has the module's own alone."""
        contexts = self._data.contexts_by_lineno(str(place.file)).get(place.mutant.line, [])
        found = {context.rpartition("|")[0] for context in contexts if context}
        own = f"test_{place.file.stem}.py"
        if not found:
            return tuple(str(file) for file in sorted((ROOT / "tests" / place.package).rglob(own)))
        return tuple(sorted(found, key=lambda test: (own not in test, place.package not in test, test))[:MOST_TESTS])


def places(packages: Sequence[str], *, sample: int, seed: int) -> list[Place]:
    """A sample of all mutants of some packages; 0 takes all."""
    files = [file for package in packages for file in sorted((PACKAGE / package).rglob("*.py"))]
    every = [Place(file, mutant) for file in files for mutant in mutants(file.read_text())]
    if not sample or sample >= len(every):
        return every
    return sorted(random.Random(seed).sample(every, sample), key=str)  # noqa: S311 - no secret


def learn(packages: Sequence[str], database: Path) -> CoverageData:
    """Run the unit tests of some packages once, and learn which lines each of them runs."""
    tests = [str(path) for package in packages if (path := ROOT / "tests" / package).exists()]
    flags = ["--cov", f"--cov-config={ROOT / 'pyproject.toml'}", "--cov-context=test", "--cov-report="]
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", "-m", "not e2e", *flags, *tests]
    subprocess.run(command, cwd=ROOT, check=True, env=_environment(database))
    data = CoverageData(basename=str(database))
    data.read()
    return data


def _environment(database: Path) -> dict[str, str]:
    return {**os.environ, "COVERAGE_FILE": str(database)}


def try_all(found: Sequence[Place], selection: Selection, *, seconds: float) -> Iterator[tuple[Place, Outcome]]:
    """Each mutant with what became of it, as they end."""
    for name in PRELOADED:
        __import__(name)
    jobs = [Job(place.module, place.mutant.text, selection.tests(place), seconds) for place in found]
    with multiprocessing.get_context("fork").Pool(2) as pool:
        yield from zip(found, pool.imap(run, jobs, chunksize=1), strict=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what is not noticed; 1 where a package is below the floor."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutation", description=__doc__)
    parser.add_argument("--packages", default=",".join(PACKAGES), help="by comma (default: %(default)s)")
    parser.add_argument("--sample", type=int, default=600, help="how many mutants; 0: all (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="another one chooses others")
    parser.add_argument("--seconds", type=float, default=60, help="a mutant that takes longer is noticed")
    parser.add_argument("--floor", type=float, default=0, help="percent that are noticed, at least")
    parser.add_argument("--known", type=Path, help="coverage data of an earlier run: no test is run first")
    options = parser.parse_args(arguments)
    packages = options.packages.split(",")
    if options.known:
        data = CoverageData(basename=str(options.known))
        data.read()
    else:
        data = learn(packages, ROOT / ".testbed" / "mutation.coverage")
    found = places(packages, sample=options.sample, seed=options.seed)
    outcomes: Counter[tuple[str, Outcome]] = Counter()
    for place, outcome in try_all(found, Selection(data), seconds=options.seconds):
        outcomes[place.package, outcome] += 1
        if outcome is not Outcome.NOTICED:
            print(f"{outcome}: {place}", flush=True)
    scores = dict(_scores(outcomes, packages))
    for package, score in scores.items():
        print(f"{package:12} {score:5.1f} %")
    print(json.dumps({"mutants": len(found), "seed": options.seed, "noticed": scores}))
    return 1 if any(score < options.floor for score in scores.values()) else 0


def _scores(outcomes: Counter[tuple[str, Outcome]], packages: Sequence[str]) -> Iterator[tuple[str, float]]:
    for package in packages:
        total = sum(count for (name, _), count in outcomes.items() if name == package)
        if total:
            yield package, round(100 * outcomes[package, Outcome.NOTICED] / total, 1)


if __name__ == "__main__":
    sys.exit(main())

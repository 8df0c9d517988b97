"""``make mutate``: makes small changes to the code, and tells those that no unit test notices.

Tests whose record is stale run once, to learn which lines they run (learning.py). Then a sample of mutants is tried,
each with the tests that run its line. What becomes of each is kept: a run that was stopped goes on, and one after new
tests were written tries what was not noticed. Ctrl-C ends a run with the table of what is known so far.

What is not noticed is printed as it is found, a line each; then a table by package and module; the last line is JSON.
"""

import argparse
import json
import os
import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from tools.mutation.fork import set_up_hypothesis
from tools.mutation.imported import Importing
from tools.mutation.job import Ended, Job, Outcome, UnitTest
from tools.mutation.learning import PACKAGE, PACKAGES, ROOT, Learned
from tools.mutation.results import Results, equivalents, table
from tools.mutation.selection import Place, Selection, places
from tools.mutation.swapped import run_swapped

STATE = ROOT / ".testbed" / "mutation"
PRELOADED = ("aiohttp", "cryptography.x509", "hypothesis", "kopf", "msgspec", "orjson", "yaml", "prometheus_client")

Trial = tuple[Place, tuple[UnitTest, ...]]


def try_all(trials: Sequence[Trial], selection: Selection, *, jobs: int) -> Iterator[tuple[Trial, Ended]]:
    """Each mutant with what became of it, as they end: those that can be swapped in ``jobs`` processes first."""
    for name in PRELOADED:
        __import__(name)
    set_up_hypothesis()
    swapped = [trial for trial in trials if trial[1] and not selection.runs_on_import(trial[0])]
    imported = [trial for trial in trials if trial[1] and selection.runs_on_import(trial[0])]
    yield from ((trial, Ended(Outcome.UNTESTED)) for trial in trials if not trial[1])
    for number, ended in run_swapped([_job(trial) for trial in swapped], PACKAGE, processes=jobs):
        if ended is None:
            imported.append(swapped[number])
        else:
            yield swapped[number], ended
    importing = Importing()
    for trial in imported:
        yield trial, importing.run(_job(trial))


def _job(trial: Trial) -> Job:
    place, tests = trial
    return Job(place.module, place.file, place.mutant.text, tests)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what is not noticed; 1 where a package is below the floor."""
    options = _options(arguments)
    learned = Learned(options.state / "learned")
    if not options.known:
        learned.refresh()
    selection = Selection(learned.records(), learned.imported())
    every = places(options.packages.split(","))
    known_equivalent = equivalents()
    sample = _sample([place for place in every if place.name not in known_equivalent], options.sample, options.seed)
    results = Results(options.state / "results.jsonl")
    outcomes: dict[Place, Outcome] = {}
    trials: list[Trial] = []
    for place in sample:
        tests = selection.tests(place)
        if (outcome := results.get(place, tests)) is None:
            trials.append((place, tests))
        else:
            outcomes[place] = outcome
            _say(place, outcome)
    print(f"{len(sample)} mutants, {len(trials)} of them to try.", flush=True)
    try:
        for (place, tests), ended in try_all(trials, selection, jobs=options.jobs):
            results.put(place, tests, ended)
            outcomes[place] = ended.outcome
            _say(place, ended.outcome)
    except KeyboardInterrupt:
        print("Stopped: run it again to go on.")
    for name in _stale(known_equivalent, every, options.packages):
        print(f"equivalent.txt names what is not a mutant any more: {name}")
    return _report(outcomes, seed=options.seed, floor=options.floor)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.mutation", description=__doc__)
    modules = "or modules, by comma (default: %(default)s)"
    parser.add_argument("--packages", type=learned_packages, default=",".join(PACKAGES), help=modules)
    parser.add_argument("--sample", type=int, default=600, help="how many mutants; 0: all (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="another one chooses others")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="at once (default: %(default)s)")
    parser.add_argument("--floor", type=float, default=0, help="percent that are noticed, at least")
    parser.add_argument("--known", action="store_true", help="use the records of tests as they are, stale or not")
    parser.add_argument("--state", type=Path, default=STATE, help="where records and results are kept")
    return parser.parse_args(arguments)


def learned_packages(names: str) -> str:
    """``names`` as they are, of packages and modules whose tests are learned; raises ArgumentTypeError for others."""
    for name in names.split(","):
        path, package = PACKAGE / name, name.partition("/")[0]
        if not name or not (path.is_dir() or (path.is_file() and path.suffix == ".py")):
            raise argparse.ArgumentTypeError(f"{name} is neither a package nor a module (a/b.py) of {PACKAGE.name}")
        if (PACKAGE / package).is_dir() and package not in PACKAGES:
            learned = ", ".join(PACKAGES)
            raise argparse.ArgumentTypeError(f"the tests of {package} are not learned: see PACKAGES ({learned})")
    return names


def _sample(found: list[Place], size: int, seed: int) -> list[Place]:
    """Some of the mutants, in the order in which they are tried: a run that is stopped has tried a smaller sample."""
    shuffled = list(found)
    random.Random(seed).shuffle(shuffled)  # noqa: S311 - no secret
    return shuffled[: size or None]


def _say(place: Place, outcome: Outcome) -> None:
    if outcome is not Outcome.NOTICED:
        print(f"{outcome}: {place}", flush=True)


def _stale(known: Mapping[str, str], every: Iterable[Place], packages: str) -> list[str]:
    names = {place.name for place in every}
    return [name for name in known if name not in names] if packages == ",".join(PACKAGES) else []


def _report(outcomes: Mapping[Place, Outcome], *, seed: int, floor: float) -> int:
    print(table(sorted(outcomes.items(), key=lambda row: row[0].path)))
    total = Counter(place.package for place in outcomes)
    noticed = Counter(place.package for place, outcome in outcomes.items() if outcome is Outcome.NOTICED)
    scores = {package: round(100 * noticed[package] / count, 1) for package, count in total.items()}
    print(json.dumps({"mutants": len(outcomes), "seed": seed, "noticed": scores}))
    return 1 if any(score < floor for score in scores.values()) else 0


if __name__ == "__main__":
    sys.exit(main())

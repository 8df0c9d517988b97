"""What is known of mutants from run to run: results, which are not checked in, and equivalent ones, which are."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from tools.mutation.job import Ended, Outcome, UnitTest
from tools.mutation.learning import digest
from tools.mutation.selection import Place, test_texts

EQUIVALENT: Final = Path(__file__).with_name("equivalent.txt")


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a mutant when these tests were run."""

    outcome: Outcome
    tests: str  # digest of their ids and files
    by: str


class Results:
    """A file of JSON lines; the last one of a mutant counts.

    A mutant that is noticed stays so while the function around it has the same text. One that is not is tried again
    when a test came that runs its line, or the file of such a test changed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, Result] = {}
        if path.exists():
            for line in path.read_text().splitlines():
                row = json.loads(line)
                self._known[row["key"]] = Result(Outcome(row["outcome"]), row["tests"], row["by"])

    def get(self, place: Place, tests: Sequence[UnitTest]) -> Outcome | None:
        """What is known of a mutant; None where it must be run."""
        known = self._known.get(_key(place))
        if known is None or (known.outcome is not Outcome.NOTICED and known.tests != _digest(tests)):
            return None
        return known.outcome

    def put(self, place: Place, tests: Sequence[UnitTest], ended: Ended) -> None:
        """Keep what became of a mutant."""
        result = Result(ended.outcome, _digest(tests), ended.test)
        self._known[_key(place)] = result
        row = {"key": _key(place), "outcome": result.outcome, "tests": result.tests, "by": result.by, "is": str(place)}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a") as file:
            file.write(f"{json.dumps(row)}\n")


def _key(place: Place) -> str:
    return f"{place.path}:{place.mutant.digest}"


def _digest(tests: Sequence[UnitTest]) -> str:
    ids = "\n".join(sorted(test.id for test in tests))
    return sha256("\n".join([ids, *map(_of_file, test_texts(tests))]).encode()).hexdigest()[:16]


_of_file = cache(digest)


def equivalents(path: Path = EQUIVALENT) -> Mapping[str, str]:
    """The mutants that no test can notice, by ``Place.name``, each with the reason: ``NAME  # REASON``.

    Raises:
        ValueError: a line has no reason.
    """
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    found = {}
    for line in lines:
        name, _, reason = line.rpartition("  # ")
        if not name or not reason.strip():
            raise ValueError(f"{path.name}: {line!r} does not say why; write NAME, two spaces, a #, and the reason")
        found[name.strip()] = reason.strip()
    return found


def table(rows: Iterable[tuple[Place, Outcome]]) -> str:
    """How many are noticed, by package and by module; those of modules where something is not."""
    counts: dict[str, dict[str, list[int]]] = {}
    for place, outcome in rows:
        pair = counts.setdefault(place.package, {}).setdefault(place.path, [0, 0])
        pair[0] += outcome is Outcome.NOTICED
        pair[1] += 1
    lines = []
    for package, modules in counts.items():
        lines.append(_row(package, [sum(each) for each in zip(*modules.values(), strict=True)]))
        lines += [_row(f"  {path}", pair) for path, pair in sorted(modules.items()) if pair[0] < pair[1]]
    return "\n".join(lines)


def _row(name: str, pair: Sequence[int]) -> str:
    return f"{name:50} {pair[0]:5} of {pair[1]:5} {100 * pair[0] / pair[1]:6.1f} %"

"""A mutant to try, the tests that may notice it, and what became of it."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


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

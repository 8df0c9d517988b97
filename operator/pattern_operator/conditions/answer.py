"""What is known of a condition and a statement: true, false, or not judged, which is never taken for false."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Holds:
    """The condition is true of the predicate."""


@dataclass(frozen=True, slots=True)
class DoesNotHold:
    """The condition is false, or the predicate lacks what it asks about. ``why`` is a clause that follows "it"."""

    why: str


@dataclass(frozen=True, slots=True)
class Unusable:
    """The condition itself cannot be judged, however often it is tried. ``why`` is a clause that follows its name."""

    why: str


@dataclass(frozen=True, slots=True)
class NotNow:
    """It was not judged, for nothing that the condition or the statement did: trying again helps."""

    why: str


Answer = Holds | DoesNotHold | Unusable | NotNow


class Conditions(Protocol):
    """Judges conditions; see process.ConditionProcesses."""

    def judge(self, expression: str, predicate: bytes) -> Answer: ...  # noqa: D102 - see the class
    def errors(self, expressions: Collection[str]) -> Mapping[str, str]: ...  # noqa: D102 - see the class

"""What is known of a condition and a statement: true, false, or not judged, which is never taken for false."""

from dataclasses import dataclass


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

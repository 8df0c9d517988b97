"""What is remembered of one pattern between its runs, so that a run with nothing new asks nobody.

All of it can be lost: after a restart the first run finds everything out again, and applies what is applied already.
"""

from dataclasses import dataclass

from pattern_operator.api.designpattern import Spec
from pattern_operator.api.reference import Digest, Reference, Revision
from pattern_operator.api.stage import Stage
from pattern_operator.api.verdict import Demand, Verdict
from pattern_operator.errors import PatternError


@dataclass(frozen=True, slots=True)
class Lookup:
    """What a reference led to, and when (seconds of the clock) it was asked."""

    reference: Reference
    revision: Revision
    at: float


@dataclass(frozen=True, slots=True)
class Wanted:
    """All that decides what is applied: as long as it is the same, there is nothing to do."""

    spec: Spec
    digest: Digest
    demand: Demand


@dataclass(slots=True)
class Memory:
    """One pattern's memory; ``applied_at`` and times of lookups are seconds of the clock."""

    lookup: Lookup | None = None
    verdict: tuple[Digest, Demand, Verdict] | None = None
    applied: Wanted | None = None
    applied_at: float = 0.0
    refused: tuple[Wanted, Stage, PatternError] | None = None
    failures: int = 0  # in a row
    handled_request: str | None = None
    told: tuple[Stage, str, str] | None = None  # the last failure that was told in an event

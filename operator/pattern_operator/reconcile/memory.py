"""What is remembered of one pattern between its runs, so that a run with nothing new asks nobody.

All of it can be lost: after a restart the first run finds everything out again, and applies what is applied already.
"""

from dataclasses import dataclass

from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reference import Digest, Reference, Repository, Revision
from pattern_operator.api.spec import Apply, Layer, Render
from pattern_operator.api.stage import Stage
from pattern_operator.api.verdict import Demand, Verdict
from pattern_operator.errors import PatternError


@dataclass(frozen=True, slots=True)
class Lookup:
    """What a reference led to, and when (seconds of the clock) it was asked."""

    reference: Reference
    revision: Revision
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """All that decides what is applied: as long as it is the same, there is nothing to do."""

    repository: Repository
    revision: Revision
    layer: Layer | None
    demand: Demand
    render: Render
    apply: Apply


@dataclass(slots=True)
class Memory:
    """One pattern's memory; ``applied_at`` and the times of lookups are seconds of the clock."""

    lookup: Lookup | None = None
    verdict: tuple[Digest, Demand, Verdict] | None = None
    applied: Wanted | None = None  # what runs, whole; kept so whatever becomes of something newer
    settled: bool = False  # nothing asks for it to be applied again
    applied_at: float = 0.0
    partly: tuple[Wanted, frozenset[ObjectKey]] | None = None  # what was applied of a revision that is not whole yet
    notes: tuple[str, ...] = ()  # of the last apply: objects that were left alone
    refused: tuple[Wanted, Stage, PatternError] | None = None
    unbuildable: tuple[Wanted, Stage, PatternError] | None = None  # its bytes alone say so: no use in trying again
    failures: int = 0  # in a row
    handled_request: str | None = None
    told: tuple[Stage, str] | None = None  # stage and reason of the failure that an event told last

    def cannot_be_built(self, goal: Wanted) -> bool:
        """Whether a try showed that the artifact, whatever is tried, will not render."""
        return self.unbuildable is not None and self.unbuildable[0] == goal

    def forget(self) -> None:
        """Find everything out again at the next run, and apply it again; what runs is known all the same."""
        self.lookup = self.verdict = self.partly = self.refused = self.unbuildable = None
        self.settled = False

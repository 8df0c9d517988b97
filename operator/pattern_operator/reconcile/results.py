"""What the steps of one run gave so far, and how it ended. Pure: each step makes a new one of it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from pattern_operator.api.health_check import HealthCheck
from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reference import Revision
from pattern_operator.api.report import Rendering
from pattern_operator.api.stage import Stage
from pattern_operator.api.status import HooksStatus, InventoryEntry
from pattern_operator.api.verification import VerificationResult
from pattern_operator.apply import Health
from pattern_operator.apply.need import Need
from pattern_operator.errors import PatternError, Stalled
from pattern_operator.reconcile.changes import NO_CHANGES, Changes
from pattern_operator.reconcile.comparison import Comparison
from pattern_operator.reconcile.deployed_artifact import DeployedArtifact

Entries = tuple[InventoryEntry, ...]


class StepError(Exception):
    """A step failed at another stage than its own: ``error`` says why."""

    def __init__(self, stage: Stage, error: PatternError) -> None:
        super().__init__(str(error))
        self.stage = stage
        self.error = error


@contextmanager
def failing_at(stage: Stage) -> Iterator[None]:
    """Raise what fails in the block as a failure of ``stage``."""
    try:
        yield
    except PatternError as error:
        raise StepError(stage, error) from error


@dataclass(frozen=True, slots=True)
class Leaving:
    """What left the running pattern: ``pending`` is still to go, ``done`` is deleted, or ours no more.

    ``message`` says what ``pending`` waits for; status may name some of ``done`` until it is written.
    """

    pending: Entries = ()
    done: Entries = ()
    message: str = ""

    def has_pending(self, keys: Iterable[ObjectKey]) -> bool:
        """Whether one of these objects is still to go."""
        pending = {entry.id for entry in self.pending}
        return bool(pending) and any(str(key) in pending for key in keys)

    def without(self, key: ObjectKey) -> "Leaving":
        """With this object done: whatever has its name now is another."""
        gone = tuple(entry for entry in self.pending if entry.id == str(key))
        pending = tuple(entry for entry in self.pending if entry.id != str(key))
        return replace(self, pending=pending, done=(*self.done, *gone)) if gone else self


NOTHING_LEAVES: Final = Leaving()


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedObjects:
    """The result of the apply step. ``error`` says that not all is as it should be; all else is true all the same.

    ``applied`` are the objects that are in the cluster as desired; ``inventory`` is what the pattern has now.
    """

    applied: frozenset[ObjectKey]
    inventory: Entries
    sent: str  # ``comparison.Sent.whole`` of all objects
    fingerprints: Comparison
    changes: Changes = NO_CHANGES
    repaired: tuple[str, ...] = ()  # drift that was repaired, a sentence each
    notes: tuple[str, ...] = ()  # what people should know although it succeeded
    regenerated: tuple[str, ...] = ()  # as ``apply_notes.regenerated``
    skipped: frozenset[ObjectKey] = frozenset()  # desired, not the pattern's yet, and paused: no watch shows them
    needs: frozenset[Need] = frozenset()  # what would end the failures of objects, where something tells of it
    failed: frozenset[ObjectKey] = frozenset()  # objects that could not be applied or pruned
    leaving: Leaving = NOTHING_LEAVES
    unwatched: bool = False  # some of it goes, and no watch will tell when it has gone
    error: PatternError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairedObjects:
    """The result of applying some objects again; ``error`` says that one of them could not be.

    ``unresolved`` are those that the pattern does not have under this key any more: their kind has another scope now.
    """

    repaired: tuple[str, ...] = ()  # what was repaired, a sentence each
    notes: tuple[str, ...] = ()  # what was skipped, a sentence each
    regenerated: tuple[str, ...] = ()  # as ``apply_notes.regenerated``
    unresolved: frozenset[ObjectKey] = frozenset()
    inventory: Entries | None = None  # where something has left it
    needs: frozenset[Need] = frozenset()
    failed: frozenset[ObjectKey] = frozenset()
    error: PatternError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrunedObjects:
    """The result of removing what left the pattern, as far as it can go now."""

    leaving: Leaving
    inventory: Entries | None = None  # where something has left it
    changes: Changes = NO_CHANGES
    notes: tuple[str, ...] = ()
    unwatched: bool = False
    needs: frozenset[Need] = frozenset()
    failed: frozenset[ObjectKey] = frozenset()
    error: PatternError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What the watches say of the objects. ``unhealthy_since`` is in seconds of the clock, None while all is well."""

    health: Health | None = None  # None where no object is known
    drifted: tuple[str, ...] = ()  # what has drifted and is left so, a sentence each
    unhealthy_since: float | None = None
    overdue: bool = False  # health has been awaited for longer than the pattern allows


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """The results of the steps, in their order; what was not reached is None.

    ``stage`` is the step under way, and the one that failed when ``failure`` is set.
    """

    stage: Stage = Stage.SOURCE
    user: str | None = None  # in whose name it is applied; None: in the operator's own
    revision: Revision | None = None
    held: str = ""  # why it is what runs, although the registry's list has only older versions
    policy: str | None = None  # the ``policy_digest`` of the required keys, as far as they were ever read
    verification: VerificationResult | None = None
    rendering: Rendering | None = None
    inventory: Entries | None = None
    needs: frozenset[Need] = frozenset()
    failed: frozenset[ObjectKey] = frozenset()  # objects that could not be applied, repaired or pruned
    applied: bool = False
    partly: bool = False  # objects of a revision that was never applied in full are in the cluster
    repaired: tuple[str, ...] = ()
    drifted: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    leaving: Leaving | None = None  # what left the pattern, where that was looked at
    unwatched: bool = False
    health: Health | None = None
    comparison: Comparison | None = None  # what the objects were like when they were applied
    overdue: bool = False
    distrust: PatternError | None = None  # why what runs is not trusted, or not known to be, beside another failure
    withdrawn: DeployedArtifact | None = None  # what is deleted, because it is not trusted any longer
    kept: tuple[tuple[ObjectKey, str], ...] = ()  # what was to be deleted with it and stays, with the reason
    health_checks: tuple[HealthCheck, ...] | None = None  # in use since this run; None: those that status names
    hooks: HooksStatus | None = None  # how far the hooks are; None where that is as status says
    unmet: Stalled | None = None  # all that is asked for runs, and nothing newer could be applied, because of this
    failure: PatternError | None = None

    def remembered(self) -> "Results":
        """What of a failed run is said again while its back-off lasts: no objects, and nothing that was done once."""
        return replace(self, rendering=None, inventory=None, applied=False, repaired=(), withdrawn=None, kept=())

    def with_applied(self, made: AppliedObjects) -> "Results":
        """With what the apply step made."""
        return replace(
            self,
            inventory=made.inventory,
            needs=made.needs,
            failed=made.failed,
            applied=made.error is None,
            repaired=made.repaired,
            leaving=made.leaving if made.error is None else None,
            unwatched=made.unwatched,
            comparison=made.fingerprints,
        )

    def with_repaired(self, made: RepairedObjects) -> "Results":
        """With what a repair made."""
        inventory = self.inventory if made.inventory is None else made.inventory
        needs = self.needs | made.needs
        return replace(self, repaired=made.repaired, needs=needs, failed=made.failed, inventory=inventory)

    def with_pruned(self, made: PrunedObjects) -> "Results":
        """With what pruning made; where something could not be deleted, what is left is not told beside it."""
        return replace(
            self,
            inventory=self.inventory if made.inventory is None else made.inventory,
            needs=self.needs | made.needs,
            failed=self.failed | made.failed,
            leaving=made.leaving if made.error is None else self.leaving,
            unwatched=made.unwatched or self.unwatched,
        )

    def with_observed(self, seen: Observed) -> "Results":
        """With what the watches say."""
        return replace(self, health=seen.health, drifted=seen.drifted, overdue=seen.overdue)

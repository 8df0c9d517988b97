"""What one run of the steps made: how far it came, the values so far, and the error that ended it, if one did."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reference import Revision
from pattern_operator.api.report import Rendering
from pattern_operator.api.stage import Stage
from pattern_operator.api.status import InventoryEntry
from pattern_operator.api.verification import VerificationResult
from pattern_operator.apply import Health
from pattern_operator.apply.need import Need
from pattern_operator.errors import PatternError
from pattern_operator.reconcile.comparison import Comparison


@dataclass(frozen=True, slots=True)
class PruneState:
    """What left the running pattern: ``pending`` is still to go, ``done`` is deleted, or ours no more.

    ``message`` says what ``pending`` waits for; status may name some of ``done`` until it is written.
    """

    pending: tuple[InventoryEntry, ...] = ()
    done: tuple[InventoryEntry, ...] = ()
    message: str = ""

    def has_pending(self, keys: Iterable[ObjectKey]) -> bool:
        """Whether one of these objects is still to go."""
        pending = {entry.id for entry in self.pending}
        return bool(pending) and any(str(key) in pending for key in keys)


@dataclass(slots=True, kw_only=True)
class Progress:
    """The values of the steps, in their order; what was not reached is None.

    ``stage`` is the step under way, and the one that failed when ``failure`` is set.
    """

    stage: Stage = Stage.SOURCE
    user: str | None = None  # in whose name it is applied; None: in the operator's own
    revision: Revision | None = None
    held: str = ""  # why it is what runs, although the registry's list has only older versions
    policy: str | None = None  # the ``policy_digest`` of the keys that are to vouch, as far as they were ever read
    verification: VerificationResult | None = None
    rendering: Rendering | None = None
    inventory: tuple[InventoryEntry, ...] | None = None
    needs: frozenset[Need] = frozenset()  # what would end the failures of objects, where something tells of it
    failed: frozenset[ObjectKey] = frozenset()  # objects that could not be applied, repaired or pruned
    applied: bool = False
    repaired: tuple[str, ...] = ()  # what had drifted and was put right, a sentence each
    drifted: tuple[
        str, ...
    ] = ()  # what has drifted and is left so, as asked or while repairs are backed off, a sentence each
    notes: tuple[str, ...] = ()  # what apply wants people to know although it succeeded: objects left alone
    prune_state: PruneState | None = None  # what left the pattern, where that was looked at
    unwatched: bool = False  # some of it goes, and no watch will tell when it has gone
    health: Health | None = None
    comparison: Comparison | None = None  # what the objects were like when they were applied
    overdue: bool = False  # health has been awaited for longer than the pattern allows
    failure: PatternError | None = None

    def remembered(self) -> "Progress":
        """What of a failed run is said again while its back-off lasts: no objects, and nothing that was done once."""
        return replace(self, rendering=None, inventory=None, applied=False, repaired=())

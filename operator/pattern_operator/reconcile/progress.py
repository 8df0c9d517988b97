"""What one run of the steps made: how far it came, the values so far, and the error that ended it, if one did."""

from dataclasses import dataclass, replace

from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reference import Revision
from pattern_operator.api.report import Rendering
from pattern_operator.api.stage import Stage
from pattern_operator.api.status import InventoryEntry
from pattern_operator.api.verdict import Verdict
from pattern_operator.apply import Health
from pattern_operator.errors import PatternError


@dataclass(frozen=True, slots=True)
class Leaving:
    """What left the running pattern: ``left`` is still to go, ``parted`` is gone, or ours no more.

    ``words`` say what ``left`` waits for; status may name some of ``parted`` until it is written.
    """

    left: tuple[InventoryEntry, ...] = ()
    parted: tuple[InventoryEntry, ...] = ()
    words: str = ""

    def names(self, key: ObjectKey) -> bool:
        """Whether the object is still to go."""
        return any(entry.id == str(key) for entry in self.left)


@dataclass(slots=True, kw_only=True)
class Progress:
    """The values of the steps, in their order; what was not reached is None.

    ``stage`` is the step under way, and the one that failed when ``failure`` is set.
    """

    stage: Stage = Stage.SOURCE
    user: str | None = None  # in whose name it is applied; None: in the operator's own
    revision: Revision | None = None
    demand_changed: bool = False  # other keys are to vouch than those that vouched for what runs
    verdict: Verdict | None = None
    rendering: Rendering | None = None
    inventory: tuple[InventoryEntry, ...] | None = None
    missing: frozenset[ObjectKey] = frozenset()  # objects whose kind the API server does not have
    failed: frozenset[ObjectKey] = frozenset()  # objects that could not be applied, repaired or pruned
    applied: bool = False
    repaired: tuple[str, ...] = ()  # what had drifted and was put right, a sentence each
    drifted: tuple[str, ...] = ()  # what has drifted and is left so, as asked or in a quarrel, a sentence each
    notes: tuple[str, ...] = ()  # what apply wants people to know although it succeeded: objects left alone
    leaving: Leaving | None = None  # what left the pattern, where that was looked at
    unwatched: bool = False  # some of it goes, and no watch will tell when it has gone
    health: Health | None = None
    overdue: bool = False  # health has been awaited for longer than the pattern allows
    failure: PatternError | None = None

    def remembered(self) -> "Progress":
        """What of a failed run is said again while its back-off lasts: no objects, and nothing that was done once."""
        return replace(self, rendering=None, inventory=None, applied=False, repaired=())

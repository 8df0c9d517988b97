"""What came of the deletion of one object, in words for people. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pattern_operator.api.fields import MAX_WORD
from pattern_operator.api.object import ObjectKey
from pattern_operator.api.status import InventoryEntry
from pattern_operator.apply.result import ApplyFailure
from pattern_operator.quote import one_line

FOREGROUND: Final = "foregroundDeletion"  # metav1.FinalizerDeleteDependents: the garbage collector takes it off
_OF_THE_CLUSTER: Final = frozenset({"foregroundDeletion", "kubernetes"})  # gone when dependents, and contents, are
_NAMED: Final = 5  # finalizers that a message names


class DeletionOutcome(StrEnum):
    """What came of the removal of an object."""

    DELETED = "deleted"
    ABSENT = "absent"  # it was about to be made, and there is none
    TERMINATING = "terminating"  # its deletion has begun and finalizers hold it, or another pattern is to have it
    SKIPPED = "skipped"  # it is not ours to delete, or somebody asked for it to stay
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Deletion:
    """What came of one entry's object; ``message`` says why it is still there, without its name.

    ``watched``: a notification will tell when an object that is going has gone. ``holders`` are the finalizers that
    hold it, without those that the cluster takes off by itself: of what they wait for nobody knows.
    """

    entry: InventoryEntry
    key: ObjectKey
    outcome: DeletionOutcome
    message: str = ""
    failure: ApplyFailure | None = None
    watched: bool = True
    holders: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.key.display_name}: {self.message}"


def terminating(entry: InventoryEntry, key: ObjectKey, finalizers: tuple[str, ...], *, watched: bool) -> Deletion:
    """The deletion of an object that has begun, and waits for ``finalizers``."""
    holders = tuple(each for each in finalizers if each not in _OF_THE_CLUSTER)
    message = _message(key, finalizers)
    return Deletion(entry, key, DeletionOutcome.TERMINATING, message, watched=watched, holders=holders)


def _message(key: ObjectKey, finalizers: tuple[str, ...]) -> str:
    """That it is being deleted, and what is waited for."""
    others = [one_line(each, MAX_WORD) for each in finalizers if each != FOREGROUND]
    held = f", held by the finalizers {', '.join(others[:_NAMED])}" if others else ""
    if len(others) == len(finalizers):
        return f"is being deleted{held}"
    where = f" -n {key.namespace}" if key.namespace else " -A"
    return (
        f"is being deleted{held}, and is waiting for the pods and other objects that it owns (finalizer {FOREGROUND}):"
        f" kubectl get pods{where} shows those that are Terminating"
    )

"""The conditions of one status under construction, by the rules of kstatus and of metav1.Condition. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec

from pattern_operator import limits
from pattern_operator.api.condition import Condition, ConditionType
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.status import Status
from pattern_operator.quote import cut

Truth = Literal["True", "False", "Unknown"]


def rfc3339(moment: datetime) -> str:
    """A moment as metav1.Time writes it: UTC, whole seconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(slots=True)
class Conditions:
    """The conditions under construction, each keeping its transition time while its status stays."""

    current: dict[str, Condition]
    generation: int
    now: str

    @classmethod
    def of(cls, pattern: DesignPattern, *, now: datetime) -> "Conditions":
        """Those that the status has, to be changed; what is set speaks of the newest generation."""
        current = {condition.type: condition for condition in pattern.status.conditions}
        return cls(current, pattern.metadata.generation, rfc3339(now))

    def set(self, kind: ConditionType, status: Truth, reason: str, message: str) -> None:
        """Say this of ``kind``; the message is cut to what people read."""
        before = self.current.get(kind)
        self.current[kind] = Condition(
            type=kind.value,
            status=status,
            reason=reason,
            message=shorten(message),
            last_transition_time=before.last_transition_time if before and before.status == status else self.now,
            observed_generation=self.generation,
        )

    def reason(self, kind: ConditionType) -> str:
        """Why it is as it is; empty where there is no such condition."""
        found = self.current.get(kind)
        return found.reason if found else ""

    def drop(self, kind: ConditionType) -> None:
        """Say nothing of it."""
        self.current.pop(kind, None)

    def in_order(self) -> tuple[Condition, ...]:
        """All of them, in the order of their types."""
        return tuple(self.current[kind] for kind in ConditionType if kind in self.current)


def shorten(message: str) -> str:
    """Cut a message to what people read, in bytes."""
    return cut(message, limits.MAX_STATUS_MESSAGE)


def condition_of(status: Status, kind: ConditionType) -> Condition | None:
    """The condition of this type, as status has it."""
    return next((each for each in status.conditions if each.type == kind), None)


def finish(status: Status, conditions: Conditions, *, generation: int) -> Status:
    """``status`` with these conditions, which speaks of this generation of the spec."""
    return msgspec.structs.replace(
        status,
        observed_generation=generation,
        conditions=conditions.in_order(),
        status=conditions.current[ConditionType.READY].reason,
    )

"""The conditions of one status under construction, by the rules of kstatus and of metav1.Condition. Pure.

Which stage owns a condition, and what it means to have one, is data: ``RULES``. What Ready, Reconciling and Stalled say
together is data, too: ``STANDINGS`` (sigs.k8s.io/cli-utils, "kstatus").
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, Literal

import msgspec

from pattern_operator import limits
from pattern_operator.api.condition import Condition, ConditionType
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.stage import Stage
from pattern_operator.api.status import Status
from pattern_operator.quote import cut

_MAX_SIGNERS: Final = 256  # bytes of a column

Truth = Literal["True", "False", "Unknown"]


class Polarity(StrEnum):
    """What a condition that is True means: that something is as it should be, or that something is not."""

    POSITIVE = "positive"
    NEGATIVE = "negative"  # it is there only while it is True


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition, the stages whose facts and failures it tells, and its polarity."""

    kind: ConditionType
    stages: frozenset[Stage]
    polarity: Polarity = Polarity.POSITIVE


RULES: Final = (
    Rule(ConditionType.READY, frozenset()),
    Rule(ConditionType.RECONCILING, frozenset(), Polarity.NEGATIVE),
    Rule(ConditionType.STALLED, frozenset(), Polarity.NEGATIVE),
    Rule(ConditionType.FETCHED, frozenset({Stage.SOURCE})),
    Rule(ConditionType.VERIFIED, frozenset({Stage.VERIFY})),
    Rule(ConditionType.RENDERED, frozenset({Stage.RENDER})),
    Rule(ConditionType.APPLIED, frozenset({Stage.ROLLOUT, Stage.APPLY})),
    Rule(ConditionType.HEALTHY, frozenset({Stage.HEALTH})),
)
OF_STAGE: Final = {stage: rule.kind for rule in RULES for stage in rule.stages}
_NEGATIVE: Final = tuple(rule.kind for rule in RULES if rule.polarity is Polarity.NEGATIVE)


class Standing(StrEnum):
    """How a pattern stands, for whoever waits for it."""

    READY = "what is desired runs, and is well"
    STALLED = "it failed, and only a change helps"
    RETRYING = "it failed, and is retried"
    PROGRESSING = "it is under way"
    PAUSED = "nothing is under way, and nothing failed"


# What Ready says, and which of the negative conditions stands beside it.
STANDINGS: Final[Mapping[Standing, tuple[Truth, ConditionType | None]]] = {
    Standing.READY: ("True", None),
    Standing.STALLED: ("False", ConditionType.STALLED),
    Standing.RETRYING: ("False", ConditionType.RECONCILING),
    Standing.PROGRESSING: ("Unknown", ConditionType.RECONCILING),
    Standing.PAUSED: ("Unknown", None),
}


def rfc3339(moment: datetime) -> str:
    """A moment as metav1.Time writes it: UTC, whole seconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds_since(moment: str, now: datetime) -> float | None:
    """Seconds since a moment of status or metadata, never less than none; None where it is not a time."""
    try:
        then = datetime.fromisoformat(moment)
    except ValueError:
        return None
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    return max((now - then).total_seconds(), 0.0)


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

    def stand(self, standing: Standing, reason: str, message: str) -> None:
        """Say how the pattern stands: Ready, and of the negative conditions the one that goes with it, and no other."""
        truth, beside = STANDINGS[standing]
        self.set(ConditionType.READY, truth, reason, message)
        for kind in _NEGATIVE:
            if kind == beside:
                self.set(kind, "True", reason, message)
            else:
                self.drop(kind)

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
        signers=cut(", ".join(dict.fromkeys(each.authority for each in status.verified_by)), _MAX_SIGNERS),
    )

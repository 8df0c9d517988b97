"""The parts of an object that rules of health look at, whatever shape its body has."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from pattern_operator.api.fields import (
    MAX_NAME,
    ObjectMeta,
    conditions_of,
    generation,
    integer,
    mapping_at,
    text,
    text_at,
)
from pattern_operator.quote import foreign

MAX_WORDS: Final = 1024  # characters of a controller's message that are kept


@dataclass(frozen=True, slots=True)
class ConditionView:
    """The parts of a condition that are judged; all empty for one that is not there."""

    status: str = ""
    reason: str = ""
    message: str = ""
    generation: int = -1  # that it speaks of (``observedGeneration``); -1 where it does not say

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Self:
        """Read an entry of ``status.conditions``."""
        seen = generation(entry.get("observedGeneration"))
        spoken = -1 if seen is None else seen
        return cls(text(entry.get("status")), words_at(entry, "reason"), words_at(entry, "message"), spoken)

    @property
    def words(self) -> str:
        """What the condition says, for people."""
        return self.message or self.reason or "its controller says no more"


class ObjectView:
    """The parts of a body that rules look at, whatever shape the body has."""

    def __init__(self, body: object) -> None:
        self.meta = ObjectMeta.of(body)
        self.spec = mapping_at(body, "spec")
        self.status = mapping_at(body, "status")
        self.kind = (text_at(body, "apiVersion").rpartition("/")[0], text_at(body, "kind")[:MAX_NAME])
        self.conditions = {text(c.get("type")): ConditionView.of(c) for c in conditions_of(body)}

    def condition(self, name: str) -> ConditionView:
        """Return the condition of that type; one that says nothing when there is none."""
        return self.conditions.get(name) or ConditionView()

    def is_true(self, name: str) -> bool:
        """Whether the condition is there, and True."""
        return self.condition(name).status == "True"

    def desired(self) -> int:
        """``spec.replicas``, which is 1 when absent."""
        return integer(self.spec.get("replicas"), 1)

    def count(self, name: str) -> int:
        """A counter of the status, which is left out when it is 0."""
        return integer(self.status.get(name), 0)


def words_at(body: object, name: str) -> str:
    """What a controller says at ``name``: as much of it as people read, and no credential that it repeats."""
    return foreign(text_at(body, name), MAX_WORDS)

"""What of a DesignPattern matters to those that depend on it. Pure."""

from typing import NamedTuple

from pattern_operator.api.condition import ConditionType
from pattern_operator.api.dependency import Dependency
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.reason import Reason
from pattern_operator.reconcile.conditions import condition_of


class DependencyState(NamedTuple):
    """Two equal ones are the same to whoever waits: what else changes of a pattern wakes nobody.

    ``version`` is the one that is Ready, None where none is. ``in_circle``: it was told that it depends on itself.
    """

    uid: str
    leaves: bool
    version: str | None
    in_circle: bool
    depends_on: tuple[Dependency, ...]

    @classmethod
    def of(cls, pattern: DesignPattern) -> "DependencyState":
        """The state of ``pattern``. Ready of an older spec says nothing of this one."""
        metadata, status = pattern.metadata, pattern.status
        ready = condition_of(status, ConditionType.READY)
        current = ready is not None and {ready.observed_generation, status.observed_generation} == {metadata.generation}
        is_ready = ready is not None and ready.status == "True" and current
        return cls(
            uid=metadata.uid,
            leaves=bool(metadata.deletion_timestamp),
            version=status.version if is_ready else None,
            in_circle=ready is not None and ready.reason == Reason.DEPENDENCY_CYCLE,
            depends_on=pattern.spec.depends_on or (),
        )

"""Tells a pattern of objects that carry its owner label and are not in its inventory: nobody would look after them.

A request of ours that a proxy had kept, or of an operator that lost its Lease, may make an object after the pattern
dropped it. Such an object is not the pattern's: it is neither changed nor deleted, because whoever labels objects can
make as many as they like, and what was left on purpose looks the same.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.names import OWNER_LABEL
from pattern_operator.api.object import ObjectKey, pluralize
from pattern_operator.api.reason import Reason
from pattern_operator.api.stage import Stage
from pattern_operator.apply.result import summarize
from pattern_operator.apply.timers import Timers
from pattern_operator.internal_errors import InternalErrors
from pattern_operator.reconcile.events import Event
from pattern_operator.reconcile.owner import owner_of
from pattern_operator.reconcile.pattern_store import PatternKey, PatternStore

logger = logging.getLogger(__name__)

GRACE: Final = 10.0  # seconds that an object may be on its way into an inventory, or out of the cluster
MAX_KEPT: Final = 20  # objects of a pattern that are looked at again then
MAX_OWNERS: Final = 100  # owner labels without a pattern that are logged


class Emit(Protocol):
    """Writes an event of a pattern."""

    def __call__(self, pattern: DesignPattern, event: Event) -> None: ...  # noqa: D102 - said where it is implemented


@dataclass(slots=True)
class _Found:
    keys: list[ObjectKey] = field(default_factory=list)
    more: bool = False  # than are kept


class UnlistedReport:
    """``is_there`` says of a key whether such an object may still be there; ``emit`` writes an event."""

    def __init__(
        self,
        patterns: PatternStore,
        *,
        is_there: Callable[[ObjectKey], bool],
        emit: Emit,
        errors: InternalErrors,
    ) -> None:
        self._patterns = patterns
        self._is_there = is_there
        self._emit = emit
        self._timers = Timers(errors)
        self._found: dict[PatternKey, _Found] = {}
        self._logged: set[str] = set()

    def note(self, owner: str, key: ObjectKey) -> None:
        """A watch showed an object with this owner label that no pattern has; each is told once."""
        pattern = self._patterns.owned_by(owner)
        if pattern is None:
            self._log(owner, key)
            return
        found = self._found.setdefault(pattern, _Found())
        if len(found.keys) < MAX_KEPT:
            found.keys.append(key)
        else:
            found.more = True
        if pattern not in self._timers:
            self._timers.set(pattern, GRACE, self._tell, pattern, owner)

    def close(self) -> None:
        """Tell nothing any more."""
        self._timers.close()

    def _tell(self, key: PatternKey, owner: str) -> None:
        found, pattern = self._found.pop(key), self._patterns.get(key)
        if pattern is None or pattern.metadata.deletion_timestamp or owner_of(pattern).id != owner:
            return
        if not pattern.spec.apply.prune:
            return  # it asks to leave objects behind
        left = [each for each in found.keys if self._is_there(each) and not self._patterns.has(key, each)]
        if left:
            self._emit(pattern, _event(left, more=found.more))

    def _log(self, owner: str, key: ObjectKey) -> None:
        """Once for each owner: anybody who may label objects can make any number of them."""
        if owner in self._logged or len(self._logged) >= MAX_OWNERS:
            return
        self._logged.add(owner)
        logger.warning(
            "not followed: object=%s carries the owner label of a DesignPattern that does not exist. Remove the label"
            " %s, unless it was left there on purpose; others of the same label are not logged.",
            key,
            OWNER_LABEL,
        )


def _event(left: list[ObjectKey], *, more: bool) -> Event:
    first = left[0]
    kind = f"{first.kind}.{first.group}".rstrip(".").lower()
    where = f" -n {first.namespace}" if first.namespace else ""
    count = f"at least {pluralize(len(left))}" if more else pluralize(len(left))
    carry = "carries" if len(left) == 1 and not more else "carry"
    note = (
        f"{count} {carry} the owner label of this pattern and {'is' if carry == 'carries' else 'are'} not in its"
        f" inventory: {summarize(sorted(each.display_name for each in left))}. A request that came late may have made"
        f" it, or somebody left or copied it; it is neither changed nor deleted. To have it go: kubectl delete {kind}"
        f" {first.name}{where}; to keep it: kubectl label {kind} {first.name}{where} {OWNER_LABEL}-"
    )
    return Event(kind="Warning", reason=Reason.NOT_IN_INVENTORY, stage=Stage.APPLY, note=note)

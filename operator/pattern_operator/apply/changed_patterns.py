"""Patterns that may take an object, and have not said so: what they have is not known yet, or they cannot take it.

Two patterns that are changed at once run one after the other, in any order: a pattern that was changed a moment ago is
waited for until it has run. Where data would be lost, one whose version is not rendered, or is known to have the
object, is waited for, too: without an end where it is in the namespace of the pattern that lets the object go, whose
people are trusted with that, and for ``DATA_CHANGE_WINDOW`` seconds where it only is in that of the object. Pure: time
is handed in, in seconds.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from pattern_operator.api.names import DISABLED, PRUNE_ANNOTATION
from pattern_operator.api.object import ObjectKey
from pattern_operator.apply.ownership import Owner

# Seconds before, in which a change of the other pattern belongs to the same move; and seconds in which a pattern of
# another namespace than that of the one that lets go holds data up.
DATA_CHANGE_WINDOW: Final = 600.0


@dataclass(frozen=True, slots=True)
class _Changed:
    """A pattern that was changed, and has not run since."""

    owner: Owner
    generation: int
    at: float


@dataclass(frozen=True, slots=True)
class Taker:
    """A pattern that has data in its version; ``failure`` is the reason for which its last run failed, or empty."""

    owner: Owner
    keys: frozenset[ObjectKey]
    failure: str = ""


class ChangedPatterns:
    """The patterns that may take something, by namespace, which of them changed, and when, and what data they have."""

    def __init__(self) -> None:
        self._unrun: dict[str, _Changed] = {}
        self._unrendered: dict[str, _Changed] = {}  # the same, until the new version is rendered
        self._takers: dict[str, Taker] = {}  # those whose version has data
        self._of_namespace: dict[str, set[str]] = {}
        self._namespaces: dict[str, str] = {}

    def see(self, owner: Owner, *, generation: int, now: float) -> None:
        """The pattern exists, and has not run since ``now``; what its version contains is in the cluster."""
        self._of_namespace.setdefault(owner.namespace, set()).add(owner.id)
        self._namespaces[owner.id] = owner.namespace
        self._unrun[owner.id] = _Changed(owner, generation, now)

    def change(self, owner: Owner, *, generation: int, now: float, at: float | None = None) -> None:
        """As ``see``, and since ``at``, or ``now``, what the new version contains is not known.

        ``at`` is infinite where it does not count how long ago that was.
        """
        self.see(owner, generation=generation, now=now)
        self._takers.pop(owner.id, None)
        self.lose_sight(owner, generation=generation, at=now if at is None else at)

    def lose_sight(self, owner: Owner, *, generation: int, at: float) -> None:
        """What the newest version of the pattern contains is not known since ``at``, or since before that."""
        known = self._unrendered.get(owner.id)
        if known is None or known.generation != generation:
            self._unrendered[owner.id] = _Changed(owner, generation, at)

    def record_run(self, owner: str, *, generation: int) -> None:
        """This version of the pattern has run, as far as its objects."""
        changed = self._unrun.get(owner)
        if changed is not None and changed.generation <= generation:
            del self._unrun[owner]

    def record_rendering(self, owner: str, *, generation: int) -> None:
        """The objects of this version are known."""
        unrendered = self._unrendered.get(owner)
        if unrendered is not None and unrendered.generation <= generation:
            del self._unrendered[owner]

    def record_data(self, taker: Taker) -> None:
        """The version of a pattern has this data, and no other."""
        self._takers.pop(taker.owner.id, None)
        if taker.keys:
            self._takers[taker.owner.id] = taker

    def suspend(self, owner: str) -> None:
        """The pattern takes nothing now. What its new version contains is not known all the same."""
        self._unrun.pop(owner, None)
        namespace = self._namespaces.pop(owner, "")
        owners = self._of_namespace.get(namespace, set())
        owners.discard(owner)
        if not owners:
            self._of_namespace.pop(namespace, None)

    def remove(self, owner: str) -> None:
        """The pattern takes nothing any more."""
        self.suspend(owner)
        self._unrendered.pop(owner, None)
        self._takers.pop(owner, None)

    def are_beside(self, key: ObjectKey, by: Owner) -> bool:
        """Whether the namespace of the object, or that of ``by``, has another pattern that may take something."""
        return any(self._of_namespace.get(each, set()) - {by.id} for each in {by.namespace, key.namespace})

    def unrun(self, key: ObjectKey, by: Owner, *, after: float) -> Owner | None:
        """Another pattern, beside the object or beside ``by``, that was changed since and may have the object."""
        return self._unrun_of(by, after=after, near=lambda each: each.namespace in (by.namespace, key.namespace))

    def unrun_anywhere(self, by: Owner, *, after: float) -> Owner | None:
        """Another pattern, of any namespace, that was changed since and may have the object."""
        return self._unrun_of(by, after=after, near=lambda _: True)

    def _unrun_of(self, by: Owner, *, after: float, near: Callable[[Owner], bool]) -> Owner | None:
        for each in self._unrun.values():
            if each.owner.id != by.id and near(each.owner) and each.at > after:
                return each.owner
        return None

    def unrendered(self, key: ObjectKey, by: Owner, *, after: float, age: float) -> Owner | None:
        """A pattern that was changed since, and of which nobody knows whether it has ``key``.

        ``by`` has wanted to delete that for ``age`` seconds.
        """
        recent = (each.owner for each in self._unrendered.values() if each.at > after)
        return _first_that_holds(recent, key, by, age=age)

    def taker(self, key: ObjectKey, by: Owner, *, age: float) -> Taker | None:
        """A pattern whose version has ``key``, which ``by`` owns, and has wanted to delete for ``age`` seconds."""
        owners = (each.owner for each in self._takers.values() if key in each.keys)
        found = _first_that_holds(owners, key, by, age=age)
        return self._takers[found.id] if found is not None else None

    def why_data_stays(self, key: ObjectKey, by: Owner, taker: Taker | None, *, earliest: float, age: float) -> str:
        """Why data stays that nobody takes just now, not even ``taker``; empty where there is no reason.

        ``by`` has wanted to delete it for ``age`` seconds, and at the earliest since ``earliest``.
        """
        after = earliest - DATA_CHANGE_WINDOW
        if (unknown := self.unrendered(key, by, after=after, age=age)) is not None:
            return (
                f"stays, because it holds data and DesignPattern {unknown}, which was changed, may have it in a version"
                f" that could not be rendered yet: let that pattern run, or delete the object yourself"
            )
        if taker is None:
            return ""
        why = f" and has not taken it ({taker.failure})" if taker.failure else " and has not taken it"
        return (
            f"stays, because it holds data and DesignPattern {taker.owner} has it in its version{why}: correct that"
            f" pattern or take the object out of it, annotate the object {PRUNE_ANNOTATION}: {DISABLED} to let it stay"
            f" for good, or delete it yourself"
        )


def _first_that_holds(owners: Iterable[Owner], key: ObjectKey, by: Owner, *, age: float) -> Owner | None:
    """The first of ``owners`` for which ``by`` does not delete data that it wants no longer for ``age`` seconds."""
    late = age >= DATA_CHANGE_WINDOW
    for each in owners:
        trusted = each.namespace == by.namespace
        if each.id != by.id and (trusted or (each.namespace == key.namespace and not late)):
            return each
    return None

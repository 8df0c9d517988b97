"""Objects that one pattern lets go while another has them are handed over, and not deleted and made anew.

A claim would lose its data by that. Nobody gets anything by naming an object: it is offered only by the pattern that
has it and wants it no longer, to one that was refused for no other reason than that; and it is that one's own apply, in
the name of its own account, that takes the object. Where the account may not, the object is deleted as ever.

Two patterns that are changed at once run one after the other, in any order. So a pattern that was changed a moment ago,
and may have the object in its new version, is waited for before the object is deleted.
"""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from pattern_operator.api.names import GROUP
from pattern_operator.api.object import ObjectKey
from pattern_operator.apply.childevent import ChildEvent, ChildEventKind
from pattern_operator.apply.ownership import Owner
from pattern_operator.apply.timers import Timers
from pattern_operator.internal_errors import InternalErrors

WINDOW: Final = 10.0  # seconds after a pattern was changed in which its first run is waited for
DATA_WINDOW: Final = 60.0  # the same where data would be lost: a registry that does not answer at once costs none
GRACE: Final = 1.0  # seconds in which a change of another pattern of the namespace may still come
DATA_GRACE: Final = 2.0  # the same of any pattern, where data would be lost
LOOK_AGAIN: Final = 0.5  # seconds between two looks whether whoever is waited for has run

# What is lost with its object, and not made anew with it.
DATA: Final = frozenset({("", "PersistentVolumeClaim"), ("", "PersistentVolume")})


@dataclass(frozen=True, slots=True)
class _Asked:
    """A pattern that was changed, and has not run since."""

    owner: Owner
    generation: int
    at: float


def _nobody(_: str, __: ChildEvent) -> None:
    """Tell nobody."""


class Transfers:
    """Who waits for which object, who was changed a moment ago, and what is offered to whom.

    ``on_change(owner id, event)`` wakes a pattern; it is called in the loop and must not raise.
    """

    def __init__(
        self,
        *,
        on_change: Callable[[str, ChildEvent], None] = _nobody,
        errors: InternalErrors | None = None,
    ) -> None:
        self._on_change = on_change
        self._timers = Timers(errors if errors is not None else InternalErrors())
        self._waiting: dict[ObjectKey, dict[str, Owner]] = {}  # the longest first
        self._waits: dict[str, set[ObjectKey]] = {}  # the same by owner
        self._barred: dict[str, set[ObjectKey]] = {}  # what an owner may not write, until it is changed
        self._offered: dict[ObjectKey, tuple[str, str]] = {}  # from whom, to whom
        self._asked: dict[str, _Asked] = {}
        self._living: dict[str, set[str]] = {}  # the patterns of a namespace that may take something
        self._places: dict[str, str] = {}  # their namespaces
        self._since: dict[str, dict[ObjectKey, float]] = {}  # when an owner first wanted to delete an object

    # --- patterns ---------------------------------------------------------------------------------------------------

    def asked(self, owner: Owner, *, generation: int) -> None:
        """The pattern was changed, or is seen for the first time."""
        self._living.setdefault(owner.namespace, set()).add(owner.id)
        self._places[owner.id] = owner.namespace
        self._asked[owner.id] = _Asked(owner, generation, asyncio.get_running_loop().time())
        self._since.pop(owner.id, None)
        self._barred.pop(owner.id, None)

    def ran(self, owner: str, *, generation: int) -> None:
        """The pattern has run since, as far as its objects: what it waits for is known."""
        asked = self._asked.get(owner)
        if asked is not None and asked.generation <= generation:
            del self._asked[owner]

    def wait(self, key: ObjectKey, owner: Owner) -> None:
        """The pattern has the object in its version, and was refused because another pattern owns it."""
        if key not in self._barred.get(owner.id, ()):
            self._waiting.setdefault(key, {}).setdefault(owner.id, owner)
            self._waits.setdefault(owner.id, set()).add(key)

    def wait_only(self, owner: str, keys: Collection[ObjectKey]) -> None:
        """The pattern waits for no others than ``keys`` any more."""
        for key in self._waits.get(owner, set()).difference(keys):
            self.cease(key, owner)

    def cease(self, key: ObjectKey, owner: str) -> None:
        """The pattern does not wait for the object any more: it has it, or does not want it."""
        waiting = self._waiting.get(key, {})
        if waiting.pop(owner, None) is None:
            return
        if not waiting:
            del self._waiting[key]
        self._waits[owner].discard(key)
        if not self._waits[owner]:
            del self._waits[owner]
        by, to = self._offered.get(key, ("", ""))
        if to == owner:
            del self._offered[key]
            self._on_change(by, ChildEvent(ChildEventKind.GONE, key))

    def bar(self, key: ObjectKey, owner: str) -> None:
        """The account of the pattern may not write the object: it gets it from nobody, until it is changed."""
        if key in self._waits.get(owner, ()):
            self._barred.setdefault(owner, set()).add(key)
            self.cease(key, owner)

    def wants_nothing(self, owner: str) -> None:
        """The pattern goes, or is suspended: it takes nothing."""
        self.wait_only(owner, ())
        self._leave(owner)
        self._asked.pop(owner, None)
        self._barred.pop(owner, None)

    def forget(self, owner: str) -> None:
        """The pattern is gone."""
        self.wants_nothing(owner)
        self._since.pop(owner, None)
        self._timers.cancel(owner)

    def _leave(self, owner: str) -> None:
        namespace = self._places.pop(owner, "")
        owners = self._living.get(namespace, set())
        owners.discard(owner)
        if not owners:
            self._living.pop(namespace, None)

    # --- objects ----------------------------------------------------------------------------------------------------

    def is_offered(self, key: ObjectKey, *, by: str, to: str) -> bool:
        """Whether the pattern with the id ``by`` has offered the object to the one with the id ``to``."""
        return self._offered.get(key) == (by, to)

    def why_not(self, key: ObjectKey, *, by: Owner) -> str:
        """Why an object that ``by`` wants no longer is not deleted now; empty where it may be.

        ``by`` is woken when that may have changed.
        """
        now = asyncio.get_running_loop().time()
        if (to := self._next(key, by)) is not None:
            if self._offered.get(key) != (by.id, to.id):
                self._offered[key] = (by.id, to.id)
                self._on_change(to.id, ChildEvent(ChildEventKind.GONE, key))
            return f"is handed over to DesignPattern {to}, which has it in its version, too"
        if key.group == GROUP:  # whose own objects are not waited for twice
            return ""
        since = self._since.setdefault(by.id, {}).setdefault(key, now)
        window = DATA_WINDOW if (key.group, key.kind) in DATA else WINDOW
        changed = self._changed(key, by, after=now - window)
        if changed is not None and now - since < window:
            self._look_again(key, by, LOOK_AGAIN)
            return f"stays until DesignPattern {changed} has run, which was changed a moment ago and may have it now"
        grace = self._grace(key, by)
        if now - since < grace:
            self._look_again(key, by, since + grace - now)
            return f"is deleted in {grace:.0f} s, unless another pattern has it by then"
        return ""

    def close(self) -> None:
        """Wake nobody any more."""
        self._timers.close()

    def _next(self, key: ObjectKey, by: Owner) -> Owner | None:
        return next((each for each in self._waiting.get(key, {}).values() if each.id != by.id), None)

    def _grace(self, key: ObjectKey, by: Owner) -> float:
        """How long to wait for a change that may still come; not at all where there is no pattern beside it."""
        if (key.group, key.kind) in DATA:
            return DATA_GRACE
        beside = any(self._living.get(each, set()) - {by.id} for each in {by.namespace, key.namespace})
        return GRACE if beside else 0.0

    def _changed(self, key: ObjectKey, by: Owner, *, after: float) -> Owner | None:
        """Another pattern that was changed since, and may have the object: for data any, else one beside it."""
        for each in self._asked.values():
            near = (key.group, key.kind) in DATA or each.owner.namespace in (by.namespace, key.namespace)
            if each.owner.id != by.id and near and each.at > after:
                return each.owner
        return None

    def _look_again(self, key: ObjectKey, by: Owner, pause: float) -> None:
        if by.id not in self._timers:  # one a pattern: it looks at all that it wants to delete
            self._timers.set(by.id, pause, self._on_change, by.id, ChildEvent(ChildEventKind.GONE, key))

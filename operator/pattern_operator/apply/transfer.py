"""Transfers objects from a pattern that drops them to another that contains them, without deleting them.

A claim would lose its data by that. Nobody gets anything by naming an object: it is offered only by the pattern that
has it and wants it no longer, to those that were refused for no other reason than that, and whose own account has shown
by a dry run that it could write it (``takeover_check``). It is the apply of one of them, in the name of its own
account, that takes the object. However many wait, and whatever they do, it is deleted when the time of the
offer is over.

A pattern that was changed a moment ago, and may have the object in its new version, is waited for before the object is
deleted (``changed_patterns``).

Data is not recreated with its object, so no delay decides for its deletion: until a pattern of the same namespace that
was changed has rendered its new version, nobody knows what that contains, be the registry away, the tag not pushed, the
signature missing or the pattern suspended; and one that is known to have it, and cannot take it, may be able to later.
The data stays, and the message says why. Whoever may write patterns there is trusted with that; what is in other
namespaces holds it up for a time that ends. None of it depends on how long this process lives: status and metadata say
when a pattern was changed, and since when another one lets go (``pattern_changed``, ``lets_go_since``).
"""

import asyncio
import math
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Final

from pattern_operator.api.names import GROUP
from pattern_operator.api.object import ObjectKey
from pattern_operator.apply.changed_patterns import ChangedPatterns, Taker
from pattern_operator.apply.data import may_hold_data
from pattern_operator.apply.managed.notification import Notification, NotificationKind
from pattern_operator.apply.ownership import Owner
from pattern_operator.apply.release_times import ReleaseTimes
from pattern_operator.apply.timers import Timers
from pattern_operator.apply.waiting_patterns import WaitingPatterns
from pattern_operator.internal_errors import InternalErrors

FIRST_RUN_WINDOW: Final = 10.0  # seconds after a pattern was changed in which its first run is waited for
# The same where data would be lost: a registry that does not answer at once costs none.
DATA_FIRST_RUN_WINDOW: Final = 60.0
# Seconds from when an object is wanted no longer in which others may take it, all together.
OFFER_DURATION: Final = 30.0
DATA_OFFER_DURATION: Final = 60.0  # the same where data would be lost
TAKE_TIMEOUT: Final = 30.0  # seconds more for an apply of it that is on its way then
GRACE: Final = 1.0  # seconds in which a change of another pattern of the namespace may still come
DATA_GRACE: Final = 15.0  # the same of any pattern, where data would be lost
RECHECK_INTERVAL: Final = 0.5  # seconds between two looks whether whoever is waited for has run


def _notify_nobody(_: str, __: Notification) -> None:
    """Tell nobody."""


class Transfers:
    """Who waits for which object, who was changed a moment ago, and what is offered to which pattern.

    ``on_change(owner id, notification)`` wakes a pattern; it is called in the loop, and what it raises is counted.
    """

    def __init__(
        self,
        *,
        on_change: Callable[[str, Notification], None] = _notify_nobody,
        errors: InternalErrors | None = None,
    ) -> None:
        self._on_change = on_change
        self._errors = errors if errors is not None else InternalErrors()
        self._timers = Timers(self._errors)
        self._waiting = WaitingPatterns()  # excluded from what they could not take, until they are changed
        self._offered: dict[ObjectKey, dict[str, set[str]]] = {}  # by which pattern, and which it was told to
        self._taking: dict[ObjectKey, list[Owner]] = {}  # whose apply is on its way
        self._patterns = ChangedPatterns()
        self._releases = ReleaseTimes()

    # --- patterns ---------------------------------------------------------------------------------------------------

    def pattern_changed(self, owner: Owner, *, generation: int, ago: float = 0.0) -> None:
        """The pattern was changed ``ago`` seconds ago: nobody knows what its new version could take."""
        self._begin_anew(owner)
        now = asyncio.get_running_loop().time()
        self._patterns.change(owner, generation=generation, now=now, at=now - ago)

    def pattern_not_applied(self, owner: Owner, *, generation: int) -> None:
        """Before this process began, the version of the pattern was rendered, and not all of it was applied.

        It may have been refused data that another one has: that stays until the version is rendered again, however
        long ago that was, because whoever answers for the registry may have removed the version meanwhile.
        """
        self._begin_anew(owner)
        self._patterns.change(owner, generation=generation, now=asyncio.get_running_loop().time(), at=math.inf)

    def pattern_seen(self, owner: Owner, *, generation: int) -> None:
        """The pattern is seen for the first time, or again, and all of the version that it has was applied."""
        self._begin_anew(owner)
        self._patterns.see(owner, generation=generation, now=asyncio.get_running_loop().time())

    def lets_go_since(self, owner: str, *, ago: float, at_most: float) -> None:
        """By what its status says, the pattern has wanted to delete objects for ``ago`` seconds, or ``at_most``."""
        now = asyncio.get_running_loop().time()
        self._releases.note_earlier(owner, at=now - ago, earliest=now - at_most)

    def pattern_ran(self, owner: str, *, generation: int) -> None:
        """The pattern has run since, as far as its objects: what it waits for is known."""
        self._patterns.record_run(owner, generation=generation)

    def pattern_rendered(self, owner: str, *, generation: int) -> None:
        """The objects of the version are known: what of them others have it waits for, or asks for."""
        self._patterns.record_rendering(owner, generation=generation)
        self._releases.forget_earlier(owner)  # what its first run wanted to delete is known now

    def pattern_has_data(self, owner: Owner, keys: frozenset[ObjectKey], *, failure: str) -> None:
        """The version has these objects, and no others, with which data may be lost.

        ``failure`` is the reason for which its run failed; empty where it did not.
        """
        self._patterns.record_data(Taker(owner, keys, failure))

    def pattern_unrendered(self, owner: Owner, *, generation: int) -> None:
        """A newer version than what runs was found, and could not be rendered: what it contains is not known.

        What the pattern is known to have in the version before, it may still have: that somebody moved a tag takes
        nothing from it.
        """
        self._patterns.lose_sight(owner, generation=generation, at=asyncio.get_running_loop().time())

    def may_wait(self, key: ObjectKey, owner: str) -> bool:
        """Whether it is still to be shown that the pattern could take the object, so that it may ``wait`` for it."""
        return not self._waiting.is_waiting(key, owner) and not self._waiting.is_excluded(key, owner)

    def wait(self, key: ObjectKey, owner: Owner) -> None:
        """The pattern was refused because another one owns the object, and its account could write it."""
        self._waiting.wait(key, owner)

    def keep_waiting_only_for(self, owner: str, keys: Collection[ObjectKey]) -> None:
        """The pattern has ``keys`` in its version: it waits for no others any more, and lets none of them go."""
        for key in self._waiting.keys_of(owner).difference(keys):
            self.stop_waiting(key, owner)
        self._cancel_release(owner, self._releases.keys_of(owner).intersection(keys))

    def stop_waiting(self, key: ObjectKey, owner: str) -> None:
        """The pattern does not wait for the object any more: it has it, does not want it, or cannot take it."""
        if not self._waiting.stop(key, owner):
            return
        offers = self._offered.get(key, {})
        if not self._waiting.owners_of(key):
            self._offered.pop(key, None)
        for by, told in offers.items():
            if owner in told:
                told.discard(owner)
                self._wake(by, key)

    def exclude(self, key: ObjectKey, owner: str) -> None:
        """The pattern could not take the object: it gets it from nobody, until it is changed.

        Data may be kept for it (``delay_reason``): that it gets once a later run shows again that it could take it.
        """
        if self._waiting.is_waiting(key, owner):
            if not may_hold_data(key):
                self._waiting.exclude(key, owner)
            self.stop_waiting(key, owner)

    def pattern_stalled(self, owner: str) -> None:
        """The run of the pattern came to no apply, and does not by itself: it takes nothing."""
        self._stop_all_waiting(owner)

    def pattern_suspended(self, owner: str) -> None:
        """The pattern is suspended: it takes nothing now. What its new version contains is not known all the same."""
        self._stop_all_waiting(owner)
        self._patterns.suspend(owner)
        self._waiting.readmit(owner)

    def leave(self, owner: str) -> None:
        """The pattern goes: it takes nothing any more."""
        self.pattern_suspended(owner)
        self._patterns.remove(owner)

    def forget(self, owner: str) -> None:
        """The pattern is gone."""
        self.leave(owner)
        self._cancel_release(owner, self._releases.keys_of(owner))
        self._releases.forget_earlier(owner)
        for each in (owner, (owner, OFFER_DURATION), (owner, DATA_OFFER_DURATION)):
            self._timers.cancel(each)

    def _begin_anew(self, owner: Owner) -> None:
        """What the pattern waits for, and lets go, is found out again."""
        self._stop_all_waiting(owner.id)
        self._cancel_release(owner.id, self._releases.keys_of(owner.id))
        self._waiting.readmit(owner.id)

    def _stop_all_waiting(self, owner: str) -> None:
        for key in self._waiting.keys_of(owner):
            self.stop_waiting(key, owner)

    def _cancel_release(self, owner: str, keys: Collection[ObjectKey]) -> None:
        """The pattern does not let these objects go, or begins anew with that."""
        self._releases.cancel(owner, keys)
        for key in keys:
            self._withdraw(key, by=owner)

    # --- objects ----------------------------------------------------------------------------------------------------

    def is_offered(self, key: ObjectKey, *, by: str, to: str) -> bool:
        """Whether the pattern with the id ``by`` has offered the object to the one with the id ``to``."""
        return by in self._offered.get(key, ()) and self._waiting.is_waiting(key, to)

    @contextmanager
    def taking(self, key: ObjectKey, owner: Owner) -> Iterator[None]:
        """The pattern sends the object meanwhile: where it was offered to it, nobody deletes it under its hands."""
        if key not in self._offered or not self._waiting.is_waiting(key, owner.id):
            yield
            return
        self._taking.setdefault(key, []).append(owner)
        try:
            yield
        finally:
            self._taking[key].remove(owner)
            if not self._taking[key]:
                del self._taking[key]

    def delay_reason(self, key: ObjectKey, *, by: Owner, holds_data: bool | None = None) -> str:
        """Why an object that ``by`` does not want any more is not deleted now; empty where it may be.

        ``holds_data``: whether data is lost with it; None where only its kind tells. ``by`` is woken when the answer
        may have changed. Nothing that other patterns do lets this say why for longer than ``OFFER_DURATION``
        (``DATA_OFFER_DURATION``) and ``TAKE_TIMEOUT`` seconds after it was first asked, but for data: see
        ``changed_patterns`` for how long that is kept for whom.
        """
        now = asyncio.get_running_loop().time()
        began = self._releases.since(key, by.id, now=now)
        since = began.asked
        holds_data = may_hold_data(key) if holds_data is None else holds_data
        taker = self._patterns.taker(key, by, age=now - began.at) if holds_data else None
        longest = math.inf if taker is not None else DATA_OFFER_DURATION if holds_data else OFFER_DURATION
        if (to := self._offer(key, by, age=now - since, longest=longest)) is not None:
            return f"is handed over to DesignPattern {to}, which has it in its version, too"
        if key.group == GROUP:  # whose own objects are not waited for twice
            return ""
        if holds_data and (
            kept := self._patterns.why_data_stays(key, by, taker, earliest=began.earliest, age=now - began.at)
        ):
            self._schedule_recheck(key, by, RECHECK_INTERVAL)
            return kept
        window = DATA_FIRST_RUN_WINDOW if holds_data else FIRST_RUN_WINDOW
        if holds_data:
            changed = self._patterns.unrun_anywhere(by, after=now - window)
        else:
            changed = self._patterns.unrun(key, by, after=now - window)
        if changed is not None and now - since < window:
            self._schedule_recheck(key, by, RECHECK_INTERVAL)
            return f"stays until DesignPattern {changed} has run, which was changed a moment ago and may have it now"
        grace = DATA_GRACE if holds_data else self._grace(key, by)
        if now - since < grace:
            self._schedule_recheck(key, by, since + grace - now)
            loss = "holds data, and " if holds_data else ""
            return f"{loss}is deleted in {grace:.0f} s, unless another pattern has it by then"
        return ""

    def close(self) -> None:
        """Wake nobody any more."""
        self._timers.close()

    def _offer(self, key: ObjectKey, by: Owner, *, age: float, longest: float) -> Owner | None:
        """Offer the object to all that wait for it, for ``longest`` seconds; one of them, the first."""
        if (sends := self._taking.get(key)) and age < longest + TAKE_TIMEOUT:
            self._schedule_recheck(key, by, RECHECK_INTERVAL)
            return sends[0]
        others_waiting = [each for each in self._waiting.owners_of(key) if each.id != by.id]
        if not others_waiting or age >= longest:
            self._withdraw(key, by=by.id)  # from here on nobody begins to take it
            return None
        told = self._offered.setdefault(key, {}).setdefault(by.id, set())
        for each in others_waiting:
            if each.id not in told:
                told.add(each.id)
                self._wake(each.id, key)
        if math.isfinite(longest) and (by.id, longest) not in self._timers:
            self._timers.set((by.id, longest), longest - age, self._wake, by.id, key)
        return others_waiting[0]

    def _withdraw(self, key: ObjectKey, *, by: str) -> None:
        offers = self._offered.get(key, {})
        if offers.pop(by, None) is not None and not offers:
            del self._offered[key]

    def _grace(self, key: ObjectKey, by: Owner) -> float:
        """How long to wait for a change that may still come; not at all where there is no pattern beside it."""
        return GRACE if self._patterns.are_beside(key, by) else 0.0

    def _schedule_recheck(self, key: ObjectKey, by: Owner, pause: float) -> None:
        if by.id not in self._timers:  # one a pattern: it looks at all that it wants to delete
            self._timers.set(by.id, pause, self._wake, by.id, key)

    def _wake(self, owner: str, key: ObjectKey) -> None:
        with self._errors.contain("managed_object_notification"):
            self._on_change(owner, Notification(NotificationKind.GONE, key))

"""Notifies patterns about their managed objects: at once at first, less and less often while it goes on.

Timers are kept by object, so that they are cancelled with it.
"""

import asyncio
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pattern_operator.api.object import ObjectKey
from pattern_operator.apply.managed.managed_object import ManagedObject
from pattern_operator.apply.managed.pacing import FIRST, Pacing
from pattern_operator.apply.timers import Timers
from pattern_operator.internal_errors import InternalErrors

FREE_CHANGES: Final = 5  # changes of an object's health in a row that are told at once


class NotificationKind(StrEnum):
    """What happened."""

    DRIFTED = "drifted"  # somebody took or removed a field that the pattern owns, or may have
    GONE = "gone"  # it was deleted, or does not carry the owner label any more
    HEALTH = "health"  # its health, or what it says of it, is another


@dataclass(frozen=True, slots=True)
class Notification:
    """One thing that happened to one object."""

    kind: NotificationKind
    key: ObjectKey


Listener = Callable[[str, Notification], None]


class Notifier:
    """Tells the patterns. ``listener(owner id, notification)`` is called in the loop; what it raises is counted."""

    def __init__(self, listener: Listener, *, errors: InternalErrors) -> None:
        self._listener = listener
        self._errors = errors
        self._timers = Timers(errors)

    def __len__(self) -> int:
        """How many timers are set."""
        return len(self._timers)

    def notify(self, managed: ManagedObject, kind: NotificationKind) -> None:
        """Tell the pattern of the object now."""
        with self._errors.contain("managed_object_notification"):
            self._listener(managed.owner, Notification(kind, managed.key))

    def drift(self, managed: ManagedObject, *, kind: NotificationKind = NotificationKind.DRIFTED) -> None:
        """Tell at once; when somebody undoes each repair, again when it is time for the next, ever later one."""
        pause = managed.backoff.pause(_now())
        self.notify(managed, kind)
        if pause:
            self._timers.set(("drift", managed.key), pause, self.notify, managed, kind)

    def untracked(self, managed: ManagedObject) -> None:
        """Its values are compared soon, and ever less often while it goes on being changed so.

        Never at once: two changes by one manager within a second look so, too, and may be of its status alone.
        """
        if ("untracked", managed.key) in self._timers:
            return
        managed.comparison_pacing = managed.comparison_pacing or Pacing()
        pause = self._together(managed.comparison_pacing.wait(_now()), ("health", managed.key))
        managed.backoff.record_wait(_now(), until=_now() + pause)
        self._timers.set(("untracked", managed.key), pause, self.notify, managed, NotificationKind.DRIFTED)

    def health_state(self, managed: ManagedObject) -> None:
        """Another health is told at once, unless it changes to and fro."""
        managed.state_pacing = managed.state_pacing or Pacing(free=FREE_CHANGES)
        pause = managed.state_pacing.wait(_now())
        if pause:
            self._health_in(pause, managed)
            return
        managed.message_pacing = None
        self._timers.cancel(("health", managed.key))
        self.notify(managed, NotificationKind.HEALTH)

    def health_message(self, managed: ManagedObject) -> None:
        """Messages change often while an object makes progress, and some never end: they are told ever less often."""
        if managed.expected and ("health", managed.key) not in self._timers:
            managed.message_pacing = managed.message_pacing or Pacing()
            pause = self._together(managed.message_pacing.wait(_now()), ("untracked", managed.key))
            self._health_in(pause, managed)

    def recheck(self, managed: ManagedObject, delay: float, call: Callable[[], None]) -> None:
        """Call in ``delay`` seconds, in place of what was to be called for the object before."""
        self._timers.set(("recheck", managed.key), delay, call)

    def cancel(self, key: ObjectKey) -> None:
        """Tell nothing any more of an object."""
        for timer in _timers_of(key):
            self._timers.cancel(timer)

    def close(self) -> None:
        """Tell nothing later any more."""
        self._timers.close()

    def _together(self, pause: float, other: Hashable) -> float:
        """``pause``, or the time left of the timer ``other`` where that is about the same: one run then serves both.

        A change of an object's values is often one of what it says of its health, too, and each run writes status.
        """
        left = self._timers.left(other)
        return left if left is not None and pause / 2 <= left <= pause + FIRST else pause

    def _health_in(self, pause: float, managed: ManagedObject) -> None:
        if ("health", managed.key) not in self._timers:
            self._timers.set(("health", managed.key), pause, self.notify, managed, NotificationKind.HEALTH)


def _timers_of(key: ObjectKey) -> tuple[Hashable, ...]:
    return ("drift", key), ("health", key), ("recheck", key), ("untracked", key)


def _now() -> float:
    """Seconds of the loop's clock, which the timers go by."""
    return asyncio.get_running_loop().time()

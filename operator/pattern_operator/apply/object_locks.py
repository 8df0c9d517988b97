"""One pattern at a time makes an object its own: between the look at it and the apply no other one may come.

The field manager is the same for every pattern, so the API server would let the second of two that both adopt an
object take it over from the first; and, where it keeps no condition (``create_only``), the second of two that both
found nothing. Who only *names* an object holds nobody up: a lock is taken after the pattern's account was let see that
the object is free, and after the slot for its requests; it lasts for one request; and it is waited for no longer than
``PATIENCE``, since that request may be slow for the one and not for the other.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar
from weakref import WeakValueDictionary

from pattern_operator.api.object import ObjectKey
from pattern_operator.kube import ApiError, ApiUnavailable

T = TypeVar("T")

PATIENCE: Final = 5.0  # seconds; an apply takes some ms, a webhook may take up to 30 s


class LockTimeout(Exception):
    """Another pattern is about to apply the object, and has no answer yet."""

    def __init__(self) -> None:
        super().__init__(
            f"another DesignPattern names it, too, and has sent it without an answer for {PATIENCE:.0f} s. It is tried"
            " again; remove it from one of the two."
        )


class ObjectLock:
    """The lock of one object. ``uses`` counts the applies that may have made the object somebody's.

    Who looked at the object before the last of them has to look again.
    """

    def __init__(self) -> None:
        self.uses = 0
        self._lock = asyncio.Lock()

    async def run(self, send: Callable[[], Awaitable[T]], *, since: int) -> T | None:
        """Apply by ``send`` under the lock; None where the object may be somebody's ``since`` this count.

        Raises:
            LockTimeout: another pattern had it too long.
        """
        try:
            async with asyncio.timeout(PATIENCE):
                await self._lock.acquire()
        except TimeoutError:
            raise LockTimeout from None
        refused = False
        try:
            if self.uses != since:
                refused = True
                return None
            return await send()
        except ApiError as error:
            refused = not isinstance(error, ApiUnavailable)  # else the answer may be lost, and the object there
            raise
        finally:
            self._lock.release()
            self.uses += not refused


class ObjectLocks:
    """The locks of all objects that somebody is about to apply; nothing is kept of the others."""

    def __init__(self) -> None:
        self._locks_by_key: WeakValueDictionary[ObjectKey, ObjectLock] = WeakValueDictionary()

    def at(self, key: ObjectKey) -> ObjectLock:
        """The lock of an object; hold it from before the look until after the apply."""
        lock = self._locks_by_key.get(key)
        if lock is None:
            lock = self._locks_by_key[key] = ObjectLock()
        return lock

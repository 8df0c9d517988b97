"""Calls that are due later, kept so that they can be taken back: one for each key."""

import asyncio
from collections.abc import Callable, Hashable
from typing import ParamSpec

from pattern_operator.internal_errors import InternalErrors

P = ParamSpec("P")


class Timers:
    """Timers of the running loop. What a call raises is counted in ``errors``, and costs that call."""

    def __init__(self, errors: InternalErrors) -> None:
        self._errors = errors
        self._handles: dict[Hashable, asyncio.TimerHandle] = {}
        self._closed = False

    def __len__(self) -> int:
        """How many calls are due later."""
        return len(self._handles)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._handles

    def left(self, key: Hashable) -> float | None:
        """Seconds until the call is due; None where there is none."""
        handle = self._handles.get(key)
        return None if handle is None else max(handle.when() - asyncio.get_running_loop().time(), 0.0)

    def set(self, key: Hashable, delay: float, call: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Call in ``delay`` seconds, in place of what was set for ``key`` before; after ``close`` do nothing."""
        self.cancel(key)
        if not self._closed:
            loop = asyncio.get_running_loop()
            self._handles[key] = loop.call_later(max(delay, 0.0), self._fire, key, lambda: call(*args, **kwargs))

    def cancel(self, key: Hashable) -> None:
        """Take the call back, if there is one."""
        if (handle := self._handles.pop(key, None)) is not None:
            handle.cancel()

    def close(self) -> None:
        """Take all back, and set none any more."""
        self._closed = True
        for key in tuple(self._handles):
            self.cancel(key)

    def _fire(self, key: Hashable, call: Callable[[], None]) -> None:
        self._handles.pop(key, None)
        with self._errors.contain("timer"):
            call()

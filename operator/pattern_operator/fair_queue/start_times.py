"""When each flow would begin its next item, were all flows served at once: who has used the least time is first.

Goyal, Vin and Cheng, "Start-time Fair Queueing", 1997. Who comes anew begins where the others are, not before them.
"""

import heapq
import itertools
from collections.abc import Collection, Hashable
from typing import Final

from pattern_operator.fair_queue.lazy_heap import has_many_stale

FEW_FLOWS: Final = 1_024  # flows that are remembered although they neither wait nor hold a seat


class StartTimes:
    """Start times of flows, in seconds of use, and how many items of each wait.

    The start time of a flow only grows, so that what lies in a heap is never too late.
    """

    def __init__(self) -> None:
        self._now = 0.0  # the start time of what was served last
        self._starts: dict[Hashable, float] = {}
        self._waiting: dict[Hashable, int] = {}
        self._order = itertools.count()
        self._backlog: list[tuple[float, int, Hashable]] = []  # the start times of flows that wait

    def __getitem__(self, flow: Hashable) -> float:
        """The start time of a flow that waits or holds a seat."""
        return self._starts[flow]

    @property
    def waiting(self) -> Collection[Hashable]:
        """The flows of which an item waits."""
        return self._waiting.keys()

    def begin_to_wait(self, flow: Hashable, *, seated: Collection[Hashable]) -> None:
        """One more item of the flow waits; flows that are ``seated`` are remembered."""
        if flow not in self._waiting:
            self._starts[flow] = max(self._starts.get(flow, 0.0), self._earliest())
            self._waiting[flow] = 0
            self._note(flow)
        self._waiting[flow] += 1
        self._forget_few(seated)

    def end_to_wait(self, flow: Hashable) -> None:
        """One item of the flow fewer waits."""
        self._waiting[flow] -= 1
        if not self._waiting[flow]:
            del self._waiting[flow]

    def serve(self, flow: Hashable) -> None:
        """An item of the flow is served now."""
        self._now = max(self._now, self._starts[flow])

    def serve_at_once(self, flow: Hashable, *, seated: Collection[Hashable]) -> None:
        """An item of the flow is served now that did not wait, and nobody else does; as for who waits for no time."""
        self._now = self._starts[flow] = max(self._starts.get(flow, 0.0), self._now)
        self._forget_few(seated)

    def charge(self, flow: Hashable, seconds: float) -> None:
        """The flow used so much time: it begins so much later."""
        self._starts[flow] = self._starts.get(flow, self._now) + seconds
        if flow in self._waiting:
            self._note(flow)

    def _forget_few(self, seated: Collection[Hashable]) -> None:
        if len(self._starts) > 2 * (len(self._waiting) + len(seated)) + FEW_FLOWS:
            kept = self._waiting.keys() | set(seated)
            late = sorted(((at, index, each) for index, (each, at) in enumerate(self._starts.items())), reverse=True)
            behind = {each: at for at, _, each in late[:FEW_FLOWS] if at > self._now}
            self._starts = {each: at for each, at in self._starts.items() if each in kept or each in behind}

    def _earliest(self) -> float:
        """Where who comes anew begins: not behind those who wait, who may be late, nor with arrears to call in."""
        while self._backlog:
            start, _, flow = self._backlog[0]
            if flow in self._waiting and self._starts[flow] == start:
                return min(start, self._now)
            heapq.heappop(self._backlog)
        return self._now

    def _note(self, flow: Hashable) -> None:
        heapq.heappush(self._backlog, (self._starts[flow], next(self._order), flow))
        if has_many_stale(self._backlog, current=len(self._waiting)):
            self._backlog = [(self._starts[each], next(self._order), each) for each in self._waiting]
            heapq.heapify(self._backlog)

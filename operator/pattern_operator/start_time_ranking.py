"""The turns that flows take, by the time that each one's work took: who asks a thousand times waits behind himself.

Start-time fair queueing (Goyal, Vin and Cheng, "Start-time Fair Queueing", 1997): an item is ranked by the time at
which its flow would begin it, were all flows served at once. How long an item takes is known only afterwards, so a flow
is charged for each as much as its last one took. Pure: what took how long is handed in.
"""

from collections.abc import Hashable
from typing import Final

_GUESS: Final = 0.01  # seconds that the first item of a flow is charged
_FEW: Final = 1_024  # flows that are remembered before those are forgotten that have no more turns behind them


class StartTimeRanking:
    """Ranks of what waits, the lowest first. Each operation is O(1), but for forgetting now and then."""

    def __init__(self) -> None:
        self._now = 0.0  # the rank of what began last
        self._next: dict[Hashable, float] = {}  # when the next item of a flow would begin
        self._charge: dict[Hashable, float] = {}  # seconds for each of its items
        self._few = _FEW

    def __len__(self) -> int:
        """How many flows are remembered."""
        return len(self._next)

    def rank(self, flow: Hashable) -> float:
        """The rank of an item that comes now."""
        begins = max(self._now, self._next.get(flow, 0.0))
        self._next[flow] = begins + self._charge.get(flow, _GUESS)
        if len(self._next) > self._few:
            self._next = {each: at for each, at in self._next.items() if at > self._now}
            self._charge = {each: cost for each, cost in self._charge.items() if each in self._next}
            self._few = max(_FEW, 2 * len(self._next))
        return begins

    def begun(self, rank: float) -> None:
        """An item with this rank is begun."""
        self._now = max(self._now, rank)

    def ended(self, flow: Hashable, seconds: float) -> None:
        """An item took so many ``seconds``."""
        if flow in self._next:
            self._charge[flow] = seconds

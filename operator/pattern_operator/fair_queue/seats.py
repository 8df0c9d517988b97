"""Seats, and how many of them each lane holds: none takes more than a multiple of what is left free for the others.

Choudhury and Hahne, "Dynamic Queue Length Thresholds for Shared-Memory Packet Switches", 1998: whoever comes later
finds a seat, although nobody is interrupted.
"""

from collections.abc import Hashable, KeysView
from dataclasses import dataclass
from typing import Final

Lanes = tuple[Hashable, ...]

FLOW_SHARE: Final = 3  # times the free seats: one flow alone holds 3/4 of all, two 3/7 each, and so on
# One host or kind may serve everybody, so it gets more: 7/8 alone. A flow that holds its share of a lane must not
# close the lane to the other flows.
LANE_SHARE: Final = 7


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane with a share of its own: it takes no seat beyond ``share`` times the seats that are free."""

    name: Hashable
    share: int


@dataclass(frozen=True, slots=True)
class Sort(Lane):
    """A lane of all work of one sort, whoever has it done: what it leaves is kept for other work."""


class Seats:
    """``capacity`` seats; ``free`` of them are held by nobody. Lanes that hold no seat cost nothing."""

    def __init__(self, capacity: int) -> None:
        self.free = capacity
        self._capacity = capacity
        self._held: dict[Hashable, int] = {}
        self._flows: dict[Hashable, int] = {}  # the first lanes of who holds a seat

    @property
    def flows(self) -> KeysView[Hashable]:
        """The flows that hold a seat, at most as many as there are seats."""
        return self._flows.keys()

    @property
    def largest_share(self) -> float:
        """The part of all seats that the lane with the most of them holds; a sort of work is nobody's."""
        return (
            max((held for lane, held in self._held.items() if not isinstance(lane, Sort)), default=0) / self._capacity
        )

    def held(self, lane: Hashable) -> int:
        """How many seats the lane holds."""
        return self._held.get(lane, 0)

    def held_as_flow(self, flow: Hashable) -> int:
        """How many seats the lane holds as the first one of whoever sits there."""
        return self._flows.get(flow, 0)

    def has_one_for(self, lanes: Lanes) -> bool:
        """Whether somebody with these lanes may have a seat now; the first seat of a flow needs no share of it."""
        flow, *others = lanes
        if not self.free or (flow in self._flows and self.is_flow_closed(flow)):
            return False
        return not any(map(self.is_lane_closed, others))

    def take(self, lanes: Lanes) -> None:
        """One seat is held by somebody with these lanes."""
        self.free -= 1
        for lane in set(lanes):
            self._held[lane] = self._held.get(lane, 0) + 1
        self._flows[lanes[0]] = self._flows.get(lanes[0], 0) + 1

    def give_back(self, lanes: Lanes) -> None:
        """The seat of somebody with these lanes is free."""
        self.free += 1
        for lane in set(lanes):
            self._held[lane] -= 1
            if not self._held[lane]:
                del self._held[lane]
        self._flows[lanes[0]] -= 1
        if not self._flows[lanes[0]]:
            del self._flows[lanes[0]]

    def is_flow_closed(self, flow: Hashable) -> bool:
        """Whether the flow has its share: its own, or else ``FLOW_SHARE``."""
        return self._is_closed(flow, FLOW_SHARE)

    def is_lane_closed(self, lane: Hashable) -> bool:
        """Whether a lane beyond the flow has its share: its own, or else ``LANE_SHARE``."""
        return self._is_closed(lane, LANE_SHARE)

    def _is_closed(self, lane: Hashable, share: int) -> bool:
        return self._held.get(lane, 0) >= (lane.share if isinstance(lane, Lane) else share) * self.free

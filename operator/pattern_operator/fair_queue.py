"""Who gets the next of a bounded number of seats, so that nobody can hold them all while others wait.

An item waits with *lanes*: whom it counts for. The first lane is its flow (a tenant); the others are part of it, or
what it shares with items of other flows (a registry host, a kind). The flow that holds the fewest seats goes first;
among equals the one that has used the least time, then the lowest rank, then who came first. That is fair queueing with
seats, as the API server's own (Kubernetes, "API Priority and Fairness"), by start times: who comes anew begins where
the others are, not before them (Goyal, Vin and Cheng, "Start-time Fair Queueing", 1997). And a lane takes no seat
beyond a multiple of what would be left free for the others, so that whoever comes later finds a seat although nobody is
interrupted (Choudhury and Hahne, "Dynamic Queue Length Thresholds for Shared-Memory Packet Switches", 1998).
"""

import heapq
import itertools
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

Item = TypeVar("Item", bound=Hashable)
Entry = TypeVar("Entry", bound=tuple[Any, ...])
Lanes = tuple[Hashable, ...]
Position = tuple[float, int, int]  # rank, the order of coming, and a number that no other has: never equal
Turn = tuple[float, Position]  # the start time of its flow, and a position: the order between flows

FLOW_SHARE: Final = 3  # times the free seats: one flow alone holds 3/4 of all, two 3/7 each, and so on
# One host or kind may serve everybody, so it gets more: 7/8 alone. A flow that holds its share of a lane must not
# close the lane to the other flows.
LANE_SHARE: Final = 7
FEW_FLOWS: Final = 1_024  # flows that are remembered although they neither wait nor hold a seat
FEW: Final = 64  # entries of a heap that may be out of date before it is put in order


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane with a share of its own: it takes no seat beyond ``share`` times the seats that are free."""

    name: Hashable
    share: int


@dataclass(frozen=True, slots=True)
class Sort(Lane):
    """A lane of all work of one sort, whoever has it done: what it leaves is kept for other work."""


@dataclass(slots=True)
class _Group(Generic[Item]):
    """The items with the same lanes; ``position`` is that of its first item when it was last put in a heap."""

    lanes: Lanes
    items: list[tuple[Position, Item]] = field(default_factory=list)
    position: Position | None = None
    removed: int = 0  # items that wait no longer, at most


class FairQueue(Generic[Item]):
    """Items that wait for one of ``capacity`` seats. Each operation is O(log n) in what waits, O(n) in the seats.

    ``lanes`` are never empty. Lanes that hold no seat cost nothing.
    """

    def __init__(self, capacity: int) -> None:
        self.free = capacity
        self._capacity = capacity
        self._numbers = itertools.count()
        self._entries: dict[Item, tuple[Position, Lanes]] = {}
        self._groups: dict[Lanes, _Group[Item]] = {}
        self._held: dict[Hashable, int] = {}
        self._serving: dict[Hashable, int] = {}  # flows that hold seats, at most as many as there are seats
        self._waiting: dict[Hashable, int] = {}  # items of each flow
        self._now = 0.0  # the start time of what was served last
        self._starts: dict[Hashable, float] = {}  # of flows; they only grow, so what lies in a heap is never too late
        self._backlog: list[tuple[float, int, Hashable]] = []  # the start times of flows that wait
        # A group that is not empty lies in one heap: that of its flow, or that of the closed lane it was last found in.
        self._flows: dict[Hashable, list[tuple[Position, Lanes]]] = {}
        self._parked: dict[Hashable, list[tuple[Turn, Lanes]]] = {}
        self._idle: list[tuple[Turn, Hashable]] = []  # flows that hold no seat
        self._idle_turn: dict[Hashable, Turn] = {}

    def __len__(self) -> int:
        """How many items wait."""
        return len(self._entries)

    def __contains__(self, item: Item) -> bool:
        """Whether the item waits."""
        return item in self._entries

    @property
    def largest_share(self) -> float:
        """The part of all seats that the lane with the most of them holds; a sort of work is nobody's."""
        return (
            max((held for lane, held in self._held.items() if not isinstance(lane, Sort)), default=0) / self._capacity
        )

    @property
    def unserved(self) -> int:
        """How many flows wait and hold no seat."""
        return sum(flow not in self._serving for flow in self._waiting)

    def held(self, lane: Hashable) -> int:
        """How many seats the lane holds."""
        return self._held.get(lane, 0)

    def lanes_of(self, item: Item) -> Lanes:
        """The lanes with which an item waits; raises KeyError where it does not."""
        return self._entries[item][1]

    def push(self, item: Item, *, rank: float, lanes: Lanes) -> None:
        """Let ``item`` wait; one that waits already keeps its place in the order, and its rank."""
        serial = next(self._numbers)
        position = (rank, serial, serial)
        if item in self._entries:
            (rank, order, _), before = self._entries[item]
            if before == lanes:
                return
            position = (rank, order, serial)
            self.remove(item)
        self._begin_to_wait(lanes[0])
        self._entries[item] = (position, lanes)
        group = self._groups.setdefault(lanes, _Group(lanes))
        heapq.heappush(group.items, (position, item))
        self._place(group)

    def remove(self, item: Item) -> None:
        """Let ``item`` wait no longer; what is left of it in the heaps is dropped when it comes to the top."""
        entry = self._entries.pop(item, None)
        if entry is None:
            return
        self._end_to_wait(entry[1][0])
        group = self._groups[entry[1]]
        group.removed += 1
        if group.removed > max(FEW, len(group.items) // 2):
            group.items = [each for each in group.items if self._waits(each)]
            heapq.heapify(group.items)
            group.removed = 0

    def clear(self) -> list[Item]:
        """Let nothing wait any more; what waited."""
        waited = list(self._entries)
        for each in waited:
            self.remove(each)
        return waited

    def pop(self) -> tuple[Item, Lanes] | None:
        """The item that gets a seat now, with the lanes to give it back with; None when nobody can have one."""
        if not self.free:
            return None
        group = self._first_unserved() or self._least_served()
        if group is None:
            return None
        _, item = heapq.heappop(group.items)
        del self._entries[item]
        for lane in set(group.lanes):
            self._held[lane] = self._held.get(lane, 0) + 1
        flow = group.lanes[0]
        self._end_to_wait(flow)
        self._now = max(self._now, self._starts[flow])
        self._serving[flow] = self._serving.get(flow, 0) + 1
        self._idle_turn.pop(flow, None)
        self.free -= 1
        group.position = None  # wherever it lies now, it lies there no longer
        self._place(group)
        return item, group.lanes

    def charge(self, flow: Hashable, seconds: float) -> None:
        """A flow that holds a seat, or has just waited, used so much time: it begins so much later."""
        self._starts[flow] = self._starts.get(flow, self._now) + seconds
        if flow in self._waiting:
            self._note_start(flow)
        if flow not in self._serving:
            self._mark_idle(flow)

    def give_back(self, lanes: Lanes, *, used: float = 0.0) -> None:
        """End what an item that got a seat did with it, and for how many seconds of ``used`` its flow is charged."""
        self.charge(lanes[0], used)
        self.free += 1
        for lane in set(lanes):
            self._held[lane] -= 1
            if not self._held[lane]:
                del self._held[lane]
        flow = lanes[0]
        self._serving[flow] -= 1
        if not self._serving[flow]:
            del self._serving[flow]
            self._mark_idle(flow)

    def _begin_to_wait(self, flow: Hashable) -> None:
        if flow not in self._waiting:
            self._starts[flow] = max(self._starts.get(flow, 0.0), self._earliest_start())
            self._waiting[flow] = 0
            self._note_start(flow)
        self._waiting[flow] += 1
        if len(self._starts) > 2 * (len(self._waiting) + len(self._serving)) + FEW_FLOWS:
            kept = self._waiting.keys() | self._serving.keys()
            late = sorted(((at, index, each) for index, (each, at) in enumerate(self._starts.items())), reverse=True)
            behind = {each: at for at, _, each in late[:FEW_FLOWS] if at > self._now}
            self._starts = {each: at for each, at in self._starts.items() if each in kept or each in behind}

    def _earliest_start(self) -> float:
        """Where who comes anew begins: not behind those who wait, who may be late, nor with arrears to call in."""
        while self._backlog:
            start, _, flow = self._backlog[0]
            if flow in self._waiting and self._starts[flow] == start:
                return min(start, self._now)
            heapq.heappop(self._backlog)
        return self._now

    def _note_start(self, flow: Hashable) -> None:
        heapq.heappush(self._backlog, (self._starts[flow], next(self._numbers), flow))
        if len(self._backlog) > 2 * len(self._waiting) + FEW:
            self._backlog = [(self._starts[each], next(self._numbers), each) for each in self._waiting]
            heapq.heapify(self._backlog)

    def _end_to_wait(self, flow: Hashable) -> None:
        self._waiting[flow] -= 1
        if not self._waiting[flow]:
            del self._waiting[flow]

    # --- who may ----------------------------------------------------------------------------------------------------

    def _is_closed(self, lane: Hashable, share: int) -> bool:
        """Whether the lane has its share: its own, or else ``share``."""
        return self._held.get(lane, 0) >= (lane.share if isinstance(lane, Lane) else share) * self.free

    def _closed_lane(self, group: _Group[Item]) -> Hashable | None:
        """The first lane beyond the flow that has its share already; lanes are never None."""
        return next((lane for lane in group.lanes[1:] if self._is_closed(lane, LANE_SHARE)), None)

    def _first_unserved(self) -> _Group[Item] | None:
        """The first group among the flows that hold no seat."""
        found = [group for group in (self._first_idle(), *self._first_parked()) if group is not None]
        return min(found, key=self._turn, default=None)

    def _first_idle(self) -> _Group[Item] | None:
        while self._idle:
            turn, flow = self._idle[0]
            if self._idle_turn.get(flow) != turn:
                heapq.heappop(self._idle)
                continue
            group = self._first_of(flow)
            if group is not None and self._turn(group) == turn:
                lane = self._closed_lane(group)
                if lane is None:
                    return group
                heapq.heappop(self._flows[flow])
                self._park(group, lane)
            heapq.heappop(self._idle)
            self._idle_turn.pop(flow, None)
            self._mark_idle(flow)
        return None

    def _first_parked(self) -> list[_Group[Item]]:
        """The first group of each lane that was closed and is open; those of flows with seats go to their flow."""
        found: list[_Group[Item]] = []
        for lane in list(self._parked):
            if not self._is_closed(lane, LANE_SHARE):
                group = self._first_parked_in(lane)
                if group is not None:
                    found.append(group)
        return found

    def _first_parked_in(self, lane: Hashable) -> _Group[Item] | None:
        heap = self._parked[lane]
        while heap:
            turn, lanes = entry = heap[0]
            group = self._current(turn[1], lanes)
            if group is None:
                _drop(heap, entry)
                continue
            if group.lanes[0] in self._serving:
                heapq.heappop(heap)
                self._put(group)
                continue
            if self._turn(group) != turn:  # its flow has used time since
                heapq.heapreplace(heap, (self._turn(group), lanes))
                continue
            other = self._closed_lane(group)
            if other is None:
                return group
            heapq.heappop(heap)
            self._park(group, other)
        del self._parked[lane]
        return None

    def _least_served(self) -> _Group[Item] | None:
        """The first group of the flow that holds the fewest seats, of the flows that hold some."""
        best: tuple[int, Turn] | None = None
        found: _Group[Item] | None = None
        for flow, held in self._serving.items():
            if self._is_closed(flow, FLOW_SHARE) or (best is not None and held > best[0]):
                continue
            group = self._first_open(flow)
            if group is not None and (best is None or (held, self._turn(group)) < best):
                best, found = (held, self._turn(group)), group
        return found

    def _first_open(self, flow: Hashable) -> _Group[Item] | None:
        """The first group of a flow of which no lane is closed: few are, because a closed lane holds many seats."""
        closed: list[_Group[Item]] = []
        while (group := self._first_of(flow)) is not None and self._closed_lane(group) is not None:
            heapq.heappop(self._flows[flow])
            closed.append(group)
        for each in closed:
            self._put(each)
        return group

    # --- where it lies ----------------------------------------------------------------------------------------------

    def _place(self, group: _Group[Item]) -> None:
        """Put a group that has another first item than before into the heap of its flow."""
        while group.items and not self._waits(group.items[0]):
            heapq.heappop(group.items)
        if not group.items:
            self._groups.pop(group.lanes, None)
            group.position = None
            return
        position = group.items[0][0]
        if group.position != position:
            group.position = position
            self._put(group)
            self._mark_idle(group.lanes[0])

    def _waits(self, entry: tuple[Position, Item]) -> bool:
        known = self._entries.get(entry[1])
        return known is not None and known[0] == entry[0]

    def _put(self, group: _Group[Item]) -> None:
        heap = self._flows.setdefault(group.lanes[0], [])
        heapq.heappush(heap, (_position(group), group.lanes))
        if len(heap) > 2 * len(self._groups) + FEW:  # most of it is out of date
            heap[:] = sorted(each for each in heap if self._is_current(*each))

    def _park(self, group: _Group[Item], lane: Hashable) -> None:
        heap = self._parked.setdefault(lane, [])
        heapq.heappush(heap, (self._turn(group), group.lanes))
        if len(heap) > 2 * len(self._groups) + FEW:
            heap[:] = sorted(each for each in heap if self._is_current(each[0][1], each[1]))

    def _is_current(self, position: Position, lanes: Lanes) -> bool:
        group = self._groups.get(lanes)
        return group is not None and group.position == position

    def _first_of(self, flow: Hashable) -> _Group[Item] | None:
        heap = self._flows.get(flow)
        while heap:
            entry = heap[0]
            group = self._current(*entry)
            if group is not None:
                return group
            _drop(heap, entry)
        self._flows.pop(flow, None)
        return None

    def _current(self, position: Position, lanes: Lanes) -> _Group[Item] | None:
        """The group of an entry of a heap; None where the entry is out of date, and is to be dropped."""
        group = self._groups.get(lanes)
        if group is not None and group.position == position and self._waits(group.items[0]):
            return group
        if group is not None and group.position == position:
            self._place(group)  # its first item waits no longer: it is put where the next one belongs
        return None

    def _turn(self, group: _Group[Item]) -> Turn:
        return self._starts[group.lanes[0]], _position(group)

    def _mark_idle(self, flow: Hashable) -> None:
        if flow in self._serving:
            return
        group = self._first_of(flow)
        if group is None:
            self._idle_turn.pop(flow, None)
            return
        turn = self._turn(group)
        if self._idle_turn.get(flow) != turn:
            self._idle_turn[flow] = turn
            heapq.heappush(self._idle, (turn, flow))
            if len(self._idle) > 2 * len(self._idle_turn) + FEW:
                self._idle = sorted((where, each) for each, where in self._idle_turn.items())


def _position(group: "_Group[Item]") -> Position:
    if group.position is None:
        raise AssertionError("a group that waits has a position")
    return group.position


def _drop(heap: list[Entry], entry: Entry) -> None:
    """Take ``entry`` from the top of a heap, unless it was put in order meanwhile."""
    if heap and heap[0] == entry:
        heapq.heappop(heap)

"""Who gets the next of a bounded number of seats, so that nobody can hold them all while others wait.

An item waits with *lanes*, each of which it counts for. The first is its flow (a tenant); the others are part of it, or
what it shares with items of other flows (a registry host, a kind). The flow that holds the fewest seats goes first;
among equals the one that has used the least time, then the lowest rank, then who came first. That is fair queueing with
seats, as the API server's own (Kubernetes, "API Priority and Fairness"), by ``start_times``; and a lane takes no seat
beyond a share of what would be left free for the others (``seats``).
"""

import heapq
import itertools
from collections.abc import Hashable
from typing import Generic, TypeVar

from pattern_operator.fair_queue.group import Group, Position
from pattern_operator.fair_queue.lazy_heap import drop, has_many_stale
from pattern_operator.fair_queue.seats import Lanes, Seats
from pattern_operator.fair_queue.start_times import StartTimes

Item = TypeVar("Item", bound=Hashable)
Turn = tuple[float, Position]  # the start time of its flow, and a position: the order between flows


class FairQueue(Generic[Item]):
    """Items that wait for one of ``capacity`` seats. Each operation is O(log n) in what waits, O(n) in the seats.

    ``lanes`` are never empty.
    """

    def __init__(self, capacity: int) -> None:
        self._seats = Seats(capacity)
        self._starts = StartTimes()
        self._numbers = itertools.count()
        self._entries: dict[Item, tuple[Position, Lanes]] = {}
        self._groups: dict[Lanes, Group[Item]] = {}
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
    def free(self) -> int:
        """How many seats nobody holds."""
        return self._seats.free

    @property
    def largest_share(self) -> float:
        """The part of all seats that the lane with the most of them holds; a sort of work is nobody's."""
        return self._seats.largest_share

    @property
    def unserved(self) -> int:
        """How many flows wait and hold no seat."""
        return sum(flow not in self._seats.flows for flow in self._starts.waiting)

    def held(self, lane: Hashable) -> int:
        """How many seats the lane holds."""
        return self._seats.held(lane)

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
        self._starts.begin_to_wait(lanes[0], seated=self._seats.flows)
        self._entries[item] = (position, lanes)
        group = self._groups.setdefault(lanes, Group(lanes))
        group.push(position, item)
        self._place(group)

    def remove(self, item: Item) -> None:
        """Take ``item`` out; what is left of it in the heaps is dropped when it comes to the top."""
        entry = self._entries.pop(item, None)
        if entry is None:
            return
        self._starts.end_to_wait(entry[1][0])
        self._groups[entry[1]].remove_one(waits=self._waits)

    def clear(self) -> list[Item]:
        """Let nothing wait any more; what waited."""
        waited = list(self._entries)
        for each in waited:
            self.remove(each)
        return waited

    def pop(self) -> tuple[Item, Lanes] | None:
        """The item that gets a seat now, with the lanes to give it back with; None when nobody can have one."""
        if not self._seats.free:
            return None
        group = self._first_unserved() or self._least_served()
        if group is None:
            return None
        item = group.pop()
        del self._entries[item]
        flow = group.lanes[0]
        self._starts.end_to_wait(flow)
        self._starts.serve(flow)
        self._seats.take(group.lanes)
        self._idle_turn.pop(flow, None)
        self._place(group)
        return item, group.lanes

    def take(self, lanes: Lanes) -> bool:
        """Get a seat at once, where nobody waits and there is one: what ``push`` and ``pop`` would do, in less time.

        It is given back as any other seat.
        """
        if self._entries or not self._seats.has_one_for(lanes):
            return False
        self._starts.serve_at_once(lanes[0], seated=self._seats.flows)
        self._seats.take(lanes)
        self._idle_turn.pop(lanes[0], None)
        return True

    def charge(self, flow: Hashable, seconds: float) -> None:
        """A flow that holds a seat, or has just waited, used so much time: it begins so much later."""
        self._starts.charge(flow, seconds)
        self._mark_idle(flow)

    def give_back(self, lanes: Lanes, *, used: float = 0.0) -> None:
        """End what an item that got a seat did with it, and for how many seconds of ``used`` its flow is charged."""
        self._starts.charge(lanes[0], used)
        self._seats.give_back(lanes)
        self._mark_idle(lanes[0])

    # --- who may ----------------------------------------------------------------------------------------------------

    def _closed_lane(self, group: Group[Item]) -> Hashable | None:
        """The first lane beyond the flow that has its share already; lanes are never None."""
        return next((lane for lane in group.lanes[1:] if self._seats.is_lane_closed(lane)), None)

    def _first_unserved(self) -> Group[Item] | None:
        """The first group among the flows that hold no seat."""
        found = [group for group in (self._first_idle(), *self._first_parked()) if group is not None]
        return min(found, key=self._turn, default=None)

    def _first_idle(self) -> Group[Item] | None:
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

    def _first_parked(self) -> list[Group[Item]]:
        """The first group of each lane that was closed and is open; those of flows with seats go to their flow."""
        found: list[Group[Item]] = []
        for lane in list(self._parked):
            if not self._seats.is_lane_closed(lane):
                group = self._first_parked_in(lane)
                if group is not None:
                    found.append(group)
        return found

    def _first_parked_in(self, lane: Hashable) -> Group[Item] | None:
        heap = self._parked[lane]
        while heap:
            turn, lanes = entry = heap[0]
            group = self._current(turn[1], lanes)
            if group is None:
                drop(heap, entry)
                continue
            if group.lanes[0] in self._seats.flows:
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

    def _least_served(self) -> Group[Item] | None:
        """The first group of the flow that holds the fewest seats, of the flows that hold some."""
        best: tuple[int, Turn] | None = None
        found: Group[Item] | None = None
        for flow in self._seats.flows:
            held = self._seats.held_as_flow(flow)
            if self._seats.is_flow_closed(flow) or (best is not None and held > best[0]):
                continue
            group = self._first_open(flow)
            if group is not None and (best is None or (held, self._turn(group)) < best):
                best, found = (held, self._turn(group)), group
        return found

    def _first_open(self, flow: Hashable) -> Group[Item] | None:
        """The first group of a flow of which no lane is closed: few are, because a closed lane holds many seats."""
        closed: list[Group[Item]] = []
        while (group := self._first_of(flow)) is not None and self._closed_lane(group) is not None:
            heapq.heappop(self._flows[flow])
            closed.append(group)
        for each in closed:
            self._put(each)
        return group

    # --- where it lies ----------------------------------------------------------------------------------------------

    def _place(self, group: Group[Item]) -> None:
        """Put a group that has another first item than before into the heap of its flow."""
        group.drop_removed(waits=self._waits)
        if not group.items:
            self._groups.pop(group.lanes, None)
            group.placed_at = None
            return
        position = group.items[0][0]
        if group.placed_at != position:
            group.placed_at = position
            self._put(group)
            self._mark_idle(group.lanes[0])

    def _waits(self, entry: tuple[Position, Item]) -> bool:
        known = self._entries.get(entry[1])
        return known is not None and known[0] == entry[0]

    def _put(self, group: Group[Item]) -> None:
        heap = self._flows.setdefault(group.lanes[0], [])
        heapq.heappush(heap, (group.position, group.lanes))
        if has_many_stale(heap, current=len(self._groups)):
            heap[:] = sorted(each for each in heap if self._is_current(*each))

    def _park(self, group: Group[Item], lane: Hashable) -> None:
        heap = self._parked.setdefault(lane, [])
        heapq.heappush(heap, (self._turn(group), group.lanes))
        if has_many_stale(heap, current=len(self._groups)):
            heap[:] = sorted(each for each in heap if self._is_current(each[0][1], each[1]))

    def _is_current(self, position: Position, lanes: Lanes) -> bool:
        group = self._groups.get(lanes)
        return group is not None and group.placed_at == position

    def _first_of(self, flow: Hashable) -> Group[Item] | None:
        heap = self._flows.get(flow)
        while heap:
            entry = heap[0]
            group = self._current(*entry)
            if group is not None:
                return group
            drop(heap, entry)
        self._flows.pop(flow, None)
        return None

    def _current(self, position: Position, lanes: Lanes) -> Group[Item] | None:
        """The group of an entry of a heap; None where the entry is out of date, and is to be dropped."""
        group = self._groups.get(lanes)
        if group is not None and group.placed_at == position and self._waits(group.items[0]):
            return group
        if group is not None and group.placed_at == position:
            self._place(group)  # its first item does not wait any more: it is put where the next one belongs
        return None

    def _turn(self, group: Group[Item]) -> Turn:
        return self._starts[group.lanes[0]], group.position

    def _mark_idle(self, flow: Hashable) -> None:
        if flow in self._seats.flows:
            return
        group = self._first_of(flow)
        if group is None:
            self._idle_turn.pop(flow, None)
            return
        turn = self._turn(group)
        if self._idle_turn.get(flow) != turn:
            self._idle_turn[flow] = turn
            heapq.heappush(self._idle, (turn, flow))
            if has_many_stale(self._idle, current=len(self._idle_turn)):
                self._idle = sorted((where, each) for each, where in self._idle_turn.items())

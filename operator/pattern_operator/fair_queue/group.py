"""Items that wait with the same lanes, the first of them at the top."""

import heapq
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pattern_operator.fair_queue.lazy_heap import FEW
from pattern_operator.fair_queue.seats import Lanes

Item = TypeVar("Item", bound=Hashable)
Position = tuple[float, int, int]  # rank, the order of coming, and a number that no other has: never equal


@dataclass(slots=True)
class Group(Generic[Item]):
    """A heap of items; ``placed_at`` is the position of its first item when it was last put in another heap."""

    lanes: Lanes
    items: list[tuple[Position, Item]] = field(default_factory=list)
    placed_at: Position | None = None
    removed: int = 0  # items that do not wait any more, at most

    @property
    def position(self) -> Position:
        """Where it was put; only what waits was."""
        if self.placed_at is None:
            raise AssertionError("a group that waits has a position")
        return self.placed_at

    def push(self, position: Position, item: Item) -> None:
        """One more item waits."""
        heapq.heappush(self.items, (position, item))

    def pop(self) -> Item:
        """Take the first item; wherever the group was put, it does not belong there any more."""
        self.placed_at = None
        return heapq.heappop(self.items)[1]

    def remove_one(self, *, waits: Callable[[tuple[Position, Item]], bool]) -> None:
        """One item does not wait any more; ``waits`` says of an entry whether its item still does."""
        self.removed += 1
        if self.removed > max(FEW, len(self.items) // 2):
            self.items = [each for each in self.items if waits(each)]
            heapq.heapify(self.items)
            self.removed = 0

    def drop_removed(self, *, waits: Callable[[tuple[Position, Item]], bool]) -> None:
        """Take items that do not wait any more from the top."""
        while self.items and not waits(self.items[0]):
            heapq.heappop(self.items)

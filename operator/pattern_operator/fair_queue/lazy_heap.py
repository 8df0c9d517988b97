"""Heaps of which entries go out of date: these are dropped at the top, and all of them when they are most of a heap."""

import heapq
from collections.abc import Sized
from typing import Any, Final, TypeVar

Entry = TypeVar("Entry", bound=tuple[Any, ...])

FEW: Final = 64  # entries that may be out of date before a heap is put in order


def has_many_stale(heap: Sized, *, current: int) -> bool:
    """Whether most entries are out of date, where ``current`` is how many are not, at most."""
    return len(heap) > 2 * current + FEW


def drop(heap: list[Entry], entry: Entry) -> None:
    """Take ``entry`` from the top of a heap, unless it was put in order meanwhile."""
    if heap and heap[0] == entry:
        heapq.heappop(heap)

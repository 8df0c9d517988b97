"""Runs that wait for a registry beside the workers: how many may, whose goes first, and who gives way.

A run that waits holds a few buffers and no worker. So that nobody's registries can fill the places, a namespace that
has few of them takes one from the namespace that has the most.
"""

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)

TENURE: Final = 10.0  # seconds that a run may wait although its namespace has one place more than who would have it


@dataclass(frozen=True, slots=True)
class Entered(Generic[Key]):
    """There is a place; ``displaced`` is whose it was, if it was anybody's: it has to end."""

    displaced: Key | None = None


@dataclass(slots=True)
class Places(Generic[Key]):
    """``capacity`` places. A run that was displaced is still here until it ``leaves``, so there are ``spare`` more."""

    capacity: int
    spare: int
    _waiting: dict[Key, tuple[Hashable, float]] = field(default_factory=dict)  # whose, and since when
    _ending: set[Key] = field(default_factory=set)  # displaced, or about to have a worker again

    def __len__(self) -> int:
        """How many runs are here, those that end included."""
        return len(self._waiting) + len(self._ending)

    def enter(self, key: Key, *, flow: Hashable, now: float) -> Entered[Key] | None:
        """Take a place for a run of ``flow``, a namespace; None where it has to stay where it is."""
        if len(self) >= self.capacity + self.spare:
            return None
        displaced = None
        if len(self) >= self.capacity:
            displaced = self._to_displace(flow, now=now)
            if displaced is None:
                return None
            self.end(displaced)
        self._waiting[key] = (flow, now)
        return Entered(displaced)

    def end(self, key: Key) -> None:
        """A run does not wait for its registry any more, and is here until it has a worker: nobody displaces it."""
        if self._waiting.pop(key, None) is not None:
            self._ending.add(key)

    def leave(self, key: Key) -> None:
        """A run has a worker again, or has ended."""
        self._waiting.pop(key, None)
        self._ending.discard(key)

    def _to_displace(self, flow: Hashable, *, now: float) -> Key | None:
        """The run that waits longest of the namespace that has the most places, where ``flow`` has fewer."""
        have = Counter(each for each, _ in self._waiting.values())
        if not have:
            return None
        most = max(have.values())
        key, (_, since) = next(item for item in self._waiting.items() if have[item[1][0]] == most)
        fewer = most - have[flow]
        return key if fewer >= 2 or (fewer == 1 and now - since >= TENURE) else None

"""Since when patterns let go of objects, in this process and, by what status says, before it began. Pure."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from pattern_operator.api.object import ObjectKey


@dataclass(frozen=True, slots=True)
class ReleaseTime:
    """When a pattern began to want to delete something.

    This process was ``asked`` for it then; status says that it began ``at`` another time, and at the ``earliest`` when.
    """

    asked: float
    at: float
    earliest: float


class ReleaseTimes:
    """When each pattern began to want to delete which object; times are those of one monotonic clock, in seconds."""

    def __init__(self) -> None:
        self._times: dict[str, dict[ObjectKey, ReleaseTime]] = {}  # by owner
        self._earlier: dict[str, ReleaseTime] = {}  # before this process began

    def since(self, key: ObjectKey, owner: str, *, now: float) -> ReleaseTime:
        """Since when the pattern wants to delete the object: at least since ``now``."""
        return self._times.setdefault(owner, {}).setdefault(key, self._begin(owner, now=now))

    def keys_of(self, owner: str) -> frozenset[ObjectKey]:
        """What the pattern wants to delete."""
        return frozenset(self._times.get(owner, ()))

    def note_earlier(self, owner: str, *, at: float, earliest: float) -> None:
        """By what its status says, the pattern has wanted to delete objects since ``at``, or since ``earliest``."""
        self._earlier[owner] = ReleaseTime(at, at, earliest)

    def forget_earlier(self, owner: str) -> None:
        """What the pattern wanted to delete before this process began has been asked for, or counts no more."""
        self._earlier.pop(owner, None)

    def cancel(self, owner: str, keys: Collection[ObjectKey]) -> None:
        """The pattern does not let these objects go, or begins anew with that."""
        times = self._times.get(owner, {})
        for key in keys:
            times.pop(key, None)
        if not times:
            self._times.pop(owner, None)

    def _begin(self, owner: str, *, now: float) -> ReleaseTime:
        earlier = self._earlier.get(owner)
        return ReleaseTime(now, now, now) if earlier is None else replace(earlier, asked=now)

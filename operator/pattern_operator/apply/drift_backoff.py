"""Backs off when another controller keeps reverting our repairs of an object.

Times are seconds of one monotonic clock, and are given.
"""

from dataclasses import dataclass, field
from typing import Final

RESET_AFTER: Final = 60.0  # seconds without another change after a repair, after which counting starts again
FREE_REPAIRS: Final = 5  # repairs in a row that are made at once
MAX_DELAY: Final = 300.0  # seconds between two repairs, however long it goes on


@dataclass(slots=True, eq=False)
class DriftBackoff:
    """The repairs of one object: how many in a row, each soon after the one before."""

    repairs: int = 0
    _repaired_at: float = field(default=float("-inf"))
    _quiet_until: float = field(default=float("-inf"))
    _compared_at: float = field(default=float("-inf"))

    @property
    def is_active(self) -> bool:
        """Whether repairs are backed off."""
        return self.repairs > FREE_REPAIRS

    def record_repair(self, now: float) -> None:
        """Count a repair."""
        since = now - max(self._repaired_at, self._quiet_until, self._compared_at)
        self.repairs = self.repairs + 1 if since <= RESET_AFTER else 1
        self._repaired_at = now

    def record_wait(self, now: float, *, until: float) -> None:
        """A change that was just seen is only looked at by then: a repair after that is of this change all the same."""
        if now - max(self._repaired_at, self._quiet_until) <= RESET_AFTER:
            self._compared_at = until

    def pause(self, now: float) -> float:
        """Seconds to wait before a change that was just seen is repaired: none, or doubled with every round."""
        if not self.is_active or now - max(self._repaired_at, self._compared_at) > RESET_AFTER:
            return 0.0
        pause: float = min(2.0 ** min(self.repairs - FREE_REPAIRS, 10), MAX_DELAY)
        self._quiet_until = now + pause
        return pause

    def is_waiting(self, now: float) -> bool:
        """Whether the pause lasts."""
        return now < self._quiet_until

"""How often something that keeps changing is told: at once at first, and ever less often while it goes on.

Times are seconds of one monotonic clock, and are given.
"""

from dataclasses import dataclass
from typing import Final

FIRST: Final = 2.0  # seconds between two notifications of what changes often
LONGEST: Final = 300.0  # seconds between two notifications, however long it goes on
QUIET: Final = 60.0  # seconds without a change, or twice the pause, after which it begins anew


@dataclass(slots=True, eq=False)
class Pacing:
    """The notifications of one thing. The first ``free`` of them are made at once."""

    free: int = 0
    told: int = 0  # in a row
    _pause: float = 0.0
    _changed_at: float = float("-inf")

    def wait(self, now: float) -> float:
        """Seconds to wait before the change that was just observed is told. Call it once for each telling."""
        if now - self._changed_at > max(QUIET, 2 * self._pause):
            self.told, self._pause = 0, 0.0
        self._changed_at = now
        self.told += 1
        if self.told > self.free:
            self._pause = min(FIRST * 2.0 ** min(self.told - self.free - 1, 10), LONGEST)
        return self._pause

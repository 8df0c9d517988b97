"""A token bucket: so many at once, then one in so many seconds. Times are seconds of one monotonic clock, and given."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class TokenBucket:
    """``size`` tokens, and a new one every ``seconds`` until it is full again."""

    size: int
    seconds: float
    _spent: float = 0.0  # tokens that are missing at the moment ``_at``
    _at: float = field(default=float("-inf"))

    def wait(self, now: float) -> float:
        """Seconds until there is a token; 0 when there is one. Takes none."""
        missing = self._missing(now) - (self.size - 1)
        return missing * self.seconds if missing > 1e-9 else 0.0  # a rounding error is not a token

    def take(self, now: float) -> bool:
        """Take a token, where there is one; whether there was."""
        if self.wait(now) > 0:
            return False
        self._spent, self._at = self._missing(now) + 1, now
        return True

    def _missing(self, now: float) -> float:
        return max(self._spent - max(now - self._at, 0.0) / self.seconds, 0.0) if self._spent else 0.0

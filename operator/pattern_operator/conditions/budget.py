"""What all conditions of one verdict may take together: each has its limits, and there may be thousands of them.

16 authorities with 16 attestations each, and 32 statements in the registry, are 8,192 processes: an hour of a core, for
one pattern, in a thread that nobody can end.
"""

import time
from collections.abc import Callable

from pattern_operator.conditions.answer import Answer, Conditions, NotNow, Unusable
from pattern_operator.limits import MAX_CONDITIONS_JUDGED, MAX_JUDGING


class ConditionBudget:
    """Judges for one verdict, until it was asked too often or too long. For one thread."""

    def __init__(
        self,
        conditions: Conditions,
        *,
        most: int = MAX_CONDITIONS_JUDGED,
        seconds: float = MAX_JUDGING,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._conditions = conditions
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._begun = clock()
        self._judged = 0
        self.errors = conditions.errors

    def judge(self, expression: str, predicate: bytes) -> Answer:
        """As the conditions do, within the budget."""
        if self._judged >= self._most:
            return Unusable(
                f"is one of more than {self._most} that would have to be judged of this artifact: ask for fewer"
                " attestations, or remove statements that are not needed from the registry"
            )
        if self._clock() - self._begun >= self._seconds:
            return NotNow(f"the conditions before it took longer than {self._seconds:.0f} s together")
        self._judged += 1
        return self._conditions.judge(expression, predicate)

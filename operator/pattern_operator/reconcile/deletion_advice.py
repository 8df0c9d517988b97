"""When it is said how to leave the objects of a pattern that is being deleted. Pure."""

from datetime import datetime
from typing import Final

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.apply import FinalizeResult

ADVISE_AFTER: Final = 120.0  # seconds of a deletion; pods have 30 to end, and a few waves follow each other


def advice_in(pattern: DesignPattern, remaining: FinalizeResult, *, now: datetime) -> float | None:
    """Seconds until the status says how to keep objects whose deletion takes long; None where it does already."""
    if not remaining.advice:
        return None
    try:
        began = datetime.fromisoformat(pattern.metadata.deletion_timestamp or "")
    except ValueError:
        return 0.0
    return max((began - now).total_seconds() + ADVISE_AFTER, 0.0)

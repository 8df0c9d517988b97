"""The short memory of what was applied, latest first."""

from collections.abc import Sequence

from pattern_operator.api.status import HistoryEntry


def remember(history: Sequence[HistoryEntry], entry: HistoryEntry, *, limit: int) -> tuple[HistoryEntry, ...]:
    """Put ``entry`` first, keeping at most ``limit``; the same revision applied again is not a new entry."""
    if history and history[0].revision == entry.revision:
        return tuple(history[:limit])
    return (entry, *history)[:limit]

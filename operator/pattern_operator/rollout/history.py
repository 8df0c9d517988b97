"""``status.history``: the revisions that were applied, latest first."""

from collections.abc import Sequence

from pattern_operator.api.status import HistoryEntry


def prepend(history: Sequence[HistoryEntry], entry: HistoryEntry, *, limit: int) -> tuple[HistoryEntry, ...]:
    """Put ``entry`` first, and keep at most ``limit``; the same revision applied again is not a new entry."""
    if history and history[0].revision == entry.revision:
        return tuple(history[:limit])
    return (entry, *history)[:limit]

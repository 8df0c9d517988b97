"""Puts on record what a run is about to make, with the finalizer, before the first object is sent; and keeps it so."""

import logging
from collections.abc import Callable
from datetime import datetime

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.reference import Revision
from pattern_operator.api.status import InventoryEntry
from pattern_operator.errors import PatternError
from pattern_operator.reconcile import status as statuses
from pattern_operator.reconcile.pattern_store import PatternStore, key_of, lacks_finalizer
from pattern_operator.reconcile.status_writer import PatternDeleted, StatusWriter
from pattern_operator.reconcile.write_ahead import is_first
from pattern_operator.telemetry import about

logger = logging.getLogger(__name__)


class AheadWriter:
    """Writes ahead by ``writer``; ``patterns`` are as the watch tells of them."""

    def __init__(self, patterns: PatternStore, writer: StatusWriter, *, now: Callable[[], datetime]) -> None:
        self._patterns = patterns
        self._writer = writer
        self._now = now

    async def write(
        self, pattern: DesignPattern, entries: tuple[InventoryEntry, ...], revision: Revision
    ) -> DesignPattern:
        """Write ahead ``entries``, none where all is on record, and the finalizer; the pattern as it is then.

        Raises:
            PatternDeleted: the resource does not exist any more.
            Stalled, Transient: it could not be written.
        """
        if entries and is_first(pattern, entries):
            return await self._writer.write_ahead(pattern, entries)
        pattern = await self._writer.add_finalizer(pattern)
        if not entries:
            return pattern
        planned = statuses.ahead(pattern, entries, revision=revision, now=self._now())
        return await self._writer.status(pattern, planned)

    async def keep_finalizer(self, asked: DesignPattern) -> None:
        """Put back what somebody took off while objects are being made, as ``kubectl replace`` does."""
        newest = self._patterns.get(key_of(asked))
        if newest is None or newest.metadata.uid != asked.metadata.uid or not lacks_finalizer(newest):
            return
        try:
            await self._writer.add_finalizer(newest)
        except (PatternDeleted, PatternError) as error:  # the end of the run says so, or the next run puts it back
            logger.debug("finalizer not put back: pattern=%s: %s", key_of(asked), error, extra=about(asked))

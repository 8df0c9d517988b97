"""Puts on record what a run is about to make, with the finalizer, before the first object is sent; and keeps it so."""

import logging
from collections.abc import Callable
from datetime import datetime

import msgspec

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.reference import Revision
from pattern_operator.api.status import HooksStatus, Inventory, InventoryEntry
from pattern_operator.errors import PatternError
from pattern_operator.reconcile import status as statuses
from pattern_operator.reconcile.pattern_store import PatternStore, key_of, lacks_finalizer
from pattern_operator.reconcile.status_writer import PatternDeleted, StatusWriter
from pattern_operator.reconcile.write_ahead import first_ahead, kept_ahead
from pattern_operator.telemetry import about

logger = logging.getLogger(__name__)


class AheadWriter:
    """Writes ahead by ``writer``; ``patterns`` are as the watch tells of them."""

    def __init__(self, patterns: PatternStore, writer: StatusWriter, *, now: Callable[[], datetime]) -> None:
        self._patterns = patterns
        self._writer = writer
        self._now = now

    async def write(
        self,
        pattern: DesignPattern,
        entries: tuple[InventoryEntry, ...],
        *,
        to: Revision | None,
        signatures: tuple[str, ...] = (),
    ) -> DesignPattern:
        """Write ahead ``entries``, none where all is on record, and the finalizer; the pattern as it is then.

        ``to`` is the revision for which the cluster leaves what status says is applied, None where it does not;
        ``signatures`` are those that it was verified by. The annotation of the first run goes with the first update:
        until then its names are all that was ever made.

        Raises:
            PatternDeleted: the resource does not exist any more.
            Stalled, Transient: it could not be written.
        """
        if entries and (ahead := first_ahead(pattern, entries)) is not None:
            return await self._writer.write_ahead(pattern, ahead)
        pattern = await self._writer.add_finalizer(pattern)
        if not entries:
            return pattern
        if pattern.metadata.annotations.leftover_ahead:
            pattern = await self._writer.remove_ahead(pattern)
        status = statuses.ahead(pattern, entries, to=to, now=self._now(), signatures=signatures)
        return await self._writer.status(pattern, status)

    async def write_hooks(
        self, pattern: DesignPattern, hooks: HooksStatus, entries: tuple[InventoryEntry, ...]
    ) -> DesignPattern:
        """Write how far the hooks are, with the inventory and the finalizer; raises as ``write``.

        Nothing else is said: what runs stays what status says that runs.
        """
        pattern = await self._writer.add_finalizer(pattern)
        if entries and pattern.metadata.annotations.leftover_ahead:
            pattern = await self._writer.remove_ahead(pattern)
        status = msgspec.structs.replace(pattern.status, hooks=hooks, inventory=Inventory.of(entries))
        return await self._writer.status(pattern, status)

    async def keep_finalizer(self, asked: DesignPattern) -> None:
        """Put back what somebody took off while objects are being made, as ``kubectl replace`` does."""
        key = key_of(asked)
        newest = self._patterns.get(key)
        if newest is None or newest.metadata.uid != asked.metadata.uid:
            return
        try:
            if self._patterns.lost_ahead(key):
                await self._writer.write_ahead(newest, kept_ahead(newest))
            elif lacks_finalizer(newest):
                await self._writer.add_finalizer(newest)
        except (PatternDeleted, PatternError) as error:  # the end of the run says so, or the next run puts it back
            logger.debug("finalizer not put back: pattern=%s: %s", key, error, extra=about(asked))

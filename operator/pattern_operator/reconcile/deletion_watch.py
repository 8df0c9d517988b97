"""Which DesignPatterns are there, by a watch of their metadata: kopf tells nothing of those that vanish unseen.

When kopf's watch is too old to go on (410), it lists what is there, and never says what is not. Neither does it notice
that etcd was restored from a backup: it waits in silence until old versions are reached again. Whatever is remembered
is older then than what it is compared with, so everything begins anew.
"""

import asyncio
from collections.abc import Callable
from typing import NoReturn

from pattern_operator.aio import background_task
from pattern_operator.api.fields import ObjectMeta
from pattern_operator.kube import Projection, Reflector, Session, WatchEvent, WatchEventType
from pattern_operator.kube.wellknown import DESIGN_PATTERN
from pattern_operator.reconcile.pattern_store import PatternKey, PatternStore


class Restored(Exception):
    """The API server has older versions of DesignPatterns than were seen: etcd was restored from a backup."""


class DeletionWatch:
    """Watches which DesignPatterns exist. ``on_gone(key, uid)`` is called for each that does not exist any more."""

    def __init__(self, session: Session, patterns: PatternStore, *, on_gone: Callable[[PatternKey, str], None]) -> None:
        self._on_gone = on_gone
        self._patterns = patterns
        self._restored = asyncio.Event()
        self._watch = Reflector(
            session,
            DESIGN_PATTERN,
            projection=Projection.METADATA,
            on_change=self._changed,
            on_restored=self._restored.set,
        )

    async def run(self) -> NoReturn:
        """Watch until cancelled.

        Raises:
            Restored: all that is remembered is worth nothing.
        """
        for each in self._patterns:  # listed before this watch begins: what went since is told, too
            meta = each.metadata
            self._watch.remember(meta.namespace, meta.name, uid=meta.uid, version=meta.resource_version)
        async with background_task(self._watch.run(), name="watch-designpatterns-exist"):
            await self._restored.wait()
        raise Restored(
            "the API server has older versions than before: etcd was restored from a backup; everything is listed again"
        )

    def _changed(self, change: WatchEvent) -> None:
        if change.type is WatchEventType.DELETED:
            meta = ObjectMeta.of(change.object)
            self._on_gone(PatternKey(meta.namespace, meta.name), meta.uid)

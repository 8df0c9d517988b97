"""The watches of owned objects: one a kind, for all patterns together, started when the kind is first needed."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from pattern_operator.aio import Tasks
from pattern_operator.api.fields import ObjectMeta
from pattern_operator.api.names import OWNER_LABEL
from pattern_operator.api.object import GroupKind, ObjectKey
from pattern_operator.apply.health import needs_status
from pattern_operator.kube import ApiError, Projection, Reflector, Resource, Session, WatchEvent

FIRST_LIST_TIMEOUT: Final = 5.0  # seconds that a kind's watch is waited for, once; from then on it is applied blindly


@dataclass(slots=True)
class _KindWatch:
    watch: Reflector
    task: asyncio.Task[None]
    settled: asyncio.Event = field(default_factory=asyncio.Event)  # in step, has said why not, or took too long


class Watches:
    """Follows every object that carries an owner label, kind by kind, and tells of each change.

    Kinds that are healthy by existing are watched with their metadata alone. ``on_problem`` is told of a kind that
    cannot be watched; its objects are applied all the same, and nobody says when they change. Of objects that do not
    matter (``remembers``) nothing is kept.
    """

    def __init__(
        self,
        session: Session,
        *,
        tasks: Tasks,
        on_change: Callable[[Resource, WatchEvent], None],
        on_problem: Callable[[Resource, ApiError], None] | None,
        on_restored: Callable[[Resource], None] = lambda _: None,
        remembers: Callable[[ObjectKey], bool] = lambda _: True,
    ) -> None:
        self._session = session
        self._tasks = tasks
        self._on_change = on_change
        self._on_problem = on_problem
        self._on_restored = on_restored
        self._remembers = remembers
        self._kinds: dict[GroupKind, _KindWatch] = {}

    def start(self, resource: Resource) -> None:
        """Start to follow the kind, unless it is followed already (in whatever version)."""
        kind = resource.group_kind
        if kind in self._kinds:
            return
        watch = Reflector(
            self._session,
            resource,
            projection=Projection.FULL
            if needs_status(group=resource.group, kind=resource.kind)
            else Projection.METADATA,
            label_selector=OWNER_LABEL,
            on_change=lambda change: self._changed(resource, change),
            on_problem=lambda error: self._failed(resource, error),
            on_restored=lambda: self._on_restored(resource),
            remembers=lambda namespace, name: self._remembers(
                ObjectKey(resource.group, resource.kind, namespace, name)
            ),
        )
        task = self._tasks.create_task(watch.run(), name=f"watch-{resource.plural}.{resource.group}-owned")
        self._kinds[kind] = kind_watch = _KindWatch(watch, task)
        self._tasks.create_task(_settle(kind_watch), name=f"first-list-{resource.plural}.{resource.group}")

    async def ready(self, resource: Resource) -> None:
        """Start to follow the kind, and wait until what exists of it is known, or it is clear that it cannot be."""
        self.start(resource)
        await self._kinds[resource.group_kind].settled.wait()

    def remember(self, key: ObjectKey, body: object) -> None:
        """An object that did not matter when it was told matters now."""
        kind_watch, meta = self._kinds.get(key.group_kind), ObjectMeta.of(body)
        if kind_watch is not None:
            kind_watch.watch.remember(key.namespace, key.name, uid=meta.uid, version=meta.resource_version)

    def stop(self, kind: GroupKind) -> None:
        """Stop following the kind."""
        kind_watch = self._kinds.pop(kind, None)
        if kind_watch is not None:
            kind_watch.settled.set()  # whoever waits goes on without it
            kind_watch.task.cancel()

    def is_watched(self, kind: GroupKind) -> bool:
        """Whether changes of the kind are told."""
        kind_watch = self._kinds.get(kind)
        if kind_watch is None or not kind_watch.watch.synced.is_set():
            return False
        problem = kind_watch.watch.problem
        return problem is None or problem.code not in (HTTPStatus.FORBIDDEN, HTTPStatus.UNAUTHORIZED)

    def resource_of(self, kind: GroupKind) -> Resource | None:
        """Where the kind is served, when its watch is in step; None where nobody follows it."""
        kind_watch = self._kinds.get(kind)
        return kind_watch.watch.resource if kind_watch is not None and self.is_watched(kind) else None

    def _changed(self, resource: Resource, change: WatchEvent) -> None:
        if resource.group_kind in self._kinds:
            self._on_change(resource, change)

    def _failed(self, resource: Resource, error: ApiError) -> None:
        kind = resource.group_kind
        kind_watch = self._kinds.get(kind)
        if kind_watch is None:
            return
        if error.code == HTTPStatus.NOT_FOUND:
            self.stop(kind)  # the CRD is not there, or this version of it: the next apply of the kind starts anew
            return
        kind_watch.settled.set()
        if self._on_problem is not None:
            self._on_problem(resource, error)


async def _settle(kind_watch: _KindWatch) -> None:
    synced = asyncio.ensure_future(kind_watch.watch.synced.wait())
    settled = asyncio.ensure_future(kind_watch.settled.wait())
    try:
        await asyncio.wait({synced, settled}, timeout=FIRST_LIST_TIMEOUT, return_when=asyncio.FIRST_COMPLETED)
    finally:
        synced.cancel()
        settled.cancel()
    kind_watch.settled.set()

"""Watches of which none runs."""

from collections.abc import Coroutine
from typing import Any

from pattern_operator.api.object import GroupKind, ObjectKey
from pattern_operator.apply.managed.watches import Watches
from pattern_operator.kube import Resource


class FakeWatches(Watches):
    """Sees every kind but those in ``blind``, and none where not ``sees``."""

    def __init__(self) -> None:
        self.blind: set[str] = set()
        self.sees = True
        self.asked: list[str] = []  # the kinds that were waited for
        self.started: list[str] = []  # the kinds that are watched, if nobody did so before
        self.remembered: list[ObjectKey] = []  # what matters only since it was told
        self.stopped: list[str] = []  # the kinds that are not watched any more

    def start(self, resource: Resource) -> None:
        self.started.append(resource.kind)

    async def ready(self, resource: Resource) -> None:
        self.asked.append(resource.kind)

    def remember(self, key: ObjectKey, body: object) -> None:
        self.remembered.append(key)

    def stop(self, kind: GroupKind) -> None:
        self.stopped.append(kind[1])

    def is_watched(self, kind: GroupKind) -> bool:
        return self.sees and kind[1] not in self.blind

    def resource_of(self, kind: GroupKind) -> Resource | None:
        return None


class NoTasks:
    """Runs nothing: what a task would do is called by the test itself."""

    def create_task(self, coro: Coroutine[Any, Any, Any], **_: Any) -> Any:
        coro.close()

"""The kinds that patterns wait for because their CRD is missing: a watch of CRDs tells when one comes.

The watch begins when the first pattern waits. A CRD is served a moment after it is established, and nothing tells when,
so its group is looked for a few times after each change of one of its CRDs, and only while somebody waits for it.
"""

import asyncio
from collections.abc import Callable, Collection

from pattern_operator.aio import Tasks
from pattern_operator.api.fields import ObjectMeta
from pattern_operator.api.object import ObjectKey
from pattern_operator.apply.definition import CRD
from pattern_operator.kube import ApiError, Change, Discovery, KindNotFound, Session, View, Watch
from pattern_operator.kube.failure import GroupUnavailable
from pattern_operator.reconcile.patterns import PatternKey
from pattern_operator.tokenbucket import TokenBucket

LOOKS = (0.0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)  # seconds before each look; one server needs 0.1, several up to 5

PACE = (3, 30.0)  # changes of a group that are followed at once, and seconds between further ones

GroupKind = tuple[str, str]


class AwaitedKinds:
    """Who waits for which kinds; ``wake`` is called with a pattern when one of its kinds is served."""

    def __init__(
        self, session: Session, discovery: Discovery, *, wake: Callable[[PatternKey], None], tasks: Tasks
    ) -> None:
        self._session = session
        self._discovery = discovery
        self._wake = wake
        self._tasks = tasks
        self._waiting: dict[PatternKey, frozenset[GroupKind]] = {}
        self._looking: set[str] = set()
        self._again: set[str] = set()  # groups whose CRDs changed while they were looked for
        self._paces: dict[str, TokenBucket] = {}
        self._watched = False

    def wait(self, key: PatternKey, objects: Collection[ObjectKey]) -> None:
        """Let a pattern wait for the kinds of ``objects``, and for no others any more."""
        if not objects:
            self._waiting.pop(key, None)
            return
        self._waiting[key] = frozenset((each.group, each.kind) for each in objects)
        if not self._watched:
            self._watched = True
            watch = Watch(self._session, CRD, view=View.METADATA, on_change=self._changed)
            self._tasks.create_task(watch.run(), name="watch-customresourcedefinitions")

    def _changed(self, change: Change) -> None:
        group = ObjectMeta.of(change.object).name.partition(".")[2]  # a CRD is called <plural>.<group>
        if group not in self._groups():
            return
        self._again.add(group)
        if group not in self._looking:
            self._looking.add(group)
            self._tasks.create_task(self._look(group), name=f"look-for-{group}")

    async def _look(self, group: str) -> None:
        """Look until a change is over; a CRD that changes all the time is looked for now and then only."""
        pace, clock = self._paces.setdefault(group, TokenBucket(*PACE)), asyncio.get_running_loop().time
        try:
            while group in self._again and group in self._groups():
                await asyncio.sleep(pace.wait(clock()))
                pace.take(clock())
                self._again.discard(group)
                await self._look_once(group)
        except ApiError:
            return  # the patterns' own interval looks again
        except Exception as error:  # a defect costs this group
            self._session.internal_errors.record("look_for_kind", error)
        finally:
            self._looking.discard(group)
            if group not in self._groups():
                self._paces.pop(group, None)

    async def _look_once(self, group: str) -> None:
        for pause in LOOKS:
            await asyncio.sleep(pause)
            self._discovery.forget()
            await self._wake_served(group)
            if group not in self._groups():
                return

    async def _wake_served(self, group: str) -> None:
        """Wake everybody who waits for a kind of ``group`` that is served now."""
        for key, kinds in list(self._waiting.items()):
            served = [kind for kind in kinds if kind[0] == group and await self._is_served(kind)]
            if served:
                self._waiting[key] = kinds.difference(served)
                self._wake(key)

    async def _is_served(self, kind: GroupKind) -> bool:
        try:
            await self._discovery.find(group=kind[0], kind=kind[1])
        except (KindNotFound, GroupUnavailable):  # another kind of the group may be served all the same
            return False
        return True

    def _groups(self) -> set[str]:
        return {group for kinds in self._waiting.values() for group, _ in kinds}

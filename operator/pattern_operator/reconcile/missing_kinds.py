"""The kinds that patterns wait for because their CRD is missing: a watch of CRDs tells when one comes.

The watch begins when the first pattern waits. A CRD is served a moment after it is established, and nothing tells when,
so its group is looked for a few times after each change of one of its CRDs, and only while somebody waits for it.

A CRD may come after a pattern has looked for it and before it waits. Whoever begins to wait is looked for once more a
moment later, and as after a change where the group has changed a moment ago.
"""

import asyncio
from collections.abc import Callable, Collection
from itertools import chain

from pattern_operator.aio import Tasks
from pattern_operator.api.fields import ObjectMeta
from pattern_operator.apply.need import KindNeeded
from pattern_operator.kube import ApiError, Discovery, KindNotFound, Projection, Reflector, Session, WatchEvent
from pattern_operator.kube.errors import GroupUnavailable
from pattern_operator.kube.wellknown import CRD
from pattern_operator.reconcile.pattern_store import PatternKey
from pattern_operator.token_bucket import TokenBucket

LOOKS = (0.0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)  # seconds before each look; one server needs 0.1, several up to 5

PACE = (3, 30.0)  # changes of a group that are followed at once, and seconds between further ones

# Discovery is read for what is missing once a second at most: before that, a second look would show the first again.
SECOND_LOOK = 1.05
RECENT = 60.0  # seconds for which a change of a group is remembered: a run that looked before it has ended by then
MAX_RECENT = 1_000  # groups whose last change is remembered


class MissingKinds:
    """Who waits for which kinds; ``wake`` is called with a pattern when one of its kinds is served."""

    def __init__(
        self, session: Session, discovery: Discovery, *, wake: Callable[[PatternKey], None], tasks: Tasks
    ) -> None:
        self._session = session
        self._discovery = discovery
        self._wake = wake
        self._tasks = tasks
        self._waiting: dict[PatternKey, frozenset[KindNeeded]] = {}
        self._looking: set[str] = set()
        self._fresh: set[str] = set()  # groups that somebody has begun to wait for
        self._changed_at: dict[str, float] = {}  # seconds of the loop, the latest change last
        self._again: set[str] = set()  # groups whose CRDs changed while they were looked for
        self._paces: dict[str, TokenBucket] = {}
        self._watched = False

    def wait(self, key: PatternKey, kinds: Collection[KindNeeded]) -> None:
        """Let a pattern wait for ``kinds``, and for no others any more."""
        if not kinds:
            self._waiting.pop(key, None)
            return
        self._waiting[key] = frozenset(kinds)
        if not self._watched:  # its first list tells of every CRD that is there
            self._watched = True
            watch = Reflector(self._session, CRD, projection=Projection.METADATA, on_change=self._changed)
            self._tasks.create_task(watch.run(), name="watch-customresourcedefinitions")
            return
        recently = asyncio.get_running_loop().time() - RECENT
        for group in {each.group for each in kinds}:
            if self._changed_at.get(group, recently) > recently:
                self._follow(group)
        if not self._fresh:
            self._tasks.create_task(self._look_again(), name="look-for-kinds-again")
        self._fresh |= {each.group for each in kinds}

    async def _look_again(self) -> None:
        """One look for whoever began to wait within this second; who lacks a kind for long costs no more than that."""
        await asyncio.sleep(SECOND_LOOK)
        groups, self._fresh = self._fresh, set()
        try:
            for group in groups:
                await self._wake_served(group)
        except ApiError:
            return  # the patterns' own interval looks again
        except Exception as error:  # a defect costs these groups
            self._session.internal_errors.record("look_for_kind", error)

    def _changed(self, change: WatchEvent) -> None:
        group = ObjectMeta.of(change.object).name.partition(".")[2]  # a CRD is called <plural>.<group>
        self._changed_at.pop(group, None)
        self._changed_at[group] = asyncio.get_running_loop().time()
        if len(self._changed_at) > MAX_RECENT:
            del self._changed_at[next(iter(self._changed_at))]
        if group in self._groups():
            self._follow(group)

    def _follow(self, group: str) -> None:
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
            self._discovery.invalidate()
            await self._wake_served(group)
            if group not in self._groups():
                return

    async def _wake_served(self, group: str) -> None:
        """Wake everybody who waits for a kind of ``group`` that is served now."""
        for key, kinds in list(self._waiting.items()):
            served = [kind for kind in kinds if kind.group == group and await self._is_served(kind)]
            if served and self._waiting.get(key) is kinds:  # it may have begun to wait anew meanwhile
                self._waiting[key] = kinds.difference(served)
                self._wake(key)

    async def _is_served(self, kind: KindNeeded) -> bool:
        try:
            await self._discovery.find(group=kind.group, kind=kind.kind, version=kind.version or None)
        except (KindNotFound, GroupUnavailable):  # another kind of the group may be served all the same
            return False
        return True

    def _groups(self) -> set[str]:
        return {each.group for each in chain.from_iterable(self._waiting.values())}

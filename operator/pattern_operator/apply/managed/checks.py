"""Has objects judged by the health checks of their patterns: the newest state of each, one at a time of a pattern.

A judgement takes a process its time, so it is asked for and comes later. Until the first one is there the object is on
its way; after that the last one holds until the next, unless the object is another one, has a new generation, or was
changed by an apply of ours: what a controller writes into status each second must not make a pattern flap.
"""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final, Protocol

import orjson

from pattern_operator.aio import Tasks
from pattern_operator.api.fields import ObjectMeta
from pattern_operator.api.health_check import HealthCheck
from pattern_operator.api.object import Body, GroupKind, ObjectKey
from pattern_operator.apply.health import Health, HealthState, needs_status, where
from pattern_operator.apply.managed.index import Index
from pattern_operator.apply.managed.managed_object import ManagedObject, ObjectCheck
from pattern_operator.apply.managed.notification import Notifier
from pattern_operator.apply.timers import Timers
from pattern_operator.internal_errors import InternalErrors
from pattern_operator.kube import Resource
from pattern_operator.limits import MAX_ALL_WAITING_OBJECTS, MAX_WAITING_OBJECTS

DEFECT: Final = "internal error of the operator while it evaluated a health check; its log says where"
READ_AGAIN: Final = 5.0  # seconds between reads of an object that no watch shows whole, while an answer holds
FIRST_RETRY: Final = 10.0  # seconds until what could not be found out is tried again; they double
LONGEST_RETRY: Final = 300.0
ANSWERS_AWAITED: Final = 5.0  # seconds that a run waits for first answers: as for the first list of a kind

Checks = Collection[HealthCheck]


@dataclass(frozen=True, slots=True)
class CheckAnswer:
    """What came of one judgement: ``fact`` is for people. Not ``settled``: it is asked for again later."""

    state: HealthState
    fact: str
    settled: bool = True


class Judge(Protocol):
    """Who knows the checks of patterns, and evaluates them."""

    def recall(self, owner: str) -> Checks | None:
        """The checks that a pattern had before the operator started; None where there is no such pattern."""

    def turn(self, owner: str) -> AbstractAsyncContextManager[None]:
        """Wait until an object of a pattern may be judged, which is done in the block."""

    async def judge(self, check: HealthCheck, key: ObjectKey, body: bytes | None, *, owner: str) -> CheckAnswer:
        """Judge an object by its JSON, in a ``turn``; None: it is read first, in the name of the pattern's account."""


class NoJudge:
    """Knows no checks."""

    def recall(self, _owner: str) -> Checks | None:
        """None of any pattern."""
        return None

    @contextlib.asynccontextmanager
    async def turn(self, _owner: str) -> AsyncIterator[None]:
        """Is never waited for."""
        yield

    async def judge(self, *_: object, **__: object) -> CheckAnswer:
        """Is never asked."""
        return CheckAnswer(HealthState.IN_PROGRESS, DEFECT)


class ManagedChecks:
    """The checks of all patterns, and what waits to be judged by them."""

    def __init__(self, index: Index, *, judge: Judge, notifier: Notifier, tasks: Tasks, errors: InternalErrors) -> None:
        self._index = index
        self._judge = judge
        self._notifier = notifier
        self._tasks = tasks
        self._errors = errors
        self._timers = Timers(errors)
        self._by_owner: dict[str, dict[GroupKind, HealthCheck]] = {}
        self._waiting: dict[str, _Line] = {}
        self._bytes = 0  # of all that waits, or is being judged

    def use(self, owner: str, checks: Checks) -> None:
        """These are the checks of a pattern from now on; what has another one than before is judged anew."""
        self._by_owner[owner] = {each.group_kind: each for each in checks}
        for managed in tuple(self._index.of(owner)):
            before = managed.health
            if self._assign(managed) and managed.check is not None and managed.present:
                self._wait(managed, None)
            self._tell(managed, before)

    def saw(self, managed: ManagedObject, body: Body, resource: Resource) -> None:
        """``body`` is the newest state of an object, as far as ``resource`` shows it: judge that, where it has a check.

        Call it once ``managed`` has the observation of it. What is watched with its metadata alone, or in another
        version than its check is for, is read.
        """
        self._assign(managed)
        check = managed.check
        if check is None:
            return
        whole = needs_status(group=resource.group, kind=resource.kind) and resource.version == check.check.version
        if not whole and check.answer is not None:
            if ("check", managed.key) not in self._timers:
                self._timers.set(("check", managed.key), READ_AGAIN, self._again, managed.key)
            return
        self._wait(managed, _written(body) if whole else None)

    def applied(self, managed: ManagedObject, body: Body, resource: Resource) -> None:
        """``body`` is the answer to an apply of ours; where that changed nothing, what is known of the object holds.

        A watch may have told of a newer body meanwhile: that one is judged, or the object is read, and never ``body``.
        """
        another = self._assign(managed)
        if managed.check is None or (managed.check.answer is not None and not another):
            return
        if managed.is_last_known(ObjectMeta.of(body)):
            self.saw(managed, body, resource)
        elif not self._is_judged(managed):
            self._wait(managed, None)

    async def answered(self, owner: str) -> None:
        """Wait until nothing of a pattern is in line, for some seconds at most: so it need not be told twice."""
        if (line := self._waiting.get(owner)) is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(line.done.wait(), ANSWERS_AWAITED)

    def dismiss(self, key: ObjectKey) -> None:
        """An object is not followed any more."""
        self._timers.cancel(("check", key))

    def forget(self, owner: str) -> None:
        """A pattern is gone."""
        self._by_owner.pop(owner, None)

    def close(self) -> None:
        """Ask for nothing any more."""
        self._timers.close()

    def _checks_of(self, owner: str) -> dict[GroupKind, HealthCheck]:
        known = self._by_owner.get(owner)
        if known is None:
            recalled = self._judge.recall(owner)
            if recalled is None:
                return {}
            known = self._by_owner[owner] = {each.group_kind: each for each in recalled}
        return known

    def _assign(self, managed: ManagedObject) -> bool:
        """Let the object have the check of its pattern; whether it is another one than before."""
        check = self._checks_of(managed.owner).get(managed.key.group_kind)
        if check == (managed.check.check if managed.check is not None else None):
            return False
        managed.check = ObjectCheck(check) if check is not None else None
        return True

    def _again(self, key: ObjectKey) -> None:
        managed = self._index.get(key)
        if managed is not None and managed.check is not None and managed.present:
            self._wait(managed, None)

    def _wait(self, managed: ManagedObject, body: bytes | None) -> None:
        """Put the object in line, or its newest body in the place of an older one."""
        self._timers.cancel(("check", managed.key))
        owner = managed.owner
        line = self._waiting.get(owner)
        if line is None:
            line = self._waiting[owner] = _Line()
            self._tasks.create_task(self._work(owner, line), name=f"health-checks-{owner}")
        self._bytes += line.put(managed.key, body, room=MAX_ALL_WAITING_OBJECTS - self._bytes)

    def _is_judged(self, managed: ManagedObject) -> bool:
        """Whether the object is in line, or being judged."""
        line = self._waiting.get(managed.owner)
        return line is not None and managed.key in line

    async def _work(self, owner: str, line: "_Line") -> None:
        """Judge what is in line. What is taken is the newest when its turn has come, and counts until it is judged."""
        try:
            while line:
                async with self._judge.turn(owner):
                    key, body = line.take()
                    managed = self._index.owned(key, owner)
                    if managed is not None and managed.check is not None and managed.present:
                        await self._judged(managed, managed.check, body)
                    self._bytes -= line.let_go()
        finally:
            line.done.set()
            self._bytes -= line.bytes
            if self._waiting.get(owner) is line:
                del self._waiting[owner]

    async def _judged(self, managed: ManagedObject, check: ObjectCheck, body: bytes | None) -> None:
        epoch = check.epoch
        try:
            answer = await self._judge.judge(check.check, managed.key, body, owner=managed.owner)
        except Exception as error:  # a defect costs this object
            self._errors.record("health_check", error)
            answer = CheckAnswer(HealthState.FAILED, DEFECT)
        if managed.check is not check or check.epoch != epoch or self._index.get(managed.key) is not managed:
            return  # it is another one by now, and in line
        if not answer.settled:
            pause = min(FIRST_RETRY * 2.0**check.tries, LONGEST_RETRY)
            check.tries = min(check.tries + 1, 10)
            self._timers.set(("check", managed.key), pause, self._again, managed.key)
            if check.answer is not None:
                return  # what is known holds until more is
        else:
            check.tries = 0
        before = managed.health
        check.answer = Health(answer.state, f"{where(managed.key)}: {answer.fact}")
        self._tell(managed, before)

    def _tell(self, managed: ManagedObject, before: Health) -> None:
        if managed.health.state is HealthState.CURRENT:
            managed.cause = ""
        if managed.health.state is not before.state:
            self._notifier.health_state(managed)
        elif managed.health.message != before.message:
            self._notifier.health_message(managed)


class _Line:
    """The objects of one pattern that wait, each once; their bodies as far as there is room, else they are read."""

    def __init__(self) -> None:
        self._objects: OrderedDict[ObjectKey, bytes | None] = OrderedDict()
        self._taken: tuple[ObjectKey, bytes | None] | None = None
        self.bytes = 0
        self.done = asyncio.Event()

    def __bool__(self) -> bool:
        return bool(self._objects)

    def __contains__(self, key: ObjectKey) -> bool:
        return key in self._objects or (self._taken is not None and self._taken[0] == key)

    def put(self, key: ObjectKey, body: bytes | None, *, room: int) -> int:
        """Put it at the end, or stay where it is with the newer body; how many bytes more wait by that."""
        before = len(self._objects.get(key) or b"")
        size = len(body or b"")
        if size - before > room or self.bytes - before + size > MAX_WAITING_OBJECTS:
            body, size = None, 0
        self._objects[key] = body
        self.bytes += size - before
        return size - before

    def take(self) -> tuple[ObjectKey, bytes | None]:
        """The next one. Its body counts until it is ``let_go``."""
        self._taken = taken = self._objects.popitem(last=False)
        return taken

    def let_go(self) -> int:
        """What was taken is judged; how many bytes fewer there are by that."""
        size = len(self._taken[1] or b"") if self._taken is not None else 0
        self._taken = None
        self.bytes -= size
        return size


def _written(body: Body) -> bytes | None:
    """``body`` as JSON; None for what no JSON writer takes: it is read as the API server writes it."""
    try:
        return orjson.dumps(body)
    except (orjson.JSONEncodeError, RecursionError):
        return None

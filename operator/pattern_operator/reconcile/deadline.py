"""Timeouts of a run: one that waits for others for too long ends with an error, and another pattern has its worker.

Work with a deadline has a task of its own, which is cancelled until it has ended. ``asyncio.timeout`` would count on
every task group inside to hand a cancellation on, and those of Python 3.11 do not (``aio``).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self, TypeVar

from pattern_operator.aio import cancel_and_wait
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.reason import Reason
from pattern_operator.api.stage import Stage
from pattern_operator.errors import Transient
from pattern_operator.reconcile.lanes import host_of
from pattern_operator.source import ConnectionWaits

Result = TypeVar("Result")
Work = Coroutine[Any, Any, Result]


AFTER_GIVING_WAY = timedelta(seconds=15)  # until a run that gave way comes again: it has shown that it takes long
BRIEF = 0.05  # seconds that work is waited for before anything beside it is: most is done by then
PROMPT = 0.5  # seconds that a run waits for its registry with a worker; quick ones answer all within


class Superseded(Exception):
    """What the work was for is not wanted any more: the pattern was changed, or is to go."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What is done each time that something ``happened``, while work goes on that may take long.

    ``superseded`` says whether the work is still wanted; it is asked first, before each ``act``.
    """

    happened: asyncio.Event
    act: Callable[[], Awaitable[None]]
    superseded: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True)
class Ending:
    """What ends work before its time: an ``event``, and the error that it is then."""

    event: asyncio.Event
    error: Callable[[], Transient]


@asynccontextmanager
async def once_it_lasts(seconds: float, act: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Do ``act`` beside the block when that has lasted so many seconds; once begun, it is waited for at the end."""
    begun = asyncio.Event()

    async def wait() -> None:
        await asyncio.sleep(seconds)
        begun.set()
        await act()

    task = asyncio.create_task(wait(), name="once-it-lasts")
    try:
        yield
        if begun.is_set():
            await task
    finally:
        await cancel_and_wait([task])


@asynccontextmanager
async def whenever(happened: asyncio.Event, act: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Act each time that ``happened`` is set during the block, beside it."""

    async def follow() -> None:
        while True:
            await happened.wait()
            happened.clear()
            await act()

    task = asyncio.create_task(follow(), name="whenever")
    try:
        yield
    finally:
        await cancel_and_wait([task])


async def within(
    seconds: float,
    work: Work[Result],
    *,
    late: Callable[[], Transient],
    beside: Beside | None = None,
    ending: Ending | None = None,
) -> Result:
    """The result of ``work``; nothing of it runs any more when this returns or raises.

    Raises:
        Transient: what ``late`` makes, when ``work`` was not done in so many seconds; what ``ending`` makes.
        Superseded: it is not wanted any more.
    """
    ends: Callable[[], Exception] = late
    task = asyncio.create_task(work, name="with-deadline")
    # Where the caller is cancelled, an error of the work in the same moment is not new: it is looked at all the same.
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    end = asyncio.get_running_loop().time() + seconds
    try:
        if not _is_called(beside, ending):
            await asyncio.wait({task}, timeout=max(min(seconds, BRIEF), 0.0))
        if not task.done():
            await _attend(task, end, beside, ending)
            if beside is not None and beside.superseded():
                ends = Superseded
            elif ending is not None and ending.event.is_set():
                ends = ending.error
        over = not task.done()
    finally:
        if not task.done():
            await cancel_and_wait([task])
    if over and task.cancelled():
        raise ends()
    if over and (error := task.exception()) is not None:
        raise ends() from error
    return task.result()


def _is_called(beside: Beside | None, ending: Ending | None) -> bool:
    """Whether there is something to do, or to end, already."""
    if beside is not None and (beside.happened.is_set() or beside.superseded()):
        return True
    return ending is not None and ending.event.is_set()


async def _attend(task: asyncio.Task[Result], end: float, beside: Beside | None, ending: Ending | None) -> None:
    """Wait until ``task`` is done or is to end, or until ``end``, and act when something happens meanwhile."""
    clock = asyncio.get_running_loop().time
    while not task.done() and (left := end - clock()) > 0:
        if (beside is not None and beside.superseded()) or (ending is not None and ending.event.is_set()):
            return
        events = [*([beside.happened] if beside else []), *([ending.event] if ending else [])]
        waiting = [asyncio.ensure_future(each.wait()) for each in events]
        try:
            await asyncio.wait({task, *waiting}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()
        if beside is not None and beside.happened.is_set() and not task.done() and not beside.superseded():
            beside.happened.clear()
            await beside.act()


@asynccontextmanager
async def stay(_: float) -> AsyncIterator[asyncio.Event]:
    """Of a run that has no worker to give to others meanwhile: it never gives way."""
    yield asyncio.Event()


Aside = Callable[[float], AbstractAsyncContextManager[asyncio.Event]]


@dataclass(frozen=True, slots=True)
class RegistryTimeout:
    """How long one run waits for a registry, all its requests together: until the moment ``until`` of ``clock``.

    The requests of the run tell ``waits`` how long they waited for a connection: that counts as well, but no registry
    is called slow for it. While it waits for longer than a moment, others have its worker (``aside``).
    """

    pattern: DesignPattern
    seconds: float
    until: float
    clock: Callable[[], float]
    waits: ConnectionWaits
    beside: Beside | None = None
    aside: Aside = stay

    @classmethod
    def of(
        cls,
        pattern: DesignPattern,
        seconds: float,
        *,
        clock: Callable[[], float],
        beside: Beside | None = None,
        aside: Aside = stay,
    ) -> Self:
        """Begin now."""
        return cls(pattern, seconds, clock() + seconds, clock, ConnectionWaits(clock), beside, aside)

    async def wait(self, work: Work[Result], *, stage: Stage) -> Result:
        """The result of ``work``, which asks the registry.

        Raises:
            Transient: the time is over, or others who wait for a worker have waited too long.
            Superseded: nobody wants it any more.
        """
        left = self.until - self.clock()
        prompt = max(PROMPT - (self.seconds - left), 0.0)
        try:
            async with self.aside(prompt) as gives_way:
                ending = Ending(gives_way, lambda: self._gave_way(stage))
                return await within(left, work, late=lambda: self._late(stage), beside=self.beside, ending=ending)
        finally:
            work.close()  # where it was never begun

    def _gave_way(self, stage: Stage) -> Transient:
        return Transient(
            reason=Reason.RUN_TIMEOUT,
            message=f"{stage.value}: {host_of(self.pattern) or 'the registry'} has not given all that was asked of it"
            f" within {self.seconds - self.until + self.clock():.0f} s, and patterns of other namespaces wait, so the"
            " run gave way to them. It is retried; see whether the registry, or the network between, is slow.",
            retry_after=AFTER_GIVING_WAY,
        )

    def _late(self, stage: Stage) -> Transient:
        told = self.waits.summary
        if told and self.waits.seconds >= self.seconds / 2:
            return Transient(
                reason=Reason.RUN_TIMEOUT,
                message=f"{stage.value}: the run ended after {self.seconds:.0f} s because {told}. It is retried;"
                " see which patterns pull slowly from that host.",
            )
        return Transient(
            reason=Reason.RUN_TIMEOUT,
            message=f"{stage.value}: {host_of(self.pattern) or 'the registry'} has not given all that was asked of it"
            f" within {self.seconds:.0f} s, so the run ended{f' ({told})' if told else ''}. It is retried; see"
            " whether the registry, or the network between, is slow.",
        )


def overrun(stage: Stage, *, seconds: float) -> Transient:
    """The error of a run that took longer than a run may."""
    return Transient(
        reason=Reason.RUN_TIMEOUT,
        message=f"{stage.value}: the run was not done within {seconds:.0f} s, so it ended. It is retried, and"
        " continues with what is left; see whether the API server or an admission webhook is slow.",
    )

"""The end of patience: a run that waits for others for too long ends with an error, and another pattern has its worker.

Work with a deadline has a task of its own, which is cancelled until it has ended. ``asyncio.timeout`` would count on
every task group inside to hand a cancellation on, and those of Python 3.11 do not (``aio``).
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
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


async def within(
    seconds: float, work: Work[Result], *, late: Callable[[], Transient], beside: Beside | None = None
) -> Result:
    """The result of ``work``; nothing of it runs any more when this returns or raises.

    Raises:
        Transient: what ``late`` makes, when ``work`` was not done in so many seconds.
        Superseded: it is not wanted any more.
    """
    ends: Callable[[], Exception] = late
    task = asyncio.create_task(work, name="with-deadline")
    try:
        if beside is None:
            await asyncio.wait({task}, timeout=max(seconds, 0.0))
        else:
            await _attend(task, seconds, beside)
            ends = Superseded if beside.superseded() else late
        over = not task.done()
    finally:
        await cancel_and_wait([task])
    if over and task.cancelled():
        raise ends()
    if over and (error := task.exception()) is not None:
        raise ends() from error
    return task.result()


async def _attend(task: asyncio.Task[Result], seconds: float, beside: Beside) -> None:
    """Wait until ``task`` is done or not wanted, or for so long, and act when something happens meanwhile."""
    clock = asyncio.get_running_loop().time
    end = clock() + seconds
    while not task.done() and not beside.superseded() and (left := end - clock()) > 0:
        happened = asyncio.ensure_future(beside.happened.wait())
        try:
            await asyncio.wait({task, happened}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        finally:
            happened.cancel()
        if beside.happened.is_set() and not task.done() and not beside.superseded():
            beside.happened.clear()
            await beside.act()


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one run waits for a registry, all its requests together: until the moment ``until`` of ``clock``.

    The requests of the run tell ``waits`` how long they waited for a connection: that counts as well, but no registry
    is called slow for it.
    """

    pattern: DesignPattern
    seconds: float
    until: float
    clock: Callable[[], float]
    waits: ConnectionWaits
    beside: Beside | None = None

    @classmethod
    def of(
        cls, pattern: DesignPattern, seconds: float, *, clock: Callable[[], float], beside: Beside | None = None
    ) -> Self:
        """Begin now."""
        return cls(pattern, seconds, clock() + seconds, clock, ConnectionWaits(clock), beside)

    async def wait(self, work: Work[Result], *, stage: Stage) -> Result:
        """The result of ``work``, which asks the registry.

        Raises:
            Transient: the patience is over.
            Superseded: nobody wants it any more.
        """
        left = self.until - self.clock()
        return await within(left, work, late=lambda: self._late(stage), beside=self.beside)

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

"""The tasks of one run of the operator, watches and the queue: they begin with it, and end with it, together."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from pattern_operator.aio import INSIST

logger = logging.getLogger(__name__)

GRACE: Final = 10.0  # seconds that cancelled tasks have to end
NAMED: Final = 5  # tasks that a message names


class TasksSurvive(Exception):
    """Tasks did not end although they were cancelled again and again: only the end of the process ends them."""


@dataclass(slots=True)
class Background:
    """Runs tasks until ``end``; when one of them fails, the others are cancelled and ``ended`` is set."""

    grace: float = GRACE
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set["asyncio.Task[Any]"] = field(default_factory=set)
    _at_end: list[Callable[[], None]] = field(default_factory=list)
    _error: BaseException | None = None
    _ending: bool = False

    def create_task(self, coro: Coroutine[Any, Any, Any], *, name: str | None = None) -> "asyncio.Task[Any]":
        """Run ``coro``; one that is begun after the end is cancelled before its first step."""
        task = asyncio.get_running_loop().create_task(coro, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        if self._ending:
            task.cancel()
        return task

    async def end(self) -> None:
        """Cancel all, and wait until they are gone.

        Raises:
            TasksSurvive: some are not gone after ``grace`` seconds.
        """
        self._begin_end()
        while self._tasks:  # a task that ends may begin another one
            await end_in_time(tuple(self._tasks), grace=self.grace)
            await asyncio.sleep(0)  # the callbacks of tasks run after them

    def at_end(self, call: Callable[[], None]) -> None:
        """Call this when the end begins, or a task has failed."""
        self._at_end.append(call)

    def check(self) -> None:
        """Raise what a task failed with, if one did."""
        if self._error is not None:
            raise self._error

    def _done(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if self._error is None:
            self._error = error
        else:
            logger.warning("another task failed: task=%s type=%s", task.get_name(), type(error).__name__)
        self._begin_end()
        for other in self._tasks:
            other.cancel()
        self.ended.set()

    def _begin_end(self) -> None:
        self._ending = True
        while self._at_end:
            self._at_end.pop()()


async def end_in_time(tasks: "Collection[asyncio.Task[Any]]", *, grace: float) -> None:
    """Cancel ``tasks`` and wait until they are gone; a cancellation of the caller is raised after that.

    Raises:
        TasksSurvive: some are not gone after ``grace`` seconds.
    """
    loop = asyncio.get_running_loop()
    deadline, cancelled = loop.time() + grace, False
    while left := [task for task in tasks if not task.done()]:
        if loop.time() >= deadline:
            names = ", ".join(sorted(task.get_name() for task in left)[:NAMED])
            raise TasksSurvive(f"{len(left)} tasks go on although they were cancelled: {names}")
        for task in left:
            task.cancel()
        try:
            await asyncio.wait(left, timeout=min(INSIST, grace))
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        raise asyncio.CancelledError


@asynccontextmanager
async def background(*, grace: float = GRACE) -> AsyncIterator[Background]:
    """Give tasks a place to run beside the block; all of them are gone when it is left.

    Raises:
        TasksSurvive: some cannot be ended.
    """
    made = Background(grace=grace)
    try:
        yield made
    finally:
        await made.end()

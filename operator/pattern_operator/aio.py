"""Runs tasks side by side, or in the background of a block, so that cancellation always wins.

Not asyncio.TaskGroup: up to Python 3.12 it raises the errors of its tasks in place of the cancellation that ended it,
it cancels each task only once, and it leaves ``Task.cancelling()`` of its owner above zero (seen with 3.11.7). A worker
whose cancellation is lost this way keeps running.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeVar

logger = logging.getLogger(__name__)

_STARTED_AT_ONCE: Final = 100  # tasks; 5,000 that begin in one turn of the event loop would hold it for 0.1 s
INSIST: Final = 0.5  # seconds between two cancellations of a task that has not ended
GRACE: Final = 10.0  # seconds that cancelled tasks have to end
NAMED: Final = 5  # tasks that a message names

Result = TypeVar("Result")


class Tasks(Protocol):
    """Where a task can be run in the background; an asyncio.TaskGroup is one."""

    def create_task(self, coro: Coroutine[Any, Any, Any], *, name: str | None = None) -> "asyncio.Task[Any]":
        """Run ``coro`` in a task that ends with the others."""


class TaskCancelled(Exception):
    """A task of a group was cancelled, but not by the group: its part of the work is not done."""


async def run_all(work: Iterable[Coroutine[Any, Any, Result]], *, name: str = "") -> list[Result]:
    """Run ``work`` side by side and return the results in its order; when it is left, no task of it runs any more.

    The first error cancels the others and is raised. A cancellation is passed on to each task each time it comes, and
    is raised whatever the tasks raise.

    Raises:
        TaskCancelled: somebody else cancelled one of the tasks.
    """
    tasks: list[asyncio.Task[Result]] = []
    waiting = iter(work)
    try:
        for number, each in enumerate(waiting, start=1):
            tasks.append(asyncio.create_task(each, name=f"{name}-{number - 1}" if name else None))
            if not number % _STARTED_AT_ONCE:
                await asyncio.sleep(0)
        if tasks:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for each in waiting:
            each.close()
        try:
            await cancel_and_wait(tasks)
        finally:  # asyncio logs an error that is not retrieved
            results = [_outcome(task) for task in tasks if task.done()]
    for result in results:
        if isinstance(result, _Failed) and not isinstance(result.error, TaskCancelled):
            raise result.error
    return [_value(result) for result in results]


async def cancel_and_wait(tasks: "Collection[asyncio.Task[Any]]") -> None:
    """Cancel what still runs of ``tasks``, again and again, until all have ended.

    A cancellation of the caller is raised then, not before: no task is left behind.
    """
    cancelled: asyncio.CancelledError | None = None
    while left := [task for task in tasks if not task.done()]:
        for task in left:
            task.cancel()
        try:
            await asyncio.wait(left, timeout=INSIST)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled


class _Failed:
    def __init__(self, error: BaseException) -> None:
        self.error = error


def _outcome(task: "asyncio.Task[Result]") -> "Result | _Failed":
    if task.cancelled():
        return _Failed(TaskCancelled(f"the task {task.get_name()} was cancelled from elsewhere"))
    error = task.exception()
    return task.result() if error is None else _Failed(error)


def _value(result: "Result | _Failed") -> Result:
    if isinstance(result, _Failed):
        raise result.error
    return result


@asynccontextmanager
async def background_task(work: Coroutine[Any, Any, None], *, name: str) -> AsyncIterator[asyncio.Task[None]]:
    """Run ``work`` in a task while the block runs, and end it with the block; its error is raised then."""
    task = asyncio.create_task(work, name=name)
    try:
        yield task
    finally:
        await cancel_and_wait({task})
        if not task.cancelled():
            task.result()


class TasksStillRunning(Exception):
    """Tasks did not end although they were cancelled again and again: only an exit of the process ends them."""


@dataclass(slots=True)
class BackgroundTasks:
    """Runs tasks until ``stop``; when one of them fails, the others are cancelled and ``failed`` is set."""

    grace: float = GRACE
    failed: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set["asyncio.Task[Any]"] = field(default_factory=set)
    _on_stop: list[Callable[[], None]] = field(default_factory=list)
    _error: BaseException | None = None
    _stopping: bool = False

    def create_task(self, coro: Coroutine[Any, Any, Any], *, name: str | None = None) -> "asyncio.Task[Any]":
        """Run ``coro``; after ``stop`` it is cancelled before its first step."""
        task = asyncio.get_running_loop().create_task(coro, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        if self._stopping:
            task.cancel()
        return task

    async def stop(self) -> None:
        """Cancel all, and wait until they are gone.

        Raises:
            TasksStillRunning: some are not gone after ``grace`` seconds.
        """
        self._begin_stop()
        while self._tasks:  # a task that ends may begin another one
            await cancel_within(tuple(self._tasks), grace=self.grace)
            await asyncio.sleep(0)  # the callbacks of tasks run after them

    def on_stop(self, call: Callable[[], None]) -> None:
        """Call this when ``stop`` is called, or a task failed."""
        self._on_stop.append(call)

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
        self._begin_stop()
        for other in self._tasks:
            other.cancel()
        self.failed.set()

    def _begin_stop(self) -> None:
        self._stopping = True
        while self._on_stop:
            self._on_stop.pop()()


async def cancel_within(tasks: "Collection[asyncio.Task[Any]]", *, grace: float) -> None:
    """Cancel ``tasks`` and wait until they are gone; a cancellation of the caller is raised after that.

    Raises:
        TasksStillRunning: some are not gone after ``grace`` seconds.
    """
    loop = asyncio.get_running_loop()
    deadline, cancelled = loop.time() + grace, False
    while left := [task for task in tasks if not task.done()]:
        if loop.time() >= deadline:
            names = ", ".join(sorted(task.get_name() for task in left)[:NAMED])
            raise TasksStillRunning(f"{len(left)} tasks are still running although they were cancelled: {names}")
        for task in left:
            task.cancel()
        try:
            await asyncio.wait(left, timeout=min(INSIST, grace))
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        raise asyncio.CancelledError


@asynccontextmanager
async def background_tasks(*, grace: float = GRACE) -> AsyncIterator[BackgroundTasks]:
    """Run tasks in the background of the block; when it is left, all of them have ended.

    Raises:
        TasksStillRunning: some cannot be ended.
    """
    made = BackgroundTasks(grace=grace)
    try:
        yield made
    finally:
        await made.stop()

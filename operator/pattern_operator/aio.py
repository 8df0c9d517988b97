"""Runs tasks side by side so that cancellation always wins.

Not asyncio.TaskGroup: up to Python 3.12 it raises the errors of its tasks in place of the cancellation that ended it,
it cancels each task only once, and it leaves ``Task.cancelling()`` of its owner above zero (seen with 3.11.7). A worker
whose cancellation is lost this way lives on.
"""

import asyncio
from collections.abc import Collection, Coroutine, Iterable
from typing import Any, Final, Protocol, TypeVar

_STARTED_AT_ONCE: Final = 100  # tasks; 5,000 that begin in one turn of the event loop would hold it for 0.1 s
INSIST: Final = 0.5  # seconds between two cancellations of a task that has not ended

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
        finally:  # an error that nobody looks at is logged by asyncio
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

"""Where blocking work goes: a bounded pool of threads for each sort of it, so that one sort never waits for another.

The event loop's default executor is given to nobody: whoever shares it waits for the slowest of all, and a name server
that does not answer would stop the cache, the verification and the rendering of everybody.
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, ParamSpec, Self, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_Task = tuple["Future[object]", Callable[[], object]]

DISK_THREADS: Final = 4  # a disk serves no more at once, and a page cache needs fewer
CPU_THREADS: Final = 2  # Python runs one at a time; the second is there while the first is in C without the lock
NAME_THREADS: Final = 8  # each may wait 30 s for a name server that does not answer


class Threads(Executor):
    """At most ``size`` threads, started when there is work, that never keep a process from ending.

    Those of ``concurrent.futures`` are joined at exit: a look-up that hangs would outlive SIGTERM. So these are
    daemons: what they work on is abandoned with the process, and nothing that must be finished belongs here.
    """

    def __init__(self, name: str, *, size: int) -> None:
        self._name = name
        self._size = size
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._idle = threading.Semaphore(0)
        self._started = 0
        self._closed = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        """Do ``fn(*args, **kwargs)`` in one of the threads; raises RuntimeError once it is shut down."""
        future: Future[T] = Future()
        with self._lock:
            if self._closed:
                raise RuntimeError(f"the threads for {self._name} are ended")
            self._tasks.put((future, lambda: fn(*args, **kwargs)))  # type: ignore[arg-type]  # a Future is invariant
            if not self._idle.acquire(blocking=False) and self._started < self._size:
                self._started += 1
                threading.Thread(target=self._work, name=f"{self._name}-{self._started}", daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - the signature of Executor
        """Take no more work; what waits is cancelled, what runs is not waited for."""
        with self._lock:
            self._closed = True
            while not self._tasks.empty():
                if (task := self._tasks.get()) is not None:
                    task[0].cancel()
            for _ in range(self._started):
                self._tasks.put(None)

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            future, work = task
            if future.set_running_or_notify_cancel():
                try:
                    result = work()
                except BaseException as error:
                    future.set_exception(error)
                else:
                    future.set_result(result)
                    del result
            del task, future, work  # else an idle thread keeps the last result alive
            self._idle.release()


@dataclass(frozen=True, slots=True)
class Executors:
    """The pools: ``disk`` for files, ``cpu`` for what computes, ``names`` for what waits for somebody outside.

    Names of hosts and the credential helpers of a command line are such: how long they take others decide.
    """

    disk: Executor
    cpu: Executor
    names: Executor

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[Self]:
        """Pools that end with the block; work that still runs then is abandoned."""
        pools = cls(
            disk=Threads("disk", size=DISK_THREADS),
            cpu=Threads("cpu", size=CPU_THREADS),
            names=Threads("names", size=NAME_THREADS),
        )
        try:
            yield pools
        finally:
            for each in (pools.disk, pools.cpu, pools.names):
                each.shutdown(wait=False)


async def run_in(executor: Executor, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Do blocking ``work`` in ``executor`` and wait for it; a caller that is cancelled does not wait."""
    return await asyncio.get_running_loop().run_in_executor(executor, lambda: work(*args, **kwargs))

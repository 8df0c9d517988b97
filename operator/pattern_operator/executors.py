"""Where blocking work goes: a bounded pool of threads for each sort of it, so that one sort never waits for another.

And within a pool no tenant waits for all that another one has to do: the threads are shared out (``Threads``).

The event loop's default executor is not used: all who share it wait for the slowest, and a name server
that does not answer would stop the cache, the verification and the rendering of everybody.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, ParamSpec, Self, TypeVar

from pattern_operator.fair_queue import FairQueue, Lane
from pattern_operator.start_time_ranking import StartTimeRanking

P = ParamSpec("P")
T = TypeVar("T")

DISK_THREADS: Final = 4  # a disk serves no more at once, and a page cache needs fewer
CPU_THREADS: Final = 2  # Python runs one at a time; the second is there while the first is in C without the lock
NAME_THREADS: Final = 8  # each may wait 30 s for a name server that does not answer
CONDITION_THREADS: Final = 2  # each waits for a process that computes
CHECK_THREADS: Final = 2  # likewise
NOBODY: Final = ""  # the tenant of the operator's own work; no namespace has this name
_SHARE: Final = 1  # times the free threads that a flow may hold: half of all alone, the other half for who comes later


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    future: "Future[Any]"
    work: Callable[[], object]
    flow: Hashable
    rank: float


class _Crew:
    """The threads, and what waits for one. A flow holds half of them at most; between flows, in turns."""

    def __init__(self, name: str, *, size: int) -> None:
        self.name = name
        self._size = size
        self._line = FairQueue[_Task](size)
        self._ranking = StartTimeRanking()
        self._changed = threading.Condition()
        self._idle = 0  # threads that wait, and were not notified
        self._started = 0
        self._closed = False

    def put(self, flow: Hashable, future: "Future[Any]", work: Callable[[], object]) -> None:
        """Let ``work`` wait for a thread; raises RuntimeError once it is shut down."""
        with self._changed:
            if self._closed:
                raise RuntimeError(f"the threads for {self.name} are ended")
            task = _Task(future, work, flow, self._ranking.rank(flow))
            self._line.push(task, rank=task.rank, lanes=(Lane(flow, _SHARE),))
            if not self._tell_one() and self._started < self._size:
                self._started += 1
                threading.Thread(target=self._work, name=f"{self.name}-{self._started}", daemon=True).start()

    def close(self) -> None:
        """Take no more; what waits is cancelled."""
        with self._changed:
            self._closed = True
            waiting = self._line.clear()
            self._changed.notify_all()
        for task in waiting:
            task.future.cancel()

    def _tell_one(self) -> bool:
        if not self._idle:
            return False
        self._idle -= 1
        self._changed.notify()
        return True

    def _work(self) -> None:
        while (task := self._next()) is not None:
            begun = time.monotonic()
            if task.future.set_running_or_notify_cancel():
                try:
                    result = task.work()
                except BaseException as error:  # whatever it is, it is for who asked, as in concurrent.futures
                    task.future.set_exception(error)
                else:
                    task.future.set_result(result)
                    del result
            flow, seconds = task.flow, time.monotonic() - begun
            del task  # else an idle thread keeps the last result alive
            with self._changed:
                self._ranking.ended(flow, seconds)
                self._line.give_back((Lane(flow, _SHARE),))
                self._tell_one()  # a flow that had its share may have more than this thread can take

    def _next(self) -> _Task | None:
        """Wait for what to do next; None at the end."""
        with self._changed:
            while not self._closed:
                if (taken := self._line.pop()) is not None:
                    self._ranking.begun(taken[0].rank)
                    return taken[0]
                self._idle += 1
                self._changed.wait()
            return None


class Threads(Executor):
    """At most ``size`` threads, started when there is work, that never keep a process from ending.

    Those of ``concurrent.futures`` are joined at exit: a look-up that hangs would outlive SIGTERM. So these are
    daemons: what they work on is abandoned with the process, and nothing that must be finished belongs here.

    Work counts for a flow, a tenant: its own has at most half of the threads, whatever is free, and flows take turns
    by the time that their work took (``start_time_ranking``). What counts for nobody is a flow like any other.
    """

    def __init__(self, name: str, *, size: int) -> None:
        self._crew = _Crew(name, size=size)
        self._flow: Hashable = NOBODY

    def of(self, flow: Hashable) -> Self:
        """The same threads, for work that counts for ``flow``."""
        mine = object.__new__(type(self))  # not copy.copy: each run does this a dozen times
        mine._crew, mine._flow = self._crew, flow
        return mine

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        """Do ``fn(*args, **kwargs)`` in one of the threads; raises RuntimeError once it is shut down."""
        future: Future[T] = Future()
        self._crew.put(self._flow, future, lambda: fn(*args, **kwargs))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - the signature of Executor
        """Take no more work; what waits is cancelled, what runs is not waited for."""
        self._crew.close()


@dataclass(frozen=True, slots=True)
class Executors:
    """The pools: ``disk`` for files, ``cpu`` for what computes, ``names`` for what waits for somebody outside.

    Names of hosts and the credential helpers of a command line are such: how long they take others decide. And
    ``conditions`` for verdicts that wait for processes: their time is their author's. ``checks`` likewise, of health.
    """

    disk: Threads
    cpu: Threads
    names: Threads
    conditions: Threads
    checks: Threads

    def of(self, tenant: str) -> Self:
        """The same pools, for work that counts for the namespace ``tenant``."""
        return type(self)(
            disk=self.disk.of(tenant),
            cpu=self.cpu.of(tenant),
            names=self.names.of(tenant),
            conditions=self.conditions.of(tenant),
            checks=self.checks.of(tenant),
        )

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[Self]:
        """Pools that end with the block; work that still runs then is abandoned."""
        pools = cls(
            disk=Threads("disk", size=DISK_THREADS),
            cpu=Threads("cpu", size=CPU_THREADS),
            names=Threads("names", size=NAME_THREADS),
            conditions=Threads("conditions", size=CONDITION_THREADS),
            checks=Threads("health-checks", size=CHECK_THREADS),
        )
        try:
            yield pools
        finally:
            for each in (pools.disk, pools.cpu, pools.names, pools.conditions, pools.checks):
                each.shutdown(wait=False)


async def run_in(executor: Executor, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Do blocking ``work`` in ``executor`` and wait for it; a caller that is cancelled does not wait."""
    return await asyncio.get_running_loop().run_in_executor(executor, lambda: work(*args, **kwargs))

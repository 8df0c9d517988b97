"""The processes that evaluate health checks: one for each namespace that has work, kept for a while, and then ended."""

import asyncio
import contextlib
import threading
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from pattern_operator.api.health_check import HealthCheck
from pattern_operator.api.reason import Reason
from pattern_operator.errors import Transient
from pattern_operator.executors import CHECK_THREADS, Executors, run_in
from pattern_operator.fair_semaphore import FairSemaphore
from pattern_operator.health_checks.answer import TOO_LARGE, Answer, Judged, NotNow, judged
from pattern_operator.health_checks.process import CannotStart, CheckLimits, CheckProcess, Died, TooSlow
from pattern_operator.limits import KIB, MAX_CHECKED_OBJECT, MAX_KNOWN_EXPRESSIONS
from pattern_operator.quote import one_line

REST: Final = 4.0  # times the seconds that a job took until the next one of its namespace: a fifth of a processor
_CHEAP: Final = 0.2  # seconds of a job that needs no rest after it
_LONGEST_REST: Final = 60.0
IDLE: Final = 20.0  # seconds after which a process that nobody needs is ended
_BODIES: Final = 4  # namespaces of which an object is read and judged at a time: of each there is one
_MAX_ANSWER: Final = 2 * KIB  # of one expression
_BROKEN: Final = "takes too much memory or time, or makes its process fail"
_BROKEN_TOGETHER: Final = "takes, together with the expressions before it, too much memory or time to compile"
_LIMITS: Final = CheckLimits()
_ENDED: Final = NotNow("a process was ended from outside")


@dataclass(slots=True)
class _Turn:
    """The turns of one namespace: one job at a time, and a rest after a long one.

    Who has ``lock`` works, or is the next to. Of the judgements only one at a time asks for it, so that a run waits
    for one of them at most.
    """

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    judgements: asyncio.Lock = field(default_factory=asyncio.Lock)
    took: float = 0.0  # seconds of the last job, without the start of a process
    rests_until: float = 0.0
    users: int = 0

    @property
    def is_over(self) -> bool:
        """Whether nobody works, waits or rests."""
        now = asyncio.get_running_loop().time()
        return not self.users and not self.lock.locked() and self.rests_until <= now

    async def rest(self) -> None:
        """Wait until the namespace has rested."""
        await asyncio.sleep(self.rests_until - asyncio.get_running_loop().time())

    async def take(self) -> None:
        """Wait until a job may begin; ``give_back`` ends it."""
        await self.lock.acquire()
        try:
            await self.rest()
        except BaseException:
            self.lock.release()
            raise
        self.took = 0.0

    def give_back(self) -> None:
        """The job is done: rest after it."""
        self.rests_until = asyncio.get_running_loop().time() + rest_after(self.took)
        self.lock.release()


class CheckProcesses:
    """Judges objects, and finds out which expressions compile, in processes that are lost at no one else's cost.

    A namespace has one process at a time, and a fifth of a processor where its jobs take long. It shares it with no
    other: who has taken a process over lies about objects of its own namespace alone.
    """

    def __init__(self, executors: Executors, *, limits: CheckLimits = _LIMITS, idle: float = IDLE) -> None:
        self._executors = executors
        self._limits = limits
        self._idle_seconds = idle
        self._lock = threading.Lock()
        self._idle: OrderedDict[str, CheckProcess] = OrderedDict()  # by namespace, the last used at the end
        self._known: OrderedDict[tuple[str, str], str | None] = OrderedDict()  # by namespace: a process may lie
        self._turns: dict[str, _Turn] = {}
        self._bodies = FairSemaphore(_BODIES)
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    @contextlib.asynccontextmanager
    async def turn(self, namespace: str) -> AsyncIterator[None]:
        """Wait until an object of ``namespace`` may be judged, behind what runs ask: in the block, ``judge`` is called.

        Who waits holds no body yet: it is read, or taken, in the block.
        """
        with self._using(namespace) as turn:
            async with turn.judgements:
                await turn.rest()
                await turn.take()
                try:
                    async with self._bodies.acquire(namespace):
                        yield
                finally:
                    turn.give_back()

    async def judge(self, namespace: str, check: HealthCheck, body: bytes) -> Judged | NotNow:
        """The health of the object whose JSON is ``body``, in a ``turn`` of the namespace. Total."""
        if len(body) > MAX_CHECKED_OBJECT:
            return TOO_LARGE
        return await run_in(self._executors.of(namespace).checks, self._judge, namespace, check, body)

    async def errors(self, namespace: str, expressions: Collection[str]) -> Mapping[str, str]:
        """Why some of the expressions can be true of nothing, a clause each, by expression.

        It waits for the turn of the namespace, ahead of all judgements but one. Who asks is to bound that.

        Raises:
            Transient: OPERATOR_BUSY: it cannot be found out now.
        """
        with self._lock:
            known = {each: self._known[namespace, each] for each in expressions if (namespace, each) in self._known}
        asked = [each for each in dict.fromkeys(expressions) if each not in known]
        found = await self._compiled(namespace, asked) if asked else {}
        if isinstance(found, NotNow):
            raise Transient(
                reason=Reason.OPERATOR_BUSY,
                message=f"it is not known whether the health checks compile: {found.why}. It is tried again.",
            )
        return {each: why for each, why in {**known, **found}.items() if why is not None}

    def close(self) -> None:
        """End all processes that nobody uses; those in use end with their jobs."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._end_idle()

    # --- in a thread --------------------------------------------------------------------------------------------------

    def _judge(self, namespace: str, check: HealthCheck, body: bytes) -> Judged | NotNow:
        expressions = dict(check.expressions())
        said = self._asked(namespace, msgspec.json.encode(_texts(expressions)) + b"\n" + body, room=_MAX_ANSWER)
        if isinstance(said, NotNow):
            return said
        try:
            answer = msgspec.json.decode(said or b"", type=Answer)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return Judged("Failed", f"its health check {_BROKEN}")
        return judged(answer, expressions.get(answer.field or "", ""))

    def _errors(self, namespace: str, expressions: Sequence[str]) -> Mapping[str, str | None] | NotNow:
        """Why they can be true of nothing, or None, by expression, in their order; one that is too much is the last.

        One process has its limits for all of them. It has seen no object, so what it says may be shown.
        """
        try:
            process = CheckProcess.start(self._limits)
        except CannotStart as error:
            return NotNow(str(error))
        found, begun = dict[str, str | None](), time.monotonic()
        job = msgspec.json.encode([_text(each) for each in expressions]) + b"\n"
        try:
            for each, said in zip(
                expressions, process.answers(job, count=len(expressions), room=_MAX_ANSWER), strict=True
            ):
                found[each] = _why(said)
        except TooSlow:
            self._remember(namespace, found)  # so that it comes further when it is tried again
            return self._too_slow()
        except Died as error:
            return self._cut_short(namespace, found, expressions[len(found)]) if error.own_fault else _ENDED
        finally:
            process.end()
            self._count(namespace, time.monotonic() - begun)
        self._remember(namespace, found)
        return found

    def _cut_short(self, namespace: str, found: dict[str, str | None], last: str) -> Mapping[str, str | None]:
        """The process has ended at ``last``; where that was the first one, it alone has ended it."""
        if not found:
            self._remember(namespace, {last: _BROKEN})
        return {**found, last: _BROKEN_TOGETHER if found else _BROKEN}

    def _asked(self, namespace: str, job: bytes, *, room: int) -> bytes | NotNow | None:
        """What a process of ``namespace`` says to ``job``; None where the job makes it fail.

        One that has worked before may fail by what that left behind: only a new one tells that it is this job.
        """
        with self._lock:
            process = self._idle.pop(namespace, None)
        if process is not None:
            with contextlib.suppress(Died):
                return self._said(namespace, process, job, room=room)
        try:
            return self._said(namespace, CheckProcess.start(self._limits), job, room=room)
        except CannotStart as error:
            return NotNow(str(error))
        except Died as error:
            return None if error.own_fault else _ENDED

    def _said(self, namespace: str, process: CheckProcess, job: bytes, *, room: int) -> bytes | NotNow:
        """What this process says; it is kept where it says something. Raises Died."""
        begun = time.monotonic()
        try:
            said = process.ask(job, room=room)
        except TooSlow:
            process.end()
            return self._too_slow()
        except Died:
            process.end()
            raise
        else:
            self._give_back(namespace, process)
            return said
        finally:
            self._count(namespace, time.monotonic() - begun)

    def _count(self, namespace: str, seconds: float) -> None:
        if (turn := self._turns.get(namespace)) is not None:
            turn.took += seconds

    def _too_slow(self) -> NotNow:
        return NotNow(f"a process has not answered for {self._limits.seconds:.0f} s")

    def _give_back(self, namespace: str, process: CheckProcess) -> None:
        ended = [process]
        with self._lock:
            if not self._closed and namespace not in self._idle:
                self._idle[namespace] = process
                ended = [self._idle.popitem(last=False)[1]] if len(self._idle) > CHECK_THREADS else []
        for each in ended:
            each.end()

    def _end_idle(self) -> None:
        with self._lock:
            ended = list(self._idle.values())
            self._idle.clear()
        for each in ended:
            each.end()

    # --- in the loop --------------------------------------------------------------------------------------------------

    async def _compiled(self, namespace: str, expressions: Sequence[str]) -> Mapping[str, str | None] | NotNow:
        with self._using(namespace) as turn:
            await turn.take()
            checks = self._executors.of(namespace).checks
            job = asyncio.ensure_future(run_in(checks, self._errors, namespace, expressions))

            def done(ended: "asyncio.Future[Mapping[str, str | None] | NotNow]") -> None:
                turn.give_back()
                _ = ended.cancelled() or ended.exception()  # where nobody waits for it any more

            job.add_done_callback(done)  # whoever waits for it: a run that gives up leaves its namespace the rest
            return await asyncio.shield(job)

    @contextlib.contextmanager
    def _using(self, namespace: str) -> Iterator[_Turn]:
        turn = self._turns.setdefault(namespace, _Turn())
        turn.users += 1
        try:
            yield turn
        finally:
            turn.users -= 1
            for other in [each for each, turn in self._turns.items() if turn.is_over]:
                del self._turns[other]
            self._end_when_idle()

    def _end_when_idle(self) -> None:
        """End what is idle once nobody has asked for a while."""
        if self._timer is not None:
            self._timer.cancel()
        if not self._closed:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._idle_seconds, self._executors.checks.submit, self._end_idle)

    def _remember(self, namespace: str, found: Mapping[str, str | None]) -> None:
        with self._lock:
            for each, why in found.items():
                self._known[namespace, each] = why
                self._known.move_to_end((namespace, each))
            while len(self._known) > MAX_KNOWN_EXPRESSIONS:
                self._known.popitem(last=False)


def rest_after(seconds: float) -> float:
    """For how many seconds a namespace rests after a job that took so many."""
    return min(REST * seconds, _LONGEST_REST) if seconds > _CHEAP else 0.0


def _why(said: bytes) -> str | None:
    """What a process says of one expression."""
    try:
        why = msgspec.json.decode(said, type=str | None)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _BROKEN
    return None if why is None else one_line(why)


def _texts(expressions: Mapping[str, str]) -> dict[str, str]:
    return {name: _text(each) for name, each in expressions.items()}


def _text(expression: str) -> str:
    """``expression`` as UTF-8 can write it."""
    return expression.encode(errors="replace").decode()

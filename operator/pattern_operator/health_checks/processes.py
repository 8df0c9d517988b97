"""The processes that evaluate health checks: one for each namespace that has work, kept for a while, and then ended."""

import asyncio
import contextlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, ParamSpec, TypeVar

import msgspec

from pattern_operator.api.health_check import HealthCheck
from pattern_operator.api.reason import Reason
from pattern_operator.errors import Transient
from pattern_operator.executors import CHECK_THREADS, Executors, run_in
from pattern_operator.health_checks.answer import TOO_LARGE, Answer, Judged, NotNow, judged
from pattern_operator.health_checks.process import CannotStart, CheckLimits, CheckProcess, Died, TooSlow
from pattern_operator.limits import KIB, MAX_CHECKED_OBJECT, MAX_KNOWN_EXPRESSIONS
from pattern_operator.quote import one_line

P = ParamSpec("P")
T = TypeVar("T")

REST: Final = 4.0  # times the seconds that a job took until the next one of its namespace: a fifth of a processor
_CHEAP: Final = 0.2  # seconds of a job that needs no rest after it
_LONGEST_REST: Final = 60.0
IDLE: Final = 20.0  # seconds after which a process that nobody needs is ended
_MAX_ANSWER: Final = 2 * KIB  # of one expression
_BROKEN: Final = "takes too much memory or time, or makes its process fail"
_LIMITS: Final = CheckLimits()
_ENDED: Final = NotNow("a process was ended from outside")


@dataclass(slots=True)
class _Turn:
    """The turns of one namespace: one job at a time, and a rest after a long one."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    took: float = 0.0  # seconds of the last job, without the start of a process
    rests_until: float = 0.0
    users: int = 0


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
        self._known: OrderedDict[str, str | None] = OrderedDict()
        self._turns: dict[str, _Turn] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    async def judge(self, namespace: str, check: HealthCheck, body: bytes) -> Judged | NotNow:
        """The health of the object whose JSON is ``body``. Total."""
        if len(body) > MAX_CHECKED_OBJECT:
            return TOO_LARGE
        return await self._in_thread(namespace, self._judge, namespace, check, body)

    async def errors(self, namespace: str, expressions: Collection[str]) -> Mapping[str, str]:
        """Why some of the expressions can be true of nothing, a clause each, by expression.

        Raises:
            Transient: OPERATOR_BUSY: it cannot be found out now.
        """
        with self._lock:
            asked = [each for each in dict.fromkeys(expressions) if each not in self._known]
        if asked:
            found = await self._in_thread(namespace, self._errors, asked)
            if isinstance(found, NotNow):
                raise Transient(
                    reason=Reason.OPERATOR_BUSY,
                    message=f"it is not known whether the health checks compile: {found.why}. It is tried again.",
                )
            self._remember(dict(zip(asked, found, strict=True)))
        with self._lock:
            why = {each: self._known.get(each) for each in expressions}
        return {each: words for each, words in why.items() if words is not None}

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

    def _errors(self, expressions: Sequence[str]) -> Sequence[str | None] | NotNow:
        job = msgspec.json.encode([_text(each) for each in expressions]) + b"\n"
        said = self._asked_once(job, room=_MAX_ANSWER * len(expressions))
        if isinstance(said, NotNow):
            return said
        try:
            found = msgspec.json.decode(said, type=list[str | None]) if said is not None else []
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            found = []
        if len(found) == len(expressions):
            return [None if why is None else one_line(why) for why in found]
        if len(expressions) == 1:
            return [_BROKEN]
        alone: list[str | None] = []  # one of them ended the process of all
        for each in expressions:
            answer = self._errors((each,))
            if isinstance(answer, NotNow):
                return answer
            alone += answer
        return alone

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

    def _asked_once(self, job: bytes, *, room: int) -> bytes | NotNow | None:
        """As ``_asked``, of a process that has seen no object and ends: what it says may be shown."""
        try:
            process = CheckProcess.start(self._limits)
        except CannotStart as error:
            return NotNow(str(error))
        try:
            return process.ask(job, room=room)
        except TooSlow:
            return self._too_slow()
        except Died as error:
            return None if error.own_fault else _ENDED
        finally:
            process.end()

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
            if (turn := self._turns.get(namespace)) is not None:
                turn.took += time.monotonic() - begun

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

    async def _in_thread(self, namespace: str, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        turn = self._turns.setdefault(namespace, _Turn())
        turn.users += 1
        try:
            async with turn.lock:
                await asyncio.sleep(turn.rests_until - loop.time())
                turn.took = 0.0
                result = await run_in(self._executors.of(namespace).checks, work, *args, **kwargs)
                turn.rests_until = loop.time() + rest_after(turn.took)
                return result
        finally:
            turn.users -= 1
            self._forget_turns(loop.time())
            self._end_when_idle()

    def _forget_turns(self, now: float) -> None:
        for namespace in [each for each, turn in self._turns.items() if not turn.users and turn.rests_until <= now]:
            del self._turns[namespace]

    def _end_when_idle(self) -> None:
        """End what is idle once nobody has asked for a while."""
        if self._timer is not None:
            self._timer.cancel()
        if not self._closed:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._idle_seconds, self._executors.checks.submit, self._end_idle)

    def _remember(self, found: Mapping[str, str | None]) -> None:
        with self._lock:
            for each, why in found.items():
                self._known[each] = why
                self._known.move_to_end(each)
            while len(self._known) > MAX_KNOWN_EXPRESSIONS:
                self._known.popitem(last=False)


def rest_after(seconds: float) -> float:
    """For how many seconds a namespace rests after a job that took so many."""
    return min(REST * seconds, _LONGEST_REST) if seconds > _CHEAP else 0.0


def _texts(expressions: Mapping[str, str]) -> dict[str, str]:
    return {name: _text(each) for name, each in expressions.items()}


def _text(expression: str) -> str:
    """``expression`` as UTF-8 can write it."""
    return expression.encode(errors="replace").decode()

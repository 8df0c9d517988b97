"""Starts the process that compiles or evaluates conditions, and reads its answer, of which it believes little."""

import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final, Literal

import msgspec

from pattern_operator.api.reason import Reason
from pattern_operator.conditions.answer import Answer, DoesNotHold, Holds, NotNow, Unusable
from pattern_operator.errors import Transient
from pattern_operator.limits import (
    KIB,
    MAX_CONDITION_CPU,
    MAX_CONDITION_MEMORY,
    MAX_CONDITION_SECONDS,
    MAX_KNOWN_CONDITIONS,
)
from pattern_operator.quote import foreign

_MAX_ANSWER: Final = 2 * KIB  # for each condition
_BEGUN, _YES, _NO, _UNUSABLE = b"b", b"y", b"n", b"u"
_FAILED: Final = Unusable("takes too much memory, or makes its process fail")
# What the kernel does to a process for what it did itself, and not for anything around it.
_OWN_FAULT: Final = frozenset({signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE})
_READABLE: Final = select.POLLIN | select.POLLHUP | select.POLLERR

_Mode = Literal["judge", "compile"]


@dataclass(frozen=True, slots=True)
class ConditionLimits:
    """What the process of one condition may take: bytes, processor seconds, and seconds of the clock."""

    memory: int = MAX_CONDITION_MEMORY
    cpu_seconds: int = MAX_CONDITION_CPU
    seconds: float = MAX_CONDITION_SECONDS


LIMITS: Final = ConditionLimits()


def evaluate(expression: str, predicate: bytes, *, limits: ConditionLimits = LIMITS) -> Answer:
    """Whether ``expression`` (CEL) is true of ``predicate`` (JSON).

    Total. Blocks for some 0.15 s, and ``limits.seconds`` at most: call it off the event loop.
    """
    text = expression.encode(errors="replace")
    said = _said("judge", b"%d\n" % len(text) + text + predicate, limits=limits, room=_MAX_ANSWER)
    if not isinstance(said, bytes):
        return said
    why = foreign(said[1:].decode(errors="replace"))
    if said == _YES:
        return Holds()
    if said.startswith(_NO):
        return DoesNotHold(why)
    return Unusable(why) if said.startswith(_UNUSABLE) else _FAILED


def compile_errors(
    expressions: Sequence[str], *, limits: ConditionLimits = LIMITS
) -> Sequence[Unusable | None] | NotNow:
    """Of each expression why it can be true of nothing, in their order; all in one process, as far as its limits go.

    Total. Blocks as ``evaluate``.
    """
    job = msgspec.json.encode([each.encode(errors="replace").decode() for each in expressions])
    said = _said("compile", job, limits=limits, room=_MAX_ANSWER * len(expressions))
    if isinstance(said, NotNow):
        return said
    try:
        found = msgspec.json.decode(said, type=list[str | None]) if isinstance(said, bytes) else []
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        found = []
    if len(found) == len(expressions):
        return [None if why is None else Unusable(foreign(why)) for why in found]
    if len(expressions) == 1:
        return [said if isinstance(said, Unusable) else _FAILED]
    alone: list[Unusable | None] = []  # one of them ended the process of all
    for each in expressions:
        answer = compile_errors((each,), limits=limits)
        if isinstance(answer, NotNow):
            return answer
        alone += answer
    return alone


class ConditionProcesses:
    """Judges conditions in processes of their own; whether one compiles is found out once, and remembered.

    For any thread.
    """

    def __init__(self, *, limits: ConditionLimits = LIMITS, most: int = MAX_KNOWN_CONDITIONS) -> None:
        """``most`` are the conditions that are remembered, the last that were asked for."""
        self._limits = limits
        self._most = most
        self._known: OrderedDict[str, Unusable | None] = OrderedDict()
        self._lock = threading.Lock()

    def judge(self, expression: str, predicate: bytes) -> Answer:
        """As ``evaluate``."""
        return evaluate(expression, predicate, limits=self._limits)

    def errors(self, expressions: Collection[str]) -> Mapping[str, str]:
        """Why some of the expressions can be true of nothing, by expression.

        Raises:
            Transient: OPERATOR_BUSY: it cannot be found out now.
        """
        with self._lock:
            found = {each: self._known[each] for each in expressions if each in self._known}
        if asked := [each for each in dict.fromkeys(expressions) if each not in found]:
            errors = compile_errors(asked, limits=self._limits)
            if isinstance(errors, NotNow):
                raise Transient(
                    reason=Reason.OPERATOR_BUSY,
                    message=f"it is not known whether the conditions of attestations compile: {errors.why}. It is"
                    " tried again.",
                )
            found |= zip(asked, errors, strict=True)
        with self._lock:
            for each, error in found.items():
                self._known[each] = error
                self._known.move_to_end(each)
            while len(self._known) > self._most:
                self._known.popitem(last=False)
        return {each: error.why for each, error in found.items() if error is not None}


def _said(mode: _Mode, job: bytes, *, limits: ConditionLimits, room: int) -> bytes | Unusable | NotNow:
    """What the process says of ``job`` once it has begun; else whose fault it is that it says nothing."""
    try:
        with tempfile.TemporaryFile() as file:
            file.write(job)
            file.seek(0)
            process = _started(mode, file, limits)
        with process:
            try:
                said = _read(process, seconds=limits.seconds, room=room)
            finally:
                process.kill()
    except OSError as error:
        return NotNow(f"no process can be started ({os.strerror(error.errno or 0)})")
    return _ended(said, process.returncode, limits=limits, room=room)


def _started(mode: _Mode, job: BinaryIO, limits: ConditionLimits) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603 - words of ours
        [
            *(sys.executable, "-I", "-B", "-m", "pattern_operator.conditions.worker", mode),
            *(str(limits.memory), str(limits.cpu_seconds), str(os.getpid())),
        ],
        stdin=job,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "1"},
        cwd="/",
        start_new_session=True,
    )


def _read(process: "subprocess.Popen[bytes]", *, seconds: float, room: int) -> bytes | None:
    """What it writes until it ends, and no more than is more than ``room``; None where that takes too long."""
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    end, said, handle = time.monotonic() + seconds, b"", process.stdout.fileno()
    ready = select.poll()  # not select(), which takes no handle above 1023
    ready.register(handle, _READABLE)
    while (left := end - time.monotonic()) > 0:
        if not ready.poll(left * 1000):
            return None
        piece = os.read(handle, _MAX_ANSWER)
        if not piece:
            process.wait()
            return said
        said += piece
        if len(said) > room:
            return said
    return None


def _ended(said: bytes | None, status: int, *, limits: ConditionLimits, room: int) -> bytes | Unusable | NotNow:
    """Whose fault it is: before it has begun, or by a signal of somebody else, it is not that of the condition."""
    if said is None:
        return NotNow(f"it took longer than {limits.seconds:.0f} s")
    begun = said.startswith(_BEGUN)
    if len(said) > room:
        return _FAILED
    if begun and status == 0:
        return said[1:]
    if begun and status == -signal.SIGXCPU:
        return Unusable(f"takes longer than {limits.cpu_seconds} s of the processor")
    if begun and (status > 0 or -status in _OWN_FAULT):
        return _FAILED
    return NotNow("its process was ended from outside" if status < 0 else "its process could not start")

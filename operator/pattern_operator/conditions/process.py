"""Starts the process that evaluates a condition, and reads its answer, of which it believes little."""

import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import BinaryIO, Final

from pattern_operator.limits import KIB, MAX_CONDITION_CPU, MAX_CONDITION_MEMORY, MAX_CONDITION_SECONDS
from pattern_operator.quote import foreign

_MAX_ANSWER: Final = 2 * KIB
_YES: Final = b"y"
_NO: Final = b"n"


@dataclass(frozen=True, slots=True)
class ConditionLimits:
    """What the process of one condition may take: bytes, processor seconds, and seconds of the clock."""

    memory: int = MAX_CONDITION_MEMORY
    cpu_seconds: int = MAX_CONDITION_CPU
    seconds: float = MAX_CONDITION_SECONDS


LIMITS: Final = ConditionLimits()


def evaluate(expression: str, predicate: bytes, *, limits: ConditionLimits = LIMITS) -> str | None:
    """Why ``expression`` (CEL) is not true of ``predicate`` (JSON); None where it is.

    The text is a clause that follows the name of the condition. Total: what cannot be judged does not hold. Blocks for
    some 0.15 s, and ``limits.seconds`` at most: call it off the event loop.
    """
    text = expression.encode(errors="replace")
    with tempfile.TemporaryFile() as job:
        job.write(b"%d\n" % len(text) + text + predicate)
        job.seek(0)
        try:
            process = _started(job, limits)
        except OSError as error:
            return f"cannot be judged: no process can be started ({error.strerror})"
        with process:
            answer = _answer(process, seconds=limits.seconds)
            process.kill()
    return _why(answer, process.returncode, limits=limits)


def _started(job: BinaryIO, limits: ConditionLimits) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603 - words of ours
        [
            *(sys.executable, "-I", "-B", "-m", "pattern_operator.conditions.worker"),
            *(str(limits.memory), str(limits.cpu_seconds), str(os.getpid())),
        ],
        stdin=job,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "1"},
        cwd="/",
        start_new_session=True,
    )


def _answer(process: "subprocess.Popen[bytes]", *, seconds: float) -> bytes | None:
    """All that it writes until it ends; None where that takes too long, or is more than an answer is."""
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    end, answer, handle = time.monotonic() + seconds, b"", process.stdout.fileno()
    while (left := end - time.monotonic()) > 0 and len(answer) <= _MAX_ANSWER:
        if not select.select([handle], [], [], left)[0]:
            return None
        piece = os.read(handle, _MAX_ANSWER)
        if not piece:
            process.wait()
            return answer
        answer += piece
    return None


def _why(answer: bytes | None, status: int, *, limits: ConditionLimits) -> str | None:
    if answer is None:
        return f"cannot be judged: it took longer than {limits.seconds:.0f} s"
    if status == -signal.SIGXCPU:
        return f"cannot be judged: it took longer than {limits.cpu_seconds} s of the processor"
    if status == 0 and answer == _YES:
        return None
    if status == 0 and answer.startswith(_NO):
        return foreign(answer[1:].decode(errors="replace"))
    return "cannot be judged: it took too much memory, or made its process fail"

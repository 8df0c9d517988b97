"""One process that evaluates health checks: started, asked, and ended; of its answers little is believed."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from pattern_operator.health_checks.worker import LENGTH
from pattern_operator.limits import KIB, MAX_CHECK_CPU, MAX_CHECK_MEMORY, MAX_CHECK_SECONDS

_LAST_WORD: Final = 1.0  # seconds between the end of the socket and that of the process
_PIECE: Final = 256 * KIB
# What the kernel does to a process for what it did itself, and not for anything around it.
_OWN_FAULT: Final = frozenset(
    {signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGXCPU}
)


@dataclass(frozen=True, slots=True)
class CheckLimits:
    """What a process may take: bytes, and for each job processor seconds, and seconds of the clock."""

    memory: int = MAX_CHECK_MEMORY
    cpu_seconds: int = MAX_CHECK_CPU
    seconds: float = MAX_CHECK_SECONDS


class CannotStart(Exception):
    """No process can be started; the text says why."""


class TooSlow(Exception):
    """It has not answered in time, by the clock."""


class Died(Exception):
    """It ended in the middle of a job. ``own_fault``: by what it did itself, as far as the kernel tells."""

    def __init__(self, *, own_fault: bool) -> None:
        super().__init__("a process that evaluates health checks has ended")
        self.own_fault = own_fault


class CheckProcess:
    """A confined process. It blocks who asks it: not for the event loop; one job at a time."""

    def __init__(self, process: "subprocess.Popen[bytes]", line: socket.socket, limits: CheckLimits) -> None:
        self._process = process
        self._line = line
        self._limits = limits

    @classmethod
    def start(cls, limits: CheckLimits) -> "CheckProcess":
        """A process that is confined, and waits for a job. Takes some 0.15 s.

        Raises:
            CannotStart: there is none.
        """
        try:
            line, its = socket.socketpair()
        except OSError as error:
            raise CannotStart(f"no process can be started ({os.strerror(error.errno or 0)})") from error
        try:
            with its:
                process = subprocess.Popen(  # noqa: S603 - words of ours
                    [
                        *(sys.executable, "-I", "-B", "-m", "pattern_operator.health_checks.worker"),
                        *(str(limits.memory), str(limits.cpu_seconds), str(2 * limits.cpu_seconds), str(os.getpid())),
                    ],
                    stdin=its.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={"LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "1"},
                    cwd="/",
                    start_new_session=True,
                )
        except OSError as error:
            line.close()
            raise CannotStart(f"no process can be started ({os.strerror(error.errno or 0)})") from error
        found = cls(process, line, limits)
        try:
            found._receive(room=0, until=time.monotonic() + limits.seconds)
        except (Died, TooSlow) as error:
            found.end()
            raise CannotStart("a process does not start") from error
        return found

    def ask(self, job: bytes, *, room: int) -> bytes:
        """The answer to ``job``, of at most ``room`` bytes. After an error there is no use in the process any more.

        Raises:
            Died, TooSlow: there is none.
        """
        return next(self.answers(job, count=1, room=room))

    def answers(self, job: bytes, *, count: int, room: int) -> Iterator[bytes]:
        """As ``ask``, of a job that has ``count`` answers, which come one after the other: the time is for all."""
        until = time.monotonic() + self._limits.seconds
        try:
            self._line.settimeout(self._limits.seconds)
            self._line.sendall(LENGTH.pack(len(job)) + job)
        except TimeoutError as error:
            raise TooSlow from error
        except OSError as error:
            raise self._death() from error
        for _ in range(count):
            yield self._receive(room=room, until=until)

    def end(self) -> None:
        """End it, whatever it does."""
        self._line.close()
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_LAST_WORD)

    def _receive(self, *, room: int, until: float) -> bytes:
        (length,) = LENGTH.unpack(self._exactly(LENGTH.size, until=until))
        if length > room:
            raise Died(own_fault=True)  # it is none that sends this
        return self._exactly(length, until=until)

    def _exactly(self, length: int, *, until: float) -> bytes:
        pieces = list[bytes]()
        while length:
            left = until - time.monotonic()
            if left <= 0:
                raise TooSlow
            try:
                self._line.settimeout(left)
                piece = self._line.recv(min(length, _PIECE))
            except TimeoutError as error:
                raise TooSlow from error
            except OSError as error:
                raise self._death() from error
            if not piece:
                raise self._death()
            pieces.append(piece)
            length -= len(piece)
        return b"".join(pieces)

    def _death(self) -> Died:
        """Whose fault its end is: by a signal of somebody else it is not that of the job."""
        try:
            status = self._process.wait(_LAST_WORD)
        except subprocess.TimeoutExpired:
            return Died(own_fault=True)  # it has closed its socket
        return Died(own_fault=status >= 0 or -status in _OWN_FAULT)

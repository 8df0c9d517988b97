"""The worker processes: started when there is work, kept for a while, for the same namespace, and then ended."""

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from pattern_operator.limits import MAX_PROGRAM_RUNS, MIB
from pattern_operator.sandbox import run_wire, wire
from pattern_operator.sandbox.run_wire import MAX_RUN
from pattern_operator.sandbox.wire import LENGTH, MAX_ANSWER, MAX_REQUEST, BrokenAnswer

Programs = Callable[[bytes], Awaitable[bytes]]  # from a message that asks for a run to the one that answers it

logger = logging.getLogger(__name__)

IDLE: Final = 20.0  # seconds after which a worker that nobody needs is ended: drift is repaired in bursts
STARTUP: Final = 30.0  # seconds that a worker may take to start; it takes 0.2 s, and throttled more
JOBS: Final = 20  # after which a worker is replaced: what a job leaves behind must not add up
USED: Final = 4  # seconds of work after which it is replaced: a job always finds all of its processor seconds left
_FAREWELL: Final = 1.0  # seconds between the end of a socket and that of its process
_OF_SIGNALS: Final = {-signal.SIGXCPU: "cpu", -signal.SIGKILL: "killed"}  # by the status of a process


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLimits:
    """What workers may take: how many there are, and ``memory`` (bytes), processor and clock seconds of each job."""

    count: int = 2
    memory: int = 160 * MIB
    cpu_seconds: int = 10
    seconds: float = 40.0


class WorkerDied(Exception):
    """A worker ended during a job. ``how``: cpu, time, killed (by somebody else) or crashed."""

    def __init__(self, how: str, status: int) -> None:
        super().__init__(f"{how}, status {status}")
        self.how = how
        self.status = status


class CannotStart(Exception):
    """No worker process can be started; the text says why."""


@dataclass(slots=True, eq=False)
class Worker:
    """One process, and the socket to it; it works for ``tenant``, and for nobody else."""

    process: asyncio.subprocess.Process
    socket: socket.socket
    tenant: str
    jobs: int = 0
    used: float = 0.0  # seconds of jobs so far, and so processor seconds at most
    reaper: asyncio.TimerHandle | None = field(default=None, repr=False)

    async def ask(self, message: bytes, files: Sequence[BinaryIO], *, seconds: float, programs: Programs) -> bytes:
        """Let it do a job; the answer as it came, of at most ``MAX_ANSWER`` bytes.

        Each run of a program that it asks for meanwhile is done by ``programs``, from the message of one to that of the
        other. ``seconds`` are for its own work together, without the time of the programs.

        Raises:
            WorkerDied: it ended, or took too long and was ended.
            BrokenAnswer: it sends what no worker sends, or asks for too many runs.
        """
        loop = asyncio.get_running_loop()
        self.jobs, used = self.jobs + 1, 0.0
        handles: Sequence[BinaryIO] | None = files
        for _ in range(MAX_PROGRAM_RUNS + 1):
            begun = loop.time()
            answer = await self._leg(message, handles, seconds=seconds - used)
            used += loop.time() - begun
            if not run_wire.is_run(answer):
                self.used += used
                return answer
            message, handles = await programs(answer), None
        raise BrokenAnswer(f"it asks for more than {MAX_PROGRAM_RUNS} runs of programs")

    async def _leg(self, message: bytes, files: Sequence[BinaryIO] | None, *, seconds: float) -> bytes:
        """Send it a message, and wait for what it says to it; ``files`` go with the first of a job."""
        try:
            async with asyncio.timeout(seconds):
                if files is not None:
                    socket.send_fds(self.socket, [b"j"], [file.fileno() for file in files])
                await asyncio.get_running_loop().sock_sendall(self.socket, message)
                answer = await self.receive(max(MAX_ANSWER, MAX_RUN))
        except TimeoutError as error:
            raise WorkerDied("time", 0) from error
        except (OSError, EOFError) as error:
            raise await self._death() from error
        if len(answer) > MAX_ANSWER and not run_wire.is_run(answer):
            raise BrokenAnswer(f"it is longer than {MAX_ANSWER} bytes")
        return answer

    async def receive(self, most: int) -> bytes:
        """Read a message; raises EOFError where it ends instead, BrokenAnswer where it is longer than ``most``."""
        (length,) = LENGTH.unpack(await self._exactly(LENGTH.size))
        if length > most:
            raise BrokenAnswer(f"it is longer than {most} bytes")
        return await self._exactly(length)

    async def _exactly(self, length: int) -> bytes:
        loop, pieces = asyncio.get_running_loop(), list[bytes]()
        while length:
            piece = await loop.sock_recv(self.socket, min(length, wire.PIECE))
            if not piece:
                raise EOFError
            pieces.append(piece)
            length -= len(piece)
        return b"".join(pieces)

    async def _death(self) -> WorkerDied:
        """How it ended, now that its socket did."""
        try:
            async with asyncio.timeout(_FAREWELL):
                status = await self.process.wait()
        except TimeoutError:  # it only closed its socket; whoever asked ends it
            return WorkerDied("crashed", 0)
        return WorkerDied(_OF_SIGNALS.get(status, "crashed"), status)

    async def end(self) -> None:
        """End it and wait until it is gone."""
        if self.reaper is not None:
            self.reaper.cancel()
        self.socket.close()
        with suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()


class Pool:
    """At most ``limits.count`` workers, whoever holds them back being outside. For use by one event loop."""

    def __init__(self, limits: WorkerLimits) -> None:
        self._limits = limits
        self._idle: list[Worker] = []
        self._ending: set[asyncio.Task[None]] = set()
        self.confined = True  # whether the kernel helped, as far as is known
        self.started = 0

    async def run(self, tenant: str, message: bytes, files: Sequence[BinaryIO], *, programs: Programs) -> bytes:
        """Let a worker of ``tenant`` do a job, and give its answer. It is ended when the caller is cancelled.

        Raises:
            WorkerDied, BrokenAnswer: as ``Worker.ask``, and whatever ``programs`` raises.
            CannotStart: there is no worker to be had.
        """
        if len(message) > MAX_REQUEST:
            raise BrokenAnswer("the request is too long")
        worker = await self._worker(tenant)
        try:
            answer = await worker.ask(message, files, seconds=self._limits.seconds, programs=programs)
        except BaseException:  # a cancellation, too: what the process does now is not known, so it ends
            await asyncio.shield(self._end(worker))
            raise
        if worker.jobs >= JOBS or worker.used > USED:
            await self._end(worker)
        else:
            self._keep(worker)
        return answer

    async def close(self) -> None:
        """End all workers."""
        while self._idle:
            await self._idle.pop().end()
        if self._ending:
            await asyncio.wait(self._ending)

    async def _worker(self, tenant: str) -> Worker:
        """An idle one of the tenant, or a new one in place of what others left."""
        for worker in self._idle:
            if worker.tenant == tenant:
                self._idle.remove(worker)
                if worker.reaper is not None:
                    worker.reaper.cancel()
                if worker.process.returncode is None:
                    return worker
                await self._end(worker)
                break
        while self._idle:  # whoever asks has a slot, so an idle one is one too many once there is another
            await self._end(self._idle.pop(0))
        return await self._start(tenant)

    def _keep(self, worker: Worker) -> None:
        self._idle.append(worker)
        worker.reaper = asyncio.get_running_loop().call_later(IDLE, self._reap, worker)

    def _reap(self, worker: Worker) -> None:
        if worker in self._idle:
            self._idle.remove(worker)
            self._end(worker)

    def _end(self, worker: Worker) -> "asyncio.Task[None]":
        """End a worker whatever becomes of who asked for it."""
        task = asyncio.create_task(worker.end(), name="end of a worker")
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        return task

    async def _start(self, tenant: str) -> Worker:
        ours, its = socket.socketpair()
        ours.setblocking(False)  # noqa: FBT003 - the name of the method says what it is
        try:
            with its:
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-I", "-B", "-m", "pattern_operator.sandbox.worker"),
                    *(str(self._limits.memory), str(self._limits.cpu_seconds + USED), str(os.getpid())),
                    stdin=its.fileno(),
                    stdout=asyncio.subprocess.DEVNULL,
                    stderr=asyncio.subprocess.DEVNULL,
                    env={"LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "1"},
                    cwd="/",
                    close_fds=True,
                    start_new_session=True,
                )
        except OSError as error:
            ours.close()
            raise CannotStart(error.strerror or str(error)) from error
        worker = Worker(process, ours, tenant)
        self.started += 1
        try:
            async with asyncio.timeout(STARTUP):
                ready = wire.decode_ready(await worker.receive(MAX_ANSWER))
        except (OSError, EOFError, BrokenAnswer) as error:  # TimeoutError is an OSError
            await asyncio.shield(self._end(worker))
            raise CannotStart("it ended, or took too long, before it was ready") from error
        except BaseException:  # a cancellation, too: the process that was started ends
            await asyncio.shield(self._end(worker))
            raise
        if self.confined and not ready.confined:
            self.confined = False
            logger.warning("workers have limits of memory and time only: this kernel or processor has no seccomp")
        return worker

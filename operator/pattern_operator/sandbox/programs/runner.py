"""Starts a program, bounds what it takes and what it says, and leaves neither process nor directory behind."""

import asyncio
import logging
import os
import resource
import signal
import sys
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled, Transient
from pattern_operator.executors import run_in
from pattern_operator.limits import KIB, MAX_PROGRAM_OUTPUT, MIB
from pattern_operator.render.program import ProgramOutput, ProgramRun, program_missing, program_name
from pattern_operator.sandbox.programs.binaries import ProgramPaths
from pattern_operator.sandbox.programs.command_line import Places, command_line, environment
from pattern_operator.sandbox.programs.judge_run import judge_run
from pattern_operator.sandbox.programs.workspace import lay_out, remove

logger = logging.getLogger(__name__)

_LAUNCHER: Final = Path(__file__).with_name("launcher.py")
_PIECE: Final = 64 * KIB
_MAX_ERRORS: Final = 64 * KIB  # of stderr; what is longer is cut, as people read the beginning
_TRIES: Final = 2  # a program that somebody killed, as the kernel does where memory is short
_END: Final = 5.0  # seconds until a process that was killed is gone
_NOT_STARTED: Final = 127
_WANTED: Final = frozenset({"landlock", "seccomp"})
_OUT_OF_MEMORY: Final = ("out of memory", "cannot allocate memory", "pthread_create failed")  # Go's runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramLimits:
    """What one run of a program may take: ``memory`` (bytes), and processor and clock seconds."""

    memory: int = 256 * MIB  # 6 MiB of output take 130 MiB in either program
    cpu_seconds: int = 30  # kustomize takes some 10 s to rename 1,500 objects, four times that for twice as many
    seconds: float = 60.0


class ProgramFailed(Stalled):
    """A program took more than a run may, or crashed: only another artifact helps."""


class _TooMuchOutput(Exception):
    """A program wrote more than is read."""


class Programs:
    """Runs programs one at a time for each caller; who calls bounds how many at once. For use by one event loop."""

    def __init__(self, paths: ProgramPaths, *, limits: ProgramLimits | None = None) -> None:
        self._paths = paths
        self._limits = limits or ProgramLimits()
        self._told = False

    async def run(self, run: ProgramRun, *, disk: Executor) -> ProgramOutput:
        """Run a program to its end; when the caller is cancelled it is killed, and its directory removed.

        Raises:
            RunRefused: the run is not one that is done.
            ProgramFailed: RESOURCE_LIMIT_EXCEEDED: it takes more than one run may.
            Stalled: PROGRAM_MISSING.
            Transient: OPERATOR_BUSY: it cannot be laid out or started.
        """
        name = program_name(run)
        await run_in(disk, judge_run, run)
        program = self._paths.of(name)
        if program is None:
            raise program_missing(name)
        root, places = await self._laid_out(run, disk=disk)
        try:
            return await self._tried(run, program, root, places)
        finally:
            await asyncio.shield(_removed(root, disk=disk))

    async def _tried(self, run: ProgramRun, program: Path, root: Path, places: Places) -> ProgramOutput:
        """Run it, and once more where it was killed before it used up its processor seconds."""
        name, limits = program_name(run), self._limits
        for _ in range(_TRIES):
            before = _seconds_of_children()
            output = await self._started(run, program, root, places)
            if output.exit_code != -signal.SIGKILL:
                return self._judged(output, name=name)
            if _seconds_of_children() - before >= limits.cpu_seconds:  # Go passes over SIGXCPU, and SIGKILL follows
                raise _failed(name, f"takes more than {limits.cpu_seconds} s of a processor")
        raise _failed(name, "was killed twice, as happens where memory is short")

    async def _laid_out(self, run: ProgramRun, *, disk: Executor) -> tuple[Path, Places]:
        making = asyncio.ensure_future(run_in(disk, lay_out, run))
        try:
            return await asyncio.shield(making)
        except asyncio.CancelledError:  # a thread is not stopped: what it makes is removed
            making.add_done_callback(partial(_remove_unwanted, disk=disk))
            raise
        except OSError as error:
            raise Transient(
                reason=Reason.OPERATOR_BUSY,
                message=f"the files for {program_name(run)} cannot be laid out: {error.strerror}; it is retried. If"
                " this persists, give the operator more room in /tmp.",
            ) from error

    async def _started(self, run: ProgramRun, program: Path, root: Path, places: Places) -> ProgramOutput:
        limits, name = self._limits, program_name(run)
        bounds = (str(limits.memory), str(limits.cpu_seconds), str(os.getpid()))
        variables = [f"{key}={value}" for key, value in environment(run, places, memory=limits.memory).items()]
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", "-B", str(_LAUNCHER), *bounds, str(root), str(program), *variables),
                *("--", *command_line(run, places)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={},
                cwd=places.artifact,
                close_fds=True,
                start_new_session=True,
            )
        except OSError as error:
            raise Transient(
                reason=Reason.OPERATOR_BUSY,
                message=f"{name} cannot be started: {error.strerror}; it is retried.",
            ) from error
        try:
            async with asyncio.timeout(limits.seconds):
                return await self._answer(process, root)
        except TimeoutError as error:
            raise _failed(name, f"takes more than {limits.seconds:.0f} s") from error
        except _TooMuchOutput as error:
            raise _failed(name, f"writes more than {MAX_PROGRAM_OUTPUT // MIB} MiB") from error
        finally:
            await asyncio.shield(_ended(process))

    async def _answer(self, process: asyncio.subprocess.Process, root: Path) -> ProgramOutput:
        if process.stdout is None or process.stderr is None:
            raise AssertionError("both are pipes")
        errors = asyncio.ensure_future(_beginning(process.stderr))
        try:
            stdout = await _whole(process.stdout)
            first, _, rest = (await errors).partition(b"\n")
        finally:
            errors.cancel()
            await asyncio.wait({errors})  # of a stream one task may read
        self._tell(first)
        status = await process.wait()
        return ProgramOutput(
            exit_code=status, stdout=stdout, stderr=rest.decode("utf-8", "replace").replace(f"{root}/artifact", ".")
        )

    def _tell(self, line: bytes) -> None:
        """Say once what this kernel does not do."""
        missing = _WANTED - set(line.decode("ascii", "replace").split())
        if missing and line.startswith(b"confined by:") and not self._told:
            self._told = True
            logger.warning(
                "helm and kustomize run without %s, which this kernel or processor does not have",
                " and ".join(sorted(missing)),
            )

    def _judged(self, output: ProgramOutput, *, name: str) -> ProgramOutput:
        limits, status = self._limits, output.exit_code
        if status in (-signal.SIGXCPU, 128 + signal.SIGXCPU):
            raise _failed(name, f"takes more than {limits.cpu_seconds} s of a processor")
        if status and any(sign in output.stderr for sign in _OUT_OF_MEMORY):
            raise _failed(name, f"takes more than {limits.memory // MIB} MiB of memory")
        if status < 0:
            raise _failed(name, f"crashed (signal {-status})")
        if status == _NOT_STARTED and output.stderr.startswith("cannot be started:"):
            raise Stalled(
                reason=Reason.PROGRAM_MISSING,
                message=f"{name} {output.stderr.strip()}: name another one with --{name} PATH.",
            )
        return output


def _seconds_of_children() -> float:
    """Processor seconds of the processes that ended: those of others, too, that end meanwhile."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def _whole(stream: asyncio.StreamReader) -> bytes:
    pieces, size = list[bytes](), 0
    while piece := await stream.read(_PIECE):
        size += len(piece)
        if size > MAX_PROGRAM_OUTPUT:
            raise _TooMuchOutput
        pieces.append(piece)
    return b"".join(pieces)


async def _beginning(stream: asyncio.StreamReader) -> bytes:
    """What comes first; the rest is read and forgotten, so that who writes it does not wait."""
    kept = b""
    while piece := await stream.read(_PIECE):
        kept += piece[: _MAX_ERRORS - len(kept)]
    return kept


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Kill it, and what it may have started, unless it has ended; wait until it is gone.

    What it wrote is read to the end: asyncio waits for that before it says that a process has ended.
    """
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(TimeoutError):  # where the kernel lets it start others, one of them may have its output, and go on
        async with asyncio.timeout(_END):
            await asyncio.gather(*(_beginning(each) for each in (process.stdout, process.stderr) if each is not None))
            await process.wait()


async def _removed(root: Path, *, disk: Executor) -> None:
    try:
        await run_in(disk, remove, root)
    except OSError as error:
        logger.warning("the directory of a run cannot be removed: %s: %s", root, error.strerror)


def _remove_unwanted(making: "asyncio.Future[tuple[Path, Places]]", *, disk: Executor) -> None:
    if not making.cancelled() and making.exception() is None:
        disk.submit(remove, making.result()[0])


def _failed(name: str, why: str) -> ProgramFailed:
    return ProgramFailed(
        reason=Reason.RESOURCE_LIMIT_EXCEEDED,
        message=f"{name} {why}, which is more than one pattern may. Make the artifact or its parameters smaller.",
    )

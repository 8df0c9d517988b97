"""Runs helm and kustomize for a command: found on PATH or by a flag, confined as the operator confines them."""

import asyncio
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import FrameType
from typing import Final, TypeVar

from pattern_operator.executors import Executors, run_in
from pattern_operator.render.program import ProgramOutput, ProgramRun, Steps, drive
from pattern_operator.sandbox.programs import ProgramPaths, Programs, remove_left

T = TypeVar("T")
Handler = Callable[[int, FrameType | None], object] | int | None  # as signal.signal takes and gives it
_ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def driven(steps: Steps[T], *, helm: str | None = None, kustomize: str | None = None) -> T:
    """What ``steps`` return, with each program run that they ask for; ``helm`` and ``kustomize`` are paths.

    Raises:
        Stalled: PROGRAM_MISSING, RESOURCE_LIMIT_EXCEEDED; and what ``steps`` raise.
        Transient: OPERATOR_BUSY: a program cannot be laid out or started.
    """
    paths = ProgramPaths.find(helm=_path(helm), kustomize=_path(kustomize))
    programs = Programs(paths)
    with Executors.open() as executors, asyncio.Runner() as runner:
        runner.run(run_in(executors.disk, remove_left))  # values of Secrets, where a command was killed before
        with _ended_at_once() as as_before:

            def run(asked: ProgramRun) -> ProgramOutput:
                with as_before():
                    return runner.run(programs.run(asked, disk=executors.disk))

            return drive(steps, run=run)


@contextmanager
def _ended_at_once() -> Iterator[Callable[[], AbstractContextManager[None]]]:
    """Let Ctrl-C end the process at once during the block, but where what it gives is entered.

    A library in C, such as the check of a schema, does not return to Python's handlers, and may take for ever. There is
    nothing temporary to be removed while no program runs.
    """
    handlers = {number: signal.getsignal(number) for number in _ENDING}
    ending = {number: signal.SIG_DFL for number, found in handlers.items() if found is not signal.SIG_IGN}
    with _handled(ending):
        yield lambda: _handled(handlers)


@contextmanager
def _handled(handlers: Mapping[signal.Signals, Handler]) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None

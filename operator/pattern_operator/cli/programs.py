"""Runs helm and kustomize for a command: found on PATH or by a flag, confined as the operator confines them."""

import asyncio
from pathlib import Path
from typing import TypeVar

from pattern_operator.executors import Executors, run_in
from pattern_operator.render.program import Steps, drive
from pattern_operator.sandbox.programs import ProgramPaths, Programs, remove_left

T = TypeVar("T")


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
        return drive(steps, run=lambda asked: runner.run(programs.run(asked, disk=executors.disk)))


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None

"""What rendering asks of the real helm and kustomize, and what they answer: values, so that rendering stays pure.

A renderer is a generator: it yields a ``ProgramRun``, is sent its ``ProgramOutput``, and returns a rendering. Whoever
drives it runs the programs (``sandbox`` in the operator, the command line at a terminal). A run has no free arguments:
who took over the process that renders can ask for no more than these two.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import TypeVar

from pattern_operator.api.artifact import File
from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class HelmTemplate:
    """One ``helm template``.

    ``files`` are laid out in a folder of its own, ``chart`` is the path in it of the chart: a folder, or a packaged
    chart. ``values`` is one YAML or JSON document, ``settings`` are values over it, each ``path=number`` as ``--set``
    takes it. ``kube_version`` and ``api_versions`` are what ``.Capabilities`` says. With ``skips_schema`` values are
    not held against the ``values.schema.json`` of charts.
    """

    files: tuple[File, ...] = field(repr=False)
    chart: str
    release: str
    namespace: str
    values: bytes = field(repr=False)
    kube_version: str
    api_versions: tuple[str, ...] = ()
    settings: tuple[str, ...] = field(default=(), repr=False)
    skips_schema: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KustomizeBuild:
    """One ``kustomize build`` of the folder ``path`` among ``files``, which are laid out in a folder of its own."""

    files: tuple[File, ...] = field(repr=False)
    path: str = "."


ProgramRun = HelmTemplate | KustomizeBuild


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramOutput:
    """What a program answered. ``stderr`` is bounded, and may hold anything that the artifact or the values hold."""

    exit_code: int
    stdout: bytes = field(repr=False)
    stderr: str = field(repr=False)


Steps = Generator[ProgramRun, ProgramOutput, T]
"""What returns a ``T`` once the programs that it yields are run."""


def drive(steps: Steps[T], *, run: Callable[[ProgramRun], ProgramOutput]) -> T:
    """Run ``steps`` to their end, and each program that they ask for by ``run``; raises what either of them does."""
    try:
        asked = next(steps)
        while True:
            asked = steps.send(run(asked))
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        steps.close()


def program_name(run: ProgramRun) -> str:
    """The program of a run, by the name of its binary."""
    return "helm" if isinstance(run, HelmTemplate) else "kustomize"


def program_missing(name: str) -> Stalled:
    """The error for a program that this machine does not have."""
    return Stalled(
        reason=Reason.PROGRAM_MISSING,
        message=f"{name} is not on this machine, and the artifact is rendered by it: install {name}, or name it with"
        f" --{name} PATH. The image of the operator has it.",
    )


def without_programs(run: ProgramRun) -> ProgramOutput:
    """What runs no program, for ``drive``; raises Stalled PROGRAM_MISSING."""
    raise program_missing(program_name(run))

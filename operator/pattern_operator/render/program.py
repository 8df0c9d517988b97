"""What rendering asks of the real helm and kustomize, and what they answer: values, so that rendering stays pure.

A renderer is a generator: it yields a ``ProgramRun``, is sent its ``ProgramOutput``, and returns a rendering. Whoever
drives it runs the programs (``sandbox`` in the operator, the command line at a terminal). A run has no free arguments:
who took over the process that renders can ask for no more than these two.
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TypeVar

from pattern_operator.api.artifact import File

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class HelmTemplate:
    """One ``helm template``.

    ``files`` are laid out in a folder of its own, ``chart`` is the path in it of the chart: a folder, or a packaged
    chart. ``values`` is one YAML or JSON document. ``kube_version`` and ``api_versions`` are what ``.Capabilities``
    says.
    """

    files: tuple[File, ...] = field(repr=False)
    chart: str
    release: str
    namespace: str
    values: bytes = field(repr=False)
    kube_version: str
    api_versions: tuple[str, ...] = ()


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

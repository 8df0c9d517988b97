"""From layers to a rendering: the work itself, the same in a worker process and in a thread. Pure, and blocking."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from pattern_operator.api.artifact import File
from pattern_operator.api.report import Rendering
from pattern_operator.api.stage import Stage
from pattern_operator.archive import Layer, LayerSelector, extract_files
from pattern_operator.errors import PatternError
from pattern_operator.limits import MAX_SMALL, MAX_SMALL_PARTS
from pattern_operator.render import Options, is_read, may_describe, needs_all_files, render, with_defaults
from pattern_operator.render.program import Steps

Layers = Sequence[tuple[Layer, BinaryIO]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be built.

    ``context`` names the artifact in messages, ``types`` are the media types of all its layers.
    """

    context: str
    types: tuple[str, ...]
    selector: LayerSelector
    options: Options


class BuildRefused(Exception):
    """The artifact cannot be built; ``stage`` is where, ``error`` says why, and both follow from its bytes alone."""

    def __init__(self, stage: Stage, error: PatternError) -> None:
        super().__init__(str(error))
        self.stage = stage
        self.error = error


def build(plan: Plan, layers: Layers) -> Steps[Rendering]:
    """Unpack and render; yields the programs to run as ``render`` does, and raises BuildRefused."""
    return (yield from _rendered(plan, _unpacked(plan, layers)))


def build_if_small(plan: Plan, layers: Layers) -> Rendering | None:
    """Build what is so small that it takes some milliseconds and a MiB, whatever it holds; None when it is not.

    None, too, for what needs a program: its output may be much, whatever it is made of.

    Raises:
        BuildRefused: as ``build``.
    """
    if sum(layer.size for layer, _ in layers) > MAX_SMALL:
        return None
    files = _unpacked(plan, layers)
    if not _is_harmless(files):
        return None
    steps = _rendered(plan, files)
    try:
        next(steps)
    except StopIteration as end:
        rendering: Rendering = end.value
        return rendering
    finally:
        steps.close()
    return None


def _is_harmless(files: Sequence[File]) -> bool:
    """Whether nothing in the files makes much of little: no anchors, and few parts, each of which may be reported.

    What a schema of parameters costs to check is bounded by nothing but a process.
    """
    if any(may_describe(file.path) for file in files):
        return False
    contents = [file.content for file in files if file.content]
    parts = sum(content.count(mark) for content in contents for mark in (b"\n", b"\r", b",", b"[", b"{"))
    size = sum(len(content) for content in contents)
    return size <= MAX_SMALL and parts <= MAX_SMALL_PARTS and not any(b"&" in c and b"*" in c for c in contents)


def _unpacked(plan: Plan, layers: Layers) -> tuple[File, ...]:
    """The files that are read: documents, and where a program is to read them, all; which of it their names say."""
    try:
        files = _extracted(plan, layers, reads=partial(is_read, options=plan.options))
        if needs_all_files([file.path for file in files], options=with_defaults(files, options=plan.options)):
            for _, content in layers:
                content.seek(0)
            return _extracted(plan, layers, reads=lambda _: True)
    except PatternError as error:
        raise BuildRefused(Stage.SOURCE, error) from error
    return files


def _extracted(plan: Plan, layers: Layers, *, reads: Callable[[str], bool]) -> tuple[File, ...]:
    return extract_files(layers, selector=plan.selector, context=plan.context, types=plan.types, reads=reads)


def _rendered(plan: Plan, files: Sequence[File]) -> Steps[Rendering]:
    try:
        return (yield from render(files, options=plan.options))
    except PatternError as error:
        raise BuildRefused(Stage.RENDER, error) from error

"""From layers to a rendering: the work itself, the same in a worker process and in a thread. Pure, and blocking."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from pattern_operator.api.artifact import File
from pattern_operator.api.report import Rendering
from pattern_operator.api.stage import Stage
from pattern_operator.archive import Layer, LayerSelector, extract_files
from pattern_operator.errors import PatternError
from pattern_operator.limits import MAX_SMALL, MAX_SMALL_PARTS
from pattern_operator.render import Options, is_read, render

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


def build(plan: Plan, layers: Layers) -> Rendering:
    """Unpack and render; raises BuildRefused."""
    return _rendered(plan, _unpacked(plan, layers))


def build_if_small(plan: Plan, layers: Layers) -> Rendering | None:
    """Build what is so small that it takes some milliseconds and a MiB, whatever it holds; None when it is not.

    Raises:
        BuildRefused: as ``build``.
    """
    if sum(layer.size for layer, _ in layers) > MAX_SMALL:
        return None
    files = _unpacked(plan, layers)
    return _rendered(plan, files) if _is_harmless(files) else None


def _is_harmless(files: Sequence[File]) -> bool:
    """Whether nothing in the files makes much of little: no anchors, and few parts, each of which may be reported."""
    contents = [file.content for file in files if file.content]
    parts = sum(content.count(mark) for content in contents for mark in (b"\n", b"\r", b",", b"[", b"{"))
    size = sum(len(content) for content in contents)
    return size <= MAX_SMALL and parts <= MAX_SMALL_PARTS and not any(b"&" in c and b"*" in c for c in contents)


def _unpacked(plan: Plan, layers: Layers) -> tuple[File, ...]:
    try:
        return extract_files(
            layers,
            selector=plan.selector,
            context=plan.context,
            types=plan.types,
            reads=partial(is_read, options=plan.options),
        )
    except PatternError as error:
        raise BuildRefused(Stage.SOURCE, error) from error


def _rendered(plan: Plan, files: Sequence[File]) -> Rendering:
    try:
        return render(files, options=plan.options)
    except PatternError as error:
        raise BuildRefused(Stage.RENDER, error) from error

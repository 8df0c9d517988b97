"""From layers to a rendering: the work itself, the same in a worker process and in a thread. Pure, and blocking."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, Final

from pattern_operator.api.artifact import File
from pattern_operator.api.report import Rendering
from pattern_operator.api.stage import Stage
from pattern_operator.archive import Layer, LayerSelector, extract_files, unpacks_to_at_most
from pattern_operator.errors import PatternError
from pattern_operator.limits import MAX_SMALL, MAX_SMALL_PARTS, MAX_SMALL_UNPACKED
from pattern_operator.render import Options, is_read, may_describe, needs_all_files, render, with_defaults
from pattern_operator.render.program import Steps

Layers = Sequence[tuple[Layer, BinaryIO]]

# What a token of YAML follows: nothing, white space, a bracket, or a byte that is not ASCII and may end a line there.
_TOKEN: Final = rb"(?:^|[^\x21-\x7e]|[\[{,:?])"
# What begins an entry or a document, or may: lines as libyaml ends them (YAML 1.1, section 5.4), brackets and commas,
# and the indicators - ? : where they stand alone, of which one line may have many.
_PART: Final = re.compile(rb"\n|\r|\xc2\x85|\xe2\x80[\xa8\xa9]|[,\[{]|(?:^|(?<=[^\x21-\x7e]))[-?:](?=[^\x21-\x7e]|$)")
# An alias; libyaml reads these characters in its name.
_ALIAS: Final = re.compile(_TOKEN + rb"\*[\w-]")
# ``$(#ref.`` of a design (``render.design_references``) as it stands, or what may be it: one of its letters by number,
# a line that goes on after a backslash within it (YAML 1.2.2, section 5.7), a tag such as !!binary, and UTF-16, which
# has zeros. Other letters by number are common: json.dumps writes what is not ASCII so, and Go <, > and &.
_MAY_REFER: Final = re.compile(
    rb"#ref\.|#r?e?f?\\[\\\r\n\xc2\xe2]|\\(?:x|u00|U000000)(?:2[3eE]|6[56]|72)|" + _TOKEN + rb"![^\s=]|\0"
)


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
    if sum(layer.size for layer, _ in layers) > MAX_SMALL or not _unpacks_to_little(layers):
        return None
    files = _documents(plan, layers)
    if not _is_harmless(files) or _takes_program(files, options=plan.options):
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


def _unpacks_to_little(layers: Layers) -> bool:
    try:
        return unpacks_to_at_most(MAX_SMALL_UNPACKED, layers)
    except PatternError:
        return True  # it goes no further than to what is broken, and extracting says which layer that is


def _is_harmless(files: Sequence[File]) -> bool:
    """Whether nothing in the files makes much of little: no aliases, no references, few parts (each may be reported).

    What a schema of parameters costs to check is bounded by nothing but a process, so a ``pattern.yaml`` is not read.
    """
    if any(may_describe(file.path) for file in files):
        return False
    contents = [file.content for file in files if file.content]
    size = sum(len(content) for content in contents)
    return size <= MAX_SMALL and sum(map(parts, contents)) <= MAX_SMALL_PARTS and not any(map(_multiplies, contents))


def parts(content: bytes) -> int:
    """How many entries, values and documents YAML may make of it, at most: none is without one of these marks."""
    return len(_PART.findall(content))


def _multiplies(content: bytes) -> bool:
    """Whether it has aliases, or may have references, written out or not."""
    return (b"&" in content and _ALIAS.search(content) is not None) or _MAY_REFER.search(content) is not None


def _takes_program(files: Sequence[File], *, options: Options) -> bool:
    return needs_all_files([file.path for file in files], options=options)


def _unpacked(plan: Plan, layers: Layers) -> tuple[File, ...]:
    """The files that are read: documents, and where a program is to read them, all; which of it their names say."""
    files = _documents(plan, layers)
    try:
        options = with_defaults(files, options=plan.options)
    except PatternError as error:
        raise BuildRefused(Stage.SOURCE, error) from error
    if not _takes_program(files, options=options):
        return files
    for _, content in layers:
        content.seek(0)
    return _extracted(plan, layers, reads=lambda _: True)


def _documents(plan: Plan, layers: Layers) -> tuple[File, ...]:
    return _extracted(plan, layers, reads=partial(is_read, options=plan.options))


def _extracted(plan: Plan, layers: Layers, *, reads: Callable[[str], bool]) -> tuple[File, ...]:
    try:
        return extract_files(layers, selector=plan.selector, context=plan.context, types=plan.types, reads=reads)
    except PatternError as error:
        raise BuildRefused(Stage.SOURCE, error) from error


def _rendered(plan: Plan, files: Sequence[File]) -> Steps[Rendering]:
    try:
        return (yield from render(files, options=plan.options))
    except PatternError as error:
        raise BuildRefused(Stage.RENDER, error) from error

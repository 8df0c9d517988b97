"""Renders what needs no program, in one call."""

from collections.abc import Sequence

from pattern_operator import render as rendering
from pattern_operator.api.artifact import File
from pattern_operator.api.report import Rendering
from pattern_operator.render import Options
from pattern_operator.render.program import drive, without_programs


def render(files: Sequence[File], *, options: Options) -> Rendering:
    """The rendering of files; raises as ``pattern_operator.render.render``, and where a program is asked for."""
    return drive(rendering.render(files, options=options), run=without_programs)

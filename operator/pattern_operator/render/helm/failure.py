"""What helm says when it renders no chart, to one error: which file, in helm's words, and none of the parameters.

Source: Helm 4, ``pkg/engine/engine.go`` (errors of templates), ``pkg/chart/common/util/jsonschema.go`` (of values).
"""

import re
from collections.abc import Container
from typing import Final

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_CHART_WORDS, MAX_PATH
from pattern_operator.quote import one_line
from pattern_operator.render.helm.redaction import redacted
from pattern_operator.render.program import ProgramOutput

_SAID: Final = re.compile(r"^Error: ", re.MULTILINE)  # what stands before it are warnings
_POSITION: Final = re.compile(r"([^\s:(<\"]{1,512}/templates/[^\s:)\"]{1,512}):(\d{1,9})(?::\d{1,9})?")
_AT: Final = re.compile(r"\b(?:execution|parse) error at \(\):\s*|\(\)")  # what is left without the position
_HINT: Final = "Use --debug flag to render out invalid YAML"
_SCHEMA: Final = "values don't meet the specifications of the schema"


def failure(output: ProgramOutput, *, chart: str, templates: Container[str], parameters: bytes) -> Stalled:
    """The error for a run of helm that failed. ``templates`` are the paths that are of the chart, and no parameter."""
    said = _words(output.stderr)
    position = next((each for each in _POSITION.finditer(said) if each[1] in templates), None)
    where = f"{one_line(position[1], MAX_PATH)}, line {position[2]}" if position else ""
    # The position is of the artifact, and would be masked where a parameter is called alike.
    words = redacted(said.replace(position[0], "") if position else said, parameters)
    told = one_line(_AT.sub("", words), MAX_CHART_WORDS) or f"it ended with exit code {output.exit_code}"
    told += "" if told.endswith((".", "!", "?")) else "."
    if _SCHEMA in said:
        return Stalled(
            reason=Reason.PARAMETERS_INVALID,
            message=f"helm refuses the parameters of the chart {chart}: {told} Correct spec.render.parameters.",
        )
    at = f"{chart} ({where})" if where else chart
    return Stalled(
        reason=Reason.CHART_FAILED,
        message=f"helm cannot render the chart {at}: {told} Correct the chart, or its parameters in spec.render.",
    )


def _words(stderr: str) -> str:
    """What helm says, without the warnings before it and its advice for a terminal."""
    begin = _SAID.search(stderr)
    said = stderr[begin.end() :] if begin else stderr
    return said.replace(_HINT, "").strip()

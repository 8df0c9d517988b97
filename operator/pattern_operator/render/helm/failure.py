"""What helm says when it renders no chart, to one error: which file, in helm's words, and none of the parameters.

What a template makes of a value (``toJson``, ``urlquery``, base64 of several) cannot be taken out of free text: where
values come from a Secret, only the kind of failure and its place are said.

Source: Helm 4, ``pkg/engine/engine.go`` (errors of templates). ``schema_failure`` is for those of values.
"""

import json
import re
from collections.abc import Container
from typing import Final

from pattern_operator.api.generated import FieldKeys, value_at
from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_CHART_WORDS, MAX_PATH
from pattern_operator.quote import first_few, one_line
from pattern_operator.render.helm.redaction import redacted
from pattern_operator.render.helm.schema_failure import SCHEMA, schema_failure, without_numbers
from pattern_operator.render.options import Options
from pattern_operator.render.program import ProgramOutput

_SAID: Final = re.compile(r"^Error: ", re.MULTILINE)  # what stands before it are warnings
_POSITION: Final = re.compile(r"([^\s:(<\"]{1,512}/templates/[^\s:)\"]{1,512}):(\d{1,9})(?::\d{1,9})?")
_AT: Final = re.compile(r"\b(?:execution|parse) error at \(\):\s*|\(\)")  # what is left without the position
_BY_TEMPLATE: Final = "execution error at ("
_HINT: Final = "Use --debug flag to render out invalid YAML"
_NO_YAML: Final = re.compile(r"YAML parse error on ([^\n:]{1,1024}):")
_NAMED: Final = 5  # parameters that a message names
_HIDDEN: Final = "its words are not shown, because they may quote a value of a Secret"
# Sentences of helm and of Go's templates, without what they are about.
_OF_TYPES: Final = ("wrong type for value", "incompatible types for comparison")
_KNOWN: Final = (
    *(SCHEMA, "nil pointer evaluating", *_OF_TYPES),
    *("map has no entry for key", "can't evaluate field", "index out of range", "chart requires kubeVersion"),
    *("YAML parse error", "parse error", "execution error", "error calling include", "error calling tpl"),
)


class RefusedByChart(Stalled):
    """A template ended the rendering by ``required`` or ``fail``: with other parameters it may be rendered."""


def failure(output: ProgramOutput, *, chart: str, templates: Container[str], options: Options) -> Stalled:
    """The error for a run of helm that failed. ``templates`` are the paths that are of the chart, and no parameter."""
    said = _words(output.stderr)
    position = next((each for each in _POSITION.finditer(said) if each[1] in templates), None)
    where = f"{one_line(position[1], MAX_PATH)}, line {position[2]}" if position else _file(said, templates)
    # The position is of the artifact, and would be masked where a parameter is called alike.
    words = said.replace(position[0], "") if position else said
    told = _known(words) if options.holds_secrets else _shown(words, options.parameters)
    told = told or f"it ended with exit code {output.exit_code}"
    told += "" if told.endswith((".", "!", "?")) else "."
    if SCHEMA in said:
        return schema_failure(said, chart=chart, told=told, options=options)
    at = f"{chart} ({where})" if where else chart
    kind = RefusedByChart if _BY_TEMPLATE in said else Stalled
    return kind(
        reason=Reason.CHART_FAILED,
        message=f"helm cannot render the chart {at}: {told}{_no_texts(said, options)} Correct the chart, or its"
        " parameters in spec.render.",
    )


def _no_texts(said: str, options: Options) -> str:
    """A sentence on the values by ``targetPath`` that are no texts, where helm says that a type is wrong."""
    if not options.target_paths or not any(each in said for each in _OF_TYPES):
        return ""
    values = json.loads(options.parameters)
    read = [path for path in options.target_paths if isinstance(value_at(values, path), int | float)]
    if not read:
        return ""
    names = first_few([_name(path) for path in dict.fromkeys(read)], _NAMED)
    return (
        f" As a number, true or false is read: {names}. Where the chart takes a text, write it between quotation"
        " marks in what spec.render.valuesFrom names."
    )


def _name(path: FieldKeys) -> str:
    steps = (f"[{each}]" if isinstance(each, int) else f".{each}" for each in path)
    return one_line("".join(steps).removeprefix("."))


def _file(said: str, templates: Container[str]) -> str:
    """The template whose output is no YAML, of which helm says no line of the template."""
    found = _NO_YAML.search(said)
    return one_line(found[1], MAX_PATH) if found is not None and found[1] in templates else ""


def _shown(words: str, parameters: bytes) -> str:
    shown = redacted(words, parameters)
    return one_line(_AT.sub("", without_numbers(shown) if SCHEMA in words else shown), MAX_CHART_WORDS)


def _known(said: str) -> str:
    """The sentence of helm that ``said`` has, and nothing else of it."""
    sentence = next((each for each in _KNOWN if each in said), "")
    return f"{sentence} ({_HIDDEN})" if sentence else _HIDDEN


def _words(stderr: str) -> str:
    """What helm says, without the warnings before it and its advice for a terminal."""
    begin = _SAID.search(stderr)
    said = stderr[begin.end() :] if begin else stderr
    return said.replace(_HINT, "").strip()

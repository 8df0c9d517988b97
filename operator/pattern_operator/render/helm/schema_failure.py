"""What helm says when values do not fit ``values.schema.json``, or that file is no schema, which is the chart's fault.

Source: Helm 4, ``pkg/chart/common/util/jsonschema.go``: the name of each chart and a colon, and below it a line for
each violation, ``- at '/path': words``, or what is wrong with the schema itself. Values are quoted in these (jsonschema
v6, ``kind/kind.go``), so none begins a line.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_CHART_WORDS, MAX_PATH
from pattern_operator.quote import MASK, one_line
from pattern_operator.render.helm.redaction import redacted
from pattern_operator.render.options import Options

SCHEMA: Final = "values don't meet the specifications of the schema"
_LIST: Final = "in the following chart(s):"
_CHART: Final = re.compile(r"([A-Za-z0-9._-]{1,253}):")
_VIOLATION: Final = re.compile(r"\s*- at '")
_METASCHEMA: Final = re.compile(r".*is not valid against metaschema: jsonschema validation failed with '[^']*'")
_REMOTE: Final = re.compile(r'\bfailing loading "([^"\n]{1,1024})"')
_GLOBAL: Final = re.compile(r"\s*- at '': additional (?:property|properties) 'global' not allowed")
_WITH_GLOBAL: Final = re.compile(r"\s*- at '': additional (?:property|properties) [^\n]*'global'")
# jsonschema prints numbers as a language does, which is not how they are written; the name of a type is no value.
_GOT: Final = re.compile(r"\bgot (?!(?:null|boolean|object|array|number|string|integer), want )[^\n]{1,256}?, want ")
_SKIP: Final = "set spec.render.skipSchemaValidation: true, and the values are not checked."


class _Line(NamedTuple):
    """A line of helm, and the chart that it is of."""

    chart: str
    text: str


def schema_failure(said: str, *, chart: str, told: str, options: Options) -> Stalled:
    """The error for a run of helm that says ``SCHEMA``; ``told`` is what may be shown of ``said``."""
    lines = list(_lines(said, chart))
    if remote := _REMOTE.search(said):
        return _schema_elsewhere(chart, "" if options.holds_secrets else f" ({one_line(remote[1], MAX_PATH)})")
    if broken := next((each for each in lines if _VIOLATION.match(each.text) is None), None):
        words = " ".join(_METASCHEMA.sub("", each.text) for each in lines if each.chart == broken.chart)
        return _broken_schema(chart, broken.chart, "" if options.holds_secrets else _shown(words, options))
    of_subcharts = [each for each in lines if each.chart != chart]
    if lines and all(_GLOBAL.fullmatch(each.text) for each in lines) and lines == of_subcharts:
        return Stalled(
            reason=Reason.CHART_FAILED, message=f"helm cannot render the chart {chart}: {_refused_global(lines)}"
        )
    hint = next((f" {_refused_global([each])}" for each in of_subcharts if _WITH_GLOBAL.match(each.text)), "")
    return Stalled(
        reason=Reason.PARAMETERS_INVALID,
        message=f"helm refuses the parameters of the chart {chart}: {told} Correct spec.render.parameters.{hint}",
    )


def without_numbers(words: str) -> str:
    """``words`` without the numbers that a schema refuses."""
    return _GOT.sub(f"got {MASK}, want ", words)


def _lines(said: str, chart: str) -> Iterator[_Line]:
    for line in said.partition(_LIST)[2].splitlines():
        if named := _CHART.fullmatch(line):
            chart = named[1]
        elif line.strip():
            yield _Line(chart, line)


def _shown(words: str, options: Options) -> str:
    return f": {one_line(without_numbers(redacted(words, options.parameters)).strip(), MAX_CHART_WORDS)}"


def _broken_schema(chart: str, of: str, words: str) -> Stalled:
    return Stalled(
        reason=Reason.CHART_FAILED,
        message=f"helm cannot render the chart {chart}: values.schema.json of the chart {of} is not a JSON Schema that"
        f" helm can read{words}. Correct it, and publish the chart again, or {_SKIP}",
    )


def _refused_global(lines: list[_Line]) -> str:
    names = ", ".join(dict.fromkeys(each.chart for each in lines))
    return (
        "helm gives each chart below another one the parameter global, and values.schema.json of the chart"
        f" {one_line(names)} refuses it. Correct it there, and publish the chart again, or {_SKIP}"
    )


def _schema_elsewhere(chart: str, where: str) -> Stalled:
    """The error for a schema that refers to what is not in the chart; whether it is there elsewhere is not said."""
    return Stalled(
        reason=Reason.CHART_FAILED,
        message=f"helm cannot render the chart {chart}: its values.schema.json refers by $ref to what is not in the"
        f" chart{where}, and nothing is fetched. Put it into the chart, and publish it again, or {_SKIP}",
    )

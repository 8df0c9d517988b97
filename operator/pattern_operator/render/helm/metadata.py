"""Reads a chart's Chart.yaml, and the requirements.yaml of older ones, as helm does.

Source: Helm 4, ``pkg/chart/v2/metadata.go`` and ``pkg/chart/v2/loader/load.go`` (``LoadFiles``). What helm judges
itself (versions, constraints, names of dependencies) is left to it: here only what is told in our own words is read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

from pattern_operator.api.artifact import File
from pattern_operator.api.fields import mapping, mappings, text
from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_NAME_OF_CHART
from pattern_operator.quote import quoted
from pattern_operator.render.document import read

CHART_FILE: Final = "Chart.yaml"
REQUIREMENTS: Final = "requirements.yaml"  # of apiVersion v1; helm reads it for v2 as well, and warns
MAX_DEPENDENCIES: Final = 256  # of one chart that are looked for; the largest umbrella charts have some fifty


@dataclass(frozen=True, slots=True)
class Dependency:
    """Another chart that has to be in ``charts/``."""

    name: str
    version: str = ""
    repository: str = ""

    def __str__(self) -> str:
        return f"{self.name} {self.version}".rstrip()


@dataclass(frozen=True, slots=True)
class ChartMetadata:
    """What Chart.yaml says of a chart. ``version`` is a semantic version; ``kind`` is application or library."""

    name: str
    version: str
    app_version: str = ""
    kube_version: str = ""
    kind: str = "application"
    deprecated: bool = False
    dependencies: tuple[Dependency, ...] = ()


def read_metadata(files: Mapping[str, File], *, where: str) -> ChartMetadata:
    """Read it from the files of a chart, by their paths in it; ``where`` names the chart in messages.

    Raises:
        Stalled: CHART_INVALID: there is no Chart.yaml, or it lacks name or version, or has one that no chart may have.
            DOCUMENT_INVALID, ARTIFACT_TOO_LARGE: it is not YAML, or exceeds a limit.
    """
    file = files.get(CHART_FILE)
    if file is None:
        raise chart_invalid(where, f"it has no {CHART_FILE}", "Add it")
    found = _metadata(_mapping(file, where=where), where=where)
    requirements = files.get(REQUIREMENTS)
    if requirements is None:
        return found
    more = _dependencies(_mapping(requirements, where=where))
    return replace(found, dependencies=more or found.dependencies)  # helm reads it over what Chart.yaml says


def chart_invalid(where: str, why: str, next_step: str) -> Stalled:
    """The error for a chart that cannot be rendered whatever the parameters are."""
    return Stalled(
        reason=Reason.CHART_INVALID,
        message=f"the chart {quoted(where)} cannot be rendered: {why}. {next_step}, and publish the chart again.",
    )


def _mapping(file: File, *, where: str) -> dict[str, Any]:
    named = File(file.path if where == "." else f"{where}/{file.path}", file.content)
    return mapping(next((document.value for document in read(named)), None))


def _metadata(top: dict[str, Any], *, where: str) -> ChartMetadata:
    name, version = text(top.get("name")), _scalar(top.get("version"))
    for field, value in (("name", name), ("version", version)):
        if not value:
            raise chart_invalid(where, f"{CHART_FILE} has no {field}", "Add it")
        if len(value) > MAX_NAME_OF_CHART:
            raise chart_invalid(
                where, f"{field} in {CHART_FILE} has more than {MAX_NAME_OF_CHART} characters", "Cut it"
            )
    return ChartMetadata(
        name=name,
        version=version,
        app_version=_scalar(top.get("appVersion"))[:MAX_NAME_OF_CHART],
        kube_version=text(top.get("kubeVersion"))[:MAX_NAME_OF_CHART],
        kind=text(top.get("type")) or "application",
        deprecated=top.get("deprecated") is True,
        dependencies=_dependencies(top),
    )


def _dependencies(top: dict[str, Any]) -> tuple[Dependency, ...]:
    return tuple(
        Dependency(
            name=text(each.get("name"))[:MAX_NAME_OF_CHART],
            version=_scalar(each.get("version"))[:MAX_NAME_OF_CHART],
            repository=text(each.get("repository"))[:MAX_NAME_OF_CHART],
        )
        for each in islice(mappings(top.get("dependencies")), MAX_DEPENDENCIES)
    )


def _scalar(value: Any) -> str:
    """A version, which is often written without quotes: helm reads ``1.0`` so, too, or refuses it itself."""
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""

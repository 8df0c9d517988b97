"""Designs for the tests of rendering: the published ones, and small ones made of a few components."""

import gzip
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from tests.render.rendered import render

from pattern_operator.api.artifact import File
from pattern_operator.api.object import Body
from pattern_operator.api.report import ComponentReport, Rendering
from pattern_operator.render import Options

DATA = Path(__file__).parents[1] / "data" / "designs"
MESHERY = Options(format="Meshery")


@dataclass(frozen=True, slots=True)
class Row:
    """What the README of the designs says of one: counts, and the kinds that cannot be admitted."""

    components: int
    annotations: int
    deployable: int
    aliases: int
    admitted: int
    refused: Counter[str]


def published(name: str) -> tuple[File, ...]:
    """The files of a published design, as its artifact holds them."""
    return tuple(_files(DATA / name))


def names() -> list[str]:
    """Every published design."""
    return sorted(path.parent.relative_to(DATA).as_posix() for path in DATA.rglob("design.yml*"))


def readme() -> dict[str, Row]:
    """The table "The designs" of the README, by name."""
    rows: dict[str, Row] = {}
    for line in (DATA / "README.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("| \n").split(" |")]
        if len(cells) >= 11 and cells[3].isdigit():
            components, annotations, deployable, aliases, _, admitted = (int(cell) for cell in cells[4:10])
            rows[cells[0]] = Row(components, annotations, deployable, aliases, admitted, _refused(cells[11:]))
    return rows


def component(
    kind: str,
    name: str,
    configuration: Any = None,
    *,
    version: str = "v1",
    id: str | None = None,  # noqa: A002  # the field's own name
    **fields: Any,
) -> dict[str, Any]:
    """A component of a v1beta1 design; ``fields`` overwrite its top, ``metadata`` and ``model`` among them."""
    made = {
        "id": f"id-of-{name}" if id is None else id,
        "displayName": name,
        "component": {"kind": kind, "version": version},
        "metadata": {"isAnnotation": False},
        "configuration": configuration,
    }
    return made | fields


def design(*components: dict[str, Any], relationships: Any = (), **fields: Any) -> File:
    """A v1beta1 design as a file."""
    top = {
        "schemaVersion": "designs.meshery.io/v1beta1",
        "id": "8f1c9f4e-52a4-4b0c-9f36-1d9b8a1c3a10",
        "name": "small",
        "version": "0.0.1",
        "components": list(components),
        "relationships": list(relationships),
    }
    return File("design.yml", orjson.dumps(top | fields))


def rendered(*components: dict[str, Any], relationships: Any = (), options: Options = MESHERY) -> Rendering:
    """Render a design of these components."""
    return render([design(*components, relationships=relationships)], options=options)


def redrawn(made: Rendering) -> File:
    """A design whose components are configured as the objects of a rendering are."""
    return design(
        *(
            component(
                each.key.kind,
                each.key.name,
                {name: value for name, value in each.body.items() if name not in ("apiVersion", "kind")},
                version=each.api_version,
                id=each.component,
            )
            for each in made.objects
        )
    )


def only_object(rendering: Rendering) -> Body:
    """The body of the one object, without Meshery's marks."""
    (made,) = rendering.objects
    return unmarked(made.body)


def only_report(rendering: Rendering) -> ComponentReport:
    """The report on the one component."""
    (report,) = rendering.components
    return report


def report_on(rendering: Rendering, name: str) -> ComponentReport:
    """The report on the one component of this name."""
    (report,) = (report for report in rendering.components if report.name == name)
    return report


def body_of(rendering: Rendering, kind: str) -> Body:
    """The body of the one object of a kind."""
    (made,) = (made for made in rendering.objects if made.key.kind == kind)
    return made.body


def unmarked(body: Body) -> Body:
    """``body`` without the labels and annotations that Meshery puts on every object."""
    metadata = dict(body["metadata"])
    for field in ("labels", "annotations"):
        left = {name: value for name, value in metadata.get(field, {}).items() if "meshery.io/" not in name}
        metadata.pop(field, None)
        if left:
            metadata[field] = left
    return {**body, "metadata": metadata}


def deployment(*, labels: dict[str, str] | None = None, **spec: Any) -> Body:
    """The configuration of a Deployment that the API server takes."""
    labels = labels or {"app": "web"}
    return {
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "web", "image": "web:1"}], **spec},
            },
        }
    }


def _files(folder: Path) -> Iterator[File]:
    for path in sorted(folder.iterdir()):
        content = path.read_bytes()
        yield File(path.name.removesuffix(".gz"), gzip.decompress(content) if path.suffix == ".gz" else content)


def _refused(cells: list[str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for clause in "".join(cells).split("; "):
        reason, colon, kinds = clause.partition(": ")
        if colon and not reason.startswith("duplicates") and not re.match(r"\d+x ", clause):
            for entry in kinds.split(", "):
                count, _, kind = entry.rpartition(" ")
                counts[kind] += int(count or 1)
    return counts

"""Charts made of short texts, and the real helm that renders them."""

import gzip
import io
import json
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from tests.testbed.paths import BIN

from pattern_operator.api.artifact import File
from pattern_operator.api.report import Outcome, Rendering
from pattern_operator.render.helm import render_chart
from pattern_operator.render.options import Options
from pattern_operator.render.program import HelmTemplate, ProgramOutput, ProgramRun
from pattern_operator.render.regenerated import with_generated_told

HELM = BIN / "helm"


def chart(files: Mapping[str, str | bytes], *, name: str = "web", **metadata: Any) -> dict[str, bytes]:
    """The files of a chart, by their paths in it."""
    top = {"apiVersion": "v2", "name": name, "version": "1.2.3", **metadata}
    made = {"Chart.yaml": yaml.safe_dump(top).encode()}
    return made | {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}


def config_map(name: str, data: str = "") -> str:
    """A template of a ConfigMap; ``data`` are lines of it."""
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  key: value\n{data}"


def below(folder: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {f"{folder}/{path}": content for path, content in files.items()}


def package(files: Mapping[str, bytes], *, folder: str = "web") -> bytes:
    """As ``helm package`` makes it: a tar of one folder, in gzip."""
    made = io.BytesIO()
    with gzip.GzipFile(fileobj=made, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as tar:
        for path, content in files.items():
            entry = tarfile.TarInfo(f"{folder}/{path}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return made.getvalue()


def helm(run: ProgramRun) -> ProgramOutput:
    """Run the real helm, in a folder of its own and an empty environment."""
    assert isinstance(run, HelmTemplate)
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        for file in run.files:
            place = home / "files" / file.path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(file.content)
        (home / "values.json").write_bytes(run.values)
        done = subprocess.run(
            [
                *(HELM, "template", "--include-crds", "--namespace", run.namespace, "--values", "values.json"),
                *("--kube-version", run.kube_version, *(f"--api-versions={each}" for each in run.api_versions)),
                *(f"--set={each}" for each in run.settings),
                *(["--skip-schema-validation"] if run.skips_schema else []),
                *("--", run.release, f"./files/{run.chart}"),
            ],
            cwd=home,
            env={"HOME": name, "PATH": os.defpath},
            capture_output=True,
            check=False,
        )
    return ProgramOutput(exit_code=done.returncode, stdout=done.stdout, stderr=done.stderr.decode(errors="replace"))


def render(
    files: Mapping[str, bytes], path: str = ".", *, parameters: Any = None, run: Any = helm, **options: Any
) -> Rendering:
    """Render the chart at ``path``; each run is one of ``run``."""
    given = Options(parameters=json.dumps(parameters or {}).encode(), default_namespace="apps", **options)
    steps = render_chart([File(name, content) for name, content in files.items()], path, options=given)
    try:
        asked = next(steps)
        while True:
            asked = steps.send(run(asked))
    except StopIteration as end:
        return with_generated_told(end.value)


def rows(rendering: Rendering, outcome: Outcome | None = None) -> dict[str, str]:
    """The reason of each row of the report that has a kind, by kind and name."""
    return {
        f"{each.kind}/{each.name}": each.reason
        for each in rendering.components
        if each.kind and outcome in (None, each.outcome)
    }


def named(rendering: Rendering) -> list[str]:
    return [f"{each.key.kind}/{each.key.name}" for each in rendering.objects]


def body(rendering: Rendering, name: str) -> dict[str, Any]:
    return next(each.body for each in rendering.objects if each.key.name == name)

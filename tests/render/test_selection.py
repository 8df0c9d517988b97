"""Which files are the pattern, and in which format."""

import pytest
from tests.render.designs import component, design

from pattern_operator.api.artifact import File
from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_DOCUMENTS
from pattern_operator.render import Options, render

DESIGN = design(component("Namespace", "team"))
CONFIG_MAP = File("a/config.yaml", b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
OTHER = File("b/other.json", b'{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}}')
PACKAGE = File("artifacthub-pkg.yml", b"version: 1.0.0\nname: small\n")


def _named(path: str, file: File = DESIGN) -> File:
    return File(path, file.content)


@pytest.mark.parametrize(
    ("files", "options", "names"),
    [
        pytest.param([DESIGN, PACKAGE], Options(), ["team"], id="a design beside its package metadata"),
        pytest.param([_named("small.json")], Options(), ["team"], id="a design of another name"),
        pytest.param([_named("blob")], Options(), ["team"], id="a file without a suffix, when it is the only one"),
        pytest.param([CONFIG_MAP, DESIGN], Options(), ["team"], id="design.yml wins over manifests"),
        pytest.param([CONFIG_MAP, _named("small.yml")], Options(), ["team"], id="so does the only design"),
        pytest.param(
            [_named("a/design.yml"), _named("design.yml")], Options(), ["team"], id="the design nearest the root"
        ),
        pytest.param(
            [DESIGN, File("kustomization.yaml", b"resources: []")],
            Options(),
            ["team"],
            id="a design beside a kustomization",
        ),
        pytest.param([DESIGN, File("Chart.yaml", b"name: a")], Options(), ["team"], id="a design beside a chart"),
        pytest.param([CONFIG_MAP, OTHER], Options(), ["a", "b"], id="manifests"),
        pytest.param([CONFIG_MAP, DESIGN], Options(path="a"), ["a"], id="a folder"),
        pytest.param([CONFIG_MAP, OTHER], Options(path="/b/other.json"), ["b"], id="a file"),
        pytest.param([_named("x.txt"), CONFIG_MAP], Options(path="x.txt"), ["team"], id="a named file of any suffix"),
        pytest.param([_named("x.yml"), _named("y.yml")], Options(path="y.yml"), ["team"], id="one of two designs"),
        pytest.param([CONFIG_MAP, DESIGN], Options(format="Meshery"), ["team"], id="a design is asked for"),
    ],
)
def test_the_pattern_is_found_among_the_files(files: list[File], options: Options, names: list[str]):
    rendering = render(files, options=options)

    assert [report.name for report in rendering.components] == names


@pytest.mark.parametrize(
    ("files", "options", "why"),
    [
        pytest.param([], Options(), "neither a Meshery design nor", id="nothing"),
        pytest.param([PACKAGE], Options(), "neither a Meshery design nor", id="package metadata only"),
        pytest.param([File("a.yml", b"just: data")], Options(), "neither a Meshery design nor", id="other YAML"),
        pytest.param(
            [File("compose.yml", b"services: {web: {image: 'web:1'}}")], Options(), "neither", id="a Compose file"
        ),
        pytest.param(
            [CONFIG_MAP], Options(format="Meshery"), "no Meshery design", id="manifests where a design is wanted"
        ),
        pytest.param([DESIGN], Options(format="Manifests"), "neither", id="a design where manifests are wanted"),
        pytest.param([_named("x.yml"), _named("y.yml")], Options(), "2 designs, x.yml#1 and y.yml#1", id="two designs"),
        pytest.param([DESIGN], Options(path="nowhere"), "no file or folder 'nowhere'", id="a path to nothing"),
        pytest.param(
            [DESIGN], Options(path="design"), "no file or folder 'design'", id="a part of a name is not a folder"
        ),
        pytest.param(
            [CONFIG_MAP, File("kustomization.yaml", b"resources: [a/config.yaml]")],
            Options(),
            "kustomize build",
            id="a kustomization",
        ),
        pytest.param(
            [File("templates/a.yaml", b"{{ .Values.a }}: {{"), File("Chart.yaml", b"name: a")],
            Options(),
            "helm template",
            id="a chart, whose templates are not read as YAML",
        ),
    ],
)
def test_what_is_not_a_pattern_is_refused_with_what_to_do(files: list[File], options: Options, why: str):
    with pytest.raises(Stalled, match=why) as refusal:
        render(files, options=options)

    assert refusal.value.reason is Reason.NOT_A_PATTERN


def test_more_than_can_be_parsed_is_refused():
    with pytest.raises(Stalled) as refusal:
        render([File("a.yml", b" " * (MAX_DOCUMENTS + 1))], options=Options())

    assert refusal.value.reason is Reason.ARTIFACT_TOO_LARGE


def test_a_kustomization_beside_the_named_path_does_not_matter():
    files = [CONFIG_MAP, File("b/kustomization.yaml", b"resources: []")]

    assert len(render(files, options=Options(path="a")).objects) == 1

"""Which files are the pattern, and in which format."""

import re
from typing import Any

import pytest
from tests.render.designs import component, design
from tests.render.rendered import render

from pattern_operator.api.artifact import File
from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_DOCUMENTS
from pattern_operator.render import Options, files_beyond_documents, has_builds, needs_all_files
from pattern_operator.render.build_root import Chart, Kustomization
from pattern_operator.render.selection import select

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
            Options(format="Manifests"),
            "kustomize build",
            id="a kustomization",
        ),
        pytest.param(
            [File("templates/a.yaml", b"{{ .Values.a }}: {{"), File("Chart.yaml", b"name: a")],
            Options(format="Manifests"),
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


CHART = File("web/Chart.yaml", b"name: web")
BASE = File("base/kustomization.yaml", b"resources: []")
PROD = File("overlays/prod/kustomization.yml", b"resources: [../../base]")
NOTE = File("ci.yaml", b"on: push")


def _root(files: list[File], **asked: Any) -> Any:
    options = Options(**asked)
    assert needs_all_files([file.path for file in files], options=options)
    return select(files, options=options)


@pytest.mark.parametrize(
    ("files", "asked", "found"),
    [
        pytest.param([CHART, NOTE], {}, Chart("web", "web/Chart.yaml"), id="the only chart"),
        pytest.param(
            [CHART, File("web/charts/db/Chart.yaml", b""), File("web/kustomization.yaml", b"")],
            {"format": "Helm"},
            Chart("web", "web/Chart.yaml"),
            id="a chart and what is inside it",
        ),
        pytest.param([BASE, PROD], {"path": "overlays/prod"}, Kustomization("overlays/prod", PROD.path), id="a folder"),
        pytest.param([BASE, PROD], {"path": PROD.path}, Kustomization("overlays/prod", PROD.path), id="a file of one"),
        pytest.param(
            [File("Kustomization", b""), BASE], {}, Kustomization(".", "Kustomization"), id="the root before others"
        ),
        pytest.param([BASE, CHART], {"format": "Kustomize"}, Kustomization("base", BASE.path), id="a format"),
        pytest.param(
            [CONFIG_MAP, BASE], {"format": "Kustomize"}, Kustomization("base", BASE.path), id="format, others"
        ),
        pytest.param(
            [File("web-1.tgz", b""), NOTE], {"path": "web-1.tgz"}, Chart("web-1.tgz", "web-1.tgz"), id="a package"
        ),
        pytest.param(
            [File("web-1.tgz", b""), NOTE], {"format": "Helm"}, Chart("web-1.tgz", "web-1.tgz"), id="the only package"
        ),
    ],
)
def test_what_a_program_builds_is_found_by_the_names_of_files(files: list[File], asked: dict[str, Any], found: Any):
    assert _root(files, **asked) == found


@pytest.mark.parametrize(
    ("files", "asked", "why"),
    [
        pytest.param([BASE, PROD], {}, "'base', 'overlays/prod': name the folder", id="two kustomizations"),
        pytest.param([CHART, BASE], {}, "several charts or kustomizations", id="a chart and a kustomization"),
        pytest.param(
            [File("Chart.yaml", b""), File("kustomization.yaml", b"")], {}, "lie in one folder", id="both in one"
        ),
        pytest.param([CONFIG_MAP, BASE], {}, "manifests beside it, such as 'a/config.yaml'", id="manifests beside"),
        pytest.param([CONFIG_MAP], {"format": "Helm"}, "no Helm chart", id="no chart"),
        pytest.param([CHART], {"format": "Kustomize"}, "no kustomization", id="no kustomization"),
        pytest.param([CHART], {"format": "Manifests"}, "is of a Helm chart", id="not as manifests"),
    ],
)
def test_what_is_to_be_built_must_be_one(files: list[File], asked: dict[str, Any], why: str):
    with pytest.raises(Stalled, match=re.escape(why)) as refusal:
        select(files, options=Options(**asked))

    assert refusal.value.reason is Reason.NOT_A_PATTERN


@pytest.mark.parametrize(
    ("files", "asked"),
    [([CONFIG_MAP, OTHER], {}), ([DESIGN, CHART], {"format": "Meshery"}), ([BASE, CONFIG_MAP], {"path": "a"})],
)
def test_other_formats_need_documents_alone(files: list[File], asked: dict[str, Any]):
    assert not needs_all_files([file.path for file in files], options=Options(**asked))


ALL = ["README.md", "a.yaml", "web/Chart.yaml", "web/templates/NOTES.txt", "web/.helmignore"]


@pytest.mark.parametrize(
    ("paths", "asked", "read"),
    [
        pytest.param(ALL, {}, ["a.yaml", *ALL[2:]], id="of a chart all, beside it documents"),
        pytest.param(ALL, {"path": "a.yaml"}, None, id="a file that is named"),
        pytest.param(ALL, {"format": "Meshery"}, None, id="a design"),
        pytest.param(["a.yaml", "README.md"], {}, None, id="manifests"),
        pytest.param([BASE.path, "env", "b"], {}, [BASE.path, "env", "b"], id="of a kustomization any file"),
        pytest.param([BASE.path, PROD.path], {}, None, id="two kustomizations, which rendering refuses"),
    ],
)
def test_which_files_of_a_folder_are_read_is_known_before_any_is(
    paths: list[str], asked: dict[str, Any], read: list[str] | None
):
    is_wanted = files_beyond_documents(paths, options=Options(**asked))

    assert (None if is_wanted is None else [path for path in paths if is_wanted(path)]) == read


def test_two_kustomizations_need_no_more_files_since_rendering_refuses_them():
    assert not needs_all_files([BASE.path, PROD.path], options=Options())


@pytest.mark.parametrize(("path", "is_one"), [("a/Chart.yaml", True), ("Kustomization", True), ("chart.txt", False)])
def test_files_of_charts_and_kustomizations_are_known_by_name(path: str, is_one: bool):
    assert has_builds(["a.yaml", path]) is is_one

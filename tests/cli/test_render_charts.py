"""``patternctl render`` and ``push`` of charts and kustomizations in a registry, packaged as their own tools do."""

import json

import pytest
from tests.render import equality
from tests.render.equality import comparable, laid_out
from tests.render.kustomize.kustomizations import KUSTOMIZATIONS
from tests.render.test_equal_to_helm import CHARTS, chart, packed
from tests.testbed.paths import BIN

# Media types: Helm, pkg/registry/constants.go
CHART_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
PROVENANCE = "application/vnd.cncf.helm.chart.provenance.v1.prov"
FILES = CHARTS["files that are no YAML"]
PACKAGED = {path: content for path, content in FILES.items() if not path.endswith(".bak")}  # as .helmignore says


@pytest.fixture
def patternctl(patternctl):
    """With helm and kustomize on PATH."""
    patternctl.variables["PATH"] = f"{BIN}:/usr/bin:/bin"
    return patternctl


@pytest.mark.parametrize("signed", [False, True], ids=["alone", "with its provenance"])
def test_a_chart_as_helm_pushes_it_is_rendered(patternctl, repository, tmp_path, signed):
    layers = [(CHART_LAYER, packed(PACKAGED, folder="web"))] + [(PROVENANCE, b"-----BEGIN PGP")] * signed
    repository.push("1.2.3", layers)
    folder = laid_out(tmp_path / "chart", FILES)

    done = patternctl("render", "--insecure", f"{repository.oci}:1.2.3", "--name", "web", "-n", "shop")

    assert done.code == 0, done.err
    assert comparable(done.items) == comparable(equality.helm(folder))


def test_a_version_with_a_plus_is_the_tag_with_an_underscore(patternctl, repository):
    repository.push("1.2.3_b", [(CHART_LAYER, packed(PACKAGED, folder="web"))])

    done = patternctl("render", "--insecure", f"{repository.oci}:1.2.3+b")

    assert done.code == 0, done.err
    assert len(done.items) == 1


@pytest.mark.parametrize("name", ["a chart", "a kustomization"])
def test_what_push_pushes_is_rendered_as_its_folder_is(patternctl, repository, tmp_path, name):
    path, tree = (".", FILES) if name == "a chart" else KUSTOMIZATIONS["properties, a file without suffix and a binary"]
    folder = laid_out(tmp_path / "artifact", tree)

    pushed = patternctl("push", "--insecure", folder, f"{repository.oci}:1.0.0", "-o", "json")
    local = patternctl("render", folder, f"--path={path}")
    pulled = patternctl("render", "--insecure", f"{repository.oci}:1.0.0", f"--path={path}")

    assert (pushed.code, local.code, pulled.code) == (0, 0, 0), (pushed.err, local.err, pulled.err)
    assert local.out == pulled.out
    assert json.loads(pushed.out)["tag"] == "1.0.0"


HOOKED = chart(
    {
        "templates/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\n"
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {made: {{ randAlphaNum 9 | quote }}}\n",
        "templates/hook.yaml": "apiVersion: v1\nkind: ConfigMap\n"
        'metadata: {name: hook, annotations: {"helm.sh/hook": pre-install}}\n'
        'data: {found: {{ lookup "v1" "Secret" "a" "b" | toJson | quote }}}\n',
    }
)


def test_without_hooks_they_are_left_out_and_told_so_in_the_report(patternctl, tmp_path):
    folder, report = laid_out(tmp_path / "chart", HOOKED), tmp_path / "report.json"

    with_hooks = patternctl("render", folder)
    without = patternctl("render", folder, "--no-hooks", "--report", report)

    assert [body["metadata"]["name"] for body in with_hooks.items] == ["a", "b", "hook"]
    assert [body["metadata"]["name"] for body in without.items] == ["a", "b"]
    rows = {row["name"]: row for row in json.loads(report.read_text())["components"]}
    assert (rows["hook"]["outcome"], rows["hook"]["reason"]) == ("skipped", "NoHooks")
    assert rows["a"]["outcome"] == "rendered"


def test_rows_of_a_chart_name_its_templates_and_what_differs_each_time_is_told(patternctl, tmp_path):
    folder, report = laid_out(tmp_path / "chart", HOOKED), tmp_path / "report.json"

    done = patternctl("render", folder, "--report", report)

    rows = {row["name"]: row for row in json.loads(report.read_text())["components"]}
    assert (rows["b"]["path"], rows["b"]["position"]) == ("web/templates/a.yaml", "#2")
    assert (rows["lookup"]["path"], rows["lookup"]["line"]) == ("web/templates/hook.yaml", 4)
    assert "data.made of ConfigMap" in done.err
    assert "comes out differently each time" in done.err

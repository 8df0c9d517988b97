"""``patternctl render`` of kustomizations beside ``kustomize build`` of the same: equal, or refused with the cause."""

import pytest
from tests.render import equality
from tests.render.equality import NAMESPACE, assert_refused, comparable, laid_out, report
from tests.render.kustomize.kustomizations import DEPLOYMENT, KUSTOMIZATIONS, SETTINGS
from tests.testbed import binaries


@pytest.fixture(scope="module", autouse=True)
def programs():
    binaries.build([each for each in binaries.PROGRAMS if each.name in ("helm", "kustomize")])


@pytest.fixture
def patternctl(tmp_path):
    return equality.program(tmp_path / "home")


@pytest.mark.parametrize("name", sorted(KUSTOMIZATIONS))
def test_a_kustomization_is_rendered_as_kustomize_does(patternctl, tmp_path, name):
    path, tree = KUSTOMIZATIONS[name]
    folder, place = laid_out(tmp_path / "artifact", tree), tmp_path / "report.json"

    done = patternctl("render", folder, f"--path={path}", "-n", NAMESPACE, "--report", place, "-o", "json")

    assert done.code == 0, done.err
    assert comparable(done.items) == comparable(equality.kustomize(folder / path))
    assert [body["kind"] for body in done.items if body["kind"].endswith("List")] == []
    rows = report(place)
    assert [row["outcome"] for row in rows] == ["rendered"] * len(done.items)
    assert [row["name"] for row in rows] == [body["metadata"]["name"] for body in done.items]


def test_it_is_the_same_bytes_each_time_and_as_yaml(patternctl, tmp_path):
    path, tree = KUSTOMIZATIONS["a secret"]
    folder = laid_out(tmp_path / "artifact", tree)

    once, again = (patternctl("render", folder, "--path", path) for _ in range(2))

    assert once.out == again.out
    assert once.items == patternctl("render", folder, "--path", path, "-o", "json").items


def test_a_folder_with_its_kustomization_is_found_by_itself(patternctl, tmp_path):
    path, tree = KUSTOMIZATIONS["a base"]
    folder = laid_out(tmp_path / "artifact", tree)

    done = patternctl("render", folder / path, "-n", NAMESPACE)

    assert (done.code, done.err) == (0, "")
    assert comparable(done.items) == comparable(equality.kustomize(folder / path))


def top(text, **files):
    named = {name.replace("__", "."): content for name, content in files.items()}
    return {"kustomization.yaml": text, "deployment.yaml": DEPLOYMENT, "settings.yaml": SETTINGS, **named}


FUNCTION = """\
apiVersion: acme.io/v1
kind: Fn
metadata: {name: fn, annotations: {config.kubernetes.io/function: "container: {image: acme/fn}"}}
"""
REFUSED = {
    "a base by URL": (top("resources: ['https://git.example/base?ref=v1']\n"), "https://git.example/base"),
    "a base of a base by URL": (
        top("resources: [below]\n") | {"below/kustomization.yaml": "resources: [github.com/acme/base]\n"},
        "github.com/acme/base",
    ),
    "charts": (top("helmCharts: [{name: web, repo: 'https://charts.example'}]\n"), "helmCharts"),
    "a function in a container": (top("transformers: [fn.yaml]\n", fn__yaml=FUNCTION), "fn.yaml"),
    "a program": (
        top("generators: [fn.yaml]\n", fn__yaml=FUNCTION.replace("container: {image: acme/fn}", "exec: {path: ./a}")),
        "fn.yaml",
    ),
    "a cycle": (
        top("resources: [a]\n")
        | {"a/kustomization.yaml": "resources: [../b]\n", "b/kustomization.yaml": "resources: [../a]\n"},
        "cycle",
    ),
    "two kustomization files": (
        top("resources: [deployment.yaml]\n") | {"kustomization.yml": "resources: [settings.yaml]\n"},
        "kustomization.yml",
    ),
    "one identity twice": (
        top("resources: [settings.yaml, again.yaml]\n", again__yaml=SETTINGS),
        "settings",
    ),
    "a file that is not there": (top("resources: [missing.yaml]\n"), "missing.yaml"),
    "a path out of the artifact": (top("resources: [../../etc/hostname]\n"), "../../etc/hostname"),
    "an unknown field": (top("resource: [deployment.yaml]\n"), "resource"),
    "no YAML": (top("resources: [\n"), "kustomization.yaml"),
}


@pytest.mark.parametrize(("tree", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_what_kustomize_would_fetch_or_execute_is_refused_with_the_cause(patternctl, tmp_path, tree, said):
    done = patternctl("render", laid_out(tmp_path / "artifact", tree))

    assert_refused(done)
    assert said in done.err


@pytest.mark.parametrize("target", ["/etc/hostname", "../outside.yaml"])
def test_a_link_out_of_the_artifact_is_refused(patternctl, tmp_path, target):
    folder = laid_out(tmp_path / "artifact", top("resources: [settings.yaml]\n"))
    (tmp_path / "outside.yaml").write_text(SETTINGS)
    (folder / "linked.yaml").symlink_to(target)

    done = patternctl("render", folder)

    assert_refused(done)
    assert "linked.yaml" in done.err


def test_without_kustomize_it_says_what_is_missing(patternctl, tmp_path):
    patternctl.variables["PATH"] = "/nonexistent"

    done = patternctl("render", laid_out(tmp_path / "artifact", top("resources: [settings.yaml]\n")))

    assert_refused(done)
    assert "kustomize is not on this machine" in done.err

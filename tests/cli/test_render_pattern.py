"""``patternctl render --pattern``: an artifact as a DesignPattern renders it, and the commands of the docs."""

import base64
import json
import re
import shlex

import pytest
import yaml
from tests.render.designs import component, deployment, design
from tests.testbed.paths import BIN, ROOT

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n"
PATTERN_YAML = """\
apiVersion: pattern-operator.io/v1alpha1
kind: Pattern
parameters:
  schema:
    type: object
    properties: {replicas: {type: integer, default: 1}, host: {type: string, default: none}, password: {type: string}}
"""
WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "registry.example/shop/web:1.0.0", env: [{name: HOST, value: "${host}"}]}]}
"""


@pytest.fixture
def patternctl(patternctl):
    """With helm and kustomize on PATH."""
    patternctl.variables["PATH"] = f"{BIN}:/usr/bin:/bin"
    return patternctl


@pytest.fixture
def web(patternctl):
    """The folder of a pattern that takes parameters."""
    folder = patternctl.home / "web"
    folder.mkdir()
    (folder / "pattern.yaml").write_text(PATTERN_YAML)
    (folder / "web.yaml").write_text(WEB)
    return folder


@pytest.fixture
def pattern(patternctl):
    """Write a DesignPattern with this ``spec.render``, and what else is in its file; the file."""

    def write(render, *others, source=None, metadata=None, **spec):
        body = {
            "apiVersion": "pattern-operator.io/v1alpha1",
            "kind": "DesignPattern",
            "metadata": {"name": "shop", "namespace": "team"} if metadata is None else metadata,
            "spec": {
                "source": source or {"url": "oci://registry.example/patterns/web", "ref": {"tag": "1.0.0"}},
                "render": render,
                **spec,
            },
        }
        path = patternctl.home / "shop.yaml"
        path.write_text("---\n".join([yaml.safe_dump(body), *map(yaml.safe_dump, others)]))
        return path

    return write


def kept(kind, name, data, namespace="team"):
    body = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}}
    if kind == "Secret":
        data = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return {**body, "data": data}


def host(body):
    return body["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"]


def test_everything_that_a_designpattern_says_of_rendering_counts(patternctl, web, pattern):
    path = pattern(
        {
            "format": "Manifests",
            "parameters": {"replicas": 3, "host": "a.example"},
            "targetNamespace": "shop",
            "patches": [{"target": {"kind": "Deployment"}, "patch": "[{op: add, path: /spec/paused, value: true}]"}],
            "images": [{"name": "registry.example/shop/web", "newTag": "2.0.0"}],
            "namePrefix": "a-",
            "nameSuffix": "-z",
            "commonMetadata": {"labels": {"team": "a"}, "annotations": {"note": "b"}},
        },
        apply={"createNamespace": True},
    )

    done = patternctl("render", web, "--pattern", path)

    assert (done.code, done.err) == (0, "")
    namespace, made = done.items
    assert namespace["metadata"]["name"] == "shop"
    assert (made["metadata"]["name"], made["metadata"]["namespace"]) == ("a-web-z", "shop")
    assert made["metadata"]["labels"]["team"] == "a"
    assert made["metadata"]["annotations"]["note"] == "b"
    assert (made["spec"]["replicas"], made["spec"]["paused"], host(made)) == (3, True, "a.example")
    assert made["spec"]["template"]["spec"]["containers"][0]["image"] == "registry.example/shop/web:2.0.0"


def test_the_namespace_is_that_of_the_designpattern_or_the_flag(patternctl, web, pattern):
    named, unnamed = pattern({}), patternctl.home / "unnamed.yaml"
    unnamed.write_text(named.read_text().replace("  namespace: team\n", ""))

    def namespace(*flags):
        return patternctl("render", web, *flags).items[0]["metadata"]["namespace"]

    assert namespace("--pattern", named) == "team"
    assert namespace("--pattern", named, "-n", "other") == "other"
    assert namespace("--pattern", unnamed) == "default"
    assert namespace("--pattern", unnamed, "-n", "other") == "other"


def test_flags_count_over_what_the_designpattern_says(patternctl, web, pattern, tmp_path):
    path = pattern({"parameters": {"replicas": 3, "host": "a.example"}, "targetNamespace": "shop"})
    (tmp_path / "values.yaml").write_text("host: b.example\n")

    done = patternctl(
        *("render", web, "--pattern", path, "--values", tmp_path / "values.yaml", "--set", "replicas=4"),
        *("--target-namespace", "other"),
    )

    (made,) = done.items
    assert (made["spec"]["replicas"], host(made), made["metadata"]["namespace"]) == (4, "b.example", "other")


def test_the_path_of_the_layer_is_that_of_the_designpattern_unless_a_flag_names_another(patternctl, pattern):
    folder = patternctl.home / "many"
    for name in ("a", "b"):
        (folder / name).mkdir(parents=True)
        (folder / name / "c.yaml").write_text(CONFIG % name)
    source = {"url": "oci://registry.example/web", "ref": {"tag": "1.0.0"}, "layer": {"path": "b"}}
    path = pattern({}, source=source)

    def names(*flags):
        return [body["metadata"]["name"] for body in patternctl("render", folder, "--pattern", path, *flags).items]

    assert names() == ["b"]
    assert names("--path", "a") == ["a"]
    assert names("--path", ".") == ["a", "b"]


def test_values_are_taken_from_config_maps_and_secrets_of_the_same_file(patternctl, web, pattern):
    references = [
        {"kind": "ConfigMap", "name": "defaults"},
        {"kind": "Secret", "name": "db", "valuesKey": "host", "targetPath": "host"},
    ]
    path = pattern(
        {"valuesFrom": references},
        kept("ConfigMap", "defaults", {"values.yaml": "replicas: 5\nhost: never"}),
        kept("Secret", "db", {"host": "from-the-secret"}),
        kept("Secret", "db", {"host": "of another namespace"}, namespace="other"),
    )

    done = patternctl("render", web, "--pattern", path)

    assert (done.code, done.err) == (0, "")
    assert (done.items[0]["spec"]["replicas"], host(done.items[0])) == (5, "from-the-secret")


def test_values_that_are_not_in_the_file_are_told_unless_they_are_given(patternctl, web, pattern):
    optional = {"kind": "ConfigMap", "name": "maybe", "optional": True}
    path = pattern({"valuesFrom": [{"kind": "Secret", "name": "db", "valuesKey": "host"}, optional]})
    (patternctl.home / "values.yaml").write_text("host: b.example\n")

    without = patternctl("render", web, "--pattern", path)
    given = patternctl("render", web, "--pattern", path, "--values", "values.yaml")

    assert (without.code, host(without.items[0])) == (0, "none")
    (said,) = without.err.splitlines()
    assert said.startswith(f"patternctl: Secret team/db, key host is not in {path}, and no cluster is asked")
    assert (given.code, given.err, host(given.items[0])) == (0, "", "b.example")


@pytest.mark.parametrize(("allowed", "code"), [([], 3), (["SetSelectorFromTemplate"], 0)])
def test_repairs_are_allowed_by_the_designpattern(patternctl, pattern, allowed, code):
    body = deployment()
    del body["spec"]["selector"]
    place = patternctl.home / "design.yml"
    place.write_bytes(design(component("Deployment", "web", body, version="apps/v1")).content)

    assert patternctl("render", place, "--pattern", pattern({"repairs": allowed})).code == code


@pytest.mark.parametrize(("on_invalid", "flags", "code"), [("Skip", [], 0), ("Skip", ["--on-invalid", "Refuse"], 3)])
def test_on_invalid_is_that_of_the_designpattern_unless_a_flag_says_otherwise(
    patternctl, pattern, on_invalid, flags, code
):
    place = patternctl.home / "a.yml"
    place.write_text((CONFIG % "good") + "---\n" + (CONFIG % "Not-A-Name"))

    done = patternctl("render", place, "--pattern", pattern({"onInvalid": on_invalid}), *flags)

    assert done.code == code
    assert "Not-A-Name" in done.err
    assert bool(done.out) is (code == 0)


def test_without_a_path_the_artifact_is_that_of_the_designpattern(patternctl, pattern, repository):
    repository.push("1.2.0", [("application/yaml", (CONFIG % "of-the-registry").encode())])
    source = {"url": repository.oci, "ref": {"semver": "1.x"}, "insecure": True}

    done = patternctl("render", "--pattern", pattern({}, source=source))

    assert (done.code, done.err) == (0, "")
    assert [body["metadata"]["name"] for body in done.items] == ["of-the-registry"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            ("onInvalid", "onInvalit"),
            "spec.render.onInvalit is not a field of DesignPattern; did you mean onInvalid?",
        ),
        (("  source:", "  sauce:"), "spec.sauce is not a field of DesignPattern"),
        (("onInvalid: Skip", "onInvalid: Sometimes"), "spec.render.onInvalid"),
        (("onInvalid: Skip", "onInvalid: [Skip]"), "spec.render.onInvalid"),
        (("v1alpha1", "v9"), "the apiVersion of a DesignPattern is pattern-operator.io/v1alpha1"),
        (("kind: DesignPattern", "kind: Deployment"), "has no object of kind DesignPattern"),
        (("name: shop", "nome: shop"), "metadata.name"),
        (("kind:", "kind: ["), "line"),
    ],
)
def test_what_is_not_a_designpattern_is_refused_in_words_for_a_file(patternctl, web, pattern, change, said):
    path = pattern({"onInvalid": "Skip"})
    before = path.read_text()
    path.write_text(before.replace(*change))
    assert path.read_text() != before

    done = patternctl("render", web, "--pattern", path)

    assert (done.code, done.out) == (1, "")
    assert said in done.err
    assert "publish" not in done.err


def test_two_designpatterns_in_one_file_are_refused(patternctl, web, pattern):
    path = pattern({})
    path.write_text(f"{path.read_text()}---\n{path.read_text()}")

    done = patternctl("render", web, "--pattern", path)

    assert (done.code, done.out) == (1, "")
    assert "has 2 DesignPatterns, and --pattern takes one" in done.err


def test_a_designpattern_in_the_place_of_a_path_is_told_with_the_flag_to_give(patternctl, pattern):
    path = pattern({})

    done = patternctl("render", path)

    assert (done.code, done.items[0]["kind"]) == (0, "DesignPattern")
    assert f"patternctl render --pattern {path}" in done.err


def test_without_a_path_and_a_designpattern_it_says_what_to_name(patternctl):
    done = patternctl("render")

    assert (done.code, done.out) == (2, "")
    assert "a file, folder or reference, or a DesignPattern by --pattern" in done.err


# --- the commands of the docs ---------------------------------------------------------------------------------------

PAGES = ("environments.md", "render-at-a-terminal.md")
CHART = {
    "Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.4.2\n",
    "templates/a.yaml": CONFIG % "{{ .Release.Name }}-{{ .Values.image.tag }}",
}
REPLICAS = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 7}\n"


def commands(page):
    """The lines of ``patternctl render`` in the shell blocks of a page."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / "docs" / page).read_text(), re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.startswith("patternctl render ")]


def lay_out(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)


def test_the_pages_have_commands():
    assert [len(commands(page)) for page in PAGES] == [3, 6]


@pytest.mark.parametrize(("page", "line"), [(page, line) for page in PAGES for line in commands(page)])
def test_a_command_of_the_docs_runs(patternctl, repository, page, line):
    environments = ROOT / "examples" / "environments"
    example = (environments / "web" / "web.yaml").read_text()
    of_docs = {
        each.name: each.read_text().replace(
            "oci://registry.example/patterns/web", f"{repository.oci}\n    insecure: true"
        )
        for each in environments.glob("*.yaml")
    }
    lay_out(
        patternctl.home,
        {
            "web/web.yaml": example,
            "base/kustomization.yaml": "resources: [web.yaml]\n",
            "base/web.yaml": example,
            "overlays/prod/kustomization.yaml": "resources: [../../base]\nnamespace: shop\n",
            "replicas.yaml": REPLICAS,
            "values.yaml": "image: {tag: '1.0'}\n",
            "prod.yaml": "other: true\n",
            "web-prod.yaml": of_docs["prod.yaml"],
            "examples/environments/web/web.yaml": example,
            **{f"chart/{name}": content for name, content in CHART.items()},
            **{f"examples/environments/{name}": content for name, content in of_docs.items()},
        },
    )
    for tag in ("1.4.2", "1.5.0-rc.1"):
        repository.push(tag, [("application/yaml", example.encode())])
    words = shlex.split(line, comments=True)[1:]
    words = [f"{repository.oci}:1.4.2" if word.startswith("oci://") else word for word in words]

    done = patternctl(*words, "--insecure")

    assert (done.code, done.err) == (0, ""), done.err
    assert "items:" in done.out or json.loads(done.out)["items"]

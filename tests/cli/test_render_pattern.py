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


@pytest.mark.parametrize(("name", "refused"), [("own", True), ("own-2", False)])
def test_values_of_an_object_of_the_pattern_itself_are_refused(patternctl, web, pattern, name, refused):
    (web / "own.yaml").write_text(CONFIG % "own")
    path = pattern(
        {"valuesFrom": [{"kind": "ConfigMap", "name": name}]}, kept("ConfigMap", name, {"values.yaml": "{}"})
    )

    done = patternctl("render", web, "--pattern", path)

    said = "ConfigMap team/own is an object of the pattern, and spec.render.valuesFrom[0] names it"
    assert (said in done.err, done.out == "") == (refused, refused), done.err


DB = {"kind": "Secret", "name": "db", "valuesKey": "host"}


@pytest.mark.parametrize("reference", [DB, {**DB, "targetPath": "host"}])
@pytest.mark.parametrize("flags", [[], ["--set", "replicas=2"]])
def test_without_the_values_of_an_object_that_is_in_no_file_nothing_is_printed(
    patternctl, web, pattern, reference, flags
):
    path = pattern({"valuesFrom": [{"kind": "ConfigMap", "name": "maybe", "optional": True}, reference]})

    done = patternctl("render", web, "--pattern", path, *flags, "--report", "report.json")

    assert (done.code, done.out) == (1, "")
    said = f"ParametersNotFound: Secret team/db is not in '{path}', and spec.render.valuesFrom[1] names it"
    assert said in done.err
    assert "by --values" in done.err
    assert ("or --set host=..." in done.err) is ("targetPath" in reference)
    (row,) = json.loads((patternctl.home / "report.json").read_text())["components"]
    assert (row["outcome"], row["reason"]) == ("refused", "ParametersNotFound")


@pytest.mark.parametrize(
    ("reference", "flags"),
    [
        (DB, ["--values", "values.yaml"]),
        ({**DB, "targetPath": "host"}, ["--values", "values.yaml"]),
        ({**DB, "targetPath": "host"}, ["--set", "host=b.example"]),
        ({**DB, "targetPath": "host"}, ["--set-string", "host=b.example"]),
        ({**DB, "targetPath": "host"}, ["--set-json", '{"host": "b.example"}']),
    ],
)
def test_flags_give_the_values_of_an_object_that_is_in_no_file_and_it_is_told(
    patternctl, web, pattern, reference, flags
):
    path = pattern({"valuesFrom": [reference]})
    (patternctl.home / "values.yaml").write_text("host: b.example\n")

    done = patternctl("render", web, "--pattern", path, *flags, "--report", "report.json")

    assert (done.code, host(done.items[0])) == (0, "b.example")
    assert f"Secret team/db is not in '{path}': what --values and --set give counts in its place" in done.err
    of_secret, of_web = json.loads((patternctl.home / "report.json").read_text())["components"]
    assert {name: of_secret[name] for name in ("apiVersion", "kind", "namespace", "name", "outcome", "reason")} == {
        "apiVersion": "v1",
        "kind": "Secret",
        "namespace": "team",
        "name": "db",
        "outcome": "skipped",
        "reason": "ParametersNotFound",
    }
    assert of_web["outcome"] == "rendered"


def test_values_in_the_place_of_a_missing_object_may_come_through_a_pipe(patternctl, web, pattern):
    path = pattern({"valuesFrom": [DB]})
    (patternctl.home / "values.yaml").write_text("host: b.example\n")

    with (patternctl.home / "values.yaml").open("rb") as values:
        done = patternctl("render", web, "--pattern", path, "--values", "-", stdin=values)

    assert (done.code, host(done.items[0])) == (0, "b.example")


def test_values_of_another_path_are_not_those_of_a_target_path(patternctl, web, pattern):
    references = [{**DB, "targetPath": path} for path in ("host", "hosts[1].name")]
    path = pattern({"valuesFrom": references})
    (patternctl.home / "values.yaml").write_text("host: b.example\nhosts: [{name: only-one}]\n")

    done = patternctl("render", web, "--pattern", path, "--values", "values.yaml")

    assert (done.code, done.out) == (1, "")
    assert "valuesFrom[1] names it" in done.err
    assert "valuesFrom[0]" not in done.err


@pytest.mark.parametrize("flags", [[], ["--values", "values.yaml"]])
def test_a_key_that_an_object_of_the_file_lacks_is_refused(patternctl, web, pattern, flags):
    path = pattern({"valuesFrom": [{**DB, "valuesKey": "hots"}]}, kept("Secret", "db", {"host": "a.example"}))
    (patternctl.home / "values.yaml").write_text("host: b.example\n")

    done = patternctl("render", web, "--pattern", path, *flags)

    assert (done.code, done.out) == (1, "")
    said = f"ParametersNotFound: Secret team/db in '{path}' has no key hots, and spec.render.valuesFrom[0] names it"
    assert said in done.err


def test_what_is_optional_may_lack_its_key(patternctl, web, pattern):
    optional = {**DB, "valuesKey": "hots", "optional": True}
    path = pattern({"valuesFrom": [optional]}, kept("Secret", "db", {"host": "a.example"}))

    done = patternctl("render", web, "--pattern", path)

    assert (done.code, done.err, host(done.items[0])) == (0, "", "none")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"kind": "Secret", "stringData": {"host": 1.29}}, "stringData.host must be text: put it in quotes"),
        ({"kind": "Secret", "stringData": {"host": None}}, "stringData.host must be text: put it in quotes"),
        ({"kind": "ConfigMap", "data": {"host": True}}, "data.host must be text: put it in quotes"),
        ({"kind": "Secret", "data": {"host": "1.29"}}, "data.host is not base64: encode it, or write it in stringData"),
        ({"kind": "Secret", "data": {"host": 1}}, "data.host is not base64: encode it, or write it in stringData"),
    ],
)
def test_a_value_that_the_api_server_refuses_is_told_with_its_object_and_key(patternctl, web, pattern, body, said):
    reference = {**DB, "kind": body["kind"], "targetPath": "host"}
    path = pattern({"valuesFrom": [reference]}, {"metadata": {"name": "db"}, **body})

    done = patternctl("render", web, "--pattern", path)

    assert (done.code, done.out) == (1, "")
    assert f"ParametersInvalid: {body['kind']} team/db in '{path}': {said}." in done.err
    assert "1.29" not in done.err


def test_a_value_that_nothing_names_may_be_wrong(patternctl, web, pattern):
    body = {"kind": "Secret", "metadata": {"name": "db"}, "data": {"other": "?"}, "stringData": {"host": "a.example"}}
    path = pattern({"valuesFrom": [{**DB, "targetPath": "host"}]}, body)

    done = patternctl("render", web, "--pattern", path)

    assert (done.code, host(done.items[0])) == (0, "a.example")


def test_base64_may_have_line_breaks_as_the_api_server_takes_it(patternctl, web, pattern):
    encoded = base64.b64encode(b"a.example").decode()
    body = {"kind": "Secret", "metadata": {"name": "db"}, "data": {"host": f"{encoded[:4]}\n{encoded[4:]}\n"}}
    path = pattern({"valuesFrom": [{**DB, "targetPath": "host"}]}, body)

    assert host(patternctl("render", web, "--pattern", path).items[0]) == "a.example"


def test_an_object_of_another_namespace_is_told_with_it(patternctl, web, pattern):
    path = pattern({"valuesFrom": [DB]}, kept("Secret", "db", {"host": "a.example"}, namespace="other"))

    done = patternctl("render", web, "--pattern", path)

    assert (done.code, done.out) == (1, "")
    assert f"Secret team/db is not in '{path}' (it is there in namespace other)" in done.err


@pytest.mark.parametrize("field", ["name", "namespace"])
def test_a_name_that_yaml_reads_as_a_boolean_is_to_be_quoted(patternctl, web, pattern, field):
    own = pattern({}, metadata={"name": "shop", "namespace": "team"} | {field: False})
    of_pattern = patternctl("render", web, "--pattern", own)
    secret = {"kind": "Secret", "metadata": {"name": "db"} | {field: True}, "stringData": {"host": "a.example"}}
    of_secret = patternctl("render", web, "--pattern", pattern({"valuesFrom": [DB]}, secret))

    assert (of_pattern.code, of_pattern.out, of_secret.code, of_secret.out) == (1, "", 1, "")
    assert f"metadata.{field} must be text: put it in quotes" in of_pattern.err
    assert f"metadata.{field} of a Secret must be text: put it in quotes" in of_secret.err


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


@pytest.fixture
def several(pattern):
    """A file with three DesignPatterns."""
    texts = [
        pattern({"namePrefix": prefix}, metadata=metadata).read_text()
        for prefix, metadata in (
            ("a-", {"name": "shop", "namespace": "dev"}),
            ("b-", {"name": "shop", "namespace": "prod"}),
            ("c-", {"name": "db"}),
        )
    ]
    path = pattern({})
    path.write_text("---\n".join(texts))
    return path


@pytest.mark.parametrize(
    ("flags", "wrong"),
    [
        ([], ""),
        (["--name", "shop"], ""),
        (["-n", "other"], ""),
        (["--name", "other"], ", and none is called 'other'"),
        (["-n", "dev", "--name", "db2"], ", and none is called 'db2'"),
    ],
)
def test_of_several_designpatterns_none_is_taken_by_chance(patternctl, web, several, flags, wrong):
    done = patternctl("render", web, "--pattern", several, *flags)

    assert (done.code, done.out) == (1, "")
    assert f"has 3 DesignPatterns (dev/shop; prod/shop; db){wrong}: choose one by --name" in done.err


@pytest.mark.parametrize(
    ("flags", "name"),
    [
        (["--name", "db"], "c-web"),
        (["--name", "shop", "-n", "prod"], "b-web"),
        (["--name", "shop", "-n", "dev"], "a-web"),
    ],
)
def test_of_several_designpatterns_one_is_chosen_by_name_and_namespace(patternctl, web, several, flags, name):
    assert patternctl("render", web, "--pattern", several, *flags).items[0]["metadata"]["name"] == name


# --- whose field a message names ------------------------------------------------------------------------------------

NO_SUCH = {"target": {"kind": "Deploymnt"}, "patch": "[{op: add, path: /spec/paused, value: true}]"}
WRONG = {"parameters": {"replicas": "many"}}


def test_a_patch_that_fits_nothing_is_named_where_it_is_written(patternctl, web, pattern):
    right = "target: {kind: Deployment}\npatch: '[{op: add, path: /spec/paused, value: true}]'\n"
    (patternctl.home / "patch.yaml").write_text(right)
    (patternctl.home / "wrong.yaml").write_text(f"{right}---\n{right.replace('Deployment', 'Deploymnt')}")
    wrong, fine = pattern({"patches": [NO_SUCH]}).rename(patternctl.home / "dp3.yaml"), pattern({})

    of_pattern = patternctl("render", web, "--pattern", wrong, "--patch", "patch.yaml")
    of_flag = patternctl("render", web, "--pattern", fine, "--patch", "wrong.yaml")
    without = patternctl("render", web, "--patch", "wrong.yaml", "--set", "replicas=1")

    assert f"PatchInvalid: spec.render.patches[0] in '{wrong}': it is for kind Deploymnt" in of_pattern.err
    assert "--patch" not in of_pattern.err
    for done in (of_flag, without):
        assert "PatchInvalid: --patch 'wrong.yaml', line 3: it is for kind Deploymnt" in done.err
        assert "spec.render" not in done.err
    assert {done.code for done in (of_pattern, of_flag, without)} == {1}


@pytest.mark.parametrize(
    ("render", "flags", "said"),
    [
        (WRONG, [], "Correct spec.render.parameters in '{path}' or what valuesFrom names."),
        ({}, ["--set", "replicas=many"], "Correct --set."),
        ({}, ["--set-json", "replicas=[]", "-f", "v.yaml"], "Correct --values or --set-json."),
        (WRONG, ["--set", "host=a"], "Correct spec.render.parameters in '{path}' or what valuesFrom names, or --set."),
    ],
)
def test_parameters_that_do_not_fit_are_named_where_they_are_given(patternctl, web, pattern, render, flags, said):
    (patternctl.home / "v.yaml").write_text("host: a\n")
    path = pattern(render)

    done = patternctl("render", web, "--pattern", path, *flags)

    assert (done.code, done.out) == (1, "")
    assert done.err.rstrip().endswith(said.format(path=path))


def test_the_format_is_named_where_it_is_said(patternctl, pattern):
    folder = patternctl.home / "chart"
    lay_out(folder, CHART)

    of_pattern = patternctl("render", folder, "--pattern", pattern({"format": "Manifests"}))
    of_flag = patternctl("render", folder, "--pattern", pattern({}), "--format", "Manifests")

    assert (of_pattern.code, of_flag.code) == (1, 1)
    assert "spec.render.format in '" in of_pattern.err
    assert "--format" not in of_pattern.err.splitlines()[0]
    assert "let --format be" in of_flag.err


def test_what_values_from_gives_is_named_with_the_file(patternctl, web, pattern):
    path = pattern({"valuesFrom": [DB]}, kept("Secret", "db", {"host": "- a list"}))

    done = patternctl("render", web, "--pattern", path)

    assert (done.code, done.out) == (1, "")
    assert f"ParametersInvalid: '{path}': Secret team/db, key host" in done.err
    assert "a list" not in done.err.replace("a list of", "")


@pytest.mark.parametrize("flag", ["--patch", "--values", "--pattern"])
@pytest.mark.parametrize(
    ("content", "reason"),
    [("a: [\n", "DocumentInvalid"), (b"\xff\xfe\xfd", "DocumentInvalid"), (None, "ArtifactNotFound")],
)
def test_a_file_that_cannot_be_read_is_told_with_its_flag(patternctl, web, flag, content, reason):
    if content is not None:
        (patternctl.home / "bad.yaml").write_bytes(content.encode() if isinstance(content, str) else content)

    done = patternctl("render", web, flag, "bad.yaml")

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"patternctl: {reason}: {flag}: bad.yaml")
    assert "artifact again" not in done.err
    assert ("name " in done.err) is (content is None)


@pytest.mark.parametrize("given", ["folder", "folder/bad.yaml"])
@pytest.mark.parametrize("flag", ["--patch", "--values", "--pattern"])
def test_a_broken_file_of_a_folder_is_named_as_it_is_found_from_here(patternctl, web, flag, given):
    (patternctl.home / "folder").mkdir()
    (patternctl.home / "folder" / "bad.yaml").write_text("a: [\n")

    done = patternctl("render", web, flag, given)

    assert f"{flag}: folder/bad.yaml, line 2" in done.err


def test_a_key_that_yaml_reads_as_another_is_told_even_where_that_is_why_it_is_refused(patternctl, web, pattern):
    path = pattern({})
    path.write_text(path.read_text().replace("render: {}", "render: {parameters: {on: a.example, replicas: many}}"))

    done = patternctl("render", web, "--pattern", path)

    assert done.code == 1
    assert f"'{path}': spec.render.parameters.on read as the key true" in done.err


def test_a_question_ends_without_a_full_stop(patternctl, web, pattern):
    done = patternctl("render", web, "--pattern", pattern({"targetNamespac": "shop"}))

    assert "did you mean targetNamespace? Correct it." in done.err


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

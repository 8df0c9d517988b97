"""``patternctl push``: the same files make the same artifact, which can be signed, verified and rendered."""

import io
import json
import shlex
import subprocess
import tarfile

import pytest
import yaml
from tests.cli.conftest import ALICE
from tests.render.designs import DATA
from tests.testbed.cosign import SIGN as SIGN_WITH_COSIGN
from tests.testbed.cosign import Cosign
from tests.testbed.paths import BIN

from pattern_operator.api.artifact import File
from pattern_operator.api.signing import SIGN
from pattern_operator.cli import push

WHOLE = DATA / "nginx-deployment"


@pytest.fixture
def folder(tmp_path):
    """A pattern with a design, and beside it what does not belong to it."""
    root = tmp_path / "pattern"
    (root / "more").mkdir(parents=True)
    (root / ".git").mkdir()
    for path in ("design.yml", "more/a.yaml", "more/b.json", "README.md", "more/Makefile", ".hidden.yml", ".git/c.yml"):
        (root / path).write_text((WHOLE / "design.yml").read_text() if path == "design.yml" else f"# {path}\n")
    return root


def test_the_digest_is_printed_with_the_command_that_signs_it(patternctl, repository):
    done = patternctl("push", "--insecure", WHOLE, f"{repository.oci}:1.0.0")

    digest = repository.manifest("1.0.0").headers["Docker-Content-Digest"]
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        f"pushed  {repository.oci}:1.0.0",
        f"digest  {digest}",
        f"sign it with: {SIGN} --insecure oci://{repository.at(digest)}",
    ]


def test_the_command_that_is_printed_signs(patternctl, repository):
    patternctl.variables.update(PATTERNCTL_KEY_PASSWORD="")
    patternctl("generate-key-pair")
    pushed = patternctl("push", "--insecure", WHOLE, f"{repository.oci}:1.0.0")
    program, *words = shlex.split(pushed.out.splitlines()[-1].removeprefix("sign it with: "))

    signed = patternctl(*words)

    assert (program, signed.code, signed.err) == ("patternctl", 0, "")
    assert patternctl("verify", "--insecure", f"{repository.oci}:1.0.0", "--key", "cosign.pub").code == 0


def test_the_command_of_the_docs_signs_where_the_internet_is_not_reached(patternctl, repository, tmp_path):
    key = Cosign(tmp_path).key_pair()
    assert (key.private.name, key.public.name) == ("cosign.key", "cosign.pub")
    patternctl("push", "--insecure", WHOLE, f"{repository.oci}:1.0.0")

    signed = offline(f"{SIGN_WITH_COSIGN} --allow-http-registry {artifact(repository)}", directory=tmp_path)

    assert signed.returncode == 0, signed.stderr
    verified = patternctl("verify", "--insecure", f"{repository.oci}:1.0.0", "--key", key.public)
    assert (verified.code, "cosign" in verified.out) == (0, True)


def test_without_its_flags_cosign_does_not_sign_where_the_internet_is_not_reached(patternctl, repository, tmp_path):
    Cosign(tmp_path).key_pair()
    patternctl("push", "--insecure", WHOLE, f"{repository.oci}:1.0.0")
    command = f"{SIGN_WITH_COSIGN} --allow-http-registry {artifact(repository)}"

    signed = offline(command.replace("=false", "=true") + " --yes", directory=tmp_path)

    assert signed.returncode != 0
    assert repository.referrers(repository.manifest("1.0.0").headers["Docker-Content-Digest"]) == []


def artifact(repository):
    """What 1.0.0 names, as cosign takes it."""
    return repository.at(repository.manifest("1.0.0").headers["Docker-Content-Digest"])


def offline(command, *, directory):
    """Run a command of cosign, with a key without a password and with no way but to loopback."""
    program, *arguments = shlex.split(command)
    nowhere = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    home = {"HOME": str(directory), "DOCKER_CONFIG": str(directory), "COSIGN_PASSWORD": "", "PATH": str(BIN)}
    return subprocess.run(
        [BIN / program, *arguments],
        cwd=directory,
        env={**home, **nowhere},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("written", ["{oci}:1.0.0", "{bare}:1.0.0"])
def test_programs_are_told_in_json(patternctl, repository, written):
    reference = written.format(oci=repository.oci, bare=repository.oci.removeprefix("oci://"))

    done = patternctl("push", "--insecure", WHOLE, reference, "-o", "json")

    digest = repository.manifest("1.0.0").headers["Docker-Content-Digest"]
    assert done.code == 0
    assert done.json == {
        "reference": f"{repository.oci}:1.0.0",
        "revision": f"1.0.0@{digest}",
        "tag": "1.0.0",
        "digest": digest,
    }
    again = patternctl("push", "--insecure", WHOLE, reference, "-o", "yaml")
    assert yaml.safe_load(again.out) == done.json


def test_pushing_the_same_files_again_gives_the_same_digest(patternctl, repository, registry):
    first = patternctl("push", "--insecure", WHOLE, f"{repository.oci}:1.0.0", "-o", "json")
    registry.forget_requests()
    second = patternctl("push", "--insecure", WHOLE, f"{repository.oci}:1.0.1", "-o", "json")

    assert first.json["digest"] == second.json["digest"]
    assert "PUT blobs" not in registry.requests()


def test_a_folder_is_pushed_with_exactly_its_yaml_and_json(patternctl, repository, folder):
    done = patternctl("push", "--insecure", folder, f"{repository.oci}:1.0.0", "-o", "json")

    assert paths_in(repository, done.json["digest"]) == ["design.yml", "more/a.yaml", "more/b.json"]


def paths_in(repository, digest):
    (layer,) = json.loads(repository.manifest(digest).body)["layers"]
    with tarfile.open(fileobj=io.BytesIO(repository.blob(layer["digest"]))) as archive:
        return archive.getnames()


def test_what_was_pushed_signed_and_verified_is_rendered_as_the_files_are(patternctl, repository, cosign, key_pair):
    digest = patternctl("push", "--insecure", WHOLE, f"{repository.oci}:1.0.0", "-o", "json").json["digest"]
    cosign.sign_bundle(repository.at(digest), key=key_pair)

    verified = patternctl("verify", "--insecure", repository.at(digest), "--key", key_pair.public)
    rendered = patternctl("render", "--insecure", repository.at(digest))

    assert (verified.code, rendered.code) == (0, 0)
    assert rendered.out == patternctl("render", WHOLE).out


def test_the_design_in_an_export_of_meshery_is_what_is_pushed(patternctl, repository):
    done = patternctl("push", "--insecure", DATA / "meshery-export.tar", f"{repository.oci}:1.0.0", "-o", "json")

    assert paths_in(repository, done.json["digest"]) == ["artifacthub-pkg.yml", "design.yml"]


def test_the_credentials_are_those_of_docker_login(patternctl, guarded):
    patternctl.log_in(guarded.address, name=ALICE.name, password=ALICE.password)
    repository = guarded.repository()

    done = patternctl("push", "--insecure", WHOLE, f"{repository.oci}:1.0.0")

    assert (done.code, done.err) == (0, "")
    assert repository.tags() == ["1.0.0"]


def test_without_credentials_nothing_is_pushed_and_it_says_how_to_log_in(patternctl, guarded):
    done = patternctl("push", "--insecure", WHOLE, f"{guarded.repository().oci}:1.0.0")

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("patternctl: AuthenticationRequired: ")
    assert f"log in with `docker login {guarded.address}`" in done.err
    assert "Secret" not in done.err


def test_a_registry_that_does_not_listen_is_said(patternctl, guarded):
    guarded.stop()

    done = patternctl("push", "--insecure", WHOLE, f"oci://{guarded.address}/web:1.0.0")

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("patternctl: RegistryUnavailable: ")


def test_a_registry_that_takes_no_pushes_is_said(patternctl, registry, repository):
    with registry.faulty({"path": "/manifests/", "method": "PUT", "status": 403}):
        done = patternctl("push", "--insecure", WHOLE, f"{repository.oci}:1.0.0")

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("patternctl: AccessDenied: ")


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        (
            "oci://registry.example/patterns/web",
            "names no tag: push to one, as in oci://registry.example/patterns/web:1",
        ),
        ("localhost:5000/web", "names no tag"),
        ("web:1.0.0", "names no repository: write oci://host[:port]/repository"),
        ("oci://registry.example/Web:1.0.0", "must be small letters and digits"),
        ("oci://registry.example/web:latest!", "must be 1 to 128 letters, digits and . _ -"),
        (f"oci://registry.example/web@sha256:{'0' * 64}", "names a digest, which only the content itself can have"),
        (f"oci://registry.example/web:1.0@sha256:{'0' * 64}", "names a digest"),
    ],
)
def test_what_cannot_be_pushed_to_says_what_is_right(patternctl, reference, says):
    done = patternctl("push", WHOLE, reference)

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("patternctl: InvalidReference: ")
    assert says in done.err


HOOK = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "seed", "annotations": {"helm.sh/hook": "test"}}}
NOOP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b", "annotations": {"kapp.k14s.io/noop": ""}}}
KPTFILE = {"apiVersion": "kpt.dev/v1", "kind": "Kptfile", "metadata": {"name": "shop"}}


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"kustomization.yaml": "resources: [a.yaml]"}, ["KustomizationInvalid", "a.yaml"]),
        ({"Chart.yaml": "name: web", "templates/a.yaml": "a: {{ .b }}"}, ["ChartInvalid", "version"]),
        ({"a.yaml": "a: [1, 2"}, ["DocumentInvalid", "a.yaml"]),
        ({"a.yaml": json.dumps(HOOK)}, ["seed", "helm.sh/hook"]),
        ({"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n"}, ["is refused", "metadata.name"]),
        ({"a.yaml": json.dumps(NOOP)}, ["ConfigMap default/b is never applied", "kapp.k14s.io/noop"]),
        ({"a.yaml": json.dumps(KPTFILE)}, ["Kptfile shop is left out"]),
    ],
    ids=["kustomization", "chart", "broken", "hook", "refused", "noop", "kptfile"],
)
def test_what_the_operator_will_not_apply_is_warned_of_and_pushed(patternctl, repository, tmp_path, files, says):
    for path, content in files.items():
        (tmp_path / "pattern" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pattern" / path).write_text(content)

    done = patternctl("push", "--insecure", tmp_path / "pattern", f"{repository.oci}:1.0.0")

    assert done.code == 0
    assert done.err.startswith("patternctl: warning: ")
    assert [each for each in says if each not in done.err] == []
    assert repository.tags() == ["1.0.0"]


def test_of_many_warnings_some_are_shown_and_the_rest_is_counted(patternctl, repository, tmp_path):
    (tmp_path / "pattern").mkdir()
    nameless = "apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n"
    (tmp_path / "pattern" / "a.yaml").write_text("---\n".join([nameless] * 25))

    done = patternctl("push", "--insecure", tmp_path / "pattern", f"{repository.oci}:1.0.0")

    assert len(done.err.splitlines()) == 21
    assert done.err.endswith("patternctl: warning: and 5 more: patternctl render shows them\n")


def test_a_path_that_does_not_exist_is_said(patternctl):
    done = patternctl("push", "missing", "oci://registry.example/web:1.0.0")

    assert (done.code, done.out) == (1, "")
    assert "missing cannot be read (No such file or directory): name a file or folder." in done.err


def test_a_folder_without_yaml_or_json_is_not_pushed(patternctl, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "README.md").write_text("nothing")

    done = patternctl("push", tmp_path / "empty", "oci://registry.example/web:1.0.0")

    assert (done.code, done.out) == (1, "")
    assert "holds no YAML or JSON file: name the folder of the pattern" in done.err


def test_a_file_whose_name_is_not_text_is_not_pushed(patternctl, repository, tmp_path):
    (tmp_path / "pattern").mkdir()
    (tmp_path / "pattern" / "caf\udce9.yml").write_text("kind: ConfigMap")

    done = patternctl("push", "--insecure", tmp_path / "pattern", f"{repository.oci}:1.0.0")

    assert (done.code, done.out) == (1, "")


def test_a_link_out_of_the_folder_is_never_published(patternctl, repository, registry, folder, tmp_path):
    (tmp_path / "secret.yaml").write_text("password: tulipwood")
    (folder / "x.yaml").symlink_to(tmp_path / "secret.yaml")
    registry.forget_requests()

    for command in (("push", "--insecure", folder, f"{repository.oci}:1.0.0"), ("render", folder)):
        done = patternctl(*command)
        assert done.code == 1
        assert "is a link, which is not followed" in done.err
        assert "tulipwood" not in done.out + done.err

    assert registry.requests() == {}


def test_an_oci_layout_is_copied_with_its_digest(patternctl, repository, tmp_path):
    patternctl("push", "--insecure", WHOLE, f"{repository.oci}:1.0.0")
    layout, manifest = tmp_path / "layout", repository.manifest("1.0.0")
    digest = manifest.headers["Docker-Content-Digest"]
    blobs = layout / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    document = json.loads(manifest.body)
    (blobs / digest.removeprefix("sha256:")).write_bytes(manifest.body)
    for each in (document["config"], *document["layers"]):
        (blobs / each["digest"].removeprefix("sha256:")).write_bytes(repository.blob(each["digest"]))
    entry = {"mediaType": document["mediaType"], "digest": digest, "size": len(manifest.body)}
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    (layout / "oci-layout").write_text(json.dumps({"imageLayoutVersion": "1.0.0"}))

    done = patternctl("push", "--insecure", layout, f"{repository.oci}-copy:2.0.0", "-o", "json")

    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out)["digest"] == digest
    rendered = patternctl("render", "--insecure", f"{repository.oci}-copy:2.0.0")
    assert rendered.code == 0


PATTERN = b"apiVersion: pattern-operator.io/v1alpha1\nkind: Pattern\nparameters:\n  schema: {required: [host, db]}\n"
WEB = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: '${host}'}\n"
REQUIRED = {"required": ["host", "db"], "properties": {"db": {"required": ["user", "password"]}}}
NOTE = "note: it needs parameters: {}. Its DesignPattern gives them in spec.render.parameters."


def push_chart(patternctl, repository, files):
    """Push a chart of these files; what is said on standard error."""
    patternctl.variables["PATH"] = f"{BIN}:/usr/bin:/bin"
    for name, content in {"Chart.yaml": "{apiVersion: v2, name: web, version: 1.0.0}", **files}.items():
        (patternctl.home / "web" / name).parent.mkdir(parents=True, exist_ok=True)
        (patternctl.home / "web" / name).write_text(content)
    done = patternctl("push", "--insecure", "web", f"{repository.oci}:1.0.0")
    assert done.code == 0
    return done.err


def test_a_pattern_that_requires_parameters_is_pushed_with_their_names():
    pushed = push._warnings([File("pattern.yaml", PATTERN), File("web.yaml", WEB)])

    assert pushed == [NOTE.format("host, db")]


@pytest.mark.parametrize(("values", "names"), [("", "host, db"), ("db: {}", "host, db.user, db.password")])
def test_a_chart_that_requires_values_is_pushed_with_their_names(patternctl, repository, values, names):
    files = {"values.yaml": values, "values.schema.json": json.dumps(REQUIRED), "templates/a.yaml": ""}

    said = push_chart(patternctl, repository, files)

    words = said.removeprefix("patternctl: ").strip()
    assert sorted(words.split(": ")[2].split(". ")[0].split(", ")) == sorted(names.split(", "))
    assert "cannot render" not in words


def test_a_chart_that_fails_is_told_to_fail_with_its_own_values(patternctl, repository):
    said = push_chart(patternctl, repository, {"templates/a.yaml": '{{ required "a host is needed" .Values.host }}'})

    assert "warning: the operator cannot render this with its own values: ChartFailed: " in said
    assert "a host is needed" in said


def test_defaults_that_do_not_fit_are_a_warning(patternctl, repository):
    schema = json.dumps({"properties": {"replicas": {"type": "integer"}}})
    files = {"values.yaml": "replicas: many", "values.schema.json": schema, "templates/a.yaml": ""}

    said = push_chart(patternctl, repository, files)

    assert "warning: the operator cannot render this with its own values: ParametersInvalid: " in said
    assert "it needs parameters" not in said


def test_a_warning_names_no_flag_that_push_does_not_have():
    bases = [File(f"{name}/kustomization.yaml", b"resources: [a.yaml]\n") for name in ("a", "b")]

    [warning] = push._warnings(bases)

    assert "spec.source.layer.path" in warning
    assert "--path" not in warning

"""``patternctl inspect``: what an artifact is, by real parts; what cannot be asked hides nothing else."""

import gzip
import io
import json
import tarfile

import pytest
import yaml
from tests.cli.conftest import ALICE
from tests.render.designs import DATA
from tests.testbed.paths import BIN
from tests.verify.local_sigstore import ISSUER, WORKFLOW, LocalSigstore, statement

BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
PROVENANCE = "https://slsa.dev/provenance/v1"
YAML = "application/yaml"
CONTENT = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n"
PATTERN = """\
apiVersion: pattern-operator.io/v1alpha1
kind: Pattern
name: shop
version: 1.4.2
parameters:
  schema:
    required: [host]
    properties:
      host: {type: string, description: Where it is reached}
      replicas: {type: integer, default: 2}
      password: {type: string, default: tulipwood}
"""
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: 'web:${replicas}'}]}\n"


@pytest.fixture
def shop(patternctl, repository, tmp_path):
    """A pattern with all that may be said of it, pushed as 1.4.2; the folder that it was pushed from."""
    folder = tmp_path / "shop"
    folder.mkdir()
    package = {
        "displayName": "The shop",
        "description": "Sells things.",
        "license": "Apache-2.0",
        "createdAt": "2026-01-31T10:00:00Z",
        "links": [{"name": "source", "url": "https://git.example/shop"}, {"name": "x", "url": "javascript:alert(1)"}],
        "provider": {"name": "Example Ltd"},
    }
    (folder / "artifacthub-pkg.yml").write_text(yaml.safe_dump(package))
    (folder / "pattern.yaml").write_text(PATTERN)
    (folder / "web.yaml").write_text(POD)
    (folder / "README.md").write_text("# Shop\n\nSells \x1b[31mthings.\n")
    (folder / "CHANGELOG.md").write_text("# Changes\n\n## 1.4.2 - 2026-01-31\n\n### Fixed\n\n- the door\n\n## 1.4.1\n")
    pushed = patternctl("push", "--insecure", folder, f"{repository.oci}:1.4.2", "-o", "json")
    assert pushed.code == 0, pushed.err
    return pushed.json["digest"]


def inspect(patternctl, reference, *flags):
    return patternctl("inspect", "--insecure", reference, *flags)


def found(patternctl, reference, *flags):
    """The document, and that all of it could be asked."""
    done = inspect(patternctl, reference, *flags, "-o", "json")
    assert done.code == 0, done.err
    return done.json


def test_everything_that_a_pattern_says_of_itself_is_told(patternctl, repository, shop):
    told = found(patternctl, f"{repository.oci}:1.4.2", "--set", "host=shop.example")

    assert (told["reference"], told["tag"], told["digest"]) == (f"{repository.oci}:1.4.2", "1.4.2", shop)
    metadata = told["metadata"]
    assert (metadata["title"], metadata["name"], metadata["version"]) == ("The shop", "shop", "1.4.2")
    assert (metadata["licenses"], metadata["vendor"]) == ("Apache-2.0", "Example Ltd")
    assert (metadata["created"], metadata["home"]) == ("2026-01-31T10:00:00Z", None)
    assert metadata["links"] == [{"name": "source", "url": "https://git.example/shop"}]
    assert told["versions"]["tags"][0]["tag"] == "1.4.2"
    assert told["contents"]["images"] == [{"image": "web:2", "usedBy": ["Pod default/web"], "more": 0}]
    (component,) = told["contents"]["components"]
    assert (component["kind"], component["name"], component["outcome"]) == ("Pod", "web", "rendered")
    assert [(each["path"], each["required"], each["default"]) for each in told["parameters"]] == [
        ("host", True, None),
        ("replicas", False, "2"),
        ("password", False, "***"),
    ]
    assert told["changelog"][0] == {
        "version": "1.4.2",
        "date": "2026-01-31",
        "changes": [{"description": "the door", "kind": "fixed", "links": []}],
    }
    assert told["readme"] == "# Shop\n\nSells  [31mthings."
    assert (told["signatures"], told["attestations"], told["verification"]) == ([], [], None)
    assert told["problems"] == []


def test_the_same_is_told_in_yaml(patternctl, repository, shop):
    reference = f"{repository.oci}:1.4.2"

    done = inspect(patternctl, reference, "--set", "host=a", "-o", "yaml")

    assert yaml.safe_load(done.out) == found(patternctl, reference, "--set", "host=a")


def test_people_are_told_in_sections(patternctl, repository, shop):
    done = inspect(patternctl, f"{repository.oci}:1.4.2", "--set", "host=a")

    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[:3] == [
        f"reference    {repository.oci}:1.4.2",
        f"digest       {shop}",
        "title        The shop / shop",
    ]
    titles = [line for line in lines if line.isupper() and " " not in line]
    assert titles == ["VERSIONS", "SIGNATURES", "COMPONENTS", "IMAGES", "PARAMETERS", "CHANGES"]
    assert "none: nobody signed it" in lines
    assert "  fixed: the door" in lines
    assert "and 1 older release: in -o json" in lines
    assert "contents     Manifests, 1 object" in lines
    assert lines[-1] == "README: --readme prints it"
    assert "tulipwood" not in done.out
    assert "javascript" not in done.out


def test_the_readme_is_printed_as_text_without_what_commands_a_terminal(patternctl, repository, shop):
    done = inspect(patternctl, f"{repository.oci}:1.4.2", "--readme")

    assert (done.code, done.out) == (0, "# Shop\n\nSells  [31mthings.\n")


def test_where_there_is_no_readme_that_is_said(patternctl, repository):
    repository.push("1.0.0", [(YAML, CONTENT)])

    done = inspect(patternctl, f"{repository.oci}:1.0.0", "--readme")

    assert (done.code, done.out) == (0, "")
    assert done.err.endswith("has no README\n")


def test_without_the_parameters_that_it_needs_the_rest_is_told_and_the_problem_named(patternctl, repository, shop):
    done = inspect(patternctl, f"{repository.oci}:1.4.2", "-o", "json")

    assert done.code == 0
    assert done.json["contents"] is None
    (problem,) = done.json["problems"]
    assert (problem["part"], problem["reason"]) == ("contents", "ParametersInvalid")
    assert "host is required" in problem["message"]
    assert done.err.startswith("patternctl: warning: contents: ParametersInvalid: ")
    assert done.json["parameters"][0]["path"] == "host"


# --- what others write ----------------------------------------------------------------------------------------------


def folder_as_oras_packs_it(name):
    """A published design as oras-go packs a folder: a gzipped tar whose entries begin with the name of the folder."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        folder = tarfile.TarInfo(name)
        folder.type, folder.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(folder)
        for file in sorted((DATA / name).iterdir()):
            entry = tarfile.TarInfo(f"{name}/{file.name}")
            entry.size = file.stat().st_size
            tar.addfile(entry, io.BytesIO(file.read_bytes()))
    return gzip.compress(packed.getvalue())


def test_a_folder_that_meshery_pushed_is_pulled_and_inspected(patternctl, repository):
    name, media_type = "nginx-deployment", "application/vnd.test.folder"  # meshkit, PushToOCIRegistry
    layer = repository.push_blob(media_type, folder_as_oras_packs_it(name))
    layer["annotations"] = {"org.opencontainers.image.title": name, "io.deis.oras.content.unpack": "true"}
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": "application/vnd.test.artifact",
        "config": repository.push_blob("application/vnd.oci.empty.v1+json", b"{}"),
        "layers": [layer],
        "annotations": {"org.opencontainers.image.created": "2026-01-01T00:00:00Z"},
    }
    repository.push_manifest(json.dumps(manifest).encode(), tag="latest")

    told = found(patternctl, f"{repository.oci}:latest")

    assert told["artifactType"] == "application/vnd.test.artifact"
    assert told["layers"][0]["mediaType"] == media_type
    assert (told["metadata"]["title"], told["metadata"]["licenses"]) == ("doks-nginx-deployment", "Apache-2.0")
    assert (told["contents"]["format"], told["contents"]["objects"]) == ("Meshery", 2)


def test_a_design_as_meshery_builds_it_is_inspected(patternctl, repository):
    patternctl("push", "--insecure", DATA / "meshery-export.tar", f"{repository.oci}:1.0.0")

    told = found(patternctl, f"{repository.oci}:1.0.0")

    assert (told["contents"]["format"], told["contents"]["objects"]) == ("Meshery", 3)
    assert told["metadata"]["title"]


def test_a_chart_is_told_with_the_values_that_it_takes(patternctl, repository, tmp_path):
    patternctl.variables["PATH"] = f"{BIN}:/usr/bin:/bin"
    chart = tmp_path / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("{apiVersion: v2, name: web, version: 2.0.0, description: A web}")
    (chart / "values.yaml").write_text("image: {tag: '1'}\n")
    (chart / "README.md").write_text("Of the chart\n")
    (chart / "templates" / "pod.yaml").write_text(POD.replace("${replicas}", "{{ .Values.image.tag }}"))
    patternctl("push", "--insecure", chart, f"{repository.oci}:2.0.0")

    told = found(patternctl, f"{repository.oci}:2.0.0", "--set-string", "image.tag=7")

    assert (told["metadata"]["name"], told["metadata"]["description"]) == ("web", "A web")
    assert told["parameters"][0] == {
        "path": "image.tag",
        "type": "string",
        "required": False,
        "default": '"1"',
        "description": None,
        "choices": [],
    }
    assert (told["contents"]["format"], told["contents"]["images"][0]["image"]) == ("Helm", "web:7")
    assert told["readme"] == "Of the chart"


def test_an_artifact_that_holds_no_pattern_is_told_all_the_same(patternctl, repository):
    annotations = {"org.opencontainers.image.title": "Models", "org.opencontainers.image.version": "3"}
    repository.push("3.0.0", [("application/json", b'{"models": []}')], annotations=annotations)

    done = inspect(patternctl, f"{repository.oci}:3.0.0", "-o", "json")

    assert done.code == 0
    assert (done.json["metadata"]["title"], done.json["contents"]) == ("Models", None)
    assert [(each["part"], each["reason"]) for each in done.json["problems"]] == [("contents", "NotAPattern")]


# --- who signed -----------------------------------------------------------------------------------------------------


@pytest.fixture
def signed(repository, tmp_path):
    """An artifact that an identity of an instance of our own signed; the file with its trusted root."""
    digest = repository.push("1.0.0", [(YAML, CONTENT)])
    local = LocalSigstore()
    content = json.dumps(local.sign(statement(digest))).encode()
    repository.push(None, [(BUNDLE, content)], artifact_type=BUNDLE, subject=digest)
    (tmp_path / "root.json").write_text(json.dumps(local.trusted_root()))
    return tmp_path / "root.json"


def test_who_signed_without_a_key_is_proven_by_the_root_that_is_given(patternctl, repository, signed):
    told = found(patternctl, f"{repository.oci}:1.0.0", "--trusted-root", signed)

    (signer,) = told["signatures"]
    assert (signer["identity"], signer["issuer"], signer["proven"]) == (WORKFLOW, ISSUER, True)
    assert signer["signedAt"].startswith("2026-05-01T")
    assert told["verification"] is None
    people = inspect(patternctl, f"{repository.oci}:1.0.0", "--trusted-root", signed).out
    assert f"{WORKFLOW} ({ISSUER})   bundle   proven, and not yet trusted" in people


def test_by_another_root_it_is_not_proven_and_says_so(patternctl, repository, signed):
    (signer,) = found(patternctl, f"{repository.oci}:1.0.0")["signatures"]

    assert (signer["identity"], signer["proven"], signer["signedAt"]) == (WORKFLOW, False, None)
    assert signer["why"].startswith("it is not signed by ")


def test_with_somebody_to_trust_it_is_verified(patternctl, repository, cosign, key_pair):
    digest = repository.push("1.0.0", [(YAML, CONTENT)])
    cosign.sign_bundle(repository.at(digest), key=key_pair)
    stranger = cosign.key_pair("another")

    told = found(patternctl, f"{repository.oci}:1.0.0", "--key", key_pair.public)
    refused = found(patternctl, f"{repository.oci}:1.0.0", "--key", stranger.public)

    assert (told["verification"]["verified"], told["verification"]["digest"]) == (True, digest)
    assert [(each["proven"], each["identity"]) for each in told["signatures"]] == [(False, None)]
    assert "verify it with the public key" in told["signatures"][0]["why"]
    assert (refused["verification"]["verified"], refused["verification"]["reason"]) == (False, "SignatureUntrusted")
    people = inspect(patternctl, f"{repository.oci}:1.0.0", "--key", stranger.public).out
    assert "NOT VERIFIED: " in people


def test_attestations_and_sboms_are_listed_by_what_they_say_that_they_are(patternctl, repository):
    digest = repository.push("1.0.0", [(YAML, CONTENT)])
    hint = {"dev.sigstore.bundle.predicateType": PROVENANCE}
    repository.push(None, [(BUNDLE, b"{}")], artifact_type=BUNDLE, subject=digest, annotations=hint)
    repository.push(None, [("text/spdx+json", b"{}")], artifact_type="application/spdx+json", subject=digest)
    repository.push(None, [("text/plain", b"x")], artifact_type="application/vnd.example.note", subject=digest)

    told = found(patternctl, f"{repository.oci}:1.0.0")

    assert sorted((each["kind"], each["predicateType"]) for each in told["attestations"] if each["predicateType"]) == [
        ("attestation", PROVENANCE)
    ]
    assert sorted(each["kind"] for each in told["attestations"]) == ["attestation", "other", "sbom"]


# --- what goes wrong ------------------------------------------------------------------------------------------------


def test_a_registry_that_lists_no_tags_hides_nothing_else(patternctl, registry, repository):
    repository.push("1.0.0", [(YAML, CONTENT)])

    with registry.faulty({"path": "/tags/list", "status": 403}):
        done = inspect(patternctl, f"{repository.oci}:1.0.0", "-o", "json")

    assert done.code == 5
    assert done.json["versions"] is None
    assert done.json["contents"]["objects"] == 1
    assert [(each["part"], each["reason"]) for each in done.json["problems"]] == [("versions", "AccessDenied")]
    assert done.err.startswith("patternctl: warning: versions: AccessDenied: ")


def test_a_registry_that_cannot_say_who_signed_is_not_taken_for_nobody(patternctl, registry, repository):
    repository.push("1.0.0", [(YAML, CONTENT)])

    with registry.faulty({"path": "/referrers/|/manifests/sha256-", "status": 503}):
        done = inspect(patternctl, f"{repository.oci}:1.0.0", "-o", "json")

    assert done.code == 5
    assert {"signatures", "attestations"} <= {each["part"] for each in done.json["problems"]}
    assert (done.json["signatures"], done.json["verification"]) == (None, None)
    assert "warning: signatures: " in done.err
    with registry.faulty({"path": "/referrers/|/manifests/sha256-", "status": 503}):
        assert "nobody signed it" not in inspect(patternctl, f"{repository.oci}:1.0.0").out


def test_an_artifact_that_is_not_there_is_said(patternctl, repository):
    repository.push("1.0.0", [(YAML, CONTENT)])

    done = inspect(patternctl, f"{repository.oci}:2.0.0")

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("patternctl: ArtifactNotFound: ")


def test_a_registry_that_does_not_let_us_in_is_said(patternctl, guarded):
    repository = guarded.repository()
    repository.push("1.0.0", [(YAML, CONTENT)])

    done = inspect(patternctl, f"{repository.oci}:1.0.0")

    assert (done.code, done.err.split(": ")[1]) == (1, "AuthenticationRequired")
    patternctl.log_in(guarded.address, name=ALICE.name, password=ALICE.password)
    assert found(patternctl, f"{repository.oci}:1.0.0")["contents"]["objects"] == 1


def test_what_cannot_be_read_of_the_metadata_is_named(patternctl, repository):
    files = [("application/yaml", CONTENT), ("application/yaml", b"a: [1, 2")]
    layers = [repository.push_blob(*each) for each in files]
    for layer, title in zip(layers, ("web.yaml", "artifacthub-pkg.yml"), strict=True):
        layer["annotations"] = {"org.opencontainers.image.title": title}
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": repository.push_blob("application/vnd.oci.empty.v1+json", b"{}"),
        "layers": layers,
    }
    repository.push_manifest(json.dumps(manifest).encode(), tag="1.0.0")

    done = inspect(patternctl, f"{repository.oci}:1.0.0", "-o", "json")

    assert (done.code, done.json["contents"]["objects"]) == (0, 1)
    assert [each["part"] for each in done.json["problems"]] == ["metadata"]
    assert "artifacthub-pkg.yml' is not read" in done.err


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--readme", "-o", "json"), "--readme prints text alone"),
        (("--certificate-identity", "a"), "go together"),
        (("--certificate-oidc-issuer", "https://a.example"), "goes with --certificate-identity"),
        (("--key", "cosign.pub", "--trusted-root", "root.json"), "--trusted-root goes with --certificate-identity"),
    ],
)
def test_flags_that_do_not_go_together_are_refused(patternctl, flags, says):
    done = patternctl("inspect", "oci://registry.example/web:1", *flags)

    assert (done.code, done.out) == (2, "")
    assert says in done.err

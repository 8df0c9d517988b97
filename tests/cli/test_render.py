"""``patternctl render``: the objects on standard output, the report where it is wanted, the refusals beside them."""

import json
import typing

import pytest
from tests.render.designs import DATA, component, deployment, design, published
from tests.testbed.paths import ROOT

from pattern_operator.api import render_spec
from pattern_operator.api.reason import Reason
from pattern_operator.cli import render, rendered
from pattern_operator.cli.rendered import LeftOut
from pattern_operator.render import ComponentReason, options

YAML = "application/yaml"
WHOLE = DATA / "nginx-deployment"  # all of it is rendered
PARTLY = DATA / "bookinfo-selectors"  # two of its eight components are refused
EMPTY = DATA / "comments-only"
EXPORT = DATA / "meshery-export.tar"  # a docker-save tarball

GOOD = component("ConfigMap", "settings", {"data": {"mode": "y"}})
BAD = component("Deployment", "web", deployment() | {"spec": {"replicas": 1}}, version="apps/v1")


def kinds(objects):
    return sorted(f"{body['kind']} {body['metadata']['name']}" for body in objects)


@pytest.fixture
def files(tmp_path):
    """Write files into a folder; the folder."""

    def write(**contents):
        folder = tmp_path / "pattern"
        folder.mkdir()
        for name, content in contents.items():
            (folder / name.replace("_", ".")).write_bytes(content)
        return folder

    return write


# --- files ----------------------------------------------------------------------------------------------------------


def test_a_design_is_rendered_to_one_list(patternctl):
    done = patternctl("render", WHOLE)

    assert (done.code, done.err) == (0, "")
    assert kinds(done.items) == ["Deployment doks-example", "Service doks-example"]


def test_with_o_json_it_is_the_same_list(patternctl):
    done = patternctl("render", WHOLE, "-o", "json")

    assert done.code == 0
    assert (done.json["apiVersion"], done.json["kind"]) == ("v1", "List")
    assert done.json["items"] == patternctl("render", WHOLE).items


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_kubectl_takes_what_is_printed(patternctl, kubectl, form):
    done = patternctl("render", WHOLE, "-o", form)

    said = kubectl("apply", "--server-side", "--dry-run=server", "-f", "-", stdin=done.out)

    assert said.splitlines() == [
        "deployment.apps/doks-example serverside-applied (server dry run)",
        "service/doks-example serverside-applied (server dry run)",
    ]


@pytest.mark.parametrize(
    "source", [WHOLE / "design.yml", EXPORT, DATA / "not-a-design"], ids=["a file", "a docker-save tar", "manifests"]
)
def test_files_folders_and_tars_are_read(patternctl, source):
    done = patternctl("render", source)

    assert done.code == 0
    assert done.items


def test_a_docker_save_tar_as_meshery_exports_it_is_its_design(patternctl):
    done = patternctl("render", EXPORT, "-o", "json")

    assert sorted(body["kind"] for body in done.json["items"]) == ["ConfigMap", "ConfigMap", "ConfigMap"]


def test_a_pattern_comes_through_a_pipe(patternctl):
    with (WHOLE / "design.yml").open("rb") as design_file:
        done = patternctl("render", "/dev/stdin", stdin=design_file)

    assert kinds(done.items) == ["Deployment doks-example", "Service doks-example"]


def test_objects_without_a_namespace_go_to_the_one_that_is_named(patternctl, files):
    named = b"{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: own}}\n"
    folder = files(a_yml=named + b"---\n" + named.replace(b", namespace: own", b""))

    done = patternctl("render", folder, "-n", "shop")

    assert [body["metadata"]["namespace"] for body in done.items] == ["own", "shop"]


def test_the_target_namespace_is_that_of_every_object(patternctl, files):
    folder = files(a_yml=b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: elsewhere}\n")

    done = patternctl("render", folder, "--target-namespace", "shop")

    assert [body["metadata"]["namespace"] for body in done.items] == ["shop"]


def test_the_namespace_that_the_operator_would_make_is_printed(patternctl, files):
    folder = files(a_yml=b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")

    done = patternctl("render", folder, "--target-namespace", "shop", "--create-namespace")

    assert [(body["kind"], body["metadata"]["name"]) for body in done.items] == [
        ("Namespace", "shop"),
        ("ConfigMap", "a"),
    ]


def test_what_is_left_out_and_repaired_is_in_the_report(patternctl, files):
    hook = b"apiVersion: v1\nkind: Pod\nmetadata: {name: t, annotations: {helm.sh/hook: test}}\n"
    seen = (
        b"apiVersion: v1\nkind: Service\nmetadata: {name: s, uid: u}\nspec: {clusterIP: 1.2.3.4, ports: [{port: 80}]}\n"
    )

    done = patternctl("render", files(a_yml=hook + b"---\n" + seen), "--report", "-")

    assert done.code == 0
    assert '"reason": "Hook"' in done.err
    assert "spec.clusterIP left out: a cluster writes that" in done.err


def test_hooks_that_are_left_out_are_told_beside_what_is_printed(patternctl, files):
    hook = b"apiVersion: v1\nkind: Pod\nmetadata: {name: t, annotations: {helm.sh/hook: test}}\n"
    config = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"

    done = patternctl("render", files(a_yml=hook, b_yml=config))

    assert (done.code, len(done.items)) == (0, 1)
    assert "Pod t is a hook of Helm (test) and is left out" in done.err


def test_what_is_for_tools_on_a_machine_is_told_beside_what_is_printed(patternctl, files):
    kptfile = b"apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata: {name: shop}\n"
    config = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"

    done = patternctl("render", files(a_yml=kptfile, b_yml=config))

    assert (done.code, len(done.items)) == (0, 1)
    assert "Kptfile shop is left out, because it describes a package of kpt to kpt" in done.err


@pytest.mark.parametrize(
    ("annotation", "said"),
    [
        ('kapp.k14s.io/noop: ""', "kapp.k14s.io/noop"),
        ("kustomize.toolkit.fluxcd.io/reconcile: disabled", "kustomize.toolkit.fluxcd.io/reconcile"),
        ("pattern-operator.io/ssa: Ignore", "ssa: Ignore"),
    ],
)
def test_what_asks_never_to_be_applied_is_told_and_not_printed(patternctl, files, annotation: str, said: str):
    asking = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: b, annotations: {{{annotation}}}}}\n"
    config = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, annotations: {a: b}}\n"

    done = patternctl("render", files(a_yml=asking.encode(), b_yml=config))

    assert (done.code, [body["metadata"]["name"] for body in done.items]) == (0, ["c"])
    assert f"ConfigMap default/b is never applied: it is annotated {said}\n" in done.err


def test_where_all_ask_never_to_be_applied_there_is_nothing_to_deploy(patternctl, files):
    asking = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, annotations: {kapp.k14s.io/exists: ''}}\n"

    done = patternctl("render", files(a_yml=asking))

    assert (done.code, done.items) == (0, [])
    assert "there is nothing to deploy" in done.err


def test_a_part_of_the_pattern_is_chosen_by_path(patternctl, files):
    manifest = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n"
    folder = files(a_yml=manifest % b"a", b_yml=manifest % b"b")

    assert kinds(patternctl("render", folder).items) == ["ConfigMap a", "ConfigMap b"]
    assert kinds(patternctl("render", folder, "--path", "b.yml").items) == ["ConfigMap b"]


def test_a_format_that_the_pattern_has_not_is_refused(patternctl):
    done = patternctl("render", DATA / "not-a-design", "--format", "Meshery")

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("patternctl: NotAPattern: the artifact contains no Meshery design")


def test_every_format_of_the_spec_can_be_asked_for():
    assert typing.get_args(options.Format) == render._FORMATS


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_a_pattern_with_nothing_to_deploy_is_a_list_of_nothing_and_says_so(patternctl, form):
    done = patternctl("render", EMPTY, "-o", form)

    assert (done.code, done.items, done.err) == (0, [], f"patternctl: there is nothing to deploy in {EMPTY}\n")


# --- refusals and the report ----------------------------------------------------------------------------------------


def test_where_a_component_is_refused_nothing_is_printed_and_the_cause_is_told(patternctl, files):
    folder = files(design_yml=design(GOOD, BAD).content)

    done = patternctl("render", folder)

    assert (done.code, done.out) == (3, "")
    first, second, third = done.err.splitlines()
    assert first == "patternctl: 1 of 2 components were refused; nothing is printed:"
    assert second.startswith("  Deployment web: MissingRequiredField: ")
    assert "--on-invalid Skip prints the rest" in third


def test_a_manifest_that_is_refused_keeps_the_others_from_being_printed(patternctl, files):
    good = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
    folder = files(a_yml=good, b_yml=good.replace(b"name: a", b"name: 'Not A Name'"))

    done = patternctl("render", folder)

    assert (done.code, done.out) == (3, "")
    assert "1 of 2 components were refused" in done.err
    assert kinds(patternctl("render", folder, "--on-invalid", "Skip").items) == ["ConfigMap a"]


def test_with_on_invalid_skip_the_rest_is_printed_and_what_is_missing_is_told(patternctl, files):
    folder = files(design_yml=design(GOOD, BAD).content)

    done = patternctl("render", folder, "--on-invalid", "Skip")

    assert done.code == 0
    assert kinds(done.items) == ["ConfigMap settings"]
    first, second = done.err.splitlines()
    assert first == "patternctl: 1 of 2 components were refused; what is printed lacks them:"
    assert second.startswith("  Deployment web: MissingRequiredField: ")


def test_a_published_design_with_refusals_is_rendered_in_part(patternctl):
    done = patternctl("render", PARTLY, "--repair", "SetSelectorFromTemplate", "--on-invalid", "Skip")

    assert done.code == 0
    assert len(done.items) == 6
    assert "2 of 8 components were refused" in done.err


def test_only_the_first_refusals_are_told_one_by_one(patternctl, files):
    bad = [component("Deployment", f"web-{n}", {"spec": {}}, version="apps/v1") for n in range(25)]

    done = patternctl("render", files(design_yml=design(*bad).content))

    assert done.code == 3
    assert "\n  Deployment web-19: " in done.err
    assert "web-20" not in done.err
    assert "  and 5 more: --report FILE has them all\n" in done.err


def test_the_report_has_a_line_for_every_component(patternctl, files, tmp_path):
    report = tmp_path / "report.json"
    spaced = component("ConfigMap", "My Settings", {"data": {"a": "b"}})
    comment = component("Comment", "note", metadata={"isAnnotation": True})
    folder = files(design_yml=design(spaced, comment, BAD).content)

    done = patternctl("render", folder, "--report", report)

    assert done.code == 3
    found = json.loads(report.read_text())
    assert list(found) == ["components"]
    rendered, skipped, refused = found["components"]
    fields = ["id", "apiVersion", "kind", "namespace", "name", "outcome", "reason", "message"]
    fields += ["path", "position", "line", "repairs"]
    assert list(rendered) == fields
    assert (rendered["apiVersion"], rendered["namespace"]) == ("v1", "default")
    assert (rendered["path"].rpartition("/")[2], rendered["position"], rendered["line"]) == (
        "design.yml",
        "components[0]",
        1,
    )
    assert (rendered["outcome"], rendered["kind"], rendered["reason"]) == ("rendered", "ConfigMap", "")
    assert [each["name"] for each in rendered["repairs"]] == ["MakeNameValid"]
    assert (skipped["outcome"], skipped["repairs"]) == ("skipped", [])
    assert (refused["outcome"], refused["reason"]) == ("refused", "MissingRequiredField")
    assert refused["message"]


def test_the_report_has_a_row_for_the_namespace_that_is_made(patternctl, files, tmp_path):
    folder = files(a_yml=b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    report = tmp_path / "report.json"

    done = patternctl("render", folder, "--target-namespace", "shop", "--create-namespace", "--report", report)

    rows = json.loads(report.read_text())["components"]
    assert [(row["kind"], row["name"], row["outcome"]) for row in rows] == [
        ("ConfigMap", "a", "rendered"),
        ("Namespace", "shop", "rendered"),
    ]
    assert len(rows) == len(done.items)


def test_what_asks_never_to_be_applied_is_no_rendered_row(patternctl, files, tmp_path):
    asking = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, annotations: {kapp.k14s.io/noop: ''}}\n"
    report = tmp_path / "report.json"

    done = patternctl("render", files(a_yml=asking), "--report", report)

    (row,) = json.loads(report.read_text())["components"]
    assert (done.items, row["outcome"], row["reason"]) == ([], "skipped", "NeverApplied")
    assert "kapp.k14s.io/noop" in row["message"]


def test_a_row_of_a_refused_component_has_what_it_says_of_itself(patternctl, files, tmp_path):
    manifest = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: Not-A-Name, namespace: shop}\n"
    of_manifest, of_design = tmp_path / "a.json", tmp_path / "b.json"

    patternctl("render", files(a_yml=manifest), "--report", of_manifest)
    patternctl("render", files_of(patternctl, design(BAD).content), "--report", of_design)

    rows = [row for file in (of_manifest, of_design) for row in json.loads(file.read_text())["components"]]
    assert [(row["outcome"], row["apiVersion"], row["namespace"]) for row in rows] == [
        ("refused", "v1", "shop"),
        ("refused", "apps/v1", "default"),
    ]


@pytest.mark.parametrize("reason", [*LeftOut, Reason.PARAMETERS_NOT_FOUND, *ComponentReason])
def test_every_reason_of_a_row_stands_in_the_docs(reason):
    pages = [(ROOT / "docs" / f"{name}.md").read_text() for name in ("render-at-a-terminal", "meshery-designs")]

    assert any(f"| `{reason}` |" in page for page in pages)


def test_what_is_said_of_many_long_refusals_stays_below_20_kb(patternctl, files):
    long = "x" * 240
    bad = [component("Deployment", f"{long}-{n}", {"spec": {}}, version="apps/v1") for n in range(60)]
    hook = 'apiVersion: v1\nkind: Pod\nmetadata: {name: "%s%d", annotations: {helm.sh/hook: test}}\n'
    hooks = "---\n".join(hook % (long, n) for n in range(60))

    refused = patternctl("render", files(design_yml=design(*bad).content))
    (patternctl.home / "hooks.yml").write_text(hooks)
    left_out = patternctl("render", "hooks.yml")

    assert (refused.code, left_out.code) == (3, 0)
    assert 1_000 < len(refused.err.encode()) < 20_000
    assert 1_000 < len(left_out.err.encode()) < 20_000


def test_a_report_to_a_dash_takes_the_place_of_the_summary(patternctl):
    done = patternctl("render", PARTLY, "--repair", "SetSelectorFromTemplate", "--report", "-")

    assert (done.code, done.out) == (3, "")
    assert len(json.loads(done.err)["components"]) == 8


def test_what_is_refused_as_a_whole_takes_the_place_of_an_earlier_report(patternctl, files, tmp_path):
    report = tmp_path / "report.json"
    report.write_text('{"components": ["of yesterday"]}')

    done = patternctl("render", files(a_yml=b"a: ["), "--report", report)

    (row,) = json.loads(report.read_text())["components"]
    assert (done.code, row["outcome"], row["reason"]) == (1, "refused", "DocumentInvalid")
    assert row["message"].startswith("a.yml, line 2: ")
    assert row["message"] in done.err


def test_a_report_that_cannot_be_written_is_said_before_any_object_is_printed(patternctl, tmp_path):
    done = patternctl("render", WHOLE, "--report", tmp_path / "missing" / "report.json")

    assert (done.code, done.out) == (1, "")
    assert done.err == f"patternctl: {tmp_path}/missing/report.json: No such file or directory\n"


# --- what cannot be rendered ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "NotAPattern: the artifact contains neither a Meshery design nor a document"),
        (b"\xff\xff", "DocumentInvalid: a.yml, line 1: it is not UTF-8"),
        (b"a: [", "DocumentInvalid: a.yml, line 2: "),
        (b"{" * 100_000, "ArtifactTooLarge: a.yml, line 1: "),
        (b"[" * 50 + b"]" * 50, "NotAPattern: "),
        (b'{"apiVersion": "v1"}', "NotAPattern: "),
        (b"schemaVersion: designs.meshery.io/v1beta1\ncomponents: 1\n", "DocumentInvalid: a.yml, line 1: "),
        (b"a: &a [*a]\n", "DocumentInvalid: a.yml, line 1: "),
    ],
)
def test_what_is_not_a_pattern_is_refused_in_words(patternctl, files, content, says):
    done = patternctl("render", files(a_yml=content))

    assert (done.code, done.out) == (1, "")
    assert says in done.err


@pytest.mark.parametrize("name", ["missing", "missing/design.yml", "./missing/design.yml", "registry.example/web"])
def test_a_path_that_does_not_exist_says_what_may_stand_there(patternctl, name):
    done = patternctl("render", name)

    assert (done.code, done.out) == (1, "")
    assert "cannot be read (No such file or directory): name a file or folder." in done.err
    assert "name a file or folder.\n  an artifact is written oci://host[:port]/repository:tag" in done.err


def test_a_folder_without_yaml_or_json_is_refused(patternctl, files):
    done = patternctl("render", files(README_md=b"# nothing"))

    assert (done.code, done.out) == (1, "")
    assert "holds no YAML or JSON file: name the folder of the pattern" in done.err


@pytest.mark.parametrize("content", [b"\x1f\x8b\x08broken", bytes(257) + b"ustar" + bytes(250)], ids=["gzip", "tar"])
def test_a_broken_archive_is_refused(patternctl, tmp_path, content):
    path = tmp_path / "design.tar"
    path.write_bytes(content)

    done = patternctl("render", path)

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("patternctl: ")


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("oci://registry.example", "write oci://host[:port]/repository"),
        ("oci://registry.example/Web:1.0", "'Web' must be small letters and digits"),
        ("oci://registry.example/web:", "must be 1 to 128 letters, digits and . _ -"),
        ("oci://registry.example/web@sha256:0a1b", "sha256 has 64 small hex digits"),
        ("oci://", "write oci://host[:port]/repository"),
    ],
)
def test_a_bad_reference_says_what_is_right(patternctl, reference, says):
    done = patternctl("render", reference)

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("patternctl: InvalidReference: ")
    assert says in done.err
    assert "write oci://host[:port]/repository:tag, or @sha256:..." in done.err


def test_a_file_whose_name_is_not_text_is_rendered_and_reported(patternctl, files, tmp_path):
    folder, report = files(), tmp_path / "report.json"
    (folder / "caf\udce9.yml").write_bytes(b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")

    done = patternctl("render", folder, "--report", report)

    assert done.code == 0
    assert json.loads(report.read_text())["components"][0]["id"] == "caf\udce9.yml#1"


# --- artifacts ------------------------------------------------------------------------------------------------------


def push(repository, tag, name):
    return repository.push(tag, [(YAML, file.content) for file in published(name) if file.path == "design.yml"])


@pytest.mark.parametrize("written", ["{oci}:1.0.0", "{bare}:1.0.0", "{oci}@{digest}", "{bare}@{digest}"])
def test_an_artifact_is_pulled_by_tag_or_digest_with_the_scheme_or_without(patternctl, repository, written):
    digest = push(repository, "1.0.0", "nginx-deployment")
    bare = repository.oci.removeprefix("oci://")

    done = patternctl("render", "--insecure", written.format(oci=repository.oci, bare=bare, digest=digest))

    assert (done.code, done.err) == (0, "")
    assert done.items == patternctl("render", WHOLE).items
    assert list(patternctl.temporary.iterdir()) == []


def test_a_path_that_exists_wins_over_a_reference(patternctl):
    path = patternctl.home / "registry.example" / "web:1.0"
    path.parent.mkdir()
    path.write_bytes((WHOLE / "design.yml").read_bytes())

    done = patternctl("render", "registry.example/web:1.0")

    assert kinds(done.items) == ["Deployment doks-example", "Service doks-example"]


def test_the_refusals_of_an_artifact_are_told(patternctl, repository):
    repository.push("1.0.0", [(YAML, design(GOOD, BAD).content)])

    done = patternctl("render", "--insecure", f"{repository.oci}:1.0.0")

    assert (done.code, done.out) == (3, "")
    assert "1 of 2 components were refused" in done.err


def test_a_layer_is_chosen_by_its_media_type(patternctl, repository):
    manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {}}}\n".format
    repository.push("1.0.0", [("text/x-yaml", manifest("a").encode()), (YAML, manifest("b").encode())])

    done = patternctl("render", "--insecure", f"{repository.oci}:1.0.0", "--media-type", YAML)

    assert kinds(done.items) == ["ConfigMap b"]


@pytest.mark.parametrize("what", [":2.0.0", f"@sha256:{'0' * 64}"])
def test_an_artifact_that_is_not_there_is_said(patternctl, repository, what):
    push(repository, "1.0.0", "nginx-deployment")

    done = patternctl("render", "--insecure", f"{repository.oci}{what}")

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("patternctl: ArtifactNotFound: ")


def test_a_blob_that_was_changed_on_the_way_is_refused(patternctl, registry, repository):
    push(repository, "1.0.0", "nginx-deployment")

    with registry.faulty({"path": "/blobs/", "method": "GET", "tamper": "flip"}):
        done = patternctl("render", "--insecure", f"{repository.oci}:1.0.0")

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("patternctl: DigestMismatch: ")


def test_a_path_that_the_artifact_has_not_is_refused(patternctl, repository):
    push(repository, "1.0.0", "nginx-deployment")

    done = patternctl("render", "--insecure", f"{repository.oci}:1.0.0", "--path", "other.yml")

    assert (done.code, done.out) == (1, "")
    assert "LayerNotFound" in done.err
    assert "correct --path" in done.err


def test_without_credentials_it_says_how_to_log_in(patternctl, guarded):
    done = patternctl("render", "--insecure", f"{guarded.repository().oci}:1.0.0")

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("patternctl: AuthenticationRequired: ")
    assert f"log in with `docker login {guarded.address}`" in done.err
    assert "Secret" not in done.err


def test_without_insecure_a_plain_registry_is_refused_with_the_flag_to_give(patternctl, repository):
    done = patternctl("render", f"{repository.oci}:1.0.0")

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("patternctl: TLSFailed: ")
    assert "a registry that speaks plain http needs --insecure.\n" in done.err


# --- what is told beside what is printed ------------------------------------------------------------------------------


def test_a_namespace_that_nothing_goes_to_is_told(patternctl, files):
    folder = files(a_yml=b"apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n", b_yml=CONFIG)

    done = patternctl("render", folder, "--target-namespace", "other")

    assert (done.code, kinds(done.items)) == (0, ["ConfigMap c"])
    assert "shop" in done.err


def test_a_key_that_is_read_as_kubectl_reads_it_is_told(patternctl, files):
    done = patternctl("render", files(a_yml=CONFIG + b"data: {y: a}\n"))

    assert (done.code, done.items[0]["data"]) == (0, {"true": "a"})
    assert done.err.startswith("patternctl: ConfigMap c: ")
    assert patternctl("render", files_of(patternctl, CONFIG + b"data: {a: b}\n")).err == ""


def test_a_pattern_that_is_deprecated_is_told(patternctl, files):
    head = b"apiVersion: pattern-operator.io/v1alpha1\nkind: Pattern\n"
    done = patternctl("render", files(pattern_yaml=head + b"deprecated: use the other one\n", a_yml=CONFIG))

    assert (done.code, done.err) == (0, "patternctl: the pattern is deprecated: use the other one\n")


CONFIG = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"


def files_of(patternctl, content):
    path = patternctl.home / "c.yml"
    path.write_bytes(content)
    return path


# --- the command line -------------------------------------------------------------------------------------------------


def test_a_repair_that_there_is_not_is_refused(patternctl):
    done = patternctl("render", WHOLE, "--repair", "NamePort")

    assert (done.code, done.out) == (2, "")
    assert "did you mean NamePorts?" in done.err


def test_every_repair_that_needs_consent_can_be_allowed():
    assert typing.get_args(render_spec.ConsentedRepair) == render._REPAIRS
    assert typing.get_args(rendered.OnInvalid) == render._ON_INVALID


def test_a_name_before_the_chart_as_helm_takes_it_is_told_with_the_flag_for_it(patternctl):
    done = patternctl("render", "web", "./chart")

    assert (done.code, done.out) == (2, "")
    assert "the name of a release is given by --name" in done.err


@pytest.mark.parametrize("name", ["Chart.yaml", "kustomization.yaml"])
def test_the_file_that_says_what_a_folder_is_is_refused_alone(patternctl, name):
    (patternctl.home / "web").mkdir()
    (patternctl.home / "web" / name).write_text("apiVersion: v2\nname: web\nversion: 1.0.0\n")

    done = patternctl("render", f"web/{name}")

    assert (done.code, done.out) == (1, "")
    assert f"web/{name} alone is not rendered: name its folder, web" in done.err

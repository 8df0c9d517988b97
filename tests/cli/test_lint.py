"""``patternctl lint``: findings for people and programs, exit codes, and files that are mended."""

import argparse
import json
import os
from typing import get_args

import pytest
from tests.render.designs import DATA

from pattern_operator.api import render_spec
from pattern_operator.cli import exit_codes, mended_file
from pattern_operator.cli import lint as command
from pattern_operator.lint.schema import shipped
from pattern_operator.render import options

POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: web  # stays
  uid: abc
spec:
  containers:
  - name: web
    image: nginx
"""
WRONG = POD.replace("image: nginx", "image: nginx\n    imagee: a")
SECRET = "c0rrect-h0rse"


@pytest.fixture
def pod(tmp_path):
    """A file with a Pod that a repair is made to."""
    path = tmp_path / "pod.yaml"
    path.write_text(POD)
    return path


def test_a_finding_is_a_line_as_editors_read_it(patternctl, tmp_path):
    path = tmp_path / "pod.yaml"
    path.write_text(WRONG)

    done = patternctl("lint", path)

    assert done.code == exit_codes.FOUND
    assert done.out.splitlines() == [
        "pod.yaml:5:3: warning: Pod web: metadata.uid left out: of the cluster it was captured from"
        " [DropCapturedMetadata]",
        "pod.yaml:10:5: error: Pod web: spec.containers[0].imagee is not a field of Kubernetes 1.37; did you mean"
        " image? [UnknownField]",
        "1 error, 1 warning, 0 notes; --fix mends 1",
    ]


def test_warnings_alone_are_no_failure(patternctl, pod):
    assert patternctl("lint", pod).code == exit_codes.OK


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_programs_get_one_document(patternctl, pod, form):
    done = patternctl("lint", pod, "-o", form)

    found = done.json if form == "json" else done.yaml[0]
    assert (found["errors"], found["warnings"], found["notes"], found["leftOut"]) == (0, 1, 0, 0)
    [row] = found["findings"]
    assert (row["file"], row["line"], row["rule"], row["severity"], row["fixable"]) == (
        *("pod.yaml", 5, "DropCapturedMetadata", "warning", True),
    )


@pytest.mark.parametrize(
    ("written", "folder"), [("deploy", "deploy"), ("deploy/pod.yaml", "deploy"), (".", ""), ("-", ""), ("none", "")]
)
def test_sarif_names_files_as_the_repository_does(tmp_path, monkeypatch, written, folder):
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "pod.yaml").write_text(POD)
    monkeypatch.chdir(tmp_path)

    assert command._folder(argparse.Namespace(pattern=written)) == folder


def test_sarif_is_one_document(patternctl, pod):
    [run] = json.loads(patternctl("lint", pod, "-o", "sarif").out)["runs"]

    assert [each["ruleId"] for each in run["results"]] == ["DropCapturedMetadata"]


def test_fix_writes_the_repairs_and_nothing_else(patternctl, pod):
    pod.chmod(0o640)

    done = patternctl("lint", pod, "--fix")

    assert (done.code, pod.read_text()) == (0, POD.replace("  uid: abc\n", ""))
    assert pod.stat().st_mode & 0o777 == 0o640
    assert done.out.splitlines() == ["0 errors, 0 warnings, 0 notes"]
    assert list(pod.parent.glob(".patternctl-*")) == []


def test_fix_in_a_folder_changes_only_what_is_repaired(patternctl, pod):
    other = pod.with_name("other.yaml")
    other.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    before = other.stat().st_mtime_ns

    done = patternctl("lint", pod.parent, "--fix")

    assert done.err.splitlines() == ["patternctl: pod.yaml: 1 change made"]
    assert other.stat().st_mtime_ns == before


def test_a_dry_run_writes_nothing(patternctl, pod):
    done = patternctl("lint", pod, "--fix", "--dry-run")

    assert pod.read_text() == POD
    assert "pod.yaml: 1 change would be made" in done.err
    assert done.out.splitlines() == [
        "--- pod.yaml",
        "+++ pod.yaml (mended)",
        "@@ -2,7 +2,6 @@",
        " kind: Pod",
        " metadata:",
        "   name: web  # stays",
        "-  uid: abc",
        " spec:",
        "   containers:",
        "   - name: web",
        "pod.yaml:5:3: warning: Pod web: metadata.uid left out: of the cluster it was captured from"
        " [DropCapturedMetadata]",
        "0 errors, 1 warning, 0 notes; --fix mends 1",
    ]


def test_programs_have_the_findings_alone_in_a_dry_run(patternctl, pod):
    done = patternctl("lint", pod, "--fix", "--dry-run", "-o", "json")

    assert [each["rule"] for each in done.json["findings"]] == ["DropCapturedMetadata"]


@pytest.mark.parametrize("flags", [(), ("--dry-run",)], ids=["to the end", "dry run"])
def test_a_file_that_cannot_be_read_hides_nothing_from_fix(patternctl, pod, flags):
    (pod.parent / "bad.yaml").write_text("a:\n\tb: 1\n")
    (pod.parent / "wrong.yaml").write_text(WRONG.replace("  uid: abc\n", "").replace("name: web  # stays", "name: b"))

    done = patternctl("lint", pod.parent, "--fix", *flags)

    assert done.code == exit_codes.FOUND
    assert ("uid" in pod.read_text()) == bool(flags)
    assert "bad.yaml:2:1: error" in done.out
    assert "imagee is not a field" in done.out
    assert f"pod.yaml: 1 change {'would be ' * bool(flags)}made" in done.err


@pytest.mark.parametrize(
    "flags",
    [("--dry-run",), ("--schemas", "cluster", "--kube-version", "1.37"), ("--kube-version", "1.2")],
    ids=["a dry run of nothing", "two schemas", "an unknown version"],
)
def test_flags_that_do_not_go_together_are_refused(patternctl, pod, flags):
    assert patternctl("lint", pod, *flags).code == exit_codes.USAGE


def test_an_archive_is_not_mended(patternctl):
    done = patternctl("lint", DATA / "meshery-export.tar", "--fix")

    assert (done.code, "archive" in done.err) == (exit_codes.USAGE, True)


def test_an_archive_is_read(patternctl):
    assert patternctl("lint", DATA / "meshery-export.tar").code == exit_codes.OK


def test_no_value_of_a_secret_is_printed(patternctl, tmp_path):
    path = tmp_path / "secret.json"
    path.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": "a", "uid": SECRET},
                "data": {"a": f"!{SECRET}"},
                "type": [SECRET],
            }
        )
    )

    for flags in ((), ("-o", "json"), ("-o", "sarif"), ("--fix",)):
        done = patternctl("lint", path, *flags)
        assert SECRET not in done.out + done.err


def test_what_is_linted_is_called_as_the_spec_calls_it():
    assert get_args(options.Format) == command._FORMATS
    assert command._VERSIONS == shipped.VERSIONS


def test_the_schemas_of_a_cluster_are_asked_for(patternctl, pod, cluster):
    done = patternctl("lint", pod, "--schemas", "cluster", "--kubeconfig", cluster.controlplane.admin.path)

    assert (done.code, done.out.splitlines()[-1]) == (0, "0 errors, 1 warning, 0 notes; --fix mends 1")


def test_parameters_are_given_by_flags(patternctl, tmp_path):
    (tmp_path / "pattern.yaml").write_text(
        "apiVersion: pattern-operator.io/v1alpha1\nkind: Pattern\nparameters:\n  schema: {required: [name]}\n"
    )
    web = tmp_path / "web.yaml"
    web.write_text('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "${name}"}\n')

    done = patternctl("lint", tmp_path, "--set", "name=web")
    assert (done.code, done.out) == (exit_codes.OK, "0 errors, 0 warnings, 0 notes\n")

    before = web.read_text()
    done = patternctl("lint", tmp_path, "--set", "name=Web App", "--fix")
    assert "texts of the pattern may refer to parameters" in done.err
    assert web.read_text() == before


def test_a_mended_file_keeps_its_owner(tmp_path, monkeypatch):
    path = tmp_path / "pod.yaml"
    path.write_text(POD)
    given = []
    monkeypatch.setattr("os.chown", lambda _, user, group: given.append((user, group)))
    mine = path.stat()
    theirs = os.stat_result((mine.st_mode, 0, 0, 1, mine.st_uid + 1, mine.st_gid + 2, 0, 0, 0, 0))

    mended_file._keep_owner(str(path), theirs)
    mended_file._keep_owner(str(path), mine)

    assert given == [(mine.st_uid + 1, -1), (-1, mine.st_gid + 2)]


def test_a_file_that_cannot_be_read_hides_nothing_of_the_others(patternctl, tmp_path):
    folder = tmp_path / "man"
    folder.mkdir()
    for name, content in {"a.yaml": "a: [", "b.yaml": "a: 1\na: 2\n", "pod.yaml": WRONG}.items():
        (folder / name).write_text(content)

    found = patternctl("lint", folder, "-o", "json").json["findings"]

    assert [(row["file"], row["rule"]) for row in found] == [
        ("a.yaml", "DocumentInvalid"),
        ("b.yaml", "DocumentInvalid"),
        ("pod.yaml", "DropCapturedMetadata"),
        ("pod.yaml", "UnknownField"),
    ]


def test_programs_are_given_files_as_people_are(patternctl):
    (patternctl.home / "man").mkdir()
    (patternctl.home / "man" / "a.yaml").write_text("a: [")

    told = patternctl("lint", "man")
    found = patternctl("lint", "man", "-o", "json").json["findings"]

    assert told.out.startswith("man/a.yaml:2:")
    assert [row["file"] for row in found] == ["man/a.yaml"]


def test_where_the_only_file_cannot_be_read_that_is_all_that_is_said(patternctl, tmp_path):
    (tmp_path / "a.yaml").write_text("a: [")
    (tmp_path / "b.yaml").write_text("a: 1\n")

    found = patternctl("lint", tmp_path, "-o", "json").json["findings"]

    assert [(row["file"], row["rule"]) for row in found] == [("a.yaml", "DocumentInvalid")]


@pytest.mark.parametrize(("given", "shown"), [("man", "man/pod.yaml"), ("man/pod.yaml", "man/pod.yaml")])
def test_a_path_is_shown_from_the_working_directory(patternctl, given, shown):
    (patternctl.home / "man").mkdir()
    (patternctl.home / "man" / "pod.yaml").write_text(WRONG)

    assert patternctl("lint", given).out.startswith(f"{shown}:5:3: warning: ")


def test_what_comes_through_a_pipe_has_no_file(patternctl, pod):
    with pod.open("rb") as content:
        assert patternctl("lint", "-", stdin=content).out.startswith("<stdin>:5:3: warning: ")


def test_a_designpattern_is_checked_by_its_own_schema(patternctl, tmp_path):
    path = tmp_path / "web.yaml"
    source = "{url: oci://registry.example/web, ref: {tag: '1'}}"
    path.write_text(
        "apiVersion: pattern-operator.io/v1alpha1\nkind: DesignPattern\nmetadata: {name: web}\n"
        f"spec:\n  source: {source}\n  render:\n    paramaters: {{a: 1}}\n"
    )

    done = patternctl("lint", path)

    assert done.code == exit_codes.FOUND
    assert "spec.render.paramaters is not a field of DesignPattern; did you mean parameters? [UnknownField]" in done.out
    path.write_text(path.read_text().replace("paramaters", "parameters"))
    assert patternctl("lint", path).out == "0 errors, 0 warnings, 0 notes\n"


@pytest.mark.parametrize(("version", "code"), [("v1.36.1", 0), ("1.36", 0), ("1.3", 2), ("v1.99.0", 2)])
def test_a_whole_version_of_kubernetes_stands_for_its_minor_one(patternctl, pod, version, code):
    assert patternctl("lint", pod, "--kube-version", version).code == code


def test_a_slip_in_the_schema_of_a_pattern_is_found(patternctl, tmp_path):
    (tmp_path / "pattern.yaml").write_text(
        "apiVersion: pattern-operator.io/v1alpha1\nkind: Pattern\nparameters: {schema: {requird: [a]}}\n"
    )
    (tmp_path / "pod.yaml").write_text(POD)

    for name in ("lint", "render"):
        done = patternctl(name, tmp_path)

        assert done.code in (1, exit_codes.FOUND)
        assert (
            "'requird' at its top, which is no keyword of JSON Schema (did you mean required?)" in done.out + done.err
        )


UNNAMED = {
    "schemaVersion": "designs.meshery.io/v1beta1",
    "components": [
        {
            "id": "1",
            "displayName": "web",
            "component": {"kind": "Deployment", "version": "apps/v1"},
            "configuration": {
                "spec": {"template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"image": "nginx"}]}}}
            },
        }
    ],
}


def test_a_repair_that_is_allowed_is_made_and_not_written(patternctl, tmp_path):
    path = tmp_path / "design.json"
    path.write_text(json.dumps(UNNAMED, indent=1))
    allowed = ("--repair", "NameContainers", "--repair", "SetSelectorFromTemplate")

    asked, done = patternctl("lint", path), patternctl("lint", path, *allowed, "--fix")

    assert asked.code == exit_codes.FOUND
    assert "add them, allow NameContainers, SetSelectorFromTemplate in spec.render.repairs, or remove" in asked.out
    assert done.code == exit_codes.OK
    assert done.out.splitlines()[-1] == "0 errors, 2 warnings, 0 notes"
    assert json.loads(path.read_text()) == UNNAMED


def test_an_unknown_repair_is_refused(patternctl, pod):
    assert patternctl("lint", pod, "--repair", "NamePort").code == exit_codes.USAGE


def test_the_repairs_that_can_be_allowed_are_those_of_the_spec():
    assert get_args(render_spec.ConsentedRepair) == command._REPAIRS


def test_what_waits_for_errors_is_told_by_fix(patternctl, pod):
    pod.write_text(POD.replace("    image: nginx\n", ""))

    done = patternctl("lint", pod, "--fix")

    assert done.code == exit_codes.FOUND
    assert done.err.splitlines() == [
        "patternctl: there is nothing that --fix can mend",
        "patternctl: 1 repair is not written because of errors of the same objects: correct them first",
    ]

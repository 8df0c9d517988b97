"""``-`` in place of a path: what comes through a pipe is what a file of it would be."""

import io
import subprocess
import tarfile

import pytest
import yaml
from tests.render.designs import DATA

DESIGN = (DATA / "nginx-deployment" / "design.yml").read_bytes()
MANIFESTS = b"""\
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
---
apiVersion: v1
kind: Service
metadata: {name: s}
spec: {ports: [{port: 80}]}
"""


@pytest.fixture
def piped(patternctl):
    """Run with these bytes on standard input."""

    def run(content, *arguments):
        with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as cat:
            assert cat.stdin is not None
            cat.stdin.write(content)
            cat.stdin.close()
            return patternctl(*arguments, stdin=cat.stdout)

    return run


def tar(**files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"{name}.yml")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def test_a_design_through_a_pipe_renders_as_its_file_does(patternctl, piped):
    assert piped(DESIGN, "render", "-").out == patternctl("render", DATA / "nginx-deployment" / "design.yml").out


@pytest.mark.parametrize("content", [MANIFESTS, tar(a=MANIFESTS), b'{"apiVersion":"v1","kind":"List","items":[]}'])
def test_manifests_a_tar_and_json_through_a_pipe(piped, content):
    done = piped(content, "render", "-")

    assert done.code == 0
    assert {each["kind"] for each in done.items if each} <= {"ConfigMap", "Service"}


def test_what_is_pushed_through_a_pipe_is_rendered_from_the_registry(patternctl, piped, repository):
    pushed = piped(MANIFESTS, "push", "--insecure", "-", f"{repository.oci}:1.0.0", "-o", "json")
    again = piped(MANIFESTS, "push", "--insecure", "-", f"{repository.oci}:1.0.1", "-o", "json")

    rendered = patternctl("render", "--insecure", f"{repository.oci}:1.0.0")

    assert pushed.json["digest"] == again.json["digest"]
    assert [each["kind"] for each in yaml.safe_load(rendered.out)["items"]] == ["ConfigMap", "Service"]


def test_a_link_in_a_tar_through_a_pipe_is_refused(piped):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo("a.yml")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(member)

    done = piped(buffer.getvalue(), "render", "-")

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("patternctl: ArchiveRefused: standard input is refused: 'a.yml' is a symbolic link.")


def test_a_refused_document_of_a_pipe_has_a_name(piped):
    done = piped(b"apiVersion: v1\nkind: ConfigMap\n", "render", "-")

    assert "ConfigMap pattern.yml#1: MissingName: pattern.yml#1 has no metadata.name" in done.err

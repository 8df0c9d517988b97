import gzip
import json
import tarfile
from pathlib import Path

import pytest
from tests.archive.archives import DESIGN, FILES, PACKAGE, files, tar, tgz

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_LAYERS_TOTAL, MAX_UNPACKED_FILES
from pattern_operator.source import local, read_local

EXPORT = Path(__file__).parents[1] / "data" / "designs" / "meshery-export.tar"


def write(directory: Path, contents: dict[str, bytes]) -> Path:
    for path, content in contents.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_bytes(content)
    return directory


def refusal(path: Path) -> Stalled:
    with pytest.raises(Stalled) as refused:
        read_local(path)
    assert str(path) in refused.value.message
    return refused.value


# --- files and archives ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "wanted"),
    [
        pytest.param("design.yml", DESIGN, {"design.yml": DESIGN}, id="a file"),
        pytest.param("README", b"", {"README": b""}, id="an empty file of any name"),
        pytest.param("web.tar", tar(), FILES, id="a tar"),
        pytest.param("web.tgz", tgz(), FILES, id="a compressed tar"),
        pytest.param("web", tgz(), FILES, id="a compressed tar of any name"),
    ],
)
def test_a_file_gives_itself_and_an_archive_its_files(tmp_path, name, content, wanted):
    write(tmp_path, {name: content})

    assert read_local(tmp_path / name) == files(wanted)


def test_what_meshery_exports_gives_the_design():
    found = read_local(EXPORT)

    assert [file.path for file in found] == ["artifacthub-pkg.yml", "design.yml"]
    assert b"schemaVersion: designs.meshery.io/v1beta1" in found[1].content


def saved(layer_names: object, **blobs: bytes) -> bytes:
    """A docker-save tarball."""
    manifest = json.dumps([{"Config": "c", "RepoTags": ["web:latest"], "Layers": layer_names}]).encode()
    return tar({"manifest.json": manifest, "c": b"{}", **blobs})


def test_a_docker_save_tarball_gives_the_files_of_its_first_layer(tmp_path):
    write(tmp_path, {"web.tar": saved(["one", "two"], one=tgz({"a": b"1"}), two=tgz({"b": b"2"}))})

    assert read_local(tmp_path / "web.tar") == files({"a": b"1"})


@pytest.mark.parametrize("layer_names", [[], ["missing"], [1], None, "one"])
def test_a_docker_save_tarball_without_its_first_layer_is_refused(tmp_path, layer_names):
    write(tmp_path, {"web.tar": saved(layer_names, one=tgz())})

    error = refusal(tmp_path / "web.tar")

    assert error.reason is Reason.ARCHIVE_REFUSED
    assert "first layer" in error.message


@pytest.mark.parametrize("manifest", [b"{}", b"[]", b"nonsense", b'[{"a": 1}]', b"[1]"])
def test_a_file_that_is_only_named_manifest_json_makes_no_docker_save_tarball(tmp_path, manifest):
    write(tmp_path, {"web.tar": tar({"manifest.json": manifest})})

    assert read_local(tmp_path / "web.tar") == files({"manifest.json": manifest})


def test_the_layer_of_a_docker_save_tarball_is_read_as_strictly_as_any_archive(tmp_path):
    write(tmp_path, {"web.tar": saved(["one"], one=b"no archive" * 100)})

    assert refusal(tmp_path / "web.tar").reason is Reason.ARCHIVE_REFUSED


# --- folders --------------------------------------------------------------------------------------------------------


def test_a_folder_gives_its_yaml_and_json_by_name(tmp_path):
    contents = {"b.yml": b"1", "a/c.YAML": b"2", "a/b/d.json": b"3"}
    others = {"README.md": b"x", "a/script.sh": b"x", "yaml": b"x"}
    hidden = {".hidden.yml": b"x", ".git/config.yml": b"x", "a/.terraform/x.json": b"x"}
    write(tmp_path, {**contents, **others, **hidden})

    assert read_local(tmp_path) == files(contents)


def test_links_to_folders_are_not_followed(tmp_path):
    outside = write(tmp_path / "outside", {"secret.yml": b"x"})
    write(tmp_path / "inside", {"a.yml": b"1"})
    (tmp_path / "inside" / "link").symlink_to(outside)
    (tmp_path / "inside" / "circle").symlink_to(tmp_path / "inside")

    assert read_local(tmp_path / "inside") == files({"a.yml": b"1"})


def test_a_folder_without_documents_is_refused(tmp_path):
    write(tmp_path, {"README.md": b"x"})

    assert refusal(tmp_path).reason is Reason.LAYER_NOT_FOUND


def test_a_folder_named_as_a_file_is_no_file(tmp_path):
    write(tmp_path, {"folder.yml/a.yml": b"1"})

    assert read_local(tmp_path) == files({"folder.yml/a.yml": b"1"})


# --- what is refused ------------------------------------------------------------------------------------------------


def test_a_path_that_is_not_there_is_refused(tmp_path):
    error = refusal(tmp_path / "missing")

    assert error.reason is Reason.ARTIFACT_NOT_FOUND
    assert "No such file" in error.message


def test_a_link_to_nowhere_is_refused(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "missing")

    assert refusal(tmp_path / "link").reason is Reason.ARTIFACT_NOT_FOUND


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(tar()[:1000], "too early", id="a tar that was cut"),
        pytest.param(tgz()[:-1], "too early", id="a compressed tar that was cut"),
        pytest.param(gzip.compress(DESIGN), "no tar", id="a compressed file that is no tar"),
    ],
)
def test_an_archive_that_is_not_whole_is_refused(tmp_path, content, says):
    write(tmp_path, {"web.tar": content})

    error = refusal(tmp_path / "web.tar")

    assert error.reason is Reason.ARCHIVE_REFUSED
    assert says in error.message


def test_a_link_in_an_archive_is_refused(tmp_path):
    with tarfile.open(tmp_path / "web.tar", "w") as archive:
        link = tarfile.TarInfo("design.yml")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)

    assert refusal(tmp_path / "web.tar").reason is Reason.ARCHIVE_REFUSED


def test_a_file_larger_than_an_artifact_may_be_is_refused(tmp_path):
    with (tmp_path / "large.yml").open("wb") as file:
        file.truncate(MAX_LAYERS_TOTAL + 1)

    assert refusal(tmp_path / "large.yml").reason is Reason.ARTIFACT_TOO_LARGE


def test_the_files_of_a_folder_count_together(tmp_path, monkeypatch):
    monkeypatch.setattr(local, "MAX_UNPACKED", 10)
    write(tmp_path / "fits", {"a.yml": b"12345", "b.yml": b"12345"})
    write(tmp_path / "not", {"a.yml": b"12345", "b.yml": b"123456"})

    assert len(read_local(tmp_path / "fits")) == 2
    with pytest.raises(Stalled) as refused:
        read_local(tmp_path / "not")

    assert refused.value.reason is Reason.ARTIFACT_TOO_LARGE


def test_a_folder_of_too_many_files_is_refused(tmp_path):
    for number in range(MAX_UNPACKED_FILES + 1):
        (tmp_path / f"{number}.yml").touch()

    assert refusal(tmp_path).reason is Reason.ARTIFACT_TOO_LARGE


def test_a_folder_of_both_files_of_a_design_gives_what_its_archive_gives(tmp_path):
    write(tmp_path, {"design.yml": DESIGN, "artifacthub-pkg.yml": PACKAGE})
    write(tmp_path / "packed", {"web.tgz": tgz()})

    assert set(read_local(tmp_path)) == set(read_local(tmp_path / "packed" / "web.tgz"))

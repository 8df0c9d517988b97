import gzip
import json
import os
import socket
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.archive.archives import DESIGN, FILES, PACKAGE, files, tar, tgz
from tests.open_files import open_files_below

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_LAYERS_TOTAL, MAX_UNPACKED_FILES
from pattern_operator.source import local_files, local_tree, read_local
from pattern_operator.source.local_files import read_stream
from pattern_operator.source.local_tree import MAX_DEPTH

EXPORT = Path(__file__).parents[1] / "data" / "designs" / "meshery-export.tar"


def write(directory: Path, contents: dict[str, bytes]) -> Path:
    for path, content in contents.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_bytes(content)
    return directory


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


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


def test_a_folder_without_documents_is_refused(tmp_path):
    write(tmp_path, {"README.md": b"x"})

    assert refusal(tmp_path).reason is Reason.LAYER_NOT_FOUND


def test_a_folder_named_as_a_file_is_not_a_file(tmp_path):
    write(tmp_path, {"folder.yml/a.yml": b"1"})

    assert read_local(tmp_path) == files({"folder.yml/a.yml": b"1"})


# --- what is refused ------------------------------------------------------------------------------------------------


def test_a_path_that_is_not_there_is_refused(tmp_path):
    error = refusal(tmp_path / "missing")

    assert error.reason is Reason.ARTIFACT_NOT_FOUND
    assert "No such file" in error.message


def outside(tmp_path: Path) -> Path:
    return write(tmp_path / "outside", {"secret.yml": b"tulipwood"}) / "secret.yml"


LINKS: dict[str, Callable[[Path, Path], object]] = {
    "to a file outside": lambda inside, secret: (inside / "x.yml").symlink_to(secret),
    "to a file inside": lambda inside, _: (inside / "x.yml").symlink_to("a.yml"),
    "to a folder outside": lambda inside, secret: (inside / "more").symlink_to(secret.parent),
    "to its own folder": lambda inside, _: (inside / "circle").symlink_to(inside),
    "to nowhere": lambda inside, _: (inside / "x.yml").symlink_to("missing"),
    "below": lambda inside, secret: (write(inside, {"b/c.yml": b""}) / "b" / "x.yml").symlink_to(secret),
    "of any name": lambda inside, secret: (inside / "README").symlink_to(secret),
    "a second name": lambda inside, secret: (inside / "x.yml").hardlink_to(secret),
    "a pipe": lambda inside, _: os.mkfifo(inside / "x.yml"),
}


@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS.keys())
def test_a_link_in_a_folder_is_refused_as_in_an_archive(tmp_path, link):
    inside = write(tmp_path / "inside", {"a.yml": b"1"})
    link(inside, outside(tmp_path))

    error = refusal(inside)

    assert error.reason is Reason.ARCHIVE_REFUSED
    assert "tulipwood" not in error.message


def test_a_socket_is_refused(tmp_path, monkeypatch):
    write(tmp_path / "inside", {"a.yml": b"1"})
    monkeypatch.chdir(tmp_path / "inside")  # its address is short then
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("x.yml")
        assert refusal(tmp_path / "inside").reason is Reason.ARCHIVE_REFUSED


def test_hidden_links_are_passed_over(tmp_path):
    inside = write(tmp_path / "inside", {"a.yml": b"1"})
    (inside / ".cache").symlink_to(outside(tmp_path).parent)

    assert read_local(inside) == files({"a.yml": b"1"})


@pytest.mark.parametrize("target", ["secret.yml", ""])
def test_a_path_that_is_a_link_is_refused(tmp_path, target):
    (tmp_path / "link").symlink_to(outside(tmp_path).parent / target)

    assert refusal(tmp_path / "link").reason is Reason.ARCHIVE_REFUSED


def test_no_part_of_a_relative_path_may_be_a_link(tmp_path, monkeypatch):
    (tmp_path / "checkout").mkdir()
    (tmp_path / "checkout" / "deploy").symlink_to(outside(tmp_path).parent)
    monkeypatch.chdir(tmp_path / "checkout")

    for path in (Path("deploy"), Path("deploy/secret.yml"), Path("deploy/../deploy/secret.yml")):
        with pytest.raises(Stalled, match="deploy is a link"):
            read_local(path)


def test_a_path_below_a_link_of_the_machine_is_read(tmp_path):
    (tmp_path / "home").symlink_to(outside(tmp_path).parent)

    assert read_local(tmp_path / "home" / "secret.yml") == files({"secret.yml": b"tulipwood"})


@pytest.mark.parametrize("path", [".", "inside/..", "inside/../inside", "./inside"])
def test_relative_paths_are_read(tmp_path, monkeypatch, path):
    write(tmp_path, {"inside/a.yml": b"1"})
    monkeypatch.chdir(tmp_path)

    assert [file.content for file in read_local(Path(path))] == [b"1"]


def swap_on_look(monkeypatch, path: Path, *, look: int, becomes: Callable[[Path], object]) -> None:
    """Put something else in the place of a file right after it was looked at for the ``look``-th time."""
    lstat, looked = os.lstat, 0

    def swapped(name: str, *, dir_fd: int) -> os.stat_result:
        nonlocal looked
        found = lstat(name, dir_fd=dir_fd)
        looked += name == path.name
        if name == path.name and looked == look:
            path.unlink()
            becomes(path)
        return found

    monkeypatch.setattr(os, "lstat", swapped)


@pytest.mark.parametrize("look", [1, 2], ids=["when it is listed", "when it is opened"])
@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_a_file_that_becomes_something_else_while_it_is_read_is_refused(tmp_path, monkeypatch, kind, look):
    inside, secret = write(tmp_path / "inside", {"a.yml": b"1"}), outside(tmp_path)
    become = (lambda path: path.symlink_to(secret)) if kind == "link" else os.mkfifo
    swap_on_look(monkeypatch, inside / "a.yml", look=look, becomes=become)
    before = open_files()

    error = refusal(inside)

    assert error.reason is Reason.ARCHIVE_REFUSED
    assert f"a.yml is a {kind}, " in error.message
    assert open_files() == before


def test_a_file_that_goes_between_look_and_opening_is_not_there(tmp_path, monkeypatch):
    inside = write(tmp_path / "inside", {"a.yml": b"1"})
    swap_on_look(monkeypatch, inside / "a.yml", look=2, becomes=lambda _: None)

    assert refusal(inside).reason is Reason.ARTIFACT_NOT_FOUND


def test_open_files_are_closed_whatever_happens(tmp_path):
    inside = write(tmp_path / "inside", {"a.yml": b"1", "b/c/d.yml": b"2"})
    (inside / "b" / "c" / "x.yml").symlink_to(outside(tmp_path))
    before = open_files()

    for _ in range(10):
        refusal(inside)

    assert open_files() <= before


def test_the_folders_of_a_relative_path_are_closed(tmp_path, monkeypatch):
    write(tmp_path / "a" / "b" / "c", {"d.yml": b"1"})
    monkeypatch.chdir(tmp_path)

    assert len(read_local(Path("a/b/c/d.yml"))) == 1
    assert refusal(Path("a/b/x/y.yml")).reason is Reason.ARTIFACT_NOT_FOUND
    assert open_files_below(tmp_path) == []


def test_a_link_below_an_open_folder_is_named_with_the_way_to_it(tmp_path):
    write(tmp_path / "a" / "b", {"c.yml": b"1"})
    (tmp_path / "a" / "link").symlink_to("b")
    root = os.open(tmp_path, os.O_RDONLY)

    try:
        whole = local_tree.read_below(root, ("a", "b", "c.yml"), where=Path("it"), most=10)
        with pytest.raises(Stalled) as refused:
            local_tree.read_below(root, ("a", "link", "c.yml"), where=Path("it"), most=10)
    finally:
        os.close(root)

    assert whole == b"1"
    assert "it/a/link" in refused.value.message
    assert "c.yml" not in refused.value.message
    assert open_files_below(tmp_path) == []


def test_as_many_files_as_a_folder_may_have_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(local_tree, "MAX_UNPACKED_FILES", 3)
    write(tmp_path, {f"{number}.yml": b"1" for number in range(3)})

    assert len(read_local(tmp_path)) == 3


def test_folders_without_end_are_refused(tmp_path):
    deep = tmp_path.joinpath(*["d"] * (MAX_DEPTH + 2))
    deep.mkdir(parents=True)
    write(deep, {"a.yml": b"1"})

    assert refusal(tmp_path).reason is Reason.ARTIFACT_TOO_LARGE


def test_names_without_end_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(local_tree, "MAX_ENTRIES", 10)
    write(tmp_path, {"a.yml": b"1", **{f".hidden-{number}": b"" for number in range(9)}})
    assert len(read_local(tmp_path)) == 1

    write(tmp_path, {"b.yml": b"2"})
    assert refusal(tmp_path).reason is Reason.ARTIFACT_TOO_LARGE


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(tar()[:1000], "too early", id="a tar that was cut"),
        pytest.param(tgz()[:-1], "too early", id="a compressed tar that was cut"),
        pytest.param(gzip.compress(DESIGN), "not a tar", id="a compressed file that is not a tar"),
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
    monkeypatch.setattr(local_files, "MAX_UNPACKED", 10)
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


def test_folders_as_deep_as_they_may_be_are_read(tmp_path):
    deep = tmp_path.joinpath(*["d"] * MAX_DEPTH)
    deep.mkdir(parents=True)
    write(deep, {"a.yml": b"1"})

    assert [each.content for each in read_local(tmp_path)] == [b"1"]


# --- what comes out of a pipe ---------------------------------------------------------------------------------------


@pytest.fixture
def pipe() -> Iterator[Callable[[bytes], int]]:
    """Makes pipes: the end to read from, of one that holds a content."""
    opened: list[int] = []

    def holding(content: bytes) -> int:
        reading, writing = os.pipe()
        opened.append(reading)
        os.write(writing, content)
        os.close(writing)
        return reading

    yield holding
    for each in opened:
        os.close(each)


def test_a_pipe_gives_one_file_of_the_name_that_is_given(pipe):
    assert read_stream(pipe(DESIGN), context="standard input", name="web.yml") == files({"web.yml": DESIGN})


def test_an_archive_from_a_pipe_gives_its_files(pipe):
    assert read_stream(pipe(tgz()), context="standard input", name="web.yml") == files(FILES)


def test_a_pipe_of_which_nothing_comes_is_refused(pipe):
    with pytest.raises(Stalled, match="standard input is empty") as refused:
        read_stream(pipe(b""), context="standard input", name="web.yml")

    assert refused.value.reason is Reason.ARTIFACT_NOT_FOUND


@pytest.mark.parametrize("folder", ["/dev/fd", "/proc/self/fd"])
def test_what_the_shell_opened_for_the_command_is_read(pipe, folder):
    descriptor = pipe(DESIGN)

    assert [file.content for file in read_local(Path(f"{folder}/{descriptor}"))] == [DESIGN]
    os.fstat(descriptor)  # it is the shell's, and stays open


def test_standard_input_is_read_by_its_name(pipe):
    before = os.dup(0)
    try:
        os.dup2(pipe(DESIGN), 0)
        found = read_local(Path("/dev/stdin"))
    finally:
        os.dup2(before, 0)
        os.close(before)

    assert [file.content for file in found] == [DESIGN]

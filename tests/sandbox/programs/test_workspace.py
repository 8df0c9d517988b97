"""The directory of a run can be read and not written, and none is left for long."""

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from tests.sandbox.programs.charts import helm, kustomize

from pattern_operator.api.artifact import File
from pattern_operator.sandbox.programs import remove_left
from pattern_operator.sandbox.programs.workspace import lay_out, remove


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_files_are_laid_out_and_cannot_be_written(place):
    root, places = lay_out(helm("a: b", values=b"{}"))

    assert (places.artifact / "web" / "templates" / "a.yaml").read_bytes() == b"a: b"
    assert places.values.read_bytes() == b"{}"
    assert not list(places.empty.iterdir())
    assert not any(path.stat().st_mode & stat.S_IWUSR for path in (root, *root.rglob("*")))
    assert not any(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO) for path in (root, *root.rglob("*")))
    remove(root)
    assert not list(place.iterdir())


def test_what_cannot_be_laid_out_leaves_nothing(place):
    with pytest.raises(OSError, match="File name too long"):
        lay_out(kustomize("", File("a" * 300, b"")))

    assert not list(place.iterdir())


def test_what_processes_left_that_are_gone_is_removed_and_that_of_others_is_not(place):
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    names = {
        "own": f"pattern-operator-run-{os.getpid()}-x",
        "gone": f"pattern-operator-run-{int(gone.stdout)}-x",
        "other": f"pattern-operator-run-{os.getppid()}-x",
        "none": "pattern-operator-run-x",
    }
    for name in names.values():
        (place / name / "artifact").mkdir(parents=True)
        (place / name / "artifact").chmod(0o500)

    remove_left()

    assert {path.name for path in place.iterdir()} == {names["other"], names["none"]}


def test_a_link_is_not_followed_by_those_who_remove_what_is_left(place, tmp_path_factory):
    victim = tmp_path_factory.mktemp("victim")
    (victim / "www").mkdir(mode=0o755)
    link = place / "pattern-operator-run-4194303-x"
    link.symlink_to(victim)

    remove_left()

    assert link.is_symlink()
    assert stat.S_IMODE((victim / "www").stat().st_mode) == 0o755


def test_what_another_user_put_there_is_left(place, monkeypatch: pytest.MonkeyPatch):
    theirs = place / "pattern-operator-run-4194303-x"
    theirs.mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: theirs.stat().st_uid + 1)

    remove_left()

    assert theirs.is_dir()

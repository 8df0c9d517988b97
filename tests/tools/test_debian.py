"""A program of Debian's is taken only as it is locked, and not at all where there is no such package."""

import hashlib
from pathlib import Path

import pytest
from tests.testbed import debian

DEB = b"a package"
LOCKED = f"tool 1.0-1 amd64 {hashlib.sha256(DEB).hexdigest()}\n"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with what a Debian for amd64 has; apt-get serves ``served``, and says what it was asked."""
    directory = tmp_path / "bin"
    directory.mkdir()
    write(directory / "dpkg", "echo amd64")
    write(directory / "apt-get", f'echo "$@" >> {tmp_path}/asked; cat {tmp_path}/served > tool_1.0-1_amd64.deb')
    write(directory / "dpkg-deb", 'mkdir -p "$3/usr/bin"; cp "$2" "$3/usr/bin/tool"')
    monkeypatch.setenv("PATH", f"{directory}:/usr/bin:/bin")
    return directory


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "debian.lock"
    path.write_text(LOCKED)
    return path


def write(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.mark.usefixtures("programs")
def test_what_is_served_as_locked_is_taken(tmp_path: Path, lock: Path) -> None:
    (tmp_path / "served").write_bytes(DEB)

    assert debian.fetch(lock, into=tmp_path / "out" / "tool", say=print)

    assert (tmp_path / "out" / "tool").read_bytes() == DEB
    assert (tmp_path / "asked").read_text() == "--quiet download tool=1.0-1\n"


@pytest.mark.usefixtures("programs")
def test_what_is_served_otherwise_than_locked_is_refused(tmp_path: Path, lock: Path) -> None:
    (tmp_path / "served").write_bytes(b"another package")

    with pytest.raises(RuntimeError, match=r"tool_1\.0-1_amd64\.deb has the hash .* is locked"):
        debian.fetch(lock, into=tmp_path / "tool", say=print)

    assert not (tmp_path / "tool").exists()


def test_a_package_that_is_not_served_any_more_is_looked_for_with_new_lists_first(
    tmp_path: Path, lock: Path, programs: Path
) -> None:
    write(programs / "apt-get", f'echo "$2" "$@" >> {tmp_path}/asked; exit 100')
    said: list[str] = []

    assert not debian.fetch(lock, into=tmp_path / "tool", say=said.append)

    assert [line.split()[-1] for line in (tmp_path / "asked").read_text().splitlines()] == [
        "tool=1.0-1",
        "update",
        "tool=1.0-1",
    ]
    assert said == ["Debian's tool 1.0-1 cannot be had here"]


@pytest.mark.parametrize(
    ("name", "script"), [("apt-get", None), ("dpkg", "echo riscv64"), ("dpkg", "exit 1")], ids=["other", "riscv", "odd"]
)
def test_another_machine_has_no_package(
    tmp_path: Path, lock: Path, programs: Path, monkeypatch: pytest.MonkeyPatch, name: str, script: str | None
) -> None:
    if script is None:
        (programs / name).unlink()
        monkeypatch.setenv("PATH", str(programs))
    else:
        write(programs / name, script)

    assert not debian.fetch(lock, into=tmp_path / "tool", say=print)


@pytest.mark.usefixtures("programs")
def test_a_program_without_a_lock_is_not_asked_for(tmp_path: Path) -> None:
    assert not debian.fetch(tmp_path / "none.lock", into=tmp_path / "tool", say=print)
    assert not (tmp_path / "asked").exists()

"""What becomes of a program that does what helm and kustomize never should: the kernel refuses it.

The programs here are those of any Linux: they stand for one that an artifact took over.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pattern_operator.limits import MIB
from pattern_operator.sandbox.programs import launcher

LAUNCHER = launcher.__file__
BASH = shutil.which("bash") or "/bin/bash"


def launched(root: Path, program: str, *words: str, memory: int = 512 * MIB, variables: tuple[str, ...] = ()):
    """What the program says, confined to ``root``; how it is confined is its first line."""
    command = [sys.executable, "-I", "-S", "-B", LAUNCHER, str(memory), "5", str(os.getpid()), str(root)]
    command += [os.path.realpath(program), *variables, "--", *words]
    done = subprocess.run(command, capture_output=True, text=True, env={}, cwd=root, check=False, timeout=60)
    confined, _, done.stderr = done.stderr.partition("\n")
    for each in ("landlock", "seccomp"):
        if each not in confined.split():
            pytest.skip(f"this kernel has no {each}")
    return done


def bash(root: Path, script: str, **more):
    return launched(root, BASH, "--norc", "-c", script, **more)


def test_files_of_its_own_directory_are_read(tmp_path: Path):
    (tmp_path / "a").write_text("content")

    assert launched(tmp_path, shutil.which("cat") or "/bin/cat", "a").stdout == "content"


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "/proc/self/environ", "/proc/1/status", "../../../../../../etc/passwd"]
)
def test_other_files_are_not(tmp_path: Path, path: str):
    done = launched(tmp_path, shutil.which("cat") or "/bin/cat", path)

    assert (done.returncode, done.stdout) == (1, "")
    assert "Permission denied" in done.stderr or "No such file" in done.stderr


def test_a_link_leads_nowhere(tmp_path: Path):
    (tmp_path / "a").symlink_to("/etc/passwd")

    assert launched(tmp_path, shutil.which("cat") or "/bin/cat", "a").stdout == ""


def test_nothing_is_written(tmp_path: Path):
    assert bash(tmp_path, "echo x > a").returncode
    assert bash(tmp_path, "echo x > /tmp/pattern-operator-test").returncode
    assert launched(tmp_path, shutil.which("mkdir") or "/bin/mkdir", "b").returncode
    assert not list(tmp_path.iterdir())


def test_nothing_is_connected_to(tmp_path: Path):
    done = bash(tmp_path, "exec 3<>/dev/tcp/127.0.0.1/1")

    assert done.returncode
    assert "Operation not permitted" in done.stderr
    assert "refused" not in done.stderr  # as it is without the filter


@pytest.mark.parametrize("script", ["exec /bin/cat /etc/passwd", "/bin/true; echo alive", "(echo child)"])
def test_no_program_and_no_process_is_started(tmp_path: Path, script: str):
    done = bash(tmp_path, script)

    assert done.returncode
    assert done.stdout == ""


def test_the_operator_is_not_signalled(tmp_path: Path):
    done = bash(tmp_path, f"kill -0 {os.getpid()}")

    assert done.returncode
    assert "Operation not permitted" in done.stderr


def test_it_has_the_environment_that_it_is_given_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PLANTED", "planted")
    env = shutil.which("env") or "/usr/bin/env"

    assert launched(tmp_path, env).stdout == ""
    assert launched(tmp_path, env, variables=("A=b c", "D=")).stdout == "A=b c\nD=\n"


def test_who_was_not_started_by_its_parent_does_not_run(tmp_path: Path):
    command = [sys.executable, "-I", "-S", "-B", LAUNCHER, "1000", "5", "1", str(tmp_path), "/bin/echo", "--", "x"]

    assert subprocess.run(command, capture_output=True, check=False).stdout == b""

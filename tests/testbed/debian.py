"""Takes a program out of Debian's own package, where this machine has a Debian that still serves it."""

import hashlib
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

SECONDS = 120.0  # for one command: a package registry that hangs is as good as none


@dataclass(frozen=True, slots=True)
class Package:
    """One package of the lock file: a line of name, version, architecture and SHA-256."""

    name: str
    version: str
    architecture: str
    sha256: str


def packages(lock: Path) -> list[Package]:
    """The packages of ``lock``, none where there is no such file."""
    return [Package(*line.split()) for line in lock.read_text().splitlines()] if lock.exists() else []


def fetch(lock: Path, *, into: Path, say: Callable[[str], None]) -> bool:
    """Put ``usr/bin/<name>`` of the package for this machine at ``into``; tell whether that was possible.

    Raises:
        RuntimeError: what was served is not the package of the lock.
    """
    if not all(map(shutil.which, ("apt-get", "dpkg", "dpkg-deb"))):
        return False
    architecture = (_run(["dpkg", "--print-architecture"], directory=lock.parent) or "").strip()
    for package in packages(lock):
        if package.architecture == architecture:
            return _fetch(package, into=into, say=say)
    return False


def _fetch(package: Package, *, into: Path, say: Callable[[str], None]) -> bool:
    with TemporaryDirectory(prefix="debian-") as name:
        directory = Path(name)
        file = _download(package, directory=directory)
        if file is None:
            say(f"Debian's {package.name} {package.version} cannot be had here")
            return False
        if (found := hashlib.sha256(file.read_bytes()).hexdigest()) != package.sha256:
            raise RuntimeError(f"{file.name} has the hash {found}, and {package.sha256} is locked")
        if _run(["dpkg-deb", "-x", str(file), str(directory / "x")], directory=directory) is None:
            raise RuntimeError(f"{file.name} cannot be unpacked")
        into.parent.mkdir(parents=True, exist_ok=True)
        into.unlink(missing_ok=True)
        shutil.copy2(directory / "x" / "usr" / "bin" / package.name, into)
    say(f"  {package.name}: Debian's own, {package.version}")
    return True


def _download(package: Package, *, directory: Path) -> Path | None:
    """By the lists of packages that this machine has; where they are old or empty, by new ones of our own."""
    lists = directory / "lists"
    (lists / "partial").mkdir(parents=True)
    own = ["-o", f"Dir::State::lists={lists}", "-o", f"Dir::Cache={directory / 'cache'}"]
    wanted = ["download", f"{package.name}={package.version}"]
    for commands in ([wanted], [["update"], wanted]):
        options = own if len(commands) > 1 else []
        for command in commands:
            _run(["apt-get", "--quiet", *options, *command], directory=directory)
        if found := sorted(directory.glob(f"{package.name}_*.deb")):
            return found[0]
    return None


def _run(command: list[str], *, directory: Path) -> str | None:
    """What a command prints, None when it fails."""
    try:
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return None
    return done.stdout if done.returncode == 0 else None

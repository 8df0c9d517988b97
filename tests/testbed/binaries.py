"""Builds the testbed's programs from their pinned Go modules into .testbed/bin, when missing or stale."""

import fcntl
import hashlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.testbed import debian, toolchain
from tests.testbed.paths import BIN, ROOT, SOURCES, STATE

KUBERNETES = "v1.37.2"  # as in programs/controlplane/go.mod: clients choke on a server that does not say its version
STAGES = (
    "node/fast/node-initialize.yaml",
    "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
    "pod/fast/pod-ready.yaml",
    "pod/fast/pod-complete.yaml",
    "pod/fast/pod-delete.yaml",
    "pod/chaos/pod-container-running-failed.yaml",
    "pod/chaos/pod-init-container-running-failed.yaml",
)
STAGES_FILE = STATE / "kwok" / "stages.yaml"
REMINDER = 30  # seconds between two lines of progress while go says nothing


@dataclass(frozen=True, slots=True)
class Program:
    """One program: its directory below tests/testbed/programs, the package in it, and what a first build costs."""

    name: str
    package: str
    ldflags: str
    cold: str

    @property
    def source(self) -> Path:
        """The module's directory."""
        return SOURCES / self.name

    @property
    def binary(self) -> Path:
        """Where the built program lies."""
        return BIN / self.name

    @property
    def stamp(self) -> Path:
        """The file that tells of which sources the binary was made."""
        return BIN / f"{self.name}.sum"

    def digest(self) -> str:
        """Hash everything that the binary depends on: the locked modules, the sources, the flags."""
        digest = hashlib.sha256(f"{self.package} {self.ldflags}".encode())
        locks = [self.source / "go.mod", self.source / "go.sum", *self.source.glob("debian.lock")]
        for path in sorted([*locks, *self.source.glob("*.go")]):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
        return digest.hexdigest()

    def stale(self) -> bool:
        """Tell whether the binary is missing or of other sources."""
        return not self.binary.exists() or not self.stamp.exists() or self.stamp.read_text() != self.digest()


HELM = "v4.3.1"  # as in programs/helm/go.mod, and kustomize's below: both write it into what they make
KUSTOMIZE = "v5.8.2"
_VERSION = "k8s.io/component-base/version"
_MAJOR, _MINOR, _ = KUBERNETES.removeprefix("v").split(".")
PROGRAMS = (
    Program("registry", ".", "-s -w", "10 s"),
    Program("semver", ".", "-s -w", "5 s"),
    Program("distribution", ".", "-s -w", "2 min"),
    Program("docker-registry", ".", "-s -w", "1 min"),
    Program("kwok", "sigs.k8s.io/kwok/cmd/kwok", "-s -w", "1 min"),
    Program("cosign", "github.com/sigstore/cosign/v3/cmd/cosign", "-s -w", "3 min"),
    Program("notation", "github.com/notaryproject/notation/cmd/notation", "-s -w", "1 min"),
    Program(
        "helm",
        "helm.sh/helm/v4/cmd/helm",
        f"-s -w -X helm.sh/helm/v4/internal/version.version={HELM}",
        "2 min",
    ),
    Program(
        "kustomize",
        "sigs.k8s.io/kustomize/kustomize/v5",
        f"-s -w -X sigs.k8s.io/kustomize/api/provenance.version=kustomize/{KUSTOMIZE}",
        "1 min",
    ),
    Program(
        "controlplane",
        ".",
        f"-s -w -X {_VERSION}.gitVersion={KUBERNETES} -X {_VERSION}.gitMajor={_MAJOR} -X {_VERSION}.gitMinor={_MINOR}",
        "5 min",
    ),
)
OF_A_TESTBED = tuple(program for program in PROGRAMS if program.name in ("registry", "kwok", "controlplane"))


def build(
    programs: Sequence[Program] = PROGRAMS,
    *,
    say: Callable[[str], None] = lambda line: print(line, file=sys.stderr, flush=True),
) -> None:
    """Make ``programs`` and kwok's stages; do nothing, in a millisecond, when all are fresh.

    Processes that call this at the same time (the workers of pytest-xdist) wait for the first.

    Raises:
        RuntimeError: there is no Go, or a program does not build.
    """
    if not _stale(programs) and STAGES_FILE.exists():
        return
    with locked(STATE / "build.lock"):
        stale = _stale(programs)
        if not stale and STAGES_FILE.exists():
            return
        go = toolchain.find(directory=STATE / "go", lock=ROOT / "requirements" / "go.lock", say=say)
        for program in stale:
            _build(program, go=go, say=say)
        _gather_stages(go)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold ``path`` for this process alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _stale(programs: Sequence[Program]) -> list[Program]:
    return [program for program in programs if program.stale()]


def _build(program: Program, *, go: toolchain.Toolchain, say: Callable[[str], None]) -> None:
    if debian.fetch(program.source / "debian.lock", into=program.binary, say=say):
        program.stamp.write_text(program.digest())
        return
    say(f"building {program.name} (the first time takes about {program.cold})")
    BIN.mkdir(parents=True, exist_ok=True)
    digest, began = program.digest(), time.monotonic()
    command = [str(go.go), "build", "-trimpath", "-ldflags", program.ldflags, "-o", str(program.binary)]
    log = BIN / f"{program.name}.log"
    with log.open("w") as output:
        building = subprocess.Popen(
            [*command, program.package], cwd=program.source, env=go.environment(), stdout=output, stderr=output
        )
        while (failed := _wait(building, seconds=REMINDER)) is None:
            say(f"  {program.name}: {time.monotonic() - began:.0f} s, still building")
    if failed:
        raise RuntimeError(f"{program.name} does not build:\n{log.read_text().strip()}")
    program.stamp.write_text(digest)
    say(f"  {program.name}: built in {time.monotonic() - began:.0f} s")


def _wait(building: subprocess.Popen[bytes], *, seconds: float) -> int | None:
    try:
        return building.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return None


def _gather_stages(go: toolchain.Toolchain) -> None:
    """Put the stages that kwok's own module brings into the one file that its --config takes."""
    module = go.run("list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kwok", directory=SOURCES / "kwok").strip()
    stages = [(Path(module) / "kustomize" / "stage" / name).read_text() for name in STAGES]
    STAGES_FILE.parent.mkdir(parents=True, exist_ok=True)
    STAGES_FILE.write_text("---\n".join(stages))

"""Runs what rendering asks of kustomize by the real one, in a folder of its own and an empty environment."""

import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import yaml
from tests.testbed.paths import BIN

from pattern_operator.api.artifact import File
from pattern_operator.render.program import KustomizeBuild, ProgramOutput, ProgramRun, Steps

T = TypeVar("T")
Files = Mapping[str, str | bytes]


def files(written: Files) -> tuple[File, ...]:
    """The files of an artifact."""
    return tuple(File(path, each.encode() if isinstance(each, str) else each) for path, each in written.items())


def run(asked: ProgramRun) -> ProgramOutput:
    """One build."""
    assert isinstance(asked, KustomizeBuild)
    with tempfile.TemporaryDirectory() as folder:
        for file in asked.files:
            path = Path(folder, file.path)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.content)
        argv = [str(BIN / "kustomize"), "build", f"./{asked.path}"]
        made = subprocess.run(argv, cwd=folder, env={}, capture_output=True, check=False)
    return ProgramOutput(exit_code=made.returncode, stdout=made.stdout, stderr=made.stderr.decode())


def driven(steps: Steps[T]) -> T:
    """What ``steps`` return, with every program run."""
    return driven_and_counted(steps)[0]


def driven_and_counted(steps: Steps[T]) -> tuple[T, int]:
    """The same, and how many programs were run."""
    runs = 0
    try:
        asked = next(steps)
        while True:
            runs += 1
            asked = steps.send(run(asked))
    except StopIteration as end:
        value: T = end.value
        return value, runs


def own_output(written: Files, path: str = ".") -> list[object]:
    """What kustomize itself prints."""
    made = run(KustomizeBuild(files=files(written), path=path))
    assert made.exit_code == 0, made.stderr
    return [each for each in yaml.safe_load_all(made.stdout) if each is not None]

"""The directory of a run: the files of the artifact, the values and an empty folder. It can be read and not written."""

import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import Final

from pattern_operator.render.program import HelmTemplate, ProgramRun
from pattern_operator.sandbox.programs.command_line import Places

_PREFIX: Final = "pattern-operator-run-"


def lay_out(run: ProgramRun) -> tuple[Path, Places]:
    """Make the directory of a run that was judged, and all that is in it; blocks.

    Raises:
        OSError: there is no room for it; what was made is removed.
    """
    root = Path(tempfile.mkdtemp(prefix=_PREFIX))
    try:
        places = Places(root / "artifact", root / "values.yaml", root / "empty")
        places.empty.mkdir()
        places.artifact.mkdir()
        for file in run.files:
            path = places.artifact / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, file.content)
        if isinstance(run, HelmTemplate):
            _write(places.values, run.values)
        for folder, _, _ in os.walk(root):
            Path(folder).chmod(stat.S_IRUSR | stat.S_IXUSR)
    except BaseException:
        remove(root)
        raise
    return root, places


def remove(root: Path) -> None:
    """Remove the directory of a run; blocks."""
    for folder, _, _ in os.walk(root):
        Path(folder).chmod(stat.S_IRWXU)
    shutil.rmtree(root)


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, stat.S_IRUSR)
    with open(descriptor, "wb", buffering=0) as file:  # noqa: PTH123 - a descriptor
        file.write(content)

"""The directory of a run: the files of the artifact, the values and an empty folder. It can be read and not written."""

import logging
import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import Final

from pattern_operator.render.program import HelmTemplate, ProgramRun
from pattern_operator.sandbox.programs.command_line import Places

logger = logging.getLogger(__name__)

_PREFIX: Final = "pattern-operator-run-"


def lay_out(run: ProgramRun) -> tuple[Path, Places]:
    """Make the directory of a run that was judged, and all that is in it; blocks.

    Raises:
        OSError: there is no room for it; what was made is removed.
    """
    root = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
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
    """Remove the directory of a run, without following a link in it; blocks."""
    for folder, _, _ in os.walk(root):
        Path(folder).chmod(stat.S_IRWXU)
    shutil.rmtree(root)


def remove_left() -> None:
    """Remove what processes left that were killed in the middle of a run; blocks. To be called before the first run.

    The directory of a run has the id of its process in its name; in a container that restarts, it is always the same.
    """
    for root in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        process = root.name.removeprefix(_PREFIX).partition("-")[0]
        if process.isdecimal() and (int(process) == os.getpid() or not _is_alive(int(process))):
            try:
                if _is_ours(root):
                    remove(root)
            except OSError as error:
                logger.warning("what is left of a run cannot be removed: %s: %s", root, error.strerror)


def _is_ours(root: Path) -> bool:
    """Whether it is a directory that our user made: anybody may put one, or a link, into a folder for all."""
    found = root.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):  # it is another user's, or no process at all: leave it to them
        return True
    return True


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, stat.S_IRUSR)
    with open(descriptor, "wb", buffering=0) as file:  # noqa: PTH123 - a descriptor
        file.write(content)

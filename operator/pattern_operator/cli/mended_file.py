"""A file that ``patternctl lint --fix`` mends: what would change is shown, or written at once."""

import difflib
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.lint.fix.fixer import Fixed


def show(fixed: Fixed, name: str) -> None:
    """Print what would change of the file that people call ``name``, as ``diff -u`` does."""
    before, after = fixed.before.splitlines(), fixed.after.splitlines()
    for line in difflib.unified_diff(before, after, name, f"{name} (mended)", lineterm=""):
        print("".join(letter if letter.isprintable() or letter == "\t" else "?" for letter in line))


def write(place: Path, fixed: Fixed) -> None:
    """Put the new text in the place of the old one at once; raises Stalled where the file has changed meanwhile."""
    target = place / fixed.path if place.is_dir() else place
    if target.is_symlink() or target.read_bytes() != fixed.before.encode():
        raise Stalled(
            reason=Reason.DOCUMENT_INVALID,
            message=f"{target} is not what was read, or a link: nothing is written. Run the command again.",
        )
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".patternctl-")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(fixed.after.encode())
        _keep_owner(name, target.stat())
        Path(name).chmod(target.stat().st_mode & 0o7777)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _keep_owner(path: str, before: os.stat_result) -> None:
    """Give a new file the owner and group of the old one, as far as the user may: who is root in a container may."""
    now = Path(path).stat()
    for user, group in ((before.st_uid, -1), (-1, before.st_gid)):
        if (user, group) not in ((now.st_uid, -1), (-1, now.st_gid)):
            with suppress(PermissionError):  # as of an editor that writes anew, it is the user's then
                os.chown(path, user, group)

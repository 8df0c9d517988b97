"""What this process has open."""

from pathlib import Path


def open_files_below(directory: Path) -> list[str]:
    """The names of the open files of a directory."""
    opened = [each.readlink() for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]
    return [path.name for path in opened if path.is_relative_to(directory)]

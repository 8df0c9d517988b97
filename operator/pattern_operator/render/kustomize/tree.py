"""The files of an artifact as kustomize finds them: by paths that are relative to the folder of a kustomization."""

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Final

from pattern_operator.api.artifact import File

KUSTOMIZATIONS: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""What kustomize reads (``api/konfig/general.go``), and by no other spelling."""
ROOT: Final = "."
_DEEPEST: Final = 64  # folders above a file that are known; kustomizations lie two or three deep


class Tree:
    """Files by path, and the folders that they make; the root is ``.``."""

    def __init__(self, files: Sequence[File]) -> None:
        self._files = {file.path: file for file in files}
        self._folders = {ROOT}
        for file in files:
            parents = list(PurePosixPath(file.path).parents)[:_DEEPEST]
            self._folders.update(str(each) for each in parents)

    def file(self, path: str) -> File | None:
        """The file at ``path``."""
        return self._files.get(path)

    def is_folder(self, path: str) -> bool:
        """Whether files lie in or below it."""
        return path in self._folders

    def kustomizations(self, folder: str) -> list[File]:
        """The kustomization files of a folder: one, where it is well."""
        found = (self.file(joined(folder, name)) for name in KUSTOMIZATIONS)
        return [each for each in found if each is not None]

    def folders(self) -> list[str]:
        """Every folder, in order."""
        return sorted(self._folders)

    def names(self) -> Iterator[str]:
        """Every path, of files and folders."""
        yield from self._files
        yield from self._folders


def joined(folder: str, path: str) -> str:
    """``path``, which is relative to ``folder``, from the root.

    Raises:
        ValueError: it leads out of the artifact, or is absolute.
    """
    if path.startswith("/"):
        raise ValueError("is an absolute path")
    parts = [] if folder == ROOT else folder.split("/")
    for part in path.split("/"):
        if part == "..":
            if not parts:
                raise ValueError("leads out of the artifact")
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts) or ROOT

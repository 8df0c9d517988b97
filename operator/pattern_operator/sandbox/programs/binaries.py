"""Where the programs are: as a flag says, else on PATH."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramPaths:
    """The absolute path of each program; None for one that this machine does not have."""

    helm: Path | None = None
    kustomize: Path | None = None

    @classmethod
    def find(cls, *, helm: Path | None = None, kustomize: Path | None = None) -> Self:
        """What is given, else what PATH has."""
        return cls(helm=helm or _on_path("helm"), kustomize=kustomize or _on_path("kustomize"))

    def of(self, name: str) -> Path | None:
        """The path of the program ``helm`` or ``kustomize``, where there is a file."""
        path = self.helm if name == "helm" else self.kustomize
        return path.absolute() if path is not None and path.is_file() else None


def _on_path(name: str) -> Path | None:
    found = shutil.which(name)
    return Path(found) if found else None

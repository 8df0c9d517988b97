"""Finds the chart or the kustomization of an artifact by the names of its files, before any of them is read."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.quote import first_few, quoted
from pattern_operator.render.options import Options

# Names: kustomize, api/konfig ("RecognizedKustomizationFileNames"); Helm documentation, "The Chart File Structure".
KUSTOMIZATIONS: Final = frozenset({"kustomization.yaml", "kustomization.yml", "kustomization"})
CHART: Final = "chart.yaml"
_PACKAGE: Final = ".tgz"  # of `helm package`
_NAMED: Final = 5  # folders that a message names


class SeveralRoots(Stalled):
    """There are several to be built, and nothing says which of them is meant."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: ``path`` is its folder, "." for the root, or its package; ``where`` is the file that says so."""

    path: str
    where: str


@dataclass(frozen=True, slots=True)
class Kustomization:
    """A kustomization: ``path`` is its folder, "." for the root; ``where`` is the file that says so."""

    path: str
    where: str


def build_root(paths: Iterable[str], *, options: Options) -> Chart | Kustomization | None:
    """What is to be built by ``helm`` or ``kustomize``: in the folder that was asked for, else the only one below it.

    A chart that lies in another, as a dependency, is a part of it, and so is whatever else does.

    Raises:
        Stalled: NOT_A_PATTERN: there are several, or none of the format that was asked for.
    """
    wanted = wanted_path(options)
    below = sorted(path for path in paths if not wanted or path == wanted or path.startswith(f"{wanted}/"))
    charts = _outermost([Chart(_folder(path), path) for path in below if _name(path) == CHART])
    if (options.format == "Helm" and not charts) or wanted.endswith(_PACKAGE):
        charts = [Chart(path, path) for path in below if path.endswith(_PACKAGE)]
    kustomizations = [Kustomization(_folder(path), path) for path in below if _name(path) in KUSTOMIZATIONS]
    if options.format == "Helm":
        return _only(charts, wanted=wanted, missing="Helm chart: no file is called Chart.yaml")
    if options.format == "Kustomize":
        return _only(kustomizations, wanted=wanted, missing="kustomization: no file is called kustomization.yaml")
    folders = {chart.path for chart in charts}
    apart = [each for each in kustomizations if not _is_inside(each.path, folders)]
    found: list[Chart | Kustomization] = [*charts, *apart]
    return _only(found, wanted=wanted, missing=None) if found else None


def is_below(path: str, root: Chart | Kustomization) -> bool:
    """Whether a file is of what is built."""
    return path == root.path or _is_inside(path, (root.path,))


def wanted_path(options: Options) -> str:
    """The path that was asked for, empty for all, as "." is."""
    path = PurePosixPath((options.path or "").strip("/")).as_posix()
    return "" if path == "." else path


def _only(found: Sequence[Chart | Kustomization], *, wanted: str, missing: str | None) -> Chart | Kustomization:
    """The one in the wanted folder, else the only one; two files of one folder are for the program to judge."""
    root = PurePosixPath(wanted).as_posix()
    at_root = [each for each in found if root in (each.path, each.where)]
    chosen = at_root or found
    if not chosen:
        raise _not_a_pattern(f"the artifact contains no {missing}")
    first = chosen[0]
    if any(type(each) is not type(first) for each in at_root):
        raise _not_a_pattern(
            f"{chosen[0].where} and {chosen[1].where} lie in one folder: say in spec.render.format which is meant"
        )
    if len({each.path for each in chosen}) > 1:
        named = first_few([quoted(each.path) for each in chosen], _NAMED)
        raise SeveralRoots(
            reason=Reason.NOT_A_PATTERN,
            message=f"the artifact contains several charts or kustomizations, {named}: name the folder of one in"
            " spec.source.layer.path",
        )
    return first


def _outermost(charts: list[Chart]) -> list[Chart]:
    folders = {chart.path for chart in charts}
    return [chart for chart in charts if not _is_inside(chart.path, folders)]


def _is_inside(path: str, folders: Container[str]) -> bool:
    """Whether it lies below one of the folders."""
    return any(parent.as_posix() in folders for parent in PurePosixPath(path).parents)


def _folder(path: str) -> str:
    return PurePosixPath(path).parent.as_posix()


def _name(path: str) -> str:
    return PurePosixPath(path).name.lower()


def _not_a_pattern(message: str) -> Stalled:
    return Stalled(reason=Reason.NOT_A_PATTERN, message=message)

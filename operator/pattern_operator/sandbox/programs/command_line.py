"""The words and the environment that a program is started with: nothing of an artifact can become a flag in them.

Each path begins with ``./``, each value stands in one word with its flag. Sources: ``helm template --help`` (Helm 4),
``kustomize build --help`` (kustomize 5). Neither is let have plugins, repositories, functions or charts to fetch.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pattern_operator.render.program import HelmTemplate, ProgramRun

_HELM_HOMES = ("HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME", "HELM_PLUGINS", "HELM_REPOSITORY_CACHE")
_HELM_FILES = ("HELM_REGISTRY_CONFIG", "HELM_REPOSITORY_CONFIG", "KUBECONFIG")
_HOMES = ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")


@dataclass(frozen=True, slots=True)
class Places:
    """Where a run finds what it reads: the files of the artifact, the values, and a folder with nothing in it."""

    artifact: Path
    values: Path
    empty: Path


def command_line(run: ProgramRun, places: Places) -> tuple[str, ...]:
    """The words after the program."""
    if isinstance(run, HelmTemplate):
        return tuple(_helm(run, places))
    return ("build", f"./{run.path}", "--load-restrictor=LoadRestrictionsRootOnly")


def environment(run: ProgramRun, places: Places, *, memory: int) -> dict[str, str]:
    """The whole environment: kustomize has none, as a line without ``=`` in an env-file takes its value from it."""
    if not isinstance(run, HelmTemplate):
        return {}
    empty = str(places.empty)
    homes = dict.fromkeys((*_HOMES, *_HELM_HOMES), empty)
    files = dict.fromkeys(_HELM_FILES, f"{empty}/none")
    return {**homes, **files, "TZ": "UTC", "GOMAXPROCS": "2", "GOMEMLIMIT": str(memory * 3 // 4)}


def _helm(run: HelmTemplate, places: Places) -> Iterator[str]:
    yield from ("template", run.release, f"./{run.chart}", f"--namespace={run.namespace}", f"--values={places.values}")
    yield from ("--include-crds", f"--kube-version={run.kube_version}")
    yield from (f"--api-versions={version}" for version in run.api_versions)
    yield from (f"--set={setting}" for setting in run.settings)
    if run.skips_schema:
        yield "--skip-schema-validation"

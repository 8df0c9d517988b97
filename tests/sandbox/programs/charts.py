"""Runs of the real programs over small charts and kustomizations."""

from tests.testbed.paths import BIN

from pattern_operator.api.artifact import File
from pattern_operator.render.program import HelmTemplate, KustomizeBuild
from pattern_operator.sandbox.programs import ProgramPaths

PATHS = ProgramPaths(helm=BIN / "helm", kustomize=BIN / "kustomize")
CONFIG_MAP = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


def chart(template: str, *more: File) -> tuple[File, ...]:
    """A chart in the folder ``web`` with one template."""
    about = b"apiVersion: v2\nname: web\nversion: 1.0.0\n"
    return (File("web/Chart.yaml", about), File("web/templates/a.yaml", template.encode()), *more)


def helm(template: str, *more: File, values: bytes = b"{}") -> HelmTemplate:
    return HelmTemplate(
        files=chart(template, *more),
        chart="web",
        release="web",
        namespace="team",
        values=values,
        kube_version="v1.34.1",
        api_versions=("example.com/v1",),
    )


def kustomize(text: str, *more: File) -> KustomizeBuild:
    return KustomizeBuild(files=(File("kustomization.yaml", text.encode()), File("cm.yaml", CONFIG_MAP), *more))

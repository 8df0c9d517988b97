"""The shipped schemas, loaded once for each test module that asks."""

from collections.abc import Collection, Sequence
from functools import cache

from tests.testbed.paths import BIN

from pattern_operator.api.artifact import File
from pattern_operator.api.report import Rendering
from pattern_operator.cli.programs import driven
from pattern_operator.health_checks.language import why_unusable
from pattern_operator.lint.finding import Finding
from pattern_operator.lint.linter import lint
from pattern_operator.lint.schema.schemas import Schemas
from pattern_operator.lint.schema.shipped import LATEST, Version, load
from pattern_operator.render import Options, render


@cache
def shipped(version: Version = LATEST) -> Schemas:
    """The schemas of a version."""
    return Schemas.of(load(version), label=f"Kubernetes {version}")


def compiled(expressions: Collection[str]) -> dict[str, str]:
    """What the compiler says, in this process."""
    return {each: why for each in expressions if (why := why_unusable(each)) is not None}


def built(files: Sequence[File], options: Options) -> Rendering:
    """What the real programs make of files."""
    return driven(render(files, options=options), helm=str(BIN / "helm"), kustomize=str(BIN / "kustomize"))


def findings(*files: File, options: Options | None = None) -> list[Finding]:
    """What lint says of files, against the newest schemas."""
    return list(
        lint(files, options=options or Options(), schemas=shipped(), compile_checks=compiled, build=built).findings
    )


def rules(*files: File) -> list[tuple[str, int]]:
    """Rule and line of each finding."""
    return [(each.rule, each.line) for each in findings(*files)]

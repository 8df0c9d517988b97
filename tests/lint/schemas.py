"""The shipped schemas, loaded once for each test module that asks."""

from collections.abc import Collection
from functools import cache

from pattern_operator.api.artifact import File
from pattern_operator.health_checks.language import why_unusable
from pattern_operator.lint.finding import Finding
from pattern_operator.lint.linter import lint
from pattern_operator.lint.schema.schemas import Schemas
from pattern_operator.lint.schema.shipped import LATEST, Version, load
from pattern_operator.render import Options


@cache
def shipped(version: Version = LATEST) -> Schemas:
    """The schemas of a version."""
    return Schemas.of(load(version), label=f"Kubernetes {version}")


def compiled(expressions: Collection[str]) -> dict[str, str]:
    """What the compiler says, in this process."""
    return {each: why for each in expressions if (why := why_unusable(each)) is not None}


def findings(*files: File, options: Options | None = None) -> list[Finding]:
    """What lint says of files, against the newest schemas."""
    return list(lint(files, options=options or Options(), schemas=shipped(), compile_checks=compiled).findings)


def rules(*files: File) -> list[tuple[str, int]]:
    """Rule and line of each finding."""
    return [(each.rule, each.line) for each in findings(*files)]

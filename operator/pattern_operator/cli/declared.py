"""What the operator refuses of a ``pattern.yaml`` and a DesignPattern before anything is applied, at a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from pattern_operator.api.dependency import Dependency
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.health_check import HealthCheck, effective
from pattern_operator.api.reason import Reason
from pattern_operator.cli import health_checks, output
from pattern_operator.cli.error_messages import OfFile
from pattern_operator.errors import Transient
from pattern_operator.lint.declared import Refused, circles, expressions, of_design_pattern, of_pattern_file, shown
from pattern_operator.quote import listed

_NAMED: Final = 5  # faults that a message names


def refuse(
    dependencies: Sequence[Dependency], checks: Sequence[HealthCheck], *, pattern: DesignPattern | None = None
) -> None:
    """Raise Stalled (INVALID_REFERENCE, HEALTH_CHECK_INVALID, DEPENDENCY_CYCLE, INVALID_SPEC) for what is refused.

    ``dependencies`` and ``checks`` are those of ``pattern.yaml``, ``pattern`` is the DesignPattern that uses it.
    """
    faults = list(found(dependencies, checks, pattern=pattern))
    if faults:
        named = listed([each.message.rstrip(".") for each in faults], _NAMED)
        raise OfFile(reason=faults[0].reason, message=f"the operator applies nothing of it: {named}.")


def found(
    dependencies: Sequence[Dependency], checks: Sequence[HealthCheck], *, pattern: DesignPattern | None = None
) -> Iterator[Refused]:
    """What is refused; each message begins with the file or the DesignPattern."""
    of_spec = () if pattern is None else pattern.spec.apply.health_checks or ()
    errors: Mapping[str, str] = {}
    try:
        errors = health_checks.errors(list(expressions(effective(of_spec, checks))))
    except Transient as error:
        output.print_error(output.plain(error.message))
    if pattern is not None:
        said = [*of_design_pattern(pattern, errors=errors), *(each for _, each in circles([pattern]))]
        for each in (*said, *_itself(dependencies, pattern)):
            yield Refused(each.reason, each.path, f"DesignPattern {pattern.metadata.name}: {each.message}")
    for each in of_pattern_file(dependencies, checks, errors=errors):
        yield Refused(each.reason, each.path, f"pattern.yaml: {each.message}")


def _itself(dependencies: Sequence[Dependency], pattern: DesignPattern) -> Iterator[Refused]:
    """Where the artifact of a pattern depends on that pattern."""
    own = (pattern.metadata.namespace, pattern.metadata.name)
    for position, each in enumerate(dependencies):
        if (each.namespace or own[0], each.name) == own:
            path = ("dependsOn", position)
            message = f"{shown(path)} of the pattern.yaml of its artifact is the pattern itself: give it another name"
            yield Refused(Reason.DEPENDENCY_CYCLE, path, message)

"""What a DesignPattern or a ``pattern.yaml`` declares and the operator refuses, though its schema allows it. Pure.

Whoever asks compiles the health checks: ``expressions`` are those to compile, and ``errors`` says by expression why
some can be true of nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pattern_operator.api.dependency import Dependency
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.health_check import HealthCheck, repeated
from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.quote import quoted
from pattern_operator.render.parameters.target_path import InvalidTargetPath, TargetPath
from pattern_operator.source.semver.range import SemverRange

Path = tuple[str | int, ...]
Key = tuple[str, str]  # namespace and name

_OF_SPEC: Final[Path] = ("spec", "apply", "healthChecks")
_OF_FILE: Final[Path] = ("healthChecks",)
_NAMED: Final = 8  # patterns of a circle
_MAX_PATTERNS: Final = 1_000  # of which circles are looked for


@dataclass(frozen=True, slots=True)
class Refused:
    """What is refused, with the reason that the operator has for it; ``message`` begins with the field at ``path``."""

    reason: Reason
    path: Path
    message: str


def of_pattern_file(
    dependencies: Sequence[Dependency], checks: Sequence[HealthCheck], *, errors: Mapping[str, str]
) -> Iterator[Refused]:
    """What is refused of ``dependsOn`` and ``healthChecks`` of a ``pattern.yaml``."""
    yield from _ranges(("dependsOn",), dependencies)
    yield from _not_compiled(_OF_FILE, checks, errors)


def of_design_pattern(pattern: DesignPattern, *, errors: Mapping[str, str]) -> Iterator[Refused]:
    """What is refused of a spec, by the API server (rules in CEL, which a schema check passes over) or the operator."""
    spec = pattern.spec
    if spec.source.ref.semver is not None:
        yield from _range(("spec", "source", "ref", "semver"), spec.source.ref.semver)
    for position, value in enumerate(spec.render.values_from or ()):
        path: Path = ("spec", "render", "valuesFrom", position, "targetPath")
        try:
            if value.target_path is not None:
                TargetPath.parse(value.target_path)
        except InvalidTargetPath as error:
            yield Refused(Reason.INVALID_SPEC, path, f"{shown(path)} {quoted(value.target_path or '')} {error}")
    yield from _dependencies(pattern)
    checks = spec.apply.health_checks or ()
    yield from _shapes(checks)
    yield from _not_compiled(_OF_SPEC, checks, errors)


def circles(patterns: Sequence[DesignPattern]) -> Iterator[tuple[int, Refused]]:
    """Circles of ``dependsOn`` among these patterns, each once, told of the one that comes first, by its position.

    Of two that share a pattern one is told; the other one is when that is mended.
    """
    positions: dict[Key, int] = {}
    for number, each in enumerate(patterns[:_MAX_PATTERNS]):
        positions.setdefault(_key_of(each), number)
    edges = {key: _edges(patterns[number]) for key, number in positions.items()}
    for start, number in positions.items():
        if start not in edges or (found := _way_round(start, edges)) is None:
            continue
        entry, way = found
        path: Path = ("spec", "dependsOn", entry)
        names = " -> ".join(name for _, name in way[:_NAMED]) + (" -> ..." if len(way) > _NAMED else "")
        message = f"{shown(path)} leads back to the pattern itself: {names}. Take one of them out of spec.dependsOn"
        yield number, Refused(Reason.DEPENDENCY_CYCLE, path, message)
        for key in way:
            edges.pop(key, None)


def expressions(checks: Sequence[HealthCheck]) -> Iterator[str]:
    """The expressions of ``checks``."""
    for check in checks:
        yield from (text for _, text in check.expressions())


def shown(path: Path) -> str:
    """``spec.dependsOn[0].version``."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def _ranges(path: Path, dependencies: Sequence[Dependency]) -> Iterator[Refused]:
    for position, each in enumerate(dependencies):
        if each.version is not None:
            yield from _range((*path, position, "version"), each.version)


def _range(path: Path, text: str) -> Iterator[Refused]:
    try:
        SemverRange(text, field=shown(path))
    except Stalled as error:
        yield Refused(error.reason, path, error.message)


def _dependencies(pattern: DesignPattern) -> Iterator[Refused]:
    path: Path = ("spec", "dependsOn")
    wanted = pattern.spec.depends_on or ()
    for position, each in enumerate(wanted):
        if name := each.misnamed:
            at: Path = (*path, position, name)
            words = "is not a name: small letters, digits, - and . are allowed"
            yield Refused(Reason.INVALID_SPEC, at, f"{shown(at)} {words}")
    yield from _ranges(path, wanted)


def _shapes(checks: Sequence[HealthCheck]) -> Iterator[Refused]:
    for position, each in enumerate(checks):
        if field := each.misnamed:
            at: Path = (*_OF_SPEC, position, field)
            yield Refused(Reason.INVALID_SPEC, at, f"{shown(at)} is not one, such as example.com/v1 or Cluster")
    if (pair := repeated(checks)) is not None:
        first, second = ((*_OF_SPEC, each) for each in pair)
        yield Refused(
            Reason.HEALTH_CHECK_INVALID,
            second,
            f"{shown(second)} is for the kind of {shown(first)}, {checks[pair[0]].kind}: join their expressions with"
            " || or &&",
        )


def _not_compiled(path: Path, checks: Sequence[HealthCheck], errors: Mapping[str, str]) -> Iterator[Refused]:
    for position, check in enumerate(checks):
        for field, text in check.expressions():
            if (why := errors.get(text)) is not None:
                at: Path = (*path, position, field)
                yield Refused(Reason.HEALTH_CHECK_INVALID, at, f"{shown(at)} ({check.kind}) {why}")


def _key_of(pattern: DesignPattern) -> Key:
    return pattern.metadata.namespace, pattern.metadata.name


def _edges(pattern: DesignPattern) -> list[Key]:
    return [(each.namespace or pattern.metadata.namespace, each.name) for each in pattern.spec.depends_on or ()]


def _way_round(start: Key, edges: Mapping[Key, list[Key]]) -> tuple[int, list[Key]] | None:
    """The entry of ``dependsOn`` that leads back to ``start``, and the shortest way; None where none does."""
    before: dict[Key, Key] = {}
    line = [start]
    for key in line:  # grows as it is read
        for each in edges.get(key, ()):
            if each == start:
                way = [key]
                while way[-1] != start:
                    way.append(before[way[-1]])
                way = [*reversed(way), start]
                return edges[start].index(way[1]), way
            if each not in before:
                before[each] = key
                line.append(each)
    return None

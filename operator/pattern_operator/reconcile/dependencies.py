"""What a pattern depends on, and what of that is missing before anything new of it may be applied. Pure.

It follows ``dependsOn`` of Flux (kustomize-controller, ``checkDependencies``): a dependency has to be Ready, and its
status has to speak of its newest generation. Circles are told, which Flux does not. They are looked for from the
pattern outwards, nearest first, and a bounded number of dependencies is followed: what thousands of patterns in a
row cost is so much for each, and no more.
"""

from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from pattern_operator.api.dependency import Dependency
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.reason import Reason
from pattern_operator.apply.need import PatternNeeded
from pattern_operator.errors import Stalled, Waiting
from pattern_operator.limits import MAX_DEPENDENCIES_SEEN, MAX_PATTERNS_BELOW
from pattern_operator.quote import listed, quoted
from pattern_operator.reconcile.contained_patterns import id_of
from pattern_operator.reconcile.dependency_state import DependencyState
from pattern_operator.reconcile.pattern_store import PatternKey, PatternStore, key_of
from pattern_operator.source.semver.range import SemverRange
from pattern_operator.source.semver.version import Version

_NAMED: Final = 8  # of what is missing, and of a circle
_FIELD: Final = "dependsOn[].version"
_STRANGER: Final = "a pattern of another namespace"


@dataclass(frozen=True, slots=True)
class Unmet:
    """Why nothing new may be applied now, and what would wake the pattern when that changes."""

    error: Waiting | Stalled
    needs: frozenset[PatternNeeded] = frozenset()


def unmet(
    pattern: DesignPattern,
    of_artifact: Sequence[Dependency],
    *,
    contained: frozenset[str],
    patterns: PatternStore,
    cross_namespace: bool,
) -> Unmet | None:
    """What ``pattern`` waits for; None where all that it depends on is as it should be.

    ``of_artifact`` is what its ``pattern.yaml`` names, ``contained`` the ids of the DesignPatterns among its
    objects; ``patterns`` knows that of others.
    """
    if never := never_met(
        pattern, of_artifact, contained=contained, patterns=patterns, cross_namespace=cross_namespace
    ):
        return never
    wanted = _wanted(pattern, of_artifact)
    found = {key: _lack(key, ranges, patterns) for key, ranges in wanted.items()}
    lacks = [f"DesignPattern {key} {lack}" for key, lack in found.items() if lack]
    if not lacks:
        return None
    message = f"waits for what it depends on: {listed(lacks, _NAMED)}. It is applied when that is Ready"
    return Unmet(Waiting(reason=Reason.DEPENDENCY_NOT_READY, message=message), _needs(wanted))


def never_met(
    pattern: DesignPattern,
    of_artifact: Sequence[Dependency],
    *,
    contained: frozenset[str],
    patterns: PatternStore,
    cross_namespace: bool,
) -> Unmet | None:
    """Why nothing newer of ``pattern`` could ever be applied, whatever becomes of what it depends on; as ``unmet``."""
    wanted = _wanted(pattern, of_artifact)
    astray = sorted(key for key in wanted if key.namespace != pattern.metadata.namespace)
    if astray and not cross_namespace:
        return Unmet(_crosses(astray, pattern))
    for text in (each for ranges in wanted.values() for each in ranges):
        if (error := _fault_of(text)) is not None:
            return Unmet(error)
    inside = _inside(contained, patterns) if wanted else frozenset()
    if circle := _circle(pattern, wanted, inside=inside, patterns=patterns, cross_namespace=cross_namespace):
        return Unmet(_goes_round(circle, inside=inside, shown=wanted, pattern=pattern), _needs(wanted))
    return None


def _needs(wanted: Collection[PatternKey]) -> frozenset[PatternNeeded]:
    return frozenset(PatternNeeded(key.namespace, key.name) for key in wanted)


def keys_of(pattern: DesignPattern, dependencies: Sequence[Dependency]) -> tuple[PatternKey, ...]:
    """The patterns that ``dependencies`` of ``pattern`` are."""
    return tuple(_key(each, pattern) for each in dependencies)


def _wanted(pattern: DesignPattern, of_artifact: Sequence[Dependency]) -> Mapping[PatternKey, Collection[str]]:
    """The ranges of versions that are asked of each; the artifact's come first."""
    found: dict[PatternKey, dict[str, None]] = {}
    for each in (*of_artifact, *(pattern.spec.depends_on or ())):
        ranges = found.setdefault(_key(each, pattern), {})
        if each.version:
            ranges[each.version] = None
    return found


def _key(dependency: Dependency, pattern: DesignPattern) -> PatternKey:
    return PatternKey(dependency.namespace or pattern.metadata.namespace, dependency.name)


def _lack(key: PatternKey, ranges: Collection[str], patterns: PatternStore) -> str:
    """What a pattern lacks to be what is waited for; empty where it is."""
    known = patterns.get(key)
    if known is None:
        return "does not exist"
    state = DependencyState.of(known)
    if state.leaves:
        return "is being deleted"
    if state.version is None:
        return "is not Ready"
    version = Version.of_tag(state.version) if ranges else None
    for text in ranges:
        if version is None:
            return f"has no version that could be in {quoted(text)}: its source.ref leads to no tag that is one"
        if version not in SemverRange(text, field=_FIELD):
            return f"has version {state.version}, which is not in {quoted(text)}"
    return ""


@lru_cache(maxsize=16_384)  # patterns that run look each time one that they depend on changes; reading takes 0.5 ms
def _fault_of(text: str) -> Stalled | None:
    """Why it is no range of versions."""
    try:
        SemverRange(text, field=_FIELD)
    except Stalled as error:
        return error.with_traceback(None)
    return None


def _inside(contained: frozenset[str], patterns: PatternStore) -> frozenset[str]:
    """``contained`` and what is below: they come with the pattern, and not before it."""
    return contained | patterns.below(contained, most=MAX_PATTERNS_BELOW)


def _circle(
    pattern: DesignPattern,
    wanted: Collection[PatternKey],
    *,
    inside: frozenset[str],
    patterns: PatternStore,
    cross_namespace: bool,
) -> tuple[PatternKey, ...]:
    """The shortest way from ``pattern`` back to it, to one that waits for it as it contains it, or to one inside it."""
    start = key_of(pattern)
    ends = {start, *(key for key in patterns.ancestors(pattern) if _waits_for_objects(key, patterns))}
    before: dict[PatternKey, PatternKey] = {}
    line = deque((start, key) for key in wanted)
    for _ in range(MAX_DEPENDENCIES_SEEN):
        if not line:
            break
        at, key = line.popleft()
        if key in ends or id_of(key.namespace, key.name) in inside:
            return (*_way_to(at, before), key)
        if key not in before and (cross_namespace or key.namespace == at.namespace):
            before[key] = at
            if len(line) < MAX_DEPENDENCIES_SEEN:  # what is beyond is never come to
                line.extend((key, each) for each in _edges(key, patterns))
    return ()


def _waits_for_objects(key: PatternKey, patterns: PatternStore) -> bool:
    known = patterns.get(key)
    return known is not None and known.spec.apply.wait


def _edges(key: PatternKey, patterns: PatternStore) -> Iterator[PatternKey]:
    known = patterns.get(key)
    if known is not None:
        yield from patterns.dependencies_of(key)
        yield from keys_of(known, known.spec.depends_on or ())


def _way_to(key: PatternKey, before: Mapping[PatternKey, PatternKey]) -> tuple[PatternKey, ...]:
    way = [key]
    while way[-1] in before:
        way.append(before[way[-1]])
    return tuple(reversed(way))


def _goes_round(
    circle: Sequence[PatternKey], *, inside: frozenset[str], shown: Collection[PatternKey], pattern: DesignPattern
) -> Stalled:
    """The refusal; of other namespaces only those are named that the pattern itself names."""
    own = pattern.metadata.namespace
    names = [str(key) if key.namespace == own or key in shown else _STRANGER for key in circle]
    if len(names) > _NAMED:
        names[_NAMED - 2 : -2] = [f"({len(names) - _NAMED} more)"]
    start, end = circle[0], circle[-1]
    contains = "" if end == start else ", which contains the first and waits for it"
    way_out = ""
    if end != start and id_of(end.namespace, end.name) in inside:
        contains = ", which the first contains, so that it comes only when the first is applied"
        way_out = f" What else {start} contains can wait for it: by spec.dependsOn of those."
    return Stalled(
        reason=Reason.DEPENDENCY_CYCLE,
        message=f"the dependencies go round in a circle: {' -> '.join(names)}{contains}. Take one of them out of"
        f" spec.dependsOn, or out of the pattern.yaml of its artifact.{way_out}",
    )


def _crosses(astray: Sequence[PatternKey], pattern: DesignPattern) -> Stalled:
    return Stalled(
        reason=Reason.CROSS_NAMESPACE,
        message=f"dependsOn names DesignPattern {astray[0]}, and this operator allows only those of the pattern's own"
        f" namespace {pattern.metadata.namespace} (--no-cross-namespace); nothing new is applied. Take it out of"
        " spec.dependsOn, or use an artifact whose pattern.yaml does not name it.",
    )

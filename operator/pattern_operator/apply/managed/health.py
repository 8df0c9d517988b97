"""The health of all objects of a pattern together: the worst of them, and which object says what. Pure."""

from collections.abc import Callable, Collection, Iterable
from typing import Final

from pattern_operator.api.object import ObjectKey
from pattern_operator.apply.health import Health, HealthState
from pattern_operator.apply.managed.managed_object import ManagedObject
from pattern_operator.apply.result import summarize

# The worst first.
_SEVERITY: Final = (
    HealthState.FAILED,
    HealthState.NOT_FOUND,
    HealthState.TERMINATING,
    HealthState.IN_PROGRESS,
    HealthState.CURRENT,
)
_HEALTHY_OR_GOING: Final = frozenset({HealthState.CURRENT, HealthState.TERMINATING})


def worst_health(objects: Iterable[ManagedObject], *, is_watched: Callable[[ObjectKey], bool]) -> Health:
    """The worst health among the objects that are expected, and who says what.

    ``recheck_at`` is when the result may change without any event. ``is_watched`` says of an object whether a watch
    would show a change of it.
    """
    expected = [each for each in objects if each.expected]
    if not expected:
        return Health(HealthState.CURRENT, "no object is followed")
    ill = [each for each in expected if each.health.state is not HealthState.CURRENT]
    if not ill:
        return _all_healthy(expected)
    ill.sort(key=_by_severity)
    moments = [each.health.recheck_at for each in ill if each.health.recheck_at is not None]
    words = summarize(_words(each, is_watched=is_watched(each.key)) for each in ill)
    return Health(ill[0].health.state, words, min(moments, default=None))


def unhealthy(objects: Iterable[ManagedObject]) -> tuple[ObjectKey, ...]:
    """The objects that are there and not healthy, the worst first."""
    ill = [each for each in objects if each.expected and each.present and is_unhealthy(each)]
    return tuple(each.key for each in sorted(ill, key=_by_severity))


def is_unhealthy(managed: ManagedObject) -> bool:
    """Whether something is to be said about why the object is not healthy."""
    return managed.health.state not in _HEALTHY_OR_GOING


def _all_healthy(expected: Collection[ManagedObject]) -> Health:
    notable = sorted(each.health.message for each in expected if each.health.notable)
    unsure = tuple(sorted(each.health.message for each in expected if each.observed.end_unobserved))
    words = summarize([f"{len(expected)} objects are healthy", *notable])
    ended = sum(1 for each in expected if not each.present and not each.health.notable)
    return Health(HealthState.CURRENT, words, notable=bool(notable), unsure=unsure, ended=ended)


def _by_severity(managed: ManagedObject) -> tuple[int, ObjectKey]:
    return _SEVERITY.index(managed.health.state), managed.key


def _words(managed: ManagedObject, *, is_watched: bool) -> str:
    if not is_watched:
        kind = managed.key.kind
        return f"{managed.health.message} (as it was applied: the operator cannot watch {kind} objects)"
    because = f": {managed.cause}" if managed.cause and managed.present else ""
    return f"{managed.health.message}{because}"

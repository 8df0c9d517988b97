"""Health of kinds that are not built in: what their status says by the conventions that their authors follow.

kstatus looks at ``Ready``, ``Reconciling`` and ``Stalled`` alone. Many controllers say in other words that an object
does not do its work, and it would be called healthy:

- conditions of Kubernetes' API conventions (sig-architecture, "Typical status properties"): ``Available``,
  ``Succeeded``, ``Degraded`` and others, for what has no ``Ready``;
- Crossplane: ``Synced``, which may be False beside a Ready of days ago; ``Healthy`` of packages;
- the Gateway API (GEP-1364): conditions of each parent of a route, of each ancestor of a policy;
- the phase that the API conventions had before conditions, ``readyToUse`` of snapshots, ``health.status`` of Argo.

What a status does not say is not asked for: a kind without any of it is healthy by existing. A condition of an older
generation says nothing of this one.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from pattern_operator.api.fields import MAX_NAME, conditions_of, mapping, mappings, text, text_at
from pattern_operator.apply.health_result import Result, current, failed, progress
from pattern_operator.apply.object_view import ConditionView, ObjectView, words_at
from pattern_operator.quote import foreign

GATEWAY_API: Final = "gateway.networking.k8s.io"
MAX_PARENTS: Final = 32  # of a route or policy: the Gateway API allows as many parents, and half as many ancestors

_TRUE_WHERE_WELL: Final = ("Available", "Healthy", "Programmed", "Succeeded")  # read where there is no Ready
_TRUE_WHERE_ILL: Final = ("Degraded", "Failed")
_ILL_PHASES: Final = frozenset({"Failed", "Error", "Degraded"})
_WELL: Final = frozenset({"", "Healthy", "Suspended"})  # values of health.status


def custom_health(view: ObjectView) -> Result:
    """Judge an object of a kind without a rule of its own."""
    for judged in (_conditions(view), _parents(view), _without_conditions(view)):
        if judged is not None:
            return judged
    return current("is ready" if "Ready" in view.conditions else "exists")


def _conditions(view: ObjectView) -> Result | None:
    """What the conditions say against it; None where they do not."""
    ready = view.condition("Ready")
    if ready.status and ready.status != "True":
        return progress(f"not ready: {ready.words}")
    generation = view.meta.generation
    if ready.status and generation is not None and 0 <= ready.generation < generation:
        return progress(f"its condition Ready is of generation {ready.generation} of {generation}")
    synced = view.condition("Synced")
    if synced.status == "False" and not _is_stale(synced, view):
        return progress(f"not synced: {synced.words}")
    for name in _TRUE_WHERE_ILL:
        ill = view.condition(name)
        if ill.status == "True" and not _is_stale(ill, view):
            return failed(f"has failed: {ill.words}") if name == "Failed" else progress(f"degraded: {ill.words}")
    well = () if ready.status else _wanted_true(view)
    for name in well:
        condition = view.condition(name)
        if condition.status and condition.status != "True" and not _is_stale(condition, view):
            return progress(f"not {name.lower()}: {condition.words}")
    return None


def _wanted_true(view: ObjectView) -> tuple[str, ...]:
    return (*_TRUE_WHERE_WELL, "Accepted") if view.kind[0] == GATEWAY_API else _TRUE_WHERE_WELL


def _is_stale(condition: ConditionView, view: ObjectView) -> bool:
    generation = view.meta.generation
    return generation is not None and 0 <= condition.generation < generation


def _parents(view: ObjectView) -> Result | None:
    """What a parent says against a route of the Gateway API, or an ancestor against a policy."""
    if view.kind[0] != GATEWAY_API:
        return None
    for name, conditions in _of_parents(view):
        for kind, said in (("Accepted", "not accepted by"), ("ResolvedRefs", "its references are not resolved by")):
            condition = conditions.get(kind) or ConditionView()
            if condition.status == "False" and not _is_stale(condition, view):
                return progress(f"{said} {name}: {condition.words}")
    return None


def _of_parents(view: ObjectView) -> Iterator[tuple[str, Mapping[str, ConditionView]]]:
    for field, reference in (("parents", "parentRef"), ("ancestors", "ancestorRef")):
        for _, entry in zip(range(MAX_PARENTS), mappings(view.status.get(field)), strict=False):
            name = foreign(text_at(entry, reference, "name"), MAX_NAME) or "a parent"
            yield name, {text(each.get("type")): ConditionView.of(each) for each in conditions_of({"status": entry})}


def _without_conditions(view: ObjectView) -> Result | None:
    """What a status says that has no Ready."""
    if "Ready" in view.conditions:
        return None
    phase = text(view.status.get("phase"))
    if phase in _ILL_PHASES:
        words = words_at(view.status, "message") or words_at(view.status, "reason") or "its controller says no more"
        return (progress if phase == "Degraded" else failed)(f"phase {phase}: {words}")
    if view.status.get("readyToUse") is False:
        words = words_at(mapping(view.status.get("error")), "message") or "its controller says no more"
        return progress(f"not ready to use: {words}")
    health = mapping(view.status.get("health"))
    if text(health.get("status")) not in _WELL:
        words = words_at(health, "message") or "its controller says no more"
        return progress(f"health {foreign(text(health.get('status')), MAX_NAME)}: {words}")
    return None

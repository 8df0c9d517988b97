"""``dependsOn`` of a design: which object goes to the cluster after which.

As for Meshery a name is that of a component (or the id of one), and a cycle is an error. A name that no object of the
design bears, or that several do, orders nothing and is told: of the 103 in published designs 5 name nothing, 15 a
drawing, 1 is ambiguous, and all of these designs deploy.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from pattern_operator.api.repair import Repair
from pattern_operator.quote import quoted
from pattern_operator.render.component import WorkingComponent
from pattern_operator.render.component_reason import ComponentReason

_TOLD: Final = 10  # names of one component that order nothing

Edges = dict[int, set[int]]  # positions of components: one to those that it comes after


def order_dependencies(components: list[WorkingComponent]) -> None:
    """Note for each component what it goes after; refuse those of a cycle."""
    named = _named(components)
    edges: Edges = {}
    for position, component in enumerate(components):
        if component.depends_on and not component.excluded:
            edges[position] = _needed(component, named, components)
    for position in _in_cycles(edges):
        components[position].refuse(
            ComponentReason.DEPENDENCY_CYCLE,
            "its dependsOn leads back to itself, by way of other components; remove one of them from the cycle",
        )
    for position, needed in edges.items():
        component = components[position]
        component.after = tuple(components[each].id for each in sorted(needed) if not components[each].excluded)


def _named(components: Iterable[WorkingComponent]) -> dict[str, list[int]]:
    """The positions of the components that bear each name or id."""
    named: dict[str, list[int]] = {}
    for position, component in enumerate(components):
        for name in {component.name, component.id, *component.aliases} - {""}:
            named.setdefault(name, []).append(position)
    return named


def _needed(
    component: WorkingComponent, named: Mapping[str, list[int]], components: list[WorkingComponent]
) -> set[int]:
    """What the component goes after; what orders nothing is noted."""
    needed: set[int] = set()
    told = 0
    for name in dict.fromkeys(component.depends_on):
        bearers = named.get(name, [])
        objects = [each for each in bearers if not components[each].excluded]
        if len(objects) == 1:
            needed.update(objects)
            continue
        why = "several objects of the design bear that name" if objects else _why_none(bearers, components)
        if why and told < _TOLD:
            component.note(Repair.IGNORE_DEPENDENCIES, f"dependsOn {quoted(name)} orders nothing: {why}")
            told += 1
    return needed


def _why_none(bearers: list[int], components: list[WorkingComponent]) -> str:
    """Why there is nothing to go after; empty where it is there already, or is applied by another component."""
    if not bearers:
        return "no component of the design bears that name"
    reasons = {components[each].reason for each in bearers}
    there = {ComponentReason.PROTECTED_NAMESPACE, ComponentReason.TARGET_NAMESPACE}
    return "" if reasons & there else "no object is made of it"


def _in_cycles(edges: Edges) -> list[int]:
    """Those that go after themselves, or lie between two that do: what is left without beginnings and ends."""
    left = _without_ends(_without_ends(edges), reverse=True)
    return sorted(left)


def _without_ends(edges: Edges, *, reverse: bool = False) -> Edges:
    """``edges`` without those that nothing is needed for, or that nothing needs, again and again."""
    needs = {one: {each for each in needed if each in edges} for one, needed in edges.items()}
    needed_by: Edges = {one: set() for one in edges}
    for one, needed in needs.items():
        for each in needed:
            needed_by[each].add(one)
    forward, backward = (needed_by, needs) if reverse else (needs, needed_by)
    ends = [one for one, others in forward.items() if not others]
    while ends:
        end = ends.pop()
        for other in backward[end]:
            forward[other].discard(end)
            if not forward[other]:
                ends.append(other)
        del forward[end]
    return {one: needs[one] & forward.keys() for one in forward}

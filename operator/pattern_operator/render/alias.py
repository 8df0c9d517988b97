"""Aliases: Pods of a design that are views of a workload's template, and must not be applied.

In real designs 255 of 470 Pods are such views. They are not marked as annotations; applied, they would run as stray
Pods beside the workload, without any label.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pattern_operator.api.fields import mapping, mappings, text
from pattern_operator.render.design import Component, Design

_VIEWS: Final = frozenset({"Pod", "PodTemplate"})
_WORKLOADS: Final = frozenset(
    {"CronJob", "DaemonSet", "Deployment", "Job", "ReplicaSet", "ReplicationController", "StatefulSet"}
)
_INSIDE: Final = frozenset({"alias", "inventory"})  # subTypes of hierarchical/parent that draw one inside another
_PARENT_FIELDS: Final = ("resolved_parent_id", "resolvedParentId")  # v1beta1 writes snake_case, v1beta3 camelCase


@dataclass(frozen=True, slots=True)
class _Drawing:
    """Components that are drawn inside any of some others; all by their ids."""

    children: list[str]
    parents: list[str]


def workload_of_alias(design: Design) -> dict[str, Component]:
    """The aliases of ``design``: component id to the workload that the alias is a view of.

    A Pod may also be drawn inside a PodTemplate that is itself a view: then it is one of the same workload.
    """
    components = {component.id: component for component in design.components if component.id}
    views = {id_ for id_, component in components.items() if component.kind in _VIEWS}
    found: dict[str, Component] = {}
    inside_views: list[_Drawing] = []
    for drawing in (*_drawn(design), *_resolved(design)):
        parents = (components[id_] for id_ in drawing.parents if id_ in components)
        workload = next((parent for parent in parents if _runs(parent)), None)
        if workload is None:
            inside_views.append(drawing)
            continue
        found.update((child, workload) for child in drawing.children if child in views)
    for drawing in inside_views:
        workload = next((found[id_] for id_ in drawing.parents if id_ in found), None)
        if workload is not None:
            for child in drawing.children:
                if child in views:
                    found.setdefault(child, workload)
    return found


def inside(design: Design, *, among: frozenset[str] = _INSIDE) -> Iterator[tuple[list[str], list[str]]]:
    """Ids of what is drawn inside any of others, and of those; ``among`` are the subTypes of hierarchical/parent."""
    return ((drawing.children, drawing.parents) for drawing in _drawn(design, among=among))


def _runs(component: Component) -> bool:
    """Whether the component is a workload that will be applied, and creates its Pods."""
    return component.kind in _WORKLOADS and not component.annotation and not component.ignored


def _drawn(design: Design, *, among: frozenset[str] = _INSIDE) -> Iterator[_Drawing]:
    """The relationships hierarchical/parent/alias and inventory that are not deleted."""
    for relationship in design.relationships:
        kind, type_ = text(relationship.get("kind")).lower(), text(relationship.get("type")).lower()
        if (kind, type_) != ("hierarchical", "parent") or relationship.get("status") == "deleted":
            continue
        if text(relationship.get("subType")).lower() not in among:
            continue
        for selector in mappings(relationship.get("selectors")):
            allowed = mapping(selector.get("allow"))
            yield _Drawing(_ids(allowed.get("from")), _ids(allowed.get("to")))


def _resolved(design: Design) -> Iterator[_Drawing]:
    """What Meshery has resolved itself, in ``metadata.resolvedAliases``."""
    for alias, value in design.resolved_aliases.items():
        yield _Drawing([alias], [text(mapping(value).get(name)) for name in _PARENT_FIELDS])


def _ids(ends: Any) -> list[str]:
    return [text(end.get("id")) for end in mappings(ends)]

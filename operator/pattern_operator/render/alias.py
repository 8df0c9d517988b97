"""Aliases: Pods of a design that are views of a workload's template, and must not be applied.

In real designs 255 of 470 Pods are such views. They are not marked as annotations; applied, they would run as stray
Pods beside the workload, without any label.
"""

from collections.abc import Iterator
from typing import Any, Final

from pattern_operator.render.design import Component, Design
from pattern_operator.render.shape import mapping, mappings, text

_VIEWS: Final = frozenset({"Pod", "PodTemplate"})
_WORKLOADS: Final = frozenset(
    {"CronJob", "DaemonSet", "Deployment", "Job", "PodTemplate", "ReplicaSet", "ReplicationController", "StatefulSet"}
)
_INSIDE: Final = frozenset({"alias", "inventory"})  # subTypes of hierarchical/parent that draw one inside another
_PARENT_FIELDS: Final = ("resolved_parent_id", "resolvedParentId")  # v1beta1 writes snake_case, v1beta3 camelCase


def workload_of_alias(design: Design) -> dict[str, Component]:
    """The aliases of ``design``: component id to the workload that the alias is a view of."""
    components = {component.id: component for component in design.components if component.id}
    found: dict[str, Component] = {}
    for child, parent in (*_drawn(design), *_resolved(design)):
        view, workload = components.get(child), components.get(parent)
        if view is None or workload is None or view is workload:
            continue
        if workload.annotation or workload.ignored:
            continue  # it brings no Pod to life, so the view would be all there is
        if view.kind in _VIEWS and workload.kind in _WORKLOADS:
            found.setdefault(child, workload)
    return found


def _drawn(design: Design) -> Iterator[tuple[str, str]]:
    """Edges of the relationships hierarchical/parent/alias and inventory that are not deleted."""
    for relationship in design.relationships:
        kind, type_ = text(relationship.get("kind")).lower(), text(relationship.get("type")).lower()
        if (kind, type_) != ("hierarchical", "parent") or relationship.get("status") == "deleted":
            continue
        if text(relationship.get("subType")).lower() not in _INSIDE:
            continue
        for selector in mappings(relationship.get("selectors")):
            allowed = mapping(selector.get("allow"))
            for child in _ids(allowed.get("from")):
                yield from ((child, parent) for parent in _ids(allowed.get("to")))


def _resolved(design: Design) -> Iterator[tuple[str, str]]:
    """What Meshery has resolved itself, in ``metadata.resolvedAliases``."""
    for alias, value in design.resolved_aliases.items():
        for name in _PARENT_FIELDS:
            yield alias, text(mapping(value).get(name))


def _ids(ends: Any) -> list[str]:
    return [text(end.get("id")) for end in mappings(ends)]

"""Stub containers: what a relationship leaves in a Pod when an edge is drawn to one of its ports."""

from collections.abc import Iterable
from typing import Any, Final

from pattern_operator.render.draft import Draft
from pattern_operator.render.kinds import group_of
from pattern_operator.render.podspec import CONTAINER_LISTS, PLACES, at
from pattern_operator.render.shape import items, mapping, mappings

_PORTS_ONLY: Final = {"ports"}

Ports = dict[str, list[dict[str, Any]]]


def drop_stubs(drafts: Iterable[Draft]) -> None:
    """Leave out containers that have ports only, where a complete container has those ports too."""
    for draft in drafts:
        path = None if draft.settled else PLACES.get((group_of(draft.api_version), draft.kind))
        if path is None:
            continue
        spec = at(draft.body, path)
        for field in CONTAINER_LISTS:
            found = items(spec.get(field))
            ports = _ports_of_complete(found)
            kept = [container for container in found if not _is_covered(container, ports)]
            if len(kept) < len(found):
                spec[field] = kept
                where = ".".join((*path, field))
                draft.repairs.append(f"{where}: {len(found) - len(kept)} with ports only left out, another has them")


def _ports_of_complete(containers: list[Any]) -> Ports:
    """The ports of the containers that have a name and an image, by their number."""
    ports: Ports = {}
    for container in mappings(containers):
        if container.get("name") and container.get("image"):
            for port in mappings(container.get("ports")):
                ports.setdefault(str(port.get("containerPort")), []).append(port)
    return ports


def _is_covered(container: Any, ports: Ports) -> bool:
    if set(mapping(container)) != _PORTS_ONLY or not ports:
        return False
    return all(isinstance(port, dict) and _is_said(port, ports) for port in items(container["ports"]))


def _is_said(port: dict[str, Any], ports: Ports) -> bool:
    """Whether a complete container has a port that holds everything this one says."""
    known = ports.get(str(port.get("containerPort")), [])
    return any(all(other.get(field) == value for field, value in port.items()) for other in known)

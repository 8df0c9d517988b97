"""Stub containers: what a relationship leaves in a Pod when an edge is drawn to one of its ports."""

from collections.abc import Iterable
from typing import Any, Final

from pattern_operator.api.fields import array, mapping, mappings
from pattern_operator.api.repair import Repair
from pattern_operator.render.component import WorkingComponent
from pattern_operator.render.kinds import group_of
from pattern_operator.render.podspec import CONTAINER_LISTS, PLACES, at

_PORTS_ONLY: Final = {"ports"}
_KEY: Final = ("containerPort", "protocol")
_DEFAULTS: Final = {"protocol": "TCP"}  # what the API server writes when it is absent

Port = frozenset[tuple[str, str]]


def drop_stubs(components: Iterable[WorkingComponent]) -> None:
    """Leave out containers that have ports only, where a complete container has those ports too."""
    for component in components:
        path = None if component.excluded else PLACES.get((group_of(component.api_version), component.kind))
        if path is None:
            continue
        spec = at(component.body, path)
        for field in CONTAINER_LISTS:
            found = array(spec.get(field))
            ports = _ports_of_complete(found)
            kept = [container for container in found if not _is_covered(container, ports)]
            if len(kept) < len(found):
                spec[field] = kept
                where = ".".join((*path, field))
                component.note(
                    Repair.DROP_CONTAINER_STUBS,
                    f"{where}: {len(found) - len(kept)} with ports only left out, another has them",
                )


def _ports_of_complete(containers: list[Any]) -> frozenset[Port]:
    """What the ports of the containers that have a name and an image say: all of it, and number and protocol alone."""
    return frozenset(
        said
        for container in mappings(containers)
        if container.get("name") and container.get("image")
        for port in mappings(container.get("ports"))
        for said in (_said(port), _said({field: port[field] for field in _KEY if field in port}))
    )


def _is_covered(container: Any, ports: frozenset[Port]) -> bool:
    if set(mapping(container)) != _PORTS_ONLY or not ports:
        return False
    return all(isinstance(port, dict) and _said(port) in ports for port in array(container["ports"]))


def _said(port: dict[str, Any]) -> Port:
    return frozenset((field, repr(value)) for field, value in (_DEFAULTS | port).items())

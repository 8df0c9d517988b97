"""Stub containers: what a relationship leaves in a Pod when an edge is drawn to one of its ports."""

from collections.abc import Iterable
from typing import Any, Final

from pattern_operator.render.draft import Draft
from pattern_operator.render.kinds import group_of
from pattern_operator.render.podspec import CONTAINER_LISTS, PLACES, at
from pattern_operator.render.shape import items, mapping, mappings

_PORTS_ONLY: Final = {"ports"}


def drop_stubs(drafts: Iterable[Draft]) -> None:
    """Leave out containers that have ports only, where a complete container has those ports too."""
    for draft in drafts:
        path = None if draft.settled else PLACES.get((group_of(draft.api_version), draft.kind))
        if path is None:
            continue
        spec = at(draft.body, path)
        for field in CONTAINER_LISTS:
            found = items(spec.get(field))
            kept = [container for container in found if not _is_covered(container, found)]
            if len(kept) < len(found):
                spec[field] = kept
                where = ".".join((*path, field))
                draft.repairs.append(f"{where}: {len(found) - len(kept)} with ports only left out, another has them")


def _is_covered(container: Any, siblings: list[Any]) -> bool:
    if set(mapping(container)) != _PORTS_ONLY:
        return False
    complete = [sibling for sibling in mappings(siblings) if sibling.get("name") and sibling.get("image")]
    ports = [port for sibling in complete for port in mappings(sibling.get("ports"))]
    return bool(complete) and all(any(_says(port, known) for known in ports) for port in items(container["ports"]))


def _says(port: Any, known: dict[str, Any]) -> bool:
    """Whether ``known`` holds everything that ``port`` says."""
    return isinstance(port, dict) and all(known.get(field) == value for field, value in port.items())

"""What the author of a Meshery design says of how its components belong together: relationships and ``dependsOn``.

Source: meshery/schemas, ``relationships``: each selector allows edges from each of ``from`` to each of ``to``, by the
ids of components. In ``hierarchical/parent`` the child is ``from``. ``sibling/matchlabels`` says of labels what the
objects say themselves, and in published designs two thirds of all edges are of that kind: it is left out.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from pattern_operator.api.fields import mapping, mappings, text
from pattern_operator.graph.model import MAX_EDGES, Edge, Origin
from pattern_operator.graph.relation import CONTAINS, DEPENDS_ON
from pattern_operator.quote import one_line
from pattern_operator.render import Design

MAX_PAIRS: Final = 2 * MAX_EDGES  # of ends that are looked at
MAX_RELATION: Final = 64  # bytes of the words of a relationship
_NOT_THERE: Final = frozenset({"deleted", "ignored"})
_NOISE: Final = "matchlabels"
_PARENT: Final = ("hierarchical", "parent")
_OF_PARENTS: Final = {"alias": "is drawn as", "inventory": "includes"}


def edges_of(design: Design) -> Iterator[Edge]:
    """The edges between components, which are named by their ids; an end may be no component."""
    namespaces = {each.id for each in design.components if each.id and each.kind == "Namespace"}
    yield from islice(_related(design, namespaces), MAX_PAIRS)
    yield from islice(_depending(design), MAX_PAIRS)


def _related(design: Design, namespaces: set[str]) -> Iterator[Edge]:
    for relationship in design.relationships:
        kind, type_, sub_type = (text(relationship.get(name)).lower() for name in ("kind", "type", "subType"))
        if text(relationship.get("status")).lower() in _NOT_THERE or _NOISE in (type_, sub_type):
            continue
        for selector in mappings(relationship.get("selectors")):
            allowed = mapping(selector.get("allow"))
            for source, target in _pairs(allowed):
                if (kind, type_) != _PARENT:
                    yield _edge(source, target, sub_type or type_ or kind)
                elif target in namespaces:
                    yield _edge(target, source, CONTAINS)
                else:
                    yield _edge(target, source, _OF_PARENTS.get(sub_type, sub_type or "includes"))


def _pairs(allowed: dict[str, Any]) -> Iterator[tuple[str, str]]:
    targets = [text(each.get("id")) for each in mappings(allowed.get("to"))]
    for each in mappings(allowed.get("from")):
        if source := text(each.get("id")):
            yield from ((source, target) for target in targets if target)


def _depending(design: Design) -> Iterator[Edge]:
    """``dependsOn`` names components, by their names; one that several have is of nobody."""
    ids: dict[str, list[str]] = {}
    for each in design.components:
        ids.setdefault(each.name, []).append(each.id or each.place)
    for each in design.components:
        for name in each.depends_on:
            found = ids.get(name, [])
            if len(found) == 1:
                yield _edge(each.id or each.place, found[0], DEPENDS_ON)


def _edge(source: str, target: str, relation: str) -> Edge:
    return Edge(source, target, one_line(relation, MAX_RELATION), Origin.DESIGN)

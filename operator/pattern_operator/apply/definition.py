"""The kinds that a pattern brings itself, by its CustomResourceDefinitions: known before the API server serves them."""

import re
from collections.abc import Iterable
from typing import Any, Final

from pattern_operator.api.fields import has_condition, mapping_at, mappings, text_at
from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.apply.wave import is_of_the_server
from pattern_operator.kube import Resource
from pattern_operator.kube.wellknown import CRD

_LABEL: Final = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"  # RFC 1123
_PLURAL: Final = re.compile(_LABEL)
_GROUP: Final = re.compile(f"{_LABEL}([.]{_LABEL})+")
Definitions = dict[tuple[str, str, str], Resource]  # by group, version and kind


def is_definition(key: ObjectKey) -> bool:
    """Whether the object is a CustomResourceDefinition."""
    return (key.group, key.kind) == (CRD.group, CRD.kind)


def definitions(objects: Iterable[Object]) -> Definitions:
    """The kinds that CRDs among ``objects`` define; what is no good definition is left to the API server to refuse.

    Group and plural become parts of a URL, so they must be what the API server itself takes (apiextensions/v1,
    ``ValidateCustomResourceDefinition``); and nobody defines a kind in a group that the API server has of its own.
    """
    found: Definitions = {}
    for each in objects:
        if is_definition(each.key):
            found |= {(r.group, r.version, r.kind): r for r in _defined(mapping_at(each.body, "spec"))}
    return found


def _defined(spec: Any) -> list[Resource]:
    match spec:
        case {
            "group": str(group),
            "names": {"plural": str(plural), "kind": str(kind)},
            "versions": list(versions),
        } if _PLURAL.fullmatch(plural) and _GROUP.fullmatch(group) and not is_of_the_server(group):
            return [
                Resource(group, name, kind, plural, namespaced=text_at(spec, "scope") == "Namespaced")
                for version in mappings(versions)
                if version.get("served") is True and _PLURAL.fullmatch(name := text_at(version, "name"))
            ]
        case _:
            return []


def is_established(body: object) -> bool:
    """Whether the API server serves what the CRD defines (CustomResourceDefinitionStatus, ``Established``)."""
    return has_condition(body, "Established")

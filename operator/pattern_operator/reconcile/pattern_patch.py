"""The patches of a DesignPattern: JSON merge patches of its status, JSON patches of entries of its metadata. Pure."""

from typing import Any, Final

import msgspec

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.names import FINALIZER, WRITE_AHEAD_ANNOTATION
from pattern_operator.api.status import Inventory, Status

_FINALIZERS: Final = "/metadata/finalizers"
_ANNOTATIONS: Final = "/metadata/annotations"
_AHEAD: Final = f"{_ANNOTATIONS}/{WRITE_AHEAD_ANNOTATION.replace('/', '~1')}"  # RFC 6901
REMOVE_ANNOTATION: Final = {"op": "remove", "path": _AHEAD}


def guarded(pattern: DesignPattern, operations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Changes of single entries of metadata: the others are not known, and may be any number.

    The resourceVersion makes the API server refuse (409) where someone else changed the list meanwhile.
    """
    version = {"op": "replace", "path": "/metadata/resourceVersion", "value": pattern.metadata.resource_version}
    return [version, *operations]


def add_finalizer(pattern: DesignPattern) -> dict[str, Any]:
    """The operation that adds our finalizer."""
    if pattern.metadata.finalizers.count:
        return {"op": "add", "path": f"{_FINALIZERS}/-", "value": FINALIZER}
    return {"op": "add", "path": _FINALIZERS, "value": [FINALIZER]}


def add_annotation(pattern: DesignPattern, ahead: str) -> dict[str, Any]:
    """The operation that adds what is written ahead."""
    if pattern.metadata.annotations.count:
        return {"op": "add", "path": _AHEAD, "value": ahead}
    return {"op": "add", "path": _ANNOTATIONS, "value": {WRITE_AHEAD_ANNOTATION: ahead}}


def remove_finalizer(place: int) -> dict[str, Any]:
    """The operation that removes our finalizer from its place in the list."""
    return {"op": "remove", "path": f"{_FINALIZERS}/{place}"}


def status_change(before: Status, after: Status) -> dict[str, Any]:
    """The merge patch of all but the inventory: to build thousands of entries in order to compare them takes long."""
    return difference(_texts(before), _texts(after))


def _texts(status: Status) -> Any:
    return msgspec.to_builtins(msgspec.structs.replace(status, inventory=Inventory()))


def difference(before: Any, after: Any) -> dict[str, Any]:
    """The JSON merge patch (RFC 7396) that makes ``after`` of ``before``; empty when they are equal."""
    change: dict[str, Any] = {name: None for name in before if name not in after}
    for name, value in after.items():
        old = before.get(name)
        if old == value and name in before:
            continue
        if isinstance(value, dict) and isinstance(old, dict):
            change[name] = difference(old, value)
        else:
            change[name] = value
    return change

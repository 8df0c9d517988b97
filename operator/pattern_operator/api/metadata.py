"""The parts of a DesignPattern's metadata that the operator reads, each bounded.

Whoever may edit a pattern can put 1 MiB into its labels, finalizers and managed fields. All patterns are kept in
memory, so metadata that the operator does not read is dropped when a pattern is decoded.
"""

import hashlib
from collections.abc import Collection, Mapping
from typing import Any, Final

from msgspec import field

from pattern_operator.api.base import ApiStruct
from pattern_operator.api.fields import ManagedFieldsEntry, ObjectMeta, text, text_at
from pattern_operator.api.names import (
    FINALIZER,
    OWNER_LABEL,
    RELEASED_BY_ANNOTATION,
    REQUESTED_AT_ANNOTATION,
    WRITE_AHEAD_ANNOTATION,
)
from pattern_operator.api.status import InventoryEntry
from pattern_operator.api.write_ahead import read as read_write_ahead

MAX_REQUEST: Final = 1024  # characters of requestedAt; a time has some 30
_MAX_TIME: Final = 32  # characters; metav1.Time has 20


class Labels(ApiStruct, frozen=True):
    """The label that the operator reads."""

    owner: str = field(name=OWNER_LABEL, default="")


class Annotations(ApiStruct, frozen=True):
    """The annotations that the operator reads, and how many there are.

    A ``requested_at`` longer than ``MAX_REQUEST`` is replaced by its digest. ``write_ahead`` is None once status has an
    inventory: then the annotation counts for nothing, and may be ``leftover_ahead``. ``released``: another pattern made
    it, and let it go. ``size`` are bytes of all of them.
    """

    requested_at: str | None = field(name=REQUESTED_AT_ANNOTATION, default=None)
    write_ahead: tuple[InventoryEntry, ...] | None = field(name=WRITE_AHEAD_ANNOTATION, default=None)
    leftover_ahead: bool = False
    released: bool = False
    count: int = 0
    size: int = 0


class Finalizers(ApiStruct, frozen=True):
    """``metadata.finalizers``: how many there are, and the place of ours among them, counted from 0."""

    count: int = 0
    ours: int | None = None


class Metadata(ApiStruct, frozen=True):
    """The parts of metadata that the operator reads."""

    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: str = ""
    deletion_timestamp: str | None = None
    finalizers: Finalizers = Finalizers()
    labels: Labels = Labels()
    annotations: Annotations = Annotations()
    spec_changed: str = ""  # when somebody last changed the spec (metav1.Time); empty where that is not known


def bounded(body: Mapping[str, Any]) -> dict[str, Any]:
    """``body`` (a DesignPattern as the API server gives it) with metadata as ``Metadata`` is made of."""
    metadata = body.get("metadata")
    if not isinstance(metadata, dict):
        return dict(body)  # decoding it says what is wrong
    found = {**metadata, "specChanged": _spec_changed(ObjectMeta(metadata).managers)}
    if isinstance(names := metadata.get("finalizers"), list):
        found["finalizers"] = {"count": len(names), "ours": names.index(FINALIZER) if FINALIZER in names else None}
    annotations = metadata.get("annotations")
    if annotations is None or isinstance(annotations, dict):
        named = annotations or {}
        is_left = {"leftoverAhead": WRITE_AHEAD_ANNOTATION in named}
        ahead = is_left if has_inventory(body) else {WRITE_AHEAD_ANNOTATION: _ahead(metadata)}
        found["annotations"] = {**_annotations(named), **ahead}
    return {**body, "metadata": found}


def _ahead(metadata: Mapping[str, Any]) -> tuple[InventoryEntry, ...]:
    content = text_at(metadata, "annotations", WRITE_AHEAD_ANNOTATION)
    return read_write_ahead(content, uid=text_at(metadata, "uid"))


def has_inventory(body: Mapping[str, Any]) -> bool:
    """Whether the operator has written an inventory into the status of this DesignPattern, be it an empty one."""
    status = body.get("status")
    return isinstance(status, dict) and status.get("inventory") is not None


def _annotations(annotations: Mapping[str, Any]) -> dict[str, Any]:
    texts = (each for pair in annotations.items() for each in pair if isinstance(each, str))
    size = sum(len(each.encode(errors="replace")) for each in texts)
    released = RELEASED_BY_ANNOTATION in annotations
    found: dict[str, Any] = {"count": len(annotations), "size": size, "released": released}
    if (request := annotations.get(REQUESTED_AT_ANNOTATION)) is not None:
        found[REQUESTED_AT_ANNOTATION] = _short(request) if isinstance(request, str) else request
    return found


def _spec_changed(managers: Collection[ManagedFieldsEntry]) -> str:
    """The newest time at which a manager changed fields of the spec (server-side apply, "Field management")."""
    times = (each.time for each in managers if isinstance(each.fields, dict) and "f:spec" in each.fields)
    return max((each for each in times if len(each) <= _MAX_TIME), default="")


def _short(request: str) -> str:
    if len(request) <= MAX_REQUEST:
        return request
    return f"sha256:{hashlib.sha256(text(request).encode()).hexdigest()}"

"""What is about to exist of a pattern, by kinds and namespaces: an annotation that is written before its objects.

The operator writes it, and anybody who may edit the pattern can change, remove or restore it. So it only says where to
look for objects that carry the owner label of the pattern; it makes no object the pattern's.
"""

import hashlib
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from pattern_operator.api.base import ApiStruct
from pattern_operator.api.fields import ManagedFieldsEntry, mapping_at, text
from pattern_operator.api.names import FIELD_MANAGER, WRITE_AHEAD_ANNOTATION
from pattern_operator.api.object import GroupKind, ObjectKey

MAX_TEXT: Final = 32 * 1024  # bytes; all annotations of an object together may have 256 KiB
MAX_KINDS: Final = 500
MAX_NAMESPACES: Final = 100  # beyond that it stands for any
_MAX_ID: Final = 64
# A kind and its group (CRD validation: DNS-1035 and a DNS subdomain), and a namespace (RFC 1123): they become paths.
_KIND: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,62}(\.[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?)?", re.ASCII)
_NAMESPACE: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)  # metav1.Time as it is written
_MAX_TIME: Final = 32  # characters of a time that are read
_FIRST_YEAR: Final = 1970  # earlier ones are written in another way, and nothing is as old
_ROUNDING: Final = timedelta(seconds=1)  # metav1.Time has whole seconds, and API servers beside each other have clocks


class WriteAhead(ApiStruct, frozen=True):
    """``kinds`` are ``Kind.group``; no ``namespaces`` are all of them. ``id`` is another one for each that is written.

    ``since`` (RFC 3339, in UTC): an object that our apply last changed before it is none of those that are meant. It is
    empty in what is about to be written: the API server says when that was (``dated``).
    """

    id: str = ""
    since: str = ""
    kinds: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()

    @property
    def group_kinds(self) -> tuple[GroupKind, ...]:
        """The kinds."""
        parts = (each.partition(".") for each in self.kinds)
        return tuple(GroupKind(group, kind) for kind, _, group in parts)

    def covers(self, key: ObjectKey) -> bool:
        """Whether an object of this kind is looked for where this one is, or will be."""
        somewhere = not key.namespace or not self.namespaces or key.namespace in self.namespaces
        return somewhere and kind_name(key.group_kind) in self.kinds


class _Written(msgspec.Struct):
    """The shape of the text."""

    id: str = ""
    since: str = ""
    kinds: list[str] = []
    namespaces: list[str] = []


_decode = msgspec.json.Decoder(_Written).decode


def kind_name(kind: GroupKind) -> str:
    """``Kind.group``, and the kind alone for the core group."""
    return f"{kind.kind}.{kind.group}" if kind.group else kind.kind


def written(ahead: WriteAhead) -> str:
    """The text of the annotation."""
    return msgspec.json.encode(ahead).decode()


def read(content: str) -> WriteAhead:
    """Read the annotation, whatever somebody has written there; never raises.

    What is no kind or namespace is left out. A text that is none of ours names no kind, and has an id all the same: the
    operator looks then for objects of the kinds that it knows of.
    """
    content = text(content)
    try:
        found = _decode(content) if len(content) <= MAX_TEXT else None
    except (msgspec.DecodeError, RecursionError):
        found = None
    if found is None or not found.id or len(found.id) > _MAX_ID:
        return WriteAhead(id=hashlib.sha256(content.encode()).hexdigest()[:_MAX_ID])
    namespaces = _all_valid(found.namespaces, _NAMESPACE)
    return WriteAhead(
        id=text(found.id),
        since=found.since if _moment(found.since) is not None else "",
        kinds=_all_valid(found.kinds[:MAX_KINDS], _KIND),
        namespaces=namespaces if len(namespaces) <= MAX_NAMESPACES else (),
    )


def dated(ahead: WriteAhead, managers: Iterable[ManagedFieldsEntry]) -> WriteAhead:
    """``ahead`` as a pattern with these ``managers`` has it: its ``since`` by the clock of the API server.

    What was written ahead came before all objects that are meant, so they are no older than our entry of managedFields
    that has the annotation; each write of another text renews the time of that entry (Kubernetes, k8s.io/apimachinery,
    ``managedfields/internal/managedfieldsupdater.go``). A ``since`` in the annotation counts where it is earlier: it
    comes from the first of several texts. Without any entry there is nothing else to believe.

    Where others wrote the annotation it may come from a backup: neither its time is believed, nor its id, which may be
    the one that status has done with. It has an id then that no other write has.
    """
    holders = [each for each in managers if _has_annotation(each)]
    own = max(filter(None, (_start(each) for each in holders if _is_ours(each))), default="")
    if own:
        return msgspec.structs.replace(ahead, since=min(ahead.since or own, own))
    if not holders or any(map(_is_ours, holders)):
        return ahead
    writes = "".join(sorted(f"{each.name} {each.time[:_MAX_TIME]} " for each in holders))
    unlike = hashlib.sha256(f"{writes}{written(ahead)}".encode()).hexdigest()
    return msgspec.structs.replace(ahead, id=unlike[:_MAX_ID], since="")


def _has_annotation(entry: ManagedFieldsEntry) -> bool:
    return f"f:{WRITE_AHEAD_ANNOTATION}" in mapping_at(entry.fields, "f:metadata", "f:annotations")


def _is_ours(entry: ManagedFieldsEntry) -> bool:
    """Whether it is of our patches; an apply of ours is that of a pattern that holds this one as an object."""
    return entry.name == FIELD_MANAGER and entry.operation == "Update" and not entry.subresource


def _start(entry: ManagedFieldsEntry) -> str:
    """When an object was made at the earliest that is newer than the entry; empty where its time is none."""
    moment = _moment(entry.time)
    return f"{moment - _ROUNDING:%Y-%m-%dT%H:%M:%SZ}" if moment is not None else ""


def _moment(content: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(content) if _TIME.fullmatch(content) else None
    except ValueError:
        return None
    return found if found is not None and found.year >= _FIRST_YEAR else None


def _all_valid(names: Iterable[str], pattern: re.Pattern[str]) -> tuple[str, ...]:
    return tuple(sorted({each for each in names if pattern.fullmatch(each)}))

"""What is about to exist of a pattern, by kinds and namespaces: an annotation that is written before its objects.

The operator writes it, and anybody who may edit the pattern can change, remove or restore it. So it only says where to
look for objects that carry the owner label of the pattern; it makes no object the pattern's.
"""

import hashlib
import re
from collections.abc import Iterable
from typing import Final

import msgspec

from pattern_operator.api.base import ApiStruct
from pattern_operator.api.fields import text
from pattern_operator.api.object import GroupKind, ObjectKey

MAX_TEXT: Final = 32 * 1024  # bytes; all annotations of an object together may have 256 KiB
MAX_KINDS: Final = 500
MAX_NAMESPACES: Final = 100  # beyond that it stands for any
_MAX_ID: Final = 64
# A kind and its group (CRD validation: DNS-1035 and a DNS subdomain), and a namespace (RFC 1123): they become paths.
_KIND: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,62}(\.[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?)?", re.ASCII)
_NAMESPACE: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)


class WriteAhead(ApiStruct, frozen=True):
    """``kinds`` are ``Kind.group``; no ``namespaces`` are all of them. ``id`` is another one for each that is written.

    ``since`` (RFC 3339, in UTC): an object that our apply last changed before it is none of those that are meant; empty
    where that is not known.
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
        since=found.since if _TIME.fullmatch(found.since) else "",
        kinds=_all_valid(found.kinds[:MAX_KINDS], _KIND),
        namespaces=namespaces if len(namespaces) <= MAX_NAMESPACES else (),
    )


def _all_valid(names: Iterable[str], pattern: re.Pattern[str]) -> tuple[str, ...]:
    return tuple(sorted({each for each in names if pattern.fullmatch(each)}))
